"""Scaled dot-product attention, and the heads that it works in."""

from __future__ import annotations

import numpy as np

from autograd import Tensor, as_tensor, ops
from nn.functional.dropout import dropout

__all__ = ["attention", "attention_weights", "causal_upper_left", "merge_heads", "scaled_dot_product_attention"]
__all__ += ["split_heads"]


def split_heads(x: Tensor, heads: int, parts: int = 1) -> tuple[Tensor, ...]:
    """Split x (..., T, parts H D) into `parts` tensors of heads, each (..., H, T, D)."""
    return ops.split_heads(x, heads=heads, parts=parts)


def merge_heads(x: Tensor) -> Tensor:
    """Concatenate the heads of x (..., H, T, D) along the features: (..., T, H D)."""
    return ops.merge_heads(x)


def attention_weights(
    query: Tensor, key: Tensor, mask: Tensor | None = None, *, causal: bool = False, scale: float | None = None
) -> Tensor:
    """The weights (..., T, S) that `attention` multiplies the values with; the arguments are `attention`'s."""
    return ops.attention_weights(query, key, mask, causal=causal, scale=scale)


def attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    mask: Tensor | None = None,
    *,
    causal: bool = False,
    dropout_p: float = 0.0,
    scale: float | None = None,
) -> Tensor:
    """softmax(Q K^T / sqrt(D) + mask) V (Vaswani et al. 2017, equation 1).

    query (..., T, D), key (..., S, D), value (..., S, E) give (..., T, E). A boolean mask (..., T, S) is True where a
    query sees a key, a float mask is added to the scores. With `causal`, query i sees the keys up to i + S - T: the
    last query sees every key. `dropout_p` is the probability with which a weight is dropped.
    """
    if dropout_p:
        return dropout(attention_weights(query, key, mask, causal=causal, scale=scale), dropout_p) @ value
    return ops.attention(query, key, value, mask, causal=causal, scale=scale)


def causal_upper_left(T: int, S: int) -> Tensor:
    """The mask (T, S) of PyTorch's `is_causal`: query i sees the keys up to i, so the first query sees one key.

    `attention(causal=True)` aligns the last query with the last key instead, as a cache of keys needs it. The two are
    the same where T = S.
    """
    return as_tensor(np.tri(T, S, dtype=bool))


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
    """`attention` with PyTorch's arguments: `is_causal` is `causal_upper_left`, and takes no mask beside it.

    With `enable_gqa`, each head of key and value serves several heads of the query.
    """
    if is_causal and attn_mask is not None:
        raise ValueError("scaled_dot_product_attention: give attn_mask or is_causal=True, not both")
    T, S = query.shape[-2], key.shape[-2]
    if is_causal and T != S:
        attn_mask, is_causal = causal_upper_left(T, S), False
    if enable_gqa:
        key, value = (t.repeat_interleave(query.shape[-3] // t.shape[-3], -3) for t in (key, value))
    return attention(query, key, value, attn_mask, causal=is_causal, dropout_p=dropout_p, scale=scale)
