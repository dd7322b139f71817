"""Learning-rate schedules, and the factors of which LambdaLR makes one."""

from nn.optim.lr_scheduler.composed import ChainedScheduler, SequentialLR
from nn.optim.lr_scheduler.cycles import CosineAnnealingWarmRestarts, CyclicLR
from nn.optim.lr_scheduler.one_cycle import OneCycleLR
from nn.optim.lr_scheduler.plateau import ReduceLROnPlateau
from nn.optim.lr_scheduler.schedules import (
    ConstantLR,
    CosineAnnealingLR,
    ExponentialLR,
    LambdaLR,
    LinearLR,
    LRScheduler,
    MultiplicativeLR,
    MultiStepLR,
    PolynomialLR,
    StepLR,
    inverse_square_root,
    warmup_cosine,
)

_LRScheduler = LRScheduler  # its first name

__all__ = [
    "ChainedScheduler",
    "ConstantLR",
    "CosineAnnealingLR",
    "CosineAnnealingWarmRestarts",
    "CyclicLR",
    "ExponentialLR",
    "LRScheduler",
    "LambdaLR",
    "LinearLR",
    "MultiStepLR",
    "MultiplicativeLR",
    "OneCycleLR",
    "PolynomialLR",
    "ReduceLROnPlateau",
    "SequentialLR",
    "StepLR",
    "inverse_square_root",
    "warmup_cosine",
]
