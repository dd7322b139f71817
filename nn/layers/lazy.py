"""Layers that learn the size of their input from the first one that they see, and are the plain layers from then on."""

from __future__ import annotations

from inspect import Signature, signature
from typing import Any, ClassVar

import numpy as np

from autograd import Tensor
from autograd.ops.complaints import must_be_tensor
from autograd.tensor import leaf
from nn.layers.batch_norm import BatchNorm1d, BatchNorm2d, BatchNorm3d
from nn.layers.convolution import Conv1d, Conv2d, Conv3d, ConvTranspose1d, ConvTranspose2d, ConvTranspose3d
from nn.layers.linear import Linear
from nn.module import Module
from nn.parameter import Parameter

__all__ = ["LazyBatchNorm1d", "LazyBatchNorm2d", "LazyBatchNorm3d", "LazyConv1d", "LazyConv2d", "LazyConv3d"]
__all__ += ["LazyConvTranspose1d", "LazyConvTranspose2d", "LazyConvTranspose3d", "LazyLinear"]


class _Uninitialized(Tensor):
    """A tensor without elements, until `materialize` gives it a shape: it is of the class `plain` from then on."""

    plain: ClassVar[type]

    def materialize(self, shape: Any) -> None:
        """Take memory for this shape; what is in it is not set."""
        self.array = np.empty(tuple(shape), self.array.dtype)
        self.node = leaf(self.array) if self.requires_grad else None
        self.__class__ = self.plain

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"


class UninitializedParameter(_Uninitialized, Parameter):
    """A parameter whose shape is not known yet."""

    plain = Parameter


class UninitializedBuffer(_Uninitialized):
    """A buffer whose shape is not known yet."""

    plain = Tensor


class LazyModuleMixin(Module):
    """What makes a layer of a plain one whose first argument, the size of its input, is not known yet.

    A subclass names the plain class as its second base: that is `cls_to_become`.
    """

    cls_to_become: ClassVar[Any]
    size_name: ClassVar[str]  # the attribute with the size, and the dim of the input whose size it is
    size_dim: ClassVar[int]

    def __init_subclass__(cls) -> None:
        if cls.__bases__[0] is LazyModuleMixin:
            cls.cls_to_become = plain = cls.__bases__[1]
            first, *others = signature(plain).parameters.values()
            cls.__signature__ = Signature(others)  # type: ignore[attr-defined]
            cls.size_name = first.name
            cls.size_dim = 1 if first.name == "num_features" else -1 - getattr(plain, "dims", 0)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*(0, *args), **kwargs)
        self._settings = args, kwargs
        for name, parameter in self._own("_parameters"):
            setattr(self, name, UninitializedParameter(np.empty(0, parameter.array.dtype)))
        for name, buffer in self._own("_buffers"):
            if buffer.ndim:
                setattr(self, name, UninitializedBuffer(np.empty(0, buffer.array.dtype)))
        self.register_load_state_dict_pre_hook(_take_shapes)

    def reset_parameters(self) -> None:
        """Initialise the parameters, once their shapes are known."""
        if getattr(self, self.size_name):
            super().reset_parameters()  # type: ignore[misc]

    def has_uninitialized_params(self) -> bool:
        """Whether the shape of a parameter or buffer is not known yet."""
        return any(isinstance(tensor, _Uninitialized) for _, tensor in self._own("_parameters", "_buffers"))

    def initialize_parameters(self, input: Tensor) -> None:
        """Make and initialise the parameters and buffers for inputs such as this one."""
        size = input.shape[self.size_dim]
        setattr(self, self.size_name, size)
        if self.has_uninitialized_params():
            args, kwargs = self._settings
            plain = self.cls_to_become(size, *args, **kwargs)
            for name, value in plain._own("_parameters", "_buffers"):
                own = getattr(self, name)
                if isinstance(own, _Uninitialized):
                    own.materialize(value.shape)
                    own.array[...] = value.array

    def __call__(self, input: Tensor, *args: Any, **kwargs: Any) -> Any:
        if not isinstance(input, Tensor):
            raise TypeError(must_be_tensor(type(self).__name__, "input", input))
        self.initialize_parameters(input)
        self.__class__ = self.cls_to_become
        del self._settings
        return self(input, *args, **kwargs)


def _take_shapes(module: Any, state_dict: dict[str, Any], prefix: str, *others: Any) -> None:
    """Give what has no shape yet that of the tensor to be loaded."""
    for name, tensor in module._own("_parameters", "_buffers"):
        if isinstance(tensor, _Uninitialized) and prefix + name in state_dict:
            tensor.materialize(state_dict[prefix + name].shape)


class LazyLinear(LazyModuleMixin, Linear):
    """Linear, with the in_features of its first input."""


class LazyConv1d(LazyModuleMixin, Conv1d):
    """Conv1d, with the in_channels of its first input."""


class LazyConv2d(LazyModuleMixin, Conv2d):
    """Conv2d, with the in_channels of its first input."""


class LazyConv3d(LazyModuleMixin, Conv3d):
    """Conv3d, with the in_channels of its first input."""


class LazyConvTranspose1d(LazyModuleMixin, ConvTranspose1d):
    """ConvTranspose1d, with the in_channels of its first input."""


class LazyConvTranspose2d(LazyModuleMixin, ConvTranspose2d):
    """ConvTranspose2d, with the in_channels of its first input."""


class LazyConvTranspose3d(LazyModuleMixin, ConvTranspose3d):
    """ConvTranspose3d, with the in_channels of its first input."""


class LazyBatchNorm1d(LazyModuleMixin, BatchNorm1d):
    """BatchNorm1d, with the num_features of its first input."""


class LazyBatchNorm2d(LazyModuleMixin, BatchNorm2d):
    """BatchNorm2d, with the num_features of its first input."""


class LazyBatchNorm3d(LazyModuleMixin, BatchNorm3d):
    """BatchNorm3d, with the num_features of its first input."""
