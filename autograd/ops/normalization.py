"""Normalisation of the channels of a batch by its own statistics."""

from __future__ import annotations

from autograd import kernels
from autograd.errors import ShapeError
from autograd.ops import transcendental as T
from autograd.ops.reduction import mean
from autograd.ops.table import op

__all__ = ["batch_norm", "channel_statistics"]


def channel_statistics(x):
    """The mean and the variance (C), which divides by N L, of an array (N, C, L), in float32 or more."""
    return kernels.channel_statistics(x)


def _batch_norm(x, weight, bias, *, eps, statistics):
    centred = x - mean(x, dim=(0, 2), keepdim=True)
    out = centred / T.sqrt(mean(centred * centred, dim=(0, 2), keepdim=True) + eps)
    out = out if weight is None else out * weight[:, None]
    return out if bias is None else out + bias[:, None]


@op(
    method=False,
    grads=lambda g, x, weight, mean, rstd, needs: kernels.batch_norm_backward(g, x, weight, mean, rstd, needs),
    saves=("mean", "rstd"),
    reference=_batch_norm,
)
def batch_norm(x, weight, bias, *, eps=1e-5, statistics=None):
    """x (N, C, L) with each channel normalised to mean 0 and variance 1 over the batch, times weight (C) plus bias (C),
    either of which may be None (Ioffe and Szegedy 2015). `statistics` are those of x, if they are known already."""
    for vector in (weight, bias):
        if vector is not None and vector.shape != x.shape[1:2]:
            raise ShapeError(f"batch_norm: weight and bias must be ({x.shape[1]},) for x {x.shape}, got {vector.shape}")
    average, var = statistics or channel_statistics(x)
    out, rstd = kernels.batch_norm(x, weight, bias, average, var, eps)
    return out, average, rstd
