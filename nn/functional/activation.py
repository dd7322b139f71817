"""Activations, which are functions of each element, and softmax with its relatives."""

from __future__ import annotations

import warnings
from typing import Any

from autograd import Tensor, ops

__all__ = ["celu", "elu", "gelu", "glu", "hardtanh", "leaky_relu", "log_softmax", "logsigmoid", "mish", "relu"]
__all__ += ["relu6", "selu", "sigmoid", "silu", "softmax", "softmin", "softplus", "softsign", "tanh"]


def _into(input: Tensor, out: Tensor, inplace: bool) -> Tensor:
    """`out`, written into the memory of `input` if `inplace`."""
    return input.copy_(out) if inplace else out


def relu(input: Tensor, inplace: bool = False) -> Tensor:
    """max(x, 0); the gradient at 0 is 0."""
    return _into(input, ops.relu(input), inplace)


def leaky_relu(input: Tensor, negative_slope: float = 0.01, inplace: bool = False) -> Tensor:
    """x where it is positive, `negative_slope` x elsewhere."""
    return _into(input, ops.leaky_relu(input, negative_slope=negative_slope), inplace)


def relu6(input: Tensor, inplace: bool = False) -> Tensor:
    """min(max(x, 0), 6)."""
    return hardtanh(input, 0.0, 6.0, inplace)


def hardtanh(input: Tensor, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False) -> Tensor:
    """The input clipped to [min_val, max_val]; the gradient at both ends is 0."""
    if min_val > max_val:
        raise ValueError(f"hardtanh: min_val must not be above max_val, got {min_val} and {max_val}")
    return _into(input, ops.hardtanh(input, min_val=min_val, max_val=max_val), inplace)


def elu(input: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    """x where it is positive, alpha (exp(x) - 1) elsewhere (Clevert et al. 2015)."""
    return _into(input, ops.elu(input, alpha=alpha), inplace)


def celu(input: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    """x where it is positive, alpha (exp(x / alpha) - 1) elsewhere (Barron 2017)."""
    return _into(input, alpha * ops.elu(input / alpha), inplace)


def selu(input: Tensor, inplace: bool = False) -> Tensor:
    """elu scaled so that activations keep mean 0 and variance 1 (Klambauer et al. 2017, equation 14)."""
    return _into(input, 1.0507009873554804934193349852946 * elu(input, 1.6732632423543772848170429916717), inplace)


def gelu(input: Tensor, approximate: str = "none") -> Tensor:
    """x Phi(x), exact, or with `approximate="tanh"` GPT-2's form (Hendrycks and Gimpel 2016)."""
    return ops.gelu(input, approximate=approximate)


def silu(input: Tensor, inplace: bool = False) -> Tensor:
    """x sigmoid(x), also called swish."""
    return _into(input, ops.silu(input), inplace)


def mish(input: Tensor, inplace: bool = False) -> Tensor:
    """x tanh(softplus(x)) (Misra 2019)."""
    return _into(input, input * ops.tanh(ops.softplus(input)), inplace)


def sigmoid(input: Tensor) -> Tensor:
    """1 / (1 + exp(-x))."""
    return ops.sigmoid(input)


def logsigmoid(input: Tensor) -> Tensor:
    """log(sigmoid(x)), finite for every finite x."""
    return -ops.softplus(-input)


def tanh(input: Tensor) -> Tensor:
    """The hyperbolic tangent."""
    return ops.tanh(input)


def softplus(input: Tensor, beta: float = 1.0, threshold: float = 20.0) -> Tensor:
    """log(1 + exp(beta x)) / beta, and x itself where beta x is above `threshold`."""
    smooth = ops.softplus(input) if beta == 1 else ops.softplus(input * beta) / beta
    return ops.where(input * beta > threshold, input, smooth)


def softsign(input: Tensor) -> Tensor:
    """x / (1 + |x|)."""
    return input / (1 + input.abs())


def glu(input: Tensor, dim: int = -1) -> Tensor:
    """The first half of `dim` times the sigmoid of the second (Dauphin et al. 2016)."""
    size = input.shape[dim]
    if size % 2:
        raise ValueError(f"glu: the size of dim {dim} must be even, got {size} of shape {tuple(input.shape)}")
    value, gate = input.split(size // 2, dim)
    return value * ops.sigmoid(gate)


def _softmax_dim(name: str, dim: int | None, ndim: int) -> int:
    if dim is not None:
        return dim
    guess = 0 if ndim in (0, 1, 3) else 1
    warnings.warn(f"{name}: dim={guess} is assumed, as none was given; pass dim=", stacklevel=3)
    return guess


def softmax(input: Tensor, dim: int | None = None, dtype: Any = None) -> Tensor:
    """exp(x) / sum(exp(x)) along `dim`, computed in `dtype` if one is given."""
    input = input if dtype is None else input.to(dtype)
    return ops.softmax(input, dim=_softmax_dim("softmax", dim, input.ndim))


def log_softmax(input: Tensor, dim: int | None = None, dtype: Any = None) -> Tensor:
    """log(softmax(x)) along `dim`, finite where softmax underflows."""
    input = input if dtype is None else input.to(dtype)
    return ops.log_softmax(input, dim=_softmax_dim("log_softmax", dim, input.ndim))


def softmin(input: Tensor, dim: int | None = None, dtype: Any = None) -> Tensor:
    """softmax(-x)."""
    return softmax(-input, _softmax_dim("softmin", dim, input.ndim), dtype)
