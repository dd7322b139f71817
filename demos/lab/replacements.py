"""What takes the place of a part of the model or of its training, each a change to one line: the one that returns."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

import nn
from autograd import Tensor, as_tensor
from autograd.tracing import name_axes
from demos.calculator import DECAY, RATE
from demos.data.numbers import Example
from models.block import ScaledDotProductAttention
from models.gpt import GPT
from nn import Module, optim
from nn import functional as F
from nn.train import decay_groups


def later(q: Tensor) -> np.ndarray:
    """Where (T, T) a key comes after its query."""
    return ~np.tri(q.shape[-2], dtype=bool)


class SquaredScores(ScaledDotProductAttention):
    """The square of each dot product: what points the opposite way counts as much as what points the same way."""

    def forward(self, q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None = None) -> Tensor:
        return F.softmax(((q @ k.mT) ** 2 / math.sqrt(q.shape[-1])).masked_fill(later(q), -math.inf), -1) @ v


class SquaredNumbers(ScaledDotProductAttention):
    """The dot product of squares: no feature of a query and a key can speak against their match."""

    def forward(self, q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None = None) -> Tensor:
        return F.attention(q * q, k * k, v, mask, causal=self.causal)


class KeyBackwards(ScaledDotProductAttention):
    """The first feature of a query meets the last one of a key."""

    def forward(self, q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None = None) -> Tensor:
        return F.attention(q, k.flip(-1), v, mask, causal=self.causal)


class Opposites(ScaledDotProductAttention):
    """The order of all scores is reversed: the key least like the query has most of the attention."""

    def forward(self, q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None = None) -> Tensor:
        return F.attention(q, -k, v, mask, causal=self.causal)


class NoMask(ScaledDotProductAttention):
    """Every query sees every key."""

    def forward(self, q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None = None) -> Tensor:
        return F.attention(q, k, v, mask, causal=False)


class OtherTriangle(ScaledDotProductAttention):
    """A query sees its own position and those that follow."""

    def forward(self, q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None = None) -> Tensor:
        return F.attention(q, k, v, as_tensor(~later(q).T), causal=False)


class NoScale(ScaledDotProductAttention):
    """Dot products that are not divided by √D."""

    def forward(self, q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None = None) -> Tensor:
        return F.attention(q, k, v, mask, causal=self.causal, scale=1.0)


def no_residual(x: Tensor, norm: Module, f: Callable[..., Tensor], *args: object) -> Tensor:
    """In the place of `pre_norm`."""
    return f(norm(x), *args)


class PlainNorm(nn.LayerNorm):
    """A norm that does not scale by γ and does not add β."""

    def forward(self, input: Tensor) -> Tensor:
        return F.layer_norm(input, self.normalized_shape, None, None, self.eps)


class MaximiseP(GPT):
    """A GPT that minimises the mean of −P in place of that of −ln P."""

    def loss(self, idx: Tensor, targets: Tensor) -> Tensor:
        self.config.check_tokens(idx)
        logits = self(idx)
        name_axes("B T V", logits)
        return F.nll_loss(F.softmax(logits.flatten(0, 1), -1), targets.flatten(), ignore_index=-1)


def sgd(model: Module) -> optim.Optimizer:
    """SGD at the rate of AdamW."""
    return optim.SGD(decay_groups(model, 0.0), lr=RATE)


def sgd_with_momentum(model: Module) -> optim.Optimizer:
    """SGD with a rate and a momentum of its own."""
    return optim.SGD(decay_groups(model, 0.0), lr=25 * RATE, momentum=0.9)


def large_rate(model: Module) -> optim.Optimizer:
    """AdamW with a rate that is too large."""
    return optim.AdamW(decay_groups(model, DECAY), lr=10 * RATE, betas=(0.9, 0.99))


def small_rate(model: Module) -> optim.Optimizer:
    """AdamW with a rate that is too small for so few steps."""
    return optim.AdamW(decay_groups(model, DECAY), lr=RATE / 10, betas=(0.9, 0.99))


def question_backwards(example: Example) -> Example:
    """ "three plus two" for "two plus three"."""
    return Example(" ".join(reversed(example.question.split())), example.answer)


def answer_backwards(example: Example) -> Example:
    """ "two forty" for "forty two"."""
    return Example(example.question, " ".join(reversed(example.answer.split())))


def as_it_is(example: Example) -> Example:
    """Neither is backwards."""
    return example
