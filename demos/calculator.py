"""A GPT of 100,000 weights learns to calculate in words: "two plus three" becomes "five".

It sees four fifths of all sums, differences and products of numbers from 0 to 99, and is tested on the rest. Then it
answers what you ask. It leaves in out/calculator/latest/ the model, the curves of the training, every answer on a map
of the operands, and how the model answers one held-out question. With --ask the saved model answers without being
trained again.
"""

from __future__ import annotations

import time
from argparse import Namespace
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import autograd as ag
from autograd import Tensor
from demos import one_question
from demos.data.numbers import Example, calculator_examples, number_to_words, split_examples, words_to_number
from demos.learned import show_learned
from demos.pictures.answers import learning, operands
from demos.questions import NOTHING, fit, learn_or_ask, settings, show_answers
from demos.report import Report
from demos.runs import WEIGHTS
from demos.sections import attention, token_losses
from demos.watch import stage
from models.checkpoint import describe, load_gpt
from models.config import GPTConfig
from models.generate import generate
from models.gpt import GPT
from models.tokenizers import Tokenizer, WordTokenizer
from nn import Module, optim
from nn.checkpoint import CheckpointError
from nn.optim.lr_scheduler import OneCycleLR
from nn.report import RunReport
from nn.train import Trainer, decay_groups

PAD, IS, END = "<pad>", "<is>", "<end>"
OPERATIONS = {"plus": "sums", "minus": "differences", "times": "products"}
SIZES: dict[str, Any] = {"block_size": 16, "n_layer": 2, "n_head": 4, "n_embd": 64}
LONGEST_ANSWER = 6  # "one hundred and ninety eight <end>"
STEPS, BATCH, RATE, DECAY = 3000, 256, 4e-3, 0.3
PRODUCTS = 6  # a product is drawn this many times as often as a sum, for there are few products
SHOWN, RIGHT = "two plus three", "five"  # followed from before the training to what is looked at
SAME = {"six plus two": "eight", "six minus two": "four", "six times two": "twelve"}
NAME = "calculator"


def tokenizer() -> WordTokenizer:
    """One id a word, for every word of a question or an answer."""
    words = " ".join(f"{question} {answer}" for question, answer in calculator_examples())
    return WordTokenizer.train(words, punctuation=False, special=(PAD, IS, END))


def operation(question: str) -> str:
    """The one of OPERATIONS that the question names."""
    return next(word for word in question.split() if word in OPERATIONS)


class Data(NamedTuple):
    """Token ids (N, T) and the token after each (N, T), -1 where it is not part of the answer and not learned."""

    x: np.ndarray
    y: np.ndarray

    @classmethod
    def encode(cls, examples: Sequence[Example], tokens: Tokenizer) -> Data:
        """Rows like "two plus three <is> five <end>", filled up with <pad>."""
        questions = [tokens.encode(f"{example.question} {IS}") for example in examples]
        rows = [q + tokens.encode(f"{example.answer} {END}") for q, example in zip(questions, examples, strict=True)]
        (pad,) = tokens.encode(PAD)
        x = np.full((len(rows), max(map(len, rows)) - 1), pad)
        y = np.full_like(x, -1)
        for i, (question, row) in enumerate(zip(questions, rows, strict=True)):
            x[i, : len(row) - 1] = row[:-1]
            y[i, len(question) - 1 : len(row) - 1] = row[len(question) :]
        return cls(x, y)

    def rows(self, indices: np.ndarray | slice) -> tuple[Tensor, Tensor]:
        """Some of the rows, as a batch."""
        return ag.as_tensor(self.x[indices]), ag.as_tensor(self.y[indices])


class Calculator(NamedTuple):
    """A GPT with its tokenizer."""

    model: GPT
    tokens: Tokenizer

    def rows(self, examples: Sequence[Example]) -> Data:
        """The examples as this model reads them."""
        return Data.encode(examples, self.tokens)

    def answers(self, questions: Sequence[str], cache: bool = True) -> list[str]:
        """The likeliest answer to each question, word by word; those of one length are answered together.

        A model that looks at what follows needs cache=False: there each new word changes the keys of those before it.
        """
        model, tokens = self
        (end,) = tokens.encode(END)
        prompts = [tokens.encode(f"{question} {IS}") for question in questions]
        found = [""] * len(prompts)
        for length in sorted({len(prompt) for prompt in prompts}):
            at = [i for i, prompt in enumerate(prompts) if len(prompt) == length]
            asked = [prompts[i] for i in at]
            ids = generate(model, asked, LONGEST_ANSWER, temperature=0, stop=[end], cache=cache).array
            for i, row in zip(at, ids[:, length:].tolist(), strict=True):
                found[i] = tokens.decode(row[: row.index(end)] if end in row else row)
        return found


def shares(examples: Sequence[Example], given: Sequence[str]) -> dict[str, float]:
    """The share of exact answers for each operation."""
    right: dict[str, list[bool]] = {word: [] for word in OPERATIONS}
    for example, answer in zip(examples, given, strict=True):
        right[operation(example.question)].append(answer == example.answer)
    return {word: float(np.mean(found)) for word, found in right.items() if found}


def prepare(seed: int) -> tuple[Calculator, list[Example], list[Example]]:
    """A calculator that has learned nothing yet, the questions that it is to learn from, and those held out."""
    ag.manual_seed(seed)
    tokens = tokenizer()
    trained, held_out = split_examples(calculator_examples(), seed=seed, question=SHOWN)
    return Calculator(GPT(GPTConfig(tokens.vocab_size, **SIZES)), tokens), trained, held_out


def batches(examples: Sequence[Example], tokens: Tokenizer, size: int = BATCH) -> Callable[[], tuple[Tensor, Tensor]]:
    """A function that draws a batch of the examples at random."""
    data = Data.encode(examples, tokens)
    repeats = [PRODUCTS if operation(example.question) == "times" else 1 for example in examples]
    order = np.repeat(np.arange(len(examples)), repeats)
    return lambda: data.rows(order[ag.randint(0, len(order), (size,)).array])


def optimizer(model: Module) -> optim.Optimizer:
    """AdamW: the matrices decay, biases and norms do not."""
    return optim.AdamW(decay_groups(model, DECAY), lr=RATE, betas=(0.9, 0.99))


def trainer(
    calculator: Calculator,
    examples: Sequence[Example],
    held_out: Sequence[Example],
    args: Namespace,
    folder: Path | None,
) -> Trainer:
    """AdamW with a rate that rises and falls once, on the words of the answers."""
    model, tokens = calculator
    test = Data.encode(held_out, tokens)

    def evaluate() -> dict[str, float]:
        given = calculator.answers([example.question for example in held_out])
        return {"loss": model.loss(*test.rows(slice(None))).item(), **shares(held_out, given)}

    kinds = [[example for example in held_out if operation(example.question) == word] for word in OPERATIONS]
    followed = [kind[len(kind) * part // 3] for kind in kinds if kind for part in (1, 2)]
    asked = [SHOWN, *(example.question for example in followed[::2])]
    losses = token_losses(tokens, *Data.encode(followed, tokens).rows(slice(None)))
    looks = attention(tokens, f"{SHOWN} {IS} {RIGHT}")
    adamw = optimizer(model)
    return Trainer(
        model,
        adamw,
        lambda model, batch: model.loss(*batch),
        batches(examples, tokens),
        scheduler=OneCycleLR(adamw, RATE, args.steps, pct_start=0.1, cycle_momentum=False),
        clip=1.0,
        evaluate=evaluate,
        on_evaluate=lambda _: dict(zip(asked, calculator.answers(asked))),
        report=RunReport("The calculator learns", stage=stage, sections=[losses, looks]),
        classes=tokens.vocab_size,
        **describe(model.config, tokens),
        **settings(NAME, args, folder),
    )


# What is answered -----------------------------------------------------------------------------------------------------


def operands_of(question: str) -> tuple[int, str, int]:
    """The two numbers of a question and the operation. Raises ValueError if it is not a question."""
    words = question.lower().replace("-", " ").replace("?", " ").split()
    for at, word in enumerate(words):
        if word in OPERATIONS:
            return words_to_number(" ".join(words[:at])), word, words_to_number(" ".join(words[at + 1 :]))
    raise ValueError(f"{question!r} has none of the words {', '.join(OPERATIONS)} between two numbers")


def true_answer(question: str) -> int:
    """The right answer to a question. Raises ValueError if it is not a question."""
    a, word, b = operands_of(question)
    return {"plus": a + b, "minus": a - b, "times": a * b}[word]


def reply(calculator: Calculator, question: str) -> str:
    """The model's answer, and the right one if they differ. Raises ValueError if it is not a question."""
    calculator.tokens.encode(question)  # raises an error that names an unknown word
    a, word, b = operands_of(question)
    (answer,) = calculator.answers([f"{number_to_words(a)} {word} {number_to_words(b)}"])
    answer, right = answer or NOTHING, true_answer(question)
    if max(a, b) > 99 or right < 0 or (word == "times" and right > 99):
        return f"{answer} (it never learned such a question; {right} is right)"
    return answer if answer == number_to_words(right) else f"{answer} (wrong: it is {number_to_words(right)})"


# What is shown --------------------------------------------------------------------------------------------------------


def draw_operands(examples: Sequence[Example], given: Sequence[str], held_out: set[Example], file: Path) -> None:
    """Every question by its operands, and whether the answer is right."""
    maps = {word: np.zeros((100, 100), int) for word in OPERATIONS}
    for example, answer in zip(examples, given, strict=True):
        a, word, b = operands_of(example.question)
        maps[word][a, b] = 1 + (example in held_out) + 2 * (answer == example.answer)
    operands(maps, file)


def show_figures(report: Report, parts: dict[str, list[Example]], given: dict[str, str]) -> dict[str, float]:
    """The exact answers by operation, and some of the wrong ones. Returns the shares of those held out."""
    report.step("Exact answers")
    found = {name: shares(part, [given[e.question] for e in part]) for name, part in parts.items()}
    rows = []
    for word, name in OPERATIONS.items():
        counts = [sum(operation(e.question) == word for e in part) for part in parts.values()]
        cells = [(f"{count:,}", f"{share[word]:.2%}") for count, share in zip(counts, found.values())]
        rows.append([name, *(text for pair in cells for text in pair)])
    report.table(["", *(f"{name}{what}" for name in parts for what in ("", ", right"))], rows)
    wrong = [e for e in parts["held out"] if given[e.question] != e.answer]
    report.say(f"{len(wrong)} of {len(parts['held out']):,} held-out questions have a wrong answer.")
    if wrong:
        lines = [(e.question, e.answer, given[e.question] or NOTHING) for e in wrong[:: max(len(wrong) // 8, 1)]]
        report.table(["question", "right", "answer"], lines, name="some of them")
    return found["held out"]


def learn(args: Namespace, folder: Path) -> tuple[Calculator, dict[str, float]]:
    """Train, report, draw. Returns the calculator and its share of exact held-out answers by operation."""
    calculator, trained, held_out = prepare(args.seed)
    tokens, examples = calculator.tokens, calculator_examples()
    report = Report("The calculator")
    report.step("What is to be learned", f"{held_out[0].question} {IS} {held_out[0].answer} {END}")
    report.say(
        f"{len(trained):,} questions to learn from, {len(held_out):,} held out; a vocabulary of {tokens.vocab_size}; "
        f"a GPT of {sum(p.numel() for p in calculator.model.parameters()):,} weights."
    )
    model, prompt = calculator.model, f"{SHOWN} {IS}"
    untrained = one_question.show_loop(report, model, tokens, prompt, RIGHT)
    before, start = calculator.answers([example.question for example in held_out]), time.perf_counter()
    history = fit(report, trainer(calculator, trained, held_out, args, folder), folder)
    seconds = time.perf_counter() - start

    given = calculator.answers([example.question for example in examples])
    answers = {example.question: answer for example, answer in zip(examples, given, strict=True)}
    rng, kinds = np.random.default_rng(args.seed), [operation(example.question) for example in held_out]
    which = [i for word in OPERATIONS for i in rng.permutation([i for i, kind in enumerate(kinds) if kind == word])[:4]]
    show_answers(report, held_out, before, [answers[example.question] for example in held_out], which)
    found = show_figures(report, {"trained on": trained, "held out": held_out}, answers)
    learning(history, {f"held_out_{word}": name for word, name in OPERATIONS.items()}, folder / "learning.png")
    report.picture(folder / "learning.png", "the loss, and the exact answers to held-out questions")
    draw_operands(examples, given, set(held_out), folder / "operands.png")
    report.picture(folder / "operands.png", "which questions are answered right")
    after = one_question.look(model, tokens, prompt, RIGHT)
    looks = [("before training", untrained), ("after training", after)]
    one_question.show_before_and_after(report, looks, prompt, RIGHT)
    text = f"{prompt} {answers.get(SHOWN) or RIGHT}"
    one_question.show_looks(report, model, tokens, text, "plus", IS, folder / "attention.png")
    one_question.show_operations(report, model, tokens, {f"{q} {IS}": answer for q, answer in SAME.items()})
    one_question.show_neighbours(report, model, tokens, [number_to_words(n) for n in (*range(20), *range(20, 100, 10))])
    show_learned(report, calculator, trained, held_out, [answers[e.question] for e in held_out], OPERATIONS, folder)
    seen, weights = BATCH * args.steps, sum(p.numel() for p in model.parameters())
    one_question.show_published(report, untrained, after, seen, weights, len(examples), f"{seconds / 60:.1f} minutes")
    report.save(folder / "calculator.html")
    return calculator, found


def load(folder: Path) -> Calculator:
    """The saved calculator. Raises FileNotFoundError or CheckpointError, with the reason, if there is none."""
    model, tokens = load_gpt(folder / WEIGHTS)
    if tokens is None:
        raise CheckpointError(f"{folder / WEIGHTS} has no tokenizer")
    return Calculator(model, tokens)


def main(arguments: list[str] | None = None) -> dict[str, float] | None:
    """Train and answer, or answer alone. Returns the share of exact held-out answers by operation after a training."""
    example = "forty two minus seven"
    return learn_or_ask(NAME, __doc__, arguments, steps=STEPS, learn=learn, load=load, reply=reply, example=example)


if __name__ == "__main__":
    main()
