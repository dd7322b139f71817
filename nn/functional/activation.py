"""Activations, which are functions of each element, and softmax with its relatives."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from autograd import Tensor, empty_like, ops, zeros_like
from autograd.errors import ShapeError, warn
from autograd.generator import numpy_rng
from autograd.naming import named

__all__ = ["celu", "celu_", "elu", "elu_", "gelu", "glu", "gumbel_softmax", "hardshrink", "hardsigmoid", "hardswish"]
__all__ += ["hardtanh", "hardtanh_", "leaky_relu", "leaky_relu_", "log_softmax", "logsigmoid", "mish", "prelu", "relu"]
__all__ += ["relu6", "relu_", "rrelu", "rrelu_", "selu", "selu_", "sigmoid", "silu", "softmax", "softmin", "softplus"]
__all__ += ["softshrink", "softsign", "tanh", "tanhshrink", "threshold", "threshold_"]


def _into(input: Tensor, out: Tensor, inplace: bool) -> Tensor:
    """`out`, the result of one op, put in the place of the elements of `input` if `inplace`.

    What the op saved of the old elements is copied, so backward finds it.
    """
    return input._overwrite(out) if inplace else out


def _of_op(op: Callable[[Tensor], Tensor], doc: str) -> Callable[..., Tensor]:
    """The function of an op without settings, which may work in place."""

    def activation(input: Tensor, inplace: bool = False) -> Tensor:
        return _into(input, op(input), inplace)

    return named(activation, op.__name__, doc)


relu = _of_op(ops.relu, "max(x, 0); the gradient at 0 is 0.")
silu = _of_op(ops.silu, "x sigmoid(x), also called swish.")
mish = _of_op(ops.mish, "x tanh(softplus(x)) (Misra 2019).")
hardsigmoid = _of_op(ops.hardsigmoid, "x / 6 + 1 / 2, kept between 0 and 1.")
hardswish = _of_op(ops.hardswish, "x hardsigmoid(x) (Howard et al. 2019).")


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
    return _into(input, ops.elu(input, alpha=alpha, input_scale=1 / alpha), inplace)


def selu(input: Tensor, inplace: bool = False) -> Tensor:
    """elu scaled so that activations keep mean 0 and variance 1 (Klambauer et al. 2017, equation 14)."""
    return _into(input, ops.elu(input, alpha=1.6732632423543772, scale=1.0507009873554805), inplace)


def gelu(input: Tensor, approximate: str = "none") -> Tensor:
    """x Phi(x), exact, or with `approximate="tanh"` GPT-2's form (Hendrycks and Gimpel 2016)."""
    return ops.gelu(input, approximate=approximate)


def threshold(input: Tensor, threshold: float, value: float, inplace: bool = False) -> Tensor:
    """x where it is above the threshold, `value` elsewhere."""
    return _into(input, ops.threshold(input, threshold=threshold, value=value), inplace)


def rrelu(
    input: Tensor, lower: float = 1.0 / 8, upper: float = 1.0 / 3, training: bool = False, inplace: bool = False
) -> Tensor:
    """leaky_relu with slopes drawn between two bounds; without `training`, with their mean (Xu et al. 2015)."""
    if not 0 <= lower <= upper <= 1:
        raise ValueError(f"rrelu: 0 <= lower <= upper <= 1 must hold, got {lower} and {upper}")
    if not training:
        return leaky_relu(input, (lower + upper) / 2, inplace)
    return _into(input, ops.rrelu(input, lower=lower, upper=upper, rng=numpy_rng(None)), inplace)


def prelu(input: Tensor, weight: Tensor) -> Tensor:
    """x where it is positive, weight x elsewhere; the weight is one number, or one a channel (dim 1)."""
    if weight.ndim and weight.numel() != 1:
        dim = min(1, input.ndim - 1)
        if weight.ndim != 1 or dim < 0 or input.shape[dim] != weight.shape[0]:
            raise ShapeError(
                f"prelu: weight {tuple(weight.shape)} must hold one number, or one for each channel of the input "
                f"{tuple(input.shape)}"
            )
        weight = weight.reshape([-1 if i == dim else 1 for i in range(input.ndim)])
    return ops.prelu(input, weight.reshape(()) if weight.numel() == 1 else weight)


def hardshrink(input: Tensor, lambd: float = 0.5) -> Tensor:
    """x where its magnitude is above `lambd`, 0 elsewhere."""
    return ops.hardshrink(input, lambd=lambd)


def softshrink(input: Tensor, lambd: float = 0.5) -> Tensor:
    """x moved by `lambd` towards 0, at most to 0."""
    if lambd < 0:
        raise ValueError(f"softshrink: lambd must not be negative, got {lambd}")
    return ops.softshrink(input, lambd=lambd)


def tanhshrink(input: Tensor) -> Tensor:
    """x - tanh(x)."""
    return input - input.tanh()


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
    warn(f"{name}: dim={guess} is assumed, as none was given; pass dim=")
    return guess


def softmax(input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None) -> Tensor:
    """exp(x) / sum(exp(x)) along `dim`, computed in `dtype` if one is given."""
    input = input if dtype is None else input.to(dtype)
    return ops.softmax(input, dim=_softmax_dim("softmax", dim, input.ndim))


def log_softmax(input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None) -> Tensor:
    """log(softmax(x)) along `dim`, finite where softmax underflows."""
    input = input if dtype is None else input.to(dtype)
    return ops.log_softmax(input, dim=_softmax_dim("log_softmax", dim, input.ndim))


def softmin(input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None) -> Tensor:
    """softmax(-x)."""
    return softmax(-input, _softmax_dim("softmin", dim, input.ndim), dtype=dtype)


def gumbel_softmax(logits: Tensor, tau: float = 1, hard: bool = False, eps: float = 1e-10, dim: int = -1) -> Tensor:
    """softmax((x + Gumbel noise) / tau), a differentiable sample (Jang et al. 2017); `eps` is not used, as in torch.

    With `hard` the sample is one-hot; its gradient is that of the soft one.
    """
    noise = -empty_like(logits).exponential_().log()
    soft = softmax((logits + noise) / tau, dim)
    if not hard:
        return soft
    chosen = zeros_like(logits).scatter_(dim, soft.argmax(dim, keepdim=True), 1.0)
    return chosen - soft.detach() + soft


def _always_in_place(function: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """`function_`, which is `function` with inplace=True."""

    def in_place(input: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        return function(input, *args, **kwargs, inplace=True)

    name = function.__name__
    return named(in_place, f"{name}_", f"`{name}`, in place; returns the tensor itself.")


relu_, elu_ = _always_in_place(relu), _always_in_place(elu)
selu_, celu_ = _always_in_place(selu), _always_in_place(celu)
leaky_relu_, hardtanh_ = _always_in_place(leaky_relu), _always_in_place(hardtanh)
rrelu_, threshold_ = _always_in_place(rrelu), _always_in_place(threshold)
