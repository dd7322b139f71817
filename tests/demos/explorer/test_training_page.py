"""Each page has a training of its own, which nothing that others ask for can change, and which ends when it must."""

import threading

import numpy as np
import pytest

from demos.explorer import subjects, training
from demos.explorer.lesson import Lesson
from demos.explorer.lessons import Lessons
from demos.explorer.subjects import subject
from models.config import GPTConfig


@pytest.fixture(autouse=True)
def small(monkeypatch):
    """Smaller GPTs, for speed."""
    monkeypatch.setattr(subjects, "config", lambda V, T: GPTConfig(V, T, n_layer=2, n_head=2, n_embd=16, tie=False))


BEGIN = {"subject": "dialogue", "rate": 0.003}


def post(client, name, **members):
    return client.post(f"/api/training/{name}", json=members)


def ask(client, name, **members):
    answer = post(client, name, **members)
    assert answer.status_code == 200, answer.text
    return answer.json()


def course(client, lesson):
    return ask(client, "charts", lesson=lesson)["loss"]["series"][0]["y"]


def test_a_training_from_its_beginning_to_an_undo(client):
    begun = ask(client, "begin", **BEGIN)
    lesson = {"lesson": begun["lesson"]}
    assert (begun["step"], begun["next"], begun["loss"], begun["undo"]) == (0, 0, None, 0)
    assert [ask(client, "line", **lesson)["next"] for _ in begun["lines"]] == [1, 2, 3, 0]
    ran = ask(client, "run", **lesson, count=1, rate=0.01)
    assert ran["step"] == 2 and ran["loss"] < 5
    weight = {**lesson, "matrix": "W_out", "row": 1, "column": 2}
    before = ask(client, "weight", **weight)
    nudged = ask(client, "nudge", **weight, delta=0.1)
    assert nudged["rows"][0]["predicted"] == pytest.approx(0.1 * before["gradient"], rel=1e-4)
    assert nudged["before"] == before["loss"]
    assert ask(client, "weight", **weight)["value"] == pytest.approx(before["value"] + 0.1, rel=1e-4)
    undone = ask(client, "undo", **lesson)
    assert ask(client, "weight", **weight) == before and undone["step"] == 2
    assert ask(client, "undo", **lesson)["step"] == 1 and ask(client, "undo", **lesson)["step"] == 0
    assert post(client, "undo", **lesson).json() == {"error": "there is nothing to undo"}


def test_a_lesson_goes_on_where_it_is_named_and_a_new_one_begins_where_it_has_ended(client):
    begun = ask(client, "begin", **BEGIN)
    ran = ask(client, "run", lesson=begun["lesson"], count=1, rate=0.01)
    again = ask(client, "begin", **BEGIN, lesson=begun["lesson"])
    assert again == begun | ran | {"said": ""}
    new = ask(client, "begin", **BEGIN, lesson="ended")
    assert new["lesson"] not in ("ended", begun["lesson"]) and new["step"] == 0


def test_the_charts_hold_what_was_measured(client, explorer):
    begun = ask(client, "begin", **BEGIN)
    ask(client, "run", lesson=begun["lesson"], count=1000, rate=0.003)
    with explorer.lessons.use(begun["lesson"]) as lesson:
        points, held_out = lesson.points, lesson.held_out
    charts = ask(client, "charts", lesson=begun["lesson"])
    batch, test = charts["loss"]["series"]
    np.testing.assert_allclose(batch["y"], [point.loss for point in points], rtol=1e-5)
    assert test["x"] == [step for step, _ in held_out]
    shares = np.array([point.shares for point in points])
    for i, curve in enumerate(charts["blame"]["series"]):
        last = shares[-training.SMOOTH :, i].mean()
        assert curve["y"][-1] == pytest.approx(last, rel=1e-4) and curve["y"][0] == pytest.approx(
            shares[0, i], rel=1e-4
        )


def test_a_matrix_and_the_heads_are_shown_as_they_are(client, explorer):
    name = ask(client, "begin", **BEGIN)["lesson"]
    shown, seen = ask(client, "matrix", lesson=name, matrix="W_K of layer 2"), ask(client, "look", lesson=name)
    with explorer.lessons.use(name) as lesson:
        values, gradients = lesson.matrix("W_K of layer 2")
        attention = lesson.attention()
    for found, real in ((shown["values"], values), (shown["gradients"], gradients)):
        pictured = np.array(found["values"]).reshape(shown["shape"]) * found["size"] / 127
        np.testing.assert_allclose(pictured, real, atol=found["size"] / 250)
    np.testing.assert_allclose(seen["attention"], attention, atol=6e-4)
    assert len(seen["tokens"]) == attention.shape[-1] and seen["samples"][0]["right"] is None


def test_trainings_do_not_meet(client):
    alone, mixed = [ask(client, "begin", **BEGIN)["lesson"] for _ in range(2)]
    other = ask(client, "begin", **BEGIN, seed=1)["lesson"]
    for _ in range(3):
        ask(client, "run", lesson=alone, count=1, rate=0.003)
    for _ in range(3):
        ask(client, "run", lesson=mixed, count=1, rate=0.003)
        ask(client, "run", lesson=other, count=1, rate=0.1)
        ask(client, "nudge", lesson=other, matrix="W_out", row=0, column=0, delta=1)
    assert course(client, alone) == course(client, mixed) != course(client, other)


def test_many_questions_at_once_are_done_one_after_another(client):
    alone, together = [ask(client, "begin", **BEGIN)["lesson"] for _ in range(2)]
    for _ in range(6):
        ask(client, "run", lesson=alone, count=1, rate=0.003)
    work = [lambda: ask(client, "run", lesson=together, count=1, rate=0.003)] * 6
    work += [
        lambda: ask(client, "look", lesson=together),
        lambda: ask(client, "matrix", lesson=together, matrix="W_1 of layer 1"),
    ]
    threads = [threading.Thread(target=one) for one in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert course(client, together) == course(client, alone)


def test_the_training_that_was_left_alone_the_longest_makes_room():
    lessons, subject_ = Lessons(room=2), subject("dialogue", "")
    first, second = (lessons.add(Lesson(subject_)) for _ in range(2))
    with lessons.use(first):
        pass
    third = lessons.add(Lesson(subject_))
    for name in (first, third):
        with lessons.use(name) as lesson:
            assert lesson.step == 0
    with pytest.raises(LookupError, match="has ended"), lessons.use(second):
        pass


def test_a_training_that_has_ended_is_an_answer(client):
    answer = post(client, "run", lesson="nothing", count=1, rate=0.1)
    assert answer.status_code == 400 and "has ended: begin" not in answer.text and "begin a new one" in answer.text


def test_a_rate_that_is_too_large_is_an_answer_and_the_training_goes_on(client):
    name = ask(client, "begin", **{**BEGIN, "rate": 10}, optimizer="SGD")["lesson"]
    with_rate = {"lesson": name, "count": 1}
    answers = [post(client, "run", **with_rate, rate=10) for _ in range(3)]
    assert all(answer.status_code in (200, 400) for answer in answers)
    ask(client, "undo", lesson=name)
    assert np.isfinite(ask(client, "run", **with_rate, rate=0.01)["loss"])


@pytest.mark.parametrize(
    ("name", "members"),
    [
        ("begin", {}),
        ("begin", {**BEGIN, "subject": "latin"}),
        ("begin", {**BEGIN, "optimizer": "Newton"}),
        ("begin", {**BEGIN, "rate": -1}),
        ("begin", {**BEGIN, "subject": "own", "text": "too short"}),
        ("begin", {**BEGIN, "subject": "own", "text": "a" * 300_000}),
        ("run", {"count": 0, "rate": 0.1}),
        ("run", {"count": 1, "rate": "fast"}),
        ("nudge", {"matrix": "W_out", "row": 0, "column": 0}),
        ("nudge", {"matrix": "W_out", "row": 99999, "column": 0, "delta": 1}),
        ("nudge", {"matrix": "W", "row": 0, "column": 0, "delta": 1}),
        ("weight", {"matrix": ["W_out"], "row": 0, "column": 0}),
    ],
)
def test_a_wrong_question_is_refused_and_changes_nothing(client, explorer, name, members):
    begun = ask(client, "begin", **BEGIN)["lesson"]

    def state():
        with explorer.lessons.use(begun) as lesson:
            return [p.array.tolist() for p in lesson.model.parameters()], lesson.step, len(lesson.kept)

    before = state()
    answer = post(client, name, **({} if name == "begin" else {"lesson": begun}), **members)
    assert answer.status_code == 400 and answer.json()["error"]
    assert state() == before
