"""Gradient clipping, all parameters as one vector, norms of weights, and sequences of several lengths (`rnn`)."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from autograd import Tensor, as_tensor, cat, kernels, writing
from nn import init
from nn.module import Module
from nn.utils import parametrizations, parametrize, rnn
from nn.utils.parametrizations import hooked_spectral_norm as spectral_norm
from nn.utils.parametrizations import hooked_weight_norm as weight_norm
from nn.utils.parametrizations import remove_spectral_norm, remove_weight_norm

__all__ = ["clip_grad_norm", "clip_grad_norm_", "clip_grad_value_", "get_total_norm"]
__all__ += ["parameters_to_vector", "parametrizations", "parametrize", "remove_spectral_norm", "remove_weight_norm"]
__all__ += ["rnn", "skip_init", "spectral_norm", "vector_to_parameters", "weight_norm"]


def _gradients(parameters: Tensor | Iterable[Tensor]) -> list[Tensor]:
    tensors = [parameters] if isinstance(parameters, Tensor) else parameters
    return [tensor.grad for tensor in tensors if tensor.grad is not None]


def _norm(array: np.ndarray, norm_type: float) -> float:
    if not array.size:
        return 0.0
    if array.dtype.kind == "c":
        array = np.abs(array)
    if norm_type == 2:
        return math.sqrt(kernels.squared_norm(array))
    return float(np.linalg.norm(array.reshape(-1), norm_type))


def clip_grad_norm_(
    parameters: Tensor | Iterable[Tensor],
    max_norm: float,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
    foreach: bool | None = None,
) -> Tensor:
    """Scale all gradients by one factor so that their joint norm is at most `max_norm`; return the norm before.

    `norm_type` may be infinity. If the norm is nan or infinite, raises RuntimeError with `error_if_nonfinite`; without,
    the scaled gradients are nan or 0. `foreach` chooses between equal implementations in PyTorch; here there is one.
    """
    gradients = _gradients(parameters)
    total = get_total_norm(gradients, norm_type, error_if_nonfinite, foreach)
    factor = max_norm / (float(total) + 1e-6)
    if not factor >= 1:
        arrays = [gradient.array for gradient in gradients]
        with writing(*gradients):
            kernels.parallel_map(lambda array: np.multiply(array, factor, out=array), arrays)
    return total


clip_grad_norm = clip_grad_norm_


def get_total_norm(
    tensors: Tensor | Iterable[Tensor],
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
    foreach: bool | None = None,
) -> Tensor:
    """The joint norm of several tensors."""
    arrays = [tensor.array for tensor in ([tensors] if isinstance(tensors, Tensor) else tensors)]
    norm_type = float(norm_type)  # some programs say "inf"
    total = _norm(np.array(kernels.parallel_map(lambda array: _norm(array, norm_type), arrays)), norm_type)
    if error_if_nonfinite and not math.isfinite(total):
        raise RuntimeError(f"the gradients' total norm of order {norm_type} is {total}, so they cannot be clipped")
    return as_tensor(np.asarray(total, dtype=arrays[0].real.dtype if arrays else np.float32))


def clip_grad_value_(parameters: Tensor | Iterable[Tensor], clip_value: float, foreach: bool | None = None) -> None:
    """Clip every element of every gradient to [-clip_value, clip_value]."""
    if clip_value < 0:
        raise ValueError(f"clip_value must not be negative, got {clip_value}")
    for gradient in _gradients(parameters):
        with writing(gradient) as [array]:
            np.clip(array, -clip_value, clip_value, out=array)


def parameters_to_vector(parameters: Iterable[Tensor]) -> Tensor:
    """All elements in one vector, parameter after parameter, differentiably."""
    return cat([parameter.reshape(-1) for parameter in parameters])


def vector_to_parameters(vec: Tensor, parameters: Iterable[Tensor]) -> None:
    """Copy slices of the vector into the parameters, in order; ValueError unless it has exactly their size."""
    tensors = list(parameters)
    size = sum(tensor.array.size for tensor in tensors)
    if vec.array.shape != (size,):
        raise ValueError(f"the parameters have {size} elements, the vector has shape {vec.array.shape}")
    start = 0
    for tensor in tensors:
        end = start + tensor.array.size
        with writing(tensor) as [array]:
            array[...] = vec.array[start:end].reshape(array.shape)
        start = end


def skip_init(module_cls: type[Module], *args: Any, **kwargs: Any) -> Any:
    """A module of the class, made of these arguments, whose parameters are not initialised."""
    with init.empty_weights():
        module = module_cls(*args, **kwargs)
    return module._apply(lambda tensor: tensor.clone())
