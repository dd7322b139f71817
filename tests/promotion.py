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
    return f"""# Dtypes of results

`python -m tests.promotion` writes this page. One test compares it with the engine, another with PyTorch.

The rules of type promotion are PyTorch's. Dtypes are of three kinds: bool is the lowest, then come integers, and
floats are the highest. The result is of the highest kind among the operands. Within that kind, tensors with dims
decide: the result has the widest of their dtypes. A tensor of 0 dims changes the dtype only if its kind is higher
than theirs, and a Python number only if its kind is higher still. An ndarray counts as a tensor, and a NumPy
number such as `np.float64(2)` as a tensor of 0 dims.

A Python integer that its tensor's dtype cannot hold raises RuntimeError, except that uint8 takes -255 to -1 modulo 256:
`x & -8`, `x * -1`. Where PyTorch differs: it takes any integer modulo the dtype's range in arithmetic, and in
comparisons, too: there `x > -1` is False for every `x` of uint8. Here comparisons are those of the numbers.

## Two tensors with dims (`x + y`)

{table("x, y", names, both)}

## A tensor with dims and one of 0 dims

{table("x, y of 0 dims", names, scalars)}

## A tensor and a Python number

{table("x, number", list(NUMBERS), numbers)}

## A tensor alone

An operation that makes floats of integers or bools gives the default dtype ({autograd.get_default_dtype()}).

{table("x", ["x / x", "exp(x)", "x.sum()", "x > 0"], singles)}
"""


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
