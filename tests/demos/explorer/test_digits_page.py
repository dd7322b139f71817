"""What the page of digits is told is what the network computes, and no question changes the network."""

import hashlib
import threading

import numpy as np
import pytest
from starlette.testclient import TestClient

from autograd import as_tensor
from demos import digits as demo
from demos.explorer import digits
from demos.explorer.explorer import Explorer
from demos.explorer.models import Models, load_digits
from demos.explorer.server import app
from demos.explorer.weights import file
from demos.watch import watch
from tests.demos.explorer.conftest import HERE


@pytest.fixture(scope="module")
def served():
    return load_digits(file("digits"))


@pytest.fixture(scope="module")
def client(served):
    with TestClient(app(Explorer(Models(served, {}))), base_url=HERE) as asking:
        yield asking


def ask(client, name, **members):
    answer = client.post(f"/api/digits/{name}", json=members)
    assert answer.status_code == 200, answer.text
    return answer.json()


def drawing(number: int) -> list[list[int]]:
    """A test image of MNIST, drawn on the page's field."""
    return np.kron(digits.test_images()[0][number], np.ones((4, 4), int)).tolist()


def real(scaled):
    return np.array(scaled["values"]) * (scaled["size"] / 127)


def test_it_reads_what_is_drawn(client):
    labels = digits.test_images()[1]
    guesses = [np.argmax(ask(client, "read", ink=drawing(i))["probabilities"]) for i in range(20)]
    assert (guesses == labels[:20]).mean() > 0.9


def test_what_is_shown_is_what_the_network_computes(client, served):
    answer = ask(client, "read", ink=drawing(7))
    image = np.array(answer["picture"], np.uint8).reshape(1, 28, 28)
    with served.use() as model:
        shown = demo.scores(model, demo.RECIPES["default"], image)[0]
        with watch(model) as calls:
            model(as_tensor(image.reshape(1, 784).astype(np.float32) / np.float32(255)))
    np.testing.assert_allclose(answer["probabilities"], shown, atol=1e-5)
    for i, layer in enumerate(answer["layers"]):
        z = calls[f"layers.{i}"].out.array[0]
        np.testing.assert_allclose(real(layer), np.maximum(z, 0), atol=layer["size"] / 127)
        assert layer["active"] == (z > 0).sum()
    np.testing.assert_allclose(answer["logits"], calls["layers.2"].out.array[0], rtol=1e-4, atol=1e-4)
    first = calls["layers.0"].out.array[0]
    assert [n["neuron"] for n in answer["neurons"]] == np.argsort(-first)[: digits.SHOWN].tolist()


@pytest.mark.parametrize("digit", [3, 7])
def test_what_explains_the_answer_adds_up(client, digit):
    answer = ask(client, "explain", ink=drawing(0), digit=digit)
    assert answer["sum"] == pytest.approx(answer["of_picture"] - answer["of_blank"], rel=0.03)
    assert real(answer["integrated"]).sum() == pytest.approx(
        answer["sum"], abs=784 / 254 * answer["integrated"]["size"]
    )


@pytest.mark.parametrize("smooth", [False, True])
def test_a_seven_becomes_a_three(client, smooth):
    answer = ask(client, "change", ink=drawing(0), digit=3, smooth=smooth)
    p = np.array(answer["probabilities"])
    assert p[0].argmax() == 7 and p[-1, 3] >= 0.9 and len(p) == len(answer["pictures"]) == len(answer["distances"])
    assert answer["distances"][0] == 0 and np.all(np.diff(answer["distances"]) > 0)


def test_nothing_drawn_is_no_digit(client):
    blank = np.zeros((digits.DRAWN, digits.DRAWN), int).tolist()
    assert ask(client, "read", ink=blank) == ask(client, "explain", ink=blank, digit=1) == {"blank": True}
    answer = client.post("/api/digits/change", json={"ink": blank, "digit": 1})
    assert answer.status_code == 400 and "nothing is drawn yet" in answer.json()["error"]


@pytest.mark.parametrize("number", [0, 1, 10**6])
@pytest.mark.parametrize("digit", [0, 9])
def test_a_sample_is_a_test_image_of_that_digit(client, digit, number):
    answer = ask(client, "sample", digit=digit, number=number)
    images, labels = digits.test_images()
    assert labels[answer["number"]] == digit and (images[answer["number"]] == answer["picture"]).all()


INK = np.zeros((digits.DRAWN, digits.DRAWN), int).tolist()


@pytest.mark.parametrize(
    ("name", "members"),
    [
        ("read", {}),
        ("read", {"ink": "drawing"}),
        ("read", {"ink": [[0, 1], [0]]}),
        ("read", {"ink": [[300] * 112] * 112}),
        ("read", {"ink": [[0] * 28] * 28}),
        ("read", {"ink": [[None] * 112] * 112}),
        ("explain", {"ink": INK}),
        ("explain", {"ink": INK, "digit": 10}),
        ("explain", {"ink": INK, "digit": True}),
        ("change", {"ink": INK, "digit": 1.5}),
        ("sample", {"digit": 3, "number": -1}),
    ],
)
def test_a_wrong_question_is_refused_with_a_reason(client, name, members):
    answer = client.post(f"/api/digits/{name}", json=members)
    assert answer.status_code == 400 and answer.json()["error"]


def test_many_questions_at_once_get_the_same_answers_and_leave_the_network_as_it_was(client, served):
    def digest():
        with served.use() as model:
            return hashlib.sha256(b"".join(p.array.tobytes() for p in model.parameters())).hexdigest()

    def answers(i):
        found = [ask(client, name, ink=drawing(i), digit=i) for name in ("read", "explain", "change")]
        return [{**answer, "seconds": 0} for answer in found]

    before, alone, together = digest(), [answers(i) for i in range(6)], {}
    threads = [threading.Thread(target=lambda i=i: together.update({i: answers(i)})) for i in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [together[i] for i in range(6)] == alone and digest() == before
    with served.use() as model:
        assert not model.training and all(p.grad is None for p in model.parameters())
