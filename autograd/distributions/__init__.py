"""Probability distributions, under the names of torch.distributions."""

import importlib
from typing import Any

from autograd.distributions import constraints, transforms, utils
from autograd.distributions.composed import *
from autograd.distributions.continuous import *
from autograd.distributions.discrete import *
from autograd.distributions.distribution import Distribution
from autograd.distributions.kl import kl_divergence, register_kl
from autograd.distributions.lkj_cholesky import LKJCholesky
from autograd.distributions.multivariate_normal import MultivariateNormal
from autograd.distributions.tails import *
from autograd.distributions.transforms import *


def __getattr__(name: str) -> Any:  # PyTorch's modules that are not ours: `distributions.normal.Normal`
    try:
        return importlib.import_module(f"{__name__}.{name}")
    except ModuleNotFoundError as error:
        raise AttributeError(str(error)) from None
