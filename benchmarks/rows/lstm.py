"""A training step of a recurrent language model's body: an LSTM of two layers, 256 wide, 64 steps, batch 32, by SGD."""

import numpy as np

from benchmarks.timing import Row

STEPS, BATCH, WIDTH, LAYERS = 64, 32, 256, 2

ROWS = [
    Row(
        f"LSTM, {LAYERS} layers, {WIDTH} wide, {STEPS} steps, batch {BATCH}",
        "lstm",
        ("numpy", "fast", "torch"),
        steps=4,
        turns=12,
        at_most={"torch": 1.2},
        numpy_at_most={"torch": 3},
    )
]


def _like_torch(library, nn, functional, optim):
    """x (T, B, C) to targets of the same shape; the weights are drawn in the order of the parameters."""
    rng = np.random.default_rng(0)
    x, y = (library.from_numpy(rng.standard_normal((STEPS, BATCH, WIDTH), np.float32)) for _ in "xy")
    model = nn.LSTM(WIDTH, WIDTH, LAYERS)
    with library.no_grad():
        for p in model.parameters():
            p.copy_(library.from_numpy(rng.uniform(-1, 1, p.shape).astype(np.float32) / np.float32(WIDTH**0.5)))
    optimizer = optim.SGD(model.parameters(), lr=0.1)

    def step():
        optimizer.zero_grad()
        loss = functional.mse_loss(model(x)[0], y)
        loss.backward()
        optimizer.step()
        return loss.item()

    return step


def ours():
    import autograd
    import nn
    from nn import functional, optim

    return _like_torch(autograd, nn, functional, optim)


def torch():
    import torch
    from torch.nn import functional

    return _like_torch(torch, torch.nn, functional, torch.optim)
