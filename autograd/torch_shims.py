"""What programs written for PyTorch ask of it before they compute: GPUs, backends, and constructors by dtype."""

from __future__ import annotations

from typing import Any

from autograd import dtypes
from autograd.tensor import Tensor

__all__ = ["cuda", "backends", "FloatTensor", "DoubleTensor", "LongTensor", "BoolTensor", "numel", "is_floating_point"]


class _Absent:
    """A device or library that is not there: its flags (`allow_tf32`, `benchmark`) may be set, and change nothing."""

    def is_available(self) -> bool:
        """Never."""
        return False

    is_built = is_available


class _Cuda(_Absent):
    """`torch.cuda`: there is no GPU here."""

    def device_count(self) -> int:
        """None."""
        return 0

    def manual_seed_all(self, seed: int) -> None:
        """There is nothing to seed."""


class _Backends:
    """`torch.backends`: none of these is here."""

    def __init__(self) -> None:
        self.mps, self.cuda, self.cudnn = _Absent(), _Absent(), _Absent()
        self.cuda.matmul = _Absent()  # type: ignore[attr-defined]


cuda, backends = _Cuda(), _Backends()

FloatTensor = Tensor


def DoubleTensor(data: Any = (), *sizes: Any) -> Tensor:
    """A tensor of float64."""
    return Tensor(data, *sizes, dtype=dtypes.float64)


def LongTensor(data: Any = (), *sizes: Any) -> Tensor:
    """A tensor of int64."""
    return Tensor(data, *sizes, dtype=dtypes.int64)


def BoolTensor(data: Any = (), *sizes: Any) -> Tensor:
    """A tensor of truth values."""
    return Tensor(data, *sizes, dtype=dtypes.bool)


def numel(input: Tensor) -> int:
    """How many elements a tensor has."""
    return input.array.size


def is_floating_point(input: Tensor) -> bool:
    """Whether a tensor holds floats."""
    return input.array.dtype.kind == "f"
