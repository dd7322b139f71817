"""The four equations of backpropagation hold for Nielsen's network.

M. Nielsen, Neural Networks and Deep Learning (2015), chapter 2. They are computed here by hand, in NumPy, one example
at a time as the book has them, and their means over the batch compared with what `backward` gives: docs/derivations.md.
"""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import nn.functional as F
from autograd import Tensor, manual_seed, tensor
from autograd.tracing import trace
from models.mlp import MLP, nielsen


def sigmoid(z: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-z))


def sigmoid_prime(z: np.ndarray) -> np.ndarray:
    return sigmoid(z) * (1 - sigmoid(z))


def by_hand(weights: list[np.ndarray], biases: list[np.ndarray], x: np.ndarray, y: np.ndarray) -> dict[str, list]:
    """For one example x (784,) with target y (10,): δ, ∂C/∂b and ∂C/∂w of each layer, C = ‖y − a‖² / 2."""
    activations, zs = [x], []
    for w, b in zip(weights, biases):
        zs.append(w @ activations[-1] + b)
        activations.append(sigmoid(zs[-1]))
    deltas = [(activations[-1] - y) * sigmoid_prime(zs[-1])]  # BP1
    for w, z in zip(weights[:0:-1], zs[-2::-1]):
        deltas.insert(0, (w.T @ deltas[0]) * sigmoid_prime(z))  # BP2
    grad_w = [np.outer(delta, a) for delta, a in zip(deltas, activations)]  # BP4
    return {"delta": deltas, "grad_b": deltas, "grad_w": grad_w}  # BP3: ∂C/∂b = δ


def batch(seed: int, size: int) -> tuple[MLP, np.ndarray, np.ndarray]:
    """Nielsen's network in float64, images (size, 784) and one-hot targets (size, 10)."""
    manual_seed(seed)
    rng = np.random.default_rng(seed)
    ink = rng.random((size, 784)) * (rng.random((size, 784)) < 0.2)  # a fifth of the paper, as in MNIST
    return nielsen().double(), ink, np.eye(10)[rng.integers(0, 10, size)]


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), size=st.integers(1, 12))
def test_the_four_equations_of_backpropagation_are_what_backward_gives(seed, size):
    model, images, targets = batch(seed, size)
    weights, biases = [[getattr(layer, name).array for layer in model.layers] for name in ("weight", "bias")]
    examples = [by_hand(weights, biases, x, y) for x, y in zip(images, targets)]

    with trace() as traced:
        cost = F.quadratic_cost(model(Tensor(images, dtype=np.float64)), Tensor(targets, dtype=np.float64))
        cost.backward()
    zs = [node for node in traced.nodes if node.name == "linear"]

    assert len(zs) == 2
    for layer, z in enumerate(zs):
        # The cost of a batch is the mean of the examples', so each row of ∂C/∂z is that example's δ over the size.
        delta = np.stack([example["delta"][layer] for example in examples])
        np.testing.assert_allclose(z.record.grad, delta / size, rtol=1e-9, atol=1e-14)
        for parameter, name in ((model.layers[layer].bias, "grad_b"), (model.layers[layer].weight, "grad_w")):
            mean = np.mean([example[name][layer] for example in examples], axis=0)
            assert np.abs(mean).max() > 0
            np.testing.assert_allclose(parameter.grad.array, mean, rtol=1e-9, atol=1e-14)


def test_the_cost_is_half_the_squared_distance_averaged_over_the_batch():
    model, images, targets = batch(0, 5)
    outputs = model(Tensor(images, dtype=np.float64)).detach().numpy()
    cost = F.quadratic_cost(tensor(outputs), tensor(targets)).item()
    assert cost == pytest.approx(np.mean([np.sum((y - a) ** 2) / 2 for a, y in zip(outputs, targets)]))


def test_the_equations_by_hand_are_the_slopes_of_the_cost():
    model, images, targets = batch(1, 1)
    weights, biases = [[getattr(layer, name).array for layer in model.layers] for name in ("weight", "bias")]

    def cost() -> float:
        a = images[0]
        for w, b in zip(weights, biases):
            a = sigmoid(w @ a + b)
        return np.sum((targets[0] - a) ** 2) / 2

    found = by_hand(weights, biases, images[0], targets[0])
    pixel = int(images[0].argmax())
    places = [(weights[0], found["grad_w"][0], (3, pixel)), (weights[1], found["grad_w"][1], (2, 5))]
    places += [(biases[0], found["grad_b"][0], 7), (biases[1], found["grad_b"][1], 4)]
    for array, gradient, at in places:
        before, step = array[at], 1e-5
        array[at] = before + step
        above = cost()
        array[at] = before - step
        below = cost()
        array[at] = before
        assert gradient[at] == pytest.approx((above - below) / (2 * step), rel=1e-5, abs=1e-10)
