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
def product(sgemm, out, x, y, beta):
    """out = beta out + x y for matrices of float32; the rows of out, and the rows or columns of x and y, lie in one
    piece each."""
    n, k = x.shape
    m = y.shape[1]
    turn_x = x.strides[1] != _SIZE or x.strides[0] < k * _SIZE
    turn_y = y.strides[1] != _SIZE or y.strides[0] < m * _SIZE
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


_READ = types.Array(float32, 4, "A", readonly=True)


# One form for arrays of every layout: else each combination of them would be compiled anew.
@njit([types.void(int64, types.Array(float32, 4, "C"), _READ, _READ)], nogil=True, cache=True)
def products(sgemm, out, x, y):
    """The products of matrices in two batch dims."""
    for b in range(out.shape[0]):
        for h in range(out.shape[1]):
            product(sgemm, out[b, h], x[b, h], y[b, h], 0)
