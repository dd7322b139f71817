"""Optimisers of a nest of arrays, by a function `grad(x, i)` that gives the gradient at x in step i."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import numpy as np

from autograd.hips.misc.flatten import flatten


def _on_nests(optimize: Callable) -> Callable:
    """An optimiser of a vector as one of a nest; `callback(x, i, gradient)` is called before each step."""

    @wraps(optimize)
    def of_nest(grad: Callable, x0: Any, callback: Callable | None = None, *args: Any, **kwargs: Any) -> Any:
        x, unflatten = flatten(x0)

        def gradient(x: np.ndarray, i: int) -> np.ndarray:
            g = flatten(grad(unflatten(x), i))[0]
            if callback:
                callback(unflatten(x), i, unflatten(g))
            return g

        return unflatten(optimize(gradient, x, *args, **kwargs))

    return of_nest


@_on_nests
def sgd(grad: Callable, x: Any, num_iters: int = 200, step_size: float = 0.1, mass: float = 0.9) -> Any:
    """Gradient descent with momentum: v = mass v - (1 - mass) g, x += step_size v."""
    velocity = np.zeros_like(x)
    for i in range(num_iters):
        velocity = mass * velocity - (1 - mass) * grad(x, i)
        x = x + step_size * velocity
    return x


@_on_nests
def rmsprop(
    grad: Callable, x: Any, num_iters: int = 100, step_size: float = 0.1, gamma: float = 0.9, eps: float = 1e-8
) -> Any:
    """x -= step_size g / (sqrt(s) + eps), with s = gamma s + (1 - gamma) g^2 from ones on."""
    square = np.ones_like(x)
    for i in range(num_iters):
        g = grad(x, i)
        square = gamma * square + (1 - gamma) * g**2
        x = x - step_size * g / (np.sqrt(square) + eps)
    return x


@_on_nests
def adam(
    grad: Callable,
    x: Any,
    num_iters: int = 100,
    step_size: float = 0.001,
    b1: float = 0.9,
    b2: float = 0.999,
    eps: float = 1e-8,
) -> Any:
    """Adam (Kingma and Ba 2015, algorithm 1)."""
    m, v = np.zeros_like(x), np.zeros_like(x)
    for i in range(num_iters):
        g = grad(x, i)
        m, v = b1 * m + (1 - b1) * g, b2 * v + (1 - b2) * g**2
        x = x - step_size * (m / (1 - b1 ** (i + 1))) / (np.sqrt(v / (1 - b2 ** (i + 1))) + eps)
    return x
