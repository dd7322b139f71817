"""The encoder-decoder of *Attention Is All You Need* (Vaswani et al. 2017), from the same parts as the GPT.

Shapes: B batch, S source time, T target time, C channels (d_model), H heads, V vocabulary.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

import autograd
import nn
import nn.functional as F
from autograd import Tensor


@dataclass
class TransformerConfig:
    """The sizes of an encoder-decoder; the defaults are the paper's base model (table 3)."""

    source_vocab: int
    target_vocab: int
    d_model: int = 512
    num_heads: int = 8
    num_layers: int = 6
    d_ff: int = 2048
    max_len: int = 512
    dropout: float = 0.1
    norm_first: bool = False
    activation: str = "relu"
    pad: int = 0  # the token that fills up both languages' rows

    def __post_init__(self) -> None:
        for name in ("source_vocab", "target_vocab", "d_model", "num_heads", "num_layers", "d_ff", "max_len"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")
        if self.d_model % self.num_heads:
            raise ValueError(f"d_model {self.d_model} must be divisible by num_heads {self.num_heads}")
        if not 0 <= self.dropout < 1:
            raise ValueError(f"dropout must be in [0, 1), got {self.dropout}")
        if not 0 <= self.pad < min(self.source_vocab, self.target_vocab):
            raise ValueError(f"pad {self.pad} must be a token of both vocabularies")


class DecoderBlock(nn.Module):
    """Causal self-attention, attention to the source, feed-forward: each with a residual connection and a norm."""

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__()
        c, h, p = config.d_model, config.num_heads, config.dropout
        self.norm_first = config.norm_first
        self.norm_1 = nn.LayerNorm(c)
        self.attn = nn.MultiheadAttention(c, h, dropout=p, batch_first=True)
        self.norm_2 = nn.LayerNorm(c)
        self.cross = nn.MultiheadAttention(c, h, dropout=p, batch_first=True)
        self.norm_3 = nn.LayerNorm(c)
        self.mlp = nn.FeedForward(c, config.d_ff, config.activation, p)
        self.dropout = nn.Dropout(p)

    def forward(
        self, x: Tensor, memory: Tensor, source_pad: Tensor, need_weights: bool = False
    ) -> tuple[Tensor, Tensor | None]:
        """(the block's output (B, T, C), the cross-attention weights (B, H, T, S) if they are wanted)."""
        weights: Tensor | None = None

        def look(h: Tensor) -> Tensor:
            return self.attn(h, h, h, need_weights=False, is_causal=True)[0]

        def cross(h: Tensor) -> Tensor:
            nonlocal weights
            y, weights = self.cross(h, memory, memory, source_pad, need_weights, average_attn_weights=False)
            return y

        for norm, f in ((self.norm_1, look), (self.norm_2, cross), (self.norm_3, self.mlp)):
            if self.norm_first:
                x = x + self.dropout(f(norm(x)))
            else:
                x = norm(x + self.dropout(f(x)))
        return x, weights


class Transformer(nn.Module):
    """Source ids to a memory by the encoder, memory and target ids to logits by the decoder.

    The target's embedding is the output's matrix too (section 3.4). Positions `config.pad` are not looked at.
    """

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__()
        self.config = config
        c, h = config.d_model, config.num_heads
        options: dict[str, Any] = {"norm_first": config.norm_first, "activation": config.activation}
        options |= {"dropout": config.dropout, "attention_dropout": config.dropout}
        self.source = nn.Embedding(config.source_vocab, c)
        self.target = nn.Embedding(config.target_vocab, c)
        self.position = nn.SinusoidalPositionalEncoding(config.max_len, c)
        self.encoder = nn.ModuleList(
            [nn.TransformerBlock(c, h, config.d_ff, **options) for _ in range(config.num_layers)]
        )
        self.decoder = nn.ModuleList([DecoderBlock(config) for _ in range(config.num_layers)])
        self.norm = nn.LayerNorm(c) if config.norm_first else nn.Identity()
        self.dropout = nn.Dropout(config.dropout)
        for parameter in self.parameters():
            if parameter.ndim > 1:
                nn.init.xavier_uniform_(parameter)
        for embedding in (self.source, self.target):
            nn.init.normal_(embedding.weight, std=c**-0.5)

    def embed(self, embedding: nn.Module, ids: Tensor) -> Tensor:
        """(B, T) to (B, T, C): the tokens' vectors times sqrt(C), plus their positions'."""
        return self.dropout(self.position(embedding(ids) * math.sqrt(self.config.d_model)))

    def encode(self, source: Tensor) -> tuple[Tensor, Tensor]:
        """(the memory (B, S, C), where the source is padding (B, S)) of source ids (B, S)."""
        pad = source == self.config.pad
        x = self.embed(self.source, source)
        for block in self.encoder:
            x = block(x, key_padding_mask=pad)
        return x, pad

    def decode(
        self, target: Tensor, memory: Tensor, source_pad: Tensor, need_weights: bool = False
    ) -> tuple[Tensor, list[Tensor]]:
        """(logits (B, T, V), the cross-attention (B, H, T, S) of each block if wanted) of target ids (B, T)."""
        x = self.embed(self.target, target)
        attention = []
        for block in self.decoder:
            x, weights = block(x, memory, source_pad, need_weights)
            attention += [] if weights is None else [weights]
        return F.linear(self.norm(x), self.target.weight), attention

    def forward(self, source: Tensor, target: Tensor) -> Tensor:
        """Logits (B, T, V) for the token after each of target (B, T), given source (B, S)."""
        memory, pad = self.encode(source)
        return self.decode(target, memory, pad)[0]

    def loss(self, source: Tensor, target: Tensor, label_smoothing: float = 0.1) -> Tensor:
        """The mean cross-entropy of target[:, 1:] given what stands before, padding left out (section 5.4)."""
        logits = self(source, target[:, :-1])
        wanted = target[:, 1:].reshape(-1)
        return F.cross_entropy(
            logits.flatten(0, 1), wanted, ignore_index=self.config.pad, label_smoothing=label_smoothing
        )

    @autograd.no_grad()
    def translate(self, source: Tensor, start: int, stop: int, max_len: int) -> list[list[int]]:
        """The most probable token each time, from `start` until `stop` (neither is given) or max_len tokens."""
        training = self.training
        self.eval()
        memory, pad = self.encode(source)
        ids = np.full((len(source), 1), start)
        done = np.zeros(len(source), bool)
        for _ in range(max_len):
            logits, _ = self.decode(autograd.as_tensor(ids), memory, pad)
            following = np.where(done, stop, logits.array[:, -1].argmax(-1))
            ids = np.concatenate([ids, following[:, None]], 1)
            done |= following == stop
            if done.all():
                break
        self.train(training)
        return [_until(row[1:].tolist(), stop) for row in ids]


def _until(ids: list[int], stop: int) -> list[int]:
    return ids[: ids.index(stop)] if stop in ids else ids


def padded(rows: Sequence[Sequence[int]], pad: int = 0) -> Tensor:
    """Rows of ids of different lengths as one tensor (B, longest), filled up with `pad`."""
    table = np.full((len(rows), max(map(len, rows))), pad)
    for i, row in enumerate(rows):
        table[i, : len(row)] = row
    return autograd.as_tensor(table)
