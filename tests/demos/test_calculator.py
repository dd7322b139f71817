"""The calculator demo: what is learned from a row, how answers are counted, and what people get who ask."""

import json
import sys

import numpy as np
import pytest

import autograd as ag
from demos import calculator
from demos.calculator import Calculator, Data, main, operation, reply, shares, tokenizer, true_answer
from demos.data.numbers import Example, calculator_examples
from models.config import GPTConfig
from models.gpt import GPT
from nn import checkpoint, optim

PICTURES = ("learning.png", "operands.png", "attention.png")


@pytest.fixture
def small_model():
    ag.manual_seed(0)
    return Calculator(GPT(GPTConfig.preset("calculator", n_embd=16, n_layer=1, n_head=2)), tokenizer())


@pytest.fixture
def small(tmp_path, monkeypatch):
    """The demo with one example in forty, in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(calculator, "calculator_examples", lambda: calculator_examples()[::40])
    monkeypatch.setattr(calculator, "BATCH", 8)
    return tmp_path / "out" / "calculator"


@pytest.fixture
def no_pictures(monkeypatch):
    for name in ("learning", "draw_operands", "draw_looks"):
        monkeypatch.setattr(calculator, name, lambda *_: None)
    monkeypatch.setattr(calculator.Report, "picture", lambda *_: None)


def weights(folder):
    state = ag.load(folder / "last.ckpt")
    return {name: tensor.array for name, tensor in state["model"].items()}


def test_the_preset_is_the_size_of_the_vocabulary_and_of_about_100_000_weights():
    config = GPTConfig.preset("calculator")
    assert config.vocab_size == tokenizer().vocab_size
    assert 90_000 < sum(p.numel() for p in GPT(config).parameters()) < 110_000


def test_the_longest_row_fits_into_the_context():
    data = Data.encode(calculator_examples(), tokenizer())
    assert data.x.shape == data.y.shape == (15_722, 11)
    assert data.x.shape[1] <= GPTConfig.preset("calculator").block_size


def test_a_row_learns_the_words_of_its_answer_and_the_end_alone():
    tokens = tokenizer()
    data = Data.encode(
        [Example("two plus three", "five"), Example("sixty plus sixty", "one hundred and twenty")], tokens
    )
    assert tokens.decode(data.x[0]) == "two plus three <is> five <pad> <pad> <pad>"
    assert [tokens.decode([i]) if i >= 0 else "" for i in data.y[0]] == ["", "", "", "five", "<end>", "", "", ""]
    assert tokens.decode(data.x[1]) == "sixty plus sixty <is> one hundred and twenty"
    assert [tokens.decode([i]) if i >= 0 else "" for i in data.y[1]] == [
        *3 * [""],
        *"one hundred and twenty <end>".split(),
    ]


def test_the_held_out_examples_are_a_fifth_that_is_not_trained_on(small, no_pictures, monkeypatch):
    seen, encode = [], Data.encode
    monkeypatch.setattr(Data, "encode", lambda part, tokens: seen.append(part) or encode(part, tokens))
    main(["--steps", "0", "--seed", "3"])
    trained, held_out = seen
    assert not set(trained) & set(held_out)
    assert set(trained) | set(held_out) == set(calculator.calculator_examples())
    assert len(held_out) == round(len(calculator.calculator_examples()) / 5)


def test_each_question_of_a_batch_has_the_answer_that_it_has_alone(small_model):
    questions = [
        "two plus three",
        "forty two minus seven",
        "one times one",
        "ninety nine plus ninety nine",
        "six plus ten",
    ]
    together = small_model.answers(questions)
    assert together == [small_model.answers([question])[0] for question in questions]


def test_a_model_that_learned_a_few_answers_gives_them_exactly(small_model):
    tokens = tokenizer()
    examples = [Example("two plus three", "five"), Example("sixty plus sixty", "one hundred and twenty")]
    data, optimizer = Data.encode(examples, tokens), optim.Adam(small_model.model.parameters(), lr=1e-2)
    for _ in range(60):
        optimizer.zero_grad()
        small_model.model.loss(*data.rows(slice(None))).backward()
        optimizer.step()
    assert small_model.answers([example.question for example in examples]) == ["five", "one hundred and twenty"]
    assert reply(small_model, "Two plus THREE?") == "five"


def test_shares_count_exact_answers_by_operation():
    examples = [Example("two plus three", "five"), Example("two plus two", "four"), Example("two times two", "four")]
    assert shares(examples, ["five", "four four", "four"]) == {"plus": 0.5, "times": 1.0}
    assert operation("forty two minus seven") == "minus"


@pytest.mark.parametrize(
    ("question", "number"),
    [("two plus three", 5), ("Forty-two minus seven?", 35), ("six times seven", 42), ("two minus three", -1)],
)
def test_the_true_answer_is_that_of_arithmetic(question, number):
    assert true_answer(question) == number


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("two plus pizza", "unknown word 'pizza'"),
        ("2 plus 3", "unknown word '2'"),
        ("two three", "none of the words plus, minus, times"),
        ("plus three", "'' is not a number"),
        ("two plus three plus four", "'three plus four' is not a number"),
        ("two plus twenty twenty", "'twenty twenty' is not a number"),
    ],
)
def test_what_is_no_question_is_an_error_that_says_why(small_model, question, words):
    with pytest.raises(ValueError, match=words):
        reply(small_model, question)


@pytest.mark.parametrize("question", ["two minus three", "fifty times fifty", "one hundred plus one"])
def test_a_question_beyond_those_learned_is_answered_with_a_warning(small_model, question):
    assert f"never learned such a question; {true_answer(question)} is right" in reply(small_model, question)


def test_a_wrong_answer_is_said_to_be_wrong(small_model):
    (given,) = small_model.answers(["two plus three"])
    assert given != "five" and reply(small_model, "two plus three") == f"{given} (wrong: it is five)"


def test_a_training_leaves_pictures_and_a_model_that_answers(small, capsys, monkeypatch):
    found = main(["--steps", "2"])
    assert set(found) == {"plus", "minus", "times"} and all(0 <= share <= 1 for share in found.values())
    assert all((small / name).stat().st_size > 1000 for name in (*PICTURES, "calculator.html", "last.ckpt"))
    capsys.readouterr()
    monkeypatch.setattr(calculator, "learn", lambda *_: pytest.fail("trained again"))
    assert main(["--ask", "two plus three", "--ask", "two plus pizza"]) is None
    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith("two plus three → ")
    assert second.startswith("two plus pizza → no answer: unknown word 'pizza'")


def test_questions_can_be_typed(small, no_pictures, capsys, monkeypatch):
    main(["--steps", "1"])
    lines = iter(["two plus three", "what?", ""])
    monkeypatch.setattr("builtins.input", lambda prompt="": next(lines))
    capsys.readouterr()
    main(["--ask"])
    out = capsys.readouterr().out
    assert "two plus three → " in out and "what? → no answer: unknown word 'what'" in out


def test_asking_before_training_says_which_command_trains(small):
    with pytest.raises(SystemExit, match="python -m demos.calculator"):
        main(["--ask", "two plus three"])


def test_the_model_of_another_demo_is_refused(small, small_model):
    checkpoint.save(small / "last.ckpt", small_model.model, config={"source_vocab": 3})
    with pytest.raises(SystemExit, match="not the checkpoint of a GPT.*\n.*python -m demos.calculator"):
        main(["--ask", "two plus three"])


def test_one_seed_one_model_and_another_seed_another(small, no_pictures):
    runs = []
    for seed in ("1", "1", "2"):
        main(["--steps", "3", "--seed", seed])
        runs.append(weights(small))
    assert all(np.array_equal(runs[0][name], runs[1][name]) for name in runs[0])
    assert not all(np.array_equal(runs[0][name], runs[2][name]) for name in runs[0])


def test_a_training_that_was_stopped_goes_on_as_if_it_had_not_been(small, no_pictures, monkeypatch, capsys):
    main(["--steps", "4", "--seed", "5"])
    whole = weights(small)
    loss, calls = GPT.loss, iter(range(1000))

    def interrupted(self, *batch):
        if next(calls) == 5:  # held out, step, held out, step, held out, step
            raise KeyboardInterrupt
        return loss(self, *batch)

    with monkeypatch.context() as patch:
        patch.setattr(GPT, "loss", interrupted)
        main(["--steps", "4", "--seed", "5"])
    assert "stopped after 2 of 4 steps" in capsys.readouterr().out
    assert json.loads((small / "settings.json").read_text()) == {"seed": 5, "steps": 4}
    main(["--resume"])
    assert all(np.array_equal(whole[name], array) for name, array in weights(small).items())


def test_there_must_be_a_training_to_resume(small):
    with pytest.raises(SystemExit, match="no run in .* to go on with"):
        main(["--resume"])


def test_a_missing_package_is_named_before_the_training(small, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.setattr(calculator, "learn", lambda *_: pytest.fail("the work began"))
    with pytest.raises(SystemExit, match=r'pip install "chainrule\[plot\]"'):
        main([])
