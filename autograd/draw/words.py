"""The words of pictures: what operations are called, and numbers as they are written."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autograd.base import TensorBase

SYMBOLS = {"add": "+", "sub": "−", "mul": "×", "div": "÷", "matmul": "@", "pow": "**", "neg": "−", "*": "×", "-": "−"}
SYMBOLS |= {"eq": "==", "ne": "!=", "lt": "<", "le": "<=", "gt": ">", "ge": ">=", "/": "÷"}
SYMBOLS |= {"getitem": "[…]", "copy_slices": "[…] = …", "cast": "to dtype", "copy": "copy", "identity": "copy"}
SYMBOLS |= {"fused_attention": "attention", "cross_entropy_rows": "cross_entropy", "concatenate": "cat"}
SYMBOLS |= {"split_heads": "heads", "merge_heads": "joined heads", "split_at": "split", "contract": "einsum"}
SYMBOLS |= {"convolution": "conv", "recurrent_layer": "recurrent layer", "vector_norm": "norm", "windows": "unfold"}
SYMBOLS |= {"bce_with_logits": "binary_cross_entropy_with_logits", "linear_step": "clip", "resample": "interpolate"}
SYMBOLS |= {"F.split_heads": "heads", "F.merge_heads": "joined heads"}
LONGEST = 44  # letters of a line in a box


def called(name: str) -> str:
    """An operation in the words of those who use it."""
    return SYMBOLS.get(name, name)


def fitted(text: str) -> str:
    """An expression that fits into a box: a long call without its arguments, anything else cut off."""
    if len(text) <= LONGEST:
        return text
    function, bracket, _ = text.partition("(")
    short = f"{function}(…)" if bracket and text.endswith(")") and function.replace(".", "").isidentifier() else text
    return cut(short)


def cut(text: str) -> str:
    """As much of a text as a line of a box holds."""
    first, _, rest = text.partition("\n")
    return first if len(first) <= LONGEST and not rest else first[: LONGEST - 1] + "…"


def number(x: Any) -> str:
    """Four digits after the point, or an exponent where they would not show the number; integers as they are."""
    if isinstance(x, (int, np.integer)):
        return str(x)
    if isinstance(x, (complex, np.complexfloating)):
        return f"{x:.4g}"
    x = float(x)
    return f"{x:.4f}" if x == 0 or 1e-3 <= abs(x) < 1e6 else f"{x:.3e}"


def short(x: float) -> str:
    """Three significant digits."""
    return f"{x:.3g}"


def summary(array: Any) -> str:
    """The numbers of a small array, the smallest and the largest of a big one."""
    array = np.asarray(array.array if isinstance(array, TensorBase) else array)
    if array.size <= 4:
        shown = [number(x) for x in array.ravel().tolist()]
        return shown[0] if len(shown) == 1 else f"[{', '.join(shown)}]"
    if array.dtype.kind == "c":
        return f"|x| {number(np.abs(array).min())} … {number(np.abs(array).max())}"
    return f"{number(array.min().item())} … {number(array.max().item())}"


def norm(array: Any) -> float:
    """The Euclidean norm of the numbers of an array."""
    array = np.asarray(array.array if isinstance(array, TensorBase) else array)
    with np.errstate(all="ignore"):
        flat = array.ravel()
        found = float(np.linalg.norm(flat if flat.dtype.kind in "fc" else flat.astype(np.float64)))
        return found if math.isfinite(found) else float(np.linalg.norm(flat.astype(np.float64)))


def byte_count(count: float) -> str:
    """A number of bytes, in the largest unit of which there is at least one."""
    value, unit = _scaled(count)
    return f"{value:.3g} {unit}B"


def amount(count: int) -> str:
    """A number of things: exactly below a million, with three digits above."""
    value, unit = _scaled(count)
    return f"{count:,}" if unit in ("", "K") else f"{value:.3g} {unit}"


def _scaled(count: float) -> tuple[float, str]:
    rounded = float(f"{count:.3g}")
    power = min(3, max(0, int(math.log10(max(rounded, 1)) / 3)))
    return rounded / 1000**power, ("", "K", "M", "G")[power]
