"""Generation of text by a GPT: one token after another, each sampled from the model's prediction."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from autograd import Generator, Tensor, no_grad
from autograd.errors import ShapeError
from autograd.random import numpy_rng
from models.cache import NO_CACHE, KVCache, NoCache
from models.gpt import GPT
from models.tokenizers import Tokenizer


def next_probabilities(
    logits: np.ndarray, temperature: float = 1.0, top_k: int | None = None, top_p: float | None = None
) -> np.ndarray:
    """The probabilities (B, V) of the next token, from logits (B, V).

    `temperature` divides the logits; with 0 only the likeliest token remains. `top_k` keeps the k likeliest tokens, and
    `top_p` the fewest that together have at least the probability p (Holtzman et al. 2020); all others get 0.
    """
    if not np.isfinite(logits).all():
        raise ValueError("the model's logits are not finite, so no token can be sampled: check its weights")
    if temperature == 0:
        return (np.arange(logits.shape[-1]) == np.argmax(logits, axis=-1, keepdims=True)).astype(np.float64)
    scaled = logits.astype(np.float64)
    scaled = np.exp((scaled - scaled.max(axis=-1, keepdims=True)) / temperature)
    if top_k is None and top_p is None:
        return scaled / scaled.sum(axis=-1, keepdims=True)
    order = np.argsort(-logits, axis=-1, kind="stable")  # likeliest first
    rank = np.argsort(order, axis=-1)
    if top_k is not None:
        scaled[rank >= top_k] = 0
    p = scaled / scaled.sum(axis=-1, keepdims=True)
    if top_p is not None:
        sorted_p = np.take_along_axis(p, order, axis=-1)
        before = np.cumsum(sorted_p, axis=-1) - sorted_p  # the probability of all likelier tokens
        p[np.take_along_axis(before, rank, axis=-1) >= top_p] = 0
        p /= p.sum(axis=-1, keepdims=True)
    return p


def draw(p: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Sample one token (B) from each row of probabilities (B, V)."""
    cumulative = np.cumsum(p, axis=-1)
    at = rng.random((len(p), 1)) * cumulative[:, -1:]
    return np.argmax(cumulative > at, axis=-1)


def _check_settings(temperature: float, top_k: int | None, top_p: float | None, max_new_tokens: int) -> None:
    if not 0 <= temperature < np.inf:
        raise ValueError(f"temperature must be 0 (greedy) or more, got {temperature}")
    if top_k is not None and top_k < 1:
        raise ValueError(f"top_k must be at least 1, got {top_k}")
    if top_p is not None and not 0 < top_p <= 1:
        raise ValueError(f"top_p must be above 0 and at most 1, got {top_p}")
    if max_new_tokens < 0:
        raise ValueError(f"max_new_tokens must not be negative, got {max_new_tokens}")


def _prompt(model: GPT, idx: Any) -> np.ndarray:
    """The prompt as int64 (B, T)."""
    try:
        ids = np.asarray(getattr(idx, "array", idx))
    except ValueError:
        raise ShapeError(
            "the prompts of a batch must have one length: generate those of each length together"
        ) from None
    ids = ids[None] if ids.ndim == 1 else ids
    if ids.ndim != 2:
        raise ShapeError(f"the prompt must be token ids (T) or (B, T), got shape {ids.shape}")
    if not ids.size:
        raise ValueError("the prompt is empty: a GPT continues a text, so give it at least one token")
    if ids.dtype.kind not in "iu":
        raise TypeError(f"the prompt must be whole numbers, got {ids.dtype}")
    model.config.check_tokens(ids)
    return ids.astype(np.int64)


@no_grad
def stream(
    model: GPT,
    idx: Any,
    max_new_tokens: int,
    *,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
    seed: int | None = None,
    stop: Iterable[int] = (),
    cache: bool = True,
) -> Iterator[np.ndarray]:
    """Yield the next token (B) of each prompt in idx (T) or (B, T), until every row has had a token of `stop`.

    `temperature`, `top_k` and `top_p` are those of `next_probabilities`. A row that has had a stop token repeats it.
    The model sees the last block_size tokens, a sliding window; with `cache`, keys and values are cached until it
    begins to slide. Without a `seed`, the default generator is used. The model stays in evaluation mode to the end.
    """
    _check_settings(temperature, top_k, top_p, max_new_tokens)
    ids, context = _prompt(model, idx), model.config.block_size
    rng = numpy_rng(None if seed is None else Generator().manual_seed(seed))
    ends, done = np.array(list(stop), dtype=np.int64), np.zeros(len(ids), bool)
    kept: KVCache | NoCache = NO_CACHE
    training = model.training
    model.eval()
    capacity = min(context, ids.shape[1] + max_new_tokens)
    try:
        for _ in range(max_new_tokens):
            if 0 < kept.length < context:
                unseen = ids[:, -1:]
            else:
                unseen = ids[:, -context:]
                kept = KVCache(model.config.n_layer, capacity) if cache and unseen.shape[1] < context else NO_CACHE
            logits = model.next_logits(Tensor.wrap(unseen), kept).array  # (B, V)
            p = next_probabilities(logits, temperature, top_k, top_p)  # (B, V)
            token = draw(p, rng) if temperature else np.argmax(p, axis=-1)
            token = np.where(done, ids[:, -1], token)
            ids = np.concatenate([ids[:, -context:], token[:, None]], axis=1)
            yield token
            done |= np.isin(token, ends)
            if done.all():
                return
    finally:
        model.train(training)


def generate(model: GPT, idx: Any, max_new_tokens: int, **settings: Any) -> Tensor:
    """The prompts idx (T) or (B, T) with their continuation, (B, T + N); the settings are those of `stream`."""
    ids = _prompt(model, idx)
    new = list(stream(model, ids, max_new_tokens, **settings))
    return Tensor.wrap(np.concatenate([ids, *(token[:, None] for token in new)], axis=1))


def stream_text(
    model: GPT, tokenizer: Tokenizer, prompt: str, max_new_tokens: int, *, stop: Iterable[str] = (), **settings: Any
) -> Iterator[str]:
    """Yield the text after `prompt` piece by piece, up to the first of `stop`, which are tokens written as text."""
    start = tokenizer.encode(prompt)
    if not start:
        raise ValueError("the prompt is empty: a GPT continues a text, so give it at least one character")
    ends = {number for text in stop for number in _one_token(tokenizer, text)}
    ids, shown = list(start), len(tokenizer.decode(start))
    for token in stream(model, start, max_new_tokens, stop=ends, **settings):
        if int(token[0]) in ends:
            return
        ids.append(int(token[0]))
        text = tokenizer.decode(ids)
        if not text.endswith("\ufffd"):  # unless the bytes of a character are incomplete
            yield text[shown:]
            shown = len(text)


def generate_text(model: GPT, tokenizer: Tokenizer, prompt: str, max_new_tokens: int, **settings: Any) -> str:
    """The text after `prompt`; the settings are those of `stream_text`."""
    return "".join(stream_text(model, tokenizer, prompt, max_new_tokens, **settings))


def _one_token(tokenizer: Tokenizer, text: str) -> list[int]:
    ids = [tokenizer.special[text]] if text in tokenizer.special else tokenizer.encode(text)
    if len(ids) != 1:
        raise ValueError(f"{text!r} is {len(ids)} tokens, but a stop must be a single token")
    return ids
