"""Markers of the rules of layers: log-softmax, attention and layer norm."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

import autograd as ag
from autograd.function import Context
from exercises.checks import Wrong, check_rule, check_value, kind, shown
from exercises.markers import marks
from exercises.markers.rules import sizes
from nn import functional as F


def softmax(x: np.ndarray) -> np.ndarray:
    """Over the last axis."""
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


@marks(
    "09_log_softmax",
    "Forward: subtract the largest logit of each row before exp. Backward: each logit acts on the result in its own "
    "place, and, through the sum, in all places.",
    "out = x − max − log Σ exp(x − max); save out. Then the gradient is g − exp(out) · Σ g, with the sum over the "
    "last dim, keepdim=True.",
)
def log_softmax(answer: Any) -> None:
    """A Function, by gradcheck."""
    function = answer.LogSoftmax
    for rng, (n, m) in sizes(2, 5, 5):
        x = ag.tensor(rng.standard_normal((n, m)), requires_grad=True)
        out = function.forward(Context((True,)), x.detach())
        if not isinstance(out, ag.Tensor):
            raise Wrong(f"LogSoftmax.forward must return a Tensor, but returned {kind(out)}.")
        out = function.apply(x)
        check_value(f"LogSoftmax.apply({shown(x)})", out, F.log_softmax(x, -1).detach().array)
        report = ag.gradcheck_report(function.apply, x)
        if not report:
            g = rng.standard_normal((n, m))
            (found,) = ag.grad(out, x, grad_outputs=ag.tensor(g))
            p = softmax(x.detach().array)
            told = "" if found is None else _log_softmax_slip(found.array, g, p)
            raise Wrong(told + str(report))
    large = ag.tensor([[1000.0, 0.0], [-1000.0, -1000.0]], dtype=ag.float64)
    check_value("LogSoftmax.apply([[1000, 0], [-1000, -1000]])", function.apply(large), F.log_softmax(large, -1).array)


def _log_softmax_slip(found: np.ndarray, g: np.ndarray, p: np.ndarray) -> str:
    if np.allclose(found, g - p):
        return (
            "This is g − softmax(x): right only where the g of a row add up to 1. softmax(x) must be multiplied by "
            "the sum of g over the row.\n"
        )
    if np.allclose(found, p * (g - (g * p).sum(-1, keepdims=True))):
        return "This is the rule of softmax, not that of its logarithm.\n"
    return ""


@marks(
    "12_attention",
    "Three lines forward, three lines back. out = A v is a product of matrices: exercise 5 gives the gradients by A "
    "and by v. S is another one.",
    "gv = Aᵀ g and gA = g vᵀ; gS = A ⊙ (gA − Σ gA ⊙ A); gq = gS k / √D and gk = gSᵀ q / √D.",
)
def attention(answer: Any) -> None:
    """softmax(q kᵀ / √D) v."""

    def attention(q: np.ndarray, k: np.ndarray, v: np.ndarray) -> np.ndarray:
        return softmax(q @ k.T / math.sqrt(q.shape[1])) @ v

    def backward(g: np.ndarray, q: Any, k: Any, v: Any, *, scale: bool = True, rows: bool = True) -> Any:
        a, root = softmax(q @ k.T / math.sqrt(q.shape[1])), math.sqrt(q.shape[1])
        g_a = g @ v.T
        g_s = a * (g_a - ((g_a * a).sum(-1, keepdims=True) if rows else 0)) / (root if scale else 1)
        return g_s @ k, g_s.T @ q, a.T @ g

    for rng, (t, s, d, e) in sizes(4, 5, 6):
        check_rule(
            lambda g, out, q, k, v: answer.attention_rule(g, q, k, v),
            attention,
            {"q": rng.standard_normal((t, d)), "k": rng.standard_normal((s, d)), "v": rng.standard_normal((s, e))},
            [
                ("The division by √D is missing in the gradients by q and k: what is divided on the way forward is "
                 "divided on the way back.", lambda g, out, q, k, v: backward(g, q, k, v, scale=False)),
                ("The rule of softmax has a second part. The shares "
                 "of a row add up to 1, so a score that gains takes "
                 "from the others: subtract Σ gA ⊙ A of the row "
                 "from gA.", lambda g, out, q, k, v: backward(g, q, k, v, rows=False)),
            ],
        )  # fmt: skip


@marks(
    "13_layer_norm",
    "β first, then γ: out = γ ⊙ x̂ + β, and both are used by all rows. For x, work with ĝ = g ⊙ γ. x̂ has mean 0 and "
    "size 1 whatever x is, so a part of ĝ must have no effect: which?",
    "gβ = Σ g and gγ = Σ g ⊙ x̂ over the rows. gx = (ĝ − mean(ĝ) − x̂ · mean(ĝ ⊙ x̂)) / σ, with means over the row.",
)
def layer_norm(answer: Any) -> None:
    """The gradient without what the norm takes away."""
    eps = 1e-3

    def normed(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        sigma = np.sqrt(x.var(axis=-1, keepdims=True) + eps)
        return (x - x.mean(axis=-1, keepdims=True)) / sigma, sigma

    def layer_norm(x: np.ndarray, gamma: np.ndarray, beta: np.ndarray) -> np.ndarray:
        return gamma * normed(x)[0] + beta

    def backward(g: np.ndarray, x: np.ndarray, gamma: np.ndarray, mean: bool, size: bool) -> Any:
        (hat, sigma), g_hat = normed(x), g * gamma
        g_x = g_hat - mean * g_hat.mean(-1, keepdims=True) - size * hat * (g_hat * hat).mean(-1, keepdims=True)
        return g_x / sigma, (g * hat).sum(0), g.sum(0)

    for rng, (n, c) in sizes(2, 6):
        check_rule(
            lambda g, out, x, gamma, beta: answer.layer_norm_rule(g, x, gamma, beta, eps),
            layer_norm,
            {"x": rng.normal(1, 2, (n, c + 1)), "gamma": rng.normal(1, 0.5, c + 1), "beta": rng.standard_normal(c + 1)},
            [
                ("The gradient with respect to x takes μ and σ for constants. Both depend on every number of the row, "
                 "which changes the gradient of all of them.",
                 lambda g, out, x, ga, be: backward(g, x, ga, False, False)),
                ("The gradient with respect to x knows that μ depends on x, but takes σ for a constant.",
                 lambda g, out, x, ga, be: backward(g, x, ga, True, False)),
            ],
        )  # fmt: skip
