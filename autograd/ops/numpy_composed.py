"""NumPy's functions on tensors that are made of ops, with NumPy's arguments."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd.errors import ShapeError
from autograd.ops import elementwise as E
from autograd.ops.complex_numbers import conjugate, imag, real
from autograd.ops.decompositions import linalg_eigh, linalg_svd, linear_solve, pseudo_inverse
from autograd.ops.gathering import gather
from autograd.ops.joining import cat, split_at
from autograd.ops.linalg import diagonal
from autograd.ops.neural import pad
from autograd.ops.numpy_names import serve
from autograd.ops.reduction import cumsum
from autograd.ops.table import function


def _vector(x):
    return np.reshape(x, (-1,))


@function(np.array_split, method=False)
def np_array_split(ary, indices_or_sections, axis=0):
    """The pieces along an axis: so many, of nearly one size, or those between the indices, as a list."""
    n, cuts = ary.shape[axis], indices_or_sections
    if not np.ndim(cuts):
        if cuts < 1:
            raise ShapeError(f"a split must make at least 1 piece, not {cuts}")
        size, longer = divmod(n, int(cuts))
        cuts = np.cumsum([size + (i < longer) for i in range(int(cuts))])[:-1].tolist()
    return list(split_at(ary, stops=tuple(int(cut) for cut in cuts), dim=axis))


@function(np.split, method=False)
def np_split(ary, indices_or_sections, axis=0):
    """`np_array_split` into pieces of one size."""
    if not np.ndim(indices_or_sections) and indices_or_sections > 0 and ary.shape[axis] % indices_or_sections:
        raise ShapeError(f"axis {axis} of {tuple(ary.shape)} does not divide into {indices_or_sections} equal pieces")
    return np_array_split(ary, indices_or_sections, axis)


@function(np.sort, method=False)
def np_sort(a, axis=-1):
    """In ascending order along an axis, of all elements where it is None."""
    a, axis = (_vector(a), 0) if axis is None else (a, axis)
    return gather(a, axis, np.argsort(getattr(a, "array", a), axis))


@function(np.pad, method=False)
def np_pad(array, pad_width, mode="constant", constant_values=0):
    """A number added around; NumPy's other modes have no rule."""
    if mode != "constant" or np.ndim(constant_values):
        raise TypeError(f"np.pad has a derivative rule only for one constant value, not for mode={mode!r}")
    width = np.broadcast_to(pad_width, (array.ndim, 2)).tolist()
    return pad(array, width=tuple(map(tuple, width)), value=constant_values)


@function(np.select, method=False)
def np_select(condlist, choicelist, default=0):
    """The elements of the first choice whose condition holds."""
    for condition, choice in zip(reversed(condlist), reversed(choicelist), strict=True):
        default = E.where(condition, choice, default)
    return default


OURS: dict[Any, Any] = {
    np.vsplit: lambda ary, indices_or_sections: np_split(ary, indices_or_sections),
    np.hsplit: lambda ary, indices_or_sections: np_split(ary, indices_or_sections, min(ary.ndim - 1, 1)),
    np.trace: lambda a, offset=0, axis1=0, axis2=1: diagonal(a, offset, axis1, axis2).sum(-1),
    np.append: lambda arr, values, axis=None: cat(
        [_vector(arr), _vector(values)] if axis is None else [arr, values], axis or 0
    ),
    np.cumsum: lambda a, axis=None, dtype=None: cumsum(
        _vector(a) if axis is None else a, dim=0 if axis is None else axis, dtype=dtype
    ),
    np.linalg.solve: lambda a, b: linear_solve(a, b[..., None])[..., 0] if np.ndim(b) == 1 else linear_solve(a, b),
    np.linalg.eigh: lambda a, UPLO="L": linalg_eigh(a, UPLO=UPLO),
    np.linalg.svd: lambda a, full_matrices=True, compute_uv=True: (
        linalg_svd(a, full_matrices=full_matrices) if compute_uv else linalg_svd(a, full_matrices=False)[1]
    ),
    np.linalg.pinv: lambda a, rcond=None: pseudo_inverse(a, rtol=rcond),
    np.full_like: lambda a, fill_value, dtype=None: np.broadcast_to(fill_value, np.shape(a)).astype(dtype or a.dtype),
    np.nan_to_num: lambda x, copy=True, nan=0.0, posinf=None, neginf=None: E.nan_to_num(
        x, nan=nan, posinf=posinf, neginf=neginf
    ),
    np.real: lambda val: real(val),
    np.imag: lambda val: imag(val) if val.dtype.kind == "c" else val * 0,
    np.conjugate: lambda x: conjugate(x),
    np.real_if_close: lambda a: a,
}
serve(OURS)
