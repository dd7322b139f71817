"""Converts a picture of one digit to the form of MNIST: white on black, 20×20 pixels centred by mass in 28×28.

The form is the one that Y. LeCun, C. Cortes and C. Burges describe in *The MNIST database of handwritten digits*.
"""

import io
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from autograd.errors import require

if TYPE_CHECKING:
    import PIL.Image

SIDE, BOX, CENTRE = 28, 20, 14
LARGEST = 2048  # pixels on a side that are looked at; a larger picture is reduced first
FORMATS = ("PNG", "JPEG", "GIF", "BMP", "WEBP", "TIFF", "PPM", "MPO")  # some others of Pillow's start programs
MOST_PIXELS = 25_000_000  # that are read, in 400 MB at most: a small file may be a picture of any size
FAINTEST = 0.06  # a difference from the paper's colour below this share of that between black and white is no ink
EDGE = 0.2  # ink fainter than this share of the darkest is cut off with the margins


def read_picture(path: str | Path) -> NDArray[np.uint8]:
    """The digit in a PNG, JPEG or other image file, of any size and colours, as (28, 28).

    The colour of the border is taken for the paper's, so dark on light, light on dark and a transparent background all
    do. Raises FileNotFoundError, ValueError if the file is not a picture, is blank or has too many pixels, ImportError
    without Pillow.
    """
    Image, ImageOps = (require(f"PIL.{name}", "plot") for name in ("Image", "ImageOps"))
    try:
        content = io.BytesIO(Path(path).read_bytes())  # a file would make room for as much as a chunk says that it has
        with warnings.catch_warnings(action="ignore"), Image.open(content, formats=FORMATS) as file:
            width, height = file.size
            if width * height <= MOST_PIXELS:
                ImageOps.exif_transpose(file, in_place=True)
                colours = _colours(file)
    except FileNotFoundError:
        raise
    except Image.UnidentifiedImageError:
        raise ValueError(f"{path} cannot be read as a picture: it is none of {', '.join(FORMATS)}") from None
    except Exception as error:  # a damaged picture may raise anything
        raise ValueError(f"{path} cannot be read as a picture: {error}") from error
    if width * height > MOST_PIXELS:
        raise ValueError(
            f"{path} has {width} x {height} pixels, and at most {MOST_PIXELS:,} can be read: make it smaller; a few "
            "hundred on a side are enough for a digit"
        )
    ink = _ink(colours)
    if ink.max() < FAINTEST:
        raise ValueError(f"{path} is blank: nothing in it stands out from the colour of its border")
    return mnist_form(ink)


def mnist_form(ink: NDArray[np.floating[Any]]) -> NDArray[np.uint8]:
    """Ink (H, W), 0 for paper and more for darker, cropped, scaled to fit 20×20 and centred by mass in (28, 28)."""
    Image = require("PIL.Image", "plot")
    rows, columns = (np.flatnonzero((ink > EDGE * ink.max()).any(axis)) for axis in (1, 0))
    ink = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    height, width = (max(1, round(BOX * n / max(ink.shape))) for n in ink.shape)
    small = np.asarray(Image.fromarray(ink.astype(np.float32)).resize((width, height), Image.Resampling.BICUBIC))
    # MNIST's strokes are saturated: a thin pen that the scaling made grey gets its black back.
    small = np.clip(small / np.quantile(small[small > EDGE * small.max()], 0.9), 0, 1)

    out = np.zeros((SIDE, SIDE), np.uint8)
    top, left = (
        int(np.clip(round(CENTRE - np.average(np.arange(n), weights=small.sum(1 - axis))), 0, SIDE - n))
        for axis, n in enumerate(small.shape)
    )
    out[top : top + height, left : left + width] = np.rint(small * 255)
    return out


def _colours(image: "PIL.Image.Image") -> NDArray[np.float32]:
    """Red, green, blue and opacity (H, W, 4), each 0 to 1."""
    Image = require("PIL.Image", "plot")
    if image.mode.startswith("I"):  # grey in more than 8 bits, often with a range of its own
        grey = np.asarray(image, np.float32)
        image = Image.fromarray((255 * grey / max(float(grey.max()), 1)).astype(np.uint8))
    if image.mode == "RGB" and "transparency" not in image.info:
        image.thumbnail((LARGEST, LARGEST))  # before there are copies of it
    image = image if image.mode == "RGBA" else image.convert("RGBA")
    image.thumbnail((LARGEST, LARGEST))
    return np.asarray(image, np.float32) / np.float32(255)


def _ink(colours: NDArray[np.float32]) -> NDArray[np.float32]:
    """How far each pixel is from the paper's colour, (H, W), 1 for black on white, less the paper's own noise."""
    difference = colours[..., 3:] * (colours[..., :3] - _paper(colours))
    distance = np.sqrt(np.mean(difference**2, axis=-1))
    noise = 4 * np.median(distance[_border(distance)])
    return np.maximum(distance - noise, 0)


def _paper(colours: NDArray[np.float32]) -> NDArray[np.float32]:
    """The paper's colour, (H, W, 3) or (3,).

    It is a plane through the border, since light falls from one side. Where the border is transparent, it is whichever
    of black and white the rest stands out from.
    """
    opacity = colours[..., 3:]
    y, x = _border(colours).nonzero()
    opaque = colours[y, x, 3] > 0.5
    if 2 * opaque.sum() < len(opaque):
        light = np.sum(colours[..., :3] * opacity) > 0.5 * 3 * opacity.sum()
        return np.full(3, 0 if light else 1, np.float32)

    y, x = y[opaque], x[opaque]
    border = colours[y, x, :3]
    paper = np.median(border, axis=0)
    for _ in range(3):  # drop what stands out, such as ink that runs over the edge, and fit the plane to the rest
        residual = np.abs(border - paper).max(axis=-1)
        kept = residual <= 3 * np.median(residual) + 1 / 255
        plane = np.linalg.lstsq(_terms(y[kept], x[kept]), border[kept], rcond=None)[0]
        paper = _terms(y, x) @ plane
    rows, columns = np.ogrid[: colours.shape[0], : colours.shape[1]]
    return (plane[0] + rows[..., None] * plane[1] + columns[..., None] * plane[2]).astype(np.float32)


def _terms(y: NDArray[Any], x: NDArray[Any]) -> NDArray[np.float64]:
    return np.stack([np.ones(len(y)), y, x], axis=-1)


def _border(array: NDArray[Any]) -> NDArray[np.bool_]:
    edge = np.ones(array.shape[:2], np.bool_)
    edge[1:-1, 1:-1] = False
    return edge
