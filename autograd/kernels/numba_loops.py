"""The compiled loops over contiguous float32 arrays; results are written to arrays that the caller allocated.

Matrices are (rows, C), and the loops over a row compile to vector instructions. Nothing is allocated here.
"""

import math

import numpy as np
from numba import carray, float32, uint64

from autograd.kernels.numba_math import erf, exp, floats_at, kernel, larger, sigmoid, wide_vectors

HALF, ONE, ZERO = float32(0.5), float32(1), float32(0)
SQRT_HALF = float32(math.sqrt(0.5))
DENSITY = float32(1 / math.sqrt(2 * math.pi))
TWICE_SQRT_2_OVER_PI = float32(2 * math.sqrt(2 / math.pi))
CUBIC = float32(0.044715)
MINUS_INF = float32(-np.inf)

# Activations ----------------------------------------------------------------------------------------------------------


@kernel
def gelu(out, x):
    wide_vectors()
    for i in range(x.size):
        out[i] = HALF * x[i] * (ONE + erf(x[i] * SQRT_HALF))


@kernel
def gelu_backward(out, g, x):
    wide_vectors()
    for i in range(x.size):
        v = x[i]
        out[i] = g[i] * (HALF * (ONE + erf(v * SQRT_HALF)) + v * DENSITY * exp(-HALF * v * v))


@kernel
def gelu_tanh(out, x):
    wide_vectors()
    for i in range(x.size):  # (1 + tanh u) / 2 = sigmoid(2 u)
        v = x[i]
        out[i] = v * sigmoid(TWICE_SQRT_2_OVER_PI * (v + CUBIC * v * v * v))


@kernel
def gelu_tanh_backward(out, g, x):
    wide_vectors()
    for i in range(x.size):
        v = x[i]
        s = sigmoid(TWICE_SQRT_2_OVER_PI * (v + CUBIC * v * v * v))
        slope = TWICE_SQRT_2_OVER_PI * (ONE + float32(3) * CUBIC * v * v)
        out[i] = g[i] * s * (ONE + v * (ONE - s) * slope)


@kernel
def silu(out, x):
    wide_vectors()
    for i in range(x.size):
        out[i] = x[i] * sigmoid(x[i])


@kernel
def silu_backward(out, g, x):
    wide_vectors()
    for i in range(x.size):
        s = sigmoid(x[i])
        out[i] = g[i] * s * (ONE + x[i] * (ONE - s))


# Softmax --------------------------------------------------------------------------------------------------------------


@kernel
def softmax(out, x):
    wide_vectors()
    rows, n = x.shape
    for r in range(rows):
        top = MINUS_INF
        for i in range(n):
            top = larger(top, x[r, i])
        total = ZERO
        for i in range(n):
            e = exp(x[r, i] - top)
            out[r, i] = e
            total += e
        share = ONE / total
        for i in range(n):
            out[r, i] *= share


@kernel
def softmax_backward(found, g, out):
    wide_vectors()
    rows, n = out.shape
    for r in range(rows):
        total = ZERO
        for i in range(n):
            total += g[r, i] * out[r, i]
        for i in range(n):
            found[r, i] = out[r, i] * (g[r, i] - total)


@kernel
def log_sum_exp(total, x):
    wide_vectors()
    rows, n = x.shape
    for r in range(rows):
        top = MINUS_INF
        for i in range(n):
            top = larger(top, x[r, i])
        top = ZERO if top == MINUS_INF else top
        s = ZERO
        for i in range(n):
            s += exp(x[r, i] - top)
        total[r] = np.log(s) + top


@kernel
def log_softmax(out, total, x):
    wide_vectors()
    rows, n = x.shape
    for r in range(rows):
        for i in range(n):
            out[r, i] = x[r, i] - total[r]


@kernel
def log_softmax_backward(found, g, out):
    wide_vectors()
    rows, n = out.shape
    for r in range(rows):
        total = ZERO
        for i in range(n):
            total += g[r, i]
        for i in range(n):
            found[r, i] = g[r, i] - exp(out[r, i]) * total


# Normalisation --------------------------------------------------------------------------------------------------------


@kernel
def layer_norm(out, mean, rstd, x, weight, bias, eps):
    wide_vectors()
    rows, n = x.shape
    for r in range(rows):
        s = ZERO
        for i in range(n):
            s += x[r, i]
        m = s / float32(n)
        square = ZERO
        for i in range(n):
            d = x[r, i] - m
            square += d * d
        k = ONE / np.sqrt(square / float32(n) + eps)
        for i in range(n):
            out[r, i] = (x[r, i] - m) * k * weight[i] + bias[i]
        mean[r] = m
        rstd[r] = k


@kernel
def layer_norm_backward(g_x, g_weight, g_bias, g, x, weight, mean, rstd):
    wide_vectors()
    rows, n = x.shape
    for i in range(n):
        g_weight[i] = ZERO
        g_bias[i] = ZERO
    for r in range(rows):
        m, k = mean[r], rstd[r]
        along, total = ZERO, ZERO
        for i in range(n):
            xhat = (x[r, i] - m) * k
            gw = g[r, i] * weight[i]
            total += gw
            along += gw * xhat
            g_weight[i] += g[r, i] * xhat
            g_bias[i] += g[r, i]
        total /= float32(n)
        along /= float32(n)
        for i in range(n):
            xhat = (x[r, i] - m) * k
            g_x[r, i] = k * (g[r, i] * weight[i] - total - xhat * along)


@kernel
def rms_norm(out, rstd, x, weight, eps):
    wide_vectors()
    rows, n = x.shape
    for r in range(rows):
        square = ZERO
        for i in range(n):
            square += x[r, i] * x[r, i]
        k = ONE / np.sqrt(square / float32(n) + eps)
        for i in range(n):
            out[r, i] = x[r, i] * k * weight[i]
        rstd[r] = k


@kernel
def rms_norm_backward(g_x, g_weight, g, x, weight, rstd):
    wide_vectors()
    rows, n = x.shape
    for i in range(n):
        g_weight[i] = ZERO
    for r in range(rows):
        k = rstd[r]
        along = ZERO
        for i in range(n):
            xhat = x[r, i] * k
            along += g[r, i] * weight[i] * xhat
            g_weight[i] += g[r, i] * xhat
        along /= float32(n)
        for i in range(n):
            g_x[r, i] = k * (g[r, i] * weight[i] - x[r, i] * k * along)


# Cross-entropy --------------------------------------------------------------------------------------------------------


@kernel
def cross_entropy(loss, logits, target, total, ignore_index, smoothing):
    wide_vectors()
    rows, n = logits.shape
    for r in range(rows):
        loss[r] = ZERO
        if target[r] != ignore_index:
            found = total[r] - logits[r, target[r]]
            if smoothing != ZERO:
                s = ZERO
                for i in range(n):
                    s += logits[r, i]
                found = (ONE - smoothing) * found + smoothing * (total[r] - s / float32(n))
            loss[r] = found


@kernel
def cross_entropy_backward(out, g, logits, target, total, ignore_index, smoothing):
    wide_vectors()
    rows, n = logits.shape
    each = smoothing / float32(n)
    for r in range(rows):
        if target[r] == ignore_index:
            for i in range(n):
                out[r, i] = ZERO
        else:
            scale, t = g[r], total[r]
            for i in range(n):
                out[r, i] = scale * (exp(logits[r, i] - t) - each)
            out[r, target[r]] -= scale * (ONE - smoothing)


# Embedding, and one step of Adam --------------------------------------------------------------------------------------


@kernel
def embedding_backward(out, g, index):
    wide_vectors()
    rows, n = g.shape
    for r in range(rows):
        k = index[r]
        for i in range(n):
            out[k, i] += g[r, i]


@kernel
def put_addresses(addresses, param, grad, mean, square, largest):
    """Write the addresses of arrays into a row for `adam`; False if they differ in size."""
    addresses[0], addresses[1], addresses[2] = param.ctypes.data, grad.ctypes.data, mean.ctypes.data
    addresses[3], addresses[4] = square.ctypes.data, largest.ctypes.data
    return param.size == grad.size == mean.size == square.size == largest.size


@kernel
def sum_of_squares(x):
    total = ZERO
    for i in range(x.size):
        total += x[i] * x[i]
    return total


@kernel
def adam(addresses, sizes, step_sizes, roots, start, stop, sign, l2, shrink, beta1, rest1, beta2, rest2, eps, amsgrad):
    """One step for the elements `start` to `stop` of all parameters, counted one after the other.

    `addresses` (parameters, 5) are those of each parameter, its gradient, the averages of the gradient and of its
    square, and the largest of the latter, which only `amsgrad` reads. For each parameter, which has taken t steps,
    step_size = lr / (1 - beta1^t) and root = 1 / sqrt(1 - beta2^t); rest = 1 - beta. None is exact in float32.
    """
    wide_vectors()
    before = 0
    for k in range(sizes.size):
        n, step_size, root = sizes[k], step_sizes[k], roots[k]
        param, grad = carray(floats_at(addresses[k, 0]), n), carray(floats_at(addresses[k, 1]), n)
        mean, square = carray(floats_at(addresses[k, 2]), n), carray(floats_at(addresses[k, 3]), n)
        largest = carray(floats_at(addresses[k, 4]), n)
        for i in range(uint64(max(start - before, 0)), uint64(max(min(stop - before, n), 0))):
            p, g = param[i], sign * grad[i]
            if l2 != ZERO:
                g += l2 * p
            m = beta1 * mean[i] + rest1 * g
            v = beta2 * square[i] + rest2 * g * g
            mean[i] = m
            square[i] = v
            if amsgrad:
                v = largest[i] if largest[i] > v else v
                largest[i] = v
            param[i] = shrink * p - step_size * m / (np.sqrt(v) * root + eps)
        before += n
