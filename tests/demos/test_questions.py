"""What holds for every demo that learns to answer questions: it trains, resumes, answers, and says what is wrong."""

from collections.abc import Callable
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np
import pytest

import nn
from demos import calculator, questions, translate
from demos.data.numbers import calculator_examples, translation_examples
from models.gpt import GPT
from models.transformer import Transformer
from nn import checkpoint


class Case(NamedTuple):
    """A demo, the class of its model, how it is made small, and what is asked."""

    demo: ModuleType
    model: type
    shrink: Callable[[pytest.MonkeyPatch], None]
    pictures: dict[str, str]  # the functions that draw them
    question: str
    nonsense: str
    reason: str
    kind: str

    def run(self, *arguments: str) -> Any:
        return self.demo.main([*arguments])

    def weights(self, folder):
        return {name: tensor.array for name, tensor in checkpoint.load(folder / "weights")["model"].items()}


def shrink_calculator(patch):
    patch.setattr(calculator, "calculator_examples", lambda: calculator_examples()[::40])
    patch.setattr(calculator, "BATCH", 8)


def shrink_translate(patch):
    words = translate.new_translator().words
    patch.setattr(translate, "translation_examples", lambda: translation_examples()[::101])
    patch.setattr(translate.WordTokenizer, "train", lambda *_, **__: words)
    patch.setattr(translate, "SIZES", {**translate.SIZES, "d_model": 16, "num_heads": 2, "num_layers": 1, "d_ff": 32})
    patch.setattr(translate, "BATCH", 8)


CASES = {
    "calculator": Case(
        demo=calculator,
        model=GPT,
        shrink=shrink_calculator,
        pictures={"learning": "learning.png", "draw_operands": "operands.png"},
        question="two plus three",
        nonsense="two plus pizza",
        reason="unknown word 'pizza'",
        kind="a GPT",
    ),
    "translate": Case(
        demo=translate,
        model=Transformer,
        shrink=shrink_translate,
        pictures={"learning": "learning.png", "positions": "positions.png", "draw_attention": "attention.png"},
        question="four hundred and seven",
        nonsense="four pizzas",
        reason="unknown word 'pizzas'",
        kind="a translator",
    ),
}


@pytest.fixture(params=CASES)
def case(request, tmp_path, monkeypatch):
    """The demo on few examples, in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    CASES[request.param].shrink(monkeypatch)
    return CASES[request.param]


@pytest.fixture
def folder(case, tmp_path):
    return tmp_path / "out" / case.demo.NAME / "latest"


@pytest.fixture
def no_pictures(case, monkeypatch):
    monkeypatch.setattr("demos.one_question.draw_attention", lambda *_: None)
    for name in case.pictures:
        monkeypatch.setattr(case.demo, name, lambda *_: None)
    monkeypatch.setattr("demos.report.Report.picture", lambda *_: None)


def test_a_training_leaves_pictures_and_a_model_that_answers(case, folder, capsys, monkeypatch):
    found = case.run("--steps", "2")
    assert all(0 <= share <= 1 for share in (found.values() if isinstance(found, dict) else [found]))
    files = [*case.pictures.values(), f"{case.demo.NAME}.html", "weights.safetensors", "log.csv", "report.html"]
    assert all((folder / name).stat().st_size > 100 for name in files)
    capsys.readouterr()
    monkeypatch.setattr(case.demo, "learn", lambda *_: pytest.fail("trained again"))
    assert case.run("--ask", case.question, "--ask", case.nonsense) is None
    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith(f"{case.question} → ") and "no answer" not in first
    assert second.startswith(f"{case.nonsense} → no answer: {case.reason}")


def test_questions_can_be_typed(case, no_pictures, capsys, monkeypatch):
    case.run("--steps", "1")
    lines = iter([case.question, "what?", ""])
    monkeypatch.setattr("builtins.input", lambda prompt="": next(lines))
    capsys.readouterr()
    case.run("--ask")
    out = capsys.readouterr().out
    assert f"{case.question} → " in out and "what? → no answer: unknown word 'what'" in out


def test_the_saved_model_is_the_trained_one(case, folder, no_pictures, monkeypatch):
    made, learn = [], case.demo.learn
    monkeypatch.setattr(case.demo, "learn", lambda *arguments: made.append(learn(*arguments)) or made[-1])
    case.run("--steps", "3")
    trained, saved = made[0][0].model, case.demo.load(folder).model
    assert not trained.training and not saved.training
    for name, tensor in trained.state_dict().items():
        assert np.array_equal(saved.state_dict()[name].array, tensor.array), name


def test_the_held_out_examples_are_a_fifth_that_is_not_trained_on(case, no_pictures, monkeypatch):
    seen, trainer = [], case.demo.trainer
    monkeypatch.setattr(case.demo, "trainer", lambda model, *parts: seen.extend(parts[:2]) or trainer(model, *parts))
    case.run("--steps", "1", "--seed", "3")
    trained, held_out = map(set, seen)
    examples = case.demo.calculator_examples() if case.demo is calculator else case.demo.translation_examples()
    assert not trained & held_out and trained | held_out == set(examples)
    assert len(held_out) == round(len(examples) / 5)


def test_one_seed_one_model_and_another_seed_another(case, folder, no_pictures):
    runs = []
    for seed in ("1", "1", "2"):
        case.run("--steps", "3", "--seed", seed)
        runs.append(case.weights(folder))
    assert all(np.array_equal(runs[0][name], runs[1][name]) for name in runs[0])
    assert not all(np.array_equal(runs[0][name], runs[2][name]) for name in runs[0])


def test_a_stopped_training_goes_on_with_its_own_settings_as_if_it_had_not_been_stopped(
    case, folder, no_pictures, monkeypatch, capsys
):
    case.run("--steps", "4", "--seed", "5")
    whole = case.weights(folder)
    loss, calls = case.model.loss, iter(range(1000))

    def interrupted(self, *batch):
        if next(calls) == 7:  # held out, step, twice for the report, held out, step, held out, step
            raise KeyboardInterrupt
        return loss(self, *batch)

    with monkeypatch.context() as patch:
        patch.setattr(case.model, "loss", interrupted)
        case.run("--steps", "4", "--seed", "5")
    assert "stopped after 2 of 4 steps" in (printed := capsys.readouterr().out)
    assert f"to resume: python -m demos.{case.demo.NAME} --resume" in printed
    with pytest.raises(SystemExit):
        case.run("--resume", "--seed", "6")
    assert "is a run with other settings: seed was 5 and is now 6" in capsys.readouterr().err
    case.run("--resume")
    assert all(np.array_equal(whole[name], array) for name, array in case.weights(folder).items())


def test_the_checkpoint_of_something_else_is_refused(case, folder, capsys):
    checkpoint.save(folder / "weights", nn.Linear(1, 1), config={"sizes": 3})
    with pytest.raises(SystemExit) as stopped:
        case.run("--ask", case.question)
    (line,) = capsys.readouterr().err.splitlines()
    assert stopped.value.code == 2 and "weights" in line and f"is not the checkpoint of {case.kind}" in line
    assert line.endswith(f"python -m demos.{case.demo.NAME} trains a model")


@pytest.mark.parametrize(
    ("option", "words"),
    [("--ask", "there is no checkpoint out/{}/latest/weights"), ("--resume", "there is no run to resume in out/{}:")],
)
def test_without_a_saved_model_there_is_nothing_to_ask_and_nothing_to_resume(case, option, words, capsys):
    with pytest.raises(SystemExit) as stopped:
        case.run(option)
    (line,) = capsys.readouterr().err.splitlines()
    assert stopped.value.code == 2 and words.format(case.demo.NAME) in line


def test_answers_that_are_wrong_or_missing_are_marked(capsys):
    examples = [questions.Example("one", "1"), questions.Example("two", "2"), questions.Example("three", "3")]
    questions.show_answers(questions.Report(""), examples, ["", "9", "8"], ["1", "", "8"], [0, 1])
    lines = [line.split() for line in capsys.readouterr().out.splitlines()[-2:]]
    assert lines == [["one", "(nothing)", "1"], ["two", "9", "(nothing)", "wrong:", "2"]]
