"""One weight of a GPT: what a nudge of it does beside what its gradient promises, and its updates by two optimisers."""

from __future__ import annotations

import copy
import math
from typing import NamedTuple

import numpy as np

import autograd as ag
from autograd import Tensor
from demos.report import Report
from models.gpt import GPT
from nn import optim

SGD_RATE, ADAM_RATE, BETAS, EPS = 0.01, 1e-3, (0.9, 0.999), 1e-8
QUERIES = "transformer.h.0.attn.c_attn.weight"  # W_Q, W_K and W_V of the first block, one above the other

Batch = tuple[Tensor, Tensor]


def gradient_by(x: Tensor, loss: Tensor) -> np.ndarray:
    """The gradient of the loss with respect to x, in the shape of x."""
    (gradient,) = ag.grad(loss, x)
    assert gradient is not None
    return gradient.array


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


def show_rates(report: Report, model: GPT, data: Batch) -> None:
    """One step of SGD at several rates: small ones keep what the gradient promises, large ones overshoot."""
    report.step("Why the learning rate is small", "promised: ΔL = −η ‖g‖²")
    loss, rows = float(model.loss(*data)), []
    for rate in (0.001, 0.01, 0.1, 1.0, 10.0):
        twin = copy.deepcopy(model)
        optimizer = optim.SGD(twin.parameters(), lr=rate)
        optimizer.zero_grad()
        twin.loss(*data).backward()
        square = sum(float((p.grad.array**2).sum()) for p in twin.parameters() if p.grad is not None)
        optimizer.step()
        rows.append((f"{rate:g}", f"{-rate * square:+.4f}", f"{float(twin.loss(*data)) - loss:+.4f}"))
    report.table(["rate η", "promised ΔL", "measured ΔL"], rows)
    report.say(
        "The gradient knows the slope where it was taken, and nothing of what comes after: a long step overshoots."
    )


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
