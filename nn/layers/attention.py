"""Multi-head attention."""

from __future__ import annotations

import math
from typing import Any

from autograd import Tensor, empty, zeros
from autograd.errors import ShapeError
from nn import functional as F
from nn import init
from nn.functional.layer import check_probability
from nn.layers.linear import Linear
from nn.layers.position import RotaryEmbedding
from nn.module import Module
from nn.parameter import Parameter


def _merge_masks(attn_mask: Tensor | None, key_padding_mask: Tensor | None, heads: int) -> Tensor | None:
    """One mask in the sense of `F.scaled_dot_product_attention`, where True is a pair that may attend.

    Here True in attn_mask (T, S) or (B H, T, S) and in key_padding_mask (B, S) is a pair, or a key, that is masked out.
    """
    masks = []
    if attn_mask is not None:
        masks.append(attn_mask if attn_mask.ndim == 2 else attn_mask.unflatten(0, (-1, heads)))
    if key_padding_mask is not None:
        masks.append(key_padding_mask[:, None, None, :])
    if not masks:
        return None
    if all(mask.array.dtype == bool for mask in masks):
        return ~masks[0] if len(masks) == 1 else ~(masks[0] | masks[1])
    added = [
        zeros(mask.shape).masked_fill(mask, -math.inf) if mask.array.dtype == bool else mask for mask in masks
    ]  # as numbers that are added to the scores
    return added[0] if len(added) == 1 else added[0] + added[1]


class MultiheadAttention(Module):
    """Attention by `num_heads` heads over projections of query, key and value (Vaswani et al. 2017, 3.2.2).

    The weights of the three projections lie in one matrix, in_proj_weight (3C, C), or, where `kdim` or `vdim` differ
    from `embed_dim`, in q_proj_weight, k_proj_weight and v_proj_weight. `dropout` falls on the attention weights.
    `rotary` turns queries and keys by their position.
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
        *,
        rotary: RotaryEmbedding | None = None,
    ) -> None:
        super().__init__()
        if add_bias_kv or add_zero_attn:
            raise NotImplementedError("MultiheadAttention has no add_bias_kv and no add_zero_attn: both must be False")
        if embed_dim <= 0 or num_heads <= 0 or embed_dim % num_heads:
            raise ValueError(f"embed_dim must be divisible by num_heads, got {embed_dim} and {num_heads}")
        check_probability(dropout)
        self.embed_dim, self.num_heads, self.head_dim = embed_dim, num_heads, embed_dim // num_heads
        self.kdim, self.vdim = kdim or embed_dim, vdim or embed_dim
        self.dropout, self.batch_first, self.rotary = dropout, batch_first, rotary

        def weight(rows: int, columns: int) -> Parameter:
            return Parameter(empty(rows, columns, device=device, dtype=dtype))

        if self.kdim == self.vdim == embed_dim:
            self.in_proj_weight = weight(3 * embed_dim, embed_dim)
        else:
            self.q_proj_weight = weight(embed_dim, embed_dim)
            self.k_proj_weight = weight(embed_dim, self.kdim)
            self.v_proj_weight = weight(embed_dim, self.vdim)
        self.in_proj_bias = Parameter(empty(3 * embed_dim, device=device, dtype=dtype)) if bias else None
        self.out_proj = Linear(embed_dim, embed_dim, bias=bias, device=device, dtype=dtype)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Projections by Xavier, biases 0."""
        for name, parameter in self._own_parameters():
            if name != "in_proj_bias":
                init.xavier_uniform_(parameter)
        for bias in (self.in_proj_bias, self.out_proj.bias):
            if bias is not None:
                init.zeros_(bias)

    def _project(self, query: Tensor, key: Tensor, value: Tensor) -> tuple[Tensor, ...]:
        """Q, K and V, each (T or S, B, C) or with B first."""
        if "in_proj_weight" in self.__dict__:
            if query is key and key is value:
                return tuple(F.linear(query, self.in_proj_weight, self.in_proj_bias).chunk(3, -1))
            weights = self.in_proj_weight.chunk(3)
        else:
            weights = (self.q_proj_weight, self.k_proj_weight, self.v_proj_weight)
        biases = (None, None, None) if self.in_proj_bias is None else self.in_proj_bias.chunk(3)
        return tuple(F.linear(x, w, b) for x, w, b in zip((query, key, value), weights, biases, strict=True))

    def _check(self, query: Tensor, key: Tensor, value: Tensor) -> None:
        wanted = zip(
            ("query", "key", "value"), (query, key, value), (self.embed_dim, self.kdim, self.vdim), strict=True
        )
        for name, x, size in wanted:
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
        """The attended values and, if `need_weights`, the weights: (B, T, S), or (B, H, T, S) without the average.

        query (T, B, C), key (S, B, kdim), value (S, B, vdim), with B first if `batch_first`, or all without B. Boolean
        masks say True where nobody may look: key_padding_mask (B, S), attn_mask (T, S) or (B H, T, S); float masks are
        added to the scores. `is_causal` needs no mask beside it.
        """
        self._check(query, key, value)
        batched = query.ndim == 3
        q, k, v = self._project(query, key, value)
        if not batched:
            q, k, v = (x.unsqueeze(0) for x in (q, k, v))
            key_padding_mask = None if key_padding_mask is None else key_padding_mask.unsqueeze(0)
        elif not self.batch_first:
            q, k, v = (x.transpose(0, 1) for x in (q, k, v))
        q, k, v = (F.split_heads(x, self.num_heads)[0] for x in (q, k, v))  # (B, H, T, D), (B, H, S, D) twice
        if self.rotary is not None:
            q, k = self.rotary(q), self.rotary(k)
        mask = _merge_masks(attn_mask, key_padding_mask, self.num_heads)
        p = self.dropout if self.training else 0.0
        weights: Any = None
        if need_weights or (is_causal and mask is not None):
            weights = F.dropout(F.attention_weights(q, k, mask, is_causal), p)  # (B, H, T, S)
            y = weights @ v
        else:
            y = F.scaled_dot_product_attention(q, k, v, mask, p, is_causal)
        y = self.out_proj(F.merge_heads(y))  # (B, T, C)
        if need_weights and average_attn_weights:
            weights = weights.mean(1)
        if not batched:
            return y.squeeze(0), weights.squeeze(0) if need_weights else None
        return y if self.batch_first else y.transpose(0, 1), weights if need_weights else None

    def extra_repr(self) -> str:
        return f"embed_dim={self.embed_dim}, num_heads={self.num_heads}, dropout={self.dropout}"
