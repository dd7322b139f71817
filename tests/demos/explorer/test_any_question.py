"""Whatever a question holds, it is answered or refused with a reason: nothing that is sent makes the server fail."""

import json
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from demos.explorer import server, subjects
from demos.explorer.asked import Asked
from demos.explorer.lesson import Lesson
from models.config import GPTConfig
from tests.demos.explorer.conftest import HERE

INK = [[0] * 112 for _ in range(50)] + [[255] * 112 for _ in range(12)] + [[0] * 112 for _ in range(50)]
WEIGHT = {"matrix": "W_out", "row": 0, "column": 0}
RIGHT = {  # what each question may hold; LESSON stands for the name of one that runs
    "digits/about": {},
    "digits/change": {"ink": INK, "digit": 3, "smooth": True},
    "digits/explain": {"ink": INK, "digit": 3},
    "digits/read": {"ink": INK},
    "digits/sample": {"digit": 3, "number": 0},
    "gpt/models": {},
    "gpt/look": {"model": "tiny", "prompt": "abc", "off": [["head", 0, 1]], "position": 1, "layer": 0, "head": 0},
    "gpt/step": {"model": "tiny", "prompt": "abc", "off": [], "temperature": 1, "top_k": 2, "top_p": 0.5, "seed": 0},
    "gpt/costs": {"model": "tiny", "prompt": "abc", "position": 1},
    "training/begin": {"subject": "dialogue", "optimizer": "SGD", "rate": 0.1, "seed": 0, "text": ""},
    "training/line": {"lesson": "LESSON"},
    "training/run": {"lesson": "LESSON", "count": 1, "rate": 0.1, "keep": True},
    "training/undo": {"lesson": "LESSON"},
    "training/charts": {"lesson": "LESSON"},
    "training/look": {"lesson": "LESSON"},
    "training/matrix": {"lesson": "LESSON", "matrix": "W_out"},
    "training/weight": {"lesson": "LESSON", **WEIGHT},
    "training/nudge": {"lesson": "LESSON", **WEIGHT, "delta": 0.1},
}
ODD = [None, True, -1, 0, 1, 2, 10**30, 0.5, -0.0, 1e308, "", "a", "<", "\x00", "\ud83d", "own", [], {}, [[1], [2, 3]]]
values = st.recursive(
    st.sampled_from(ODD) | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=5,
)


def test_every_question_is_here():
    assert {f"{page}/{name}" for page, module in server.PAGES.items() for name in module.QUESTIONS} == {*RIGHT}


@pytest.mark.parametrize("question", RIGHT)
def test_it_is_answered_or_refused(question, explorer, monkeypatch):
    small = GPTConfig(41, 32, n_layer=1, n_head=1, n_embd=4, tie=False)
    monkeypatch.setattr(subjects, "config", lambda V, T: replace(small, vocab_size=V))
    name = explorer.lessons.add(Lesson(subjects.subject("dialogue", "")))
    right = {key: name if value == "LESSON" else value for key, value in RIGHT[question].items()}
    with TestClient(server.app(explorer), base_url=HERE, raise_server_exceptions=False) as client:

        def ask(members):
            headers = {"Content-Type": "application/json"}
            return client.post(f"/api/{question}", content=json.dumps(members), headers=headers)

        @given(st.dictionaries(st.sampled_from([*right, "other"]), values, min_size=1, max_size=2))
        @settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
        def with_changes(changes):
            answer = ask({**right, **changes})
            assert answer.status_code in (200, 400), answer.text
            assert answer.status_code == 200 or answer.json()["error"]

        if question != "training/undo":  # of which there is nothing yet
            assert ask(right).status_code == 200, ask(right).text
        with_changes()


@given(st.dictionaries(st.sampled_from("xyz"), values), st.sampled_from("xyz"))
def test_what_is_taken_is_in_range(sent, name):
    asked = Asked(sent)
    for take, holds in (
        (lambda: asked.number(name, -1, 1), lambda x: isinstance(x, float) and -1 <= x <= 1),
        (lambda: asked.whole(name, 0, 9), lambda x: type(x) is int and 0 <= x <= 9),
        (lambda: asked.flag(name), lambda x: x is True or x is False),
        (lambda: asked.text(name, 3), lambda x: isinstance(x, str) and len(x) <= 3),
        (lambda: asked.choice(name, ["a", "own"]), lambda x: x in ("a", "own")),
        (lambda: asked.array(name, (2,), 0, 1), lambda x: x.shape == (2,) and 0 <= x.min() and x.max() <= 1),
    ):
        try:
            taken = take()
        except ValueError as error:
            assert repr(name) in str(error)
        else:
            assert holds(taken)
