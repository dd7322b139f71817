"""The server answers its own pages alone, refuses what is broken with a reason, and goes on."""

import threading

import pytest

from demos.explorer import server
from tests.demos.explorer.conftest import HERE


@pytest.fixture
def question(monkeypatch):
    """Makes a function a question of the page of digits, /api/digits/test."""
    return lambda function: monkeypatch.setitem(server.digits.QUESTIONS, "test", function)


def ask(client, body=b"{}", **headers):
    return client.post("/api/digits/test", content=body, headers={"Content-Type": "application/json", **headers})


@pytest.mark.parametrize("path", ["/", *(f"/{page}" for page in server.PAGES)])
def test_each_page_is_there_and_marks_its_own_link(client, path):
    answer = client.get(path)
    assert answer.status_code == 200 and answer.text.count("<main id=") == 1
    assert answer.text.count('aria-current="page"') == (path != "/")
    assert answer.headers["content-security-policy"].startswith("default-src 'self'")


@pytest.mark.parametrize("path", ["/nothing", "/files/nothing.js", "/files/../server.py", "/files/%2e%2e/server.py"])
def test_what_is_not_there_is_404(client, path):
    assert client.get(path).status_code == 404


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "127.0.0.1:8000"}, 200),
        ({"Host": "localhost"}, 200),
        ({"Host": "[::1]:8000"}, 200),
        ({"Host": "127.0.0.1:8000", "Origin": HERE}, 200),
        ({"Host": "attacker.example:8000"}, 403),
        ({"Host": "127.0.0.1.attacker.example"}, 403),
        ({"Host": ""}, 403),
        ({"Host": "127.0.0.1:8000", "Origin": "http://attacker.example"}, 403),
        ({"Host": "127.0.0.1:8000", "Origin": "http://127.0.0.1:9000"}, 403),
        ({"Host": "127.0.0.1:8000", "Origin": "null"}, 403),
    ],
)
def test_other_names_of_this_machine_and_other_sites_are_refused(client, question, headers, status):
    question(lambda explorer, asked: {})
    assert client.get("/", headers=headers).status_code == status
    assert ask(client, **headers).status_code == status


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[1]", b"1", b'{"x": NaN}', b'{"x": Infinity}', b"\xff\xfe", b"[" * 100_000, b'{"x": "1"}']
)
def test_a_broken_question_is_refused_with_a_reason(client, question, body):
    question(lambda explorer, asked: {"x": asked.number("x", 0, 1)})
    answer = ask(client, body)
    assert answer.status_code == 400 and answer.json()["error"]
    assert ask(client, b'{"x": 0.5}').json() == {"x": 0.5}


def test_a_huge_question_is_refused(client, question):
    question(lambda explorer, asked: {})
    assert ask(client, b" " * (server.LARGEST + 1)).status_code == 413
    assert ask(client, b" " * (server.LARGEST - 2) + b"{}").status_code == 200


def test_only_json_is_a_question(client, question):
    question(lambda explorer, asked: {})
    assert ask(client, **{"Content-Type": "text/plain"}).status_code == 415
    assert client.get("/api/digits/test").status_code == 405
    assert client.post("/api/digits/nothing", json={}).status_code == 404
    assert client.post("/api/nothing/test", json={}).status_code == 404


def test_a_mistake_of_ours_is_an_answer_too(client, question):
    def broken(explorer, asked):
        raise RuntimeError("ours")

    question(broken)
    answer = ask(client)
    assert answer.status_code == 500 and "ours" in answer.json()["error"]


def test_pages_are_answered_while_all_threads_compute(client, question):
    """Each of the questions waits until all of them, more than there are threads, have been asked and a page read."""
    gate, count = threading.Event(), server.THREADS + 2
    question(lambda explorer, asked: {"opened": gate.wait(20)})
    answers = []
    threads = [threading.Thread(target=lambda: answers.append(ask(client).json())) for _ in range(count)]
    for thread in threads:
        thread.start()
    assert client.get("/").status_code == 200 and not answers
    gate.set()
    for thread in threads:
        thread.join()
    assert answers == [{"opened": True}] * count


def test_too_many_questions_at_once_are_refused_and_later_ones_answered(client, question, monkeypatch):
    monkeypatch.setattr(server, "MOST_WAITING", 3)
    gate, answers = threading.Event(), []
    question(lambda explorer, asked: {"opened": gate.wait(20)})

    def one():
        answers.append(ask(client).status_code)
        gate.set()  # the first to be done is one that was refused

    threads = [threading.Thread(target=one) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [200, 200, 200, 503]
    assert ask(client).status_code == 200


def test_what_json_cannot_hold_becomes_null(client, question):
    question(lambda explorer, asked: {"x": [float("nan"), float("inf"), 1.23456789]})
    assert ask(client).json() == {"x": [None, None, 1.23457]}
