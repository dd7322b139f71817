"""`x.data = y` between forward and backward: which of the two arrays an earlier graph reads."""

import pytest

import autograd

torch = pytest.importorskip("torch")

OPERATIONS = {
    "mul": lambda m, w, x: w * x,
    "div": lambda m, w, x: w / x,
    "pow": lambda m, w, x: x**2 * w,
    "a view of it": lambda m, w, x: w.view(1, 4) * x.view(1, 4),
    "matmul": lambda m, w, x: w @ x,
    "linear": lambda m, w, x: m.nn.functional.linear(x, w),
    "linear, with a bias": lambda m, w, x: m.nn.functional.linear(x, w, m.ones(2, dtype=m.float64)),
    "convolution": lambda m, w, x: m.nn.functional.conv2d(x[None, None], w[None, None].clone() * 1),
    "einsum": lambda m, w, x: m.einsum("ij,jk->ik", w, x),
    "its own result": lambda m, w, x: (w * x).exp(),
    "a norm": lambda m, w, x: m.nn.functional.layer_norm(x, (2,), w[0] * 1),
}
ASSIGNMENTS = {
    "assigned": lambda w, new: setattr(w, "data", new),
    "copied": lambda w, new: w.data.copy_(new),
    "twice": lambda w, new: (setattr(w, "data", new * 5), setattr(w, "data", new)),
    "assigned and changed": lambda w, new: (setattr(w, "data", new), w.data.mul_(2)),
    "and what it was is changed": lambda w, new: (w.data, setattr(w, "data", new))[0].zero_(),
}


def gradients(m, operation, assign):
    w, x = (m.tensor(numbers, dtype=m.float64, requires_grad=True) for numbers in ([[1, 2], [3, 4]], [[5, 6], [7, 9]]))
    out = operation(m, w, x)
    assign(w, m.tensor([[10, 30], [20, 60]], dtype=m.float64))
    assign(out, m.zeros_like(out).detach())
    out.sum().backward()
    return w.tolist(), w.grad.tolist(), x.grad.tolist()


@pytest.mark.parametrize("assign", ASSIGNMENTS)
@pytest.mark.parametrize("operation", OPERATIONS)
def test_the_same_numbers_are_read(operation, assign):
    chosen = OPERATIONS[operation], ASSIGNMENTS[assign]
    for ours, theirs in zip(gradients(autograd, *chosen), gradients(torch, *chosen), strict=True):
        assert sum(ours, []) == pytest.approx(sum(theirs, []))
