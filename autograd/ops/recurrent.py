"""Recurrent layers: one direction of one layer is one operation.

The input's share of the sums inside the activations is one product for all steps (`linear`), made before. Sequences of
several lengths lie in the form of PyTorch's PackedSequence: the rows of step 0, those of step 1, and so on, where step
t has a row for each of the first batch_sizes[t] sequences. The state has a row for every sequence, and a step replaces
the rows of the sequences that it has.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from autograd import kernels
from autograd.ops.elementwise import relu, sigmoid
from autograd.ops.joining import cat, split
from autograd.ops.neural import linear
from autograd.ops.table import op
from autograd.ops.transcendental import tanh

__all__ = ["CELLS", "recurrent_layer", "unrolled"]


def _steps(batch_sizes, reverse, first=0, last=None):
    """For each step, in the order of the computation, the rows and the numbers of those sequences from `first` up to
    `last` that it has."""
    starts = np.cumsum([0, *batch_sizes]).tolist()
    steps = []
    for start, size in zip(starts, batch_sizes, strict=False):
        end = size if last is None else min(size, last)
        if first < end:
            steps.append((slice(start + first, start + end), slice(first, end)))
    return steps[::-1] if reverse else steps


FEW_SEQUENCES = 8  # with fewer, a product of matrices is slow
WORTH_A_THREAD = 1 << 18  # elements of x


def _share(body, batch_sizes, width):
    """Call body(first, last) on ranges of the sequences, one a thread: within a step, no thread waits for another."""
    grain_size = max(FEW_SEQUENCES, WORTH_A_THREAD // (width * len(batch_sizes)))
    if batch_sizes[0] < 2 * grain_size:
        body(0, batch_sizes[0])
        return
    with kernels.blas_threads(1):
        kernels.parallel_for(body, batch_sizes[0], grain_size)


# The cells in primitive ops: the input's share x of the sums, the state's share and the state give the next state ----


def _lstm(x, product, h, c):
    i, f, g, o = split(x + product, c.shape[-1], -1)
    c = sigmoid(f) * c + sigmoid(i) * tanh(g)
    return sigmoid(o) * tanh(c), c


def _gru(x, product, h):
    (x_r, x_z, x_n), (r, z, n) = split(x, h.shape[-1], -1), split(product, h.shape[-1], -1)
    n = tanh(x_n + sigmoid(x_r + r) * n)
    return (n + sigmoid(x_z + z) * (h - n),)


# The steps of the plain cells, as the kernels of the others are -------------------------------------------------------


def _tanh_step(gates, x, product, h):
    h[...] = np.tanh(np.add(x, product, out=gates), out=gates)


def _relu_step(gates, x, product, h):
    h[...] = np.maximum(np.add(x, product, out=gates), 0, out=gates)


class Cell(NamedTuple):
    """`sums` is the width of x, and `kept` that of what a step keeps for its derivative, in hidden sizes.

    `derivative` takes the gradients of x and of the product, to be written, and of the state, to be replaced; then
    what the step kept, and the state before it.
    """

    sums: int
    kept: int
    formula: Callable
    step: Callable
    derivative: Callable


CELLS = {
    "RNN_TANH": Cell(
        *(1, 1, lambda x, product, h: (tanh(x + product),), _tanh_step),
        lambda g_x, _, g, gates, before: np.multiply(g[0], 1 - gates * gates, out=g_x),
    ),
    "RNN_RELU": Cell(
        *(1, 1, lambda x, product, h: (relu(x + product),), _relu_step),
        lambda g_x, _, g, gates, before: np.copyto(g_x, np.where(gates > 0, g[0], 0)),
    ),
    "LSTM": Cell(
        *(4, 4, _lstm, lambda *arrays: kernels.lstm_step(*arrays)),
        lambda g_x, _, g, gates, before: kernels.lstm_step_backward(g_x, *g, gates, before[1]),
    ),
    "GRU": Cell(
        *(3, 4, _gru, lambda *arrays: kernels.gru_step(*arrays)),
        lambda g_x, g_product, g, gates, before: kernels.gru_step_backward(g_x, g_product, *g, gates, *before),
    ),
}


def unrolled(x, h, c, weight, bias, projection=None, *, kind, batch_sizes, reverse):
    """(outputs, h, c) of `recurrent_layer` in primitive ops; c is None but for LSTM.

    `projection` (P, H) makes h of o tanh(c) (Sak et al. 2014): h (B, P), weight (sums H, P).
    """
    state = (h,) if c is None else (h, c)
    steps, outs = _steps(batch_sizes, reverse), {}
    for rows, there in steps:
        now = [s[there] for s in state]
        new, *rest = CELLS[kind].formula(x[rows], linear(now[0], weight, bias), *now)
        outs[rows.start] = new = new if projection is None else linear(new, projection, None)
        state = [cat([a, s[there.stop :]]) for a, s in zip((new, *rest), state, strict=True)]
    h, c = state if len(state) == 2 else (*state, None)
    return cat([outs[start] for start in sorted(outs)]), h, c


def _reference(x, h, c, weight, bias, *, kind, batch_sizes, reverse):
    return cat([part for part in unrolled(**locals()) if part is not None])


def _derivative(g, x, weight, before, gates, kind, batch_sizes, reverse):
    """Backpropagation through time: the gradient of the state goes from the last step to the first; that of the weight
    is one product over all steps."""
    count, size = len(x), weight.shape[1]
    g_state = g[count:].reshape(len(before), batch_sizes[0], size).copy()
    g_x = np.empty_like(x)
    g_product = np.empty_like(x) if kind == "GRU" else g_x
    derivative = CELLS[kind].derivative
    times_weight = kernels.prepacked(weight, count)

    def body(first, last):
        for rows, there in _steps(batch_sizes, not reverse, first, last):
            g_now = g_state[:, there]
            g_now[0] += g[rows]
            derivative(g_x[rows], g_product[rows], g_now, gates[rows], before[:, rows])
            product = times_weight(g_product[rows])
            if kind == "GRU":
                g_now[0] += product
            else:
                g_now[0] = product

    _share(body, batch_sizes, x.shape[1])
    g_weight = kernels.matmul(g_product.T, before[0])
    return g_x, g_state[0], g_state[1] if kind == "LSTM" else None, g_weight, g_product


@op(method=False, grads=_derivative, saves=("before", "gates"), reference=_reference)
def recurrent_layer(x, h, c, weight, bias, *, kind, batch_sizes, reverse):
    """The hidden states after all steps of one direction of a layer, in the rows of x, then h and (LSTM) c at the end.

    x (N, sums H) are the rows of all steps, h and c (B, H) the state before; weight (sums H, H) and bias (sums H) or
    None make the state's share of the sums. Shape: (N + B, H), or (N + 2 B, H) with c.
    """
    cell = CELLS[kind]
    count, size = len(x), weight.shape[1]
    state = np.stack([h] if c is None else [h, c])
    before = np.empty((len(state), count, size), x.dtype)
    gates = np.empty((count, cell.kept * size), x.dtype)
    out = np.empty((count + len(state) * len(h), size), x.dtype)
    x = np.ascontiguousarray(x)
    times_weight = kernels.prepacked(weight.T, count)

    def body(first, last):
        for rows, there in _steps(batch_sizes, reverse, first, last):
            now = state[:, there]
            before[:, rows] = now
            product = times_weight(before[0, rows])
            if bias is not None:
                product += bias
            cell.step(gates[rows], x[rows], product, *now)
            out[rows] = now[0]

    _share(body, batch_sizes, x.shape[1])
    out[count:] = state.reshape(-1, size)
    return out, before, gates
