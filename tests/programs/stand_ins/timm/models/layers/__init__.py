"""Layers of timm: stochastic depth, and helpers."""

import torch
from torch import nn
from torch.nn.init import trunc_normal_  # noqa: F401

from timm.models.layers.helpers import to_2tuple  # noqa: F401


def drop_path(x, drop_prob=0.0, training=False):
    if not training or not drop_prob:
        return x
    kept = torch.rand(len(x), *(1,) * (x.dim() - 1)) >= drop_prob
    return x * kept / (1 - drop_prob)


class DropPath(nn.Module):
    def __init__(self, drop_prob=0.0):
        super().__init__()
        self.drop_prob = drop_prob

    def forward(self, x):
        return drop_path(x, self.drop_prob, self.training)
