"""The block of a transformer, and the stack of blocks that a GPT, an encoder and a decoder are.

Shapes: B batch, T time, S keys (those of the cache, or of the memory), C channels (n_embd), H heads, D head size,
F hidden units. The parameters have the names of the published GPT-2 weights.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import nn
from autograd import Tensor
from autograd.errors import ShapeError
from autograd.tracing import name_axes
from models.cache import NO_CACHE, KVCache, LayerCache, NoCache
from models.config import ACTIVATIONS, GPTConfig
from nn import functional as F


class ScaledDotProductAttention(nn.Module):
    """softmax(Q Kᵀ / √D) V in each head; a module of its own, so that a forward hook sees Q, K and V."""

    def __init__(self, causal: bool, dropout: float) -> None:
        super().__init__()
        self.causal, self.dropout = causal, dropout

    def forward(self, q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None = None) -> Tensor:
        """q (B, H, T, D), k and v (B, H, S, D) to (B, H, T, D); the mask is True where a query sees a key."""
        return F.attention(q, k, v, mask, causal=self.causal, dropout_p=self.dropout if self.training else 0.0)

    def weights(self, q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None = None) -> Tensor:
        """The attention weights (B, H, T, S) of the same arguments, which `forward` does not compute one by one."""
        return F.attention_weights(q, k, mask, causal=self.causal)


class Attention(nn.Module):
    """MultiHead(Q, K, V) (Vaswani et al. 2017, section 3.2.2); the subclasses say what Q, K and V are made of."""

    def __init__(self, config: GPTConfig, features: int, causal: bool) -> None:
        super().__init__()
        C, bias = config.n_embd, config.bias
        self.n_head = config.n_head
        self.c_attn = nn.Linear(C, features, bias=bias)
        self.c_proj = nn.Linear(C, C, bias=bias)
        self.attention = ScaledDotProductAttention(causal, config.dropout)
        self.resid_dropout = nn.Dropout(config.dropout)

    def attend(self, q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None) -> Tensor:
        """q (B, H, T, D), k and v (B, H, S, D) to (B, T, C)."""
        return self.resid_dropout(self.c_proj(F.merge_heads(self.attention(q, k, v, mask))))


class SelfAttention(Attention):
    """Attention of x to x and to the positions before it that are in the cache."""

    def __init__(self, config: GPTConfig, causal: bool, rotary: nn.Module) -> None:
        super().__init__(config, sum(config.qkv_sizes), causal)
        self.kv_heads = config.kv_heads
        self.rotary = rotary

    def forward(self, x: Tensor, mask: Tensor | None = None, cache: LayerCache | NoCache = NO_CACHE) -> Tensor:
        """(B, T, C) to (B, T, C)."""
        x = self.c_attn(x)
        if self.kv_heads == self.n_head:
            q, k, v = F.split_heads(x, self.n_head, parts=3)
        else:  # a key and a value for several queries
            C = x.shape[-1] * self.n_head // (self.n_head + 2 * self.kv_heads)
            (q,), (k, v) = F.split_heads(x[..., :C], self.n_head), F.split_heads(x[..., C:], self.kv_heads, parts=2)
        name_axes("B H T D", q, k, v)
        q, k = self.rotary(q, cache.length), self.rotary(k, cache.length)
        k, v = cache.extend(k, v)  # (B, H, S, D)
        if self.kv_heads != self.n_head:
            k, v = (t.repeat_interleave(self.n_head // self.kv_heads, 1) for t in (k, v))
        return self.attend(q, k, v, mask)


class CrossAttention(Attention):
    """Attention of x to a memory."""

    def __init__(self, config: GPTConfig) -> None:
        super().__init__(config, 2 * config.n_embd, causal=False)
        self.q_attn = nn.Linear(config.n_embd, config.n_embd, bias=config.bias)

    def forward(self, x: Tensor, memory: Tensor, mask: Tensor | None = None) -> Tensor:
        """x (B, T, C) and memory (B, S, C) to (B, T, C)."""
        (q,) = F.split_heads(self.q_attn(x), self.n_head)
        k, v = F.split_heads(self.c_attn(memory), self.n_head, parts=2)
        name_axes("B H T D", q)
        name_axes("B H S D", k, v)
        return self.attend(q, k, v, mask)


class MLP(nn.Module):
    """c_proj(activation(c_fc(x))), each position by itself."""

    def __init__(self, config: GPTConfig, inputs: tuple[str, ...] = ("c_fc",)) -> None:
        super().__init__()
        self.activation = ACTIVATIONS[config.activation]
        for name in inputs:
            self.add_module(name, nn.Linear(config.n_embd, config.hidden, bias=config.bias))
        self.c_proj = nn.Linear(config.hidden, config.n_embd, bias=config.bias)
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, x: Tensor) -> Tensor:
        """(B, T, C) to (B, T, C)."""
        return self.dropout(self.c_proj(self.activation(self.c_fc(x))))


class SwiGLU(MLP):
    """c_proj(silu(c_gate(x)) c_fc(x)) (Shazeer 2020, equation 6)."""

    def __init__(self, config: GPTConfig) -> None:
        super().__init__(config, ("c_gate", "c_fc"))

    def forward(self, x: Tensor) -> Tensor:
        """(B, T, C) to (B, T, C)."""
        return self.dropout(self.c_proj(self.activation(self.c_gate(x)) * self.c_fc(x)))


def make_norm(config: GPTConfig) -> nn.Module:
    """The norm over C that the config asks for."""
    if config.norm == "layer":
        return nn.LayerNorm(config.n_embd, eps=1e-5 if config.norm_eps is None else config.norm_eps, bias=config.bias)
    return nn.RMSNorm(config.n_embd, eps=config.norm_eps) if config.norm == "rms" else nn.Identity()


def pre_norm(x: Tensor, norm: nn.Module, f: Callable[..., Tensor], *args: object) -> Tensor:
    """x + f(norm(x)) (Radford et al. 2019, section 2.3)."""
    return x + f(norm(x), *args)


def post_norm(x: Tensor, norm: nn.Module, f: Callable[..., Tensor], *args: object) -> Tensor:
    """norm(x + f(x)) (Vaswani et al. 2017, section 3.1)."""
    return norm(x + f(x, *args))


class Block(nn.Module):
    """Self-attention, cross-attention where it is asked for, and an MLP, each with a norm and a residual connection."""

    def __init__(self, config: GPTConfig, rotary: nn.Module, causal: bool = True, cross: bool = False) -> None:
        super().__init__()
        self.residual = pre_norm if config.norm_first else post_norm
        self.ln_1 = make_norm(config)
        self.attn = SelfAttention(config, causal, rotary)
        self.ln_cross = make_norm(config) if cross else nn.Identity()
        self.cross = CrossAttention(config) if cross else None
        self.ln_2 = make_norm(config)
        self.mlp = SwiGLU(config) if config.activation == "swiglu" else MLP(config)

    def forward(
        self,
        x: Tensor,
        mask: Tensor | None = None,
        cache: LayerCache | NoCache = NO_CACHE,
        memory: Tensor | None = None,
        memory_mask: Tensor | None = None,
    ) -> Tensor:
        """(B, T, C) to (B, T, C)."""
        x = self.residual(x, self.ln_1, self.attn, mask, cache)
        if self.cross is not None:
            x = self.residual(x, self.ln_cross, self.cross, memory, memory_mask)
        return self.residual(x, self.ln_2, self.mlp)


class Stack(nn.Module):
    """Token ids to features: embeddings, blocks and, after pre-LN blocks, a last norm."""

    def __init__(self, config: GPTConfig, causal: bool = True, cross: bool = False) -> None:
        super().__init__()
        C, T = config.n_embd, config.block_size
        self.block_size = T
        self.wte = nn.Embedding(config.vocab_size, C)
        self.wpe: nn.Module = nn.Identity()
        rotary: nn.Module = nn.Identity()
        if config.position == "learned":
            self.wpe = nn.LearnedPositionalEncoding(T, C)
        elif config.position == "sinusoidal":  # of embeddings times √C: Vaswani et al. 2017, section 3.4
            self.wpe = nn.SinusoidalPositionalEncoding(T, C, scale=math.sqrt(C))
        elif config.position == "rotary":
            rotary = nn.RotaryEmbedding(config.head_size, T, config.rotary_base)
        self.drop = nn.Dropout(config.dropout)
        self.h = nn.ModuleList([Block(config, rotary, causal, cross) for _ in range(config.n_layer)])
        self.ln_f = make_norm(config) if config.norm_first else nn.Identity()

    def forward(
        self,
        idx: Tensor,
        mask: Tensor | None = None,
        cache: KVCache | NoCache = NO_CACHE,
        memory: Tensor | None = None,
        memory_mask: Tensor | None = None,
    ) -> Tensor:
        """Token ids (B, T), those after the ones in the cache, to features (B, T, C).

        The masks, True where a query sees a key, are broadcast to (B, H, T, S): `mask` is that of self-attention,
        `memory_mask` that of cross-attention to the memory (B, S, C).
        """
        room = self.block_size - cache.length
        if idx.ndim != 2 or not 0 < idx.shape[1] <= room:
            raise ShapeError(
                f"token ids must be (B, T) with T from 1 to {room} (a context of {self.block_size}, of which "
                f"{cache.length} are in the cache), got {tuple(idx.shape)}"
            )
        x = self.drop(self.wpe(self.wte(idx), cache.length))
        name_axes("B T C", x)
        for i, block in enumerate(self.h):
            x = block(x, mask, cache[i], memory, memory_mask)
        return self.ln_f(x)
