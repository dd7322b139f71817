"""The compiled loops of layer_norm and rms_norm over contiguous float32 matrices (rows, C).

The mean that layer_norm stores is that of what remains when the first element of its row is subtracted: far from 0, no
digits are lost.
"""

import numpy as np
from numba import float32

from autograd.kernels.numba_loops import RUN_OF_ROWS
from autograd.kernels.numba_math import inline, kernel, minus, two_sum, wide_vectors

ZERO, ONE, INF = float32(0), float32(1), float32(np.inf)
SMALLEST = float32(1e-30)  # variance of which float32 has all digits


@inline
def _flush(totals, part):
    """Add `part` to `totals`, of float64, and start again from 0."""
    for i in range(part.size):
        totals[i] += part[i]
        part[i] = ZERO


@kernel
def layer_norm(out, mean, rstd, x, weight, bias, eps):
    """False where a row's squares are too large or too small for float32."""
    wide_vectors()
    rows, n = x.shape
    done = True
    for r in range(rows):
        first, s = x[r, 0], ZERO
        for i in range(n):
            s += minus(x[r, i], first)
        m = s / float32(n)
        centre, rest = two_sum(first, m)
        square = ZERO
        for i in range(n):
            d = minus(x[r, i], centre)
            square += d * d
        variance = square / float32(n) - rest * rest + eps
        done &= SMALLEST < variance < INF
        k = ONE / np.sqrt(variance)
        for i in range(n):
            out[r, i] = (minus(x[r, i], centre) * k - rest * k) * weight[i] + bias[i]
        mean[r] = m
        rstd[r] = k
    return done


@kernel
def layer_norm_backward(g_x, g_weight, g_bias, g, x, weight, mean, rstd, totals):
    wide_vectors()
    rows, n = x.shape
    g_weight[:] = ZERO
    g_bias[:] = ZERO
    for start in range(0, rows, RUN_OF_ROWS):
        for r in range(start, min(start + RUN_OF_ROWS, rows)):
            k = rstd[r]
            centre, rest = two_sum(x[r, 0], mean[r])
            rest *= k
            along, total = ZERO, ZERO
            for i in range(n):
                xhat = minus(x[r, i], centre) * k - rest
                gw = g[r, i] * weight[i]
                total += gw
                along += gw * xhat
                g_weight[i] += g[r, i] * xhat
                g_bias[i] += g[r, i]
            total /= float32(n)
            along /= float32(n)
            for i in range(n):
                xhat = minus(x[r, i], centre) * k - rest
                g_x[r, i] = k * (g[r, i] * weight[i] - total - xhat * along)
        _flush(totals[0], g_weight)
        _flush(totals[1], g_bias)
    g_weight[:], g_bias[:] = totals


@kernel
def rms_norm(out, rstd, x, weight, eps):
    """False where a row's squares are too large or too small for float32."""
    wide_vectors()
    rows, n = x.shape
    done = True
    for r in range(rows):
        square = ZERO
        for i in range(n):
            square += x[r, i] * x[r, i]
        square = square / float32(n) + eps
        done &= SMALLEST < square < INF
        k = ONE / np.sqrt(square)
        for i in range(n):
            out[r, i] = x[r, i] * k * weight[i]
        rstd[r] = k
    return done


@kernel
def rms_norm_backward(g_x, g_weight, g, x, weight, rstd, totals):
    wide_vectors()
    rows, n = x.shape
    g_weight[:] = ZERO
    for start in range(0, rows, RUN_OF_ROWS):
        for r in range(start, min(start + RUN_OF_ROWS, rows)):
            k = rstd[r]
            along = ZERO
            for i in range(n):
                xhat = x[r, i] * k
                along += g[r, i] * weight[i] * xhat
                g_weight[i] += g[r, i] * xhat
            along /= float32(n)
            for i in range(n):
                g_x[r, i] = k * (g[r, i] * weight[i] - x[r, i] * k * along)
        _flush(totals, g_weight)
    g_weight[:] = totals
