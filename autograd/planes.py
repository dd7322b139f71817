"""The geometry of a convolution: how images are laid out so that each element of its kernel is one shift.

With a stride of s a plane holds every s-th row and column of an image: there is one for each remainder of the index.
The planes of several images follow each other, so that a shift by k rows and l columns is one number of elements. The
zeros behind the end of a row are those before the beginning of the next: docs/derivations.md shows that it comes right.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

Sizes = tuple[int, ...]


class Steps(NamedTuple):
    """How the kernel moves: a number for each dim, and the groups of channels that do not see each other."""

    stride: Sizes
    padding: Sizes
    dilation: Sizes
    groups: int


class Span(NamedTuple):
    """Elements along one dim: from where in the plane and in the image, the step in the image, and how many."""

    plane: int
    image: int
    step: int
    length: int


Spans = tuple[Span, ...]  # one for each dim


class Shifts(NamedTuple):
    """How planes are made of images and combined: `spans` for each plane, and for each element of the convolution's
    kernel its plane and the elements by which that is shifted; `size` are the sizes of a plane."""

    size: tuple[int, ...]
    spans: tuple[Spans, ...]
    shifts: tuple[tuple[int, int], ...]

    @property
    def margins(self) -> tuple[int, int]:
        """How far the shifts reach before the first and behind the last element of the planes."""
        places = [shift for _, shift in self.shifts]
        return max(0, -min(places)), max(0, max(places))


def output_size(size: Sequence[int], kernel: Sequence[int], steps: Steps) -> Sizes:
    """How many places the kernel takes along each dim."""
    each = zip(size, kernel, steps.stride, steps.padding, steps.dilation)
    return tuple([(n + 2 * p - d * (k - 1) - 1) // s + 1 for n, k, s, p, d in each])


@lru_cache(256)
def geometry(size: Sizes, kernel: Sizes, steps: Steps) -> tuple[Shifts, tuple[Span, ...]]:
    """How planes are made of images of `size` and shifted, and which elements of a plane are the output."""
    stride, padding, dilation, _ = steps
    out = output_size(size, kernel, steps)
    plane = tuple([max(-(-(n + p) // s), m) for n, p, s, m in zip(size, padding, stride, out)])
    strides = [math.prod(plane[i + 1 :]) for i in range(len(plane))]
    remainders, shifts = [], []
    for place in itertools.product(*map(range, kernel)):
        offsets = [i * d for i, d in zip(place, dilation)]
        remainder = tuple([o % s for o, s in zip(offsets, stride)])
        if remainder not in remainders:
            remainders.append(remainder)
        shifts.append((remainders.index(remainder), sum(o // s * step for o, s, step in zip(offsets, stride, strides))))
    spans = tuple(
        [tuple([_span(r - p, s, n) for r, p, s, n in zip(rest, padding, stride, size)]) for rest in remainders]
    )
    to = tuple([Span(0, 0, 1, n) for n in out])
    return Shifts(plane, spans, tuple(shifts)), to


def _span(origin: int, step: int, size: int) -> Span:
    """The elements of a plane that lie in an image of `size`, where its first element has the index `origin`."""
    first = max(0, -(origin // step))
    return Span(first, origin + first * step, step, max(0, -((origin + first * step - size) // step)))


def transposed_size(size: Sequence[int], kernel: Sequence[int], steps: Steps, output_padding: Sequence[int]) -> Sizes:
    """The sizes of what a transposed convolution gives."""
    each = zip(size, kernel, steps.stride, steps.padding, steps.dilation, output_padding)
    return tuple([(n - 1) * s - 2 * p + d * (k - 1) + 1 + more for n, k, s, p, d, more in each])
