"""Trains the small models that the explorer ships with, by the recipes of the demos: `make weights`.

Each is a checkpoint of this project in float16, in demos/explorer/trained/.
"""

from __future__ import annotations

import tempfile
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path
from typing import Any

from demos import calculator, digits, text
from demos.common import at_least, parser, run
from demos.runs import BEST
from models.checkpoint import describe
from nn import Module, checkpoint

TRAINED = Path(__file__).parent / "trained"
SHAKESPEARE_STEPS = 5000


def file(name: str) -> Path:
    """Where the shipped model of this name is."""
    return TRAINED / f"{name}.npz"


def round_weights(model: Module) -> None:
    """Round the weights to what float16 holds, so that what is measured of the model is what is shipped."""
    model.half().float().eval()


def save(name: str, model: Module, **more: Any) -> None:
    """Write the model in float16, as a checkpoint that can be read with NumPy alone."""
    path = checkpoint.save(file(name), model.half(), **more)
    print(f"{path}: {path.stat().st_size / 1e6:.2f} MB, {more['test']}")


def train_digits(args: Namespace) -> None:
    """784-400-200-10, as `python -m demos.digits` trains it."""
    recipe, asked = digits.completed(digits.options().parse_args(["--seed", str(args.seed)]))
    asked.steps = args.steps
    trained = digits.fit(recipe, asked)
    round_weights(trained.model)
    guesses = digits.scores(trained.model, recipe, trained.data.test_images).argmax(-1)
    test = {"images": len(guesses), "accuracy": float((guesses == trained.data.test_labels).mean())}
    save("digits", trained.model, config={"network": "default"}, test=test)


def train_calculator(args: Namespace) -> None:
    """As `python -m demos.calculator` trains it."""
    machine, trained, held_out = calculator.prepare(args.seed)
    asked = Namespace(seed=args.seed, steps=args.steps or calculator.STEPS)
    calculator.trainer(machine, trained, held_out, asked, None).fit()
    round_weights(machine.model)
    right = calculator.shares(held_out, machine.answers([example.question for example in held_out]))
    test = {"questions": len(held_out), **right}
    save("calculator", machine.model, **describe(machine.model.config, machine.tokens), test=test)


def train_characters(args: Namespace) -> None:
    """As `python -m demos.text --text FILE` trains it, for longer; the weights of the lowest held-out loss."""
    settings = {"--text": args.text, "--steps": args.steps or SHAKESPEARE_STEPS, "--seed": args.seed}
    asked = text.options().parse_args([str(part) for pair in settings.items() for part in pair])
    with tempfile.TemporaryDirectory() as folder:
        _, model, tokens, held_out = text.train(asked, Path(folder))
        checkpoint.load_model(Path(folder, BEST), model, describe(model.config, tokens)["config"])
    round_weights(model)
    test = {"characters": len(held_out.ids), "loss": text.mean_loss(model, held_out)}
    save("characters", model, **describe(model.config, tokens), test=test)


MODELS: dict[str, Callable[[Namespace], None]] = {
    "digits": train_digits,
    "calculator": train_calculator,
    "characters": train_characters,
}


def work(args: Namespace) -> None:
    """Train what is named, or all."""
    names = args.only or [*MODELS]
    if "characters" in names and args.text is None:
        raise ValueError(
            "the character model learns from a text: --text tinyshakespeare.txt, which is the file "
            "data/tinyshakespeare/input.txt of the repository karpathy/char-rnn; or name the others with --only"
        )
    for name in names:
        MODELS[name](args)


def main(arguments: list[str] | None = None) -> None:
    """Read the options, then train."""
    options = parser(__doc__)
    options.prog = "python -m demos.explorer.weights"
    options.add_argument("--only", action="append", choices=MODELS, help="train only this one; may be repeated")
    options.add_argument("--steps", type=at_least(1), help="steps of each training, for a quick try; by default all")
    options.add_argument("--text", type=Path, help="the text that the character model learns from")
    run(options, arguments, work)


if __name__ == "__main__":
    main()
