"""The transformer of the walkthrough: 22 words, two numbers a word, one head; its pass, its gradients, its training."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

import autograd as ag
from autograd import Tensor, ops
from demos.data.six_sentences import W_K, W_Q, W_V, WORDS, pairs
from models.tokenizers import WordTokenizer

Pair = tuple[list[int], int]  # the ids of the words, and the id of the word after them


class Weights(NamedTuple):
    """All 100 weights: of the embedding (22, 2), the head (2, 2) three times, and the output (2, 22)."""

    embedding: Tensor
    w_q: Tensor
    w_k: Tensor
    w_v: Tensor
    w_out: Tensor


class Pass(NamedTuple):
    """The results of a forward pass over T words, step by step."""

    x: Tensor  # (T, 2)
    q: Tensor  # (T, 2)
    k: Tensor  # (T, 2)
    v: Tensor  # (T, 2)
    scores: Tensor  # (T, T)
    masked: Tensor  # (T, T)
    attention: Tensor  # (T, T)
    output: Tensor  # (T, 2)
    logits: Tensor  # (T, 22)
    probabilities: Tensor  # (T, 22)


def published(tokens: WordTokenizer) -> Weights:
    """The weights of this file, as float64."""
    table = {word: [float(n) for n in numbers] for word, *numbers in map(str.split, WORDS.strip().splitlines())}
    words = np.array([table[word] for word in tokens.tokens])
    return Weights(*(_leaf(np.array(w)) for w in (words[:, :2], W_Q, W_K, W_V, words[:, 2:].T)))


def drawn(tokens: WordTokenizer, seed: int) -> Weights:
    """Weights from a normal distribution of standard deviation 0.5."""
    rng, v = np.random.default_rng(seed), tokens.vocab_size
    return Weights(*(_leaf(rng.normal(0, 0.5, shape)) for shape in ((v, 2), (2, 2), (2, 2), (2, 2), (2, v))))


def _leaf(array: np.ndarray) -> Tensor:
    return ag.tensor(array, requires_grad=True)


def forward(w: Weights, ids: list[int]) -> Pass:
    """Every word looks at itself and at the words before it; its output gives the probabilities of the next word."""
    x = ops.embedding(w.embedding, ids)
    q, k, v = x @ w.w_q, x @ w.w_k, x @ w.w_v
    scores = q @ k.T / math.sqrt(2)
    masked = scores.masked_fill(~np.tri(len(ids), dtype=bool), -math.inf)
    attention = masked.softmax(dim=-1)
    output = attention @ v
    logits = output @ w.w_out
    return Pass(x, q, k, v, scores, masked, attention, output, logits, logits.softmax(dim=-1))


def loss_of(w: Weights, *lessons: Pair) -> Tensor:
    """−ln P(the word after the last of the words), the mean over the pairs."""
    losses = [-forward(w, ids).logits.log_softmax(dim=-1)[-1, target] for ids, target in lessons]
    return sum(losses[1:], losses[0]) / len(losses)


def gradients(w: Weights, *lessons: Pair) -> Weights:
    """The gradient of the loss with respect to every weight."""
    return Weights(*ag.grad(loss_of(w, *lessons), tuple(w)))


def trained(w: Weights, *lessons: Pair, rate: float, steps: int) -> list[Weights]:
    """The weights before and after each step of gradient descent on the pairs."""
    course = [w]
    for _ in range(steps):
        slopes = gradients(course[-1], *lessons)
        course.append(Weights(*(_leaf(p.array - rate * g.array) for p, g in zip(course[-1], slopes))))
    return course


def probability(w: Weights, ids: list[int], target: int) -> float:
    """P(target) after the words."""
    return float(forward(w, ids).probabilities[-1, target])


def largest_change(before: Weights, after: Weights) -> float:
    """The size of the largest change of any weight."""
    return max(float(np.abs(a.array - b.array).max()) for a, b in zip(before, after))


def computed(course: list[Weights], tokens: WordTokenizer) -> dict[str, Any]:
    """The published numbers, as they are computed here: those of the pass, of the first update and of the course."""
    (i,), (love,), (pizza,), (you,) = (tokens.encode(word) for word in ("I", "love", "pizza", "You"))
    first, second, last = course[0], course[1], course[-1]
    p, shares = forward(first, [i, love, pizza]), [probability(w, [i], love) for w in course]
    one, two = p.attention.array[1, :2]
    start = {word: float(100 * p.probabilities[0, *tokens.encode(word)]) for word in ("pizza", "broccoli")}
    return {
        "different words": tokens.vocab_size,
        "pairs to learn from": len(pairs(tokens)),
        "embedding of love": p.x.array[1],
        "Q_love": p.q.array[1],
        "K_love": p.k.array[1],
        "V_love": p.v.array[1],
        "V_I": p.v.array[0],
        "attention of I on I, %": 100 * p.attention.array[0, 0],
        "attention of love on I, love, %": 100 * p.attention.array[1, :2],
        "attention of pizza on I, love, pizza, %": 100 * p.attention.array[2],
        "what love takes of V_I": one * p.v.array[0],
        "what love takes of V_love": two * p.v.array[1],
        "output for love": p.output.array[1],
        **{f"P([I] → {word}), %": share for word, share in start.items()},
        "P([I] → love) in iterations 1 to 4, %": np.multiply(100, shares),
        "its loss": -np.log(shares),
        "W_out[0, love] at first": first.w_out.array[0, love],
        "W_out[0, love] after one update": second.w_out.array[0, love],
        "largest change of the first update": largest_change(first, second),
        "W_q[0, 0] at first": first.w_q.array[0, 0],
        "W_q[0, 0] after one update": second.w_q.array[0, 0],
        "W_q[0, 0] in iteration 4": last.w_q.array[0, 0],
        "embedding of love after one update": second.embedding.array[love],
        "P([You] → love) with the weights of iteration 4, %": 100 * probability(last, [you], love),
        "1/22, %": 100 / tokens.vocab_size,
    }


def reasons(course: list[Weights], tokens: WordTokenizer) -> dict[str, float]:
    """The rates that would give two of the published changes, and what P(love) would be after an update with them."""
    ids, (love,), moved, largest = tokens.encode("I"), tokens.encode("love"), 0.005, 0.020
    (unit,) = trained(course[0], (ids, love), rate=1.0, steps=1)[1:]
    rate = moved / float(unit.w_out.array[0, love] - course[0].w_out.array[0, love])
    small = largest / largest_change(course[0], unit)
    shares = [probability(trained(course[0], (ids, love), rate=r, steps=1)[1], ids, love) for r in (rate, small)]
    return {"moved": moved, "rate": rate, "share": shares[0], "small_rate": small, "small_share": shares[1]}
