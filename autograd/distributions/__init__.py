"""Probability distributions, under the names of torch.distributions."""

from autograd.distributions import constraints, transforms, utils
from autograd.distributions.composed import *
from autograd.distributions.continuous import *
from autograd.distributions.discrete import *
from autograd.distributions.distribution import Distribution
from autograd.distributions.kl import kl_divergence, register_kl
from autograd.distributions.multivariate_normal import MultivariateNormal
from autograd.distributions.transforms import *
