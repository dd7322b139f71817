"""`torch.autograd.forward_ad`: tensors with a tangent, that of a result is a product with the graph behind it."""

from __future__ import annotations

from typing import Any, NamedTuple

from autograd import creation
from autograd.base import current_node, wrap
from autograd.grad_mode import enable_grad, mode
from autograd.graph import newest_first, step_behind
from autograd.linearized import products
from autograd.tensor import Tensor, leaf

__all__ = ["UnpackedDualTensor", "dual_level", "enter_dual_level", "exit_dual_level", "make_dual", "unpack_dual"]


class UnpackedDualTensor(NamedTuple):
    """What `unpack_dual` gives: a tensor, and its tangent or None."""

    primal: Tensor
    tangent: Tensor | None


class dual_level:  # noqa: N801 - PyTorch's name
    """The context in which tensors have tangents; operations are recorded in it, except in a `no_grad` within."""

    current: dual_level | None = None

    def __enter__(self) -> int:
        if dual_level.current is not None:
            raise RuntimeError("a dual_level within another is not supported: func.jvp and func.jacfwd nest")
        self.duals: list[tuple[Tensor, Tensor]] = []
        self.leaves: set[Any] = set()
        dual_level.current, self.before, mode.grad = self, mode.grad, True
        return 0

    def __exit__(self, *_: object) -> None:
        dual_level.current, mode.grad = None, self.before


def enter_dual_level() -> int:
    """Enter a `dual_level`, whose number is returned."""
    return dual_level().__enter__()


def exit_dual_level(*, level: int | None = None) -> None:
    """Leave it again."""
    _current("exit_dual_level").__exit__()


def make_dual(tensor: Tensor, tangent: Tensor, *, level: int | None = None) -> Tensor:
    """The same elements with a tangent of their shape. Unlike PyTorch's, the result requires a gradient."""
    duals = _current("make_dual")
    if tensor.array.dtype.kind not in "fc":
        raise ValueError(f"a tensor with a tangent holds floating-point numbers, not {tensor.dtype}")
    if tensor.shape != tangent.shape:
        raise RuntimeError(f"a tangent of shape {tuple(tangent.shape)} does not fit a tensor of {tuple(tensor.shape)}")
    if (tensor.dtype, tensor.stride()) != (tangent.dtype, tangent.stride()):
        tangent = tangent.to(tensor.dtype, copy=True)
    if (before := current_node(tensor)) is None:
        duals.leaves.add(before := leaf(tensor.array))
    node = step_behind(before, tensor.array.shape, tensor.array.dtype)
    duals.duals.append((wrap(tensor.array, node), tangent))
    return wrap(tensor.array, node)


def unpack_dual(tensor: Tensor, *, level: int | None = None) -> UnpackedDualTensor:
    """The tensor without its tangent, and the tangent: J v for the tangents v of the duals that it was computed from.

    The tangent is None where there are none. It takes two walks (section 9 of docs/design.md).
    """
    duals, node = dual_level.current, current_node(tensor)
    nodes = newest_first([node]) if duals and node else []
    used = [(x, v) for x, v in duals.duals if x.node in nodes] if duals else []
    if not used:
        return UnpackedDualTensor(tensor, None)
    recorded = any(n.op is None and n not in duals.leaves for n in nodes) or any(v.requires_grad for _, v in used)  # type: ignore[union-attr]
    primal = tensor if recorded else tensor.detach()
    if node is used[0][0].node:
        return UnpackedDualTensor(primal, used[0][1])
    with enable_grad():
        u = creation.zeros_like(tensor, requires_grad=True)
        gs = products([tensor], [x for x, _ in used], [u], create_graph=True)
        (tangent,) = products(gs, [u], [v for _, v in used], create_graph=recorded, retain_graph=True)
    return UnpackedDualTensor(primal, tangent)


def _current(name: str) -> dual_level:
    if dual_level.current is None:
        raise RuntimeError(f"{name} is called within `with dual_level():`, or after enter_dual_level()")
    return dual_level.current
