"""Optimisers and learning-rate schedules."""

from nn.optim import lr_scheduler
from nn.optim.adam import Adam, Adamax, AdamW, NAdam
from nn.optim.adaptive import Adadelta, Adagrad, RMSprop
from nn.optim.optimizer import Optimizer
from nn.optim.sgd import SGD

__all__ = [
    "SGD",
    "Adadelta",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "NAdam",
    "Optimizer",
    "RMSprop",
    "lr_scheduler",
]
