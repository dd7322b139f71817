"""NumPy's functions on tensors that are made of ops, with NumPy's arguments."""

from __future__ import annotations

import numpy as np

from autograd.errors import ShapeError
from autograd.ops import elementwise as E
from autograd.ops.complex_numbers import imag
from autograd.ops.decompositions import linalg_eigh, linalg_svd, linear_solve, pseudo_inverse
from autograd.ops.gathering import gather
from autograd.ops.joining import cat, split_at
from autograd.ops.linalg import diagonal, tensordot
from autograd.ops.neural import pad
from autograd.ops.order import diff
from autograd.ops.reduction import cumsum
from autograd.ops.shape import flip, unsqueeze
from autograd.ops.table import function


def _vector(x):
    return np.reshape(x, (-1,))


# Parts ----------------------------------------------------------------------------------------------------------------


@function(np.array_split, method=False)
def np_array_split(ary, indices_or_sections, axis=0):
    """The pieces along an axis: so many, of nearly one size, or those between the indices, as a list."""
    n, cuts = ary.shape[axis], indices_or_sections
    if not np.ndim(cuts):
        if cuts < 1:
            raise ShapeError(f"a split into {cuts} pieces: there must be at least 1")
        size, longer = divmod(n, int(cuts))
        cuts = np.cumsum([size + (i < longer) for i in range(int(cuts))])[:-1].tolist()
    return list(split_at(ary, stops=tuple(int(cut) for cut in cuts), dim=axis))


@function(np.split, method=False)
def np_split(ary, indices_or_sections, axis=0):
    """`np_array_split` into pieces of one size."""
    if not np.ndim(indices_or_sections) and indices_or_sections > 0 and ary.shape[axis] % indices_or_sections:
        raise ShapeError(f"the shape {tuple(ary.shape)} has no {indices_or_sections} equal pieces along axis {axis}")
    return np_array_split(ary, indices_or_sections, axis)


@function(np.vsplit, method=False)
def np_vsplit(ary, indices_or_sections):
    """`np_split` along axis 0."""
    return np_split(ary, indices_or_sections)


@function(np.hsplit, method=False)
def np_hsplit(ary, indices_or_sections):
    """`np_split` along axis 1, of vectors along 0."""
    return np_split(ary, indices_or_sections, min(ary.ndim - 1, 1))


@function(np.sort, method=False)
def np_sort(a, axis=-1):
    """In ascending order along an axis, of all elements where it is None."""
    a, axis = (_vector(a), 0) if axis is None else (a, axis)
    return gather(a, axis, np.argsort(getattr(a, "array", a), axis))


@function(np.trace, method=False)
def np_trace(a, offset=0, axis1=0, axis2=1):
    """The sum of a diagonal."""
    return diagonal(a, offset, axis1, axis2).sum(-1)


@function(np.diff, method=False)
def np_diff(a, n=1, axis=-1):
    """The differences of neighbours along an axis, n times."""
    return diff(a, n, axis)


# Joined and put into other shapes -------------------------------------------------------------------------------------


@function(np.append, method=False)
def np_append(arr, values, axis=None):
    """Joined along an axis, or as vectors."""
    return cat([_vector(arr), _vector(values)] if axis is None else [arr, values], axis or 0)


@function(np.column_stack, method=False)
def np_column_stack(tup):
    """Joined along axis 1; vectors are columns."""
    return cat([x if np.ndim(x) > 1 else np.reshape(x, (-1, 1)) for x in tup], 1)


@function(np.atleast_1d, method=False)
def np_atleast_1d(*arys):
    """With at least 1 dim."""
    return _each(arys, lambda x: x if np.ndim(x) else np.reshape(x, (1,)))


@function(np.atleast_2d, method=False)
def np_atleast_2d(*arys):
    """With at least 2 dims; vectors are rows."""
    return _each(arys, lambda x: x if np.ndim(x) > 1 else np.reshape(x, (1, -1)))


@function(np.atleast_3d, method=False)
def np_atleast_3d(*arys):
    """With at least 3 dims; a matrix gets a last one, a vector is the middle one."""
    return _each(
        arys, lambda x: x if np.ndim(x) > 2 else unsqueeze(x, 2) if np.ndim(x) > 1 else np.reshape(x, (1, -1, 1))
    )


def _each(arys, convert):
    return convert(arys[0]) if len(arys) == 1 else tuple(convert(x) for x in arys)


@function(np.flipud, method=False)
def np_flipud(m):
    """The order of the rows reversed."""
    return flip(m, 0)


@function(np.fliplr, method=False)
def np_fliplr(m):
    """The order of the columns reversed."""
    return flip(m, 1)


@function(np.pad, method=False)
def np_pad(array, pad_width, mode="constant", constant_values=0):
    """A number added around; NumPy's other modes have no rule."""
    if mode != "constant" or np.ndim(constant_values):
        raise TypeError(f"np.pad has a derivative rule for one constant value alone, not for mode={mode!r}")
    width = np.broadcast_to(pad_width, (array.ndim, 2)).tolist()
    return pad(array, width=tuple(map(tuple, width)), value=constant_values)


@function(np.select, method=False)
def np_select(condlist, choicelist, default=0):
    """The elements of the first choice whose condition holds."""
    for condition, choice in zip(reversed(condlist), reversed(choicelist), strict=True):
        default = E.where(condition, choice, default)
    return default


# Products and sums ----------------------------------------------------------------------------------------------------


@function(np.inner, method=False)
def np_inner(a, b):
    """The sums of products over the last dims of both."""
    return tensordot(a, b, ([-1], [-1])) if np.ndim(a) and np.ndim(b) else a * b


@function(np.kron, method=False)
def np_kron(a, b):
    """The Kronecker product."""
    n = max(np.ndim(a), np.ndim(b))
    a, b = (np.reshape(x, (1,) * (n - np.ndim(x)) + tuple(np.shape(x))) for x in (a, b))
    blocks = np.reshape(a, [s for size in a.shape for s in (size, 1)]) * np.reshape(
        b, [s for size in b.shape for s in (1, size)]
    )
    return np.reshape(blocks, [s * t for s, t in zip(a.shape, b.shape, strict=True)])


@function(np.cumsum, method=False)
def np_cumsum(a, axis=None, dtype=None):
    """The running sum along an axis, of all elements where it is None."""
    return cumsum(_vector(a), dim=0, dtype=dtype) if axis is None else cumsum(a, dim=axis, dtype=dtype)


@function(np.linalg.solve, method=False)
def np_solve(a, b):
    """The x with a x = b; b is a vector, or matrices."""
    return linear_solve(a, b[..., None])[..., 0] if np.ndim(b) == 1 else linear_solve(a, b)


@function(np.linalg.eigh, method=False)
def np_eigh(a, UPLO="L"):
    """(eigenvalues, eigenvectors) of symmetric matrices."""
    return linalg_eigh(a, UPLO=UPLO)


@function(np.linalg.svd, method=False)
def np_svd(a, full_matrices=True, compute_uv=True):
    """(U, S, Vh), or S alone."""
    return linalg_svd(a, full_matrices=full_matrices) if compute_uv else linalg_svd(a, full_matrices=False)[1]


@function(np.linalg.pinv, method=False)
def np_pinv(a, rcond=None):
    """The pseudo-inverse: singular values of at most rcond times the greatest count as 0."""
    return pseudo_inverse(a, rtol=rcond)


# Elementwise ----------------------------------------------------------------------------------------------------------


@function(np.full_like, method=False)
def np_full_like(a, fill_value, dtype=None):
    """One value in the shape of a."""
    return np.broadcast_to(fill_value, np.shape(a)).astype(a.dtype if dtype is None else dtype)


@function(np.nan_to_num, method=False)
def np_nan_to_num(x, copy=True, nan=0.0, posinf=None, neginf=None):
    """With numbers in the place of nan and the infinities."""
    return E.nan_to_num(x, nan=nan, posinf=posinf, neginf=neginf)


@function(np.real, np.conjugate, np.real_if_close, method=False)
def np_real(val):
    """A real number is its real part, and its conjugate."""
    return val


@function(np.imag, method=False)
def np_imag(val):
    """The imaginary part; of a real number it is 0."""
    return imag(val) if val.dtype.kind == "c" else val * 0
