"""Optimisers and learning-rate schedules."""

from autograd.ops.complaints import explain_all as _explain_all
from nn.optim import adam, adaptive, lbfgs, lr_scheduler, matrix, sgd, swa_utils
from nn.optim.adam import *  # noqa: F403
from nn.optim.adaptive import *  # noqa: F403
from nn.optim.lbfgs import *  # noqa: F403
from nn.optim.matrix import *  # noqa: F403
from nn.optim.optimizer import Optimizer
from nn.optim.sgd import *  # noqa: F403

__all__ = ["Optimizer", "lr_scheduler", "swa_utils", *adam.__all__, *adaptive.__all__, *lbfgs.__all__]
__all__ += [*matrix.__all__, *sgd.__all__]

_explain_all(__name__)
