"""A character GPT learns to write like a given text, and then writes.

Without --text it reads Python's own language reference. With --sample it only writes, from the saved model. It leaves
in out/text/latest/ report.html (the course of the training, layer by layer, and held-out text, each character as dark
as it was unexpected), log.csv, and the weights: the best ones, and those at the end.
"""

from __future__ import annotations

import hashlib
from argparse import Namespace
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

import autograd
from autograd import Tensor
from demos.common import Parser, amount, at_least, check_heads, parser, positive, probability, share
from demos.runs import BEST, LATEST, run_folder, run_or_resume
from demos.sections import attention, token_losses
from demos.watch import stage
from models.checkpoint import describe, load_gpt
from models.config import CHOICES, GPTConfig
from models.generate import generate_text, stream_text
from models.gpt import GPT
from models.tokenizers import CharTokenizer, Tokenizer
from nn import checkpoint, optim
from nn.optim.lr_scheduler import LambdaLR, warmup_cosine
from nn.report import RunReport
from nn.train import Trainer, decay_groups, evaluating

# nanoGPT's sizes for a CPU, with rotary positions: its learned ones take longer to train
START = GPTConfig(65, block_size=64, n_layer=4, n_head=4, n_embd=128, bias=False, position="rotary")


BASE = Path("out", "text")
NOT_OF_THE_TRAINING = ("resume", "run", "sample", "model", "prompt", "length", "temperature", "top_k", "top_p")


def options() -> Parser:
    """Every setting of the text, the model, the training and the sampling."""
    count = at_least(1)
    result = parser(__doc__)
    text = result.add_argument_group("text")
    text.add_argument("--text", type=Path, help="a file in UTF-8; the last tenth of it is held out")
    model = result.add_argument_group("model")
    model.add_argument(
        "--layers", dest="n_layer", type=count, default=START.n_layer, help="blocks of attention and feed-forward"
    )
    model.add_argument("--heads", dest="n_head", type=count, default=START.n_head, help="attention heads in each layer")
    model.add_argument(
        "--width", dest="n_embd", type=count, default=START.n_embd, help="features of a character, shared by the heads"
    )
    model.add_argument(
        "--context",
        dest="block_size",
        type=count,
        default=START.block_size,
        help="characters that the model sees at once",
    )
    model.add_argument(
        "--activation", choices=CHOICES["activation"], default=START.activation, help="activation of the feed-forward"
    )
    model.add_argument("--norm", choices=CHOICES["norm"], default=START.norm, help="LayerNorm, RMSNorm or none")
    model.add_argument(
        "--position", choices=CHOICES["position"], default=START.position, help="how positions are encoded"
    )
    model.add_argument("--post-ln", action="store_true", help="norms after the residual sums, not before the layers")
    model.add_argument("--untied", action="store_true", help="a separate output matrix instead of the embedding")
    model.add_argument("--bias", action="store_true", help="biases in linear layers and norms")
    model.add_argument("--dropout", type=share, default=START.dropout, help="share of features dropped in training")
    training = result.add_argument_group("training")
    add_training(training, steps=2000, batch=12, lr=1e-3, warmup=100, evaluate_every=250)
    training.add_argument("--min-lr", type=amount, default=1e-4, help="learning rate at the end")
    training.add_argument("--beta2", type=share, default=0.99, help="decay of AdamW's average of squared gradients")
    training.add_argument(
        "--skip-above",
        type=positive,
        help="skip steps whose loss or gradient norm is this many standard deviations above the mean",
    )
    writing = result.add_argument_group("writing")
    writing.add_argument("--sample", action="store_true", help="do not train: write with the saved model")
    writing.add_argument("--model", type=Path, default=BASE / LATEST / BEST, help="the saved model of --sample")
    writing.add_argument("--prompt", help="the text to continue; by default a line break")
    add_writing(writing, "character", length=500)
    return result


def add_training(group: Any, **defaults: float) -> None:
    """The options of a training on passages of a text, with these defaults."""
    count = at_least(1)
    group.add_argument("--steps", type=count, help="updates of the weights")
    group.add_argument("--batch", type=count, help="passages in a batch")
    group.add_argument("--accumulate", type=count, default=1, help="batches in an update")
    group.add_argument("--threads", type=count, default=2, help="threads that share a batch")
    group.add_argument("--lr", type=positive, help="learning rate after the warm-up")
    group.add_argument("--warmup", type=at_least(0), help="steps in which the learning rate rises")
    group.add_argument("--decay", type=amount, default=0.1, help="weight decay of the matrices")
    group.add_argument("--clip", type=positive, default=1.0, help="largest gradient norm")
    group.add_argument("--evaluate-every", type=count, help="steps between evaluations on the held-out text")
    group.set_defaults(**defaults)


def add_writing(group: Any, unit: str, length: int) -> None:
    """The options of sampling, where a token is a `unit`."""
    group.add_argument("--length", type=at_least(0), default=length, help=f"{unit}s to write")
    group.add_argument(
        "--temperature", type=amount, default=0.8, help=f"0 takes the likeliest {unit}, higher values vary more"
    )
    group.add_argument("--top-k", type=at_least(1), help=f"sample only from the k likeliest {unit}s")
    group.add_argument("--top-p", type=probability, help=f"sample from the fewest {unit}s with this probability")


def read_text(path: Path | None) -> str:
    """The file, or without one all topics of Python's language reference."""
    if path is None:
        from pydoc_data.topics import topics

        return "\n\n".join(topics[name] for name in sorted(topics))
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is not in UTF-8 ({error.reason} at byte {error.start}): convert it first") from error
    if len(set(text)) < 2:
        raise ValueError(
            f"{path} has fewer than two different characters, so there is nothing to learn: choose another"
        )
    return text


class Passages:
    """A text as token ids, and passages of T of them with the ids that follow each; `unit` is what a token is."""

    def __init__(self, ids: np.ndarray, T: int, unit: str = "characters") -> None:
        if len(ids) < T + 1:
            raise ValueError(
                f"a context of {T} needs {T + 1} {unit}, and the trained or the held-out part has {len(ids)}: "
                "choose a longer text"
            )
        self.ids, self.T = ids, T

    def at(self, starts: np.ndarray) -> tuple[Tensor, Tensor]:
        """The passages (B, T) that begin at `starts` (B), and their targets (B, T)."""
        rows = self.ids[starts[:, None] + np.arange(self.T + 1)]
        return autograd.as_tensor(rows[:, :-1]), autograd.as_tensor(rows[:, 1:])

    def draw(self, B: int) -> tuple[Tensor, Tensor]:
        """B passages at random."""
        return self.at(autograd.randint(0, len(self.ids) - self.T, (B,)).array)

    def starts(self, most: int | None = None) -> np.ndarray:
        """The passages one after another, or `most` of them, evenly spread."""
        every = np.arange(0, len(self.ids) - self.T, self.T)
        return every if most is None or most >= len(every) else every[np.linspace(0, len(every) - 1, most).astype(int)]


def mean_loss(model: GPT, passages: Passages, most: int | None = None, batch: int = 64) -> float:
    """The mean loss over whole passages, a batch at a time, in evaluation mode."""
    starts = passages.starts(most)
    parts = [starts[i : i + batch] for i in range(0, len(starts), batch)]
    with evaluating(model):
        return sum(model.loss(*passages.at(part)).item() * len(part) for part in parts) / len(starts)


def settings(args: Namespace, text: str, without: Iterable[str] = NOT_OF_THE_TRAINING) -> dict[str, Any]:
    """All that the training depends on: its options, and a digest of its text."""
    chosen = {name: value for name, value in vars(args).items() if name not in without}
    plain = {name: str(value) if isinstance(value, Path) else value for name, value in chosen.items()}
    return {**plain, "digest of the text": hashlib.sha256(text.encode()).hexdigest()}


def fit(
    model: GPT,
    tokenizer: Tokenizer,
    learned: Passages,
    args: Namespace,
    folder: Path,
    *,
    beta2: float,
    floor: float,
    **more: Any,
) -> Trainer:
    """Train with the options of `add_training`, and what `more` a Trainer is told; the folder may hold a checkpoint.

    The learning rate ends at `floor` times its highest value.
    """
    optimizer = optim.AdamW(decay_groups(model, args.decay), lr=args.lr, betas=(0.9, beta2))
    trainer = Trainer(
        model,
        optimizer,
        lambda model, batch: model.loss(*batch),
        lambda: learned.draw(args.batch),
        steps=args.steps,
        scheduler=LambdaLR(optimizer, partial(warmup_cosine, warmup=args.warmup, total=args.steps, floor=floor)),
        accumulate=args.accumulate,
        threads=args.threads,
        clip=args.clip,
        evaluate_every=args.evaluate_every,
        folder=folder,
        **describe(model.config, tokenizer),
        **more,
    )
    trainer.fit(resume=bool(checkpoint.steps(folder)))
    return trainer


def train(args: Namespace, folder: Path) -> tuple[Trainer, GPT, Tokenizer, Passages]:
    """Train on the text that the options name."""
    text = read_text(args.text)
    tokenizer = CharTokenizer.train(text)
    ids = np.array(tokenizer.encode(text))
    names = ("block_size", "n_layer", "n_head", "n_embd", "activation", "norm", "position", "bias", "dropout")
    check_heads(args.n_embd, args.n_head)
    sizes = {name: getattr(args, name) for name in names}
    config = GPTConfig(tokenizer.vocab_size, norm_first=not args.post_ln, tie=not args.untied, **sizes)
    config.check_tokens(ids)
    if args.prompt is None:
        args.prompt = "\n" if "\n" in text else text[0]
    tokenizer.encode(args.prompt)  # an unknown character is an error now and not after the training
    learned, held_out = (Passages(part, args.block_size) for part in np.split(ids, [len(ids) * 9 // 10]))
    model = GPT(config)
    print(f"{len(text):,} characters, {tokenizer.vocab_size} different; {model.config}")

    def show(trainer: Trainer) -> str:
        written = generate_text(model, tokenizer, args.prompt, 70, temperature=0.8)
        trainer.progress.line(f"  {written!r}")
        return written

    x, y = held_out.at(held_out.starts(6))
    beginning = max((tokenizer.decode(ids[:16]) for ids in x.array), key=lambda text: len({*text}))
    sections = [token_losses(tokenizer, x, y), attention(tokenizer, beginning)]
    trainer = fit(
        *(model, tokenizer, learned, args, folder),
        floor=args.min_lr / args.lr,
        beta2=args.beta2,
        skip_above=args.skip_above,
        evaluate=lambda: mean_loss(model, held_out, 256),
        on_evaluate=show,
        report=RunReport("A text, character by character", stage=stage, sections=sections),
        classes=tokenizer.vocab_size,
        unit="characters",
        resume_hint="python -m demos.text --resume",
        settings=settings(args, text),
    )
    return trainer, model, tokenizer, held_out


def write(model: GPT, tokenizer: Tokenizer, args: Namespace) -> str:
    """Print what follows the prompt, character by character, and return it."""
    pieces = []
    print(args.prompt, end="")
    settings = {"temperature": args.temperature, "top_k": args.top_k, "top_p": args.top_p, "seed": args.seed}
    for piece in stream_text(model, tokenizer, args.prompt, args.length, **settings):
        pieces.append(piece)
        print(piece, end="", flush=True)
    print()
    return "".join(pieces)


def learn(args: Namespace) -> float | None:
    """Train and write; returns the loss on all of the held-out text, if the training was not interrupted."""
    autograd.manual_seed(args.seed)
    with run_folder(BASE, args) as folder:
        trainer, model, tokenizer, held_out = train(args, folder)
    if trainer.interrupted:
        return None
    loss = mean_loss(model, held_out)
    guess = f"a uniform guess would have {np.log(tokenizer.vocab_size):.4f}"
    print(f"{args.steps:,} steps: loss on all of the held-out text {loss:.4f}; {guess}")
    print("\nIt writes:")
    write(model, tokenizer, args)
    return loss


def sample(args: Namespace) -> None:
    """Write with the saved model."""
    model, tokenizer = load_gpt(args.model)
    if tokenizer is None:
        raise ValueError(f"{args.model} has no tokenizer: it was saved without one")
    args.prompt = "\n" if args.prompt is None else args.prompt
    write(model, tokenizer, args)


def main(arguments: list[str] | None = None) -> float | None:
    """Read the options, then train and write, or write alone."""
    return run_or_resume(
        options(), arguments, lambda args: sample(args) if args.sample else learn(args), lambda _: BASE
    )


if __name__ == "__main__":
    main()
