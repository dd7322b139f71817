"""A step of gradient descent by scalars: 2-16-16-1 neurons with ReLU, hinge loss on 100 points of two moons."""

import random

import numpy as np

from benchmarks.timing import Row

LR, DECAY, POINTS, SIZES = 0.1, 1e-4, 100, (2, 16, 16, 1)
ROWS = [
    Row(
        f"scalar moons, {text}",
        "moons",
        ("numpy", "micrograd"),
        {"how": how},
        steps=steps,
        turns=6,
        at_most={"micrograd": limit},
        loss_within=1e-9,
    )
    for how, text, steps, limit in (
        ("ops", "op by op", 2, 0.2),
        ("dot", "with n-ary dot", 2, 0.04),
        ("compiled", "compiled", 2, 0.01),
    )
]


def data():
    """The points, as lists of two, the classes -1 and 1, and the layers of neurons (weights, bias), all floats."""
    rng, weight = np.random.default_rng(0), random.Random(1)
    t = rng.uniform(0, np.pi, POINTS // 2)
    moons = np.r_[np.c_[np.cos(t), np.sin(t)], np.c_[1 - np.cos(t), 0.5 - np.sin(t)]]
    points = moons + 0.1 * rng.standard_normal((POINTS, 2))
    layers = [[([weight.uniform(-1, 1) for _ in range(n)], 0.0) for _ in range(m)] for n, m in zip(SIZES, SIZES[1:])]
    return points.tolist(), [-1.0] * (POINTS // 2) + [1.0] * (POINTS // 2), layers


def _as_values(value, layers):
    return [[(list(map(value, weights)), value(bias)) for weights, bias in layer] for layer in layers]


def _parameters(layers):
    return [p for layer in layers for weights, bias in layer for p in (*weights, bias)]


def score(layers, x, neuron):
    """What the network says of the point x, where neuron(weights, bias, x) is w·x + b."""
    for layer in layers[:-1]:
        x = [neuron(weights, bias, x).relu() for weights, bias in layer]
    [(weights, bias)] = layers[-1]
    return neuron(weights, bias, x)


def _descended(loss, parameters):
    """The loss as a number, after a step down its gradient."""
    for p in parameters:
        p.grad = 0.0
    loss.backward()
    for p in parameters:
        p.data -= LR * p.grad
    return loss.data


def _by_ops(value):
    """The step in + and * of two, which is all that micrograd has."""
    points, labels, layers = data()
    layers = _as_values(value, layers)
    parameters = _parameters(layers)

    def neuron(weights, bias, x):
        return sum((w * xi for w, xi in zip(weights, x)), bias)

    def step():
        losses = [(1 + -label * score(layers, list(map(value, x)), neuron)).relu() for x, label in zip(points, labels)]
        return _descended(sum(losses) * (1.0 / POINTS) + DECAY * sum(p * p for p in parameters), parameters)

    return step


def micrograd(how):
    from micrograd.engine import Value

    return _by_ops(Value)


def ours(how):
    return {"ops": _ours_by_ops, "dot": _ours_by_dot, "compiled": _ours_compiled}[how]()


def _ours_by_ops():
    from autograd.scalar import Value

    return _by_ops(Value)


def _ours_by_dot():
    from autograd.scalar import Value

    points, labels, layers = data()
    layers = _as_values(Value, layers)
    parameters = _parameters(layers)

    def neuron(weights, bias, x):
        return Value.dot(weights, x) + bias

    def step():
        losses = [(1 - label * score(layers, list(map(Value, x)), neuron)).relu() for x, label in zip(points, labels)]
        return _descended(Value.sum(losses) * (1.0 / POINTS) + DECAY * Value.dot(parameters, parameters), parameters)

    return step


def _ours_compiled():
    from autograd.scalar import Value
    from benchmarks.compiled import compiled

    points, labels, layers = data()
    xs, ys = list(np.array(points).T), np.array(labels)
    state = [np.array(_parameters(layers))]

    def neuron(weights, bias, x):
        return Value.dot(weights, x) + bias

    def gradients(x1, x2, label, *parameters):
        numbers = iter(parameters)
        network = [[([next(numbers) for _ in weights], next(numbers)) for weights, _ in layer] for layer in layers]
        loss = (1 - label * score(network, [x1, x2], neuron)).relu()
        loss.backward()
        return loss, *(p.grad for p in parameters)

    program = compiled(gradients, 3 + len(state[0]))

    def step():
        p = state[0]
        losses, *by_point = program(*xs, ys, *p.tolist())
        state[0] = p - LR * (np.array(by_point).mean(axis=1) + 2 * DECAY * p)
        return losses.mean() + DECAY * (p @ p)

    return step
