"""The page on which a GPT learns before one's eyes, and the questions that it asks."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from demos.explorer.asked import Asked
from demos.explorer.explorer import Explorer
from demos.explorer.lesson import LINES, OPTIMIZERS, Lesson
from demos.explorer.pictures import scaled
from demos.explorer.subjects import TEXTS, subject
from demos.watch import STAGES
from nn.report import Axis, Series, lines

TITLE = "Training"
SUBJECTS = ("calculator", *TEXTS, "own")
LONGEST = 200_000  # characters of a text
AT_ONCE = 0.2  # seconds that steps are made for one answer
SMOOTH = 10  # steps of which the blame is the mean
FASTEST = 10.0  # the largest learning rate


def using(work: Callable[[Lesson, Asked], dict[str, Any]]) -> Callable[[Explorer, Asked], dict[str, Any]]:
    """A question to the lesson that `asked` names."""

    def question(explorer: Explorer, asked: Asked) -> dict[str, Any]:
        with explorer.lessons.use(asked.text("lesson", 64)) as lesson:
            return work(lesson, asked)

    return question


def begin(explorer: Explorer, asked: Asked) -> dict[str, Any]:
    """The lesson that is named, if it has not ended, or a new one: its name, and what stays the same in it."""
    name = asked.text("lesson", 64, "")
    if name not in explorer.lessons:
        name = explorer.lessons.add(new_lesson(asked))
    with explorer.lessons.use(name) as lesson:
        return {"lesson": name, **facts(lesson), **state(lesson)}


def new_lesson(asked: Asked) -> Lesson:
    """A lesson with these settings."""
    kind = asked.choice("subject", SUBJECTS)
    text = asked.text("text", LONGEST) if kind == "own" else ""
    optimizer, rate = asked.choice("optimizer", [*OPTIMIZERS], "AdamW"), asked.number("rate", 0, FASTEST)
    return Lesson(subject(kind, text), optimizer, rate, asked.whole("seed", 0, 1 << 31, 0))


def facts(lesson: Lesson) -> dict[str, Any]:
    """What stays the same in a lesson."""
    config = lesson.subject.config
    return {
        "title": lesson.subject.title,
        "lines": LINES,
        "parameters": sum(p.numel() for p in lesson.model.parameters()),
        "vocabulary": config.vocab_size,
        "layers": config.n_layer,
        "heads": config.n_head,
        "matrices": [matrix.label for matrix in lesson.matrices],
    }


def state(lesson: Lesson, said: str = "") -> dict[str, Any]:
    """Where the lesson is, and what the last line said."""
    last = lesson.points[-1] if lesson.points else None
    return {
        "step": lesson.step,
        "next": lesson.next,
        "said": said,
        "loss": last and last.loss,
        "held_out": lesson.held_out[-1][1],
        "undo": len(lesson.kept),
    }


def line(lesson: Lesson, asked: Asked) -> dict[str, Any]:
    """Run one line of the loop."""
    if lesson.next == 0:
        lesson.keep()
    return state(lesson, lesson.line())


def run(lesson: Lesson, asked: Asked) -> dict[str, Any]:
    """Run some steps, or as many of them as a moment allows."""
    count, end = asked.whole("count", 1, 1000), time.perf_counter() + AT_ONCE
    lesson.set_rate(asked.number("rate", 0, FASTEST))
    if asked.flag("keep", True):
        lesson.keep()
    start, said = lesson.step, lesson.steps()
    while lesson.step - start < count and time.perf_counter() < end:
        said = lesson.steps()
    return state(lesson, said)


def undo(lesson: Lesson, asked: Asked) -> dict[str, Any]:
    """Take back what was done last: a nudge, a step, or a stretch of them."""
    before = lesson.step
    lesson.undo()
    back = f"Back at step {lesson.step}." if before > lesson.step else "The last change is taken back."
    return state(lesson, f"{back} Weights, optimizer and random numbers are as they were.")


def charts(lesson: Lesson, asked: Asked) -> dict[str, Any]:
    """The course of the training so far."""
    steps = [point.step for point in lesson.points]
    held_out_steps, held_out = zip(*lesson.held_out)
    curves = [
        Series("batch", steps, [point.loss for point in lesson.points], faint=True),
        Series("held out", held_out_steps, held_out),
    ]
    guess = f"A uniform guess among {lesson.subject.config.vocab_size} tokens would have {uniform(lesson):.2f} nats."
    shares = running_mean(np.array([point.shares for point in lesson.points]).reshape(-1, len(STAGES)))
    stages = [Series(name, steps, shares[:, i].tolist()) for i, name in enumerate(STAGES)]
    blame = f"The share of the gradient’s norm that each stage receives; the mean of {SMOOTH} steps."
    return {
        "loss": lines("Loss", curves, Axis("step"), Axis("nats"), guess),
        "blame": lines("Blame by stage", stages, Axis("step"), Axis("share"), blame),
    }


def running_mean(rows: np.ndarray) -> np.ndarray:
    """Of each row the mean of it and of those before it, SMOOTH in all, or as many as there are."""
    sums = np.cumsum(np.concatenate([np.zeros((1, rows.shape[1])), rows]), axis=0)
    ends = np.arange(1, len(rows) + 1)
    starts = np.maximum(ends - SMOOTH, 0)
    return (sums[ends] - sums[starts]) / (ends - starts)[:, None]


def uniform(lesson: Lesson) -> float:
    """The loss of a model that gives every token the same probability."""
    return float(np.log(lesson.subject.config.vocab_size))


def look(lesson: Lesson, asked: Asked) -> dict[str, Any]:
    """What the model answers or writes now, and where its heads look."""
    tokens = lesson.subject.tokens
    return {
        "samples": [sample._asdict() for sample in lesson.subject.samples(lesson.model)],
        "tokens": [tokens.decode([i]) for i in lesson.subject.shown],
        "attention": lesson.attention().round(3),
    }


def matrix(lesson: Lesson, asked: Asked) -> dict[str, Any]:
    """A matrix and its gradient, as pictures."""
    values, gradients = lesson.matrix(asked.text("matrix", 64))
    return {"shape": values.shape, "values": scaled(values.reshape(-1)), "gradients": scaled(gradients.reshape(-1))}


def weight(lesson: Lesson, asked: Asked) -> dict[str, Any]:
    """One weight: its value, and its gradient for the batch that there is."""
    place = place_of(asked)
    slope = lesson.slope(*place, ())
    return {"value": lesson.value(*place), "gradient": slope.gradient, "loss": slope.loss}


def nudge(lesson: Lesson, asked: Asked) -> dict[str, Any]:
    """Add a small number to one weight, and measure what that does to the loss of the batch."""
    slope = lesson.nudge(*place_of(asked), asked.number("delta", -10, 10))
    rows = [
        {"delta": delta, "predicted": predicted, "measured": measured} for delta, predicted, measured in slope.nudges
    ]
    return {"rows": rows, "gradient": slope.gradient, "before": slope.loss, **state(lesson, "One weight was nudged.")}


def place_of(asked: Asked) -> tuple[str, int, int]:
    """The matrix, row and column of a weight, counted from 0."""
    return asked.text("matrix", 64), asked.whole("row", 0, 1 << 20), asked.whole("column", 0, 1 << 20)


QUESTIONS: dict[str, Callable[[Explorer, Asked], dict[str, Any]]] = {
    "begin": begin,
    **{question.__name__: using(question) for question in (line, run, undo, charts, look, matrix, weight, nudge)},
}
