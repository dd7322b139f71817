"""Gamma-distributed numbers as a differentiable function of their concentration."""

from __future__ import annotations

from typing import Any

from autograd import Function, Tensor, digamma, rand
from autograd.distributions.distribution import draw


def implicit_derivative(c: Tensor, z: Tensor) -> Tensor:
    """dz/dc where F(z; c) stays the same, which is -(dF/dc) / f(z) (Figurnov et al. 2018, equation 5).

    With F the cumulative distribution function of the numbers of density f(z) = z^(c - 1) e^(-z) / Gamma(c), the series
    F = sum_n z^(c + n) e^(-z) / Gamma(c + n + 1) is z f(z) sum_n t_n, t_0 = 1 / c, t_n = t_(n-1) z / (c + n).
    """
    term, psi, n = 1 / c, digamma(c + 1), 1
    total = term * (z.log() - psi)
    while (z.array > c.array + n).any() or (term.array > 1e-17 * abs(total.array)).any():
        term, psi = term * z / (c + n), psi + 1 / (c + n)
        total, n = total + term * (z.log() - psi), n + 1
    return -z * total


class StandardGamma(Function):
    """Numbers of density z^(c - 1) e^(-z) / Gamma(c) as a function of the concentration c >= 1."""

    @staticmethod
    def forward(ctx: Any, concentration: Tensor) -> Tensor:
        """Draw."""
        z = draw("standard_gamma", concentration, concentration.shape, concentration)
        ctx.save_for_backward(concentration, z)
        return z

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> Tensor:
        """In float64: the terms of the series have both signs."""
        c, z = (x.double() for x in ctx.saved_tensors)
        return (g.double() * implicit_derivative(c, z)).to(g.dtype)


def log_standard_gamma(concentration: Tensor) -> Tensor:
    """The logarithm of a Gamma-distributed number, which for small concentrations is too small for its dtype.

    If z has the concentration c + 1, and u is uniform, z u^(1 / c) has the concentration c.
    """
    uniform = 1 - rand(size=concentration.shape, dtype=concentration.dtype)
    return StandardGamma.apply(concentration + 1).log() + uniform.log() / concentration
