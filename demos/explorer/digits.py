"""The page on which one draws a digit: what the network reads, why, and what would make it another."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from autograd import Tensor, no_grad
from demos.data.idx import MNIST, read_idx
from demos.data.images import pixels
from demos.data.picture import FAINTEST, SIDE, mnist_form
from demos.explorer import attribution
from demos.explorer.asked import Asked
from demos.explorer.explorer import Explorer
from demos.explorer.pictures import scaled
from models.mlp import MLP

TITLE = "Digits"
DRAWN = 112  # pixels on a side of what is drawn
SHOWN = 8  # neurons of the first layer that are shown with their weights
STEPS = 80  # of changes, at most


def picture(asked: Asked) -> np.ndarray | None:
    """What is drawn in the form of MNIST, as pixels (784,) from 0 to 1; None where nothing is drawn."""
    ink = asked.array("ink", (DRAWN, DRAWN), 0, 255) / np.float32(255)
    return None if ink.max() < FAINTEST else pixels(mnist_form(ink)[None]).array[0]


@no_grad()
def layers(model: MLP, x: Tensor) -> list[Tensor]:
    """The activations of each layer: those of hidden layers after ReLU, and the logits."""
    found = []
    for layer in model.layers:
        x = layer(x)
        found.append(x)
        x = model.activation(x)
    return [*map(model.activation, found[:-1]), found[-1]]


def read(explorer: Explorer, asked: Asked) -> dict[str, Any]:
    """The probabilities of the digits, and the activations that lead to them."""
    start = time.perf_counter()
    x = picture(asked)
    if x is None:
        return {"blank": True}
    with explorer.models.digits.use() as model:
        found = [tensor.array[0] for tensor in layers(model, Tensor(x[None]))]
        weights = model.layers[0].weight.array
        strongest = np.argsort(-found[0], kind="stable")[:SHOWN]
        looks = [{"neuron": int(i), "activation": float(found[0][i]), "weights": scaled(weights[i])} for i in strongest]
    return {
        "blank": False,
        "picture": np.rint(255 * x).astype(int),
        "probabilities": Tensor(found[-1]).softmax(dim=-1),
        "logits": found[-1],
        "layers": [{"active": int((values > 0).sum()), **scaled(values)} for values in found[:-1]],
        "neurons": looks,
        "seconds": time.perf_counter() - start,
    }


def explain(explorer: Explorer, asked: Asked) -> dict[str, Any]:
    """On which pixels the log-odds of a digit depend."""
    x, digit = picture(asked), asked.whole("digit", 0, 9)
    if x is None:
        return {"blank": True}
    with explorer.models.digits.use() as model:
        gradient = attribution.input_gradient(model, x[None], digit)[0]
        found = attribution.integrated_gradients(model, x, digit)
    return {
        "blank": False,
        "gradient": scaled(gradient),
        "integrated": scaled(found.contributions),
        "sum": found.contributions.sum(),
        "of_picture": found.picture,
        "of_blank": found.blank,
    }


def change(explorer: Explorer, asked: Asked) -> dict[str, Any]:
    """The steps along the gradient that make what is drawn the digit."""
    x, digit, smooth = picture(asked), asked.whole("digit", 0, 9), asked.flag("smooth", False)
    if x is None:
        raise ValueError("draw a digit first: nothing is drawn yet that could become another digit")
    with explorer.models.digits.use() as model:
        steps = [*attribution.changes(model, x, digit, smooth, STEPS)]
    return {
        "pictures": [np.rint(255 * step.picture).astype(int) for step in steps],
        "probabilities": [step.probabilities for step in steps],
        "distances": [np.linalg.norm(step.picture - x) for step in steps],
        "ink": np.linalg.norm(x),
    }


@cache
def test_images() -> tuple[np.ndarray, np.ndarray]:
    """The test images of MNIST (10000, 28, 28) and their labels."""
    return read_idx(MNIST / "t10k-images-idx3-ubyte.gz"), read_idx(MNIST / "t10k-labels-idx1-ubyte.gz")


def sample(explorer: Explorer, asked: Asked) -> dict[str, Any]:
    """A test image of a digit, which the network has not learned from: the one of this number among them."""
    images, labels = test_images()
    of_digit = np.flatnonzero(labels == asked.whole("digit", 0, 9))
    number = int(of_digit[asked.whole("number", 0, 1 << 31) % len(of_digit)])
    return {"picture": images[number].astype(int), "number": number}


def about(explorer: Explorer, asked: Asked) -> dict[str, Any]:
    """The network and how well it reads."""
    served = explorer.models.digits
    with served.use() as model:
        sizes, parameters = model.config.sizes, sum(p.numel() for p in model.parameters())
    return {"sizes": sizes, "parameters": parameters, "test": served.test, "side": SIDE}


def warm_up(explorer: Explorer) -> None:
    """Ask once what pages ask, so that test images are read and kernels compiled before the first stroke."""
    image = np.kron(test_images()[0][0], np.ones((DRAWN // SIDE, DRAWN // SIDE), np.uint8))
    for question in (read, explain, change):
        question(explorer, Asked({"ink": image.tolist(), "digit": 3}))


QUESTIONS: dict[str, Callable[[Explorer, Asked], dict[str, Any]]] = {
    "about": about,
    "change": change,
    "explain": explain,
    "read": read,
    "sample": sample,
}
