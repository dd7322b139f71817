"""The kernels by Numba (the extra `fast`), for float32; other arrays, and kernels missing here, are NumPy's to do.

Each has the name and the arguments of a NumPy kernel, whose docstring says what it computes. A kernel makes arrays
contiguous, allocates the results and runs loops; those of the kernels in this file are in `numba_loops`. The loops
release the GIL and run on one thread each, so that several threads may each work on a share of a batch.
"""

import math
from functools import lru_cache

import numpy as np

from autograd.kernels import numba_loops as loops
from autograd.kernels import numba_norms as norms
from autograd.kernels import numba_recurrent as recurrent
from autograd.kernels import numpy_kernels
from autograd.kernels.blas import mkl
from autograd.kernels.numba_arrays import FLOAT32, as_rows, contiguous, flat, supported
from autograd.kernels.numba_attention import attention, attention_backward, rotary
from autograd.kernels.numba_convolution import correlate, correlate_weight
from autograd.kernels.numba_images import batch_norm, batch_norm_backward, channel_statistics, max_pool, unpool
from autograd.kernels.numba_products import matmul, prepacked
from autograd.kernels.threads import GRAIN_SIZE, parallel_for

mkl()  # loaded now, so that `blas_threads` sets its number of threads too


def _is_last_dim(dim, x):
    return dim is not None and dim % x.ndim == x.ndim - 1 if x.ndim else False


def _elementwise(name, arrays):
    """The kernel of so many arrays, and of whether it is the form with tanh, which is a loop of its own."""
    plain, loop = getattr(numpy_kernels, name), getattr(loops, name)
    with_tanh = getattr(loops, name.replace("gelu", "gelu_tanh"))

    def kernel(*args):
        x = args[arrays - 1]
        if not supported(x):
            return plain(*args)
        out = np.empty(x.shape, FLOAT32)
        (with_tanh if args[-1] is True else loop)(out.reshape(-1), *map(flat, args[:arrays]))
        return out

    return kernel


gelu, gelu_backward = _elementwise("gelu", 1), _elementwise("gelu_backward", 2)
silu, silu_backward = _elementwise("silu", 1), _elementwise("silu_backward", 2)


def softmax(x, dim):
    if not (supported(x) and _is_last_dim(dim, x)):
        return numpy_kernels.softmax(x, dim)
    out = np.empty(x.shape, FLOAT32)
    loops.softmax(as_rows(out), as_rows(x))
    return out


def _softmax_backward(name):
    plain, loop = getattr(numpy_kernels, name), getattr(loops, name)

    def backward(g, out, dim):
        if not (supported(out) and _is_last_dim(dim, out)):
            return plain(g, out, dim)
        found = np.empty(out.shape, FLOAT32)
        loop(as_rows(found), as_rows(g), as_rows(out))
        return found

    return backward


softmax_backward, log_softmax_backward = map(_softmax_backward, ("softmax_backward", "log_softmax_backward"))


def log_softmax(x, dim):
    if not (supported(x) and _is_last_dim(dim, x)):
        return numpy_kernels.log_softmax(x, dim)
    out, rows = np.empty(x.shape, FLOAT32), as_rows(x)
    top, total = np.empty((2, len(rows)), FLOAT32)
    loops.sum_exp(top, total, rows)
    loops.log_softmax(as_rows(out), top, total, rows)
    return out


@lru_cache(64)
def _constant(n, fill):
    """A shared vector that no kernel writes to; not marked read-only, or Numba would compile the loops once more."""
    return np.full(n, fill, FLOAT32)


def _vector(v, n, fill):
    return _constant(n, fill) if v is None else contiguous(v)


def layer_norm(x, weight, bias, eps):
    if not supported(x):
        return numpy_kernels.layer_norm(x, weight, bias, eps)
    n = x.shape[-1]
    out = np.empty(x.shape, FLOAT32)
    mean, rstd = np.empty((2, *x.shape[:-1], 1), FLOAT32)
    w, b = _vector(weight, n, 1), _vector(bias, n, 0)
    done = norms.layer_norm(as_rows(out), mean.reshape(-1), rstd.reshape(-1), as_rows(x), w, b, np.float32(eps))
    return (out, mean, rstd) if done else numpy_kernels.layer_norm(x, weight, bias, eps)


def layer_norm_backward(g, x, weight, mean, rstd, needs):
    if not supported(x):
        return numpy_kernels.layer_norm_backward(g, x, weight, mean, rstd, needs)
    n = x.shape[-1]
    g_x = np.empty(x.shape, FLOAT32)
    g_weight, g_bias = np.empty(n, FLOAT32), np.empty(n, FLOAT32)
    rows = (as_rows(g), as_rows(x), _vector(weight, n, 1), flat(mean), flat(rstd))
    norms.layer_norm_backward(as_rows(g_x), g_weight, g_bias, *rows, np.zeros((2, n)))
    return g_x, g_weight if needs[1] else None, g_bias if needs[2] else None


def rms_norm(x, weight, eps):
    if not supported(x):
        return numpy_kernels.rms_norm(x, weight, eps)
    out, rstd = np.empty(x.shape, FLOAT32), np.empty((*x.shape[:-1], 1), FLOAT32)
    w = _vector(weight, x.shape[-1], 1)
    done = norms.rms_norm(as_rows(out), rstd.reshape(-1), as_rows(x), w, np.float32(eps))
    return (out, rstd) if done else numpy_kernels.rms_norm(x, weight, eps)


def rms_norm_backward(g, x, weight, rstd, needs):
    if not supported(x):
        return numpy_kernels.rms_norm_backward(g, x, weight, rstd, needs)
    n = x.shape[-1]
    g_x, g_weight = np.empty(x.shape, FLOAT32), np.empty(n, FLOAT32)
    rows = (as_rows(g), as_rows(x), _vector(weight, n, 1), flat(rstd))
    norms.rms_norm_backward(as_rows(g_x), g_weight, *rows, np.zeros(n))
    return g_x, g_weight if needs[1] else None


def cross_entropy(logits, target, ignore_index, label_smoothing):
    if not supported(logits):
        return numpy_kernels.cross_entropy(logits, target, ignore_index, label_smoothing)
    loss, top, total = np.empty((3, len(logits)), FLOAT32)
    logits, target = contiguous(logits), contiguous(target.astype(np.int64, copy=False))
    loops.sum_exp(top, total, logits)
    loops.cross_entropy(loss, logits, target, top, total, ignore_index, np.float32(label_smoothing))
    return loss, top, total


def cross_entropy_backward(g, logits, target, top, total, ignore_index, label_smoothing):
    if not supported(logits):
        return numpy_kernels.cross_entropy_backward(g, logits, target, top, total, ignore_index, label_smoothing)
    out = np.empty(logits.shape, FLOAT32)
    target = contiguous(target.astype(np.int64, copy=False))
    rows, smoothing = [contiguous(a) for a in (top, total)], np.float32(label_smoothing)
    loops.cross_entropy_backward(out, contiguous(g), contiguous(logits), target, *rows, ignore_index, smoothing)
    return out


def _compiled_step(name):
    """The compiled loop of this name for arrays that are all contiguous float32, NumPy's kernel for others."""
    loop, plain = getattr(recurrent, name), getattr(numpy_kernels, name)

    def step(*arrays):
        whole = all(a.dtype == FLOAT32 and a.flags.carray for a in arrays)
        (loop if whole else plain)(*arrays)

    return step


lstm_step, lstm_step_backward = _compiled_step("lstm_step"), _compiled_step("lstm_step_backward")
gru_step, gru_step_backward = _compiled_step("gru_step"), _compiled_step("gru_step_backward")


def embedding_backward(g, index, rows):
    if not supported(g):
        return numpy_kernels.embedding_backward(g, index, rows)
    out = np.zeros((rows, g.shape[-1]), FLOAT32)
    index = contiguous(index.astype(np.int64, copy=False))
    loops.embedding_backward(out, contiguous(g), index, np.zeros(rows, np.int64))
    return out


def adam(
    params, grads, means, squares, largest, *, steps, lr, betas, eps, weight_decay, decoupled_weight_decay, maximize
):
    """The step of `nn.optim.Adam` for all parameters in one loop, or in one a thread; `largest` is None unless amsgrad.

    False, and nothing done, if an array is not contiguous float32 or those of a parameter differ in size.
    """
    sets = list(zip(params, map(contiguous, grads), means, squares, largest or squares))
    if not all(a.dtype == FLOAT32 and a.flags.carray for arrays in sets for a in arrays):
        return False
    addresses = np.empty((len(sets), 5), np.int64)
    if not all(loops.put_addresses(row, *arrays) for row, arrays in zip(addresses, sets)):
        return False
    beta1, beta2 = betas
    sizes = np.array([a.size for a in params], np.int64)
    step_sizes = np.array([lr / (1 - beta1**step) for step in steps], FLOAT32)
    roots = np.array([1 / math.sqrt(1 - beta2**step) for step in steps], FLOAT32)
    l2, shrink = (0, 1 - lr * weight_decay) if decoupled_weight_decay else (weight_decay, 1)
    numbers = [np.float32(n) for n in (-1 if maximize else 1, l2, shrink, beta1, 1 - beta1, beta2, 1 - beta2, eps)]

    def body(start, stop):
        loops.adam(addresses, sizes, step_sizes, roots, start, stop, *numbers, largest is not None)

    parallel_for(body, int(sizes.sum()), GRAIN_SIZE)
    return True


def squared_norm(x):
    if not supported(x):
        return numpy_kernels.squared_norm(x)
    return float(loops.sum_of_squares(flat(x)))
