"""The rules of promotion: `python -m tests.promotion` writes docs/promotion.md from what the engine does."""

from pathlib import Path

import numpy as np

import autograd
from autograd import Tensor

PAGE = Path(__file__).parents[1] / "docs" / "promotion.md"
DTYPES = [np.dtype(t) for t in "bool uint8 int8 int16 int32 int64 float16 float32 float64".split()]
NUMBERS = {"True": True, "2": 2, "2.5": 2.5}


def of(dtype: np.dtype, ndim: int) -> Tensor:
    """A tensor of ones."""
    return Tensor.wrap(np.ones((1,) * ndim, dtype))


def sum_of(x: Tensor, y: object) -> str:
    """The dtype of x + y."""
    return str((x + y).dtype)


def table(corner: str, columns: list[str], rows: dict[str, list[str]]) -> str:
    lines = [[corner, *columns], ["---"] * (len(columns) + 1), *[[f"**{name}**", *row] for name, row in rows.items()]]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def page() -> str:
    names = [str(dtype) for dtype in DTYPES]
    both = {str(a): [sum_of(of(a, 1), of(b, 1)) for b in DTYPES] for a in DTYPES}
    scalars = {str(a): [sum_of(of(a, 1), of(b, 0)) for b in DTYPES] for a in DTYPES}
    numbers = {str(a): [sum_of(of(a, 1), number) for number in NUMBERS.values()] for a in DTYPES}
    singles = {
        str(a): [str(f(of(a, 1)).dtype) for f in (lambda x: x / x, autograd.exp, autograd.sum, lambda x: x > 0)]
        for a in DTYPES
    }
    return f"""# Promotion: the dtype of a result

This page is written by `python -m tests.promotion`; a test holds it to what the engine does, another to what PyTorch
does. The rules are PyTorch's: floats come before whole numbers, whole numbers before truth values; tensors with dims
come before those of 0 dims, and these before Python's numbers, of each kind. One kind does not widen the other.
An ndarray counts as a tensor of its dtype and dims, a number of NumPy's (`np.float64(2)`) as one of 0 dims.

## Two tensors with dims (`x + y`)

{table("x, y", names, both)}

## A tensor with dims and one of 0 dims

{table("x, y of 0 dims", names, scalars)}

## A tensor and a number of Python's

{table("x, number", list(NUMBERS), numbers)}

## A tensor alone

Floats that are made of whole numbers or truth values have the default dtype ({autograd.get_default_dtype()}).

{table("x", ["x / x", "exp(x)", "x.sum()", "x > 0"], singles)}
"""


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
