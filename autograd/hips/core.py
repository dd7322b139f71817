"""HIPS autograd's `core`: products with a Jacobian at a point, of a function of one argument."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from autograd.hips import operators
from autograd.hips.extend import VSpace as VSpace
from autograd.hips.extend import primitive as primitive
from autograd.hips.extend import vspace as vspace


def make_vjp(fun: Callable, x: Any) -> tuple[Callable, Any]:
    """(The function v -> v^T J, fun(x))."""
    return operators.make_vjp(fun)(x)


def make_jvp(fun: Callable, x: Any) -> Callable:
    """The function v -> (fun(x), J v)."""
    return operators.make_jvp(fun)(x)
