"""The IDX reader gives back what was written, and names the fault of a file that is damaged."""

import gzip
import hashlib
import struct
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import hypothesis.extra.numpy as hnp
import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import example, given

from demos.data.idx import DTYPES, MNIST, load_mnist, read_idx

MD5 = {
    "train-images-idx3-ubyte.gz": "6bbc9ace898e44ae57da46a324031adb",
    "train-labels-idx1-ubyte.gz": "a25bea736e30d166cdddb491f175f624",
    "t10k-images-idx3-ubyte.gz": "2646ac647ad5339dbf082846283269ea",
    "t10k-labels-idx1-ubyte.gz": "27ae3e4e09519cfbb04c329615203637",
}
CODES = {np.dtype(name): code for code, name in DTYPES.items()}

arrays = hnp.arrays(
    st.sampled_from(sorted(CODES, key=str)), hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=5)
)


def idx_bytes(array: np.ndarray) -> bytes:
    header = struct.pack(">HBB", 0, CODES[array.dtype], array.ndim) + struct.pack(f">{array.ndim}I", *array.shape)
    return header + array.tobytes()


def write_mnist(folder: Path, images: np.ndarray, labels: np.ndarray) -> None:
    for name in ("train", "t10k"):
        (folder / f"{name}-images-idx3-ubyte").write_bytes(idx_bytes(images))
        (folder / f"{name}-labels-idx1-ubyte").write_bytes(idx_bytes(labels))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("idx")


@given(array=arrays, packed=st.booleans())
def test_what_was_written_is_read(folder, array, packed):
    path = folder / "file"
    path.write_bytes(gzip.compress(idx_bytes(array)) if packed else idx_bytes(array))
    found = read_idx(path)
    assert found.dtype == array.dtype.newbyteorder("=") and found.dtype.isnative
    np.testing.assert_array_equal(found, array)


@given(array=arrays, data=st.data())
def test_a_file_cut_anywhere_or_with_a_tail_is_an_error(folder, array, data):
    path, whole = folder / "file", idx_bytes(array)
    cut = data.draw(st.integers(0, len(whole) - 1))
    for wrong in (whole[:cut], whole + b"\0"):
        path.write_bytes(wrong)
        with pytest.raises(ValueError, match=rf"file.*\b{len(wrong)}\b"):
            read_idx(path)


@given(st.sampled_from(sorted(DTYPES)), st.integers(0, 255), st.binary(max_size=40))
@example(0x08, 100, bytes(400))
@example(0x08, 4, b"\xff" * 12 + bytes(4))
def test_any_header_gives_an_array_or_an_error_that_names_the_file(folder, code, ndim, rest):
    path = folder / "file"
    path.write_bytes(bytes([0, 0, code, ndim]) + rest)
    try:
        assert read_idx(path).ndim == ndim
    except ValueError as error:
        assert str(path) in str(error)


@given(cut=st.floats(0, 1, exclude_max=True))
def test_a_gzip_file_cut_anywhere_is_an_error(folder, cut):
    path, whole = folder / "file", gzip.compress(idx_bytes(np.arange(100, dtype="u1")))
    path.write_bytes(whole[: max(2, int(cut * len(whole)))])
    with pytest.raises(ValueError, match="file: the gzip file is damaged"):
        read_idx(path)


def peak_of(act: Callable[[], object]) -> int:
    """The most bytes of memory at a time while `act` runs."""
    tracemalloc.start()
    try:
        act()
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    return peak


@pytest.mark.parametrize("claimed", [(1 << 16, 1 << 16), (1 << 28, 2), (100,)])
def test_a_gzip_file_much_smaller_than_its_array_is_an_error_that_takes_little_memory(tmp_path, claimed):
    """The last one claims less than it holds."""
    header = struct.pack(f">HBB{len(claimed)}I", 0, 8, len(claimed), *claimed)
    (tmp_path / "file").write_bytes(gzip.compress(header + bytes(20_000_000)))

    def read() -> None:
        with pytest.raises(ValueError, match="too much for a gzip file of .* limit is 268435456.*gunzip|after its end"):
            read_idx(tmp_path / "file")

    assert peak_of(read) < 2_000_000


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_reading_takes_little_more_than_the_array(tmp_path, pack):
    array = np.random.default_rng(0).integers(0, 255, 10_000_000, dtype="u1")
    (tmp_path / "file").write_bytes(pack(idx_bytes(array)))
    assert peak_of(lambda: read_idx(tmp_path / "file")) < 1.5 * array.nbytes


@pytest.mark.parametrize("magic", [b"\x89PNG", b"\0\0\x07\x01", b"\0\x01\x08\x01"])
def test_another_magic_number_is_an_error_that_shows_it(tmp_path, magic):
    (tmp_path / "file").write_bytes(magic + bytes(8))
    with pytest.raises(ValueError, match="file: not an IDX file: its magic number is 0x" + magic.hex()):
        read_idx(tmp_path / "file")


def test_a_changed_byte_in_a_gzip_file_is_an_error(tmp_path):
    packed = bytearray(gzip.compress(idx_bytes(np.arange(100, dtype="u1"))))
    packed[-6] ^= 1  # in the checksum
    (tmp_path / "file").write_bytes(packed)
    with pytest.raises(ValueError, match="damaged"):
        read_idx(tmp_path / "file")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere"):
        read_idx(tmp_path / "nowhere")
    with pytest.raises(FileNotFoundError, match="train-images-idx3-ubyte"):
        load_mnist(tmp_path)


@pytest.mark.parametrize("name", MD5)
def test_the_shipped_files_are_the_original_ones(name):
    assert hashlib.md5(gzip.decompress((MNIST / name).read_bytes())).hexdigest() == MD5[name]


def test_mnist_loads():
    mnist = load_mnist()
    assert mnist.train_images.shape == (60_000, 28, 28) and mnist.test_images.shape == (10_000, 28, 28)
    assert mnist.train_labels[:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]  # as drawn in every book about it
    assert mnist.test_labels[:10].tolist() == [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]
    assert all(array.dtype == np.uint8 for array in mnist)


def test_a_data_set_of_the_same_form_loads_unpacked(tmp_path):
    images, labels = np.arange(2 * 784, dtype="u1").reshape(2, 28, 28), np.array([3, 9], "u1")
    write_mnist(tmp_path, images, labels)
    found = load_mnist(tmp_path)
    np.testing.assert_array_equal(found.test_images, images)
    np.testing.assert_array_equal(found.train_labels, labels)


@pytest.mark.parametrize(
    "images, labels, message",
    [
        (np.zeros((3, 28, 28), "u1"), np.zeros(2, "u1"), "3 images in .*, but 2 labels in"),
        (np.zeros((2, 28, 28), "u1"), np.array([0, 10], "u1"), "labels are 0 to 9, but label 1 is 10"),
        (
            np.zeros((2, 20, 28), "u1"),
            np.zeros(2, "u1"),
            r"expected uint8 of shape \(N, 28, 28\), found .*\(2, 20, 28\)",
        ),
        (np.zeros((2, 28, 28), ">i4"), np.zeros(2, "u1"), "expected uint8 of .* found int32"),
        (np.zeros((2, 28, 28), "u1"), np.zeros((2, 28, 28), "u1"), r"labels.*expected uint8 of shape \(N\)"),
    ],
)
def test_files_that_do_not_fit_each_other_are_an_error(tmp_path, images, labels, message):
    write_mnist(tmp_path, images, labels)
    with pytest.raises(ValueError, match=message):
        load_mnist(tmp_path)
