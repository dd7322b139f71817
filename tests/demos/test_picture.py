"""A digit drawn at any size, place and in any colours comes back as the MNIST image that it was made from."""

import io
import sys
from pathlib import Path

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from PIL import Image

from demos.data.idx import MNIST, read_idx
from demos.data.picture import mnist_form, read_picture

DIGITS = read_idx(MNIST / "t10k-images-idx3-ubyte.gz")
LABELS = read_idx(MNIST / "t10k-labels-idx1-ubyte.gz")

digits = st.integers(0, 499).map(lambda i: DIGITS[i])
colours = st.tuples(*[st.integers(0, 255)] * 3)
BLACK, WHITE = (0, 0, 0), (255, 255, 255)


def drawn(digit: np.ndarray, side: int) -> np.ndarray:
    """The digit as ink, 0 to 1, (side, side)."""
    return np.asarray(Image.fromarray(digit).resize((side, side), Image.Resampling.BICUBIC), np.float64) / 255


def coloured(ink: np.ndarray, paper: tuple, pen: tuple) -> np.ndarray:
    return np.rint(np.array(paper) * (1 - ink[..., None]) + np.array(pen) * ink[..., None]).astype(np.uint8)


def likeness(found: np.ndarray, digit: np.ndarray) -> float:
    """The best correlation of pixels over shifts by one: rounding may move the centre of mass by a pixel."""
    shifts = [(dy, dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1)]
    return max(np.corrcoef(np.roll(found, s, (0, 1)).ravel(), digit.ravel())[0, 1] for s in shifts)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("picture") / "digit.png"


@settings(max_examples=60)
@given(digit=digits, side=st.integers(56, 400), place=st.tuples(*[st.integers(0, 300)] * 4), paper=colours, pen=colours)
@example(digit=DIGITS[0], side=300, place=(0, 0, 0, 0), paper=BLACK, pen=WHITE)
@example(digit=DIGITS[0], side=300, place=(250, 0, 0, 250), paper=WHITE, pen=BLACK)
@example(digit=DIGITS[4], side=200, place=(10, 10, 10, 10), paper=(0, 130, 0), pen=(255, 0, 0))
def test_size_place_and_colours_do_not_matter(file, digit, side, place, paper, pen):
    assume(np.abs(np.subtract(paper, pen)).max() > 80)
    top, bottom, left, right = place
    ink = np.pad(drawn(digit, side), ((top, bottom), (left, right)))
    Image.fromarray(coloured(ink, paper, pen)).save(file)
    assert likeness(read_picture(file), digit) > 0.8


@settings(max_examples=30)
@given(digit=digits, pen=st.sampled_from([BLACK, WHITE, (200, 30, 30), (250, 250, 120)]), under=colours)
def test_a_transparent_background_is_paper_whatever_colour_it_hides(file, digit, pen, under):
    ink = drawn(digit, 200)
    colour = np.where(ink[..., None] > 0, pen, under)
    Image.fromarray(np.dstack([colour, 255 * ink]).astype(np.uint8)).save(file)
    assert likeness(read_picture(file), digit) > 0.8


@pytest.mark.parametrize("mode", ["L", "LA", "P", "1", "RGB", "RGBA", "I;16"])
@pytest.mark.parametrize("dark", [False, True])
def test_every_mode_of_png_is_read(tmp_path, mode, dark):
    for digit in DIGITS[:10]:
        grey = drawn(digit, 200) if dark else 1 - drawn(digit, 200)
        if mode == "I;16":
            image = Image.fromarray((65535 * grey).astype(np.uint16))
        else:
            image = Image.fromarray((255 * grey).astype(np.uint8)).convert(mode)
        image.save(tmp_path / "digit.png")
        with Image.open(tmp_path / "digit.png") as again:
            assert again.mode == mode
        assert likeness(read_picture(tmp_path / "digit.png"), digit) > 0.8


def test_uneven_light_and_a_noisy_camera_do_not_matter(tmp_path):
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:400, :400] / 400
    for digit in DIGITS[:10]:
        light = (210 - 60 * x - 20 * y) * (1 - 0.7 * np.pad(drawn(digit, 280), 60)) + rng.normal(0, 5, (400, 400))
        Image.fromarray(np.clip(light, 0, 255).astype(np.uint8)).save(tmp_path / "digit.jpg")
        assert likeness(read_picture(tmp_path / "digit.jpg"), digit) > 0.8


def test_an_mnist_image_stays_as_it_is():
    """Its 20×20 box is kept, so nothing is scaled."""
    kept = [likeness(mnist_form(digit / 255), digit) for digit in DIGITS[:200]]
    assert np.median(kept) > 0.99 and min(kept) > 0.8


def test_the_form_is_that_of_mnist(tmp_path):
    for digit in DIGITS[:50]:
        Image.fromarray(255 - (255 * drawn(digit, 300)).astype(np.uint8)).save(tmp_path / "digit.png")
        found = read_picture(tmp_path / "digit.png")
        assert found.shape == (28, 28) and found.dtype == np.uint8
        rows, columns = found.sum(1).nonzero()[0], found.sum(0).nonzero()[0]
        assert max(np.ptp(rows), np.ptp(columns)) + 1 in (19, 20)  # a faint edge may round to nothing
        for axis in (0, 1):
            centre = np.average(np.arange(28), weights=found.sum(axis))
            assert abs(centre - 14) <= 0.51


def test_what_was_drawn_is_still_told_apart(tmp_path):
    """The nearest training images say the same digit for the pictures as for the originals."""
    train = read_idx(MNIST / "train-images-idx3-ubyte.gz")[:10_000].reshape(-1, 784).astype(np.float32)
    train /= np.linalg.norm(train, axis=1, keepdims=True)
    labels = read_idx(MNIST / "train-labels-idx1-ubyte.gz")[:10_000]

    def right(images: list[np.ndarray]) -> float:
        nearest = (np.stack(images).reshape(-1, 784).astype(np.float32) @ train.T).argmax(1)
        return float(np.mean(labels[nearest] == LABELS[:100]))

    found = []
    for digit in DIGITS[:100]:
        Image.fromarray(255 - (255 * drawn(digit, 150)).astype(np.uint8)).save(tmp_path / "digit.png")
        found.append(read_picture(tmp_path / "digit.png"))
    assert right(found) >= right(list(DIGITS[:100])) - 0.03


@pytest.mark.parametrize(
    "blank",
    [
        Image.new("L", (50, 40), 77),
        Image.new("RGB", (50, 40), (255, 255, 255)),
        Image.new("RGBA", (50, 40), (0, 0, 0, 0)),
        Image.new("L", (1, 1), 255),
    ],
)
def test_a_blank_picture_is_an_error(tmp_path, blank):
    blank.save(tmp_path / "digit.png")
    with pytest.raises(ValueError, match="digit.png is blank"):
        read_picture(tmp_path / "digit.png")


def test_paper_with_some_noise_is_blank(tmp_path):
    noise = np.random.default_rng(0).normal(235, 2, (300, 300))
    Image.fromarray(noise.astype(np.uint8)).save(tmp_path / "digit.png")
    with pytest.raises(ValueError, match="blank"):
        read_picture(tmp_path / "digit.png")


def test_a_missing_file_and_one_that_is_no_picture_are_errors_that_name_it(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere.png"):
        read_picture(tmp_path / "nowhere.png")
    (tmp_path / "text.png").write_text("not a picture")
    with pytest.raises(ValueError, match="text.png cannot be read as a picture"):
        read_picture(tmp_path / "text.png")
    Image.fromarray(DIGITS[0]).save(tmp_path / "whole.png")
    (tmp_path / "cut.png").write_bytes((tmp_path / "whole.png").read_bytes()[:-60])
    with pytest.raises(ValueError, match="cut.png cannot be read as a picture"):
        read_picture(tmp_path / "cut.png")


def test_a_picture_of_too_many_pixels_is_an_error_before_they_are_read(tmp_path, recwarn):
    for side in (5001, 16_000):  # for the second one, Pillow itself would warn
        header = io.BytesIO()
        Image.new("1", (side, 5000)).save(header, "png")
        (tmp_path / "large.png").write_bytes(header.getvalue()[:60])
        with pytest.raises(ValueError, match=rf"large.png has {side} x 5000 pixels, and at most 25,000,000 .* smaller"):
            read_picture(tmp_path / "large.png")
    assert not recwarn.list


@settings(max_examples=200)
@given(
    format=st.sampled_from(["png", "jpeg", "gif", "bmp", "tiff", "webp", "ppm"]),
    changes=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), min_size=1, max_size=9),
    length=st.just(1.0) | st.floats(0, 1),
)
def test_a_damaged_picture_is_read_or_an_error_that_names_it(file, format, changes, length):
    whole = io.BytesIO()
    Image.fromarray(DIGITS[0]).save(whole, format)
    data = bytearray(whole.getvalue())
    for place, value in changes:
        data[int(place * len(data))] = value
    file.write_bytes(data[: int(length * len(data))])
    try:
        assert read_picture(file).shape == (28, 28)
    except ValueError as error:
        assert str(file) in str(error)


def test_without_pillow_the_error_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "PIL.Image", None)
    with pytest.raises(ImportError, match=r'pip install "chainrule\[plot\]"'):
        read_picture("digit.png")
