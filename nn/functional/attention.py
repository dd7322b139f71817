"""Scaled dot-product attention, and the heads that it works in."""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from functools import reduce
from typing import Any

import numpy as np

from autograd import Tensor, as_tensor, cat, ops, zeros
from autograd.errors import ShapeError
from nn.functional.dropout import dropout
from nn.functional.layer import linear, pad

__all__ = ["attention", "attention_weights", "causal_upper_left", "merge_heads", "scaled_dot_product_attention"]
__all__ += ["multi_head_attention_forward", "split_heads"]


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
        raise RuntimeError("scaled_dot_product_attention: give attn_mask or is_causal=True, not both")
    T, S = query.shape[-2], key.shape[-2]
    if is_causal and T != S:
        attn_mask, is_causal = causal_upper_left(T, S), False
    if enable_gqa:
        if any(query.shape[-3] % t.shape[-3] for t in (key, value)):
            raise ShapeError(
                "scaled_dot_product_attention: the number of heads in key and value must divide that in query, got "
                f"{tuple(query.shape)}, {tuple(key.shape)} and {tuple(value.shape)}"
            )
        key, value = (t.repeat_interleave(query.shape[-3] // t.shape[-3], -3) for t in (key, value))
    return attention(query, key, value, attn_mask, causal=is_causal, dropout_p=dropout_p, scale=scale)


def _check_mask(name: str, mask: Tensor, *shapes: tuple[int, ...]) -> None:
    if mask.array.dtype.kind not in "bf":
        raise TypeError(f"only bool and floating types of {name} are supported, got {mask.dtype}")
    if tuple(mask.shape) not in shapes:
        raise ShapeError(f"{name} must have the shape {' or '.join(map(str, shapes))}, got {tuple(mask.shape)}")


def _merge_masks(masks: list[Tensor], extra: int) -> Tensor | None:
    """Masks that are True where a key is masked out, or are added to the scores, as one mask for `attention`.

    None of them masks out the `extra` keys that follow those which they are for.
    """
    if not masks:
        return None
    masks = [pad(mask, (0, extra)) for mask in masks] if extra else masks
    if all(mask.array.dtype == bool for mask in masks):
        return ~reduce(operator.or_, masks)
    added = [zeros(m.shape).masked_fill(m, -math.inf) if m.array.dtype == bool else m for m in masks]
    return reduce(operator.add, added)


def _project(
    inputs: tuple[Tensor, Tensor, Tensor], weight: Tensor | None, weights: Sequence[Any], bias: Tensor | None
) -> Sequence[Tensor]:
    """Queries, keys and values (..., C), by the one weight for all three or, where that is None, by three."""
    for name, x, w in zip(("query", "key", "value"), inputs, weights if weight is None else [weight] * 3, strict=True):
        if x.ndim not in (2, 3) or x.ndim != inputs[0].ndim or x.shape[-1] != w.shape[-1]:
            raise ShapeError(
                f"multi-head attention: {name} must be (T, B, C), (B, T, C) with batch_first or, all three, (T, C), "
                f"with C = {w.shape[-1]}; got {tuple(x.shape)} beside a query {tuple(inputs[0].shape)}"
            )
    if weight is not None:
        if inputs[0] is inputs[1] is inputs[2]:
            return linear(inputs[0], weight, bias).chunk(3, -1)
        weights = weight.chunk(3)
    biases = (None, None, None) if bias is None else bias.chunk(3)
    return [linear(x, w, b) for x, w, b in zip(inputs, weights, biases, strict=True)]


def multi_head_attention_forward(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    embed_dim_to_check: int,
    num_heads: int,
    in_proj_weight: Tensor | None,
    in_proj_bias: Tensor | None,
    bias_k: Tensor | None,
    bias_v: Tensor | None,
    add_zero_attn: bool,
    dropout_p: float,
    out_proj_weight: Tensor,
    out_proj_bias: Tensor | None,
    training: bool = True,
    key_padding_mask: Tensor | None = None,
    need_weights: bool = True,
    attn_mask: Tensor | None = None,
    use_separate_proj_weight: bool = False,
    q_proj_weight: Tensor | None = None,
    k_proj_weight: Tensor | None = None,
    v_proj_weight: Tensor | None = None,
    static_k: Tensor | None = None,
    static_v: Tensor | None = None,
    average_attn_weights: bool = True,
    is_causal: bool = False,
    *,
    batch_first: bool = False,
) -> tuple[Tensor, Tensor | None]:
    """The output and, if `need_weights`, the weights of attention by `num_heads` heads: see `nn.MultiheadAttention`.

    `bias_k` and `bias_v` (1, 1, C) are a key and a value more, and so are zeros with `add_zero_attn`. `batch_first` is
    no argument in PyTorch, whose layer transposes.
    """
    if static_k is not None or static_v is not None:
        raise NotImplementedError("multi_head_attention_forward: static_k and static_v must be None")
    weight = None if use_separate_proj_weight else in_proj_weight
    q, k, v = _project((query, key, value), weight, (q_proj_weight, k_proj_weight, v_proj_weight), in_proj_bias)
    if query.ndim == 2:
        q, k, v = (x.unsqueeze(0) for x in (q, k, v))
        key_padding_mask = None if key_padding_mask is None else key_padding_mask.unsqueeze(0)
    elif not batch_first:
        q, k, v = (x.transpose(0, 1) for x in (q, k, v))
    B, T, C = q.shape
    S = k.shape[1]
    nothing = [zeros(1, 1, C, dtype=k.dtype)] if add_zero_attn else []
    more_k, more_v = ([*([] if x is None else [x]), *nothing] for x in (bias_k, bias_v))
    if more_k:
        k = cat([k, *[x.expand(B, 1, C) for x in more_k]], 1)
        v = cat([v, *[x.expand(B, 1, C) for x in more_v]], 1)
    masks = {}
    if attn_mask is not None:
        _check_mask("attn_mask", attn_mask, (T, S), (B * num_heads, T, S))
        masks["attn_mask"] = attn_mask if attn_mask.ndim == 2 else attn_mask.unflatten(0, (B, num_heads))
    if key_padding_mask is not None:
        _check_mask("key_padding_mask", key_padding_mask, (B, S))
        masks["key_padding_mask"] = key_padding_mask[:, None, None, :]
    if is_causal and (T != S or more_k):
        masks["is_causal"], is_causal = ~causal_upper_left(T, S), False
    mask = _merge_masks(list(masks.values()), len(more_k))
    q, k, v = (split_heads(x, num_heads)[0] for x in (q, k, v))  # (B, H, T, D), (B, H, S, D) twice
    p = dropout_p if training else 0.0
    weights: Tensor | None = None
    if need_weights:
        weights = dropout(attention_weights(q, k, mask, causal=is_causal), p)  # (B, H, T, S)
        y = weights @ v
        weights = weights.mean(1) if average_attn_weights else weights
    else:
        y = attention(q, k, v, mask, causal=is_causal, dropout_p=p)
    y = merge_heads(y)  # (B, T, C)
    if query.ndim == 2:
        y, weights = y.squeeze(0), None if weights is None else weights.squeeze(0)
    elif not batch_first:
        y = y.transpose(0, 1)
    return linear(y, out_proj_weight, out_proj_bias), weights
