"""Collation: how samples become a batch."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Mapping, MutableMapping, MutableSequence, Sequence
from typing import Any

import numpy as np

from autograd import Tensor, as_tensor, stack

np_str_obj_array_pattern = re.compile(r"[SaUO]")  # in the dtypes of arrays that are no tensors: readers of images ask


def _collate_arrays(batch: Sequence[Any], *, collate_fn_map: Any = None) -> Any:
    if batch[0].dtype.kind not in "fiubc":
        raise TypeError(f"default_collate cannot make tensors of arrays of {batch[0].dtype}: pass collate_fn")
    return as_tensor(np.ascontiguousarray(np.stack(batch)))


default_collate_fn_map: dict[Any, Callable] = {
    Tensor: lambda batch, *, collate_fn_map=None: stack(list(batch)),
    np.ndarray: _collate_arrays,
    np.generic: _collate_arrays,
    float: lambda batch, *, collate_fn_map=None: as_tensor(np.array(batch, dtype=np.float64)),
    int: lambda batch, *, collate_fn_map=None: as_tensor(np.array(batch)),
    str: lambda batch, *, collate_fn_map=None: batch,
    bytes: lambda batch, *, collate_fn_map=None: batch,
}


def collate(batch: Sequence[Any], *, collate_fn_map: Mapping[Any, Callable] | None = None) -> Any:
    """Samples joined into a batch: dicts and sequences part by part, the rest by the function for their type.

    Such a function is called with the samples, and with the keyword `collate_fn_map`.
    """
    first, functions = batch[0], collate_fn_map or {}
    function = functions.get(type(first)) or next((f for kind, f in functions.items() if isinstance(first, kind)), None)
    if function is not None:
        return function(batch, collate_fn_map=collate_fn_map)
    if isinstance(first, Mapping):
        keys = {key: [sample[key] for sample in batch] for key in first}
        return _like(first, {key: collate(part, collate_fn_map=collate_fn_map) for key, part in keys.items()})
    if isinstance(first, Sequence):
        if any(len(sample) != len(first) for sample in batch):
            raise RuntimeError(f"the samples of a batch differ in length: {sorted({len(sample) for sample in batch})}")
        return _like(first, [collate(part, collate_fn_map=collate_fn_map) for part in zip(*batch, strict=True)])
    raise TypeError(f"default_collate does not know how to join {type(first).__name__}: pass collate_fn")


def default_collate(batch: Sequence[Any]) -> Any:
    """Samples joined into a batch: tensors, arrays and numbers stacked, dicts and sequences joined part by part."""
    return collate(batch, collate_fn_map=default_collate_fn_map)


def default_convert(data: Any) -> Any:
    """Convert the arrays in a sample to tensors."""
    if isinstance(data, (np.ndarray, np.generic)) and data.dtype.kind in "fiubc":
        return as_tensor(data)
    if isinstance(data, Mapping):
        return _like(data, {key: default_convert(part) for key, part in data.items()})
    if isinstance(data, Sequence) and not isinstance(data, (str, bytes)):
        return _like(data, [default_convert(part) for part in data])
    return data


def _like(container: Any, parts: Any) -> Any:
    """The parts in a container of the same type: a dict where it cannot be made of them, and a list for a tuple."""
    if hasattr(container, "_fields"):
        return type(container)(*parts)
    if isinstance(container, tuple):
        return parts
    try:
        if not isinstance(container, (MutableMapping, MutableSequence)):
            return type(container)(parts)
        made: Any = copy.copy(container)
        for key, part in parts.items() if isinstance(container, Mapping) else enumerate(parts):
            made[key] = part
        return made
    except TypeError:
        return parts
