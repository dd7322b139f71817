"""What the GPT page is told is what the model computes; what it asks wrongly is answered with a reason."""

import base64
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from autograd import manual_seed
from demos import inspection
from demos.explorer import gpt
from demos.explorer.asked import Asked
from demos.explorer.explorer import Explorer
from demos.explorer.models import Models, Served, load_models
from demos.inspection import Part
from models import mlp
from models.config import GPTConfig
from models.generate import generate_text, next_probabilities
from models.gpt import GPT
from models.tokenizers import BPETokenizer, CharTokenizer

PROMPT = "a bad head"
SWITCHES = [["mask", 0, 0], ["attention", 1, 0], ["mlp", 0, 0], ["head", 1, 1]]


@pytest.fixture(scope="module")
def tokens():
    return CharTokenizer("\n abcdefgh")


@pytest.fixture(scope="module")
def model(tokens):
    """A model whose weights are large enough for its predictions to be uneven."""
    manual_seed(1)
    made = GPT(GPTConfig(tokens.vocab_size, block_size=16, n_layer=2, n_head=2, n_embd=16))
    for parameter in made.parameters():
        if parameter.ndim == 2:
            parameter.array[...] *= 10
    return made


@pytest.fixture(scope="module")
def explorer(model, tokens):
    return Explorer(Models(Served("Digits", mlp.digits(), None, {}), {"tiny": Served("Tiny", model, tokens, {})}))


@pytest.fixture
def ask(explorer):
    return lambda name, **members: gpt.QUESTIONS[name](explorer, Asked(members))


def unpacked(packed):
    array = np.frombuffer(base64.b64decode(packed["data"]), np.dtype(packed["kind"]).newbyteorder("<"))
    return array.reshape(packed["shape"])


# What is shown --------------------------------------------------------------------------------------------------------


def test_the_models_are_named_with_their_sizes_and_a_prompt_that_they_can_read(ask, explorer):
    (one,) = ask("models")["models"]
    assert (one["name"], one["n_layer"], one["n_head"], one["context"], one["vocab_size"]) == ("tiny", 2, 2, 16, 10)
    assert one["weights"] == sum(p.numel() for p in explorer.models.gpts["tiny"]._model.parameters())
    assert "problem" not in ask("look", prompt=one["prompt"])


@pytest.mark.parametrize("off", [[], [SWITCHES[0]], SWITCHES[1:]])
def test_a_look_has_the_numbers_of_the_model(ask, model, tokens, off):
    found = ask("look", prompt=PROMPT, position=4, layer=1, head=1, off=off)
    ids = tokens.encode(PROMPT)
    seen = inspection.look(model, ids, [Part(*part) for part in off])
    p = next_probabilities(seen.logits)
    assert [text for text, _ in found["tokens"]] == list(PROMPT) and (found["cut"], found["position"]) == (0, 4)
    shares = [share for _, share in found["tokens"]]
    assert shares[0] is None
    np.testing.assert_allclose(shares[1:], [p[t, ids[t + 1]] for t in range(len(ids) - 1)])
    rows = found["distribution"]["rows"]
    assert [row["text"] for row in rows] == [tokens.tokens[i] for i in np.argsort(-p[4])] or off
    np.testing.assert_allclose([row["p"] for row in rows], [p[4, tokens.tokens.index(row["text"])] for row in rows])
    assert found["guesses"][-1]["final"] == pytest.approx(p[4].max())
    assert [text for text, _ in found["guesses"][-1]["top"]] == [tokens.tokens[i] for i in np.argsort(-p[4])[:4]]
    np.testing.assert_allclose(unpacked(found["maps"]) / 255, seen.attention, atol=0.5 / 255 + 1e-6)
    head = found["head"]
    np.testing.assert_array_equal(unpacked(head["attention"]), seen.attention[1, 1])
    np.testing.assert_array_equal(unpacked(head["model_out"]), seen.heads[1, 1, 4])
    np.testing.assert_allclose(unpacked(head["out"]), unpacked(head["model_out"]), atol=1e-6)
    assert 0 <= head["difference"] < 1e-6


def test_the_shown_shares_and_the_others_add_up_to_one(ask, monkeypatch):
    monkeypatch.setattr(gpt, "BARS", 3)
    found = ask("look", prompt=PROMPT, temperature=0.7, top_k=6, off=[SWITCHES[1]])["distribution"]
    assert len(found["rows"]) == 3 and found["others"]["count"] == 7 and found["left"] == 6
    for name in ("p", "raw", "before"):
        assert sum(row[name] for row in [*found["rows"], found["others"]]) == pytest.approx(1)


@pytest.mark.parametrize("settings", [{"temperature": 0}, {"top_k": 1}, {"temperature": 2, "top_k": 4, "top_p": 0.5}])
def test_the_sliders_are_the_settings_of_generation(ask, model, tokens, settings):
    found = ask("look", prompt=PROMPT, **settings)["distribution"]
    expected = next_probabilities(inspection.look(model, tokens.encode(PROMPT)).logits[-1:], **settings)[0]
    for row in found["rows"]:
        assert row["p"] == pytest.approx(expected[tokens.tokens.index(row["text"])])
    assert found["left"] == (expected > 0).sum()


@pytest.mark.parametrize("off", SWITCHES)
def test_a_switch_shows_the_prediction_before_and_how_far_it_moved(ask, model, tokens, off):
    found, plain = ask("look", prompt=PROMPT, position=6, off=[off]), ask("look", prompt=PROMPT, position=6)
    before = {row["text"]: row["p"] for row in plain["distribution"]["rows"]}
    assert {row["text"]: row["before"] for row in found["distribution"]["rows"]} == pytest.approx(before)
    p, q = (np.array([row[name] for row in found["distribution"]["rows"]]) for name in ("before", "raw"))
    assert found["moved"] == pytest.approx((p * np.log(p / q)).sum(), rel=1e-6) and found["moved"] > 0
    assert plain["moved"] is None and "before" not in plain["distribution"]["rows"][0]
    (worth,) = ask("costs", prompt=PROMPT, position=6, parts=[off])["costs"]
    assert worth == [*off, pytest.approx(found["moved"])]


def test_of_a_prompt_longer_than_the_context_the_end_is_seen(ask):
    long = ask("look", prompt="abcdefgh" * 3)
    assert long["cut"] == 8
    alone = ask("look", prompt="abcdefgh" * 2)
    assert long["tokens"] == alone["tokens"] and long["distribution"]["rows"] == alone["distribution"]["rows"]


# Going on -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("off", [[], [SWITCHES[0]], [SWITCHES[2], SWITCHES[3]]])
def test_steps_write_what_generation_writes_also_beyond_the_context(ask, model, tokens, off):
    changed = inspection.without(model, [Part(*part) for part in off])
    prompt = "abc"
    for _ in range(20):
        found = ask("step", prompt=prompt, temperature=0, off=off)
        assert not found["ended"] and found["prompt"].startswith(prompt)
        prompt = found["prompt"]
        assert "".join(text for text, _ in found["tokens"]) == prompt[-16:]
    assert prompt == "abc" + generate_text(changed, tokens, "abc", 20, temperature=0, cache=False)


def test_a_step_draws_from_the_tokens_that_the_settings_leave(ask):
    left = {row["piece"] for row in ask("look", prompt=PROMPT, top_k=3)["distribution"]["rows"] if row["p"] > 0}
    drawn = {ask("step", prompt=PROMPT, top_k=3)["prompt"][len(PROMPT) :] for _ in range(40)}
    assert len(left) == 3 and 1 < len(drawn) and drawn <= left


def test_a_piece_is_what_appending_its_token_adds_to_the_prompt(explorer):
    tokens = BPETokenizer.train("ä b ä b äb", 260, special=["<|endoftext|>"])
    model = GPT(GPTConfig(tokens.vocab_size, block_size=16, n_layer=1, n_head=1, n_embd=8))
    served = Explorer(explorer.models._replace(gpts={"bytes": Served("Bytes", model, tokens, {})}))
    found = gpt.look(served, Asked({"prompt": "ä b"}))
    whole = [row["piece"] for row in found["distribution"]["rows"] if "\ufffd" not in row["piece"]]
    for piece in whole:
        assert (
            "".join(text for text, _ in gpt.look(served, Asked({"prompt": f"ä b{piece}"}))["tokens"]) == f"ä b{piece}"
        )
    assert gpt.step(served, Asked({"prompt": "ä b"}))["prompt"].startswith("ä b")
    assert gpt.step(served, Asked({"prompt": "ä b<|endoftext|>"}))["prompt"].startswith("ä b<|endoftext|>")


def test_the_shipped_calculator_answers_and_ends():
    explorer, prompt = Explorer(load_models()), "two plus three <is>"
    asked = {"model": "calculator", "temperature": 0}
    first = gpt.step(explorer, Asked({**asked, "prompt": prompt}))
    assert first["prompt"] == f"{prompt} five" and not first["ended"]
    last = gpt.step(explorer, Asked({**asked, "prompt": first["prompt"]}))
    assert last["prompt"] == first["prompt"] and last["ended"]


# What is asked wrongly ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("prompt", "problem"),
    [("", "The prompt is empty: a GPT continues a text"), ("a bad hexad", "unknown character 'x' (U+0078")],
)
@pytest.mark.parametrize("name", ["look", "step", "costs"])
def test_a_prompt_that_cannot_be_read_is_an_answer_with_the_reason(ask, name, prompt, problem):
    assert ask(name, prompt=prompt)["problem"].startswith(problem)


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"prompt": "a" * 20_001}, "'prompt' has 20,001 characters, and at most 20,000 are accepted"),
        ({"prompt": 3}, "'prompt' must be a string"),
        ({"model": "large"}, "'model' must be one of tiny, got 'large'"),
        ({"position": 10}, "'position' must be a whole number from 0 to 9, got 10"),
        ({"layer": 2}, "'layer' must be a whole number from 0 to 1, got 2"),
        ({"head": -1}, "'head' must be a whole number from 0 to 1, got -1"),
        ({"temperature": -0.1}, "'temperature' must be a number from 0 to 10"),
        ({"top_k": 11}, "'top_k' must be a whole number from 0 to 10"),
        ({"top_p": 0}, "'top_p' must be a number from 0.01 to 1"),
        ({"off": 3}, "'off' must be a list of [kind, layer, head], got 3"),
        ({"off": [["head", 0, 0, 0]]}, "'off' must be a list of [kind, layer, head]"),
        ({"off": [[["mlp"], 0]]}, "'off' must be a list of [kind, layer, head]"),
        ({"off": [["head", 0, 2]]}, "head must be a whole number from 0 to 1, got 2"),
        ({"off": ["mlp"]}, "what is switched off must be one of mask, attention, mlp, head, got 'm'"),
    ],
)
def test_a_wrong_question_is_refused_by_the_server_and_the_next_is_answered(client, members, message):
    answer = client.post("/api/gpt/look", json={"prompt": PROMPT, **members})
    assert answer.status_code == 400 and answer.json()["error"].startswith(message)
    assert client.post("/api/gpt/look", json={"prompt": PROMPT}).status_code == 200


def test_many_questions_at_once_get_the_answers_of_each_alone(ask):
    asked = [{"prompt": PROMPT[:n], "off": off} for n in (1, 5, 10) for off in ([], *[[one] for one in SWITCHES])] * 3
    alone = [ask("look", **one) for one in asked]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda one: ask("look", **one), asked))
    assert repr(together) == repr(alone)
