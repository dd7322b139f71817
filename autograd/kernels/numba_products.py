"""Matrix products inside compiled code: a cblas_sgemm is called by its address, without Python and without its lock.

The address is an argument, not a constant, so that what is compiled can be kept on disk.
"""

from llvmlite import ir
from numba import float32, int32, int64, njit, types
from numba.extending import intrinsic

from autograd.kernels.numba_math import inline

_INT32, _INT64, _FLOAT = ir.IntType(32), ir.IntType(64), ir.FloatType()
_ROW_MAJOR, AS_IT_IS, TRANSPOSED = 101, int32(111), int32(112)  # of <cblas.h>
_SIZE = 4  # bytes of a float32
WORTH_TWO_THREADS = 1 << 23  # multiplications; below, MKL multiplies on one
_ARGUMENTS = (int32, int32, int64, int64, int64, float32, int64, int64, int64, int64, float32, int64, int64)


@intrinsic
def _sgemm(typingctx, address, turn_x, turn_y, n, m, k, alpha, x, x_step, y, y_step, beta, out, out_step):
    """The cblas_sgemm at this address, with integers of 64 bits and row-major arrays given by their addresses."""

    def generate(context, builder, signature, args):
        kinds = [{int32: _INT32, int64: _INT64, float32: _FLOAT}[kind] for kind in _ARGUMENTS]
        function = ir.FunctionType(ir.VoidType(), [_INT32, *kinds]).as_pointer()
        builder.call(builder.inttoptr(args[0], function), [_INT32(_ROW_MAJOR), *args[1:]])
        return context.get_dummy_value()

    return types.void(int64, *_ARGUMENTS), generate


@inline
def _in_rows(length, step, each):
    """Whether rows of this length lie in one piece each, given the strides from row to row and within a row."""
    return each == _SIZE and step >= length * _SIZE


@inline
def product(sgemm, out, x, y, beta):
    """out = beta out + x y for matrices of float32; the rows of out, and the rows or columns of x and y, lie in one
    piece each."""
    n, k = x.shape
    m = y.shape[1]
    turn_x = not _in_rows(k, x.strides[0], x.strides[1])
    turn_y = not _in_rows(m, y.strides[0], y.strides[1])
    _sgemm(
        sgemm,
        TRANSPOSED if turn_x else AS_IT_IS,
        TRANSPOSED if turn_y else AS_IT_IS,
        n,
        m,
        k,
        float32(1),
        x.ctypes.data,
        (x.strides[1] if turn_x else x.strides[0]) // _SIZE,
        y.ctypes.data,
        (y.strides[1] if turn_y else y.strides[0]) // _SIZE,
        float32(beta),
        out.ctypes.data,
        out.strides[0] // _SIZE,
    )


@intrinsic
def _use_threads(typingctx, address, count):
    """MKL_Set_Num_Threads_Local at this address: how many threads this one may use; gives the number before."""

    def generate(context, builder, signature, args):
        function = ir.FunctionType(_INT32, [_INT32]).as_pointer()
        return builder.call(builder.inttoptr(args[0], function), [args[1]])

    return int32(int64, int32), generate


@inline
def _readable(x):
    """Whether the matrices of the last two dims have their rows, or their columns, in one piece each."""
    step, each = x.strides[-2], x.strides[-1]
    return _in_rows(x.shape[-1], step, each) or _in_rows(x.shape[-2], each, step)


def _forms(ndim):
    """One form for arrays of every layout: else each combination of them would be compiled anew."""
    read = types.Array(float32, ndim, "A", readonly=True)
    return types.boolean(int64, int64, types.Array(float32, ndim, "C"), read, read)


@njit([_forms(2), _forms(4)], nogil=True, cache=True)
def products(sgemm, use_threads, out, x, y):
    """The product of two matrices, or the products of those in two batch dims; False where BLAS can read neither the
    rows nor the columns of x or y in one piece each."""
    if not (_readable(x) and _readable(y)):
        return False
    little = out.size * x.shape[-1] < WORTH_TWO_THREADS
    before = _use_threads(use_threads, int32(1)) if little and use_threads != 0 else int32(-1)
    if out.ndim == 2:
        product(sgemm, out, x, y, 0)
    else:
        for b in range(out.shape[0]):
            for h in range(out.shape[1]):
                product(sgemm, out[b, h], x[b, h], y[b, h], 0)
    if before >= 0:
        _use_threads(use_threads, before)
    return True
