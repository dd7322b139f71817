"""What a GPT does with a prompt: its heads number by number, each layer's guess, and what a part of it is worth.

Every function works on a copy of the modules that shares the weights, so a model may be inspected, with parts switched
off or not, by many threads at once, and is never changed.

Shapes: T time, L layers, C channels, H heads, D head size, V vocabulary.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from autograd import Tensor, no_grad
from demos.watch import attention_of_calls, private_copy, watch
from models.gpt import GPT
from nn import Module


class Part(NamedTuple):
    """A part of a GPT that can be switched off; layers and heads are counted from 0."""

    kind: str  # one of KINDS
    layer: int = 0
    head: int = 0

    def check(self, model: GPT) -> None:
        """Raise ValueError where the model has no such part."""
        if self.kind not in KINDS:
            raise ValueError(f"what is switched off must be one of {', '.join(KINDS)}, got {self.kind!r}")
        check_index("layer", self.layer, model.config.n_layer)
        check_index("head", self.head, model.config.n_head)


KINDS = ("mask", "attention", "mlp", "head")  # of all layers, of a layer, of a layer, of a layer


def check_index(name: str, value: Any, count: int) -> None:
    """Raise ValueError unless `value` is one of 0 to count - 1."""
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < count:
        raise ValueError(f"{name} must be a whole number from 0 to {count - 1}, got {value!r}")


def without(model: GPT, off: Iterable[Part] = ()) -> GPT:
    """A private copy of the model, in evaluation mode, with these parts switched off.

    Without the mask every position sees all others; of a head, of an attention and of an MLP nothing reaches the
    residual stream (of a head, nothing but the bias of W_O).
    """
    copied = private_copy(model).eval()
    D = model.config.head_size
    for part in off:
        part.check(model)
        if part.kind == "mask":
            for block in copied.transformer.h:
                block.attn.attention.causal = False
            continue
        block = copied.transformer.h[part.layer]
        if part.kind == "head":
            features = slice(part.head * D, (part.head + 1) * D)
            block.attn.c_proj.register_forward_pre_hook(partial(_mute_features, features))
        else:
            (block.attn if part.kind == "attention" else block.mlp).register_forward_hook(_mute)
    return copied


def _mute(module: Module, args: tuple, out: Tensor) -> Tensor:
    return Tensor.wrap(np.zeros_like(out.array))


def _mute_features(features: slice, module: Module, args: tuple[Tensor]) -> Tensor:
    joined = args[0].array.copy()
    joined[..., features] = 0
    return Tensor.wrap(joined)


class Look(NamedTuple):
    """What a model computes for T tokens."""

    model: GPT  # a copy, with what was switched off
    logits: np.ndarray  # (T, V)
    stream: np.ndarray  # (L + 1, T, C): the residual stream before the first block and after each
    q: np.ndarray  # (L, H, T, D), as the scores are made of them: with their rotation, if the model has one
    k: np.ndarray  # (L, H, T, D)
    v: np.ndarray  # (L, H, T, D)
    attention: np.ndarray  # (L, H, T, T)
    heads: np.ndarray  # (L, H, T, D): what each head gives to W_O, also where it is switched off there


@no_grad()
def look(model: GPT, ids: Sequence[int] | np.ndarray, off: Iterable[Part] = ()) -> Look:
    """Everything on the way from token ids (T) to logits, with some parts of the model switched off."""
    ours = without(model, off)
    with watch(ours) as calls:
        logits = ours(Tensor.wrap(np.asarray(ids)[None]))
    blocks = [f"transformer.h.{layer}" for layer in range(model.config.n_layer)]
    heads = [calls[f"{block}.attn.attention"] for block in blocks]
    stream = [calls[blocks[0]].args[0], *(calls[block].out for block in blocks)]
    q, k, v = (np.stack([call.args[i].array[0] for call in heads]) for i in range(3))
    return Look(
        ours,
        logits.array[0],
        np.stack([x.array[0] for x in stream]),
        *(q, k, v),
        attention_of_calls(ours, calls)[:, 0],
        np.stack([call.out.array[0] for call in heads]),
    )


@no_grad()
def guesses(found: Look, at: slice = slice(None)) -> np.ndarray:
    """The logits (L + 1, T, V) that the model would end with if it ended before the first block, or after each.

    This is the logit lens (nostalgebraist 2020): the last norm and the output matrix, applied to the residual stream.
    The last row is the model's own. `at` chooses positions.
    """
    transformer, lm_head = found.model.transformer, found.model.lm_head
    return np.stack([lm_head(transformer.ln_f(Tensor.wrap(x[None, at]))).array[0] for x in found.stream])


class HeadSteps(NamedTuple):
    """How one head makes its output at one position i, in float64: from q_i over the keys j to Σ_j a_j v_j."""

    q: np.ndarray  # (D): what position i asks for
    k: np.ndarray  # (T, D): what each position offers to be found by
    v: np.ndarray  # (T, D): what each position sends
    products: np.ndarray  # (T): q_i · k_j
    scaled: np.ndarray  # (T): over √D
    seen: np.ndarray  # (T): may i look at j?
    weights: np.ndarray  # (T): softmax over those that are seen
    sent: np.ndarray  # (T, D): a_j v_j
    out: np.ndarray  # (D): their sum
    model_out: np.ndarray  # (D): the output of the model itself, which computes all positions in one step


def head_steps(found: Look, layer: int, head: int, position: int) -> HeadSteps:
    """Work out one head at one position, step by step. Raises ValueError where there is no such head or position."""
    for name, value, count in zip(("layer", "head", "position"), (layer, head, position), found.attention.shape):
        check_index(name, value, count)
    k, v = (x[layer, head].astype(np.float64) for x in (found.k, found.v))
    q = found.q[layer, head, position].astype(np.float64)
    products = k @ q
    scaled = products / math.sqrt(len(q))
    causal = found.model.transformer.h[layer].attn.attention.causal
    seen = np.arange(len(k)) <= position if causal else np.ones(len(k), dtype=bool)
    weights = np.where(seen, np.exp(scaled - scaled[seen].max()), 0.0)
    weights /= weights.sum()
    sent = weights[:, None] * v
    return HeadSteps(
        q, k, v, products, scaled, seen, weights, sent, sent.sum(axis=0), found.heads[layer, head, position]
    )


def log_probabilities(logits: np.ndarray) -> np.ndarray:
    """log softmax over the last dim, in float64."""
    shifted = logits.astype(np.float64) - logits.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


def divergence(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """KL(before ‖ after) in nats of the distributions that have these logits (..., V)."""
    p, q = log_probabilities(before), log_probabilities(after)
    return np.maximum((np.exp(p) * (p - q)).sum(axis=-1), 0.0)


def parts(model: GPT) -> list[Part]:
    """All that can be switched off, from the mask to the last layer's MLP."""
    found = [Part("mask")]
    for layer in range(model.config.n_layer):
        found += [Part("head", layer, head) for head in range(model.config.n_head)]
        found += [Part("attention", layer), Part("mlp", layer)]
    return found


def costs(model: GPT, ids: Sequence[int] | np.ndarray, position: int, off: Iterable[Part]) -> dict[Part, float]:
    """How far the prediction at a position moves, as a KL divergence in nats, when each part alone is switched off."""
    plain = look(model, ids).logits[position]
    return {part: float(divergence(plain, look(model, ids, [part]).logits[position])) for part in off}
