"""The same bits come out wherever in memory the arrays lie, forward and backward: what one thread computes does not
depend on what the others allocate meanwhile.

A compiled loop may have a version without vectors for arrays that lie close together, which adds in another order.
"""

import numpy as np
import pytest

import nn
import nn.functional as F
from autograd import manual_seed, tensor
from autograd.func import functional_call
from autograd.tensor import Tensor

WIDTHS = [1, 3, 8, 10, 15, 16, 19, 25, 31, 35, 40, 63, 64, 70]


def _rows(rng, width):
    return (rng.standard_normal((1, width)),)


def _weights(rng, width):
    return *(rng.standard_normal(width) for _ in range(2)), *_rows(rng, width)


def _of_heads(rng, width):
    return (*(rng.standard_normal((1, 2, 5, width)) for _ in range(3)),)


def _of_images(rng, width):
    return rng.standard_normal((2, 2, width)), rng.standard_normal(2), rng.standard_normal(2)


def _convolution(rng, width):
    return rng.standard_normal((2, 3, 7, width)), rng.standard_normal((4, 3, 3, 3))


def _recurrent(layer, gates):
    def arguments(rng, width):
        return rng.standard_normal((3, 2, 4)), *(
            rng.standard_normal(shape) for shape in ((gates * width, 4), (gates * width, width), (gates * width,))
        )

    def run(x, w_x, w_h, b):
        cell = layer(4, w_h.shape[1])
        values = {"weight_ih_l0": w_x, "weight_hh_l0": w_h, "bias_ih_l0": b, "bias_hh_l0": b}
        return functional_call(cell, values, (x,))[0]

    return arguments, run


CASES = {
    "gelu": (_rows, F.gelu),
    "gelu with tanh": (_rows, lambda x: F.gelu(x, approximate="tanh")),
    "silu": (_rows, F.silu),
    "softmax": (_rows, lambda x: F.softmax(x, -1)),
    "log_softmax": (_rows, lambda x: F.log_softmax(x, -1)),
    "cross_entropy": (_rows, lambda x: F.cross_entropy(x, tensor([0]), label_smoothing=0.1)),
    "layer_norm": (_weights, lambda w, b, x: F.layer_norm(x, x.shape[-1:], w, b)),
    "rms_norm": (lambda rng, width: _weights(rng, width)[1:], lambda w, x: F.rms_norm(x, x.shape[-1:], w)),
    "attention": (_of_heads, lambda q, k, v: F.scaled_dot_product_attention(q, k, v, is_causal=True)),
    "embedding": (_rows, lambda x: F.embedding(tensor([0] * 150), x)),
    "batch_norm": (_of_images, lambda x, w, b: F.batch_norm(x, None, None, w, b, training=True)),
    "max_pool1d": (lambda rng, width: _of_images(rng, width)[:1], lambda x: F.max_pool1d(x, 1)),
    "conv2d": (_convolution, lambda x, w: F.conv2d(x, w, padding=1)),
    "matmul": (_rows, lambda x: x @ x.T),
    "sum": (_rows, lambda x: (x * x).sum(-1)),
    "lstm": _recurrent(nn.LSTM, 4),
    "gru": _recurrent(nn.GRU, 3),
}


def _placed(rng, array, memory):
    """A copy of the array that begins somewhere in `memory`."""
    start = 4 * int(rng.integers(16))
    place = memory[start : start + array.nbytes].view(np.float32).reshape(array.shape)
    place[...] = array
    return Tensor(place, requires_grad=True)


@pytest.mark.parametrize("name", CASES)
def test_the_bits_of_a_result_and_its_gradients_do_not_depend_on_where_arrays_lie(name):
    arguments, function = CASES[name]
    rng = np.random.default_rng(0)
    for width in WIDTHS:
        arrays = [a.astype(np.float32) for a in arguments(rng, width)]
        found = set()
        for _ in range(12):
            holes = [np.empty(4 * int(n), np.uint8) for n in rng.integers(1, 120, 30)]
            inputs = [_placed(rng, a, np.empty(a.nbytes + 64, np.uint8)) for a in arrays]
            del holes[:: int(rng.integers(1, 4))]  # results lie here and there among what is left
            manual_seed(0)
            out = function(*inputs)
            (out * out).sum().backward()
            found.add(tuple(a.array.tobytes() for a in (out, *(x.grad for x in inputs))))
        assert len(found) == 1, f"width {width}: {len(found)} different results of the same inputs"
