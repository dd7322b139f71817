"""Optimisers and learning-rate schedules."""

from nn.optim import adam, adaptive, lr_scheduler, sgd
from nn.optim.adam import *  # noqa: F403
from nn.optim.adaptive import *  # noqa: F403
from nn.optim.optimizer import Optimizer
from nn.optim.sgd import *  # noqa: F403

__all__ = ["Optimizer", "lr_scheduler", *adam.__all__, *adaptive.__all__, *sgd.__all__]
