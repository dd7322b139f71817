"""The page that shows a GPT at work, and the questions that it asks.

A generated text is made by one question a token, so it stops when the page stops asking, also because it was closed.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from itertools import islice
from typing import Any

import numpy as np

from demos import inspection
from demos.explorer.asked import Asked
from demos.explorer.explorer import Explorer
from demos.explorer.models import Served
from demos.inspection import Look, Part
from models.generate import next_probabilities, stream_text
from models.gpt import GPT
from models.tokenizers import Tokenizer

Question = Callable[[Explorer, Asked], dict[str, Any]]

TITLE = "GPT"
LONGEST = 20_000  # characters of a prompt
WIDEST = 256  # tokens that are looked at: the heads of more would be too much for a page
BARS = 12  # tokens of the distribution that are shown one by one
GUESSES = 4  # tokens that are shown of what each layer would say
EXAMPLES = ("ROMEO:\nO, ", "two plus three <is>", "The ", "\n")
ENDS = {"<end>", "<|endoftext|>"}  # tokens that end a text


class PromptError(ValueError):
    """A prompt that the model cannot read, as happens while a person types."""


def models(explorer: Explorer, asked: Asked) -> dict[str, Any]:
    """The GPTs that there are, the first of which is shown first: sizes, and a prompt to begin with."""
    return {"models": [{"name": name, **_facts(served)} for name, served in explorer.models.gpts.items()]}


def typed(question: Question) -> Question:
    """A question about a prompt that may be incomplete: what is wrong with it is an answer, `problem`, and no error."""

    def answer(explorer: Explorer, asked: Asked) -> dict[str, Any]:
        try:
            return question(explorer, asked)
        except PromptError as error:
            return {"problem": str(error)}

    return answer


@typed
def look(explorer: Explorer, asked: Asked) -> dict[str, Any]:
    """What the model makes of a prompt."""
    return _seen(*_chosen(explorer, asked), asked, asked.text("prompt", LONGEST))


@typed
def step(explorer: Explorer, asked: Asked) -> dict[str, Any]:
    """The prompt and one more piece of text, which is drawn, and what the model makes of both together.

    `ended`: the model ended the text, with one of ENDS, and the prompt is as it was.
    """
    model, tokens = _chosen(explorer, asked)
    prompt, off, settings = asked.text("prompt", LONGEST), _parts(asked, "off"), _settings(asked, model)
    cached = all(part.kind != "mask" for part in off)  # without the mask a token changes what was computed before it
    _ids(tokens, prompt)
    changed = inspection.without(model, off)
    pieces = stream_text(changed, tokens, prompt, 8, stop=ENDS & tokens.special.keys(), cache=cached, **settings)
    piece = "".join(islice(pieces, 1))
    return _seen(model, tokens, asked, prompt + piece) | {"prompt": prompt + piece, "ended": not piece}


@typed
def costs(explorer: Explorer, asked: Asked) -> dict[str, Any]:
    """What each of some parts of the model is worth for the prediction that is looked at, in nats."""
    model, tokens = _chosen(explorer, asked)
    ids, _ = _window(model, tokens, asked.text("prompt", LONGEST))
    at = asked.whole("position", 0, len(ids) - 1, len(ids) - 1)
    found = inspection.costs(model, ids, at, _parts(asked, "parts"))
    return {"costs": [[*part, nats] for part, nats in found.items()]}


QUESTIONS: dict[str, Question] = {"models": models, "look": look, "step": step, "costs": costs}


# What is asked --------------------------------------------------------------------------------------------------------


def _chosen(explorer: Explorer, asked: Asked) -> tuple[GPT, Tokenizer]:
    gpts = explorer.models.gpts
    return _both(gpts[asked.choice("model", [*gpts], next(iter(gpts)))])


def _both(served: Served) -> tuple[GPT, Tokenizer]:
    assert served.tokens is not None
    with served.use() as model:
        return model, served.tokens


def _settings(asked: Asked, model: GPT) -> dict[str, Any]:
    """The settings of sampling; a top_k of 0 and a top_p of 1 leave out nothing."""
    top_k, top_p = asked.whole("top_k", 0, model.config.vocab_size, 0), asked.number("top_p", 0.01, 1, 1)
    return {
        "temperature": asked.number("temperature", 0, 10, 1),
        "top_k": top_k or None,
        "top_p": None if top_p == 1 else top_p,
    }


def _parts(asked: Asked, name: str) -> list[Part]:
    """Parts of the model, each [kind, layer, head]."""
    given = asked.members.get(name, [])
    try:
        return [*dict.fromkeys(Part(*part) for part in given)]
    except TypeError as error:
        raise ValueError(f"{name!r} must be a list of [kind, layer, head], got {str(given)[:60]}") from error


def _ids(tokens: Tokenizer, prompt: str) -> list[int]:
    """The tokens of a prompt. Raises PromptError, with the reason, where it has none, or an unknown one."""
    try:
        ids = tokens.encode(prompt)
    except ValueError as error:
        raise PromptError(f"{error}.") from error
    if not ids:
        raise PromptError("The prompt is empty: a GPT continues a text, so give it at least one token.")
    return ids


def _window(model: GPT, tokens: Tokenizer, prompt: str) -> tuple[list[int], int]:
    """The last tokens of the prompt, which the model sees, and how many are before them."""
    ids = _ids(tokens, prompt)
    cut = max(len(ids) - min(model.config.block_size, WIDEST), 0)
    return ids[cut:], cut


# What is answered -----------------------------------------------------------------------------------------------------


def _facts(served: Served) -> dict[str, Any]:
    model, tokens = _both(served)
    config = model.config
    sizes = {name: getattr(config, name) for name in ("n_layer", "n_head", "n_embd", "head_size", "vocab_size")}
    weights = sum(p.numel() for p in model.parameters())
    context = min(config.block_size, WIDEST)
    hint = "A question to this model ends with <is>." if "<is>" in tokens.special else ""
    return {
        "title": served.title,
        "hint": hint,
        "prompt": _example(tokens),
        "weights": weights,
        "context": context,
        **sizes,
    }


def _example(tokens: Tokenizer) -> str:
    """The first of EXAMPLES that has no unknown token, or whatever has the id 0."""
    for text in EXAMPLES:
        try:
            if tokens.encode(text):
                return text
        except ValueError:
            pass
    return tokens.decode([0])


def _seen(model: GPT, tokens: Tokenizer, asked: Asked, prompt: str) -> dict[str, Any]:
    """All that the page shows of a prompt."""
    ids, cut = _window(model, tokens, prompt)
    at, off = asked.whole("position", 0, len(ids) - 1, len(ids) - 1), _parts(asked, "off")
    settings, config = _settings(asked, model), model.config
    layer, head = asked.whole("layer", 0, config.n_layer - 1, 0), asked.whole("head", 0, config.n_head - 1, 0)
    found = inspection.look(model, ids, off)
    before = inspection.look(model, ids).logits[at] if off else None
    p = np.exp(inspection.log_probabilities(found.logits))
    expected = [None, *p[np.arange(len(ids) - 1), ids[1:]].tolist()]
    return {
        "tokens": [[_text(tokens, i), share] for i, share in zip(ids, expected, strict=True)],
        "cut": cut,
        "position": at,
        "distribution": _distribution(tokens, ids[: at + 1], found.logits[at], before, settings),
        "moved": None if before is None else inspection.divergence(before, found.logits[at]),
        "guesses": _guesses(tokens, found, at),
        "maps": _packed(np.rint(255 * found.attention).astype(np.uint8)),
        "head": _head(found, layer, head, at),
    }


def _text(tokens: Tokenizer, i: int) -> str:
    """The text of a token; models whose vocabularies were made larger, for speed, have ids without one."""
    return tokens.decode([i]) if i < tokens.vocab_size else f"<{i}>"


def _distribution(
    tokens: Tokenizer, ids: list[int], logits: np.ndarray, before: np.ndarray | None, settings: dict[str, Any]
) -> dict[str, Any]:
    """The likeliest tokens: with the settings, without them, and with them before anything was switched off."""
    p = {"p": next_probabilities(logits[None], **settings)[0], "raw": np.exp(inspection.log_probabilities(logits))}
    highest = p["raw"]
    if before is not None:
        p["before"] = next_probabilities(before[None], **settings)[0]
        highest = np.maximum(highest, np.exp(inspection.log_probabilities(before)))
    shown = _largest(highest, BARS)
    text = tokens.decode(ids)
    rows = [
        {
            "text": _text(tokens, i),
            "piece": tokens.decode([*ids, i])[len(text) :] if i < tokens.vocab_size else "",
            **{name: row[i] for name, row in p.items()},
        }
        for i in shown.tolist()
    ]
    others = {name: 1 - row[shown].sum() for name, row in p.items()}
    return {"rows": rows, "others": {"count": len(logits) - len(shown), **others}, "left": int((p["p"] > 0).sum())}


def _largest(p: np.ndarray, count: int) -> np.ndarray:
    """The places of the largest `count` numbers, from the largest on."""
    some = np.argpartition(-p, count)[:count] if count < len(p) else np.arange(len(p))
    return some[np.argsort(-p[some], kind="stable")]


def _guesses(tokens: Tokenizer, found: Look, at: int) -> list[dict[str, Any]]:
    """What the model would say if it ended before the first block, or after each: the likeliest tokens."""
    p = np.exp(inspection.log_probabilities(inspection.guesses(found, slice(at, at + 1))[:, 0]))  # (L + 1, V)
    final = int(p[-1].argmax())
    return [
        {"top": [[_text(tokens, i), row[i]] for i in _largest(row, GUESSES).tolist()], "final": row[final]} for row in p
    ]


def _head(found: Look, layer: int, head: int, at: int) -> dict[str, Any]:
    """One head at one position, step by step."""
    steps = inspection.head_steps(found, layer, head, at)
    named = {name: _packed(getattr(steps, name).astype(np.float32)) for name in steps._fields if name != "seen"}
    difference = np.abs(steps.out - steps.model_out).max()
    attention = _packed(found.attention[layer, head].astype(np.float32))
    return {**named, "seen": steps.seen, "layer": layer, "head": head, "attention": attention, "difference": difference}


def _packed(array: np.ndarray) -> dict[str, Any]:
    """An array as the bytes of its numbers in base64, little-endian, which is quicker than numbers in text."""
    data = base64.b64encode(array.astype(array.dtype.newbyteorder("<")).tobytes()).decode("ascii")
    return {"shape": array.shape, "kind": array.dtype.name, "data": data}
