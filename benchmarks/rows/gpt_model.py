"""What the GPT rows share: sizes, weights, batches, and the step in the functions that JAX, MyGrad and HIPS share.

The parameters have the names of the published GPT-2 weights, so that every contender takes the same dictionary.
Shapes: B batch, T time, C channels, H heads, D head size, V vocabulary.
"""

import math

import numpy as np

NANO = {"layers": 4, "heads": 4, "width": 128, "context": 64, "batch": 12, "vocabulary": 65}
CHARACTERS = {"layers": 6, "heads": 6, "width": 384, "context": 256, "batch": 8, "vocabulary": 65}
GPT2 = {"layers": 12, "heads": 12, "width": 768, "context": 1024, "batch": 1, "vocabulary": 50257}
LR, BETAS, EPS, DECAY, CLIP = 1e-3, (0.9, 0.99), 1e-8, 0.1, 1.0


def weights(layers, width, context, vocabulary, **_):
    """Every parameter, without biases and with the output matrix tied: matrices from N(0, 0.02^2), norms 1."""
    rng = np.random.default_rng(0)
    shapes = {"transformer.wte.weight": (vocabulary, width), "transformer.wpe.weight": (context, width)}
    for i in range(layers):
        block = {
            "ln_1.weight": (width,),
            "attn.c_attn.weight": (3 * width, width),
            "attn.c_proj.weight": (width, width),
            "ln_2.weight": (width,),
            "mlp.c_fc.weight": (4 * width, width),
            "mlp.c_proj.weight": (width, 4 * width),
        }
        shapes |= {f"transformer.h.{i}.{name}": shape for name, shape in block.items()}
    shapes["transformer.ln_f.weight"] = (width,)
    return {name: _start(rng, shape) for name, shape in shapes.items()}


def _start(rng, shape):
    if len(shape) == 1:
        return np.ones(shape, np.float32)
    return rng.standard_normal(shape, dtype=np.float32) * np.float32(0.02)


def tokens(batch, context, vocabulary, **_):
    """Token ids (B, T) and those that follow (B, T)."""
    ids = np.random.default_rng(1).integers(0, vocabulary, (batch, context + 1))
    return np.ascontiguousarray(ids[:, :-1]), np.ascontiguousarray(ids[:, 1:])


def loss_of(xp, p, idx, targets, layers, heads):
    """The mean cross-entropy by the functions of `xp`, named as NumPy's; N is B times T, for large products."""
    B, T = idx.shape
    C = p["transformer.wte.weight"].shape[1]
    half, one, cubed = np.float32(0.5), np.float32(1), np.float32(0.044715)  # not Python's: MyGrad makes those float64
    mask = np.triu(np.full((T, T), -1e9, np.float32), 1)

    def norm(x, weight):
        x = x - xp.mean(x, axis=-1, keepdims=True)
        return x / xp.sqrt(xp.mean(x * x, axis=-1, keepdims=True) + np.float32(1e-5)) * weight

    def softmax_log(x):
        x = x - xp.max(x, axis=-1, keepdims=True)
        return x - xp.log(xp.sum(xp.exp(x), axis=-1, keepdims=True))

    def by_heads(x):
        return xp.swapaxes(xp.reshape(x, (B, T, heads, C // heads)), 1, 2)  # B,H,T,D

    x = p["transformer.wte.weight"][idx] + p["transformer.wpe.weight"][:T]  # B,T,C
    x = xp.reshape(x, (B * T, C))  # N,C
    for i in range(layers):
        block = f"transformer.h.{i}."
        h = xp.matmul(norm(x, p[block + "ln_1.weight"]), p[block + "attn.c_attn.weight"].T)
        q, k, v = (by_heads(h[:, j * C : (j + 1) * C]) for j in range(3))
        scores = xp.matmul(q, xp.swapaxes(k, -1, -2)) * np.float32((C // heads) ** -0.5) + mask  # B,H,T,T
        scores = xp.exp(scores - xp.max(scores, axis=-1, keepdims=True))
        y = xp.matmul(scores / xp.sum(scores, axis=-1, keepdims=True), v)  # B,H,T,D
        x = x + xp.matmul(xp.reshape(xp.swapaxes(y, 1, 2), (B * T, C)), p[block + "attn.c_proj.weight"].T)
        h = xp.matmul(norm(x, p[block + "ln_2.weight"]), p[block + "mlp.c_fc.weight"].T)
        h = half * h * (one + xp.tanh(np.float32(math.sqrt(2 / math.pi)) * (h + cubed * h * h * h)))
        x = x + xp.matmul(h, p[block + "mlp.c_proj.weight"].T)
    logits = xp.matmul(norm(x, p["transformer.ln_f.weight"]), p["transformer.wte.weight"].T)  # N,V
    return -xp.mean(softmax_log(logits)[np.arange(B * T), targets.reshape(-1)])


def update(xp, parameters, grads, means, squares, t):
    """Clip by the joint norm, then AdamW (Loshchilov and Hutter 2019): new lists of parameters, means and squares."""
    norm = xp.sqrt(sum(xp.sum(g * g) for g in grads))
    share = xp.minimum(CLIP / (norm + 1e-6), 1.0)
    b1, b2 = BETAS
    means = [b1 * m + (1 - b1) * share * g for m, g in zip(means, grads)]
    squares = [b2 * s + (1 - b2) * (share * g) ** 2 for s, g in zip(squares, grads)]
    parameters = [
        p * (1 - LR * DECAY) - LR / (1 - b1**t) * m / (xp.sqrt(s / (1 - b2**t)) + EPS)
        for p, m, s in zip(parameters, means, squares)
    ]
    return parameters, means, squares


def update_in_place(parameters, grads, state):
    """The same on NumPy arrays, for peers that bring no optimiser."""
    state["t"] = t = state.get("t", 0) + 1
    norm = math.sqrt(sum(float(np.vdot(g, g)) for g in grads))
    share = min(CLIP / (norm + 1e-6), 1.0)
    b1, b2 = BETAS
    for i, (p, g) in enumerate(zip(parameters, grads)):
        m, s = state.setdefault(i, (np.zeros_like(p), np.zeros_like(p)))
        g = g * np.float32(share)
        m *= b1
        m += (1 - b1) * g
        s *= b2
        s += (1 - b2) * g * g
        p *= 1 - LR * DECAY
        p -= LR / (1 - b1**t) * m / (np.sqrt(s / (1 - b2**t)) + EPS)
