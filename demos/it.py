"""What "it" refers to, the dog or the cat, the pizza or the oven, learned from sentences where only the context tells.

"the dog chased the cat because it was fast": is the dog fast, or the cat? Two small transformers learn it from made-up
sentences, one with the causal mask, which is a GPT, and one without. Shown are their answers to sentences that they
have not seen, what each head looks at from "it", and what becomes of the answer when a word is hidden. A GPT cannot
know it when it reads "it", for the word that tells comes later; after the sentence it can. The page is
out/it/latest/it.html.
"""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

import autograd as ag
from autograd import Tensor
from demos.common import at_least, parser
from demos.data.pronouns import SHOWN, Sentence, corpus
from demos.pictures.attention import attention_of
from demos.pictures.it import looks
from demos.report import Report
from demos.runs import losses_of, run_and_draw
from models.block import Stack
from models.config import GPTConfig
from models.gpt import GPT
from models.tokenizers import WordTokenizer
from nn import functional as F
from nn import optim
from nn.train import Trainer

BATCH, RATE, HELD_OUT = 32, 3e-3, 0.2
MASKED, FREE = "GPT", "without mask"
PLACES = ("at “it”", "after the sentence")
HEADS = [f"block {n}, head {h}" for n in range(2) for h in range(2)]


class Lessons(NamedTuple):
    """Sentences of one kind, each with another "it" after it: the models are asked what both of them stand for."""

    sentences: Sequence[Sentence]
    ids: np.ndarray  # (N, T), of the sentence and the "it" after it
    things: np.ndarray  # (N, 2), the tokens of the two things
    answers: np.ndarray  # (N,), the token of the right one
    it: int  # the place of "it" in the sentence
    held_out: np.ndarray  # (N,) of booleans

    @property
    def following(self) -> slice:
        """The places of the words between "it" and the full stop."""
        return slice(self.it + 1, self.ids.shape[1] - 2)

    def batch(self, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
        """Sentences to learn from, at random, and their answers."""
        drawn = rng.choice(np.flatnonzero(~self.held_out), BATCH)
        return ag.tensor(self.ids[drawn]), ag.tensor(self.answers[drawn])

    def rows(self, texts: Sequence[str]) -> np.ndarray:
        """Where these sentences are."""
        every = [sentence.text for sentence in self.sentences]
        return np.array([every.index(text) for text in texts])


def tokenizer(kinds: Mapping[str, Sequence[Sentence]]) -> WordTokenizer:
    """One token a word."""
    return WordTokenizer.train(" ".join(sentence.text for kind in kinds.values() for sentence in kind), lower=False)


def lessons_of(sentences: Sequence[Sentence], tokens: WordTokenizer, rng: np.random.Generator) -> Lessons:
    """A part of the sentences is held out, those that are shown among them."""
    ids = np.array([tokens.encode(f"{sentence.text} it") for sentence in sentences])
    things = np.array([tokens.encode(" ".join(sentence.things)) for sentence in sentences])
    answers = things[np.arange(len(ids)), [sentence.which for sentence in sentences]]
    shown = [any(sentence.text in texts for texts in SHOWN.values()) for sentence in sentences]
    held_out = (rng.random(len(ids)) < HELD_OUT) | shown
    return Lessons(sentences, ids, things, answers, ids[0].tolist().index(ids[0, -1]), held_out)


def new_model(vocabulary: int, causal: bool) -> GPT:
    """Two blocks of two heads, 32 numbers a word."""
    model = GPT(GPTConfig(vocabulary, 14, n_layer=2, n_head=2, n_embd=32, tie=False))
    if not causal:
        model.transformer = Stack(model.config, causal=False)
        model.reset_parameters()
    return model


def loss_of(model: GPT, kinds: Sequence[tuple[Tensor, Tensor]], places: Sequence[int]) -> Tensor:
    """The mean cross-entropy of what both "it" of each kind stand for; `places` are those of the first ones."""
    losses = []
    for (ids, answers), it in zip(kinds, places, strict=True):
        logits = model(ids)
        losses += [F.cross_entropy(logits[:, place], answers) for place in (it, -1)]
    return sum(losses[1:], losses[0]) / len(losses)


def train(model: GPT, lessons: Sequence[Lessons], steps: int, rng: np.random.Generator) -> None:
    """AdamW on all kinds of sentences at once; Ctrl-C ends it early."""
    places = [kind.it for kind in lessons]
    trainer = Trainer(
        model,
        optim.AdamW(model.parameters(), lr=RATE),
        lambda m, batch: loss_of(m, batch, places),
        lambda: tuple(kind.batch(rng) for kind in lessons),
        steps=steps,
        unit="batches",
    )
    losses_of(trainer)
    model.eval()


@ag.no_grad()
def answers(model: GPT, lessons: Lessons, rows: np.ndarray, hidden: Sequence[int] = ()) -> np.ndarray:
    """The probabilities (N, 2, V) of what the two "it" stand for; words at some places may be hidden from others."""
    seen = np.ones((lessons.ids.shape[1],) * 2, bool)
    seen[:, list(hidden)] = False
    seen |= np.eye(len(seen), dtype=bool)  # a word sees itself, or it would see nothing
    logits = model.lm_head(model.transformer(ag.tensor(lessons.ids[rows]), ag.tensor(seen)))
    return logits[:, [lessons.it, -1]].softmax(dim=-1).array


def right_shares(model: GPT, lessons: Lessons, hidden: Sequence[int] = ()) -> np.ndarray:
    """The shares of the held-out sentences that are answered right, at "it" and after the sentence."""
    rows = np.flatnonzero(lessons.held_out)
    return (answers(model, lessons, rows, hidden).argmax(axis=-1) == lessons.answers[rows][:, None]).mean(axis=0)


def attention_shares(model: GPT, lessons: Lessons, place: int) -> np.ndarray:
    """What each head looks at from a place in held-out sentences, on average, (2, L * H, 3).

    The shares of the first thing, of the second, and of what follows "it": where the first is meant, then the second.
    """
    rows = np.flatnonzero(lessons.held_out)
    ids = lessons.ids[rows]
    attention = attention_of(model, ag.tensor(ids))[:, :, :, place]  # (L, N, H, T)
    found = attention.transpose(1, 0, 2, 3).reshape(len(ids), -1, ids.shape[1])  # (N, L * H, T)
    shares = [(found * (ids == thing[:, None])[:, None]).sum(axis=-1) for thing in lessons.things[rows].T]
    shares.append(found[..., lessons.following].sum(axis=-1))
    first = lessons.answers[rows] == lessons.things[rows, 0]
    return np.stack([np.stack([share[side].mean(axis=0) for share in shares], axis=-1) for side in (first, ~first)])


def asked_at(name: str, lessons: Lessons) -> int:
    """The place where a model can know the answer: a GPT after the sentence, the other at "it"."""
    return -1 if name == MASKED else lessons.it


# What is shown --------------------------------------------------------------------------------------------------------


def show_sentences(report: Report, lessons: Mapping[str, Lessons]) -> None:
    """Examples of each kind, and how many there are."""
    report.step("Sentences in which only the rest tells what “it” is")
    for name, kind in lessons.items():
        rows = [kind.sentences[row] for row in (*kind.rows(SHOWN[name]), 5, len(kind.ids) // 2)]
        report.table(["sentence", "“it” is"], [(sentence.text, sentence.answer) for sentence in rows])
        report.say(f"{len(kind.ids):,} sentences of this kind; {int(kind.held_out.sum())} are held out.")
    report.say(
        "In English the first sentence can be read in two ways. Here the words decide it: whoever is fast, hungry, "
        "strong or angry is the one that chases, and whoever is slow, weak, lost or afraid is the one that is chased. "
        "Each animal occurs as often in either place, so neither the dog nor the first of the two is a good guess."
    )


def show_models(report: Report, models: Mapping[str, GPT]) -> None:
    """What the models are, and what they are asked."""
    report.step("Two models, and what they are asked")
    size = sum(p.numel() for p in models[MASKED].parameters())
    report.say(
        f"Both have two blocks of two heads and {size:,} weights. In a GPT each word sees those before it; in the "
        "other model, as in the encoder of a translator, each word sees all. After each sentence stands another “it”, "
        "and at either place both models are asked which thing is meant."
    )


def show_shares(report: Report, models: Mapping[str, GPT], lessons: Mapping[str, Lessons]) -> None:
    """The share of right answers to held-out sentences."""
    report.step("Held-out sentences")
    rows, blind = [], []
    for name, model in models.items():
        shares = [right_shares(model, kind) for kind in lessons.values()]
        rows.append((name, *(f"{share:.1%}" for pair in shares for share in pair)))
        hidden = [range(kind.ids.shape[1])[kind.following] for kind in lessons.values()]
        blind += [right_shares(model, kind, places)[1] for kind, places in zip(lessons.values(), hidden)]
    report.table(["answered right", *(f"{kind}, {place}" for kind in lessons for place in PLACES)], rows)
    report.say(
        "A GPT cannot know it when it reads “it”: what tells comes afterwards, where the mask does not let it look, so "
        "that it can only toss a coin between the two things. After the sentence it has seen everything, and knows. "
        "That is how GPTs do it: later words look back, and gather what earlier ones could not know."
    )
    report.say(
        "Is it really what follows “it” that tells? With these words hidden from all others, the two models answer "
        f"from {min(blind):.0%} to {max(blind):.0%} of the sentences of a kind right after the sentence."
    )


def show_pair(
    report: Report, models: Mapping[str, GPT], lessons: Lessons, texts: Sequence[str], tokens: WordTokenizer, file: Path
) -> None:
    """Two sentences that differ in the words that tell: the answers, what the heads look at, what can be hidden."""
    rows = lessons.rows(texts)
    things = lessons.sentences[rows[0]].things
    report.step(f"“{texts[0].removesuffix(' .')}”: the {things[0]} or the {things[1]}?")
    ends = [" ".join(text.split()[lessons.it : -1]) for text in texts]
    lines, panels = [], []
    for name, model in models.items():
        p = np.take_along_axis(answers(model, lessons, rows), lessons.things[rows][:, None, :], axis=2)
        lines += [(name, end, *(f"{share:.1%}" for share in each.reshape(-1))) for end, each in zip(ends, p)]
        attention = attention_of(model, ag.tensor(lessons.ids[rows])).transpose(1, 0, 2, 3, 4)  # (2, L, H, T, T)
        for row, end, each in zip(rows, ends, attention[..., asked_at(name, lessons), :]):
            words = [tokens.tokens[token] for token in lessons.ids[row]]
            panels.append((f"“{end}”, {name}: from “it” {PLACES[name == MASKED]}", each.reshape(-1, len(words)), words))
        if name == MASKED:
            one, other = attention[..., lessons.it, :]
    report.table(["", "sentence", *(f"{thing} {place}" for place in PLACES for thing in things)], lines)
    report.say(
        "In the GPT the first “it” looks at the same words in both sentences, with shares that differ by at most "
        f"{np.abs(one - other).max():.1g}: it has no way to tell them apart."
    )
    looks(panels, HEADS, file)
    report.picture(file, "what each head looks at from the “it” where the answer is given: the shares of its attention")
    show_hidden(report, models, lessons, rows, tokens)


def show_hidden(
    report: Report, models: Mapping[str, GPT], lessons: Lessons, rows: np.ndarray, tokens: WordTokenizer
) -> None:
    """What becomes of the probability of the right answer when one word is hidden from all others."""
    for row in rows:
        words = [tokens.tokens[token] for token in lessons.ids[row, :-1]]
        right, choices = lessons.answers[row], [[], *([i] for i in range(len(words)))]
        found = [
            [answers(model, lessons, np.array([row]), hidden)[0, int(name == MASKED), right] for hidden in choices]
            for name, model in models.items()
        ]
        title = f"P({tokens.tokens[right]}) when one word is hidden from all others"
        report.matrix(title, np.array(found), [*models], ["none", *words], digits=2)
    report.say(
        "Where the probability stays, the answer does not depend on that word. Without a word that tells, or without "
        "one of the two things, a model has to guess, and a guess may be right: of the two sentences one or the other "
        "often survives."
    )


def show_attention(report: Report, models: Mapping[str, GPT], lessons: Mapping[str, Lessons]) -> None:
    """Whether attention from "it" goes to what it stands for, in all held-out sentences."""
    report.step("Does “it” look at what it stands for?")
    columns = ["the first thing", "the second thing", "what follows"]
    for name, model in models.items():
        for kind, them in lessons.items():
            report.say(f"{kind}, {name}: mean attention from “it” {PLACES[name == MASKED]}")
            with report.side_by_side("22rem"):
                for meant, shares in zip(("first", "second"), attention_shares(model, them, asked_at(name, them))):
                    report.matrix(f"where the {meant} is meant", shares, HEADS, columns, digits=2)
    report.say(
        "In block 0 the scores are those of the words alone: a head divides its attention between two given things in "
        "the same ratio, whatever follows, and the word that follows can only draw it away from both. From block 1 on "
        "“it” can turn to the one that is meant. Often it looks at the word that follows all the same: that word has "
        "looked back at the things itself, and carries what it found. So attention alone may mislead. It shows where a "
        "head looks; what the answer depends on is shown by hiding a word."
    )


def show(args: Namespace, folder: Path) -> dict[str, GPT]:
    """Train both models and show all of it. Returns the models."""
    report, kinds, rng, models = Report("What “it” refers to"), corpus(), np.random.default_rng(args.seed), {}
    tokens = tokenizer(kinds)
    lessons = {kind: lessons_of(sentences, tokens, rng) for kind, sentences in kinds.items()}
    show_sentences(report, lessons)
    for name, causal in ((MASKED, True), (FREE, False)):
        ag.manual_seed(args.seed)
        models[name] = new_model(tokens.vocab_size, causal)
        train(models[name], [*lessons.values()], args.steps, rng)
    show_models(report, models)
    show_shares(report, models, lessons)
    for kind, texts in SHOWN.items():
        show_pair(report, models, lessons[kind], texts, tokens, folder / f"{kind}.png")
    show_attention(report, models, lessons)
    report.save(folder / "it.html")
    return models


def main(arguments: list[str] | None = None) -> dict[str, GPT]:
    """Read the options, then show all of it."""
    options = parser(__doc__)
    options.add_argument("--steps", type=at_least(1), default=700, help="training steps of each of the two models")
    return run_and_draw(options, arguments, show, "it", result="it.html")


if __name__ == "__main__":
    main()
