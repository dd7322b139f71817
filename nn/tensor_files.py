"""Tensors and plain values in a file with a digest: .safetensors, or .npz where that package is missing."""

from __future__ import annotations

import hashlib
import io
import json
import pickle
import zipfile
import zlib
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from tokenize import TokenError
from typing import Any, BinaryIO

import numpy as np

from autograd import Tensor, as_tensor
from autograd.errors import require
from autograd.files import checked_array, replacing

SAFETENSORS, NPZ = ".safetensors", ".npz"
JSON = "chainrule.json"  # the name of what is no array: of an entry in the header of safetensors, of a member of .npz
Arrays = dict[str, np.ndarray]


class CheckpointError(ValueError):
    """A file is not a checkpoint, is damaged, or is the checkpoint of something else."""


def complete(path: str | Path) -> Path:
    """The path with the suffix of the format: that of the file that exists, or else of the one to be written.

    Raises CheckpointError for a path with another suffix.
    """
    path = Path(path)
    if path.suffix in (SAFETENSORS, NPZ):
        return path
    if path.suffix:
        hint = "; pickles, which earlier versions wrote, are not read: train again"
        raise CheckpointError(f"{path} is not a {SAFETENSORS} or {NPZ} file{hint * (path.suffix in ('.ckpt', '.pkl'))}")
    preferred = [SAFETENSORS, NPZ] if find_spec("safetensors") else [NPZ, SAFETENSORS]
    paths = [path.with_name(path.name + suffix) for suffix in preferred]
    return next((path for path in paths if path.exists()), paths[0])


def write(path: Path, value: Mapping[str, Any]) -> None:
    """Write a nest of dicts, lists and tuples of tensors, arrays, numbers and strings in place of what was there.

    Arrays are called what their places in the nest are, and those of `value["model"]` by their own names, by which
    other programs ask for them. Raises TypeError, with the place, for anything else.
    """
    arrays: Arrays = {}
    packed = _pack(value, "", arrays, {})
    text = json.dumps({"sha256": _digest(packed, arrays), "value": packed})
    if path.suffix == SAFETENSORS:
        data = require("safetensors.numpy", "safetensors").save(arrays, {JSON: text})
        with replacing(path) as file:
            file.write(data)
    else:
        with replacing(path) as file:
            _write_npz(file, arrays, text)


def read(path: Path) -> Any:
    """What `write` wrote. The file may come from anyone: nothing in it is run, and no size in it is believed.

    Raises CheckpointError where the file was not written by `write`, or has changed since in any bit that counts.
    """
    try:
        arrays, text = _read_safetensors(path) if path.suffix == SAFETENSORS else _read_npz(path)
        content = json.loads(text)
        if content["sha256"] != _digest(content["value"], arrays):
            raise ValueError("its digest does not match its content")
        return _unpack(content["value"], arrays)
    except (ArithmeticError, LookupError, MemoryError, RuntimeError, TypeError, ValueError) as error:
        raise CheckpointError(
            f"{path} is damaged, or it is not a checkpoint of this program: {error!r:.200}"
        ) from error


def _digest(packed: Any, arrays: Arrays) -> str:
    digest = hashlib.sha256(json.dumps(packed).encode())
    for name in sorted(arrays):
        array = np.asarray(arrays[name], order="C")
        digest.update(f"\n{name} {array.dtype.str} {array.shape}\n".encode())
        digest.update(array.reshape(-1).view("u1").data)
    return digest.hexdigest()


# The two formats ------------------------------------------------------------------------------------------------------


def _read_safetensors(path: Path) -> tuple[Arrays, str | bytes]:
    safetensors = require("safetensors", "safetensors")
    with open(path, "rb"):  # its absence is a FileNotFoundError
        pass
    try:
        with safetensors.safe_open(path, framework="np") as file:
            return {name: file.get_tensor(name) for name in file.keys()}, file.metadata()[JSON]  # noqa: SIM118
    except safetensors.SafetensorError as error:
        raise ValueError(str(error)) from error


def _write_npz(file: BinaryIO, arrays: Arrays, text: str) -> None:
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(zipfile.ZipInfo(JSON), text)  # without the date of today: equal values give equal files
        for name, array in arrays.items():
            with archive.open(zipfile.ZipInfo(f"{name}.npy"), "w", force_zip64=True) as member:
                np.lib.format.write_array(member, array, allow_pickle=False)


def _read_npz(path: Path) -> tuple[Arrays, str | bytes]:
    arrays, text = {}, b""
    try:
        with zipfile.ZipFile(path) as archive:
            if sum(max(one.file_size, one.compress_size) for one in archive.infolist()) > path.stat().st_size:
                raise ValueError("its members are larger than the file")
            for member in archive.infolist():
                data = archive.read(member)
                if member.filename == JSON:
                    text = data
                else:
                    arrays[member.filename.removesuffix(".npy")] = _read_npy(data)
    except FileNotFoundError:
        raise
    except (zipfile.BadZipFile, zlib.error, TokenError, EOFError, OSError, pickle.UnpicklingError) as error:
        raise ValueError(str(error)) from error  # OSError: a place before the beginning of the file
    return arrays, text


def _read_npy(data: bytes) -> np.ndarray:
    """`np.lib.format.read_array`, which would make an array of any size that the header asks for."""
    file = io.BytesIO(data)
    if np.lib.format.read_magic(file) != (1, 0):
        raise ValueError("its arrays are stored in another version of the .npy format")
    shape, fortran, dtype = np.lib.format.read_array_header_1_0(file)
    return checked_array(bytearray(memoryview(data)[file.tell() :]), dtype, shape, "F" if fortran else "C")


# Nests as JSON, in which {"$": [kind, content]} stands for what JSON does not have ------------------------------------


def _pack(value: Any, place: str, arrays: Arrays, seen: dict[Any, str]) -> Any:
    """JSON of a value; its arrays are added to `arrays` by their place, those that share memory once."""
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, (Tensor, np.ndarray, np.generic)):
        kind = "tensor" if isinstance(value, Tensor) else "array" if isinstance(value, np.ndarray) else "scalar"
        array = np.asarray(value.array if isinstance(value, Tensor) else value)
        if array.dtype.kind not in "biuf" or array.itemsize > 8:
            raise TypeError(f"{place} has the dtype {array.dtype}, which a checkpoint cannot hold")
        name, memory = place.removeprefix("model/"), (array.ctypes.data, array.shape, array.strides, array.dtype)
        name = seen.setdefault(memory, name) if kind == "tensor" and array.size else name
        arrays[name] = np.asarray(array, array.dtype.newbyteorder("="), order="C")
        return {"$": [kind, name]}
    if isinstance(value, (list, tuple)):
        items = [_pack(item, f"{place}/{i}", arrays, seen) for i, item in enumerate(value)]
        return items if isinstance(value, list) else {"$": ["tuple", items]}
    if isinstance(value, Mapping):
        packed = [(key, _pack(item, f"{place}/{key}".strip("/"), arrays, seen)) for key, item in value.items()]
        if "$" not in value and all(isinstance(key, str) for key in value):
            return dict(packed)
        return {"$": ["dict", [[_pack(key, f"a key of {place}", arrays, seen), item] for key, item in packed]]}
    raise TypeError(
        f"{place or 'the value'} is of type {type(value).__name__}: a checkpoint holds numbers, strings, tensors and "
        "arrays, and dicts, lists and tuples of them"
    )


def _unpack(value: Any, arrays: Arrays) -> Any:
    if isinstance(value, list):
        return [_unpack(item, arrays) for item in value]
    if not isinstance(value, dict):
        return value
    if "$" not in value:
        return {key: _unpack(item, arrays) for key, item in value.items()}
    kind, content = value["$"]
    if kind == "tuple":
        return tuple(_unpack(content, arrays))
    if kind == "dict":
        return dict(_unpack(content, arrays))
    array = arrays[content]
    return {"tensor": as_tensor(array), "array": array, "scalar": array[()]}[kind]
