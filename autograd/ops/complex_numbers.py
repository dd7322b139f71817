"""Complex numbers, where rotary embeddings and Fourier transforms need them; which ops take them says `entry.COMPLEX`.

By PyTorch's convention the gradient of a real L by z = a + ib is dL/da + i dL/db. So the vjp of a holomorphic f is
g conj(f'), the conjugate of conj(g) f': rules are written as for real numbers, and where the result is complex
`Op.vjp` gives them the conjugate of the upstream gradient and takes the conjugates of what they give. The walk takes
the real part of what comes to a real tensor.
"""

from __future__ import annotations

import math

import numpy as np

from autograd.dtypes import default_dtype
from autograd.errors import ShapeError
from autograd.ops.elementwise import as_floats, where
from autograd.ops.table import alias, function, op, short
from autograd.ops.transcendental import atan2, cos, sin

__all__ = ["view_as_complex", "view_as_real", "real", "imag", "complex", "polar", "conj", "conj_physical", "angle"]
__all__ += ["is_complex", "resolve_conj"]

_PARTS = {np.dtype(np.complex64): np.float32, np.dtype(np.complex128): np.float64}
_WHOLES = {np.dtype(part): whole for whole, part in _PARTS.items()}


def _check_complex(name, x):
    if x.dtype not in _PARTS:
        raise RuntimeError(f"{name} needs complex numbers, got {x.dtype}")


@op(view=True, method=False, x=lambda g: view_as_real(conj(g)))
def view_as_complex(x):
    """The pairs in the last dim, of size 2, as complex numbers."""
    if x.dtype not in _WHOLES or not x.ndim or x.shape[-1] != 2:
        raise ShapeError(f"view_as_complex needs floats and a last dim of size 2, got {x.dtype} of shape {x.shape}")
    apart = x.strides[-1] != x.itemsize or any(s % (2 * x.itemsize) for s in x.strides[:-1])
    return (np.ascontiguousarray(x) if apart else x).view(_WHOLES[x.dtype])[..., 0]


@op(view=True, method=False, x=lambda g: view_as_complex(g))
def view_as_real(x):
    """Complex numbers as pairs (real, imaginary) in a new last dim."""
    _check_complex("view_as_real", x)
    return np.reshape(x, (*x.shape, 1)).view(_PARTS[x.dtype])


@op(view=True, method=False, x=lambda g: g)
def real(x):
    """The real part; of real numbers x itself."""
    return x.real if x.dtype.kind == "c" else x[...]


@op(view=True, method=False, x=lambda g: g * 1j)
def imag(x):
    """The imaginary part."""
    _check_complex("imag", x)
    return x.imag


@op(x=lambda g: g.conjugate())
def conj(x):
    """The complex conjugate; of real numbers x itself."""
    return x.conjugate()


_doc = "The complex conjugate, which of real numbers is the tensor itself."
conjugate = short("conjugate", lambda input: conj(input) if input.dtype.kind == "c" else input, _doc)
conj_physical = alias(conj, "conj_physical")
resolve_conj = short("resolve_conj", lambda input: input, "x itself: conjugates are computed at once here.")
is_complex = short("is_complex", lambda input: input.dtype.kind == "c", "Whether it holds complex numbers.")


@op(method=False, x=lambda g: g, y=lambda g: g * 1j)
def complex(x, y):
    """x + iy, of two tensors of one dtype, float32 or float64."""
    if x.dtype != y.dtype or x.dtype not in _WHOLES:
        raise RuntimeError(f"complex needs two tensors of float32, or two of float64, got {x.dtype} and {y.dtype}")
    out = np.empty(np.broadcast_shapes(x.shape, y.shape), _WHOLES[x.dtype])
    out.real, out.imag = x, y
    return out


@function(method=False)
def polar(abs, angle):
    """The complex numbers of this absolute value and angle."""
    return complex(abs * cos(angle), abs * sin(angle))


@function()
def angle(input):
    """The angle of complex numbers, from -pi to pi; of real ones 0, or pi where they are negative."""
    if input.dtype.kind == "c":
        return atan2(imag(input), real(input))
    x = input if input.dtype.kind == "f" else input.to(default_dtype())
    return where(np.isnan(x), x, (x < 0).to(x.dtype) * math.pi)


@op(
    method=False,
    x=lambda g, dim, norm, inverse: fourier(g, dim=dim, norm=norm, inverse=inverse),  # the matrix is symmetric
)
def fourier(x, *, dim, norm="backward", inverse=False):
    """The discrete Fourier transform along dim, scaled as `norm` says."""
    if norm not in ("backward", "forward", "ortho"):
        raise RuntimeError(f'fft: norm must be "backward", "forward" or "ortho", not {norm!r}')
    x = x if x.dtype.kind == "c" else as_floats(x)
    if x.dtype == np.float16 or not x.shape[dim]:
        raise RuntimeError(f"fft needs float32 or float64, and dim {dim} not empty: got {x.dtype} of shape {x.shape}")
    return (np.fft.ifft if inverse else np.fft.fft)(x, axis=dim, norm=norm)
