"""HIPS autograd's `test_util`: derivatives beside finite differences."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from autograd.hips.extend import vspace
from autograd.hips.operators import make_jvp, make_vjp

TOL = RTOL = EPS = 1e-6


def scalar_close(a: Any, b: Any) -> bool:
    """Whether two numbers agree to 1e-6, absolutely or relatively."""
    return bool(abs(a - b) < TOL or abs(a - b) / abs(a + b) < RTOL)


def _numerical_jvp(f: Callable, x: Any, v: Any) -> Any:
    """J v by a central difference."""
    space = vspace(x)
    up, down = (f(space.add(x, space.scalar_mul(v, step))) for step in (EPS / 2, -EPS / 2))
    out = vspace(up)
    return out.scalar_mul(out.add(up, out.scalar_mul(down, -1.0)), 1 / EPS)


def check_equivalent(x: Any, y: Any) -> None:
    """Raise AssertionError unless two nests have the same form and, in a random direction, the same value."""
    assert vspace(x) == vspace(y), f"VSpace mismatch:\nx: {vspace(x)}\ny: {vspace(y)}"
    v = vspace(x).randn()
    inner = vspace(x).inner_prod
    assert scalar_close(inner(x, v), inner(y, v)), f"Value mismatch:\nx: {x}\ny: {y}"


def check_vjp(f: Callable, x: Any) -> None:
    """Raise AssertionError unless reverse mode agrees with finite differences in a random direction."""
    vjp, y = make_vjp(f)(x)
    v, u = vspace(x).randn(), vspace(y).randn()
    assert vspace(vjp(u)) == vspace(x), "VSpace mismatch between the argument and its gradient"
    exact, numeric = vspace(x).inner_prod(v, vjp(u)), vspace(y).inner_prod(u, _numerical_jvp(f, x, v))
    assert scalar_close(numeric, exact), (
        f"Derivative (VJP) check of {_name(f)} failed with arg {x}:\nanalytic: {exact}\nnumeric:  {numeric}"
    )


def check_jvp(f: Callable, x: Any) -> None:
    """Raise AssertionError unless forward mode agrees with finite differences in a random direction."""
    v = vspace(x).randn()
    check_equivalent(make_jvp(f)(x)(v)[1], _numerical_jvp(f, x, v))


def _name(f: Callable) -> str:
    return getattr(f, "__name__", "[unknown name]")


def check_grads(
    f: Callable, argnum: int | Sequence[int] | None = None, modes: Sequence[str] = ("fwd", "rev"), order: int = 2
) -> Callable:
    """The function that checks the derivatives of `f` up to `order` at its arguments, by `argnum` or by all of them."""

    def check(*args: Any, **kwargs: Any) -> None:
        chosen = argnum if argnum is not None else tuple(range(len(args))) if len(args) > 1 else 0

        def of_one(x: Any) -> Any:
            filled = list(args)
            for i, value in [(chosen, x)] if isinstance(chosen, int) else zip(chosen, x, strict=True):
                filled[i] = value
            return f(*filled, **kwargs)

        of_one.__name__ = _name(f)
        _check(of_one, args[chosen] if isinstance(chosen, int) else tuple(args[i] for i in chosen), modes, order)

    return check


def _check(f: Callable, x: Any, modes: Sequence[str], order: int) -> None:
    again = []
    if "fwd" in modes:
        check_jvp(f, x)
        again.append((f"jvp_{_name(f)}", lambda x, v: make_jvp(f)(x)(v)[1], vspace(x).randn()))
    if "rev" in modes:
        check_vjp(f, x)
        again.append((f"vjp_{_name(f)}", lambda x, v: make_vjp(f)(x)[0](v), vspace(f(x)).randn()))
    for name, derivative, v in again if order > 1 else ():
        derivative.__name__ = name
        check_grads(derivative, (0, 1), modes, order - 1)(x, v)
