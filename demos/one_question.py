"""What becomes of one question while the calculator learns: its answer, its loss, its blame, what it looks at."""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

import autograd as ag
from autograd import Tensor
from demos.data.published import CALCULATOR, LEARNS
from demos.pictures.attention import attention_of, draw_attention
from demos.report import Report
from demos.watch import STAGES, blame
from models.gpt import GPT
from models.tokenizers import Tokenizer
from nn import Parameter, optim

RATE = 0.01  # of the one step of the loop that is shown


class Look(NamedTuple):
    """What a model makes of a question: the likeliest words with their probabilities, and the loss of the answer."""

    likeliest: list[tuple[str, float]]
    p: float  # of the answer
    loss: float
    shares: tuple[float, ...]  # of the stages, of the gradient of this loss

    @property
    def words(self) -> str:
        """The likeliest words as text."""
        return ", ".join(f"{word} {p:.0%}" for word, p in self.likeliest)


def untied(model: GPT) -> GPT:
    """A copy whose output matrix is no longer the embedding, so that each of the two has a gradient of its own."""
    twin = copy.deepcopy(model)
    twin.lm_head.weight = Parameter(twin.lm_head.weight.detach().clone())
    return twin


def loss_of(model: GPT, tokens: Tokenizer, prompt: str, answer: str) -> tuple[Tensor, np.ndarray]:
    """−ln P of the first word of the answer after the prompt, and the probabilities (V,) of all words."""
    logits = model(ag.tensor([tokens.encode(prompt)]))[0, -1]
    return -logits.log_softmax(dim=-1)[tokens.encode(answer)[0]], logits.softmax(dim=-1).array


def look(model: GPT, tokens: Tokenizer, prompt: str, answer: str) -> Look:
    """What the model makes of the prompt; the model stays as it is."""
    twin = untied(model)
    twin.zero_grad()
    loss, p = loss_of(twin, tokens, prompt, answer)
    loss.backward()
    likeliest = [(tokens.decode([i]), float(p[i])) for i in np.argsort(-p)[:3].tolist()]
    return Look(likeliest, math.exp(-float(loss)), float(loss), blame(twin))


def one_step(model: GPT, tokens: Tokenizer, prompt: str, answer: str) -> Look:
    """What a copy of the model makes of the prompt after one step of SGD on it alone."""
    twin = untied(model)
    twin.zero_grad()
    loss_of(twin, tokens, prompt, answer)[0].backward()
    optim.SGD(twin.parameters(), lr=RATE).step()
    return look(twin, tokens, prompt, answer)


def show_loop(report: Report, model: GPT, tokens: Tokenizer, prompt: str, answer: str) -> Look:
    """The four lines of the training loop, on one question and a copy of the model. Returns what is there before."""
    before, after = look(model, tokens, prompt, answer), one_step(model, tokens, prompt, answer)
    report.step(f"One turn of the loop, on “{prompt}”", f"loss = −ln P({answer});  w ← w − {RATE} ∂loss/∂w")
    shares = ", ".join(f"{name} {share:.0%}" for name, share in zip(STAGES, before.shares))
    rows = [
        ("1. forward pass", f"the likeliest words are {before.words}"),
        ("2. loss", f"P({answer}) = {before.p:.4f}, so the loss is {before.loss:.3f}"),
        ("3. backward pass", f"the blame: {shares}"),
        ("4. update", f"P({answer}) = {after.p:.4f}, and the loss is {after.loss:.3f}"),
    ]
    report.table(["line of the loop", "what it gives"], rows)
    report.say(
        f"The model is untrained here. One step nudges {answer} up; it is taken on a copy, for the question is held "
        "out, and the training that follows never sees it."
    )
    return before


def show_before_and_after(report: Report, looks: Sequence[tuple[str, Look]], prompt: str, answer: str) -> None:
    """The question before and after training: the answer, its probability, its loss and the blame of the stages."""
    report.step(f"“{prompt}” before and after training", f"the question is held out; the right answer is {answer}")
    rows = [(when, x.words, f"{x.p:.2%}", x.loss, *(f"{s:.1%}" for s in x.shares)) for when, x in looks]
    report.table(["", "likeliest", f"P({answer})", "loss", *STAGES], rows)
    report.say(
        "The last four columns are the blame: how much of the gradient of this one loss falls on each stage, as shares "
        "of the sum of their norms. They are measured on a copy whose output matrix is not tied to the embedding."
    )


def show_published(
    report: Report, before: Look, after: Look, seen: int, weights: int, examples: int, time: str
) -> None:
    """What an article says of such a calculator, beside this one."""
    report.step("The published calculator, and this one")
    embedding, attention, mlp, output = (f"{100 * share:.0f}" for share in before.shares)
    values = (
        before.likeliest[0][0],
        after.likeliest[0][0],
        f"{100 * after.p:.0f}",
        f"{after.loss:.2f}",
        time,
        f"none {embedding} {attention} {output}",
        f"{weights:,}",
        f"{examples:,}",
    )
    here = dict(zip((row.what for row in CALCULATOR), values, strict=True))
    report.published(LEARNS, CALCULATOR, here, seen=seen, mlp=before.shares[2])


def show_operations(report: Report, model: GPT, tokens: Tokenizer, prompts: dict[str, str]) -> None:
    """The same two numbers with each operation: what the model answers."""
    report.step("What “plus”, “minus” and “times” do to the same two numbers")
    looks = [(prompt, answer, look(model, tokens, prompt, answer)) for prompt, answer in prompts.items()]
    rows = [(prompt, x.words, answer, f"{x.p:.2%}") for prompt, answer, x in looks]
    report.table(["question", "likeliest", "right", "its P"], rows)


def show_neighbours(report: Report, model: GPT, tokens: Tokenizer, words: Sequence[str]) -> None:
    """The number words whose embeddings point most nearly the same way."""
    report.step("Which numbers are alike", "cosine of two embeddings: 1 the same direction, 0 unrelated")
    numbers = [*words]
    e = model.transformer.wte.weight.detach().array[tokens.encode(" ".join(numbers))]
    e = (e - e.mean(axis=0)) / np.linalg.norm(e - e.mean(axis=0), axis=1, keepdims=True)
    cosines, rows = e @ e.T, []
    for word in ("two", "three", "nineteen", "ninety"):
        at = numbers.index(word)
        order = [i for i in np.argsort(-cosines[at]).tolist() if i != at]
        near, far = ([f"{numbers[i]} {cosines[at, i]:+.2f}" for i in some] for some in (order[:3], order[-3:]))
        rows.append((word, ", ".join(near), ", ".join(far)))
    report.table(["word", "nearest", "farthest"], rows)
    report.say("The mean of all number words is subtracted first: what they share says nothing of their sizes.")


def show_looks(
    report: Report, model: GPT, tokens: Tokenizer, text: str, operation: str, place: str, file: Path
) -> None:
    """What every head looks at, from the place of the operation and from the place where the answer is written."""
    ids = tokens.encode(text)
    words = [tokens.decode([i]) for i in ids]
    attention = attention_of(model, ag.as_tensor([ids]))[:, 0]  # (L, H, T, T)
    report.step(f"Who looks at whom in “{text}”", "A = softmax(Q Kᵀ / √D), masked")
    heads = [f"layer {n + 1}, head {h + 1}" for n, h in np.ndindex(attention.shape[:2])]
    for word in (operation, place):
        rows = attention[:, :, words.index(word)].reshape(len(heads), -1)
        report.matrix(f"From {word}", rows, heads, words, digits=2)
    at, seen = words.index(operation), attention[:, :, words.index(place)].reshape(len(heads), -1)
    before, after = (int(seen[:, i].argmax()) for i in (at - 1, at + 1))
    report.say(
        f"“{operation}” cannot look at the number after it: the mask hides what follows, and those shares are 0. The "
        f"place of the answer, {place}, sees both numbers: most at “{words[at - 1]}” looks {heads[before]} "
        f"({seen[before, at - 1]:.0%}), most at “{words[at + 1]}” {heads[after]} ({seen[after, at + 1]:.0%}), and most "
        f"at “{operation}” {heads[int(seen[:, at].argmax())]} ({seen[:, at].max():.0%})."
    )
    draw_attention(attention, words, words, f"“{text}”: each row looks at the columns", file)
    report.picture(file, "what each head looks at: the darker a cell, the more of the row's attention")
