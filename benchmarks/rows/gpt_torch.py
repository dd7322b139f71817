"""The GPT in plain torch.nn, with PyTorch's fused attention; the parameters have the names of `gpt_model.weights`."""

import torch
from torch import nn
from torch.nn import functional as F


class Attention(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.c_attn = nn.Linear(width, 3 * width, bias=False)
        self.c_proj = nn.Linear(width, width, bias=False)

    def forward(self, x, cache=None, start=0):
        B, T, C = x.shape
        q, k, v = (t.view(B, T, self.heads, -1).transpose(1, 2) for t in self.c_attn(x).split(C, dim=2))  # B,H,T,D
        if cache is None:
            y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        else:
            keys, values = cache
            keys[:, :, start : start + T] = k
            values[:, :, start : start + T] = v
            # torch's is_causal stands at the first key, ours at the last: the same for a prompt and for one token
            y = F.scaled_dot_product_attention(
                q, keys[:, :, : start + T], values[:, :, : start + T], is_causal=T > 1 and start == 0
            )
        return self.c_proj(y.transpose(1, 2).reshape(B, T, C))


class MLP(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.c_fc = nn.Linear(width, 4 * width, bias=False)
        self.c_proj = nn.Linear(4 * width, width, bias=False)

    def forward(self, x):
        return self.c_proj(F.gelu(self.c_fc(x), approximate="tanh"))


class Block(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.ln_1 = nn.LayerNorm(width, bias=False)
        self.attn = Attention(width, heads)
        self.ln_2 = nn.LayerNorm(width, bias=False)
        self.mlp = MLP(width)

    def forward(self, x, cache=None, start=0):
        x = x + self.attn(self.ln_1(x), cache, start)
        return x + self.mlp(self.ln_2(x))


class GPT(nn.Module):
    """Token ids (B, T) to logits (B, T, V), or of the last position alone, (B, 1, V)."""

    def __init__(self, weights, layers, heads, width, context, vocabulary, **_):
        super().__init__()
        self.transformer = nn.ModuleDict(
            {
                "wte": nn.Embedding(vocabulary, width),
                "wpe": nn.Embedding(context, width),
                "h": nn.ModuleList([Block(width, heads) for _ in range(layers)]),
                "ln_f": nn.LayerNorm(width, bias=False),
            }
        )
        self.load_state_dict({name: torch.from_numpy(w) for name, w in weights.items()}, assign=True)
        self.requires_grad_()

    def forward(self, idx, caches=None, start=0, last_only=False):
        t = self.transformer
        x = t["wte"](idx) + t["wpe"].weight[start : start + idx.shape[1]]
        for i, block in enumerate(t["h"]):
            x = block(x, None if caches is None else caches[i], start)
        x = t["ln_f"](x[:, -1:] if last_only else x)
        return F.linear(x, t["wte"].weight)
