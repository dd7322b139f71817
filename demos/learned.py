"""What a trained calculator has learned: where its heads look, how it orders numbers, what each head is worth, how sure
its answers are. Each claim is measured on questions that were held out, and what is not found is said to be missing.

Shapes: N questions, T tokens, L layers, H heads.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from autograd import as_tensor, no_grad
from demos.data.numbers import TENS, UNITS, Example, number_to_words, words_to_number
from demos.inspection import Part, without
from demos.pictures.answers import plane
from demos.pictures.attention import attention_of
from demos.report import Report

if TYPE_CHECKING:
    from demos.calculator import Calculator

ROLES = ("first number", "operation", "second number", "<is>")
NUMBER_WORDS = {*UNITS, *TENS}
BINS = (0.0, 0.5, 0.9, 0.99, 0.999, np.inf)  # of confidence


def roles(question: str) -> list[int]:
    """The role of each word of a question and of the <is> after it, as an index of ROLES."""
    words = question.split()
    at = next(i for i, word in enumerate(words) if word not in NUMBER_WORDS)
    return [0] * at + [1] + [2] * (len(words) - at - 1) + [3]


def looks(calculator: Calculator, examples: Sequence[Example], role: int) -> np.ndarray:
    """The share (L, H, 4) of its attention that each head gives to each role, from the place of one of them.

    It is the mean over the questions; the words of a number count together.
    """
    x = calculator.rows(examples).x
    attention = attention_of(calculator.model, as_tensor(x))  # (L, N, H, T, T)
    total = np.zeros((attention.shape[0], attention.shape[2], len(ROLES)))
    for n, example in enumerate(examples):
        found = roles(example.question)
        row = attention[:, n, :, len(found) - 1 - found[::-1].index(role), : len(found)]  # (L, H, words)
        total += row @ np.eye(len(ROLES))[found]
    return total / len(examples)


def spread_evenly(examples: Sequence[Example]) -> np.ndarray:
    """The shares (4) of a head that looks from <is> at all words alike."""
    return np.mean([np.bincount(found, minlength=4) / len(found) for e in examples if (found := roles(e.question))], 0)


def rank_correlation(a: np.ndarray, b: np.ndarray) -> float:
    """Spearman's: the correlation of the ranks; what is equal has the mean of its ranks."""
    return float(np.corrcoef(_ranks(a), _ranks(b))[0, 1])


def _ranks(values: np.ndarray) -> np.ndarray:
    _, which, counts = np.unique(values, return_inverse=True, return_counts=True)
    return (np.cumsum(counts) - (counts - 1) / 2)[which]


class NumberLine(NamedTuple):
    """The embeddings of number words in the plane of their first two principal components."""

    words: list[str]
    values: np.ndarray  # what they mean
    points: np.ndarray  # (words, 2)
    shares: np.ndarray  # of the variance, that each component has
    embeddings: np.ndarray

    @classmethod
    def of(cls, calculator: Calculator, words: Sequence[str]) -> NumberLine:
        """Each component is turned so that it rises with the values."""
        ids = calculator.tokens.encode(" ".join(words))
        e = calculator.model.transformer.wte.weight.detach().array[ids].astype(np.float64)
        values = np.array([words_to_number(word) for word in words])
        u, s, _ = np.linalg.svd(e - e.mean(0), full_matrices=False)
        points = (u * s)[:, :2]
        points *= [1.0 if rank_correlation(component, values) >= 0 else -1.0 for component in points.T]
        return cls([*words], values, points, (s**2 / (s**2).sum())[:2], e)

    def correlations(self, some: slice) -> tuple[float, float, float, float]:
        """Rank correlations, of some of the words: of each component with the values, and of all distances (in all
        dimensions) with the differences of places in the row of these words, on a line and on a circle of ten."""
        gaps = _distances(self.embeddings[some])
        pairs = np.triu_indices(len(gaps), 1)
        apart = np.abs(np.subtract(*pairs))
        on_circle = np.minimum(apart % 10, -apart % 10)
        first, second = (rank_correlation(component, self.values[some]) for component in self.points[some].T)
        return first, second, rank_correlation(gaps[pairs], apart), rank_correlation(gaps[pairs], on_circle)

    def distance(self, a: str, b: str) -> float:
        """Between two words, in all dimensions, as a share of the mean distance of two number words."""
        gaps = _distances(self.embeddings)
        return float(gaps[self.words.index(a), self.words.index(b)] / gaps[np.triu_indices(len(gaps), 1)].mean())


def _distances(points: np.ndarray) -> np.ndarray:
    return np.linalg.norm(points[:, None] - points, axis=-1)


@no_grad()
def confidences(calculator: Calculator, examples: Sequence[Example]) -> np.ndarray:
    """The probability (N) of the answer of each example, the end included: the product of those of its words."""
    x, y = calculator.rows(examples)
    logs = calculator.model(as_tensor(x)).log_softmax(-1).array
    of_targets = np.take_along_axis(logs, np.maximum(y, 0)[..., None], -1)[..., 0]
    return np.exp(np.where(y >= 0, of_targets, 0).sum(1, dtype=np.float64))


def right(calculator: Calculator, examples: Sequence[Example]) -> np.ndarray:
    """Which (N) of the examples are answered exactly."""
    given = calculator.answers([example.question for example in examples])
    return np.array([answer == example.answer for answer, example in zip(given, examples, strict=True)])


# What is shown --------------------------------------------------------------------------------------------------------


def _heads(calculator: Calculator) -> list[tuple[Part, str]]:
    config = calculator.model.config
    pairs = np.ndindex(config.n_layer, config.n_head)
    return [(Part("head", layer, head), f"layer\u00a0{layer + 1}, head\u00a0{head + 1}") for layer, head in pairs]


def show_where_heads_look(report: Report, calculator: Calculator, sums: Sequence[Example]) -> None:
    """From the place of the answer and from "plus": how much each head looks at what, over held-out sums."""
    report.step("Where each head looks, over all held-out sums", "the mean share of the attention, from two places")
    names = [name for _, name in _heads(calculator)]
    seen, evenly = looks(calculator, sums, role=3).reshape(len(names), -1), spread_evenly(sums)
    report.matrix("From the place of the answer", [*seen, evenly], [*names, "(an even look)"], ROLES, digits=2)
    before = looks(calculator, sums, role=1).reshape(len(names), -1)[:, :2]
    report.matrix("From “plus”", before, names, ROLES[:2], digits=2)
    most = [f"at the {what} {names[row.argmax()]} ({row.max():.0%})" for what, row in zip(ROLES[:3], seen.T)]
    both = int((seen[:, [0, 2]] > evenly[[0, 2]]).all(axis=1).sum())
    report.say(
        f"From the place of the answer, these heads look most: {', '.join(most)}. The last row of the table shows "
        f"an even look at all words: {both or 'none'} of {len(names)} heads look more at each number."
    )
    report.say(
        "The article says: “When I see 'plus', look at the numbers before and after it”. “plus” itself sees only the "
        f"number before it, to which {names[before[:, 0].argmax()]} gives {before[:, 0].max():.0%}; what follows is "
        "masked. Only the place of the answer sees both."
    )


def show_number_line(report: Report, calculator: Calculator, file: Path) -> None:
    """The number words by the first two principal components of their embeddings, and how well these rank them."""
    report.step("The number words in a plane", "the first two principal components of their embeddings")
    line = NumberLine.of(calculator, [number_to_words(n) for n in (*range(20), *range(20, 100, 10))])
    plane(line.points, line.words, line.shares.tolist(), file)
    report.picture(file, "each number word by the first two principal components of its embedding")
    groups = {"zero to ninety": slice(None), "zero to nineteen": slice(20), "twenty to ninety": slice(20, None)}
    found = {name: line.correlations(some) for name, some in groups.items()}
    columns = [
        "rank correlation",
        "component 1, value",
        "component 2, value",
        "distance, on a line",
        "on a circle of ten",
    ]
    report.table(columns, [(name, *row) for name, row in found.items()], digits=2)
    near, far = line.distance("two", "three"), line.distance("two", "ninety")
    first = found["zero to ninety"][0]
    report.say(
        f"“two” and “three” are {near:.2f} times as far from each other as two number words are on average, “two” and "
        f"“ninety” {far:.2f} times: {'the small ones are nearer' if near < far else 'the small ones are no nearer'}. "
        f"The first component {'orders' if abs(first) > 0.8 else 'does not order'} all words by value: the rank "
        f"correlation is {first:+.2f}."
    )
    _, _, row, ring = found["zero to nineteen"]
    report.say(
        "To add, a model needs the units of a sum, and whether there is a carry: “five” and “fifteen” have the same "
        "units, and “nine” is next to “zero”. From zero to nineteen the distances of the words follow the distances on "
        f"a line at {row:+.2f}, and those on a circle of ten at {ring:+.2f}: "
        f"{_shape(row, ring)}."
    )


def _shape(row: float, ring: float) -> str:
    if max(row, ring) < 0.3:
        return "neither a row of numbers nor a ring of digits can be seen"
    return "a ring of digits rather than a row of numbers" if ring > row else "a row of numbers rather than a ring"


def show_worth_of_heads(
    report: Report, calculator: Calculator, held_out: Sequence[Example], kinds: Mapping[str, str]
) -> None:
    """The loss and the answers without each head; `kinds` has the name of each operation's results."""
    report.step("What each head is worth", "the held-out questions, with one head switched off")
    batch = calculator.rows(held_out)
    of_kind = np.array([[f" {word} " in example.question for example in held_out] for word in kinds])

    @no_grad()
    def measured(*off: Part) -> tuple[float, np.ndarray]:
        other = calculator._replace(model=without(calculator.model, off))
        correct = right(other, held_out)
        shares = [correct[some].mean() for some in (*of_kind, slice(None))]
        return other.model.loss(*batch.rows(slice(None))).item(), np.array(shares)

    heads = _heads(calculator)
    loss, whole = measured()
    found = [measured(part) for part, _ in heads]
    rows = [(name, loss, *(f"{share:.1%}" for share in shares)) for (_, name), (loss, shares) in zip(heads, found)]
    columns = ["switched off", "loss", *kinds.values(), "all"]
    report.table(columns, [("none", loss, *(f"{share:.1%}" for share in whole)), *rows])
    left = [shares[-1] for _, shares in found]
    most, least = int(np.argmin(left)), int(np.argmax(left))
    if left[most] < whole[-1]:
        report.say(
            f"Without {heads[most][1]} the share of exact answers is {left[most]:.1%} instead of {whole[-1]:.1%}: the "
            f"model relies on this head most, and on {heads[least][1]} least ({left[least]:.1%} without it). The "
            "other heads were trained together with the one that is off; what they could have learned without it, the "
            "table does not say."
        )
    else:
        report.say("Whichever head is off, at least as many questions are answered exactly: no single head is needed.")


def show_confidence(report: Report, calculator: Calculator, held_out: Sequence[Example], given: Sequence[str]) -> None:
    """How sure the model is of the answers that it gives, and how often it is right when it is."""
    report.step("How sure the answers are", "P(answer) = the product of the P of its words")
    p = confidences(calculator, [Example(e.question, answer) for e, answer in zip(held_out, given, strict=True)])
    correct = np.array([answer == e.answer for answer, e in zip(given, held_out, strict=True)])
    rows, error = [], 0.0
    for low, high in zip(BINS, BINS[1:]):
        inside = (p >= low) & (p < high)
        if inside.any():
            sure, share = p[inside].mean(), correct[inside].mean()
            error += abs(sure - share) * inside.mean()
            label = f"{low:.1%} to {min(high, 1):.1%}"
            rows.append((label, f"{inside.sum():,}", f"{sure:.2%}", f"{share:.2%}"))
    report.table(["P of the answer", "questions", "mean P", "right"], rows)
    side = "more" if p.mean() > correct.mean() else "less"
    text = (
        f"The mean P is {p.mean():.2%}, and {correct.mean():.2%} of the answers are right: the model is {side} sure "
        f"than right. Over the rows of the table the two differ by {error:.2%} (the expected calibration error)."
    )
    if correct.any() and not correct.all():
        medians = np.median(p[correct]), np.median(p[~correct])
        text += f" The median P is {medians[0]:.2%} for right answers and {medians[1]:.2%} for wrong ones."
    report.say(text)


def show_hardest(
    report: Report, calculator: Calculator, products: Sequence[Example], trained: Sequence[Example]
) -> None:
    """The two held-out products whose right answer is the least likely, with what the model says to them."""
    report.step("The two hardest products", "of those that were held out, by the P of the right answer")
    p, known = confidences(calculator, products), {example.question for example in trained}
    hardest = [products[i] for i in np.argsort(p)[:2].tolist()]
    rows = []
    for example, answer in zip(hardest, calculator.answers([e.question for e in hardest]), strict=True):
        a, _, b = example.question.partition(" times ")
        swapped = "yes" if f"{b} times {a}" in known else "no"
        rows.append((example.question, example.answer, f"{p[products.index(example)]:.2%}", answer, swapped))
    report.table(["question", "right", "P of it", "answer", "learned with factors swapped"], rows)
    report.say(
        f"Of {len(products)} held-out products, {int((~right(calculator, products)).sum())} are answered wrongly. A "
        "sum is made of its digits by a few rules; a product has to be known, or to be put together from others."
    )


def show_learned(
    report: Report,
    calculator: Calculator,
    trained: Sequence[Example],
    held_out: Sequence[Example],
    given: Sequence[str],
    kinds: Mapping[str, str],
    folder: Path,
) -> None:
    """All of this; `given` are the answers to the questions that were held out."""
    by_kind = {word: [e for e in held_out if f" {word} " in e.question] for word in kinds}
    show_where_heads_look(report, calculator, by_kind["plus"])
    show_number_line(report, calculator, folder / "numbers.png")
    show_worth_of_heads(report, calculator, held_out, kinds)
    show_confidence(report, calculator, held_out, given)
    show_hardest(report, calculator, by_kind["times"], trained)
