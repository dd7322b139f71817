"""One training step of a GPT: forward, backward, clipping by norm, AdamW.

nanoGPT's sizes for a CPU, and its character model's, without dropout, for no two libraries draw the same numbers.
"products" is the machine's limit: the matrix products of the step alone, by the BLAS that the kernels use.
"""

import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from benchmarks.rows.gpt_model import (
    BETAS,
    CHARACTERS,
    CLIP,
    DECAY,
    EPS,
    LR,
    NANO,
    loss_of,
    tokens,
    update,
    update_in_place,
    weights,
)
from benchmarks.timing import Row

CONTENDERS = (
    "numpy",
    "fast",
    "torch",
    "torch.fused",
    "torch.compile",
    "jax",
    "mygrad",
    "hips",
    "products",
    "products.split",
)
ROWS = [
    Row(
        "nanoGPT's CPU step",
        "gpt",
        CONTENDERS,
        NANO,
        steps=3,
        turns=8,
        at_most={"torch": 0.9, "torch.compile": 1.0, "mygrad": 0.5, "hips": 0.5, "products.split": 2.0},
        numpy_at_most={"torch": 1.6},
    ),
    Row(
        "character model's step",
        "gpt",
        CONTENDERS,
        CHARACTERS,
        steps=1,
        turns=6,
        at_most={"torch": 0.8, "mygrad": 0.5, "hips": 0.5, "products.split": 2.0},
    ),
]


def threads():
    """As many as everybody may use."""
    return int(os.environ.get("BENCH_THREADS", "1"))


def our_model(**sizes):
    """The project's GPT with the weights that all contenders have."""
    import autograd
    from models.config import GPTConfig
    from models.gpt import GPT

    config = GPTConfig(
        vocab_size=sizes["vocabulary"],
        block_size=sizes["context"],
        n_layer=sizes["layers"],
        n_head=sizes["heads"],
        n_embd=sizes["width"],
        bias=False,
    )
    model = GPT(config)
    start = weights(**sizes)
    for name, parameter in model.named_parameters():
        with autograd.no_grad():
            parameter.copy_(autograd.from_numpy(start[name]))
    return model


def ours(**sizes):
    import autograd
    from nn import optim
    from nn.parallel import data_parallel
    from nn.utils import clip_grad_norm_

    model = our_model(**sizes)
    parameters = list(model.parameters())
    optimizer = optim.AdamW(parameters, lr=LR, betas=BETAS, eps=EPS, weight_decay=DECAY)
    batch = tuple(map(autograd.from_numpy, tokens(**sizes)))
    compute_loss = data_parallel(lambda model, batch: model.loss(*batch), threads())

    def step():
        optimizer.zero_grad()
        loss = compute_loss(model, batch)
        loss.backward()
        clip_grad_norm_(parameters, CLIP)
        optimizer.step()
        return loss.item()

    return step


def _torch(sizes, wrap=lambda model: model, **how):
    import torch
    from torch.nn import functional as F

    from benchmarks.rows.gpt_torch import GPT

    model = GPT(weights(**sizes), **sizes)
    optimizer = torch.optim.AdamW(model.parameters(), lr=LR, betas=BETAS, eps=EPS, weight_decay=DECAY, **how)
    idx, targets = map(torch.from_numpy, tokens(**sizes))
    call = wrap(model)

    def step():
        optimizer.zero_grad()
        logits = call(idx)
        loss = F.cross_entropy(logits.view(-1, logits.shape[-1]), targets.view(-1))
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), CLIP)
        optimizer.step()
        return loss.item()

    return step


def torch(**sizes):
    return _torch(sizes)


def torch_fused(**sizes):
    return _torch(sizes, fused=True)


def torch_compile(**sizes):
    import torch

    return _torch(sizes, torch.compile, fused=True)


def jax(**sizes):
    import jax
    import jax.numpy as jnp

    idx, targets = tokens(**sizes)
    start = {name: jnp.asarray(w) for name, w in weights(**sizes).items()}
    names = list(start)

    def train(p, m, s, t, idx, targets):
        loss, g = jax.value_and_grad(
            lambda p: loss_of(jnp, dict(zip(names, p)), idx, targets, sizes["layers"], sizes["heads"])
        )(p)
        return loss, *update(jnp, p, g, m, s, t)

    state = [list(start.values()), *([jnp.zeros_like(w) for w in start.values()] for _ in range(2))]
    compiled = jax.jit(train, donate_argnums=(0, 1, 2))
    count = [0]

    def step():
        count[0] += 1
        loss, *state[:] = compiled(*state, float(count[0]), idx, targets)
        jax.block_until_ready(state)
        return float(loss)

    return step


def mygrad(**sizes):
    import mygrad

    idx, targets = tokens(**sizes)
    p = {name: mygrad.tensor(w) for name, w in weights(**sizes).items()}
    state = {}

    def step():
        loss = loss_of(mygrad, p, idx, targets, sizes["layers"], sizes["heads"])
        loss.backward()
        update_in_place([w.data for w in p.values()], [w.grad for w in p.values()], state)
        for w in p.values():
            w.null_grad()
        return loss.item()

    return step


def hips(**sizes):
    import autograd.numpy as anp

    from autograd import value_and_grad

    idx, targets = tokens(**sizes)
    p = weights(**sizes)
    state = {}
    both = value_and_grad(lambda p: loss_of(anp, p, idx, targets, sizes["layers"], sizes["heads"]))

    def step():
        loss, grads = both(p)
        update_in_place(list(p.values()), list(grads.values()), state)
        return loss

    return step


def _products(layers, heads, width, context, batch, vocabulary, **_):
    """A function that does the matrix products of one step's forward and backward, as few 2-D calls as can be."""
    from autograd import kernels

    rng = np.random.default_rng(0)

    def array(*shape):
        return rng.standard_normal(shape, dtype=np.float32)

    N, B, T, C, D = batch * context, batch * heads, context, width, width // heads
    jobs = []
    for n, m, times in ((C, 3 * C, layers), (C, C, layers), (C, 4 * C, layers), (4 * C, C, layers), (C, vocabulary, 1)):
        x, w, g = array(N, n), array(m, n), array(N, m)
        jobs += [(x, w.T), (g, w), (g.T, x)] * times  # the output, and the gradients of x and w
    q, s = array(B, T, D), array(B, T, T)
    across, down = q.swapaxes(1, 2), s.swapaxes(1, 2)
    jobs += [(q, across), (s, q), (down, q), (q, across), (s, q), (down, q)] * layers  # QK', PV, and by all

    def run():
        for a, b in jobs:
            kernels.matmul(a, b)

    return run


def products(**sizes):
    run = _products(**sizes)

    def step():
        run()
        return float("nan")

    return step


def products_split(**sizes):
    """The batch in shares, each on a thread of its own with a BLAS of one thread."""
    from autograd import kernels
    from autograd.kernels.blas import blas_threads

    kernels.backend()
    count = threads()
    cuts = [sizes["batch"] * i // count for i in range(count + 1)]
    runs = [_products(**{**sizes, "batch": b - a}) for a, b in zip(cuts, cuts[1:])]
    pool = ThreadPoolExecutor(count)

    def step():
        with blas_threads(1):
            list(pool.map(lambda run: run(), runs))
        return float("nan")

    return step
