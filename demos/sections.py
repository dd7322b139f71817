"""What the report of a GPT shows besides: the attention of all heads over a text, and how hard each token was."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autograd import Tensor, as_tensor
from demos.pictures.attention import attention_of
from models.gpt import GPT
from models.tokenizers import Tokenizer
from nn.report import Axis, Page, heat
from nn.report.run import Section

WORST, MARKS = 12, {"\n": "↵", " ": "␣", "\t": "⇥"}


def attention(tokens: Tokenizer, text: str) -> Section:
    """The attention of every head of every layer over a text."""
    ids = tokens.encode(text)
    names = [named(tokens.decode([i])) for i in ids]

    def section(page: Page, trainer: Any) -> None:
        weights = attention_of(trainer.model, as_tensor(np.array([ids])))[:, 0]  # (L, H, T, S)
        page.heading("Attention")
        page.say(
            f"Each row is a token of {text!r}, and shows how it divides its attention among itself and the tokens "
            "before it: a row adds up to 1. Untrained heads spread it evenly; trained ones choose, each in its own way."
        )
        for layer, heads in enumerate(weights, 1):
            with page.side_by_side("13rem"):
                for head, found in enumerate(heads, 1):
                    title = f"Layer {layer}, head {head}"
                    page.chart(heat(title, found, names, names, Axis("share"), (0, 1), axes=("token", "looks at")))

    return section


def token_losses(tokens: Tokenizer, x: Tensor, y: Tensor, what: str = "Held-out text") -> Section:
    """Texts (N, T) with the loss of each of their tokens; y (N, T) are the tokens that follow, -1 where none counts.

    `what` says what the texts are.
    """

    def section(page: Page, trainer: Any) -> None:
        losses = surprises(trainer.model, x, y)
        hardest = float(np.log(tokens.vocab_size))
        page.heading("Token by token")
        page.say(
            f"{what}. The darker a token, the less the model expected it after all before it: no colour is a "
            f"probability of 1, the full colour {1 / tokens.vocab_size:.1%} or less, a blind guess. The pointer shows "
            "the numbers. Healthy: dark only where nobody could know, as at the beginning of a word."
        )
        first, second = x.array[0, :1], x.array[0, 1:2]
        space = tokens.decode([*first, *second]).removeprefix(tokens.decode(first)).removesuffix(tokens.decode(second))
        for ids, targets, found in zip(x.array, y.array, losses):
            pieces = [(tokens.decode(ids[:1]) + space, 0.0, "the first token")]
            for at in range(np.flatnonzero(targets >= 0).max(initial=-1) + 1):
                counts = targets[at] >= 0
                piece = tokens.decode([targets[at] if counts else ids[at + 1]])
                note = f"loss {found[at]:.3f}, probability {math.exp(-found[at]):.1%}" if counts else "given"
                shade = -min(found[at] / hardest, 1.0) if counts else 0.0
                pieces.append((piece.replace("\n", "↵\n") + space, shade, note))
            page.shaded(pieces)
        worst(page, trainer.model, tokens, x, y, losses)

    return section


def worst(page: Page, model: GPT, tokens: Tokenizer, x: Tensor, y: Tensor, losses: np.ndarray) -> None:
    """A table of the tokens with the largest losses."""
    order = np.argsort(-np.nan_to_num(losses, nan=-1.0), axis=None, kind="stable")[:WORST]
    places = [(int(i), int(j)) for i, j in zip(*np.unravel_index(order, losses.shape)) if losses[i, j] >= 0]
    p = model(x).softmax(dim=-1).array
    rows = []
    for i, j in places:
        before = tokens.decode(x.array[i, max(j - 15, 0) : j + 1])
        likely = int(p[i, j].argmax())
        expected = f"{named(tokens.decode([likely]))} ({p[i, j, likely]:.1%})"
        came = named(tokens.decode([int(y.array[i, j])]))
        rows.append((before.replace("\n", "↵"), came, f"{losses[i, j]:.3f}", chance(losses[i, j]), expected))
    page.table(["after", "came", "loss", "probability", "expected"], rows, name="The worst tokens")


def chance(loss: float) -> str:
    """The probability behind a loss, such as "12.5%" or "1 in 4,500"."""
    return f"{math.exp(-loss):.1%}" if loss < math.log(100) else f"1 in {math.exp(loss):,.0f}"


def surprises(model: GPT, x: Tensor, y: Tensor) -> np.ndarray:
    """The loss (N, T) of every token in nats, nan where it does not count."""
    logs = model(x).log_softmax(dim=-1).array
    found = -np.take_along_axis(logs, np.maximum(y.array, 0)[..., None], axis=-1)[..., 0]
    return np.where(y.array < 0, np.nan, found)


def named(piece: str) -> str:
    """A token as it is written in a table: white space, which would not be seen, has a mark."""
    return "".join(MARKS.get(letter, letter) for letter in piece) if piece.isspace() else piece
