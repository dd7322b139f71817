"""Multi-head attention."""

from __future__ import annotations

import math
import operator
from functools import reduce
from typing import Any

from autograd import Tensor, zeros
from autograd.errors import ShapeError
from nn import functional as F
from nn import init
from nn.functional.dropout import check_probability
from nn.layers.linear import Linear
from nn.module import Module
from nn.parameter import Parameter

__all__ = ["MultiheadAttention"]


def _merge_masks(masks: list[Tensor]) -> Tensor | None:
    """Masks that are True where a key is masked out, or are added to the scores, as one mask for `F.attention`."""
    if not masks:
        return None
    if all(mask.array.dtype == bool for mask in masks):
        return ~reduce(operator.or_, masks)
    added = [zeros(m.shape).masked_fill(m, -math.inf) if m.array.dtype == bool else m for m in masks]
    return reduce(operator.add, added)


class MultiheadAttention(Module):
    """Attention by `num_heads` heads over projections of query, key and value (Vaswani et al. 2017, 3.2.2).

    The three projections share the matrix in_proj_weight (3C, C); where `kdim` or `vdim` differs from `embed_dim`, each
    has its own: q_proj_weight, k_proj_weight, v_proj_weight. `dropout` is that of the attention weights.
    """

    def __init__(
        self,
        embed_dim: int,
        num_heads: int,
        dropout: float = 0.0,
        bias: bool = True,
        add_bias_kv: bool = False,
        add_zero_attn: bool = False,
        kdim: int | None = None,
        vdim: int | None = None,
        batch_first: bool = False,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        if add_bias_kv or add_zero_attn:
            raise NotImplementedError("MultiheadAttention has no add_bias_kv and no add_zero_attn: both must be False")
        if embed_dim <= 0 or num_heads <= 0 or embed_dim % num_heads:
            raise ValueError(f"embed_dim must be divisible by num_heads, got {embed_dim} and {num_heads}")
        check_probability(dropout)
        self.embed_dim, self.num_heads, self.head_dim = embed_dim, num_heads, embed_dim // num_heads
        self.kdim, self.vdim = kdim or embed_dim, vdim or embed_dim
        self.dropout, self.batch_first = dropout, batch_first

        def weight(rows: int, columns: int) -> Parameter:
            return Parameter.empty(rows, columns, device=device, dtype=dtype)

        if self.kdim == self.vdim == embed_dim:
            self.in_proj_weight = weight(3 * embed_dim, embed_dim)
        else:
            self.q_proj_weight = weight(embed_dim, embed_dim)
            self.k_proj_weight = weight(embed_dim, self.kdim)
            self.v_proj_weight = weight(embed_dim, self.vdim)
        self.in_proj_bias = Parameter.empty(3 * embed_dim, device=device, dtype=dtype) if bias else None
        self.out_proj = Linear(embed_dim, embed_dim, bias=bias, device=device, dtype=dtype)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Initialise the projections by `init.xavier_uniform_`, the biases with 0."""
        for name, parameter in self._own_parameters():
            if name != "in_proj_bias":
                init.xavier_uniform_(parameter)
        for bias in (self.in_proj_bias, self.out_proj.bias):
            if bias is not None:
                init.zeros_(bias)

    def _project(self, query: Tensor, key: Tensor, value: Tensor) -> tuple[Tensor, ...]:
        """Q (..., T, C), K and V (..., S, C)."""
        if "in_proj_weight" in self.__dict__:
            if query is key and key is value:
                return tuple(F.linear(query, self.in_proj_weight, self.in_proj_bias).chunk(3, -1))
            weights = self.in_proj_weight.chunk(3)
        else:
            weights = (self.q_proj_weight, self.k_proj_weight, self.v_proj_weight)
        biases = (None, None, None) if self.in_proj_bias is None else self.in_proj_bias.chunk(3)
        return tuple(F.linear(x, w, b) for x, w, b in zip((query, key, value), weights, biases, strict=True))

    def _check(self, query: Tensor, key: Tensor, value: Tensor) -> None:
        sizes = (self.embed_dim, self.kdim, self.vdim)
        for name, x, size in zip(("query", "key", "value"), (query, key, value), sizes, strict=True):
            if x.ndim not in (2, 3) or x.shape[-1] != size or x.ndim != query.ndim:
                order = "(B, T, C)" if self.batch_first else "(T, B, C)"
                raise ShapeError(
                    f"MultiheadAttention: {name} must be {order} or, all three, (T, C), with C = {size}; "
                    f"got {tuple(x.shape)} beside a query {tuple(query.shape)}"
                )

    def forward(
        self,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        key_padding_mask: Tensor | None = None,
        need_weights: bool = True,
        attn_mask: Tensor | None = None,
        average_attn_weights: bool = True,
        is_causal: bool = False,
    ) -> tuple[Tensor, Tensor | None]:
        """The output (T, B, C), and the weights (B, T, S), or (B, H, T, S) without the average, if `need_weights`.

        query (T, B, C), key (S, B, kdim) and value (S, B, vdim); with `batch_first` B is the first dimension, and all
        three may come without it. A boolean mask is True where a key is masked out, a float mask is added to the
        scores: key_padding_mask (B, S), attn_mask (T, S) or (B H, T, S). `is_causal` is `F.causal_upper_left`.
        """
        self._check(query, key, value)
        batched = query.ndim == 3
        q, k, v = self._project(query, key, value)
        if not batched:
            q, k, v = (x.unsqueeze(0) for x in (q, k, v))
            key_padding_mask = None if key_padding_mask is None else key_padding_mask.unsqueeze(0)
        elif not self.batch_first:
            q, k, v = (x.transpose(0, 1) for x in (q, k, v))
        masks = []
        if attn_mask is not None:
            masks.append(attn_mask if attn_mask.ndim == 2 else attn_mask.unflatten(0, (-1, self.num_heads)))
        if key_padding_mask is not None:
            masks.append(key_padding_mask[:, None, None, :])
        T, S = q.shape[1], k.shape[1]
        if is_causal and T != S:
            masks.append(~F.causal_upper_left(T, S))
        causal, mask = is_causal and T == S, _merge_masks(masks)
        q, k, v = (F.split_heads(x, self.num_heads)[0] for x in (q, k, v))  # (B, H, T, D), (B, H, S, D) twice
        p = self.dropout if self.training else 0.0
        weights: Any = None
        if need_weights:
            weights = F.dropout(F.attention_weights(q, k, mask, causal=causal), p)  # (B, H, T, S)
            y = weights @ v
            weights = weights.mean(1) if average_attn_weights else weights
        else:
            y = F.attention(q, k, v, mask, causal=causal, dropout_p=p)
        y = self.out_proj(F.merge_heads(y))  # (B, T, C)
        if not batched:
            return y.squeeze(0), weights.squeeze(0) if need_weights else None
        return y if self.batch_first else y.transpose(0, 1), weights

    def extra_repr(self) -> str:
        return f"embed_dim={self.embed_dim}, num_heads={self.num_heads}, dropout={self.dropout}"
