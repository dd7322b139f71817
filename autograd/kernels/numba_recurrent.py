"""The steps of recurrent layers in compiled loops over contiguous float32 arrays; see numpy_recurrent."""

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
    for r in range(rows):
        for j in range(size):
            i = sigmoid(x[r, j] + product[r, j])
            f = sigmoid(x[r, size + j] + product[r, size + j])
            g = _tanh(x[r, 2 * size + j] + product[r, 2 * size + j])
            o = sigmoid(x[r, 3 * size + j] + product[r, 3 * size + j])
            after = f * c[r, j] + i * g
            gates[r, j] = i
            gates[r, size + j] = f
            gates[r, 2 * size + j] = g
            gates[r, 3 * size + j] = o
            c[r, j] = after
            h[r, j] = o * _tanh(after)


@kernel
def lstm_step_backward(g_x, g_h, g_c, gates, c):
    wide_vectors()
    rows, size = c.shape
    for r in range(rows):
        for j in range(size):
            i, f, g, o = gates[r, j], gates[r, size + j], gates[r, 2 * size + j], gates[r, 3 * size + j]
            tanh = _tanh(f * c[r, j] + i * g)
            grad = g_c[r, j] + g_h[r, j] * o * (ONE - tanh * tanh)
            g_x[r, j] = grad * g * i * (ONE - i)
            g_x[r, size + j] = grad * c[r, j] * f * (ONE - f)
            g_x[r, 2 * size + j] = grad * i * (ONE - g * g)
            g_x[r, 3 * size + j] = g_h[r, j] * tanh * o * (ONE - o)
            g_c[r, j] = grad * f


@kernel
def gru_step(gates, x, product, h):
    wide_vectors()
    rows, size = h.shape
    for row in range(rows):
        for j in range(size):
            r = sigmoid(x[row, j] + product[row, j])
            z = sigmoid(x[row, size + j] + product[row, size + j])
            hidden = product[row, 2 * size + j]
            n = _tanh(x[row, 2 * size + j] + r * hidden)
            gates[row, j] = r
            gates[row, size + j] = z
            gates[row, 2 * size + j] = n
            gates[row, 3 * size + j] = hidden
            h[row, j] = n + z * (h[row, j] - n)


@kernel
def gru_step_backward(g_x, g_product, g_h, gates, h):
    wide_vectors()
    rows, size = h.shape
    for row in range(rows):
        for j in range(size):
            r, z, n = gates[row, j], gates[row, size + j], gates[row, 2 * size + j]
            grad = g_h[row, j]
            g_n = grad * (ONE - z) * (ONE - n * n)
            g_r = g_n * gates[row, 3 * size + j] * r * (ONE - r)
            g_z = grad * (h[row, j] - n) * z * (ONE - z)
            g_x[row, j] = g_r
            g_x[row, size + j] = g_z
            g_x[row, 2 * size + j] = g_n
            g_product[row, j] = g_r
            g_product[row, size + j] = g_z
            g_product[row, 2 * size + j] = g_n * r
            g_h[row, j] = grad * z
