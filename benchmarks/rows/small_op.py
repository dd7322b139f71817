"""What one small operation costs: a chain of 1,000, each on 4 elements, forward and backward."""

from benchmarks.timing import Row

OPS = 1000
ROWS = [
    Row(
        "one small op",
        "small_op",
        ("numpy", "torch", "mygrad", "hips"),
        unit="µs",
        per=1e-6 * OPS,
        steps=10,
        turns=10,
        at_most={"torch": 1.0, "mygrad": 0.5, "hips": 0.5},
    )
]
START = (0.1, 0.4, 0.7, 0.9)


def chain(x):
    """(x x + x) x + x ..."""
    y = x
    for _ in range(OPS // 2):
        y = y * x
        y = y + x
    return y


def ours():
    import autograd

    def step():
        x = autograd.tensor(START, requires_grad=True)
        y = chain(x)
        y.sum().backward()
        return x.grad.sum().item()

    return step


def torch():
    import torch

    def step():
        x = torch.tensor(START, requires_grad=True)
        y = chain(x)
        y.sum().backward()
        return x.grad.sum().item()

    return step


def mygrad():
    import mygrad
    import numpy as np

    def step():
        x = mygrad.tensor(np.array(START, np.float32))
        y = chain(x)
        y.sum().backward()
        return x.grad.sum()

    return step


def hips():
    import autograd.numpy as np

    from autograd import grad

    def total(x):
        return np.sum(chain(x))

    gradient = grad(total)

    def step():
        return gradient(np.array(START, np.float32)).sum()

    return step
