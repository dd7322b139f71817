"""A transformer small enough to follow by hand: six sentences, 22 words, two numbers for each word, one head.

Every matrix is printed with the names of its rows and columns and with its formula: embedding, queries, keys and
values, attention, output, probabilities, loss, gradients. Then it is trained on one pair, [I] → love, in four
iterations, and you see what that does to a pair that was not trained, [You] → love. All of it, with pictures, is on the
page out/walkthrough/latest/walkthrough.html, which ends with a table of the numbers published for this example beside
ours.
"""

from __future__ import annotations

import math
from argparse import Namespace
from pathlib import Path

import numpy as np

from demos.by_hand import (
    Pass,
    Weights,
    computed,
    drawn,
    forward,
    gradients,
    largest_change,
    probability,
    published,
    reasons,
    trained,
)
from demos.common import at_least, parser, positive
from demos.data.published import BY_HAND, as_published
from demos.data.six_sentences import PUBLISHED, RATE, SENTENCES, pairs, tokenizer
from demos.pictures import walkthrough as pictures
from demos.report import Report
from demos.runs import run_and_draw
from models.tokenizers import WordTokenizer

STEPS = 3  # updates, between the four iterations that were published
DIMS = ("first", "second")  # of the two numbers of a word
INTO, OUT = ["from first", "from second"], ["to first", "to second"]


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


def show_forward(report: Report, w: Weights, tokens: WordTokenizer, text: str, folder: Path) -> Pass:
    """One pass, matrix by matrix."""
    ids = tokens.encode(text)
    words, p = [tokens.tokens[i] for i in ids], forward(w, ids)
    report.step("Embedding: two numbers a word", "X = E[ids]")
    report.matrix("E", w.embedding, tokens.tokens, DIMS)
    pictures.words(w.embedding.array, tokens.tokens, folder / "words.png")
    report.picture(folder / "words.png", "the words in the plane of their two numbers")
    report.matrix(f"X of “{text}”", p.x, words, DIMS)
    report.step("Query, key and value: what a word looks for, what it offers, what it hands over")
    parts = (("q", w.w_q, p.q), ("k", w.w_k, p.k), ("v", w.w_v, p.v))
    for name, weight, result in parts:
        report.matrix(f"W_{name}", weight, INTO, OUT)
        report.matrix(f"{name.upper()} = X W_{name}", result, words, DIMS)
    report.step("Scores: how well each query meets each key", "S = Q Kᵀ / √2")
    report.matrix("S", p.scores, words, words)
    report.say("No word may see what follows it: those scores become −∞ (the causal mask).")
    report.matrix("S masked", p.masked, words, words)
    report.step("Attention: the scores of a row as shares of 1", "A[t, s] = exp(S[t, s]) / Σ exp(S[t, ·])")
    report.matrix("A", p.attention, words, words, note="each row looks at the columns")
    for t, word in enumerate(words):
        shares = ", ".join(f"{share:.0%} to {other}" for share, other in zip(p.attention.array[t], words[: t + 1]))
        report.say(f"{word} divides its attention among {t + 1} of {len(words)} words: {shares}.")
    report.step("Output: the values, mixed by the shares", "O = A V")
    report.matrix("O", p.output, words, DIMS)
    heads = [("X", p.x), ("Q", p.q), ("K", p.k), ("V", p.v), ("S masked", p.masked), ("A", p.attention)]
    pictures.head([(n, m.array, words if len(m) == m.shape[1] else DIMS) for n, m in heads], words, folder / "head.png")
    report.picture(folder / "head.png", f"“{text}” from the embeddings to the shares; 0 is white, −∞ is grey")
    return p


def show_order(report: Report, p: Pass, folder: Path) -> None:
    """How love is mixed, and where it was and is in the plane."""
    (one, two), (i, love), o = p.attention.array[1, :2], p.v.array[:2], p.output.array[1]
    rows = [(name, *vector) for name, vector in ((f"{one:.2f} · V_I", one * i), (f"{two:.2f} · V_love", two * love))]
    report.table(["", *DIMS], [*rows, ("their sum: O of love", *o)], name="How the output for love is mixed")
    wrong = two * i + one * love
    report.say(
        f"With the shares the other way round it would be [{wrong[0]:.3f}, {wrong[1]:.3f}]. Before attention love was "
        f"[{p.x[1, 0]:.2f}, {p.x[1, 1]:.2f}]; now it is another point of the plane, on the line from V_love to V_I."
    )
    pictures.mixing(p.x.array[1], i, love, o, float(one), folder / "mixing.png")
    report.picture(folder / "mixing.png", "how attention moves love in the plane")


def show_probabilities(report: Report, w: Weights, p: Pass, tokens: WordTokenizer, text: str) -> None:
    """From the outputs to the probabilities of all words, and the loss of the pair to be trained."""
    contexts = [f"[{' '.join(text.split()[: n + 1])}]" for n in range(len(p.output))]
    report.step("Probabilities of the next word", "Z = O W_out,  P[t, v] = exp(Z[t, v]) / Σ exp(Z[t, ·])")
    report.matrix("W_outᵀ", w.w_out.array.T, tokens.tokens, DIMS)
    report.matrix("Zᵀ", p.logits.array.T, tokens.tokens, contexts)
    report.matrix("Pᵀ", p.probabilities.array.T, tokens.tokens, contexts)
    start, norms = p.probabilities.array[0], np.linalg.norm(w.w_out.array, axis=0)
    best = ", ".join(f"{tokens.tokens[v]} {start[v]:.0%}" for v in np.argsort(-start)[:3])
    longest = tokens.tokens[int(norms.argmax())]
    report.say(f"The likeliest words after [I]: {best}. The longest column of W_out is that of {longest}.")
    report.step("Loss: the surprise at the word that really follows", "L = −ln P(next)")
    right, chance = float(start[tokens.encode("love")[0]]), 1 / tokens.vocab_size
    report.say(f"P([I] → love) = {right:.4f}, so L = {-math.log(right):.3f}; 1/22 would give {-math.log(chance):.3f}.")


def show_gradients(report: Report, w: Weights, tokens: WordTokenizer, rate: float) -> None:
    """The gradients for [I] → love, why those of W_q and W_k are 0, and a step on the sentence, which moves them."""
    (love, pizza), one, two = tokens.encode("love pizza"), tokens.encode("I"), tokens.encode("I love")
    report.step("Backward: what each weight has to do with the loss of [I] → love", "∂L/∂Z = P − onehot(love)")
    first, sentence = gradients(w, (one, love)), ((one, love), (two, pizza))
    for name, g in zip(("W_q", "W_k", "W_v"), first[1:4]):
        report.matrix(f"∂L/∂{name}", g, INTO, OUT, digits=4)
    p = forward(w, one).probabilities.array[0]
    target = np.eye(len(p))[love]
    table = np.column_stack([p, target, p - target, first.w_out.array.T, first.embedding.array])
    columns = ["P", "onehot", "∂L/∂Z", *(f"∂L/∂{name} {dim}" for name in ("W_out", "E") for dim in DIMS)]
    report.matrix("By word", table, tokens.tokens, columns, digits=4)
    report.say(
        f"A lesson is said to correct every weight, W_q too. The mathematics says otherwise: W_q[0, 0] is "
        f"{w.w_q.array[0, 0]:.3f}, its gradient is {first.w_q.array[0, 0]:.3f}, and it stays. [I] is one word, a "
        "softmax over one score is exactly 1 whatever the score, so nothing depends on queries and keys. What learns "
        "from [I] → love are the embedding of I, W_v and W_out."
    )
    report.say("As soon as there are two words to choose from, W_q learns, and love, now part of the input, moves:")
    rows = []
    for name, lessons in (("[I] → love", sentence[:1]), ("the same and [I love] → pizza", sentence)):
        (after,) = trained(w, *lessons, rate=rate, steps=1)[1:]
        e, o = after.embedding.array[love], after.w_out.array[0, love]
        rows.append((name, f"{after.w_q[0, 0]:.4f}", f"{e[0]:.4f} {e[1]:.4f}", f"{o:.3f}", largest_change(w, after)))
    columns = ["after one step on", "W_q[0, 0]", "embedding of love", "W_out[0, love]", "largest change"]
    report.table(columns, rows)


def show_training(report: Report, course: list[Weights], tokens: WordTokenizer, rate: float, folder: Path) -> None:
    """The course of the training, and the probabilities of all words before and after it."""
    love, i, you = (tokens.encode(word) for word in ("love", "I", "You"))
    report.step(f"Training: {len(course) - 1} steps on [I] → love alone", f"W ← W − {rate} ∂L/∂W")
    rows = []
    for iteration, w in enumerate(course, 1):
        p, other = (probability(w, ids, love[0]) for ids in (i, you))
        best = forward(w, i).probabilities.array[0]
        top = f"{tokens.tokens[int(best.argmax())]} {best.max():.0%}"
        chance = f"{tokens.vocab_size * other:.2f}"
        rows.append((str(iteration), f"{p:.1%}", -math.log(p), top, f"{other:.1%}", chance))
    report.table(["iteration", "P([I] → love)", "loss", "likeliest", "P([You] → love)", "times chance"], rows)
    runs = {name: [forward(w, ids).probabilities.array[-1] for w in course] for name, ids in (("I", i), ("You", you))}
    pictures.training({name: [p[love[0]] for p in run] for name, run in runs.items()}, folder / "training.png")
    report.picture(folder / "training.png", "P(love) after [I], which is trained, and after [You], which is not")
    pictures.probabilities(runs, tokens.tokens, folder / "probabilities.png")
    report.picture(folder / "probabilities.png", "the probabilities of all words, iteration by iteration, on one scale")
    for name, (old, *_, new) in runs.items():
        order = np.argsort(-new, kind="stable")
        table = [(tokens.tokens[v], f"{old[v]:.1%}", f"{new[v]:.1%}", f"{new[v] / old[v]:.2f}") for v in order]
        report.table(["next word", "before", "after", "ratio"], table, name=f"after [{name}]")


def _points(p: Pass) -> np.ndarray:
    """The embedding and the output of the last word, one above the other."""
    return np.stack([p.x.array[-1], p.output.array[-1]])


def show_neighbours(report: Report, course: list[Weights], tokens: WordTokenizer, folder: Path) -> None:
    """Why [You] → love learns from [I] → love, and what becomes of the other pairs."""
    before, after = course[0], course[-1]
    report.step("What one lesson does to what was not taught")
    points = {}
    for name in ("I", "You"):
        old, new = (forward(w, tokens.encode(name)) for w in (before, after))
        points[name] = _points(old), _points(new)
    rows = [
        (f"{what} of {name}, {when}", *points[name][t][k])
        for k, what in enumerate(("embedding", "output"))
        for name in points
        for t, when in enumerate(("before", "after"))
    ]
    report.table(["", *DIMS], rows)
    cosines = []
    for ours, theirs in zip(points["I"], points["You"]):
        cosines += [float(x @ y / (np.linalg.norm(x) * np.linalg.norm(y))) for x, y in zip(ours, theirs)]
    report.say(
        "[You] → love was not trained. It changes too, as far as You points in the direction of I: the cosine of their "
        f"embeddings is {cosines[0]:.2f} before and {cosines[2]:.2f} after, that of their outputs {cosines[1]:.2f} and "
        f"{cosines[3]:.2f}. The embedding of You has not moved; W_v has, and with it the outputs of both."
    )
    pictures.neighbours(points, folder / "neighbours.png")
    report.picture(folder / "neighbours.png", "I and You in the plane, before and after the training on [I] → love")
    lines = []
    for ids, target in pairs(tokens):
        shares = (f"{probability(w, ids, target):.1%}" for w in (before, after))
        lines.append((f"[{tokens.decode(ids)}] → {tokens.tokens[target]}", *shares))
    report.table(["pair", "before", "after"], lines, name="All pairs")


def show_published(report: Report, course: list[Weights], tokens: WordTokenizer) -> None:
    """Every published number beside the one that is computed here, and why some differ."""
    report.step("The published numbers, and what is computed here")
    found = computed(course, tokens)
    here = {row.what: as_published(row.text, found[row.what]) for row in PUBLISHED}
    report.published(BY_HAND, PUBLISHED, here, **reasons(course, tokens))
    report.say(
        "The weights are chosen so that the published numbers come out. Five differ: W_q and the embedding of love "
        "cannot move, whatever the weights; the two other changes are those that training makes with these weights."
    )


def show(args: Namespace, folder: Path) -> list[Weights]:
    """Show the pass, the gradients and the training. Returns the weights before and after each step."""
    tokens, text = tokenizer(), "I love pizza"
    w = drawn(tokens, args.seed) if args.random else published(tokens)
    report = Report("A transformer followed by hand")
    show_text(report, tokens)
    p = show_forward(report, w, tokens, text, folder)
    show_order(report, p, folder)
    show_probabilities(report, w, p, tokens, text)
    show_gradients(report, w, tokens, args.rate)
    course = trained(w, (tokens.encode("I"), tokens.encode("love")[0]), rate=args.rate, steps=args.steps)
    show_training(report, course, tokens, args.rate, folder)
    show_neighbours(report, course, tokens, folder)
    if not args.random and (args.rate, args.steps) == (RATE, STEPS):
        show_published(report, course, tokens)
    report.save(folder / "walkthrough.html")
    return course


def main(arguments: list[str] | None = None) -> list[Weights]:
    """Read the options, then show all of it."""
    options = parser(__doc__)
    options.add_argument(
        "--random", action="store_true", help="random weights, drawn from the seed, instead of the published ones"
    )
    options.add_argument("--rate", type=positive, default=RATE, help="the learning rate")
    options.add_argument("--steps", type=at_least(1), default=STEPS, help="training steps")
    return run_and_draw(options, arguments, show, "walkthrough", result="walkthrough.html")


if __name__ == "__main__":
    main()
