"""What distributions are computed with: parameters of one shape, probabilities and logits."""

from __future__ import annotations

from functools import cached_property as lazy_property
from numbers import Number

from autograd import Tensor, broadcast_tensors, finfo, get_default_dtype, randn, sigmoid, softmax, tensor

__all__ = ["broadcast_all", "clamp_probs", "lazy_property", "logits_to_probs", "probs_to_logits"]


def broadcast_all(*values):
    """The values broadcast to one shape; numbers become tensors, of the dtype of the first tensor."""
    dtype = next((value.dtype for value in values if isinstance(value, Tensor)), get_default_dtype())
    for value in values:
        if not isinstance(value, (Tensor, Number)):
            raise ValueError(f"a parameter of a distribution is a tensor or a number, not {type(value).__name__}")
    return broadcast_tensors(*[v if isinstance(v, Tensor) else tensor(v, dtype=dtype) for v in values])


def clamp_probs(probs):
    """The probabilities, kept away from 0 and 1 by the precision of their dtype."""
    eps = float(finfo(probs.dtype).eps)
    return probs.clamp(eps, 1 - eps)


def probs_to_logits(probs, is_binary=False):
    """log p, or for the probabilities of a 1 log(p / (1 - p))."""
    probs = clamp_probs(probs)
    return probs.log() - (-probs).log1p() if is_binary else probs.log()


def logits_to_probs(logits, is_binary=False):
    """softmax over the last dim, or sigmoid for the log odds of a 1."""
    return sigmoid(logits) if is_binary else softmax(logits, dim=-1)


def _standard_normal(shape, dtype, device):
    """Draws from the normal distribution of mean 0 and standard deviation 1."""
    return randn(size=shape, dtype=dtype)


def _sum_rightmost(value, dims):
    """The sum over the last `dims` dims."""
    return value.sum(tuple(range(-dims, 0))) if dims else value
