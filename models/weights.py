"""Tensors in files of the format safetensors, mapped into memory: what is not read takes none."""

from __future__ import annotations

import json
import mmap
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from autograd.errors import require
from nn.checkpoint import CheckpointError

DTYPES = {"F32": "<f4", "F16": "<f2", "BF16": "<u2", "F64": "<f8"}


class Entry(NamedTuple):
    """Where a tensor lies: the bytes from `start` of the file on."""

    file: Path
    start: int
    dtype: str
    shape: tuple[int, ...]


def entries(files: Iterable[Path]) -> dict[str, Entry]:
    """The tensors of all files by their names. Raises CheckpointError for a file that is damaged."""
    safetensors = require("safetensors", "safetensors")
    found: dict[str, Entry] = {}
    for path in files:
        try:
            with safetensors.safe_open(path, framework="np"):  # which checks the header: sizes, and that none overlap
                pass
        except safetensors.SafetensorError as error:
            raise CheckpointError(f"{path} is damaged, or is not a file of this format: {error!s:.300}") from error
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            header = json.loads(file.read(length))
        header.pop("__metadata__", None)
        for name, entry in header.items():
            if name in found:
                raise CheckpointError(f"{name} is in both {found[name].file} and {path}")
            found[name] = Entry(path, 8 + length + entry["data_offsets"][0], entry["dtype"], tuple(entry["shape"]))
    return found


def read(name: str, entry: Entry) -> np.ndarray:
    """A tensor as an array of float32, which is the file itself (and written to in memory alone) where that is float32.

    Raises CheckpointError for a dtype that is no floating-point number of this machine, such as quantised weights.
    """
    if entry.dtype not in DTYPES:
        raise CheckpointError(
            f"{entry.file}: {name} has the dtype {entry.dtype}, but only {', '.join(DTYPES)} can be read: choose a "
            "model without quantisation"
        )
    dtype, size = np.dtype(DTYPES[entry.dtype]), int(np.prod(entry.shape, dtype=object))
    begin = entry.start // mmap.ALLOCATIONGRANULARITY * mmap.ALLOCATIONGRANULARITY
    with entry.file.open("rb") as file:
        end = entry.start + size * dtype.itemsize
        memory = mmap.mmap(file.fileno(), end - begin, access=mmap.ACCESS_COPY, offset=begin)
    array = np.frombuffer(memory, dtype, size, entry.start - begin).reshape(entry.shape)
    if entry.dtype == "BF16":  # the upper half of a float32
        return (array.astype(np.uint32) << 16).view(np.float32)
    return array if dtype == np.float32 and array.flags.aligned else array.astype(np.float32)
