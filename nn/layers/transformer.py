"""PyTorch's Transformer, its encoder and decoder and their layers, under PyTorch's names for their parts."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np

from autograd import Tensor, as_tensor
from autograd.dtypes import default_dtype
from autograd.errors import ShapeError
from nn import functional as F
from nn import init
from nn.layers.attention import MultiheadAttention
from nn.layers.containers import ModuleList
from nn.layers.dropout import Dropout
from nn.layers.linear import Linear
from nn.layers.norm import LayerNorm
from nn.module import Module

__all__ = ["Transformer", "TransformerDecoder", "TransformerDecoderLayer", "TransformerEncoder"]
__all__ += ["TransformerEncoderLayer"]

Activation = str | Callable[[Tensor], Tensor]


class _Layer(Module):
    """Attentions, then a feed-forward network, each with a residual connection, a norm and dropout."""

    _attentions: tuple[str, ...]

    def __init__(
        self,
        d_model: int,
        nhead: int,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: Activation = F.relu,
        layer_norm_eps: float = 1e-5,
        batch_first: bool = False,
        norm_first: bool = False,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        if isinstance(activation, str):
            if activation not in ("relu", "gelu"):
                raise RuntimeError(f"activation should be relu/gelu, not {activation}")
            activation = F.relu if activation == "relu" else F.gelu
        where = {"device": device, "dtype": dtype}
        for name in self._attentions:
            attention = MultiheadAttention(d_model, nhead, dropout, bias, batch_first=batch_first, **where)
            self.add_module(name, attention)
        self.linear1 = Linear(d_model, dim_feedforward, bias, **where)
        self.dropout = Dropout(dropout)
        self.linear2 = Linear(dim_feedforward, d_model, bias, **where)
        numbers = range(1, len(self._attentions) + 2)
        for i in numbers:
            self.add_module(f"norm{i}", LayerNorm(d_model, layer_norm_eps, bias=bias, **where))
        for i in numbers:
            self.add_module(f"dropout{i}", Dropout(dropout))
        self.activation, self.norm_first = activation, norm_first

    def _residual(self, x: Tensor, number: int, block: Callable[[Tensor], Tensor]) -> Tensor:
        norm = getattr(self, f"norm{number}")
        return x + block(norm(x)) if self.norm_first else norm(x + block(x))

    def _sa_block(
        self, x: Tensor, attn_mask: Tensor | None, key_padding_mask: Tensor | None, is_causal: bool | None = False
    ) -> Tensor:
        """Self-attention."""
        y, _ = self.self_attn(x, x, x, key_padding_mask, False, attn_mask, is_causal=bool(is_causal))
        return self.dropout1(y)

    def _ff_block(self, x: Tensor) -> Tensor:
        """The feed-forward network, behind the last dropout."""
        y = self.linear2(self.dropout(self.activation(self.linear1(x))))
        return getattr(self, f"dropout{len(self._attentions) + 1}")(y)


class TransformerEncoderLayer(_Layer):
    """Self-attention, then a feed-forward network, each with a residual connection, a norm and dropout."""

    _attentions = ("self_attn",)

    def forward(
        self,
        src: Tensor,
        src_mask: Tensor | None = None,
        src_key_padding_mask: Tensor | None = None,
        is_causal: bool = False,
    ) -> Tensor:
        """src (T, B, C), or (B, T, C) with batch_first, to the same shape; masks are as in MultiheadAttention."""
        x = self._residual(src, 1, lambda x: self._sa_block(x, src_mask, src_key_padding_mask, is_causal))
        return self._residual(x, 2, self._ff_block)


class TransformerDecoderLayer(_Layer):
    """Self-attention, attention to the memory (`multihead_attn`), then a feed-forward network."""

    _attentions = ("self_attn", "multihead_attn")

    def _mha_block(
        self, x: Tensor, mem: Tensor, attn_mask: Tensor | None, key_padding_mask: Tensor | None, is_causal: bool = False
    ) -> Tensor:
        """Attention to the memory."""
        y, _ = self.multihead_attn(x, mem, mem, key_padding_mask, False, attn_mask, is_causal=is_causal)
        return self.dropout2(y)

    def forward(
        self,
        tgt: Tensor,
        memory: Tensor,
        tgt_mask: Tensor | None = None,
        memory_mask: Tensor | None = None,
        tgt_key_padding_mask: Tensor | None = None,
        memory_key_padding_mask: Tensor | None = None,
        tgt_is_causal: bool = False,
        memory_is_causal: bool = False,
    ) -> Tensor:
        """tgt (T, B, C) and memory (S, B, C), or with batch_first (B, T, C) and (B, S, C), to the shape of tgt."""
        x = self._residual(tgt, 1, lambda x: self._sa_block(x, tgt_mask, tgt_key_padding_mask, tgt_is_causal))
        memory_masks = memory_mask, memory_key_padding_mask, memory_is_causal
        x = self._residual(x, 2, lambda x: self._mha_block(x, memory, *memory_masks))
        return self._residual(x, 3, self._ff_block)


class TransformerEncoder(Module):
    """`num_layers` copies of a layer, one after another, and an optional norm at the end.

    `enable_nested_tensor` and `mask_check` choose a faster path in PyTorch; here they have no effect.
    """

    def __init__(
        self,
        encoder_layer: Module,
        num_layers: int,
        norm: Module | None = None,
        enable_nested_tensor: bool = True,
        mask_check: bool = True,
    ) -> None:
        super().__init__()
        self.layers = ModuleList(copy.deepcopy(encoder_layer) for _ in range(num_layers))
        self.num_layers, self.norm = num_layers, norm

    def forward(
        self,
        src: Tensor,
        mask: Tensor | None = None,
        src_key_padding_mask: Tensor | None = None,
        is_causal: bool | None = None,
    ) -> Tensor:
        """src to a tensor of the same shape; every layer is given the masks."""
        x = src
        for layer in self.layers:
            x = layer(x, src_mask=mask, src_key_padding_mask=src_key_padding_mask, is_causal=bool(is_causal))
        return x if self.norm is None else self.norm(x)


class TransformerDecoder(Module):
    """`num_layers` copies of a layer, one after another, all with the same memory, and an optional norm at the end."""

    def __init__(self, decoder_layer: Module, num_layers: int, norm: Module | None = None) -> None:
        super().__init__()
        self.layers = ModuleList(copy.deepcopy(decoder_layer) for _ in range(num_layers))
        self.num_layers, self.norm = num_layers, norm

    def forward(self, tgt: Tensor, memory: Tensor, *masks: Any, **named_masks: Any) -> Tensor:
        """tgt to a tensor of the same shape; every layer is given the memory and the masks, which are its arguments."""
        x = tgt
        for layer in self.layers:
            x = layer(x, memory, *masks, **named_masks)
        return x if self.norm is None else self.norm(x)


class Transformer(Module):
    """Encoder and decoder (Vaswani et al. 2017, figure 1), each with a norm at its end; embeddings are the user's."""

    def __init__(
        self,
        d_model: int = 512,
        nhead: int = 8,
        num_encoder_layers: int = 6,
        num_decoder_layers: int = 6,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: Activation = F.relu,
        custom_encoder: Any = None,
        custom_decoder: Any = None,
        layer_norm_eps: float = 1e-5,
        batch_first: bool = False,
        norm_first: bool = False,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        sizes = d_model, nhead, dim_feedforward, dropout, activation, layer_norm_eps, batch_first, norm_first, bias
        where = {"device": device, "dtype": dtype}

        def norm() -> LayerNorm:
            return LayerNorm(d_model, layer_norm_eps, bias=bias, **where)

        if custom_encoder is None:
            layer: Module = TransformerEncoderLayer(*sizes, **where)
            custom_encoder = TransformerEncoder(layer, num_encoder_layers, norm())
        if custom_decoder is None:
            layer = TransformerDecoderLayer(*sizes, **where)
            custom_decoder = TransformerDecoder(layer, num_decoder_layers, norm())
        self.encoder, self.decoder = custom_encoder, custom_decoder
        self.d_model, self.nhead, self.batch_first = d_model, nhead, batch_first
        for parameter in self.parameters():
            if parameter.ndim > 1:
                init.xavier_uniform_(parameter)

    def forward(
        self,
        src: Tensor,
        tgt: Tensor,
        src_mask: Tensor | None = None,
        tgt_mask: Tensor | None = None,
        memory_mask: Tensor | None = None,
        src_key_padding_mask: Tensor | None = None,
        tgt_key_padding_mask: Tensor | None = None,
        memory_key_padding_mask: Tensor | None = None,
        src_is_causal: bool | None = None,
        tgt_is_causal: bool | None = None,
        memory_is_causal: bool = False,
    ) -> Tensor:
        """src (S, B, C) and tgt (T, B, C), or with batch_first (B, S, C) and (B, T, C), to the shape of tgt."""
        batch = 0 if self.batch_first else 1
        if src.shape[-1] != self.d_model or tgt.shape[-1] != self.d_model:
            raise ShapeError(
                f"the feature number of src and tgt must be equal to d_model = {self.d_model}, got {tuple(src.shape)} "
                f"and {tuple(tgt.shape)}"
            )
        if src.ndim == 3 and src.shape[batch] != tgt.shape[batch]:
            raise ShapeError(
                f"the batch number of src and tgt must be equal, got {tuple(src.shape)} and {tuple(tgt.shape)} with "
                f"batch_first={self.batch_first}"
            )
        memory = self.encoder(src, mask=src_mask, src_key_padding_mask=src_key_padding_mask, is_causal=src_is_causal)
        return self.decoder(
            tgt,
            memory,
            tgt_mask=tgt_mask,
            memory_mask=memory_mask,
            tgt_key_padding_mask=tgt_key_padding_mask,
            memory_key_padding_mask=memory_key_padding_mask,
            tgt_is_causal=tgt_is_causal,
            memory_is_causal=memory_is_causal,
        )

    @staticmethod
    def generate_square_subsequent_mask(sz: int, device: Any = None, dtype: Any = None) -> Tensor:
        """The float mask (sz, sz) that adds -inf where a key comes after the query, and 0 elsewhere."""
        return as_tensor(np.triu(np.full((sz, sz), -np.inf, np.dtype(dtype or default_dtype())), 1))
