"""Tensors to and from files."""

from __future__ import annotations

import math
import os
import pickle
import re
import sys
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from importlib import import_module
from typing import Any, BinaryIO

import numpy as np

from autograd import dtypes
from autograd.tensor import Tensor, _rebuild
from autograd.unpickle import Interpreter, fail


def save(
    obj: Any, f: Any, pickle_module: Any = pickle, pickle_protocol: int = 5, _use_new_zipfile_serialization: bool = True
) -> None:
    """Write anything that can be pickled (tensors, a state_dict) to a path or to an open binary file.

    A file that is there is replaced whole (see `replacing`), so that it is never half written.
    """
    if hasattr(f, "write"):
        pickle_module.dump(obj, f, protocol=pickle_protocol)
        return
    with replacing(f) as file:
        pickle_module.dump(obj, file, protocol=pickle_protocol)


@contextmanager
def replacing(path: Any) -> Iterator[BinaryIO]:
    """A context with a new file that takes the place of `path` at its end. Whatever happens, the old file or the new
    one is there, whole.

    The new one lies beside it under a unique name until it is on the disk. Where it cannot be written it is removed,
    and an OSError names `path`.
    """
    target = os.path.realpath(path)  # a link stays a link
    if os.path.exists(target) and not os.path.isfile(target):  # such as /dev/null: there is nothing to be replaced
        with open(target, "wb") as file:
            yield file
        return
    folder = os.path.dirname(target)
    draft = os.path.join(folder, f".{os.urandom(8).hex()}.part")
    try:
        try:
            with open(draft, "xb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            os.replace(draft, target)
        except BaseException:
            with suppress(OSError):
                os.unlink(draft)
            raise
        if os.name == "posix":  # elsewhere a folder cannot be opened
            descriptor = os.open(folder, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
    except OSError as error:
        error.filename = os.fspath(path)
        raise


def load(
    f: Any, map_location: Any = None, pickle_module: Any = None, *, weights_only: bool | None = None,
    mmap: bool | None = None, **pickle_load_args: Any,
) -> Any:  # fmt: skip
    """Read what `save` wrote, from a path or an open binary file.

    A pickle may run any code. With weights_only, the default unless there is a pickle_module, it cannot: tensors,
    arrays (of numbers, truth values or text), numbers, strings and containers are read, and nothing else but objects of
    the classes in SAFE, which are made by their own methods (`torch.serialization.add_safe_globals` adds to them). The
    file may come from anyone: whatever is in it, reading takes time and memory in proportion to its size. Keys of dicts
    and elements of sets are strings, numbers and the like, or tuples of at most 16 of these.

    All tensors are on the CPU, whatever a function or a dict for `map_location` says; `mmap` has no effect.

    Raises pickle.UnpicklingError, with the reason, where the file is damaged or holds something else.
    """
    if isinstance(map_location, Mapping):
        map_location = map_location.get("cpu")
    if map_location is not None and not callable(map_location):
        dtypes.checked_device(map_location)
    weights_only = pickle_module is None if weights_only is None else weights_only
    if not hasattr(f, "read"):
        with open(f, "rb") as file:
            try:
                return load(file, None, pickle_module, weights_only=weights_only, **pickle_load_args)
            except pickle.UnpicklingError as error:
                raise pickle.UnpicklingError(f"{f}: {error}") from error
    return _Weights(f).load() if weights_only else (pickle_module or pickle).load(f, **pickle_load_args)


SAFE: dict[tuple[str, str], Any] = {}  # by module and name: what else files of weights may name, make and call


class _Weights(Interpreter):
    """The classes and functions that the pickles of weights name, and what is done in their place."""

    def find(self, module: str, name: str) -> Any:
        if (module, name) in SAFE:
            return SAFE[module, name]
        module = module.replace("numpy.core.", "numpy._core.")  # as NumPy 1 wrote it
        if name not in NAMES.get(module, ()):
            fail(
                f"the file holds a {module:.100}.{name:.100}, which is not a weight. load(path, weights_only=False) "
                "reads it, but then the file can run any code: use it only if you trust the source"
            )
        return getattr(import_module(module), name)

    def call(self, function: Any, args: tuple) -> Any:
        if function in SAFE.values():
            return function(*args)
        return CALLS[function.__name__](self, *args)

    def new(self, kind: type, args: tuple) -> Any:
        if kind not in SAFE.values():
            fail(f"the file makes an object of type {kind.__name__}, which is not a weight")
        return kind.__new__(kind, *args)

    def set_state(self, value: Any, state: Any) -> Any:
        if isinstance(value, np.dtype):
            return np.dtype(value.newbyteorder(state[1]).str)
        if type(value) in SAFE.values() and isinstance(state, dict):
            value.__setstate__(state) if hasattr(value, "__setstate__") else value.__dict__.update(state)
            return value
        if type(value) is OrderedDict and isinstance(state, dict) and list(state) == ["_metadata"]:  # a state_dict
            value.__dict__.update(state)
            return value
        if type(value) is not np.ndarray:
            fail(f"the file sets attributes of an object of type {type(value).__name__}, which is not a weight")
        _, shape, dtype, in_columns, data = state
        return checked_array(bytearray(self.once(data)), dtype, shape, "F" if in_columns else "C")


def _dtype(reader: Interpreter, name: str, *_: Any) -> np.dtype:
    if not re.fullmatch(r"[biufc]\d{1,2}|[US]\d{1,9}", name):
        fail(
            f"the file holds the dtype {name:.100}, but only those of numbers, truth values and text are read. "
            "load(path, weights_only=False) reads others: use it only if you trust the source of the file"
        )
    return np.dtype(name, copy=True)  # a new object, since `set_state` replaces it wherever the file refers to it


def checked_array(data: Any, dtype: Any, shape: Any, order: str, axes: Any = None) -> np.ndarray:
    """An array of the elements in `data`, if there are as many as the shape says and all are valid."""
    if not (isinstance(data, (bytes, bytearray)) and isinstance(dtype, np.dtype) and type(shape) is tuple):
        fail("the file has an array without elements, dtype or shape")
    if len(shape) > 64 or not all(type(n) is int and 0 <= n < 2**63 for n in shape):
        fail("the file has an array of an impossible shape")
    if dtype.hasobject or not dtype.itemsize or math.prod(shape) * dtype.itemsize != len(data):
        fail(f"the file has {len(data)} bytes for an array of shape {shape} and dtype {dtype}")
    if data and dtype.kind in "bU":
        code, largest = ("u1", 1) if dtype.kind == "b" else (f"{dtype.str[0]}u4", sys.maxunicode)
        if np.frombuffer(data, code).max() > largest:
            fail(f"the file has an array of dtype {dtype} with an element that is not valid in this dtype")
    array = np.ndarray(shape, dtype, data, order="F" if order == "F" else "C")
    return array if axes is None else array.transpose(axes)


def _tensor(reader: Interpreter, kind: Any, array: Any, requires_grad: Any, attributes: Any) -> Tensor:
    if not (isinstance(kind, type) and issubclass(kind, Tensor) and type(array) is np.ndarray):
        fail("the file has a tensor that is not made of an array")
    dtypes.checked_dtype(array.dtype)
    return _rebuild(kind, array, requires_grad, reader.once(attributes))


NAMES: dict[str, Sequence[str]] = {
    "autograd.dtypes": [name for name, value in vars(dtypes).items() if isinstance(value, dtypes.dtype)],
    "autograd.tensor": ("Tensor", "_rebuild"),
    "nn.parameter": ("Parameter",),
    "collections": ("OrderedDict",),
    "builtins": ("complex", "set", "frozenset", "slice", "range", "bytearray"),
    "numpy": ("ndarray", "dtype"),
    "numpy._core.multiarray": ("scalar", "_reconstruct"),
    "numpy._core.numeric": ("_frombuffer",),
}
CALLS: dict[str, Callable[..., Any]] = {
    "OrderedDict": lambda reader: OrderedDict(),
    "bytearray": lambda reader, data=b"": bytearray(reader.once(data)),
    "complex": lambda reader, real, imag: complex(real, imag),
    "dtype": _dtype,
    "frozenset": lambda reader, items: frozenset(reader.new_set(reader.once(items))),
    "range": lambda reader, *args: range(*args),
    "scalar": lambda reader, dtype, data: checked_array(reader.once(data), dtype, (), "C")[()],
    "set": lambda reader, items: reader.new_set(reader.once(items)),
    "slice": lambda reader, *args: slice(*args),
    "_frombuffer": lambda reader, *args: checked_array(*args),
    "_rebuild": _tensor,
    "_reconstruct": lambda reader, kind, shape, code: np.empty(0),  # `set_state` puts an array in its place
}
