"""What the training demo computes without a model: losses, softmax's gradient, updates, and counts of weights."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

import autograd as ag
from demos.data.published import ARITHMETIC, COUNTS, LEARNS, RANDOM, as_published
from demos.report import Report
from models.config import GPTConfig
from models.inventory import inventory
from nn import Parameter, optim

PROBABILITIES = (0.02, 0.35, 0.42, 0.45, 0.80, 0.94, 0.99)
CALCULATOR = {"four": 0.47, "five": 0.42, "six": 0.11}  # the right word is five
DIALOGUE = {"spicy": 0.45, "cheap": 0.30, "far": 0.15, "closed": 0.10}  # spicy; the article gives the first alone
MODELS = {"gpt2": "GPT-2 small", "gpt2-large": "GPT-2 large", "gpt3": "GPT-3"}
MATRICES = {  # of a block, by what they are called in texts and in a state_dict
    "attn.c_attn.weight": ("W_Q", "W_K", "W_V"),
    "attn.c_proj.weight": ("W_O",),
    "mlp.c_fc.weight": ("W_1",),
    "mlp.c_proj.weight": ("W_2",),
}


def loss_and_slopes(p: float) -> tuple[float, float, float]:
    """−ln P of a token, and the slopes by its logit of −ln P and of −P; the other tokens have 1 − P together."""
    logits = ag.tensor([math.log(p), math.log(1 - p)], dtype=ag.float64, requires_grad=True)
    loss = -logits.log_softmax(dim=-1)[0]
    (one,), (other,) = ag.grad(loss, logits), ag.grad(-logits.softmax(dim=-1)[0], logits)
    assert one is not None and other is not None
    return float(loss), float(one[0]), float(other[0])


def softmax_gradient(p: Sequence[float] | np.ndarray, right: int) -> np.ndarray:
    """The gradient of −ln P(right) by the logits of these probabilities, as backward gives it."""
    logits = ag.tensor(np.log(p), requires_grad=True)
    (gradient,) = ag.grad(-logits.log_softmax(dim=-1)[right], logits)
    assert gradient is not None
    return gradient.array


def step(weight: float, gradient: float, rate: float) -> float:
    """The weight after a step of SGD."""
    w = Parameter(ag.tensor(weight, dtype=ag.float64))
    w.grad = ag.tensor(gradient, dtype=ag.float64)
    optim.SGD([w], lr=rate).step()
    return float(w)


def counts(preset: str) -> dict[str, tuple[tuple[int, ...], int]]:
    """The shape of every matrix of a block, W x as in x ↦ W x, and how many weights all layers have of it."""
    config = GPTConfig.preset(preset)
    rows = {row.name: row for row in inventory(config)}
    found: dict[str, tuple[tuple[int, ...], int]] = {}
    for name, matrices in MATRICES.items():
        out, into = rows[f"transformer.h.0.{name}"].shape
        shape = (out // len(matrices), into)
        found |= {matrix: (shape, math.prod(shape) * config.n_layer) for matrix in matrices}
    for name, what in (("wte", "W_E, tied to W_out"), ("wpe", "positions")):
        found[what] = rows[f"transformer.{name}.weight"].shape, rows[f"transformer.{name}.weight"].size
    rest = sum(row.size for row in rows.values()) - sum(size for _, size in found.values())
    return found | {"biases, and γ and β of the norms": ((), rest)}


def adam_changes(gradients: np.ndarray, rate: float) -> np.ndarray:
    """By how much Adam changes weights (N,) in each step, given their gradients (steps, N)."""
    w = Parameter(ag.tensor(np.zeros(gradients.shape[1])))
    optimizer, course = optim.Adam([w], lr=rate), [np.zeros(gradients.shape[1])]
    for gradient in gradients:
        w.grad = ag.tensor(gradient)
        optimizer.step()
        course.append(w.detach().array.copy())
    return np.diff(course, axis=0)


# What is shown --------------------------------------------------------------------------------------------------------


def show_loss(report: Report, vocabulary: int) -> None:
    """The loss as a function of the probability of what came, and why it is the logarithm."""
    report.step("The loss is the surprise at what really came", "L = −ln P")
    rows = [(f"{p:.2f}", *loss_and_slopes(p)) for p in PROBABILITIES]
    report.table(["P of the right token", "loss −ln P", "slope of −ln P", "slope of −P"], rows)
    report.say(f"Knowing nothing, P is 1/{vocabulary} for each character, and the loss {math.log(vocabulary):.3f}.")
    report.say(
        "The slopes are those along the logit of the right token, P − 1 and P (P − 1). They show why one minimises −ln "
        f"P and not −P. At P = {PROBABILITIES[0]:.2f}, confidently wrong, −P has a slope of {rows[0][3]:.3f} and would "
        f"hardly be corrected; −ln P has {rows[0][2]:.3f}."
    )


def show_cases(report: Report) -> None:
    """The two cases in the derivative of softmax, worked for two published examples."""
    report.step(
        "Softmax's derivative has two cases, and the loss joins them",
        "∂P_y/∂z_y = P_y (1 − P_y)    ∂P_y/∂z_i = −P_y P_i    ∂L/∂P_y = −1/P_y    ∂L/∂z = P − onehot",
    )
    report.say(
        "P_y, the probability of the right token, is e^z_y / Σ e^z. Its own logit z_y is in the numerator and "
        "the denominator, every other logit only in the denominator: hence two cases. Multiplied by ∂L/∂P_y, both are "
        "P − onehot."
    )
    for source, candidates, right in ((LEARNS, CALCULATOR, "five"), (RANDOM, DIALOGUE, "spicy")):
        p, names = np.array([*candidates.values()]), [*candidates]
        at = names.index(right)
        slopes = np.where(np.arange(len(p)) == at, p[at] * (1 - p[at]), -p[at] * p)
        table = np.column_stack([p, slopes, -slopes / p[at], p - np.eye(len(p))[at], softmax_gradient(p, at)])
        rows = [f"{name}, the right one" if i == at else name for i, name in enumerate(names)]
        columns = ["P", "∂P_y/∂z", "× −1/P_y", "P − onehot", "backward"]
        report.matrix(f"The candidates of {source}", table, rows, columns)
    report.say(
        "The first article says that the loss is how surprised one is that five was not in first place; the place does "
        "not matter, only P(five) does. The second gives only P(spicy); the other candidates are chosen here."
    )


def show_published(report: Report) -> None:
    """The small calculations of both articles."""
    report.step("The published calculations")
    at = [*DIALOGUE].index("spicy")
    values = {f"loss at P = {p:.2f}": loss_and_slopes(p)[0] for p in PROBABILITIES} | {
        "0.5 after a step at gradient 0.1 and rate 0.01": step(0.5, 0.1, 0.01),
        "gradient at spicy": softmax_gradient([*DIALOGUE.values()], at)[at],
        "change of the loss at gradient 0.023 by a nudge of 0.001": 0.023 * 0.001,
        "change of the weight at gradient 0.023 and rate 0.0001": step(0.0, 0.023, 0.0001),
    }
    for source, rows in ARITHMETIC.items():
        report.published(source, rows, {row.what: as_published(row.text, values[row.what]) for row in rows})


def show_counts(report: Report) -> None:
    """Every matrix by its name, its shape and its weights, in three models."""
    report.step("Which weights there are: W_Q, W_K, W_V, W_O, W_1, W_2, and how many")
    found = {preset: counts(preset) for preset in MODELS}
    rows = []
    for matrix in found["gpt2"]:
        cells = []
        for preset in MODELS:
            shape, size = found[preset][matrix]
            cells += [" × ".join(f"{n:,}" for n in shape), f"{size:,}"]
        rows.append((matrix, *cells))
    totals = {preset: sum(size for _, size in matrices.values()) for preset, matrices in found.items()}
    rows.append(("all", *(cell for total in totals.values() for cell in ("", f"{total:,}"))))
    layers = {preset: GPTConfig.preset(preset).n_layer for preset in MODELS}
    columns = [text for preset, name in MODELS.items() for text in (name, f"in {layers[preset]} layers")]
    report.table(["matrix", *columns], rows)
    (hidden, width), _ = found["gpt2"]["W_1"]
    report.say(
        "Each layer has matrices of its own; the shapes are those of one layer, as in W x. W_1 of GPT-2 small asks "
        f"{hidden:,} questions of {width} numbers, a row for each. In X W, with tokens as rows, it is the transpose."
    )
    here = {}
    for row, (preset, total) in zip(COUNTS, totals.items(), strict=True):
        config, unit = GPTConfig.preset(preset), row.text[-1]
        exact = f"{total:,}" if row.why else f"{total / {'M': 1e6, 'B': 1e9}[unit]:.0f}{unit}"
        here[row.what] = f"{config.n_layer} {config.n_embd} {exact}"
    report.published(RANDOM, COUNTS, here)


def show_steady_and_noisy(report: Report, rng: np.random.Generator, steps: int = 200, rate: float = 1e-3) -> None:
    """What Adam makes of a steady gradient and of noisy ones."""
    report.step("Adam: a steady gradient against noisy ones", "Δw = −η m̂ / (√v̂ + ε)")
    signs = rng.choice([-1.0, 1.0], steps)
    kinds = {
        "steady: always 0.01": np.full(steps, 0.01),
        "steady: always 1": np.ones(steps),
        "noisy: ±1 at random": signs,
        "mixed: 0.2 ± 1": 0.2 + signs,
    }
    gradients = np.column_stack([*kinds.values()])
    changes = adam_changes(gradients, rate)
    sizes, ways = np.abs(changes).mean(axis=0) / rate, np.abs(changes.sum(axis=0)) / rate
    rows = [(name, f"{size:.2f}", f"{way:.1f}", f"{way / steps:.0%}") for name, size, way in zip(kinds, sizes, ways)]
    columns = ["gradient", "mean step in η", f"way after {steps} steps in η", "of the longest"]
    report.table(columns, rows)
    report.say(
        "A weight whose gradients agree moves by η in every step, whatever their size; one whose gradients contradict "
        "each other takes small steps and gets almost nowhere."
    )
