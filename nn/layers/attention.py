"""Multi-head attention."""

from __future__ import annotations

from typing import Any

from autograd import Tensor
from nn import functional as F
from nn import init
from nn.functional.dropout import check_probability
from nn.layers.linear import Linear
from nn.module import Module
from nn.parameter import Parameter

__all__ = ["MultiheadAttention"]


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
        if embed_dim <= 0 or num_heads <= 0 or embed_dim % num_heads:
            raise ValueError(f"embed_dim must be divisible by num_heads, got {embed_dim} and {num_heads}")
        check_probability(dropout)
        self.embed_dim, self.num_heads, self.head_dim = embed_dim, num_heads, embed_dim // num_heads
        self.kdim, self.vdim = kdim or embed_dim, vdim or embed_dim
        self.dropout, self.batch_first, self.add_zero_attn = dropout, batch_first, add_zero_attn

        self._qkv_same_embed_dim = self.kdim == self.vdim == embed_dim
        shapes: dict[str, tuple[int, ...]] = {"in_proj_weight": (3 * embed_dim, embed_dim)}
        if not self._qkv_same_embed_dim:
            columns = {"q_proj_weight": embed_dim, "k_proj_weight": self.kdim, "v_proj_weight": self.vdim}
            shapes = {name: (embed_dim, size) for name, size in columns.items()}
        shapes |= {"in_proj_bias": (3 * embed_dim,)} if bias else {}
        shapes |= dict.fromkeys(("bias_k", "bias_v"), (1, 1, embed_dim)) if add_bias_kv else {}
        names = "in_proj_weight", "q_proj_weight", "k_proj_weight", "v_proj_weight", "in_proj_bias", "bias_k", "bias_v"
        for name in names:
            made = Parameter.empty(*shapes[name], device=device, dtype=dtype) if name in shapes else None
            self.register_parameter(name, made)
        self.out_proj = Linear(embed_dim, embed_dim, bias=bias, device=device, dtype=dtype)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Initialise the projections by `init.xavier_uniform_`, bias_k and bias_v by `xavier_normal_`, the rest 0."""
        for name, parameter in self._own("_parameters"):
            if name.endswith("proj_weight"):
                init.xavier_uniform_(parameter)
            elif name != "in_proj_bias":
                init.xavier_normal_(parameter)
        for bias in (self.in_proj_bias, self.out_proj.bias):
            if bias is not None:
                init.zeros_(bias)

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
        return F.multi_head_attention_forward(
            *(query, key, value, self.embed_dim, self.num_heads, self.in_proj_weight, self.in_proj_bias),
            *(self.bias_k, self.bias_v, self.add_zero_attn, self.dropout, self.out_proj.weight, self.out_proj.bias),
            *(self.training, key_padding_mask, need_weights, attn_mask, not self._qkv_same_embed_dim),
            q_proj_weight=self.q_proj_weight,
            k_proj_weight=self.k_proj_weight,
            v_proj_weight=self.v_proj_weight,
            average_attn_weights=average_attn_weights,
            is_causal=is_causal,
            batch_first=self.batch_first,
        )
