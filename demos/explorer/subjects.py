"""What a GPT may learn before one's eyes: to calculate in words, or to write like a text."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

from autograd import Tensor
from demos import calculator
from demos.data.numbers import calculator_examples, split_examples
from demos.text import Passages, read_text
from models.config import GPTConfig
from models.generate import generate_text
from models.gpt import GPT
from models.tokenizers import CharTokenizer, Tokenizer

Batch = tuple[Tensor, Tensor]  # token ids (B, T), and the token after each
QUESTIONS, PASSAGES = 64, 16  # in a batch
DECAY = 0.1  # of the weights, for a text
CONTEXT = 32  # characters
WRITTEN = 60  # characters of a sample
MOST_CHARACTERS = 256  # different ones
DIALOGUE = Path(__file__).parent.parent / "data" / "dialogue.txt"
TEXTS = {"dialogue": DIALOGUE, "python": None}  # None is Python's language reference


class Sample(NamedTuple):
    """What the model makes of a prompt, and what would be right, where that is known."""

    prompt: str
    text: str
    right: str | None = None


class Subject(NamedTuple):
    """A task, and how one sees what has been learned of it."""

    title: str
    config: GPTConfig
    tokens: Tokenizer
    draw: Callable[[], Batch]
    held_out: Batch
    samples: Callable[[GPT], list[Sample]]
    shown: list[int]  # the tokens whose attention is shown
    decay: float  # of the weights


def config(vocab_size: int, block_size: int) -> GPTConfig:
    """A small GPT, whose output matrix is not the embedding: so each stage has its own share of the blame."""
    return GPTConfig(vocab_size, block_size, n_layer=2, n_head=4, n_embd=64, tie=False)


@cache
def sums() -> Subject:
    """The calculator's questions: sums, differences and products in words."""
    tokens = calculator.tokenizer()
    examples, held_out = split_examples(calculator_examples(), question=calculator.SHOWN)
    chosen = held_out[:: len(held_out) // 64][:64]
    asked = [next(e for e in held_out if e.question == calculator.SHOWN), *chosen[3::9]]

    def samples(model: GPT) -> list[Sample]:
        answers = calculator.Calculator(model, tokens).answers([example.question for example in asked])
        return [Sample(e.question, answer, e.answer) for e, answer in zip(asked, answers, strict=True)]

    shown = tokens.encode(f"{calculator.SHOWN} {calculator.IS} {calculator.RIGHT}")
    test = calculator.Data.encode(chosen, tokens).rows(slice(None))
    draw = calculator.batches(examples, tokens, QUESTIONS)
    made = config(tokens.vocab_size, 16)
    return Subject("Calculating in words", made, tokens, draw, test, samples, shown, calculator.DECAY)


def writing(text: str, title: str) -> Subject:
    """A text, character by character; its last tenth is held out. Raises ValueError where it cannot be learned from."""
    if len(text) < 20 * CONTEXT:
        raise ValueError(f"the text has {len(text):,} characters, and at least {20 * CONTEXT} are needed")
    tokens = CharTokenizer.train(text)
    if not 1 < tokens.vocab_size <= MOST_CHARACTERS:
        raise ValueError(
            f"the text has {tokens.vocab_size} different characters, and 2 to {MOST_CHARACTERS} can be learned here"
        )
    learned, held_out = (Passages(part, CONTEXT) for part in _split(tokens.encode(text)))
    prompt, shown = text[: text.find("\n") + 1 or 1][:CONTEXT], learned.ids[:CONTEXT].tolist()

    def samples(model: GPT) -> list[Sample]:
        return [Sample(prompt, generate_text(model, tokens, prompt, WRITTEN, temperature=0.8, seed=0))]

    made, test = config(tokens.vocab_size, CONTEXT), held_out.at(held_out.starts(PASSAGES))
    return Subject(title, made, tokens, lambda: learned.draw(PASSAGES), test, samples, shown, DECAY)


def _split(ids: Sequence[int]) -> list[np.ndarray]:
    return np.split(np.array(ids), [len(ids) * 9 // 10])


def subject(kind: str, text: str) -> Subject:
    """The subject of this kind: "calculator", one of TEXTS, or "own" for the text that is given."""
    if kind == "calculator":
        return sums()
    if kind == "own":
        return writing(text, "Your text")
    return writing(read_text(TEXTS[kind]), {"dialogue": "A dialogue", "python": "Python’s reference"}[kind])
