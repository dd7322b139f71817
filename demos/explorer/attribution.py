"""On which pixels the answer of a classifier depends, and by which changes of them it would become another.

Shapes: B pictures, P pixels, K classes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from autograd import Tensor, as_tensor, cat, grad, no_grad

Classifier = Callable[[Tensor], Tensor]  # pictures (B, P) to logits (B, K)
STRENGTH = 0.15  # the length of one change; 1 is one pixel from paper to ink


def log_odds(logits: Tensor, target: int) -> Tensor:
    """ln(p / (1 - p)) of the probability p of the target, from logits (B, K): (B,).

    Other than p, it does not become flat where the classifier is sure.
    """
    others = cat([logits[:, :target], logits[:, target + 1 :]], dim=-1)
    return logits[:, target] - others.logsumexp(dim=-1)


def input_gradient(model: Classifier, pictures: np.ndarray, target: int) -> np.ndarray:
    """The derivative (B, P) of each picture's log-odds of the target with respect to its pixels."""
    x = as_tensor(pictures).requires_grad_()
    (found,) = grad(log_odds(model(x), target).sum(), [x])
    return found.array


class Attribution(NamedTuple):
    """What each pixel contributes (P,) to the difference between the log-odds of a picture and of a blank one."""

    contributions: np.ndarray
    picture: float
    blank: float


def integrated_gradients(model: Classifier, picture: np.ndarray, target: int, steps: int = 100) -> Attribution:
    """x_i times the mean of the gradient at pixel i along the straight line from the blank picture 0 to the picture x.

    The contributions add up to f(x) - f(0), but for the error of the midpoint rule (Sundararajan, Taly, Yan 2017,
    *Axiomatic Attribution for Deep Networks*).
    """
    shares = ((np.arange(steps) + 0.5) / steps).astype(picture.dtype)
    gradients = input_gradient(model, shares[:, None] * picture, target)  # (steps, P)
    ends = np.stack([picture, np.zeros_like(picture)])
    with no_grad():
        at_picture, at_blank = log_odds(model(as_tensor(ends)), target).array.tolist()
    return Attribution(picture * gradients.mean(0), at_picture, at_blank)


class Change(NamedTuple):
    """A picture (P,) on the way to another answer, and the probabilities (K,) of the answers to it."""

    picture: np.ndarray
    probabilities: np.ndarray


def changes(model: Classifier, picture: np.ndarray, target: int, smooth: bool, most: int) -> Iterator[Change]:
    """The picture, and after it what steps along the gradient make of it, until the target has 90 %, or `most` steps.

    Each step changes the picture by STRENGTH, and leaves its pixels from 0 to 1. With `smooth`, neighbouring pixels
    change together, as those of a stroke would.
    """
    x = picture
    for _ in range(most + 1):
        with no_grad():
            p = model(as_tensor(x[None])).softmax(dim=-1).array[0]
        yield Change(x, p)
        if p[target] >= 0.9:
            return
        gradient = input_gradient(model, x[None], target)[0]
        gradient[(x <= 0) & (gradient < 0) | (x >= 1) & (gradient > 0)] = 0  # these pixels cannot go further
        direction = blurred(gradient) if smooth else gradient
        length = np.linalg.norm(direction)
        if length == 0:
            return
        x = np.clip(x + STRENGTH / length * direction, 0, 1)


def blurred(image: np.ndarray) -> np.ndarray:
    """A square image (P,), each pixel the weighted mean of the 5 x 5 around it (binomial weights)."""
    side = int(np.sqrt(image.size))
    weights = np.array([1, 4, 6, 4, 1], image.dtype) / 16
    padded = np.pad(image.reshape(side, side), 2)
    rows = sum(w * padded[i : i + side] for i, w in enumerate(weights))
    return sum(w * rows[:, i : i + side] for i, w in enumerate(weights)).reshape(-1)
