"""Reader of IDX files, the format of MNIST, plain or gzipped."""

import gzip
import math
import struct
import zlib
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

MNIST = Path(__file__).parent / "mnist"

# An IDX file is two zero bytes, a type code, the number of dimensions, each dimension in four bytes, then the elements.
# Everything is big-endian.
DTYPES = {0x08: "u1", 0x09: "i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}

# Gzip packs zeros a thousand times smaller: what a file claims to hold is read up to these limits.
LIMIT = 1 << 28  # bytes, from a file of any size (MNIST's training images take 47 MB)
EXPANSION = 10  # times the size of a larger file
PIECE = 1 << 20  # bytes that are read at once


class Mnist(NamedTuple):
    """Images are uint8 (N, 28, 28), 0 for paper and 255 for ink; labels are uint8 (N,), 0 to 9."""

    train_images: NDArray[np.uint8]
    train_labels: NDArray[np.uint8]
    test_images: NDArray[np.uint8]
    test_labels: NDArray[np.uint8]


def read_idx(path: str | Path) -> NDArray[Any]:
    """The array in an IDX file, in native byte order.

    Raises FileNotFoundError, or ValueError that says what is wrong with the file.
    """
    with open(path, "rb") as plain:
        packed = plain.read(2) == b"\x1f\x8b"
        size = plain.seek(0, 2)
        plain.seek(0)
        try:
            return _read(path, size, gzip.GzipFile(fileobj=plain) if packed else plain)
        except (EOFError, OSError, zlib.error) as error:
            raise ValueError(f"{path}: the gzip file is damaged or cut short: {error}") from error


def _read(path: str | Path, file_size: int, file: Any) -> NDArray[Any]:
    magic = file.read(4)
    if len(magic) < 4:
        raise ValueError(
            f"{path}: an IDX file begins with a magic number of 4 bytes, but this one has {len(magic)} bytes"
        )
    zeros, code, ndim = struct.unpack(">HBB", magic)
    if zeros != 0 or code not in DTYPES:
        known = ", ".join(f"0x{c:02x}" for c in DTYPES)
        expected = f"expected two zero bytes and a type code ({known})"
        raise ValueError(f"{path}: not an IDX file: its magic number is 0x{magic.hex()}, {expected}")
    sizes = file.read(4 * ndim)
    start = 4 + 4 * ndim
    if len(sizes) < 4 * ndim:
        raise ValueError(f"{path}: {ndim} dimensions need a header of {start} bytes, but the file has {4 + len(sizes)}")
    if ndim > 64:
        raise ValueError(f"{path}: no array has {ndim} dimensions")
    shape = struct.unpack(f">{ndim}I", sizes)
    dtype = np.dtype(DTYPES[code])
    length = math.prod(shape) * dtype.itemsize
    takes = f"{dtype.name} of shape {shape} takes {start + length} bytes"
    limit = max(LIMIT, EXPANSION * file_size)
    if isinstance(file, gzip.GzipFile) and length > limit:
        raise ValueError(
            f"{path}: {takes}, which is too much for a gzip file of {file_size} bytes: the limit is {limit}. "
            "If it is what you want to read, unpack it first: gunzip"
        )
    data = bytearray()
    while len(data) <= length and (piece := file.read(min(length + 1 - len(data), PIECE))):
        data += piece
    if len(data) < length:
        raise ValueError(f"{path} is truncated: {takes}, found {start + len(data)}")
    if len(data) > length:
        raise ValueError(f"{path} has bytes after its end: {takes}, found at least {start + len(data)}")
    try:
        array = np.frombuffer(data, dtype).reshape(shape)
    except ValueError as error:  # more dimensions, or larger ones, than NumPy has
        raise ValueError(f"{path}: no array can have its shape {shape}: {error}") from error
    return array.astype(dtype.newbyteorder("="), copy=False)


def load_mnist(folder: str | Path = MNIST) -> Mnist:
    """The four arrays of MNIST, or of a data set in the same form, such as Fashion-MNIST.

    Raises FileNotFoundError if a file is missing, ValueError if one is damaged or does not fit the others.
    """
    train = _load_split(Path(folder), "train")
    test = _load_split(Path(folder), "t10k")
    return Mnist(*train, *test)


def _load_split(folder: Path, name: str) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    images_path = _find(folder, f"{name}-images-idx3-ubyte")
    labels_path = _find(folder, f"{name}-labels-idx1-ubyte")
    images, labels = read_idx(images_path), read_idx(labels_path)
    for path, array, rest in ((images_path, images, (28, 28)), (labels_path, labels, ())):
        if array.dtype != np.uint8 or array.shape[1:] != rest or array.ndim != len(rest) + 1:
            expected = ", ".join(map(str, ("N", *rest)))
            raise ValueError(
                f"{path}: expected uint8 of shape ({expected}), found {array.dtype} of shape {array.shape}"
            )
    if len(images) != len(labels):
        raise ValueError(f"{len(images)} images in {images_path}, but {len(labels)} labels in {labels_path}")
    if (labels > 9).any():
        at = int(np.argmax(labels > 9))
        raise ValueError(f"{labels_path}: labels are 0 to 9, but label {at} is {labels[at]}")
    return images, labels


def _find(folder: Path, name: str) -> Path:
    for path in (folder / f"{name}.gz", folder / name):
        if path.exists():
            return path
    raise FileNotFoundError(f"{folder} has neither {name}.gz nor {name}")
