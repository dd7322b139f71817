"""A transformer learns to translate number words into digits: "four hundred and seven" becomes "407".

The encoder-decoder of Attention Is All You Need, with its learning-rate schedule and label smoothing, sees four fifths
of the numbers from 0 to 9999, small ones more often, and is tested on the rest. In out/translate/latest/ are the model,
the curves of the training, the accuracy by length, the sines and cosines that encode the positions, and the words that
it looks at for each digit. With --ask the saved model translates without being trained again.
"""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import autograd as ag
from autograd import Tensor
from demos.data.numbers import Example, split_examples, translation_examples, words_to_number
from demos.pictures.answers import learning
from demos.pictures.attention import attention_of, draw_attention, positions
from demos.questions import NOTHING, fit, learn_or_ask, settings, show_answers
from demos.report import Report
from demos.runs import WEIGHTS
from models.tokenizers import CharTokenizer, Tokenizer, WordTokenizer, from_state
from models.transformer import Transformer, TransformerConfig, padded
from nn import checkpoint, optim
from nn import functional as F
from nn.checkpoint import CheckpointError
from nn.optim.lr_scheduler import LambdaLR, inverse_square_root
from nn.report import RunReport
from nn.train import Trainer

PAD, START, STOP = "_<>"  # of the digits; padding is id 0 for the words, too
LONGEST_ANSWER = 5  # "9999>"
SIZES: dict[str, Any] = {"d_model": 64, "num_heads": 4, "num_layers": 2, "d_ff": 256, "max_len": 32, "dropout": 0.1}
STEPS, BATCH, WARMUP, SMOOTHING = 2500, 64, 800, 0.1
BETAS, EPS = (0.9, 0.98), 1e-9  # of Adam (Vaswani et al. 2017, section 5.3)
SHOWN = "four thousand seven hundred and twenty three"  # in the picture of attention
NAME = "translate"


class Translator(NamedTuple):
    """The model with the tokenizers of both languages."""

    model: Transformer
    words: Tokenizer
    digits: Tokenizer

    def source(self, questions: Sequence[str]) -> Tensor:
        """Ids (B, S)."""
        return padded([self.words.encode(question) for question in questions], self.model.config.pad)

    def target(self, answers: Sequence[str]) -> Tensor:
        """Ids (B, T) that begin with START and end with STOP."""
        return padded([self.digits.encode(f"{START}{answer}{STOP}") for answer in answers], self.model.config.pad)

    def translate(self, questions: Sequence[str]) -> list[str]:
        """The likeliest digits, one after another."""
        start, stop = self.digits.encode(START + STOP)
        return [
            self.digits.decode(ids) for ids in self.model.translate(self.source(questions), start, stop, LONGEST_ANSWER)
        ]


def new_translator() -> Translator:
    """An untrained translator."""
    words = WordTokenizer.train(
        " ".join(example.question for example in translation_examples()), punctuation=False, special=("<pad>",)
    )
    digits = CharTokenizer(f"{PAD}0123456789{START}{STOP}")
    return Translator(Transformer(TransformerConfig(words.vocab_size, digits.vocab_size, **SIZES)), words, digits)


def frequencies(examples: Sequence[Example]) -> np.ndarray:
    """The probability (N,) with which each example is drawn: numbers of 1, 2, 3 and 4 digits equally often.

    People ask for small numbers first, and there are few of them. Among those with so many digits, numbers of so many
    words are drawn in proportion to the root of their count.
    """
    kinds = np.array([(len(example.answer), len(example.question.split())) for example in examples])
    weights = np.empty(len(examples))
    for digits in np.unique(kinds[:, 0]):
        rows = kinds[:, 0] == digits
        words = kinds[rows, 1]
        shares = np.bincount(words)[words] ** -0.5
        weights[rows] = shares / shares.sum()
    return weights / weights.sum()


def parts(examples: Sequence[Example], seed: int) -> tuple[list[Example], list[Example]]:
    """What is learned from, and what is held out: a fifth of the numbers of several words.

    The 28 numbers of one word are learned: what a word is alone cannot be told from what it is among others.
    """
    alone = [example for example in examples if " " not in example.question]
    trained, held_out = split_examples([example for example in examples if " " in example.question], seed=seed)
    return alone + trained, held_out


def exact(examples: Sequence[Example], given: Sequence[str]) -> float:
    """The share of answers that are right to the last digit."""
    return float(np.mean([answer == example.answer for example, answer in zip(examples, given, strict=True)]))


def trainer(
    translator: Translator, examples: Sequence[Example], held_out: Sequence[Example], args: Namespace, folder: Path
) -> Trainer:
    """Adam with the paper's schedule."""
    model, words, digits = translator
    (source, target), test = (
        (translator.source([e.question for e in part]), translator.target([e.answer for e in part]))
        for part in (examples, held_out)
    )
    often = ag.tensor(frequencies(examples))

    def draw() -> tuple[Tensor, Tensor]:
        rows = ag.multinomial(often, BATCH, replacement=True)
        return source[rows], target[rows]

    def evaluate() -> dict[str, float]:
        given = translator.translate([e.question for e in held_out])
        return {"loss": model.loss(*test, SMOOTHING).item(), "exact": exact(held_out, given)}

    asked = [SHOWN, *(example.question for example in held_out[:: max(len(held_out) // 3, 1)])]
    optimizer = optim.Adam(model.parameters(), lr=1.0, betas=BETAS, eps=EPS)
    return Trainer(
        model,
        optimizer,
        lambda model, batch: model.loss(*batch, SMOOTHING),
        draw,
        scheduler=LambdaLR(optimizer, partial(inverse_square_root, d_model=model.config.d_model, warmup=WARMUP)),
        evaluate=evaluate,
        on_evaluate=lambda _: dict(zip(asked, translator.translate(asked))),
        report=RunReport("The translator learns"),
        config=model.config,
        tokenizer={"words": words.state(), "digits": digits.state()},
        classes=digits.vocab_size,
        **settings(NAME, args, folder),
    )


def load(folder: Path) -> Translator:
    """The saved translator. Raises FileNotFoundError or CheckpointError, with the reason, if there is none."""
    state = checkpoint.load(folder / WEIGHTS)
    try:
        model = Transformer(TransformerConfig(**state["config"]))
        model.load_state_dict(state["model"])
        words, digits = (from_state(state["tokenizer"][name]) for name in ("words", "digits"))
    except (TypeError, ValueError, RuntimeError, KeyError) as error:
        raise CheckpointError(f"{folder / WEIGHTS} is not the checkpoint of a translator: {error}") from error
    return Translator(model.eval(), words, digits)


def reply(translator: Translator, question: str) -> str:
    """The model's digits, and the right ones if they differ. Raises ValueError if it is not a number in words."""
    translator.words.encode(question)  # raises an error that names an unknown word
    number = words_to_number(question)
    (answer,) = translator.translate([question])
    return answer if answer == str(number) else f"{answer or NOTHING} (wrong: it is {number})"


# What is shown --------------------------------------------------------------------------------------------------------


def show_positions(report: Report, translator: Translator, file: Path) -> None:
    """The sines and cosines that are added to the embeddings of the words."""
    model, words, _ = translator
    length, width = len(words.encode(SHOWN)), model.config.d_model
    table = F.sinusoidal_encoding(length, width).array
    report.step(
        "Where a word stands: sines and cosines",
        f"PE(pos, 2i) = sin(pos / 10000^(2i/{width}))    PE(pos, 2i + 1) = cos(pos / 10000^(2i/{width}))",
    )
    names = [f"{pos} {words.decode([i])}" for pos, i in enumerate(words.encode(SHOWN))]
    columns = [0, 1, 2, 3, width // 2, width // 2 + 1, width - 2, width - 1]
    report.matrix("PE", table[:, columns], names, [f"dim {c}" for c in columns], note=f"{len(columns)} dims shown")
    report.say(
        "Attention alone would not know the order of the words. Each position has a row of its own, which is added to "
        "the word's embedding: fast waves tell neighbours apart, slow ones the beginning from the end."
    )
    positions(F.sinusoidal_encoding(model.config.max_len, width).array, file)
    report.picture(file, f"the encodings of {model.config.max_len} positions, and four of the waves")


def show_looks(report: Report, translator: Translator, file: Path) -> None:
    """Which words each head of each decoder layer attends to for each digit."""
    model, words, digits = translator
    (answer,) = translator.translate([SHOWN])
    before = translator.target([answer])[:, :-1]
    attention = attention_of(model, translator.source([SHOWN]), before, kind="cross")[:, 0]  # (L, H, T, S)
    rows = [*answer, "end"]  # what the decoder writes at each position
    columns = [words.decode([i]) for i in words.encode(SHOWN)]
    report.step("Where it looks")
    for row, seen in zip(rows, attention.mean(axis=(0, 1))):
        best = columns[int(seen.argmax())]
        report.say(f"To write {row} all heads together look most at “{best}” ({seen.max():.0%} of the attention).")
    title = f"“{SHOWN}” is {answer}: to write a row, it looks at the columns"
    draw_attention(attention, rows, columns, title, file)
    report.picture(file, "which words each head looks at for each digit: the darker, the more")


def show_figures(report: Report, held_out: list[Example], given: list[str]) -> float:
    """The exact translations by the number of digits, and the wrong ones. Returns the share over all."""
    report.step("Exact translations of held-out numbers")
    right = {"1 digit": [], "2 digits": [], "3 digits": [], "4 digits": [], "all": []}  # type: dict[str, list[bool]]
    for example, answer in zip(held_out, given, strict=True):
        for name in ([*right][len(example.answer) - 1], "all"):
            right[name].append(answer == example.answer)
    rows = [(name, f"{len(r):,}", f"{sum(r):,}", f"{np.mean(r):.2%}") for name, r in right.items() if r]
    report.table(["", "held out", "right", "share"], rows)
    wrong = [(e.question, e.answer, answer) for e, answer in zip(held_out, given, strict=True) if answer != e.answer]
    if wrong:
        report.table(["in words", "right", "answer"], wrong[:12], name=f"{len(wrong)} wrong, the first of them")
    return exact(held_out, given)


def learn(args: Namespace, folder: Path) -> tuple[Translator, float]:
    """Train, report, draw. Returns the translator and its share of exact held-out translations."""
    ag.manual_seed(args.seed)
    translator = new_translator()
    trained, held_out = parts(translation_examples(), args.seed)
    report = Report("From words to digits")
    report.step("What is to be learned", f"{held_out[-1].question} → {held_out[-1].answer}")
    report.say(
        f"{len(trained):,} numbers to learn from, {len(held_out):,} held out; {translator.words.vocab_size} words, "
        f"{translator.digits.vocab_size} characters; {sum(p.numel() for p in translator.model.parameters()):,} weights."
    )
    questions = [example.question for example in held_out]
    show_positions(report, translator, folder / "positions.png")
    before = translator.translate(questions)
    history = fit(report, trainer(translator, trained, held_out, args, folder), folder)

    given = translator.translate(questions)
    show_answers(report, held_out, before, given, np.random.default_rng(args.seed).permutation(len(held_out))[:12])
    share = show_figures(report, held_out, given)
    learning(history, {"held_out_exact": "numbers"}, folder / "learning.png")
    report.picture(folder / "learning.png", "the loss, and the exact translations of held-out numbers")
    show_looks(report, translator, folder / "attention.png")
    report.save(folder / "translate.html")
    return translator, share


def main(arguments: list[str] | None = None) -> float | None:
    """Train and translate, or translate alone. Returns the share of exact held-out translations after a training."""
    example = "four hundred and seven"
    return learn_or_ask(NAME, __doc__, arguments, steps=STEPS, learn=learn, load=load, reply=reply, example=example)


if __name__ == "__main__":
    main()
