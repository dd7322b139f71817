"""Layers that learn the size of their input from the first one that they see, and are the plain layers from then on."""

from __future__ import annotations

from inspect import Signature, signature
from typing import Any, ClassVar, Self

import numpy as np

from autograd import Tensor, empty
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

    def materialize(self, shape: Any, device: Any = None, dtype: Any = None) -> None:
        """Take memory for this shape; what is in it is not set."""
        self.array = empty(shape, device=device, dtype=dtype or self.array.dtype).array
        self.node = leaf(self.array) if self.requires_grad else None
        self.__class__ = self.plain

    def detach(self) -> Self:
        """The tensor itself: nothing can be computed from it."""
        return self

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"


class UninitializedParameter(_Uninitialized, Parameter):
    """A parameter whose shape is not known yet."""

    plain = Parameter


class UninitializedBuffer(_Uninitialized):
    """A buffer whose shape is not known yet."""

    plain = Tensor


class LazyModuleMixin(Module):
    """What a module has whose parameters and buffers may be uninitialised until its first call.

    A subclass gives them shapes in `initialize_parameters`, which is called with the first arguments. The module is of
    the class `cls_to_become` from then on, if there is one.
    """

    cls_to_become: ClassVar[Any] = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._is_new = True
        self.register_load_state_dict_pre_hook(_take_shapes)

    def has_uninitialized_params(self) -> bool:
        """Whether the shape of a parameter or buffer is not known yet."""
        return any(isinstance(tensor, _Uninitialized) for _, tensor in self._own("_parameters", "_buffers"))

    def initialize_parameters(self, *args: Any, **kwargs: Any) -> None:
        """Make the parameters and buffers for arguments such as these."""
        raise NotImplementedError(f"{type(self).__name__} must define initialize_parameters()")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if "_is_new" not in self.__dict__:
            return super().__call__(*args, **kwargs)
        self.initialize_parameters(*args, **kwargs)
        if self.has_uninitialized_params():
            raise RuntimeError(f"{type(self).__name__}.initialize_parameters() must materialize all parameters")
        del self._is_new
        self.__class__ = self.cls_to_become or type(self)
        return self(*args, **kwargs)


class _LazyLayer(LazyModuleMixin):
    """What makes a layer of a plain one whose first argument, the size of its input, is not known yet.

    A subclass names the plain class as its second base: that is `cls_to_become`.
    """

    size_name: ClassVar[str]  # the attribute with the size, and the dim of the input whose size it is
    size_dim: ClassVar[int]

    def __init_subclass__(cls) -> None:
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

    def reset_parameters(self) -> None:
        """Initialise the parameters, once their shapes are known."""
        if getattr(self, self.size_name):
            super().reset_parameters()  # type: ignore[misc]

    def initialize_parameters(self, input: Tensor, *args: Any, **kwargs: Any) -> None:
        """Make and initialise the parameters and buffers for inputs such as this one."""
        if not isinstance(input, Tensor):
            raise TypeError(must_be_tensor(type(self).__name__, "input", input))
        size = input.shape[self.size_dim]
        setattr(self, self.size_name, size)
        args, kwargs = self._settings
        if self.has_uninitialized_params():
            plain = self.cls_to_become(size, *args, **kwargs)
            for name, value in plain._own("_parameters", "_buffers"):
                own = getattr(self, name)
                if isinstance(own, _Uninitialized):
                    own.materialize(value.shape)
                    own.array[...] = value.array
        del self._settings


def _take_shapes(module: Any, state_dict: dict[str, Any], prefix: str, *others: Any) -> None:
    """Give what has no shape yet that of the tensor to be loaded."""
    for name, tensor in module._own("_parameters", "_buffers"):
        given = state_dict.get(prefix + name)
        if isinstance(tensor, _Uninitialized) and given is not None and not isinstance(given, _Uninitialized):
            tensor.materialize(given.shape)


class LazyLinear(_LazyLayer, Linear):
    """Linear, with the in_features of its first input."""


class LazyConv1d(_LazyLayer, Conv1d):
    """Conv1d, with the in_channels of its first input."""


class LazyConv2d(_LazyLayer, Conv2d):
    """Conv2d, with the in_channels of its first input."""


class LazyConv3d(_LazyLayer, Conv3d):
    """Conv3d, with the in_channels of its first input."""


class LazyConvTranspose1d(_LazyLayer, ConvTranspose1d):
    """ConvTranspose1d, with the in_channels of its first input."""


class LazyConvTranspose2d(_LazyLayer, ConvTranspose2d):
    """ConvTranspose2d, with the in_channels of its first input."""


class LazyConvTranspose3d(_LazyLayer, ConvTranspose3d):
    """ConvTranspose3d, with the in_channels of its first input."""


class LazyBatchNorm1d(_LazyLayer, BatchNorm1d):
    """BatchNorm1d, with the num_features of its first input."""


class LazyBatchNorm2d(_LazyLayer, BatchNorm2d):
    """BatchNorm2d, with the num_features of its first input."""


class LazyBatchNorm3d(_LazyLayer, BatchNorm3d):
    """BatchNorm3d, with the num_features of its first input."""
