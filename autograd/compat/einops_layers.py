"""The layers of einops as our modules: `from autograd.compat.einops_layers import Rearrange, Reduce, EinMix`.

A program that runs with `python -m autograd.compat --run` gets the same from `einops.layers.torch`.
"""

from __future__ import annotations

from typing import Any

import autograd
from autograd.errors import require
from nn.module import Module
from nn.parameter import Parameter

_layers: Any = require("einops.layers", "einops")
_einmix: Any = require("einops.layers._einmix", "einops")

__all__ = ["EinMix", "Rearrange", "Reduce"]


class Rearrange(_layers.RearrangeMixin, Module):
    """`einops.rearrange` of a pattern, as a layer."""

    def forward(self, input: Any) -> Any:
        """The input rearranged."""
        return self._apply_recipe(input)


class Reduce(_layers.ReduceMixin, Module):
    """`einops.reduce` of a pattern, as a layer."""

    def forward(self, input: Any) -> Any:
        """The input reduced."""
        return self._apply_recipe(input)


class EinMix(_einmix._EinmixMixin, Module):
    """A linear layer whose dims a pattern names."""

    def _create_parameters(self, weight_shape: Any, weight_bound: float, bias_shape: Any, bias_bound: float) -> None:
        self.weight = Parameter(autograd.zeros(weight_shape).uniform_(-weight_bound, weight_bound))
        self.bias = Parameter(autograd.zeros(bias_shape).uniform_(-bias_bound, bias_bound)) if bias_shape else None

    def _create_rearrange_layers(self, pre: Any, pre_lengths: Any, post: Any, post_lengths: Any) -> None:
        rearrange: Any = Rearrange
        self.pre_rearrange = rearrange(pre, **pre_lengths) if pre is not None else None
        self.post_rearrange = rearrange(post, **post_lengths) if post is not None else None

    def forward(self, input: Any) -> Any:
        """The products of input and weight, summed as the pattern says, plus the bias."""
        if self.pre_rearrange is not None:
            input = self.pre_rearrange(input)
        result = autograd.einsum(self.einsum_pattern, input, self.weight)
        if self.bias is not None:
            result = result + self.bias
        return result if self.post_rearrange is None else self.post_rearrange(result)
