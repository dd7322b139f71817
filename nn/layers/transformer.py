"""The feed-forward network and the block of a transformer."""

from __future__ import annotations

from autograd import Tensor
from nn import functional as F
from nn.layers.attention import MultiheadAttention
from nn.layers.dropout import Dropout
from nn.layers.linear import Linear
from nn.layers.norm import LayerNorm, RMSNorm
from nn.layers.position import RotaryEmbedding
from nn.module import Module

ACTIVATIONS = ("relu", "gelu", "gelu_tanh", "swiglu")


class FeedForward(Module):
    """down(activation(up(x))), or with "swiglu" down(silu(gate(x)) up(x)) (Shazeer 2020, equation 6)."""

    def __init__(
        self, d_model: int, d_ff: int | None = None, activation: str = "gelu", dropout: float = 0.0, bias: bool = True
    ) -> None:
        super().__init__()
        if activation not in ACTIVATIONS:
            raise ValueError(f"FeedForward: activation is one of {', '.join(ACTIVATIONS)}, got {activation!r}")
        d_ff = 4 * d_model if d_ff is None else d_ff
        self.activation = activation
        self.gate = Linear(d_model, d_ff, bias=bias) if activation == "swiglu" else None
        self.up = Linear(d_model, d_ff, bias=bias)
        self.down = Linear(d_ff, d_model, bias=bias)
        self.dropout = Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        """(..., C) to (..., C), each position by itself."""
        h = self.up(x)
        if self.gate is not None:
            h = F.silu(self.gate(x)) * h
        elif self.activation == "relu":
            h = F.relu(h)
        else:
            h = F.gelu(h, "tanh" if self.activation == "gelu_tanh" else "none")
        return self.down(self.dropout(h))

    def extra_repr(self) -> str:
        return f"activation={self.activation!r}"


class TransformerBlock(Module):
    """Attention, then the feed-forward network, each with a residual connection, norm and dropout.

    Pre-LN (`norm_first`): x + f(norm(x)), as GPT-2; post-LN: norm(x + f(x)), as Vaswani et al. 2017. `dropout` falls on
    both residual branches, `attention_dropout` on the attention weights.
    """

    def __init__(
        self,
        d_model: int,
        num_heads: int,
        d_ff: int | None = None,
        *,
        activation: str = "gelu",
        norm_first: bool = True,
        norm: str = "layer",
        dropout: float = 0.0,
        attention_dropout: float = 0.0,
        bias: bool = True,
        rotary: RotaryEmbedding | None = None,
    ) -> None:
        super().__init__()
        if norm not in ("layer", "rms"):
            raise ValueError(f"TransformerBlock: norm is 'layer' or 'rms', got {norm!r}")
        self.norm_first = norm_first
        self.norm_1 = LayerNorm(d_model, bias=bias) if norm == "layer" else RMSNorm(d_model)
        self.attn = MultiheadAttention(
            d_model, num_heads, dropout=attention_dropout, bias=bias, batch_first=True, rotary=rotary
        )
        self.norm_2 = LayerNorm(d_model, bias=bias) if norm == "layer" else RMSNorm(d_model)
        self.mlp = FeedForward(d_model, d_ff, activation, bias=bias)
        self.dropout = Dropout(dropout)

    def forward(
        self,
        x: Tensor,
        attn_mask: Tensor | None = None,
        key_padding_mask: Tensor | None = None,
        is_causal: bool = False,
    ) -> Tensor:
        """(B, T, C) to (B, T, C); the masks are MultiheadAttention's, True where nobody may look."""

        def attend(h: Tensor) -> Tensor:
            y, _ = self.attn(h, h, h, key_padding_mask, False, attn_mask, is_causal=is_causal)
            return self.dropout(y)

        if self.norm_first:
            x = x + attend(self.norm_1(x))
            return x + self.dropout(self.mlp(self.norm_2(x)))
        x = self.norm_1(x + attend(x))
        return self.norm_2(x + self.dropout(self.mlp(x)))

    def extra_repr(self) -> str:
        return f"norm_first={self.norm_first}"
