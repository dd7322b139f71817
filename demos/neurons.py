"""Ten neurons learn to read digits, and forty learn it better: backpropagation in five phases, every dimension named.

A picture of 28 by 28 pixels goes through two networks of sigmoid neurons, 784-10 and 784-30-10. The five phases (input,
feedforward, output error, backpropagate the error, output) are worked out by hand on one picture and compared with the
engine. Then both networks learn from 1,000 pictures and are tested on 100. The page is
out/neurons/latest/neurons.html.
"""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path
from typing import NamedTuple

import numpy as np

import autograd as ag
import nn
from autograd import Tensor, as_tensor
from demos.common import at_least, parser, positive
from demos.data.idx import Mnist, load_mnist
from demos.data.images import pixels
from demos.data.published import DIGITS, NEURONS
from demos.pictures import neurons as pictures
from demos.report import Report
from demos.runs import run_and_draw
from models.mlp import MLP, MLPConfig
from nn import functional as F
from nn import optim
from nn.progress import DeferredInterrupt, Progress

NETWORKS = {"784-10": (784, 10), "784-30-10": (784, 30, 10)}
LEARN, TEST, BATCH = 1000, 100, 10


class Phases(NamedTuple):
    """What backpropagation computes for one picture, layer by layer; the first layer is the input."""

    z: list[np.ndarray]  # of layers 2 to L
    a: list[np.ndarray]  # of layers 1 to L
    delta: list[np.ndarray]  # of layers 2 to L
    w: list[np.ndarray]  # ∂C/∂w of layers 2 to L
    b: list[np.ndarray]  # ∂C/∂b of layers 2 to L


def sigmoid(z: np.ndarray) -> np.ndarray:
    """1 / (1 + e^−z)."""
    return 1 / (1 + np.exp(-z))


def slope(z: np.ndarray) -> np.ndarray:
    """σ'(z) = σ(z) (1 − σ(z))."""
    return sigmoid(z) * (1 - sigmoid(z))


def network(sizes: tuple[int, ...]) -> MLP:
    """Sigmoid neurons; weights start from a normal distribution of deviation 1/√inputs, biases at 0."""
    model = MLP(MLPConfig(sizes, activation="sigmoid", output="sigmoid")).double()
    for layer in model.layers:
        nn.init.normal_(layer.weight, std=layer.weight.shape[1] ** -0.5)
        nn.init.zeros_(layer.bias)
    return model


def by_hand(model: MLP, x: np.ndarray, y: np.ndarray) -> Phases:
    """The five phases for a picture x (784,) and its target y (10,): cost ½ ‖y − a‖² (Nielsen 2015, chapter 2)."""
    weights = [(layer.weight.detach().array, layer.bias.detach().array) for layer in model.layers]
    z, a = [], [x]
    for w, b in weights:
        z.append(w @ a[-1] + b)
        a.append(sigmoid(z[-1]))
    delta = [(a[-1] - y) * slope(z[-1])]
    for (w, _), below in zip(weights[:0:-1], z[-2::-1]):
        delta.insert(0, w.T @ delta[0] * slope(below))
    return Phases(z, a, delta, [np.outer(d, below) for d, below in zip(delta, a)], [*delta])


def gradients(model: MLP, x: np.ndarray, y: np.ndarray) -> list[np.ndarray]:
    """What the engine has for ∂C/∂w and ∂C/∂b of each layer in turn."""
    cost = F.quadratic_cost(model(as_tensor(x[None])), as_tensor(y[None]))
    return [g.array for g in ag.grad(cost, [*model.parameters()]) if g is not None]


def one_hot(labels: np.ndarray) -> np.ndarray:
    """(N, 10): 1 at the label, 0 elsewhere."""
    return np.eye(10)[labels]


def accuracy(model: MLP, images: Tensor, labels: np.ndarray) -> float:
    """The share of the images whose strongest output is the label."""
    with ag.no_grad():
        return float(np.mean(model(images).array.argmax(-1) == labels))


def train(name: str, model: MLP, data: Mnist, epochs: int, rate: float, rng: np.random.Generator) -> list[float]:
    """Gradient descent on mini-batches; Ctrl-C ends it early. Returns the accuracy on the test images by epoch."""
    x, y, test = pixels(data.train_images).double(), one_hot(data.train_labels), pixels(data.test_images).double()
    optimizer, course = optim.SGD(model.parameters(), lr=rate), [accuracy(model, test, data.test_labels)]
    progress = Progress(epochs, {f"{name}: accuracy on the test images": ".0%"})
    with progress, DeferredInterrupt(progress.line) as interrupt:
        for _ in range(epochs):
            interrupt.check()
            for rows in np.array_split(rng.permutation(len(y)), -(-len(y) // BATCH)):
                optimizer.zero_grad()
                F.quadratic_cost(model(x[rows]), as_tensor(y[rows])).backward()
                optimizer.step()
            course.append(accuracy(model, test, data.test_labels))
            progress.update(course[-1])
    return course


# What is shown --------------------------------------------------------------------------------------------------------


def show_dimensions(report: Report, models: dict[str, MLP]) -> None:
    """The shape of every weight and bias."""
    report.step("Every dimension", "zˡ = wˡ aˡ⁻¹ + bˡ    aˡ = σ(zˡ)")
    rows = []
    for name, model in models.items():
        for number, layer in enumerate(model.layers, 2):
            (out, into), size = layer.weight.shape, layer.weight.numel() + layer.bias.numel()
            shape = f"{out} × {into}"
            rows.append((name, str(number), f"{into} → {out}", shape, str(out), f"{shape} + {out}", f"{size:,}"))
    report.table(["network", "layer", "neurons", "w", "b", "weights and biases", "together"], rows)
    report.say(
        "The first layer is the picture itself. Every neuron of the next one has a weight for each of its inputs, and "
        "one bias: z is the sum of weight times input, and the bias, and σ maps it to a number between 0 and 1."
    )


def show_phases(report: Report, model: MLP, image: np.ndarray, label: int) -> None:
    """The five phases on one picture, with the shapes, beside the engine's gradients."""
    x, y = image.reshape(-1) / 255, one_hot(np.array(label))
    found, engine = by_hand(model, x, y), gradients(model, x, y)
    last = len(found.a)
    report.step(
        "Backpropagation in five phases, on this picture",
        "δᴸ = ∇ₐC ⊙ σ'(zᴸ)    δˡ = ((wˡ⁺¹)ᵀ δˡ⁺¹) ⊙ σ'(zˡ)    ∂C/∂wˡ = δˡ (aˡ⁻¹)ᵀ    ∂C/∂bˡ = δˡ",
    )
    rows = [("1. input", "a¹ = pixels / 255", str(len(x)))]
    for n, z in enumerate(found.z, 2):
        rows.append(("2. feedforward", f"z{n} = w{n} a{n - 1} + b{n}, a{n} = σ(z{n})", str(len(z))))
    rows += [
        ("3. output error", f"δ{last} = (a{last} − y) ⊙ σ'(z{last})", str(len(found.delta[-1]))),
        ("4. backpropagate the error", f"δ{last - 1} = w{last}ᵀ δ{last} ⊙ σ'(z{last - 1})", str(len(found.delta[0]))),
    ]
    for n, (w, b) in enumerate(zip(found.w, found.b), 2):
        shapes = f"{w.shape[0]} × {w.shape[1]}, {len(b)}"
        rows.append(("5. output", f"∂C/∂w{n} = δ{n} a{n - 1}ᵀ, ∂C/∂b{n} = δ{n}", shapes))
    report.table(["phase", "what is computed", "shape"], rows)
    table = np.column_stack([found.z[-1], found.a[-1], y, found.a[-1] - y, slope(found.z[-1]), found.delta[-1]])
    columns = ["z", "a = σ(z)", "y", "a − y", "σ'(z)", "δ = (a − y) σ'(z)"]
    report.matrix("The ten neurons of the last layer", table, [str(d) for d in range(10)], columns, digits=4)
    hand = [g for pair in zip(found.w, found.b) for g in pair]
    differences = [np.abs(one - other).max() for one, other in zip(hand, engine, strict=True)]
    report.say(
        "⊙ multiplies entry by entry, ∇ₐC is a − y. The engine knows none of these formulas, only one rule for each "
        f"operation; its gradients differ from those by hand by at most {max(differences):.1g}."
    )


def show_results(
    report: Report, courses: dict[str, list[float]], models: dict[str, MLP], data: Mnist, test: Mnist
) -> None:
    """How well both networks read, and what was published."""
    images = pixels(test.test_images).double()
    every = {name: accuracy(model, images, test.test_labels) for name, model in models.items()}
    rows = [(name, f"{course[0]:.0%}", f"{course[-1]:.0%}", f"{every[name]:.2%}") for name, course in courses.items()]
    few, many, (out, into) = len(data.test_labels), len(test.test_labels), models["784-10"].layers[0].weight.shape
    report.table(["network", "untrained", f"of {few} test pictures", f"of all {many:,}"], rows)
    wide, deep = every.values()
    values = (
        f"{data.train_images[0].size} = {'*'.join(map(str, data.train_images[0].shape))}",
        f"{data.train_images.min()} to {data.train_images.max()}",
        f"{into} * {out} + {out}",
        f"{len(data.train_labels)} {few}",
        " ".join(f"{round(course[-1] * few)}" for course in courses.values()),
    )
    report.step("What was published, and what is here")
    here = dict(zip((row.what for row in DIGITS), values, strict=True))
    report.published(NEURONS, DIGITS, here, learn=len(data.train_labels), all=many, wide=wide, deep=deep)


def show(args: Namespace, folder: Path) -> dict[str, list[float]]:
    """Show the phases, train both networks. Returns the accuracy on the test images by epoch, of each."""
    whole, report = load_mnist(), Report("How a network of neurons learns")
    data = Mnist(*(part[:n] for part, n in zip(whole, (LEARN, LEARN, TEST, TEST))))
    ag.manual_seed(args.seed)
    models = {name: network(sizes) for name, sizes in NETWORKS.items()}
    report.step("The input: a picture as 784 numbers", "a¹ = pixel / 255")
    image, label = data.train_images[0], int(data.train_labels[0])
    pictures.numbers(image, label, folder / "picture.png")
    report.picture(folder / "picture.png", f"a {label}: 28 rows of 28 pixels, 0 for paper and 255 for ink")
    show_dimensions(report, models)
    show_phases(report, models["784-30-10"], image, label)
    report.step(f"Learning from {LEARN:,} pictures", "w ← w − (η/m) Σ ∂C/∂w, over the m pictures of a mini-batch")
    rng = np.random.default_rng(args.seed)
    courses = {name: train(name, model, data, args.epochs, args.rate, rng) for name, model in models.items()}
    pictures.courses(courses, TEST, folder / "learning.png")
    report.picture(folder / "learning.png", f"how many of {TEST} test pictures are read right, epoch by epoch")
    pictures.weights(models["784-10"].layers[0].weight.detach().array, folder / "weights.png")
    report.picture(folder / "weights.png", "784-10: the weights of each of the ten neurons, one for each pixel")
    show_results(report, courses, models, data, whole)
    report.save(folder / "neurons.html")
    return courses


def main(arguments: list[str] | None = None) -> dict[str, list[float]]:
    """Read the options, then show all of it."""
    options = parser(__doc__)
    options.add_argument("--epochs", type=at_least(1), default=30, help="passes over the pictures")
    options.add_argument("--rate", type=positive, default=1.0, help="the learning rate η")
    return run_and_draw(options, arguments, show, "neurons", result="neurons.html")


if __name__ == "__main__":
    main()
