"""`torch.special`: the special functions, under its names."""

from autograd.ops.elementwise import round, sigmoid
from autograd.ops.fused import log_softmax, softmax
from autograd.ops.reduction import logsumexp
from autograd.ops.special import digamma, erfc, erfinv, lgamma, logit, mvlgamma, polygamma, sinc, xlogy
from autograd.ops.transcendental import erf, exp2, expm1, log1p

__all__ = ["digamma", "erf", "erfc", "erfinv", "exp2", "expit", "expm1", "gammaln", "log1p", "log_softmax", "logit"]
__all__ += ["logsumexp", "multigammaln", "polygamma", "psi", "round", "sinc", "softmax", "xlogy"]

expit, gammaln, multigammaln, psi = sigmoid, lgamma, mvlgamma, digamma
