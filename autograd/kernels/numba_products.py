"""Matrix products inside compiled code, which calls cblas_sgemm by its address, without Python and without the GIL.

The address is an argument, not a constant, so that the compiled code can be cached on disk.
"""

import numpy as np
from llvmlite import ir
from numba import float32, int32, int64, njit, types
from numba.extending import intrinsic

from autograd.kernels import numpy_kernels
from autograd.kernels.blas import mkl
from autograd.kernels.numba_arrays import FLOAT32, contiguous, four_dims
from autograd.kernels.numba_math import inline, kernel, wide_vectors
from autograd.kernels.numba_tiles import ROWS, WIDTH, tile

_INT32, _INT64, _FLOAT = ir.IntType(32), ir.IntType(64), ir.FloatType()
_ROW_MAJOR, _NO_TRANSPOSE, _TRANSPOSE = 101, int32(111), int32(112)  # of <cblas.h>
_SIZE = 4  # bytes of a float32
SMALL_PRODUCT = 1 << 18  # multiplications; below, NumPy is as fast as MKL
WORTH_PACKING = 64  # rows that a weight is multiplied by in all
WORTH_TWO_THREADS = 1 << 23  # multiplications; below, MKL multiplies on one
_ARGUMENTS = (int32, int32, int64, int64, int64, float32, int64, int64, int64, int64, float32, int64, int64)


@intrinsic
def _sgemm(
    typingctx, address, transpose_x, transpose_y, n, m, k, alpha, x, x_stride, y, y_stride, beta, out, out_stride
):
    """The cblas_sgemm at this address, with integers of 64 bits and row-major arrays given by their addresses."""

    def generate(context, builder, signature, args):
        kinds = [{int32: _INT32, int64: _INT64, float32: _FLOAT}[kind] for kind in _ARGUMENTS]
        function = ir.FunctionType(ir.VoidType(), [_INT32, *kinds]).as_pointer()
        builder.call(builder.inttoptr(args[0], function), [_INT32(_ROW_MAJOR), *args[1:]])
        return context.get_dummy_value()

    return types.void(int64, *_ARGUMENTS), generate


@inline
def _contiguous_rows(length, row_stride, stride):
    """Whether rows of this length are contiguous, given the strides from row to row and within a row."""
    return stride == _SIZE and row_stride >= length * _SIZE


@inline
def product(sgemm, out, x, y, beta):
    """out = beta out + x y for matrices of float32.

    The rows of out must be contiguous, and of x and y either the rows or the columns.
    """
    n, k = x.shape
    m = y.shape[1]
    transpose_x = not _contiguous_rows(k, x.strides[0], x.strides[1])
    transpose_y = not _contiguous_rows(m, y.strides[0], y.strides[1])
    _sgemm(
        sgemm,
        _TRANSPOSE if transpose_x else _NO_TRANSPOSE,
        _TRANSPOSE if transpose_y else _NO_TRANSPOSE,
        n,
        m,
        k,
        float32(1),
        x.ctypes.data,
        (x.strides[1] if transpose_x else x.strides[0]) // _SIZE,
        y.ctypes.data,
        (y.strides[1] if transpose_y else y.strides[0]) // _SIZE,
        float32(beta),
        out.ctypes.data,
        out.strides[0] // _SIZE,
    )


@intrinsic
def _use_threads(typingctx, address, count):
    """MKL_Set_Num_Threads_Local at this address: set the number of threads of this thread, return the previous one."""

    def generate(context, builder, signature, args):
        function = ir.FunctionType(_INT32, [_INT32]).as_pointer()
        return builder.call(builder.inttoptr(args[0], function), [args[1]])

    return int32(int64, int32), generate


@inline
def _has_blas_layout(x):
    """Whether BLAS can read the matrices of the last two dims: their rows or their columns are contiguous."""
    row_stride, stride = x.strides[-2], x.strides[-1]
    return _contiguous_rows(x.shape[-1], row_stride, stride) or _contiguous_rows(x.shape[-2], stride, row_stride)


def _signature(ndim):
    """One signature for arrays of every layout: otherwise each combination of layouts would be compiled anew."""
    read = types.Array(float32, ndim, "A", readonly=True)
    return types.boolean(int64, int64, types.Array(float32, ndim, "C"), read, read)


@njit([_signature(2), _signature(4)], nogil=True, cache=True)
def _products(sgemm, use_threads, out, x, y):
    """out = x @ y, for matrices or for arrays of them in two batch dims; False, and nothing done, where BLAS cannot
    read x or y."""
    if not (_has_blas_layout(x) and _has_blas_layout(y)):
        return False
    small = out.size * x.shape[-1] < WORTH_TWO_THREADS
    previous = _use_threads(use_threads, int32(1)) if small and use_threads != 0 else int32(-1)
    if out.ndim == 2:
        product(sgemm, out, x, y, 0)
    else:
        for b in range(out.shape[0]):
            for h in range(out.shape[1]):
                product(sgemm, out[b, h], x[b, h], y[b, h], 0)
    if previous >= 0:
        _use_threads(use_threads, previous)
    return True


def matmul(x, y):
    """By MKL where it is installed; products with vectors by NumPy, which calls BLAS's gemv for them."""
    if x.ndim < 2 or y.ndim < 2 or 1 in (x.shape[-2], y.shape[-1]) or x.size * y.shape[-1] < SMALL_PRODUCT:
        return numpy_kernels.matmul(x, y)
    library = mkl()
    if library is None or x.dtype != FLOAT32 or y.dtype != FLOAT32:
        return numpy_kernels.matmul(x, y)
    batch = x.shape[:-2]
    if y.shape[:-2] != batch:
        batch = np.broadcast_shapes(batch, y.shape[:-2])
        x, y = (np.broadcast_to(a, (*batch, *a.shape[-2:])) for a in (x, y))
    out = np.empty((*batch, x.shape[-2], y.shape[-1]), FLOAT32)
    arrays = (four_dims(out), four_dims(x), four_dims(y)) if batch else (out, x, y)
    return out if _products(library.sgemm, library.use_threads_here, *arrays) else numpy_kernels.matmul(x, y)


# Products of many small matrices with one weight ----------------------------------------------------------------------


@kernel
def _pack(panels, weight):
    """Copy a weight (K, M) into panels (M / WIDTH, K, WIDTH)."""
    for q in range(panels.shape[0]):
        for k in range(weight.shape[0]):
            for j in range(min(WIDTH, weight.shape[1] - q * WIDTH)):
                panels[q, k, j] = weight[k, q * WIDTH + j]


@kernel
def _packed_product(out, x, panels, offsets, block):
    """out = x (n, K) @ panels; its sizes are multiples of those of a tile. `block` (K, ROWS) is for rows of x."""
    wide_vectors()
    n, count = x.shape
    for r in range(0, n, ROWS):
        for row in range(ROWS):
            for k in range(count):
                block[k, row] = x[r + row, k] if r + row < n else float32(0)
        for q in range(panels.shape[0]):
            to = out.ctypes.data + _SIZE * (r * out.shape[1] + q * WIDTH)
            panel = panels.ctypes.data + _SIZE * q * count * WIDTH
            tile(to, out.shape[1], panel, offsets.ctypes.data, block.ctypes.data, count)


def prepacked(weight, rows):
    count, columns = weight.shape
    if weight.dtype != FLOAT32 or rows < WORTH_PACKING or not weight.size:
        return numpy_kernels.prepacked(weight, rows)
    panels = np.zeros((-(-columns // WIDTH), count, WIDTH), FLOAT32)
    _pack(panels, weight)
    offsets = np.arange(count) * WIDTH

    def product_with(x):
        if x.dtype != FLOAT32 or len(x) < ROWS:
            return matmul(x, weight)
        out = np.empty((-(-len(x) // ROWS) * ROWS, len(panels) * WIDTH), FLOAT32)
        _packed_product(out, contiguous(x), panels, offsets, np.empty((count, ROWS), FLOAT32))
        return np.ascontiguousarray(out[: len(x), :columns])

    return product_with
