"""What einops asks of a tensor: imported when both einops and autograd are, it makes itself known to einops."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import numpy as np

import autograd
from autograd.errors import require

_backends: Any = require("einops._backends", "einops")


class AutogradBackend(_backends.AbstractBackend):
    """What einops's own base class asks of a backend, for our tensors; einops finds it among the subclasses."""

    framework_name = "autograd"

    def is_appropriate_type(self, tensor: Any) -> bool:
        return isinstance(tensor, autograd.Tensor)

    def from_numpy(self, x: np.ndarray) -> Any:
        return autograd.from_numpy(x).requires_grad_(x.dtype.kind == "f")

    def to_numpy(self, x: Any) -> np.ndarray:
        return x.detach().numpy()

    def arange(self, start: int, stop: int) -> Any:
        return autograd.arange(start, stop)

    def transpose(self, x: Any, axes: Any) -> Any:
        return x.permute(axes)

    def reduce(self, x: Any, operation: str, axes: Any) -> Any:
        if operation in ("min", "max"):
            return getattr(x, f"a{operation}")(dim=axes)
        for axis in sorted(axes, reverse=True):
            x = getattr(x, operation)(dim=axis)
        return x

    def stack_on_zeroth_dimension(self, tensors: list) -> Any:
        return autograd.stack(tensors)

    def add_axes(self, x: Any, n_axes: int, pos2len: dict[int, int]) -> Any:
        repeats = [-1] * n_axes
        for position, length in pos2len.items():
            x, repeats[position] = self.add_axis(x, position), length
        return x.expand(*repeats)

    def tile(self, x: Any, repeats: Any) -> Any:
        return x.repeat(*repeats)

    def concat(self, tensors: list, axis: int) -> Any:
        return autograd.cat(tensors, dim=axis)

    def add_axis(self, x: Any, new_position: int) -> Any:
        return x.unsqueeze(new_position)

    def is_float_type(self, x: Any) -> bool:
        return x.is_floating_point()

    def layers(self) -> Any:
        return import_module("autograd.compat.einops_layers")

    def einsum(self, pattern: str, *x: Any) -> Any:
        return autograd.einsum(pattern, *x)
