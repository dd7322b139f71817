"""GPT: a decoder-only transformer of GPT-2's family (Radford et al. 2019).

Shapes: B batch, T time, C channels (n_embd), H heads, D head size, V vocabulary; S keys in a cache. The parameters have
the names of the published GPT-2 weights.
"""

from __future__ import annotations

import math

import nn
from autograd import Tensor, no_grad, ops
from autograd.errors import ShapeError
from models.cache import KVCache, LayerCache
from models.config import ACTIVATIONS, GPTConfig
from nn import functional as F


def make_norm(config: GPTConfig) -> nn.Module:
    """The norm that the config asks for, over C."""
    if config.norm == "layer":
        return nn.LayerNorm(config.n_embd, bias=config.bias)
    return nn.RMSNorm(config.n_embd) if config.norm == "rms" else nn.Identity()


class CausalSelfAttention(nn.Module):
    """softmax(Q K^T / sqrt(D)) V in each head, where no position sees a later one."""

    def __init__(self, config: GPTConfig, rotary: nn.RotaryEmbedding | None) -> None:
        super().__init__()
        self.n_head, self.dropout, self.rotary = config.n_head, config.dropout, rotary
        self.c_attn = nn.Linear(config.n_embd, 3 * config.n_embd, bias=config.bias)
        self.c_proj = nn.Linear(config.n_embd, config.n_embd, bias=config.bias)
        self.resid_dropout = nn.Dropout(config.dropout)

    def forward(self, x: Tensor, cache: LayerCache | None = None) -> Tensor:
        """(B, T, C) to (B, T, C); with a cache, x holds the positions after those in it."""
        q, k, v = F.split_heads(self.c_attn(x), self.n_head, parts=3)  # B,H,T,D
        if self.rotary is not None:
            offset = 0 if cache is None else cache.length
            q, k = self.rotary(q, offset), self.rotary(k, offset)
        if cache is None:
            dropout = self.dropout if self.training else 0.0
            y = F.scaled_dot_product_attention(q, k, v, dropout_p=dropout, is_causal=True)  # B,H,T,D
        else:
            k, v = cache.extend(k, v)  # B,H,S,D
            y = ops.attention(q, k, v, causal=True)  # the last query stands at the last key
        return self.resid_dropout(self.c_proj(F.merge_heads(y)))


class MLP(nn.Module):
    """c_proj(activation(c_fc(x))), or with SwiGLU c_proj(silu(c_gate(x)) c_fc(x)) (Shazeer 2020, equation 6)."""

    def __init__(self, config: GPTConfig) -> None:
        super().__init__()
        self.activation = ACTIVATIONS[config.activation]
        gated = config.activation == "swiglu"
        self.c_gate = nn.Linear(config.n_embd, config.hidden, bias=config.bias) if gated else None
        self.c_fc = nn.Linear(config.n_embd, config.hidden, bias=config.bias)
        self.c_proj = nn.Linear(config.hidden, config.n_embd, bias=config.bias)
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, x: Tensor) -> Tensor:
        """(B, T, C) to (B, T, C), each position by itself."""
        h = self.c_fc(x)  # B,T,4C
        h = self.activation(h) if self.c_gate is None else self.activation(self.c_gate(x)) * h
        return self.dropout(self.c_proj(h))


class Block(nn.Module):
    """Attention, then the feed-forward network, each added to what it was given."""

    def __init__(self, config: GPTConfig, rotary: nn.RotaryEmbedding | None) -> None:
        super().__init__()
        self.norm_first = config.norm_first
        self.ln_1 = make_norm(config)
        self.attn = CausalSelfAttention(config, rotary)
        self.ln_2 = make_norm(config)
        self.mlp = MLP(config)

    def forward(self, x: Tensor, cache: LayerCache | None = None) -> Tensor:
        """(B, T, C) to (B, T, C)."""
        if self.norm_first:
            x = x + self.attn(self.ln_1(x), cache)
            x = x + self.mlp(self.ln_2(x))
        else:
            x = self.ln_1(x + self.attn(x, cache))
            x = self.ln_2(x + self.mlp(x))
        return x


class Transformer(nn.Module):
    """Token ids to features: embeddings, blocks and, where they are pre-LN, a last norm."""

    def __init__(self, config: GPTConfig) -> None:
        super().__init__()
        C, T = config.n_embd, config.block_size
        self.block_size = T
        self.wte = nn.Embedding(config.vocab_size, C)
        self.wpe = nn.Embedding(T, C) if config.position == "learned" else None
        self.sinusoidal = nn.SinusoidalPositionalEncoding(T, C) if config.position == "sinusoidal" else None
        rotary = nn.RotaryEmbedding(config.head_size, T) if config.position == "rotary" else None
        self.drop = nn.Dropout(config.dropout)
        self.h = nn.ModuleList([Block(config, rotary) for _ in range(config.n_layer)])
        self.ln_f = make_norm(config) if config.norm_first else nn.Identity()

    def embed(self, idx: Tensor, offset: int = 0) -> Tensor:
        """Token plus position, (B, T, C), for ids (B, T) whose first stands at position `offset`."""
        x = self.wte(idx)  # B,T,C
        if self.wpe is not None:
            x = x + self.wpe.weight[offset : offset + idx.shape[1]]
        if self.sinusoidal is not None:
            x = self.sinusoidal(x * math.sqrt(x.shape[-1]), offset)  # Vaswani et al. 2017, section 3.4
        return self.drop(x)

    def forward(self, idx: Tensor, cache: KVCache | None = None) -> Tensor:
        """(B, T) to (B, T, C); with a cache, idx holds the tokens after those in it."""
        offset = 0 if cache is None else cache.length
        room = self.block_size - offset
        if idx.ndim != 2 or not 0 < idx.shape[1] <= room:
            raise ShapeError(
                f"token ids must be (B, T) with T from 1 to {room}, for a context of {self.block_size} and {offset} "
                f"in a cache; got {tuple(idx.shape)}"
            )
        x = self.embed(idx, offset)
        for i, block in enumerate(self.h):
            x = block(x, None if cache is None else cache.layers[i])
        return self.ln_f(x)


class GPT(nn.Module):
    """The logits of the next token at each position; starts with GPT-2's initialisation."""

    def __init__(self, config: GPTConfig) -> None:
        super().__init__()
        self.config = config
        self.transformer = Transformer(config)
        self.lm_head = nn.Linear(config.n_embd, config.vocab_size, bias=False)
        if config.tie:
            self.lm_head.weight = self.transformer.wte.weight
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Matrices from N(0, 0.02^2), biases 0, norms 1 (Radford et al. 2019, section 2.3, and the published code).

        Those that add to the residual stream start smaller, with 0.02 / sqrt(2 n_layer).
        """
        for name, parameter in self.named_parameters():
            if parameter.ndim == 2:
                residual = name.endswith("c_proj.weight")
                nn.init.normal_(parameter, std=0.02 / math.sqrt(2 * self.config.n_layer) if residual else 0.02)
            else:
                nn.init.constant_(parameter, 0.0 if name.endswith("bias") else 1.0)

    def forward(self, idx: Tensor, cache: KVCache | None = None) -> Tensor:
        """Token ids (B, T) to logits (B, T, V)."""
        return self.lm_head(self.transformer(idx, cache))

    def loss(self, idx: Tensor, targets: Tensor) -> Tensor:
        """The mean cross-entropy in nats of targets (B, T), of which those that are -1 are left out."""
        self.config.check_tokens(idx)
        logits = self(idx)  # B,T,V
        return F.cross_entropy(logits.view(-1, logits.shape[-1]), targets.reshape(-1), ignore_index=-1)

    @no_grad()
    def next_logits(self, idx: Tensor, cache: KVCache | None = None) -> Tensor:
        """The logits (B, V) of the token after the last of idx (B, T), without a graph."""
        return self.lm_head(self.transformer(idx, cache)[:, -1])

    def extra_repr(self) -> str:
        """The config."""
        return repr(self.config)
