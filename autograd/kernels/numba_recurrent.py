"""The steps of recurrent layers in compiled loops over contiguous float32 arrays; see numpy_recurrent.

Each loop writes one array: of loops with more arrays LLVM gives up to prove that none overlap, and leaves them scalar.
It does so, too, where it can't see that an index is not negative: loops start at 0, and a gate's place is added.
"""

from numba import float32

from autograd.kernels.numba_math import inline, kernel, sigmoid, wide_vectors

ONE = float32(1)


@inline
def _tanh(x):
    """tanh(x) within 3e-7 relative: up to 0.625 by a polynomial in x^2, fitted to tanh(x) / x by least squares."""
    z = x * x
    p = float32(-0.005704985931515694)
    p = p * z + float32(0.02063908614218235)
    p = p * z + float32(-0.05373971536755562)
    p = p * z + float32(0.13331441581249237)
    p = p * z + float32(-0.3333328068256378)
    far = float32(2) * sigmoid(float32(2) * x) - ONE
    return x + x * z * p if z < float32(0.390625) else far


@kernel
def lstm_step(gates, x, product, h, c):
    wide_vectors()
    rows, size = h.shape
    g, o = 2 * size, 3 * size  # where these gates begin; i and f are the first
    for r in range(rows):
        for j in range(g):
            gates[r, j] = sigmoid(x[r, j] + product[r, j])
        for j in range(size):
            gates[r, g + j] = _tanh(x[r, g + j] + product[r, g + j])
        for j in range(size):
            gates[r, o + j] = sigmoid(x[r, o + j] + product[r, o + j])
        for j in range(size):
            c[r, j] = gates[r, size + j] * c[r, j] + gates[r, j] * gates[r, g + j]
        for j in range(size):
            h[r, j] = gates[r, o + j] * _tanh(c[r, j])


@kernel
def lstm_step_backward(g_x, g_h, g_c, gates, c):
    wide_vectors()
    rows, size = c.shape
    f, g, o = size, 2 * size, 3 * size  # where each gate begins; i is the first
    for r in range(rows):
        for j in range(size):
            g_x[r, j] = _tanh(gates[r, f + j] * c[r, j] + gates[r, j] * gates[r, g + j])
        for j in range(size):
            g_c[r, j] += g_h[r, j] * gates[r, o + j] * (ONE - g_x[r, j] * g_x[r, j])
        for j in range(size):
            g_x[r, o + j] = g_h[r, j] * g_x[r, j] * gates[r, o + j] * (ONE - gates[r, o + j])
        for j in range(size):
            g_x[r, j] = g_c[r, j] * gates[r, g + j] * gates[r, j] * (ONE - gates[r, j])
        for j in range(size):
            g_x[r, f + j] = g_c[r, j] * c[r, j] * gates[r, f + j] * (ONE - gates[r, f + j])
        for j in range(size):
            g_x[r, g + j] = g_c[r, j] * gates[r, j] * (ONE - gates[r, g + j] * gates[r, g + j])
        for j in range(size):
            g_c[r, j] *= gates[r, f + j]


@kernel
def gru_step(gates, x, product, h):
    wide_vectors()
    rows, size = h.shape
    z, n, hidden = size, 2 * size, 3 * size  # where each part of gates begins; r is the first
    for row in range(rows):
        for j in range(n):
            gates[row, j] = sigmoid(x[row, j] + product[row, j])
        for j in range(size):
            gates[row, hidden + j] = product[row, n + j]
        for j in range(size):
            gates[row, n + j] = _tanh(x[row, n + j] + gates[row, j] * product[row, n + j])
        for j in range(size):
            h[row, j] = gates[row, n + j] + gates[row, z + j] * (h[row, j] - gates[row, n + j])


@kernel
def gru_step_backward(g_x, g_product, g_h, gates, h):
    wide_vectors()
    rows, size = h.shape
    z, n, hidden = size, 2 * size, 3 * size
    for row in range(rows):
        for j in range(size):
            g_x[row, n + j] = g_h[row, j] * (ONE - gates[row, z + j]) * (ONE - gates[row, n + j] * gates[row, n + j])
        for j in range(size):
            g_x[row, j] = g_x[row, n + j] * gates[row, hidden + j] * gates[row, j] * (ONE - gates[row, j])
        for j in range(size):
            g_x[row, z + j] = (
                g_h[row, j] * (h[row, j] - gates[row, n + j]) * gates[row, z + j] * (ONE - gates[row, z + j])
            )
        for j in range(n):
            g_product[row, j] = g_x[row, j]
        for j in range(size):
            g_product[row, n + j] = g_x[row, n + j] * gates[row, j]
        for j in range(size):
            g_h[row, j] *= gates[row, z + j]
