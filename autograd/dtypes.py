"""Dtypes, sizes and the only device, under PyTorch's names."""

from __future__ import annotations

import builtins
import math
import reprlib
from functools import cache
from operator import index
from typing import Any

import numpy as np

from autograd.errors import ShapeError

__all__ = ["Size", "bfloat16", "bool", "cdouble", "cfloat", "complex64", "complex128", "device", "double", "float"]
__all__ += ["dtype", "float16", "float32", "float64", "half", "int", "int8", "int16", "int32", "int64", "long", "short"]
__all__ += ["uint8", "uint16", "uint32", "uint64"]


class dtype:
    """The type of a tensor's elements: one of NumPy's, to which it is equal, with PyTorch's attributes besides.

    NumPy takes it wherever it takes one of its own. There is one object of this class for each of NumPy's, which
    `dtype(what)` finds: "float32", np.float32, np.dtype("float32").
    """

    __slots__ = ("dtype", "itemsize", "kind")
    dtype: np.dtype  # by this name NumPy looks for it
    itemsize: builtins.int
    kind: str

    def __new__(cls, named: Any) -> Any:
        """The dtype of this name; TypeError where NumPy knows none."""
        return dtype_of(np.dtype(named))

    is_floating_point = property(lambda self: self.kind == "f", doc="Whether it has real numbers.")
    is_complex = property(lambda self: self.kind == "c", doc="Whether it has complex numbers.")
    is_signed = property(lambda self: self.kind in "ifc", doc="Whether it has negative numbers.")

    def to_real(self) -> Any:
        """The dtype of the real part."""
        return dtype(np.empty(0, self).real.dtype)

    def to_complex(self) -> Any:
        """The dtype of complex numbers of this precision, complex64 for float16, too."""
        return dtype(np.result_type(self, np.complex64))

    def __getattr__(self, name: str) -> Any:
        return getattr(self.dtype, name)

    def __eq__(self, other: object) -> Any:
        return self is other or (
            other is not None and self.dtype == (other.dtype if isinstance(other, dtype) else other)
        )

    def __hash__(self) -> Any:
        return hash(self.dtype)

    def __reduce__(self) -> str:
        return self.dtype.name  # of this module

    def __repr__(self) -> str:
        return PREFIX + self.dtype.name


PREFIX = ""  # of the names of dtypes in text: "torch." in a program that `import torch` gives this library


@cache
def dtype_of(found: np.dtype) -> dtype:
    """The one object for a dtype of NumPy's."""
    new = object.__new__(dtype)
    new.dtype, new.itemsize, new.kind = found, found.itemsize, found.kind
    return new


float64 = double = dtype(np.float64)
float32 = float = dtype(np.float32)
bfloat16 = float32  # NumPy has none: its range is that of float32, which has more digits
float16 = half = dtype(np.float16)
complex64 = cfloat = dtype(np.complex64)
complex128 = cdouble = dtype(np.complex128)
int64 = long = dtype(np.int64)
int32 = int = dtype(np.int32)
int16 = short = dtype(np.int16)
int8 = dtype(np.int8)
uint8 = dtype(np.uint8)
uint16, uint32, uint64 = dtype(np.uint16), dtype(np.uint32), dtype(np.uint64)
bool = dtype(np.bool_)
# torch's older names of the dtypes: the types of tensors.
TENSOR_TYPES = {"HalfTensor": float16, "FloatTensor": float32, "DoubleTensor": float64, "LongTensor": int64}
TENSOR_TYPES |= {"IntTensor": int32, "ShortTensor": int16, "CharTensor": int8, "ByteTensor": uint8, "BoolTensor": bool}


def whole_numbers(values: Any) -> tuple[builtins.int, ...]:
    """Sizes or dims as Python's ints."""
    try:
        return tuple([index(n) for n in values])
    except TypeError:
        raise TypeError(f"sizes and dims are whole numbers, got {reprlib.repr(values)}") from None


def sizes(args: Any, size: Any = None) -> tuple[builtins.int, ...]:
    """A shape given as numbers, as one sequence of them, or as `size`."""
    if size is not None:
        args = (size,)
    if len(args) == 1 and isinstance(args[0], (tuple, list)):
        args = args[0]
    shape = whole_numbers(args)
    if shape and min(shape) < 0:
        raise ShapeError(f"a size cannot be negative: {shape}")
    return shape


class Size(tuple):
    """The shape of a tensor: a tuple of ints that knows its product, as do parts of it and what is joined to it."""

    __slots__ = ()

    def __getitem__(self, index: Any) -> Any:
        found = tuple.__getitem__(self, index)
        return Size(found) if type(index) is slice else found

    def __add__(self, other: Any) -> Any:
        found = tuple.__add__(self, other)
        return found if found is NotImplemented else Size(found)

    def __radd__(self, other: Any) -> Any:
        return Size(other + tuple(self)) if isinstance(other, tuple) else NotImplemented

    def __mul__(self, count: Any) -> Any:
        return Size(tuple.__mul__(self, count))

    __rmul__ = __mul__

    def numel(self) -> Any:
        """The number of elements."""
        return math.prod(self)

    def __repr__(self) -> str:
        return f"Size({list(self)})"

    __str__ = tuple.__repr__


DEVICES = "cpu cuda meta mkldnn mps mtia xla xpu".split()


class device:
    """The device of a tensor: the CPU. Others can be named and compared.

    As a context manager, "meta" is what tensors say within it; other devices have no effect.
    """

    current: Any = None  # what tensors say
    outside: list[Any] = []  # what they say outside each context that was entered

    def __init__(self, type: Any = "cpu", index: Any = None) -> None:
        kind, _, number = str(type).partition(":")
        if kind not in DEVICES:
            raise RuntimeError(_no_device(type))
        self.type = kind
        self.index = builtins.int(number) if number and kind != "cpu" else index

    def __enter__(self) -> device:
        device.outside.append(device.current)
        device.current = self if self.type == "meta" else device.current
        return self

    def __exit__(self, *_: object) -> None:
        device.current = device.outside.pop()

    def __eq__(self, other: object) -> Any:
        return str(other) == str(self)

    def __hash__(self) -> Any:
        return hash(str(self))

    def __str__(self) -> str:
        return self.type if self.index is None else f"{self.type}:{self.index}"

    def __repr__(self) -> str:
        return f"device(type={self.type!r}{'' if self.index is None else f', index={self.index}'})"


def checked_device(named: Any) -> None:
    """Raises RuntimeError for another device than the CPU; "meta" is the CPU, too: its tensors have their numbers."""
    if (found := device(named)).type not in ("cpu", "meta"):
        raise RuntimeError(_no_device(found))


def _no_device(name: Any) -> str:
    shown = repr(str(name)) if isinstance(name, (str, device, builtins.int)) else f"of type {type(name).__name__}"
    return f"there is no device {shown} here: chainrule computes on the CPU, device='cpu'"


CPU = device.current = device()


def plain(value: Any) -> Any:
    """An array as an ndarray, not as one of a subclass, in the byte order of this machine; all else stays as it is.

    Raises TypeError for a masked array, whose mask would be lost.
    """
    if not isinstance(value, np.ndarray) or (type(value) is np.ndarray and value.dtype.isnative):
        return value
    if hasattr(value, "mask"):
        raise TypeError("a masked array cannot become a tensor: fill it first, as in array.filled(0)")
    return np.asarray(value, value.dtype.newbyteorder("="))


_RANKS = {"b": 0, "u": 1, "i": 1, "f": 2, "c": 3}


def rank(kind: str) -> builtins.int:
    """The place of a dtype's kind: truth values come before whole numbers, floats, and complex numbers."""
    return _RANKS[kind]


def can_cast(from_: Any, to: Any) -> builtins.bool:
    """Whether numbers of one dtype are those of another, if not its precision, by the kinds of both."""
    return rank(from_.kind) <= rank(to.kind)


def wrapped(numbers: Any, dtype: Any) -> np.ndarray:
    """Python's whole numbers in an integer dtype: without a sign, it takes negative ones modulo its range, as in torch.

    RuntimeError for what does not fit then.
    """
    array, most = np.asarray(numbers), np.iinfo(dtype).max
    if array.size and not -most <= array.min() <= array.max() <= most:
        raise RuntimeError(f"{reprlib.repr(numbers)} is out of the range of {np.dtype(dtype)}")
    return array.astype(dtype)


class _Default:
    dtype: np.dtype = np.dtype(np.float32)


def default_dtype(dtype: Any = None) -> np.dtype:
    """The dtype of new tensors made from Python numbers; given one, it becomes that."""
    if dtype is not None:
        _Default.dtype = np.dtype(dtype)
    return _Default.dtype


def checked_dtype(dtype: Any) -> np.dtype:
    """A NumPy dtype of what names one (np.float32, "float32", float32, Python's float for the default dtype's kind)."""
    found = np.dtype(dtype)
    if found.kind not in "fiubc":
        raise TypeError(f"a tensor holds real, complex or whole numbers, or truth values, not {found}")
    return found.newbyteorder("=")
