"""Small GPTs as people write them for torch: `tests/parity/test_compat.py` runs them with other import lines, too."""

import math
from collections import OrderedDict
from dataclasses import dataclass

import torch
import torch.nn as nn
from torch import optim
from torch.nn import functional as F


@dataclass
class Config:
    vocab: int = 17
    context: int = 8
    layers: int = 2
    heads: int = 2
    width: int = 12
    dropout: float = 0.0
    bias: bool = True
    fused: bool = True


# Tied weights, a mask in a buffer, ModuleDict, apply, AdamW in groups -------------------------------------------------


class Norm(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(config.width))
        self.bias = nn.Parameter(torch.zeros(config.width)) if config.bias else None

    def forward(self, x):
        return F.layer_norm(x, (x.size(-1),), self.weight, self.bias, eps=1e-5)


class Attention(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.heads, self.drop, self.fused = config.heads, config.dropout, config.fused
        self.qkv = nn.Linear(config.width, 3 * config.width, bias=config.bias)
        self.out = nn.Linear(config.width, config.width, bias=config.bias)
        visible = torch.ones(config.context, config.context).tril()
        self.register_buffer("bias", visible[None, None])

    def forward(self, x):
        batch, time, width = x.size()
        parts = self.qkv(x).split(width, dim=2)
        q, k, v = (part.view(batch, time, self.heads, -1).transpose(1, 2) for part in parts)
        if self.fused:
            p = self.drop if self.training else 0.0
            mixed = F.scaled_dot_product_attention(q, k, v, attn_mask=None, dropout_p=p, is_causal=True)
        else:
            scores = (q @ k.transpose(-2, -1)) / math.sqrt(q.size(-1))
            hidden = self.bias[:, :, :time, :time] == 0
            weights = F.softmax(scores.masked_fill(hidden, float("-inf")), dim=-1)
            mixed = F.dropout(weights, self.drop, training=self.training) @ v
        return self.out(mixed.transpose(1, 2).contiguous().view(batch, time, width))


class Layer(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.norm_1, self.norm_2 = Norm(config), Norm(config)
        self.attention = Attention(config)
        self.up = nn.Linear(config.width, 4 * config.width, bias=config.bias)
        self.out = nn.Linear(4 * config.width, config.width, bias=config.bias)

    def forward(self, x):
        x = x + self.attention(self.norm_1(x))
        return x + self.out(F.gelu(self.up(self.norm_2(x))))


class TiedGPT(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.config = config
        parts = {"tokens": nn.Embedding(config.vocab, config.width)}
        parts["places"] = nn.Embedding(config.context, config.width)
        parts["drop"] = nn.Dropout(config.dropout)
        parts["layers"] = nn.ModuleList([Layer(config) for _ in range(config.layers)])
        parts["norm"] = Norm(config)
        self.body = nn.ModuleDict(parts)
        self.head = nn.Linear(config.width, config.vocab, bias=False)
        self.body.tokens.weight = self.head.weight
        self.apply(self.start)
        for name, p in self.named_parameters():
            if name.endswith("out.weight"):
                torch.nn.init.normal_(p, mean=0.0, std=0.02 / math.sqrt(2 * config.layers))

    def start(self, module):
        if isinstance(module, (nn.Linear, nn.Embedding)):
            torch.nn.init.normal_(module.weight, mean=0.0, std=0.02)
        if isinstance(module, nn.Linear) and module.bias is not None:
            torch.nn.init.zeros_(module.bias)

    def forward(self, tokens, targets=None):
        _, time = tokens.size()
        assert time <= self.config.context, f"{time} tokens in a context of {self.config.context}"
        places = torch.arange(0, time, dtype=torch.long, device=tokens.device)
        x = self.body.drop(self.body.tokens(tokens) + self.body.places(places))
        for layer in self.body.layers:
            x = layer(x)
        x = self.body.norm(x)
        if targets is None:
            return self.head(x[:, [-1], :]), None
        logits = self.head(x)
        loss = F.cross_entropy(logits.view(-1, logits.size(-1)), targets.view(-1), ignore_index=-1)
        return logits, loss

    def crop(self, context):
        self.config.context = context
        self.body.places.weight = nn.Parameter(self.body.places.weight[:context])
        for layer in self.body.layers:
            layer.attention.bias = layer.attention.bias[:, :, :context, :context]

    @torch.no_grad()
    def generate(self, tokens, count, temperature=1.0, top_k=None):
        for _ in range(count):
            seen = tokens if tokens.size(1) <= self.config.context else tokens[:, -self.config.context :]
            logits = self(seen)[0][:, -1, :] / temperature
            if top_k is not None:
                best, _ = torch.topk(logits, min(top_k, logits.size(-1)))
                logits[logits < best[:, [-1]]] = -float("Inf")
            drawn = torch.multinomial(F.softmax(logits, dim=-1), num_samples=1)
            tokens = torch.cat((tokens, drawn), dim=1)
        return tokens


# Heads one by one, Sequential, top-p by sorting -----------------------------------------------------------------------


class OneHead(nn.Module):
    def __init__(self, config):
        super().__init__()
        size = config.width // config.heads
        self.q, self.k, self.v = (nn.Linear(config.width, size, bias=False) for _ in range(3))
        self.register_buffer("tril", torch.tril(torch.ones(config.context, config.context)))

    def forward(self, x):
        _, time, _ = x.shape
        scores = self.q(x) @ self.k(x).transpose(-2, -1) * self.k.out_features**-0.5
        scores = scores.masked_fill(self.tril[:time, :time] == 0, float("-inf"))
        return F.softmax(scores, dim=-1) @ self.v(x)


class ManyHeads(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.heads = nn.ModuleList(OneHead(config) for _ in range(config.heads))
        self.mix = nn.Linear(config.width, config.width)

    def forward(self, x):
        return self.mix(torch.cat([head(x) for head in self.heads], dim=-1))


class Residual(nn.Module):
    def __init__(self, config):
        super().__init__()
        hidden = [nn.Linear(config.width, 4 * config.width), nn.ReLU(), nn.Linear(4 * config.width, config.width)]
        self.attend = nn.Sequential(nn.LayerNorm(config.width), ManyHeads(config))
        self.think = nn.Sequential(nn.LayerNorm(config.width), *hidden, nn.Dropout(config.dropout))

    def forward(self, x):
        x = x + self.attend(x)
        return x + self.think(x)


class HeadsGPT(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.context = config.context
        self.tokens = nn.Embedding(config.vocab, config.width)
        self.places = nn.Embedding(config.context, config.width)
        self.blocks = nn.Sequential(*[Residual(config) for _ in range(config.layers)])
        self.end = nn.Sequential(nn.LayerNorm(config.width), nn.Linear(config.width, config.vocab))

    def forward(self, tokens, targets=None):
        batch, time = tokens.shape
        logits = self.end(self.blocks(self.tokens(tokens) + self.places(torch.arange(time))))
        if targets is None:
            return logits, None
        return logits, F.cross_entropy(logits.reshape(batch * time, -1), targets.reshape(batch * time))

    @torch.no_grad()
    def generate(self, tokens, count, top_p=1.0):
        for _ in range(count):
            probs = self(tokens[:, -self.context :])[0][:, -1].softmax(dim=-1)
            ranked, order = torch.sort(probs, descending=True, dim=-1)
            ranked[ranked.cumsum(dim=-1) - ranked > top_p] = 0.0
            probs = torch.zeros_like(probs).scatter_(1, order, ranked)
            probs /= probs.sum(dim=-1, keepdim=True)
            tokens = torch.cat([tokens, torch.multinomial(probs, 1)], dim=1)
        return tokens


# torch's own attention module, in an OrderedDict ----------------------------------------------------------------------


class ModuleGPT(nn.Module):
    def __init__(self, config):
        super().__init__()
        C = config.width
        self.tokens, self.places = nn.Embedding(config.vocab, C), nn.Parameter(torch.zeros(1, config.context, C))
        self.layers = nn.ModuleList()
        for _ in range(config.layers):
            layer = nn.ModuleDict()
            layer["attn"] = nn.MultiheadAttention(C, config.heads, dropout=config.dropout, batch_first=True)
            layer["norms"] = nn.ModuleList([nn.LayerNorm(C, eps=1e-6), nn.LayerNorm(C, eps=1e-6)])
            parts = [("up", nn.Linear(C, 4 * C)), ("act", nn.GELU(approximate="tanh")), ("down", nn.Linear(4 * C, C))]
            layer["mlp"] = nn.Sequential(OrderedDict(parts))
            self.layers.append(layer)
        self.norm = nn.LayerNorm(C)
        self.head = nn.Linear(C, config.vocab, bias=False)
        mask = torch.triu(torch.full((config.context, config.context), float("-inf")), diagonal=1)
        self.register_buffer("mask", mask, persistent=False)
        nn.init.trunc_normal_(self.places, std=0.02)
        for p in self.head.parameters():
            nn.init.xavier_uniform_(p)

    def forward(self, idx, targets=None):
        T = idx.shape[1]
        x = self.tokens(idx) + self.places[:, :T]
        for layer in self.layers:
            h = layer["norms"][0](x)
            h, _ = layer["attn"](h, h, h, attn_mask=self.mask[:T, :T], need_weights=False)
            x = x + h
            x = x + layer["mlp"](layer["norms"][1](x))
        logits = self.head(self.norm(x))
        loss = None if targets is None else nn.CrossEntropyLoss(label_smoothing=0.1)(logits.transpose(1, 2), targets)
        return logits, loss


MODELS = {"tied": TiedGPT, "heads": HeadsGPT, "module": ModuleGPT}


def lr_at(step, warmup=2, total=10, top=1e-2, bottom=1e-3):
    if step < warmup:
        return top * (step + 1) / warmup
    return bottom + 0.5 * (1 + math.cos(math.pi * (step - warmup) / (total - warmup))) * (top - bottom)


def train(model, data, steps):
    """The losses of a few steps, with groups, a schedule and clipping."""
    decay = [p for p in model.parameters() if p.dim() >= 2]
    rest = [p for p in model.parameters() if p.dim() < 2]
    groups = [{"params": decay, "weight_decay": 0.1}, {"params": rest, "weight_decay": 0.0}]
    optimizer = optim.AdamW(groups, lr=1e-2, betas=(0.9, 0.95))
    losses = []
    model.train()
    for step in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = lr_at(step)
        xb, yb = data[step % len(data)]
        _, loss = model(xb, yb)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        losses.append(loss.item())
    return losses


def greedy(model, idx, n, context):
    model.eval()
    with torch.no_grad():
        for _ in range(n):
            logits, _ = model(idx[:, -context:])
            idx = torch.cat((idx, logits[:, -1, :].argmax(dim=-1, keepdim=True)), dim=1)
    return idx
