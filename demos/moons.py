"""The scalar engine learns to tell two moons apart, one number at a time.

A network of 2-16-16-1 neurons, 337 parameters, each a Value, with hinge loss and plain gradient descent. The loop is
written out in `train`, since the trainer of the other demos, nn.train, updates tensors. The results are in
out/moons/latest/: the decision boundary with the curve of the training, and the graph of one small neuron with its
data and gradients.
"""

from __future__ import annotations

import random
from argparse import Namespace
from pathlib import Path

import numpy as np

from autograd import draw
from autograd.scalar import Value
from demos.common import at_least, parser, pyplot
from demos.pictures.parts import save
from demos.pictures.style import BLUE
from demos.runs import run_and_draw
from nn.progress import DeferredInterrupt, Progress

Point = list[Value]
Layer = list[tuple[list[Value], Value]]  # the weights and the bias of each neuron


def new_network(sizes: list[int], rng: random.Random) -> list[Layer]:
    """Layers of neurons of these sizes, the first of which is the number of inputs."""

    def neuron(inputs: int) -> tuple[list[Value], Value]:
        return [Value(rng.gauss(0.0, (2 / inputs) ** 0.5)) for _ in range(inputs)], Value(0.0)

    return [[neuron(inputs) for _ in range(outputs)] for inputs, outputs in zip(sizes, sizes[1:])]


def parameters(network: list[Layer]) -> list[Value]:
    """Every weight and bias, neuron by neuron."""
    return [p for layer in network for weights, bias in layer for p in (*weights, bias)]


def score(network: list[Layer], x: Point) -> Value:
    """relu(w·x + b) for each neuron of each layer, and w·x + b for the one at the output."""
    for layer in network[:-1]:
        x = [(Value.dot(weights, x) + bias).relu() for weights, bias in layer]
    [(weights, bias)] = network[-1]
    return Value.dot(weights, x) + bias


def two_moons(n: int, rng: np.random.Generator, noise: float = 0.1) -> tuple[np.ndarray, np.ndarray]:
    """n points (n, 2) on two interleaved half circles of radius 1, and the class of each, -1 or 1."""
    angle = rng.uniform(0, np.pi, n)
    labels = np.where(np.arange(n) % 2 == 0, -1, 1)
    upper = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    points = np.where(labels[:, None] < 0, upper, [1.0, 0.5] - upper)
    return points + noise * rng.standard_normal((n, 2)), labels


def loss_and_scores(network: list[Layer], points: list[Point], labels: list[int]) -> tuple[Value, list[float]]:
    """The mean hinge loss, which asks for a margin of 1, with a little weight decay; and the score of every point."""
    scores = [score(network, x) for x in points]
    hinges = Value.sum([(1 - s * label).relu() for s, label in zip(scores, labels)]) / len(labels)
    weights = parameters(network)
    return hinges + 1e-4 * Value.dot(weights, weights), [s.data for s in scores]


def accuracy(scores: list[float], labels: list[int]) -> float:
    """The share of the scores that have the sign of their label."""
    return float(np.mean(np.sign(scores) == labels))


def train(network: list[Layer], points: list[Point], labels: list[int], steps: int) -> list[tuple[float, float]]:
    """Gradient descent on all points at once; Ctrl-C ends it early. Returns loss and accuracy before each step."""
    history = []
    with Progress(steps, {"loss": ".4f", "accuracy": ".1%"}) as progress, DeferredInterrupt(progress.line) as interrupt:
        for step in range(steps):
            interrupt.check()
            loss, scores = loss_and_scores(network, points, labels)
            loss.backward()
            rate = 1.0 - 0.9 * step / steps
            for p in parameters(network):
                p.data -= rate * p.grad
                p.grad = 0.0
            history.append((loss.data, accuracy(scores, labels)))
            progress.update(*history[-1])
    return history


def plot(
    network: list[Layer], points: np.ndarray, labels: np.ndarray, history: list[tuple[float, float]], file: Path
) -> None:
    """The decision boundary over the points, and the course of the loss and the accuracy."""
    plt = pyplot()
    (left, bottom), (right, top) = points.min(axis=0) - 0.4, points.max(axis=0) + 0.4
    x, y = np.meshgrid(np.linspace(left, right, 75), np.linspace(bottom, top, 50))
    scores = np.vectorize(lambda x1, x2: score(network, [Value(x1), Value(x2)]).data)(x, y)

    figure, grid = plt.subplot_mosaic(
        [["plane", "loss"], ["plane", "accuracy"]], figsize=(11, 4.5), width_ratios=[3, 2]
    )
    plane, above, below = (grid[name] for name in ("plane", "loss", "accuracy"))
    plane.contourf(x, y, np.clip(scores, -2, 2), levels=np.linspace(-2, 2, 17), cmap="RdBu", alpha=0.7)
    plane.contour(x, y, scores, levels=[-1, 0, 1], colors="black", linestyles=["dotted", "solid", "dotted"])
    plane.scatter(*points.T, c=labels, cmap="RdBu", edgecolors="black")
    plane.set(title="Decision boundary (solid), margins (dotted)", xlabel="x₁", ylabel="x₂", aspect="equal")
    plane.grid(False)
    losses, accuracies = zip(*history)
    above.plot(losses, color=BLUE)
    above.set(title=f"Training: {accuracies[-1]:.0%} at the end", ylabel="loss", ylim=(0, None))
    below.plot(np.multiply(100, accuracies), color=BLUE)
    below.set(xlabel="step", ylabel="points told apart, %", ylim=(0, 102))
    save(figure, file)


def draw_neuron(file: Path) -> Path:
    """The graph of one neuron of two inputs, written out op by op, after backward."""
    named = {"x1": Value(2.0), "w1": Value(-1.5), "x2": Value(0.5), "w2": Value(1.0), "b": Value(3.0)}
    out = (named["x1"] * named["w1"] + named["x2"] * named["w2"] + named["b"]).tanh()
    out.backward()
    return draw.save(out, file, names={**named, "out": out})


def learn(args: Namespace, folder: Path) -> list[tuple[float, float]]:
    """Train, report, draw. Returns the loss and the accuracy before each step and at the end."""
    points, labels = two_moons(args.points, np.random.default_rng(args.seed))
    xs, ys = [[Value(x) for x in point] for point in points.tolist()], labels.tolist()
    network = new_network([2, 16, 16, 1], random.Random(args.seed))
    history = train(network, xs, ys, args.steps)
    loss, scores = loss_and_scores(network, xs, ys)
    history.append((loss.data, accuracy(scores, ys)))
    print(f"{len(parameters(network))} parameters, {len(history) - 1} steps: loss {loss.data:.4f}, ", end="")
    print(f"accuracy {history[-1][1]:.1%} of {len(points)} points")

    plot(network, points, labels, history, folder / "boundary.png")
    print(f"{folder / 'boundary.png'}: the decision boundary and the course of training")
    print(f"{draw_neuron(folder / 'neuron.svg')}: the graph of one neuron")
    return history


def main(arguments: list[str] | None = None) -> list[tuple[float, float]]:
    """Read the options and learn."""
    options = parser(__doc__, seed=1)
    options.add_argument("--steps", type=at_least(1), default=150, help="steps of gradient descent")
    options.add_argument("--points", type=at_least(2), default=100, help="points on both moons together")
    return run_and_draw(options, arguments, learn, "moons", result="neuron.*")


if __name__ == "__main__":
    main()
