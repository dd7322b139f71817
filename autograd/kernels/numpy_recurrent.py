"""One step of a recurrent layer for all sequences of a batch, in plain NumPy; the results are written into arguments.

A step gets `x` and `product`, the input's and the state's shares of the sums inside the activations. It replaces the
state by the next one, and writes what its derivative needs into `gates`. The derivative replaces the gradients of the
next state by those of the state, apart from what flows through `product`.
"""

import numpy as np


def _sigmoid(x):
    """Replace x by 1 / (1 + e^-x), which is (1 + tanh(x / 2)) / 2."""
    x *= 0.5
    np.tanh(x, out=x)
    x += 1
    x *= 0.5


def lstm_step(gates, x, product, h, c):
    """c = f c + i g, h = o tanh(c), with gates (B, 4H) i, f, g, o (Gers et al. 2000)."""
    np.add(x, product, out=gates)
    i, f, g, o = np.split(gates, 4, -1)
    _sigmoid(gates[:, : 2 * h.shape[-1]])
    np.tanh(g, out=g)
    _sigmoid(o)
    c *= f
    c += i * g
    np.tanh(c, out=h)
    h *= o


def lstm_step_backward(g_x, g_h, g_c, gates, c):
    """The gradient of x, and of product, is written into g_x."""
    i, f, g, o = np.split(gates, 4, -1)
    g_i, g_f, g_g, g_o = np.split(g_x, 4, -1)
    tanh = np.tanh(f * c + i * g)
    g_c += g_h * o * (1 - tanh * tanh)
    np.multiply(g_c * g, i * (1 - i), out=g_i)
    np.multiply(g_c * c, f * (1 - f), out=g_f)
    np.multiply(g_c * i, 1 - g * g, out=g_g)
    np.multiply(g_h * tanh, o * (1 - o), out=g_o)
    g_c *= f


def gru_step(gates, x, product, h):
    """h = (1 - z) n + z h with n = tanh(x_n + r product_n) (Cho et al. 2014); gates (B, 4H) are r, z, n, product_n."""
    size = h.shape[-1]
    r, z, n, hidden = np.split(gates, 4, -1)
    np.add(x[:, : 2 * size], product[:, : 2 * size], out=gates[:, : 2 * size])
    _sigmoid(gates[:, : 2 * size])
    hidden[...] = product[:, 2 * size :]
    np.tanh(x[:, 2 * size :] + r * hidden, out=n)
    h -= n
    h *= z
    h += n


def gru_step_backward(g_x, g_product, g_h, gates, h):
    """The gradients of x and product differ in n alone."""
    size = h.shape[-1]
    r, z, n, hidden = np.split(gates, 4, -1)
    g_r, g_z, g_n = np.split(g_x, 3, -1)
    np.multiply(g_h * (1 - z), 1 - n * n, out=g_n)
    np.multiply(g_n * hidden, r * (1 - r), out=g_r)
    np.multiply(g_h * (h - n), z * (1 - z), out=g_z)
    g_product[:, : 2 * size] = g_x[:, : 2 * size]
    np.multiply(g_n, r, out=g_product[:, 2 * size :])
    g_h *= z
