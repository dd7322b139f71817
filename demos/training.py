"""How one weight learns: loss, gradient, nudge, update, and which stage of a GPT the blame falls on.

A small character GPT is trained on a dialogue of three speakers, or on any text (`--text`). Shown are the loss as
surprise, the gradient at the softmax, the course of the blame (the share of the gradient that each stage receives), one
entry of W_Q with what a nudge was predicted to do and what it did, and the updates by SGD and by Adam side by side. In
out/training/ are then the pictures, and all of it as one page.
"""

from __future__ import annotations

import copy
import math
from argparse import Namespace
from pathlib import Path
from typing import NamedTuple

import numpy as np

import autograd as ag
from autograd import Tensor
from demos.common import at_least, out_dir, parser, pyplot, run
from demos.pictures.parts import save
from demos.report import Report
from demos.text import read_text
from demos.watch import STAGES, blame
from models.config import GPTConfig
from models.gpt import GPT
from models.tokenizers import CharTokenizer
from nn import optim
from nn.train import Trainer

DIALOGUE = Path(__file__).parent / "data" / "dialogue.txt"
CONTEXT, BATCH, RATE = 32, 16, 3e-3
SGD_RATE, ADAM_RATE, BETAS, EPS = 0.01, 1e-3, (0.9, 0.999), 1e-8
QUERIES = "transformer.h.0.attn.c_attn.weight"  # W_Q, W_K and W_V of the first block, one above the other

Batch = tuple[Tensor, Tensor]


class Step(NamedTuple):
    """The loss of a step of training in nats, and the share of the gradient's norm that each stage has."""

    loss: float
    shares: tuple[float, ...]


def batches(ids: np.ndarray, count: int, rng: np.random.Generator) -> list[Batch]:
    """Windows at random places of the text, each with the same window one character on: (16, 32) twice."""
    places = rng.integers(0, len(ids) - CONTEXT, (count, BATCH, 1)) + np.arange(CONTEXT)
    return [(ag.tensor(ids[at]), ag.tensor(ids[at + 1])) for at in places]


def train(model: GPT, data: list[Batch]) -> list[Step]:
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
        classes=model.config.vocab_size,
    )
    losses = trainer.fit().column("loss")[1]
    if not shares:
        raise SystemExit("nothing was learned: there was no step of training")
    return [Step(*step) for step in zip(losses, shares)]


def gradient_by(x: Tensor, loss: Tensor) -> np.ndarray:
    """The gradient of the loss with respect to x, in the shape of x."""
    (gradient,) = ag.grad(loss, x)
    assert gradient is not None
    return gradient.array


def softmax_gradient(model: GPT, ids: list[int], target: int) -> tuple[np.ndarray, np.ndarray]:
    """The probabilities (V,) after the ids, and the gradient (V,) of −ln P(target) with respect to the logits."""
    logits = model(ag.tensor([ids]))[0, -1]
    return logits.softmax(dim=-1).array, gradient_by(logits, -logits.log_softmax(dim=-1)[target])


def slope(model: GPT, data: Batch) -> np.ndarray:
    """The gradient (C, C) of the loss of one batch with respect to W_Q of the first block: row to, column from."""
    return gradient_by(model.get_parameter(QUERIES), model.loss(*data))[: model.config.n_embd]


def nudged(model: GPT, data: Batch, row: int, column: int, nudge: float) -> float:
    """The change of the loss of one batch when `nudge` is added to one entry of W_Q."""
    weight = model.get_parameter(QUERIES).detach()
    with ag.no_grad():
        before, kept = float(model.loss(*data)), float(weight[row, column])
        weight[row, column] = kept + nudge
        after = float(model.loss(*data))
        weight[row, column] = kept
    return after - before


class Update(NamedTuple):
    """One step of an optimiser, as one weight sees it: its value before, its gradient, and by how much it changes."""

    weight: float
    gradient: float
    change: float
    loss: float


def updates(model: GPT, optimizer: optim.Optimizer, data: Batch, row: int, column: int) -> list[Update]:
    """Three steps of the optimiser on one batch, as one entry of W_Q sees them."""
    course, weight = [], model.get_parameter(QUERIES)
    for _ in range(3):
        optimizer.zero_grad()
        (loss := model.loss(*data)).backward()
        assert weight.grad is not None
        before, gradient = float(weight.array[row, column]), float(weight.grad.array[row, column])
        optimizer.step()
        course.append(Update(before, gradient, float(weight.array[row, column]) - before, float(loss)))
    return course


def sgd_by_hand(gradients: list[float]) -> list[float]:
    """−η g for each step."""
    return [-SGD_RATE * g for g in gradients]


def adam_by_hand(gradients: list[float]) -> list[tuple[float, float, float]]:
    """m̂, v̂ and the change −η m̂ / (√v̂ + ε) for each step (Kingma and Ba 2015, algorithm 1)."""
    m = v = 0.0
    course = []
    for t, g in enumerate(gradients, 1):
        m, v = BETAS[0] * m + (1 - BETAS[0]) * g, BETAS[1] * v + (1 - BETAS[1]) * g * g
        mean, square = m / (1 - BETAS[0] ** t), v / (1 - BETAS[1] ** t)
        course.append((mean, square, -ADAM_RATE * mean / (math.sqrt(square) + EPS)))
    return course


# What is shown --------------------------------------------------------------------------------------------------------


def show_loss(report: Report, vocabulary: int) -> None:
    """The loss as a function of the probability of what came."""
    report.step("The loss is the surprise at what really came", "L = −ln P")
    named = [(0.02, "hardly expected"), (0.45, "among the likely"), (0.80, "expected"), (0.99, "as good as known")]
    report.table(["P", "loss", ""], [(f"{p:.2f}", -math.log(p), text) for p, text in named])
    report.say(f"Knowing nothing, P is 1/{vocabulary} for each character, and the loss {math.log(vocabulary):.3f}.")


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
        f"The largest difference of the two: {np.abs(p - onehot - gradient).max():.1e}; its entries "
        f"add up to {abs(gradient.sum()):.0e}: what pulls the right token up is what pushes all others down."
    )
    return p


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


def show_nudges(report: Report, model: GPT, data: Batch) -> tuple[int, int]:
    """The entry of W_Q with the largest gradient: what it does to the loss. Returns its row and column."""
    slopes = slope(model, data)
    row, column = (int(i) for i in np.unravel_index(np.abs(slopes).argmax(), slopes.shape))
    g, head = float(slopes[row, column]), row // model.config.head_size
    report.step("One weight: what its gradient promises, and what happens", "ΔL ≈ g · Δw")
    report.say(
        f"W_Q[{row}, {column}] of the first block leads from channel {column} to query channel {row} (head {head}). "
        f"Its value is {float(model.get_parameter(QUERIES)[row, column]):.6f}, its gradient {g:.6f}, the largest "
        "in W_Q."
    )
    rows = []
    for nudge in (0.1, 0.01, 0.001, -0.001, -0.01, -0.1):
        change = nudged(model, data, row, column, nudge)
        rows.append((f"{nudge:+}", f"{g * nudge:+.3e}", f"{change:+.3e}", f"{abs(change / (g * nudge) - 1):.3%}"))
    report.table(["Δw", "predicted ΔL", "measured ΔL", "off by"], rows)
    report.say("A tenth of the nudge, a tenth of the error: the gradient is the slope, and what is left is curvature.")
    return row, column


def show_updates(report: Report, model: GPT, data: Batch, row: int, column: int) -> None:
    """Three steps by SGD and three by Adam, from the same model on the same batch."""
    report.step("The update: SGD and Adam side by side", "SGD: Δw = −η g      Adam: Δw = −η m̂ / (√v̂ + ε)")
    one, two = copy.deepcopy(model), copy.deepcopy(model)
    sgd = updates(one, optim.SGD(one.parameters(), lr=SGD_RATE), data, row, column)
    adam = updates(two, optim.Adam(two.parameters(), lr=ADAM_RATE, betas=BETAS, eps=EPS), data, row, column)
    hand = sgd_by_hand([u.gradient for u in sgd])
    rows = [
        (str(t), u.loss, f"{u.weight:.6f}", f"{u.gradient:+.3e}", f"{u.change:+.3e}", f"{by_hand:+.3e}")
        for t, (u, by_hand) in enumerate(zip(sgd, hand), 1)
    ]
    columns = ["step", "loss", "w", "g", "Δw", "by hand"]
    report.table(columns, rows, name=f"SGD, η = {SGD_RATE}")
    lines = [
        (
            str(t),
            u.loss,
            f"{u.weight:.6f}",
            f"{u.gradient:+.3e}",
            f"{m:+.3e}",
            f"{v:.3e}",
            f"{u.change:+.3e}",
            f"{d:+.3e}",
        )
        for t, (u, (m, v, d)) in enumerate(zip(adam, adam_by_hand([u.gradient for u in adam])), 1)
    ]
    report.table([*columns[:4], "m̂", "v̂", *columns[4:]], lines, name=f"Adam, η = {ADAM_RATE}")
    report.say(
        "SGD's step is η times the gradient, large or small; Adam's first step is η for every weight, whatever its "
        "gradient, because m̂/√v̂ is then ±1."
    )
    slopes = slope(model, data).reshape(-1)
    order = np.argsort(-np.abs(slopes))[[0, len(slopes) // 10, len(slopes) // 2, len(slopes) * 9 // 10]]
    firsts = [(slopes[i], sgd_by_hand([slopes[i]])[0], adam_by_hand([slopes[i]])[0][2]) for i in order]
    names = [f"W_Q[{i // model.config.n_embd}, {i % model.config.n_embd}]" for i in order]
    table = [(n, *(f"{x:+.3e}" for x in line)) for n, line in zip(names, firsts)]
    report.table(["the first step of", "g", "Δw by SGD", "Δw by Adam"], table)


def draw_blame(history: list[Step], file: Path) -> None:
    """The shares as bands, each step the mean of those around it, below the loss."""
    figure, (top, bottom) = pyplot().subplots(
        2, 1, figsize=(9, 6), sharex=True, height_ratios=[1, 2], layout="constrained"
    )
    top.plot([step.loss for step in history])
    top.set(ylabel="loss", ylim=(0, None), title="training")
    around = np.ones(min(len(history), 9))
    counts = np.convolve(np.ones(len(history)), around, "same")
    smooth = [100 * np.convolve(shares, around, "same") / counts for shares in zip(*(step.shares for step in history))]
    bottom.stackplot(range(len(history)), smooth, labels=STAGES, alpha=0.85)
    bottom.set(ylabel="share of the gradient's norm in %", xlabel="step", ylim=(0, 100), xlim=(0, len(history) - 1))
    bottom.legend(loc="upper right")
    save(figure, file)


def draw_softmax(before: np.ndarray, after: np.ndarray, target: int, tokens: CharTokenizer, file: Path) -> None:
    """P − onehot by token, before and after training: what is pulled up, what is pushed down."""
    figure, panels = pyplot().subplots(2, 1, figsize=(12, 5.5), sharex=True, sharey=True, layout="constrained")
    for axes, p, when in zip(panels, (before, after), ("before training", "after training")):
        gradient = p - np.eye(len(p))[target]
        axes.bar(range(len(p)), gradient, color=["tab:red" if g > 0 else "tab:blue" for g in gradient])
        axes.axhline(0, color="black", linewidth=0.6)
        axes.set(ylabel="P − onehot", title=f"{when}: red is pushed down, blue is pulled up")
    panels[1].set_xticks(range(len(before)), [repr(t)[1:-1].replace(" ", "␣") for t in tokens.tokens])
    save(figure, file)


def read(file: Path) -> str:
    """The text of a UTF-8 file. Raises ValueError where it is too short to learn from."""
    text = read_text(file)
    if len(text) < 10 * CONTEXT:
        raise ValueError(f"{file} has {len(text)} characters; at least {10 * CONTEXT} are needed")
    return text


def show(args: Namespace) -> list[Step]:
    """Show how a weight learns. Returns loss and blame of every step of training."""
    pyplot()  # what is missing is said before the work, not after it

    text, folder, rng = read(args.text), out_dir("training"), np.random.default_rng(args.seed)
    tokens = CharTokenizer.train(text)
    ids = np.array(tokens.encode(text))
    ag.manual_seed(args.seed)
    model = GPT(GPTConfig(tokens.vocab_size, CONTEXT, n_layer=2, n_head=4, n_embd=32, tie=False)).double()
    report = Report("How a weight learns")
    show_loss(report, tokens.vocab_size)
    before = show_softmax(report, model, tokens, text, "before training")
    history = train(model, batches(ids, args.steps, rng))
    show_blame(report, history)
    after = show_softmax(report, model, tokens, text, "after training")
    (data,) = batches(ids, 1, rng)
    place = show_nudges(report, model, data)
    show_updates(report, model, data, *place)

    report.step("Pictures")
    draw_softmax(before, after, tokens.encode(text[CONTEXT - 1])[0], tokens, folder / "softmax.png")
    draw_blame(history, folder / "blame.png")
    report.picture(folder / "softmax.png", "the gradient at the softmax, before and after training")
    report.picture(folder / "blame.png", "the share of the gradient that each stage receives")
    report.save(folder / "training.html")
    return history


def main(arguments: list[str] | None = None) -> list[Step]:
    """Read the options, then show all of it."""
    options = parser(__doc__)
    options.add_argument("--text", type=Path, default=DIALOGUE, help="a UTF-8 text to learn from")
    options.add_argument("--steps", type=at_least(1), default=400, help="of training")
    return run(options, arguments, show)


if __name__ == "__main__":
    main()
