"""How one weight learns: loss, gradient, nudge, update, and which stage of a GPT the blame falls on.

A small character GPT is trained on a dialogue of three speakers, or on any text (`--text`). You see the loss as
surprise, the gradient at the softmax, all weights by name, how the blame (the share of the gradient that each stage
receives) develops, W_Q before and after, the predicted and the measured effect of a nudge to one of its entries, and
the updates by SGD and by Adam side by side. The page out/training/latest/training.html has all of it, and report.html
beside it the course of the training.
"""

from __future__ import annotations

import copy
import math
from argparse import Namespace
from pathlib import Path
from typing import NamedTuple

import numpy as np

import autograd as ag
from demos import arithmetic
from demos.common import at_least, parser
from demos.data.published import COURSE, RANDOM
from demos.one_weight import QUERIES, Batch, gradient_by, show_nudges, show_rates, show_updates
from demos.pictures import training as pictures
from demos.report import Report
from demos.runs import losses_of, run_and_draw
from demos.sections import token_losses
from demos.text import read_text
from demos.watch import STAGES, blame, stage
from models.config import GPTConfig
from models.gpt import GPT
from models.tokenizers import CharTokenizer
from nn import optim
from nn.report import RunReport
from nn.train import Trainer

DIALOGUE = Path(__file__).parent / "data" / "dialogue.txt"
CONTEXT, BATCH, RATE = 32, 16, 3e-3


class Step(NamedTuple):
    """The loss of a step of training in nats, and the share of the gradient's norm that each stage has."""

    loss: float
    shares: tuple[float, ...]


def batches(ids: np.ndarray, count: int, rng: np.random.Generator) -> list[Batch]:
    """Windows at random places of the text, each with the same window one character on: (16, 32) twice."""
    places = rng.integers(0, len(ids) - CONTEXT, (count, BATCH, 1)) + np.arange(CONTEXT)
    return [(ag.tensor(ids[at]), ag.tensor(ids[at + 1])) for at in places]


def train(model: GPT, data: list[Batch], report: RunReport | None = None) -> list[Step]:
    """AdamW on one batch after the other; Ctrl-C ends it early."""
    shares: list[tuple[float, ...]] = []

    def note(trainer: Trainer) -> None:
        if trainer.step:  # the gradients of the step before are still there
            shares.append(blame(model))

    optimizer = optim.AdamW(model.parameters(), lr=RATE)
    trainer = Trainer(
        model,
        optimizer,
        lambda m, batch: m.loss(*batch),
        data,
        steps=len(data),
        evaluate_every=1,
        on_evaluate=note,
        report=report or False,
        classes=model.config.vocab_size,
    )
    return [Step(*step) for step in zip(losses_of(trainer), shares)]


class Agreement(NamedTuple):
    """The gradients of several batches: the mean of their norms, the norm of their mean, and that of all weights."""

    each: float
    common: float
    weights: float


def agreement(model: GPT, data: list[Batch]) -> Agreement:
    """How large the gradients of these batches are, and how far they agree."""
    parameters = [*model.parameters()]
    found = []
    for batch in data:
        gradients = ag.grad(model.loss(*batch), parameters)
        found.append(np.concatenate([g.array.reshape(-1) for g in gradients if g is not None]))
    norms, weights = np.linalg.norm(found, axis=1), np.concatenate([p.array.reshape(-1) for p in parameters])
    return Agreement(float(norms.mean()), float(np.linalg.norm(np.mean(found, axis=0))), float(np.linalg.norm(weights)))


def w_q(model: GPT) -> np.ndarray:
    """W_Q (C, C) of the first block: row to, column from."""
    return model.get_parameter(QUERIES).detach().array[: model.config.n_embd].copy()


def softmax_gradient(model: GPT, ids: list[int], target: int) -> tuple[np.ndarray, np.ndarray]:
    """The probabilities (V,) after the ids, and the gradient (V,) of −ln P(target) with respect to the logits."""
    logits = model(ag.tensor([ids]))[0, -1]
    return logits.softmax(dim=-1).array, gradient_by(logits, -logits.log_softmax(dim=-1)[target])


# What is shown --------------------------------------------------------------------------------------------------------


def show_softmax(report: Report, model: GPT, tokens: CharTokenizer, text: str, when: str) -> np.ndarray:
    """P − onehot beside the gradient from backward, for every token. Returns the probabilities."""
    context, target = text[: CONTEXT - 1], text[CONTEXT - 1]
    p, gradient = softmax_gradient(model, tokens.encode(context), *tokens.encode(target))
    onehot = np.eye(len(p))[tokens.encode(target)[0]]
    report.step(f"The gradient at the softmax, {when}", "∂L/∂z = P − onehot")
    report.say(f"After {context!r} comes {target!r}: P = {p @ onehot:.4f}, loss {-math.log(p @ onehot):.3f}.")
    table = np.column_stack([p, onehot, p - onehot, gradient])
    report.matrix("By token", table, [repr(t) for t in tokens.tokens], ["P", "onehot", "P − onehot", "backward"], 4)
    report.say(
        f"The largest difference of the two: {np.abs(p - onehot - gradient).max():.2g}; its entries "
        f"add up to {abs(gradient.sum()):.1g}: what pulls the right token up is what pushes all others down."
    )
    return p


def show_positions(report: Report, model: GPT, tokens: CharTokenizer, text: str, places: int = 12) -> None:
    """The loss of every position of a text, whose mean is the loss."""
    ids = tokens.encode(text[: CONTEXT + 1])
    p = model(ag.tensor([ids[:-1]]))[0].softmax(dim=-1).detach().array[np.arange(CONTEXT), ids[1:]]
    report.step(
        "The loss of a text is the mean over all its positions", "L = −(1/T) Σ ln P(token t + 1 | tokens 1 to t)"
    )
    rows = [
        (repr(text[max(t - 11, 0) : t + 1]), repr(text[t + 1]), f"{p[t]:.4f}", -math.log(p[t])) for t in range(places)
    ]
    report.table(["after", "comes", "P", "loss"], rows, name=f"The first {places} of {CONTEXT} positions")
    loss = float(model.loss(ag.tensor([ids[:-1]]), ag.tensor([ids[1:]])))
    report.say(f"The mean over all {CONTEXT} is {-np.log(p).mean():.3f}; the model's loss of this text is {loss:.3f}.")


def show_course(report: Report, before: Agreement, after: Agreement, data: list[Batch]) -> None:
    """Gradients early and late, and why they are what they are."""
    report.step("Gradients early and late")
    rows = [
        (when, x.each, x.common, math.sqrt(max(x.each**2 - x.common**2, 0)), f"{x.weights:.1f}")
        for when, x in (("before training", before), ("after training", after))
    ]
    columns = ["", "‖g‖ of a batch", "‖mean g‖", "what is a batch's own", "‖all weights‖"]
    report.table(columns, rows, name=f"The gradients of {len(data)} batches")
    here = {"learning rate": str(RATE), "gradients early and late": f"{before.each:.2f}, then {after.each:.2f}"}
    fall, growth = 1 - after.common / before.common, after.weights / before.weights
    report.published(RANDOM, COURSE, here, fall=fall, growth=growth)


def show_structure(report: Report, before: np.ndarray, after: np.ndarray, file: Path) -> None:
    """W_Q as a picture before and after training."""
    report.step("Noise becomes structure: W_Q before and after training", "W_Q = U Σ Vᵀ")
    values = [np.linalg.svd(w, compute_uv=False) for w in (before, after)]
    rows = [
        (when, float(w.std()), float(np.abs(w).max()), f"{(s[:4] ** 2).sum() / (s**2).sum():.0%}")
        for when, w, s in (("before", before, values[0]), ("after", after, values[1]))
    ]
    report.table(["", "standard deviation", "largest", f"of ‖W_Q‖² in 4 of {len(before)} directions"], rows)
    report.say(
        "Random numbers prefer no direction. Training makes the matrix larger and gathers it in fewer directions: what "
        "the queries of this block ask for. Nobody chose them; they are what made the next character likelier."
    )
    pictures.structure(before, after, values, file)
    report.picture(file, "W_Q of the first block, row by row, and how much lies in each of its directions")


def show_blame(report: Report, history: list[Step]) -> None:
    """The shares of the stages over the course of training."""
    report.step("Blame: which stage the gradient falls on", "share = ‖g of the stage‖ / Σ ‖g of a stage‖")
    chosen = sorted({round(i) for i in np.geomspace(1, len(history), 12)})
    rows = [(str(i - 1), history[i - 1].loss, *(f"{share:.1%}" for share in history[i - 1].shares)) for i in chosen]
    report.table(["step", "loss", *STAGES], rows)
    first, last = (dict(zip(STAGES, step.shares)) for step in (history[0], history[-1]))
    report.say(
        f"At the start {max(first, key=first.__getitem__)} has the largest share, at the end "
        f"{max(last, key=last.__getitem__)}. The norms before attention and feed-forward count with them, the last "
        "norm with the output."
    )


def read(file: Path) -> str:
    """The text of a UTF-8 file. Raises ValueError where it is too short to learn from."""
    text = read_text(file)
    if len(text) < 10 * CONTEXT:
        raise ValueError(f"{file} has {len(text)} characters; at least {10 * CONTEXT} are needed")
    return text


def show(args: Namespace, folder: Path) -> list[Step]:
    """Show how a weight learns. Returns loss and blame of every step of training."""
    text, rng = read(args.text or DIALOGUE), np.random.default_rng(args.seed)
    tokens = CharTokenizer.train(text)
    ids = np.array(tokens.encode(text))
    ag.manual_seed(args.seed)
    model = GPT(GPTConfig(tokens.vocab_size, CONTEXT, n_layer=2, n_head=4, n_embd=32, tie=False)).double()
    start, some = copy.deepcopy(model), batches(ids, 8, np.random.default_rng(args.seed + 1))
    report = Report("How a weight learns")
    arithmetic.show_loss(report, tokens.vocab_size)
    arithmetic.show_cases(report)
    arithmetic.show_published(report)
    arithmetic.show_counts(report)
    show_positions(report, model, tokens, text)
    before = show_softmax(report, model, tokens, text, "before training")
    some_text = batches(ids, 1, np.random.default_rng(args.seed + 2))[0]
    losses = token_losses(tokens, *some_text, what="Some of the text that it learns from")
    course = RunReport(
        "The training of How a weight learns", stage=stage, sections=[losses], file=folder / "report.html"
    )
    history = train(model, batches(ids, args.steps, rng), course)
    show_blame(report, history)
    pictures.blame(STAGES, [step.loss for step in history], [step.shares for step in history], folder / "blame.png")
    report.picture(folder / "blame.png", "the loss, and the share of the gradient that each stage receives")
    show_course(report, agreement(start, some), agreement(model, some), some)
    after, (target,) = show_softmax(report, model, tokens, text, "after training"), tokens.encode(text[CONTEXT - 1])
    pictures.softmax(before, after, target, tokens.tokens, folder / "softmax.png")
    report.picture(folder / "softmax.png", "the largest entries of the gradient, before and after training")
    show_structure(report, w_q(start), w_q(model), folder / "structure.png")
    (data,) = batches(ids, 1, rng)
    place = show_nudges(report, model, data)
    show_rates(report, model, data)
    show_updates(report, model, data, *place)
    arithmetic.show_steady_and_noisy(report, np.random.default_rng(args.seed))
    report.save(folder / "training.html")
    return history


def main(arguments: list[str] | None = None) -> list[Step]:
    """Read the options, then show all of it."""
    options = parser(__doc__)
    options.add_argument(
        "--text", type=Path, help="a UTF-8 text to learn from; without it, a dialogue of three speakers"
    )
    options.add_argument("--steps", type=at_least(1), default=400, help="training steps")
    return run_and_draw(options, arguments, show, "training", result="training.html")


if __name__ == "__main__":
    main()
