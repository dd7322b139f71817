"""The compiled loops over contiguous float32 arrays; results are written to arrays that the caller allocated.

Matrices are (rows, C), and the loops over a row compile to vector instructions. Nothing is allocated here but the rows
of float64 of `embedding_backward`.
"""

import math

import numpy as np
from numba import carray, float32, uint64

from autograd.kernels.numba_math import exp, floats_at, inline, kernel, larger, minus, normal_cdf, sigmoid, wide_vectors

ONE, ZERO = float32(1), float32(0)
DENSITY = float32(1 / math.sqrt(2 * math.pi))
TWICE_SQRT_2_OVER_PI = float32(2 * math.sqrt(2 / math.pi))
CUBIC = float32(0.044715 * 2 * math.sqrt(2 / math.pi))
STEEP = float32(625)  # where x^2 is larger, the slope is 0 or 1 in float32
MINUS_INF = float32(-np.inf)
RUN, RUN_OF_ROWS = 1024, 128  # so many numbers, and rows, are added in float32, and the sums of these in float64


@kernel
def gelu(out, x):
    wide_vectors()
    for i in range(x.size):
        out[i] = x[i] * normal_cdf(x[i])[0]


@kernel
def gelu_backward(out, g, x):
    wide_vectors()
    for i in range(x.size):
        phi, gauss = normal_cdf(x[i])
        out[i] = g[i] * (phi + x[i] * DENSITY * gauss)


@kernel
def gelu_tanh(out, x):
    wide_vectors()
    for i in range(x.size):  # (1 + tanh u) / 2 = sigmoid(2 u)
        v = x[i]
        out[i] = v * sigmoid(v * (TWICE_SQRT_2_OVER_PI + CUBIC * v * v))


@inline
def _gelu_tanh_slope(x):
    square = x * x
    square = STEEP if square > STEEP else square
    s = sigmoid(x * (TWICE_SQRT_2_OVER_PI + CUBIC * square))
    return s + x * s * (ONE - s) * (TWICE_SQRT_2_OVER_PI + float32(3) * CUBIC * square)  # in this order: s may be 0


@kernel
def gelu_tanh_backward(out, g, x):
    wide_vectors()
    for i in range(x.size):
        out[i] = g[i] * _gelu_tanh_slope(x[i])


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


@inline
def _maximum(x, r):
    """The largest of row r."""
    top = MINUS_INF
    for i in range(x.shape[1]):
        top = larger(top, x[r, i])
    return top


@kernel
def softmax(out, x):
    """The loop that adds reads `out` alone: where `x` lay close before it, LLVM would take a loop without vectors, and
    the sum would have other bits."""
    wide_vectors()
    rows, n = x.shape
    for r in range(rows):
        top, total = MINUS_INF, 0.0
        for i in range(n):
            top = larger(top, x[r, i])
            out[r, i] = x[r, i]
        for start in range(0, n, RUN):
            part = ZERO
            for i in range(uint64(start), uint64(min(start + RUN, n))):
                e = exp(out[r, i] - top)
                out[r, i] = e
                part += e
            total += part
        share = float32(1 / total)
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
def sum_exp(tops, totals, x):
    """The maximum of each row (0 if all are -inf), and the sum of e^(x - maximum)."""
    wide_vectors()
    rows, n = x.shape
    for r in range(rows):
        top, total = _maximum(x, r), 0.0
        top = ZERO if top == MINUS_INF else top
        for start in range(0, n, RUN):
            part = ZERO
            for i in range(uint64(start), uint64(min(start + RUN, n))):
                part += exp(x[r, i] - top)
            total += part
        tops[r] = top
        totals[r] = total


@kernel
def log_softmax(out, tops, totals, x):
    wide_vectors()
    rows, n = x.shape
    for r in range(rows):
        top, log_sum = tops[r], np.log(totals[r])
        for i in range(n):
            out[r, i] = minus(x[r, i], top) - log_sum


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


@kernel
def cross_entropy(loss, logits, target, tops, totals, ignore_index, smoothing):
    wide_vectors()
    rows, n = logits.shape
    for r in range(rows):
        loss[r] = ZERO
        if target[r] != ignore_index:
            top = tops[r]
            found = np.log(totals[r]) - minus(logits[r, target[r]], top) * (ONE - smoothing)
            if smoothing != ZERO:
                total = 0.0
                for start in range(0, n, RUN):
                    part = ZERO
                    for i in range(uint64(start), uint64(min(start + RUN, n))):
                        part += minus(logits[r, i], top)
                    total += part
                found -= smoothing * float32(total / n)
            loss[r] = found


@kernel
def cross_entropy_backward(out, g, logits, target, tops, totals, ignore_index, smoothing):
    wide_vectors()
    rows, n = logits.shape
    each = smoothing / float32(n)
    for r in range(rows):
        if target[r] == ignore_index:
            for i in range(n):
                out[r, i] = ZERO
        else:
            scale, top, share = g[r], tops[r], ONE / totals[r]
            for i in range(n):
                out[r, i] = scale * (exp(minus(logits[r, i], top)) * share - each)
            out[r, target[r]] -= scale * (ONE - smoothing)


@kernel
def embedding_backward(out, g, index, counts):
    """Add the rows of g to the rows of out, which are 0; `counts` holds as many zeros as there are indices.

    The rows of an index that occurs often are added in a row of float64; -1 minus its number replaces the count.
    """
    wide_vectors()
    rows, n = g.shape
    for k in index:
        counts[k] += 1
    often = 0
    for k in index:
        if counts[k] > RUN_OF_ROWS:
            counts[k] = -1 - often
            often += 1
    totals = np.zeros((often, n))
    for r in range(rows):
        k = index[r]
        place = counts[k]
        if place > 0:
            for i in range(n):
                out[k, i] += g[r, i]
        else:
            for i in range(n):
                totals[-1 - place, i] += g[r, i]
    for k in index if often else index[:0]:
        if counts[k] < 0:
            out[k] = totals[-1 - counts[k]]
            counts[k] = 0


@kernel
def put_addresses(addresses, param, grad, mean, square, largest):
    """Write the addresses of arrays into a row for `adam`; False if they differ in size."""
    addresses[0], addresses[1], addresses[2] = param.ctypes.data, grad.ctypes.data, mean.ctypes.data
    addresses[3], addresses[4] = square.ctypes.data, largest.ctypes.data
    return param.size == grad.size == mean.size == square.size == largest.size


@kernel
def sum_of_squares(x):
    total = 0.0
    for start in range(0, x.size, RUN):
        part = ZERO
        for i in range(uint64(start), uint64(min(start + RUN, x.size))):
            part += x[i] * x[i]
        total += part
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
