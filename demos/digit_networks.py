"""The three networks that `demos.digits` trains, and how."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

import nn.functional as F
from autograd import Tensor, as_tensor
from models import mlp
from models.cnn import CNN
from nn import Module, optim

ONE_HOT = np.eye(10, dtype=np.float32)


class Recipe(NamedTuple):
    """How one network is trained; `scores` turns its outputs into ten numbers from 0 to 1."""

    build: Callable[[], Module]
    folder: str
    epochs: int
    lr: float
    shift: int  # the most pixels by which a training image is moved
    batch: int = 128
    loss: Callable[[Tensor, Tensor], Tensor] = F.cross_entropy  # of the outputs (B, 10) and the labels (B,)
    optimizer: Callable[..., optim.Optimizer] = optim.AdamW
    one_cycle: bool = True  # the learning rate rises to lr and falls to almost 0
    scores: Callable[[Tensor], Tensor] = lambda z: F.softmax(z, -1)
    score: str = "probability"  # what such a number is called
    shape: tuple[int, ...] = (784,)  # of an image as the network takes it


RECIPES = {
    "default": Recipe(mlp.digits, "digits", epochs=10, lr=2e-3, shift=1),
    "cnn": Recipe(CNN, "digits-cnn", epochs=8, lr=3e-3, shift=2, shape=(1, 28, 28)),
    "nielsen": Recipe(
        mlp.nielsen,
        "digits-nielsen",
        epochs=30,
        lr=3.0,
        shift=0,
        batch=10,
        loss=lambda a, labels: F.quadratic_cost(a, as_tensor(ONE_HOT[labels.array])),
        optimizer=optim.SGD,
        one_cycle=False,
        scores=lambda a: a,
        score="activation",
    ),
}
