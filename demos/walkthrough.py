"""A transformer small enough to follow by hand: six sentences, 22 words, two numbers a word, one head.

Every matrix is printed with the names of its rows and columns and with its formula: embedding, queries, keys and
values, attention, output, probabilities, loss, gradients. Then four steps of training on one pair, [I] → love, and what
they do to a pair that was not trained, [You] → love. In out/walkthrough/ are then the pictures, and all as one page.
"""

from __future__ import annotations

import math
from argparse import Namespace
from pathlib import Path
from typing import NamedTuple

import numpy as np

import autograd as ag
from autograd import Tensor, ops
from demos.common import at_least, out_dir, parser, positive, pyplot, run
from demos.data.six_sentences import PUBLISHED, SENTENCES, W_K, W_Q, W_V, WORDS, pairs, tokenizer
from demos.report import Report, heatmap, save
from models.tokenizers import WordTokenizer

RATE, STEPS = 0.1, 4
DIMS = ("0", "1")


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


def loss_of(w: Weights, ids: list[int], target: int) -> Tensor:
    """−ln P(target), after the last of the words."""
    return -forward(w, ids).logits.log_softmax(dim=-1)[-1, target]


def gradients(w: Weights, ids: list[int], target: int) -> Weights:
    """The gradient of the loss with respect to every weight."""
    return Weights(*ag.grad(loss_of(w, ids, target), tuple(w)))


def trained(w: Weights, ids: list[int], target: int, rate: float, steps: int) -> list[Weights]:
    """The weights before and after each step of gradient descent on one pair."""
    course = [w]
    for _ in range(steps):
        slopes = gradients(course[-1], ids, target)
        course.append(Weights(*(_leaf(p.array - rate * g.array) for p, g in zip(course[-1], slopes))))
    return course


def probability(w: Weights, ids: list[int], target: int) -> float:
    """P(target) after the words."""
    return float(forward(w, ids).probabilities[-1, target])


def computed(w: Weights, tokens: WordTokenizer) -> dict[str, np.ndarray]:
    """The published numbers, as they are computed here."""
    p = forward(w, tokens.encode("I love pizza"))
    percent = 100 * p.attention.array
    return {
        "embedding of love": p.x.array[1],
        "Q_love": p.q.array[1],
        "K_love": p.k.array[1],
        "V_love": p.v.array[1],
        "V_I": p.v.array[0],
        "attention of love on I, love, %": percent[1, :2],
        "attention of pizza on I, love, pizza, %": percent[2],
        "output for love": p.output.array[1],
        "W_q[0][0]": w.w_q.array[0, :1],
        "P([I] → love), %": 100 * p.probabilities.array[0, tokens.encode("love")],
        "loss of [I] → love": loss_of(w, tokens.encode("I"), tokens.encode("love")[0]).array.reshape(1),
    }


def as_published(text: str, values: np.ndarray) -> str:
    """The values with as many decimals as the published text has."""
    decimals = len(text.split()[0].partition(".")[2])
    return " ".join(f"{v:.{decimals}f}" for v in values)


# What is shown --------------------------------------------------------------------------------------------------------


def show_text(report: Report, tokens: WordTokenizer) -> None:
    """The sentences, the words and the pairs."""
    report.step("The text, its words and what is to be learned")
    for sentence in SENTENCES:
        report.say(f"    {sentence}")
    ids = [f"{i} {word}" for i, word in enumerate(tokens.tokens)]
    report.say(f"{len(ids)} words, each with its id: {', '.join(ids)}")
    found = pairs(tokens)
    report.say(f"{len(found)} pairs of a beginning and the word after it:")
    report.table(["beginning", "next"], [(f"[{tokens.decode(ids)}]", tokens.tokens[next_]) for ids, next_ in found])


def show_forward(report: Report, w: Weights, tokens: WordTokenizer, text: str) -> Pass:
    """One pass, matrix by matrix."""
    ids = tokens.encode(text)
    words, p = [tokens.tokens[i] for i in ids], forward(w, ids)
    report.step("Embedding: two numbers a word", "X = E[ids]")
    report.matrix("E", w.embedding, tokens.tokens, DIMS)
    report.matrix(f"X of “{text}”", p.x, words, DIMS)
    report.step("Query, key and value: what a word looks for, what it offers, what it hands over")
    parts = (("q", w.w_q, p.q), ("k", w.w_k, p.k), ("v", w.w_v, p.v))
    for name, weight, result in parts:
        report.matrix(f"W_{name}", weight, ["in 0", "in 1"], ["out 0", "out 1"])
        report.matrix(f"{name.upper()} = X W_{name}", result, words, DIMS)
    report.step("Scores: how well each query meets each key", "S = Q Kᵀ / √2")
    report.matrix("S", p.scores, words, words)
    report.say("No word may see what follows it: those scores become −∞ (the causal mask).")
    report.matrix("S masked", p.masked, words, words)
    report.step("Attention: the scores of a row as shares of 1", "A[t, s] = exp(S[t, s]) / Σ exp(S[t, ·])")
    report.matrix("A", p.attention, words, words, note="each row looks at the columns")
    report.step("Output: the values, mixed by the shares", "O = A V")
    report.matrix("O", p.output, words, DIMS)
    return p


def show_order(report: Report, p: Pass) -> None:
    """Which word has the 51% in the row of love."""
    one, two = p.attention.array[1, :2]
    right, wrong = one * p.v.array[0] + two * p.v.array[1], two * p.v.array[0] + one * p.v.array[1]
    report.say(
        f"In the row of love, I has {one:.0%} and love itself {two:.0%}: {one:.2f}·V_I + {two:.2f}·V_love = "
        f"[{right[0]:.3f}, {right[1]:.3f}]. The other way round it would be [{wrong[0]:.3f}, {wrong[1]:.3f}]."
    )


def show_probabilities(report: Report, w: Weights, p: Pass, tokens: WordTokenizer, text: str) -> None:
    """From the outputs to the probabilities of all words, and the loss of the pair to be trained."""
    contexts = [f"[{' '.join(text.split()[: n + 1])}]" for n in range(len(p.output))]
    report.step("Probabilities of the next word", "Z = O W_out,  P[t, v] = exp(Z[t, v]) / Σ exp(Z[t, ·])")
    report.matrix("W_outᵀ", w.w_out.array.T, tokens.tokens, DIMS)
    report.matrix("Zᵀ", p.logits.array.T, tokens.tokens, contexts)
    report.matrix("Pᵀ", p.probabilities.array.T, tokens.tokens, contexts)
    right = float(p.probabilities[0, tokens.encode("love")[0]])
    report.step("Loss: the surprise at the word that really follows", "L = −ln P(next)")
    report.say(f"P([I] → love) = {right:.4f}, so L = {-math.log(right):.3f}; 1/22 would give {math.log(22):.3f}.")


def show_gradients(report: Report, w: Weights, tokens: WordTokenizer) -> None:
    """The gradients for [I] → love, why those of W_q and W_k are 0, and a pair for which they are not."""
    (love, pizza), one, two = tokens.encode("love pizza"), tokens.encode("I"), tokens.encode("I love")
    report.step("Backward: what each weight has to do with the loss of [I] → love", "∂L/∂Z = P − onehot(love)")
    first, second = gradients(w, one, love), gradients(w, two, pizza)
    for name, g in zip(("W_q", "W_k", "W_v"), first[1:4]):
        report.matrix(f"∂L/∂{name}", g, ["in 0", "in 1"], ["out 0", "out 1"], digits=4)
    p = forward(w, one).probabilities.array[0]
    target = np.eye(len(p))[love]
    table = np.column_stack([p, target, p - target, first.w_out.array.T, first.embedding.array])
    columns = ["P", "onehot", "∂L/∂Z", "∂L/∂W_out 0", "∂L/∂W_out 1", "∂L/∂E 0", "∂L/∂E 1"]
    report.matrix("By word", table, tokens.tokens, columns, digits=4)
    report.say(
        f"A lesson is said to correct every weight, W_q too. The mathematics says otherwise: W_q[0][0] is "
        f"{w.w_q.array[0, 0]:.3f}, its gradient is {first.w_q.array[0, 0]:.3f}, and it stays. [I] is one word, a "
        "softmax over one score is exactly 1 whatever the score, so nothing depends on queries and keys. What learns "
        "from [I] → love are the embedding of I, W_v and W_out."
    )
    report.say("As soon as there are two words to choose from, W_q learns. For [I love] → pizza:")
    report.matrix("∂L/∂W_q", second.w_q, ["in 0", "in 1"], ["out 0", "out 1"], digits=4)


def show_training(report: Report, course: list[Weights], tokens: WordTokenizer, rate: float) -> None:
    """The course of the training, and the probabilities of all words before and after it."""
    love, i, you = (tokens.encode(word) for word in ("love", "I", "You"))
    report.step(f"Training: {len(course) - 1} steps on [I] → love alone", f"W ← W − {rate} ∂L/∂W")
    rows = []
    for step, w in enumerate(course):
        p, other = (probability(w, ids, love[0]) for ids in (i, you))
        rows.append((str(step), f"{p:.1%}", -math.log(p), f"{other:.1%}", f"{22 * other:.2f}", w.w_q.array[0, 0]))
    columns = ["step", "P([I] → love)", "loss", "P([You] → love)", "times chance", "W_q[0][0]"]
    report.table(columns, rows)
    a, b = course[0].embedding.array[[*i, *you]]
    cosine = a @ b / (np.linalg.norm(a) * np.linalg.norm(b))
    report.say(
        "[You] → love was not trained. It moves along as far as the embedding of You points where that of I does "
        f"(cosine {cosine:.2f}, see words.png): what W_v and W_out learn about the one, they say about the other. "
        "Chance is 1/22 = 4.5%."
    )
    before, after = course[0], course[-1]
    for name, ids in (("I", i), ("You", you)):
        old, new = (forward(w, ids).probabilities.array[-1] for w in (before, after))
        order = np.argsort(-new, kind="stable")
        table = [(tokens.tokens[v], f"{old[v]:.1%}", f"{new[v]:.1%}", f"{new[v] / old[v]:.2f}") for v in order]
        report.table(["next word", "before", "after", "ratio"], table, name=f"after [{name}]")
    report.say("What one lesson does to the other pairs:")
    lines = []
    for ids, target in pairs(tokens):
        old, new = (probability(w, ids, target) for w in (before, after))
        lines.append((f"[{tokens.decode(ids)}] → {tokens.tokens[target]}", f"{old:.1%}", f"{new:.1%}"))
    report.table(["pair", "before", "after"], lines)


# Pictures -------------------------------------------------------------------------------------------------------------


def draw_words(w: Weights, tokens: WordTokenizer, file: Path) -> None:
    """The words in the plane of their two numbers."""
    figure, axes = pyplot().subplots(figsize=(8, 7), layout="constrained")
    points = w.embedding.array
    axes.scatter(*points.T)
    for word, point in zip(tokens.tokens, points):
        axes.annotate(word, point, xytext=(4, 4), textcoords="offset points")
    axes.set(title="E: each word's embedding", xlabel="0", ylabel="1")
    axes.margins(0.1)
    axes.grid(alpha=0.3)
    save(figure, file)


def draw_head(p: Pass, words: list[str], file: Path) -> None:
    """X, Q, K, V, scores, attention and output of one pass."""
    panels = [("X", p.x), ("Q", p.q), ("K", p.k), ("V", p.v), ("S masked", p.masked), ("A", p.attention)]
    figure, axes = pyplot().subplots(1, 7, figsize=(17, 3), layout="constrained")
    for place, (name, array) in zip(axes, [*panels, ("O = A V", p.output)]):
        heatmap(place, array, words, DIMS if array.shape[1] == 2 else words, name)
    save(figure, file)


def draw_probabilities(course: list[Weights], tokens: WordTokenizer, file: Path) -> None:
    """The probabilities of all words after [I] and after [You], a row for each step."""
    figure, axes = pyplot().subplots(2, 1, figsize=(14, 6), layout="constrained")
    for place, name in zip(axes, ("I", "You")):
        rows = [100 * forward(w, tokens.encode(name)).probabilities.array[-1] for w in course]
        steps = [f"step {n}" for n in range(len(course))]
        heatmap(place, np.array(rows), steps, tokens.tokens, f"P(next | [{name}]) in %", digits=0)
    save(figure, file)


def draw_training(course: list[Weights], tokens: WordTokenizer, file: Path) -> None:
    """P(love) after [I], which is trained, and after [You], which is not."""
    figure, axes = pyplot().subplots(figsize=(7, 4.5), layout="constrained")
    for name, style in (("I", "o-"), ("You", "s--")):
        values = [100 * probability(w, tokens.encode(name), tokens.encode("love")[0]) for w in course]
        axes.plot(values, style, label=f"[{name}] → love")
    for level, text in ((100 / 22, "chance"), (300 / 22, "three times chance")):
        axes.axhline(level, color="grey", linestyle="dotted")
        axes.annotate(text, (len(course) - 1, level), ha="right", va="top", color="grey")
    axes.set(title="training on [I] → love alone", xlabel="step", ylabel="P in %", ylim=(0, 100))
    axes.set_xticks(range(len(course)))
    axes.legend()
    save(figure, file)


def show(args: Namespace) -> list[Weights]:
    """Show the pass, the gradients and the training. Returns the weights before and after each step."""
    pyplot()  # what is missing is said before the work, not after it

    tokens, text, folder = tokenizer(), "I love pizza", out_dir("walkthrough")
    w = drawn(tokens, args.seed) if args.random else published(tokens)
    report = Report("A transformer followed by hand")
    show_text(report, tokens)
    p = show_forward(report, w, tokens, text)
    show_order(report, p)
    show_probabilities(report, w, p, tokens, text)
    show_gradients(report, w, tokens)
    course = trained(w, tokens.encode("I"), tokens.encode("love")[0], args.rate, args.steps)
    show_training(report, course, tokens, args.rate)
    if not args.random:
        report.step("The published numbers, and what is computed here")
        found = computed(w, tokens)
        lines = [(name, text, as_published(text, found[name])) for name, text in PUBLISHED.items()]
        report.table(["what", "published", "here"], lines)
    report.step("Pictures")
    draw_words(w, tokens, folder / "words.png")
    draw_head(p, text.lower().split(), folder / "head.png")
    draw_probabilities(course, tokens, folder / "probabilities.png")
    draw_training(course, tokens, folder / "training.png")
    report.picture(folder / "words.png", "the words in the plane of their embeddings")
    report.picture(folder / "head.png", "queries, keys, values, scores, attention and output")
    report.picture(folder / "probabilities.png", "the probabilities of all words, step by step")
    report.picture(folder / "training.png", "P(love) after [I] and after [You]")
    report.save(folder / "walkthrough.html")
    return course


def main(arguments: list[str] | None = None) -> list[Weights]:
    """Read the options, then show all of it."""
    options = parser(__doc__)
    options.add_argument("--random", action="store_true", help="weights drawn from the seed, not the published ones")
    options.add_argument("--rate", type=positive, default=RATE, help="the learning rate")
    options.add_argument("--steps", type=at_least(1), default=STEPS, help="of training")
    return run(options, arguments, show)


if __name__ == "__main__":
    main()
