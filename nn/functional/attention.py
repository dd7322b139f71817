"""Scaled dot-product attention."""

from __future__ import annotations

import math

import numpy as np

from autograd import Tensor, as_tensor, ops
from autograd.errors import ShapeError
from nn.functional.activation import softmax
from nn.functional.layer import dropout


def _causal_mask(query: Tensor, key: Tensor) -> Tensor:
    """(T, S), True where query t looks at key s <= t."""
    return as_tensor(np.tri(query.shape[-2], key.shape[-2], dtype=bool))


def split_heads(x: Tensor, heads: int, parts: int = 1) -> tuple[Tensor, ...]:
    """The `parts` thirds (or halves, ...) of x (..., T, parts H D), each as heads (..., H, T, D)."""
    return ops.split_heads(x, heads=heads, parts=parts)


def merge_heads(x: Tensor) -> Tensor:
    """The heads x (..., H, T, D) side by side, (..., T, H D)."""
    return ops.merge_heads(x)


def attention_weights(
    query: Tensor, key: Tensor, attn_mask: Tensor | None = None, is_causal: bool = False, scale: float | None = None
) -> Tensor:
    """softmax(Q K^T scale + mask), (..., T, S), for query (..., T, D) and key (..., S, D).

    The arguments mean what they mean in `scaled_dot_product_attention`.
    """
    scale = 1 / math.sqrt(query.shape[-1]) if scale is None else scale
    scores = (query * scale) @ key.transpose(-2, -1)
    if is_causal:
        scores = scores.masked_fill(~_causal_mask(query, key), -math.inf)
    if attn_mask is not None:
        boolean = attn_mask.array.dtype == bool
        scores = scores.masked_fill(~attn_mask, -math.inf) if boolean else scores + attn_mask
    return softmax(scores, -1)


def scaled_dot_product_attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attn_mask: Tensor | None = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
    enable_gqa: bool = False,
) -> Tensor:
    """softmax(Q K^T / sqrt(D) + mask) V (Vaswani et al. 2017, equation 1).

    query (..., T, D), key (..., S, D), value (..., S, E) give (..., T, E). A boolean mask (..., T, S) says True where a
    query may look, a float mask is added to the scores; `is_causal` lets query t see keys 0 to t. `dropout_p` drops
    weights, always. With `enable_gqa` a key and value head serves several query heads.
    """
    if is_causal and attn_mask is not None:
        raise ValueError("scaled_dot_product_attention: give attn_mask or is_causal=True, not both")
    if query.shape[-1] != key.shape[-1] or key.shape[-2] != value.shape[-2]:
        shapes = ", ".join(str(tuple(t.shape)) for t in (query, key, value))
        raise ShapeError(
            f"scaled_dot_product_attention: query (..., T, D), key (..., S, D), value (..., S, E): {shapes}"
        )
    if enable_gqa:
        key, value = (t.repeat_interleave(query.shape[-3] // t.shape[-3], -3) for t in (key, value))
    if dropout_p:
        return dropout(attention_weights(query, key, attn_mask, is_causal, scale), dropout_p) @ value
    if is_causal and query.shape[-2] != key.shape[-2]:
        # the kernel's `causal` lets the last query see every key; here the first sees one
        attn_mask, is_causal = _causal_mask(query, key), False
    return ops.attention(query, key, value, attn_mask, causal=is_causal, scale=scale)
