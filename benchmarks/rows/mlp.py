"""The network of demos.digits, 784-400-200-10 with ReLU, without dropout, by AdamW: random pictures do for the time."""

import numpy as np

from benchmarks.timing import Row

SIZES = (784, 400, 200, 10)
CONTENDERS = ("numpy", "fast", "torch", "torch.compile", "jax", "mygrad", "hips")
LR, DECAY = 1e-3, 1e-2

ROWS = [
    Row(
        f"MNIST MLP, batch {batch}",
        "mlp",
        CONTENDERS,
        {"batch": batch},
        steps=10,
        turns=12,
        at_most={"torch": limit, "mygrad": 0.5, "hips": 0.5},
    )
    for batch, limit in ((10, 0.5), (128, 0.8))
]


def data(batch):
    """The pictures (B, 784), the classes (B,), and each layer's weight (out, in) and bias."""
    rng = np.random.default_rng(0)
    x = rng.random((batch, SIZES[0]), dtype=np.float32)
    y = rng.integers(0, SIZES[-1], batch)
    layers = [
        (rng.uniform(-1, 1, (m, n)).astype(np.float32) / np.float32(n**0.5), np.zeros(m, np.float32))
        for n, m in zip(SIZES, SIZES[1:])
    ]
    return x, y, layers


def _adamw(parameters, grads, state, lr=LR, decay=DECAY):
    """AdamW on arrays, for peers that bring no optimiser."""
    state["t"] = t = state.get("t", 0) + 1
    for i, (p, g) in enumerate(zip(parameters, grads)):
        m, v = state.setdefault(i, (np.zeros_like(p), np.zeros_like(p)))
        m *= 0.9
        m += 0.1 * g
        v *= 0.999
        v += 0.001 * g * g
        p *= 1 - lr * decay
        p -= lr / (1 - 0.9**t) * m / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)


def _like_torch(batch, library, nn, functional, optim, wrap):
    x, y, layers = data(batch)
    x, y = library.from_numpy(x), library.from_numpy(y)
    linear = [nn.Linear(n, m) for n, m in zip(SIZES, SIZES[1:])]
    model = nn.Sequential(linear[0], nn.ReLU(), linear[1], nn.ReLU(), linear[2])
    with library.no_grad():
        for p, value in zip(model.parameters(), (a for layer in layers for a in layer)):
            p.copy_(library.from_numpy(value))
    optimizer = optim.AdamW(model.parameters(), lr=LR, weight_decay=DECAY)
    call = wrap(model)

    def step():
        optimizer.zero_grad()
        loss = functional.cross_entropy(call(x), y)
        loss.backward()
        optimizer.step()
        return loss.item()

    return step


def ours(batch):
    import autograd
    import nn
    from nn import functional, optim

    return _like_torch(batch, autograd, nn, functional, optim, lambda model: model)


def torch(batch):
    import torch
    from torch.nn import functional

    return _like_torch(batch, torch, torch.nn, functional, torch.optim, lambda model: model)


def torch_compile(batch):
    import torch
    from torch.nn import functional

    return _like_torch(batch, torch, torch.nn, functional, torch.optim, torch.compile)


def jax(batch):
    import jax
    import jax.numpy as jnp

    x, y, layers = data(batch)
    parameters = [jnp.asarray(a) for layer in layers for a in layer]

    def loss_of(p, x, y):
        for i in range(0, len(p), 2):
            x = x @ p[i].T + p[i + 1]
            x = jax.nn.relu(x) if i < len(p) - 2 else x
        return -jnp.mean(jax.nn.log_softmax(x)[jnp.arange(len(y)), y])

    def update(p, m, v, t, x, y):
        loss, g = jax.value_and_grad(loss_of)(p, x, y)
        m = [0.9 * a + 0.1 * b for a, b in zip(m, g)]
        v = [0.999 * a + 0.001 * b * b for a, b in zip(v, g)]
        p = [
            a * (1 - LR * DECAY) - LR / (1 - 0.9**t) * b / (jnp.sqrt(c / (1 - 0.999**t)) + 1e-8)
            for a, b, c in zip(p, m, v)
        ]
        return loss, p, m, v

    state = [parameters, [jnp.zeros_like(p) for p in parameters], [jnp.zeros_like(p) for p in parameters]]
    compiled = jax.jit(update)
    count = [0]

    def step():
        count[0] += 1
        loss, *state[:] = compiled(*state, float(count[0]), x, y)
        return float(loss)

    return step


def mygrad(batch):
    import mygrad
    from mygrad.nnet.losses import softmax_crossentropy

    x, y, layers = data(batch)
    parameters = [mygrad.tensor(a) for layer in layers for a in layer]
    state = {}

    def step():
        h = x
        for i in range(0, len(parameters), 2):
            h = mygrad.matmul(h, parameters[i].T) + parameters[i + 1]
            h = mygrad.maximum(h, 0) if i < len(parameters) - 2 else h
        loss = softmax_crossentropy(h, y)
        loss.backward()
        _adamw([p.data for p in parameters], [p.grad for p in parameters], state)
        for p in parameters:
            p.null_grad()
        return loss.item()

    return step


def hips(batch):
    import autograd.numpy as anp

    from autograd import value_and_grad

    x, y, layers = data(batch)
    parameters = [a for layer in layers for a in layer]
    state = {}

    def loss_of(p):
        h = x
        for i in range(0, len(p), 2):
            h = anp.dot(h, p[i].T) + p[i + 1]
            h = anp.maximum(h, 0) if i < len(p) - 2 else h
        top = anp.max(h, axis=1, keepdims=True)
        total = anp.log(anp.sum(anp.exp(h - top), axis=1)) + top[:, 0]
        return anp.mean(total - h[anp.arange(len(y)), y])

    both = value_and_grad(loss_of)

    def step():
        loss, grads = both(parameters)
        _adamw(parameters, grads, state)
        return loss

    return step
