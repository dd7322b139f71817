"""The distributions of `scipy.stats` whose densities have derivatives here."""

from autograd.hips.scipy.stats import multivariate_normal as multivariate_normal
from autograd.hips.scipy.stats import norm as norm
