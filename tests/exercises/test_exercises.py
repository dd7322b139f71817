"""The exercises: right answers pass, stubs and wrong answers fail with the message that is meant for them."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from exercises.__main__ import main
from exercises.marking import EXERCISES, Verdict, mark, mark_apart
from tests.exercises.wrong_answers import WRONG

ROOT = Path(__file__).parents[2]
SOLUTIONS = Path(__file__).parent / "solutions"
BY_NAME = {exercise.name: exercise for exercise in EXERCISES}


def solution(name: str) -> str:
    return (SOLUTIONS / f"{name}.py").read_text(encoding="utf-8")


def verdict_of(name: str, text: str, folder: Path) -> Verdict:
    file = folder / f"{name}.py"
    file.write_text(text, encoding="utf-8")
    return mark(BY_NAME[name], file)


def test_there_are_twenty_numbered_from_one():
    assert [exercise.number for exercise in EXERCISES] == [*range(1, 21)]


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda e: e.name)
def test_the_right_answer_is_done(exercise):
    assert mark(exercise, SOLUTIONS / exercise.stub.name) == Verdict("done")


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda e: e.name)
def test_the_exercise_itself_is_open_and_says_what_is_to_be_done(exercise):
    verdict = mark(exercise, exercise.stub)
    assert verdict.state == "open" and verdict.message


@pytest.mark.parametrize(
    ("name", "old", "new", "words"),
    [(name, *case) for name, cases in WRONG.items() for case in cases],
    ids=[f"{name}: {words}" for name, cases in WRONG.items() for *_, words in cases],
)
def test_a_wrong_answer_is_told_what_is_wrong_with_it(name, old, new, words, tmp_path):
    text = solution(name)
    assert text.count(old) >= 1
    verdict = verdict_of(name, text.replace(old, new), tmp_path)
    assert verdict.state == "not yet"
    assert words in verdict.message
    assert str(ROOT) not in verdict.message


def test_every_exercise_has_two_wrong_answers_and_two_hints():
    assert set(WRONG) == set(BY_NAME)
    for exercise in EXERCISES:
        assert len({words for *_, words in WRONG[exercise.name]}) >= 2
        assert len(set(exercise.hints)) == 2


BROKEN = {
    "an exception": ("return 1 / 0", "ZeroDivisionError: division by zero\n  line 8, in tanh_rule:\n    return 1 / 0"),
    "another": ("return undefined", "NameError: name 'undefined' is not defined\n  line 8, in tanh_rule"),
    "a wrong shape": ("return g[:1]", "has shape (1, 3), and x has shape (2, 3)"),
    "no numbers": ("return 'g'", "returned a str"),
    "a ragged list": ("return [[1], [2, 3]]", "returned a list of 2"),
    "a dict": ("return {}", "returned a dict"),
    "an exit": ("raise SystemExit(3)", "SystemExit: 3\n  line 8"),
    "no end of calls": ("return tanh_rule(g, out)", "RecursionError: a function called itself too often\n  line 8"),
    "an error in reading": ("return (", "Python cannot read line 8: '(' was never closed"),
    "a name that is gone": ("return g\n\n\ntanh_rule = None", "There is no tanh_rule in the file"),
    "another signature": ("return g\n\n\ntanh_rule = lambda: 0", "takes 0 positional arguments but 2 were given"),
}


@pytest.mark.parametrize(("line", "words"), BROKEN.values(), ids=BROKEN)
def test_a_learners_error_is_shown_on_the_learners_line(line, words, tmp_path):
    verdict = verdict_of("01_tanh", solution("01_tanh").replace("return g * (1 - out**2)", line), tmp_path)
    assert verdict.state == "not yet" and words in verdict.message
    assert "exercises/" not in verdict.message


VALUES = (
    "None",
    "0",
    "float('nan')",
    "'text'",
    "[]",
    "()",
    "{}",
    "object()",
    "1j",
    "[None]",
    "(1, 2, 3)",
    "(None, 'a')",
)
TO_FILL = [exercise for exercise in EXERCISES if "raise NotImplementedError" in exercise.stub.read_text("utf-8")]


@pytest.mark.parametrize("value", VALUES)
@pytest.mark.parametrize("exercise", TO_FILL, ids=lambda e: e.name)
def test_whatever_an_answer_returns_the_verdict_is_words(exercise, value, tmp_path):
    text = exercise.stub.read_text(encoding="utf-8").replace("raise NotImplementedError", f"return {value}")
    verdict = verdict_of(exercise.name, text, tmp_path)
    assert verdict.state == "not yet" and verdict.message
    assert "Traceback" not in verdict.message and "exercises/" not in verdict.message


def test_a_file_that_is_no_text_is_told_so(tmp_path):
    file = tmp_path / "01_tanh.py"
    file.write_bytes(b"\x80\x81")
    verdict = mark(BY_NAME["01_tanh"], file)
    assert verdict.state == "not yet" and "Python cannot read" in verdict.message and "utf-8" in verdict.message


ENDLESS = "while True:\n        pass"
STUBBORN = "while True:\n        try:\n            g = g + out\n        except BaseException:\n            pass"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (ENDLESS, r"After 2 seconds it was still running at line \d+, in tanh_rule"),
        (STUBBORN, r"After 2 seconds it was still running at line \d+, in tanh_rule"),
        ("import os\n\n    os._exit(7)", "The file ended Python itself, with exit code 7"),
        pytest.param(
            "return np.empty(1 << 30)",
            r"MemoryError: .*8.00 GiB.*\n  line 8, in tanh_rule",
            marks=pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits the memory of a process"),
        ),
        ("return input()", r"EOFError: EOF when reading a line\n  line 8, in tanh_rule"),
    ],
)
def test_a_process_of_its_own_survives_what_the_answer_does(body, words, tmp_path):
    file = tmp_path / "01_tanh.py"
    file.write_text(solution("01_tanh").replace("return g * (1 - out**2)", body), encoding="utf-8")
    verdict = mark_apart(BY_NAME["01_tanh"], file, limit=2)
    assert verdict.state == "not yet" and re.search(words, verdict.message)
    assert [path.name for path in tmp_path.iterdir()] == ["01_tanh.py"]


def test_what_an_answer_prints_is_shown(tmp_path, capsys):
    text = solution("01_tanh").replace("    return", "    print('g is', g.shape)\n    return")
    (tmp_path / "01_tanh.py").write_text(text, encoding="utf-8")
    assert main(["--dir", str(tmp_path), "1"]) == 0
    shown = capsys.readouterr().out
    assert "1. The rule of tanh: done" in shown and "g is (2, 3)\n" in shown and "more lines)" in shown


def test_the_list_shows_what_is_done_open_and_neither(tmp_path, capsys):
    main(["--start", str(tmp_path)])
    (tmp_path / "01_tanh.py").write_text(solution("01_tanh"), encoding="utf-8")
    (tmp_path / "02_product.py").write_text("def product_rule(g, x, y):\n    return x, y\n", encoding="utf-8")
    capsys.readouterr()
    assert main(["--dir", str(tmp_path)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[:2] for line in lines[:3]] == [["1", "done"], ["2", "not"], ["3", "open"]]
    assert lines[-1] == "1 of 20 are done."


def test_starting_copies_the_exercises_and_never_overwrites(tmp_path, capsys):
    folder = tmp_path / "mine"
    assert main(["--start", str(folder)]) == 0
    assert {file.name: file.read_text("utf-8") for file in folder.iterdir()} == {
        exercise.stub.name: exercise.stub.read_text("utf-8") for exercise in EXERCISES
    }
    (folder / "01_tanh.py").write_text("mine", encoding="utf-8")
    (folder / "02_product.py").unlink()
    assert main(["--start", str(folder)]) == 0
    assert (folder / "01_tanh.py").read_text("utf-8") == "mine" and (folder / "02_product.py").exists()
    assert "19 files were there and are as they were" in capsys.readouterr().out
    with pytest.raises(SystemExit) as stopped:
        main(["--start", str(folder)])
    assert stopped.value.code == 2 and "nothing is overwritten" in capsys.readouterr().err


WRONG_CALLS = {
    "--start taken": "no folder taken can be made there (File exists): choose another name",
    "21": "number must be from 1 to 20, got 21",
    "seven": "number must be the number of an exercise, 1 to 20, got seven",
    "1": "python -m exercises --start",
    "--hint": "--hint needs the number of an exercise",
    "7 --hint 3": "--hint must be 1 or 2, got 3",
}


@pytest.mark.parametrize(("arguments", "words"), WRONG_CALLS.items(), ids=WRONG_CALLS)
def test_a_wrong_call_is_one_line(arguments, words, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "taken").touch()
    with pytest.raises(SystemExit) as stopped:
        main(arguments.split())
    error = capsys.readouterr().err
    assert stopped.value.code == 2 and words in error and error.count("\n") == 1


def test_hints_are_given_one_after_the_other(capsys):
    first, second = EXERCISES[6].hints
    assert main(["7", "--hint"]) == 0
    shown = capsys.readouterr().out
    assert first in shown and second not in shown and "--hint 2" in shown
    assert main(["7", "--hint", "2"]) == 0
    assert second in capsys.readouterr().out


def test_the_command_marks_and_its_exit_code_says_whether_it_is_done(tmp_path):
    (tmp_path / "02_product.py").write_text("def product_rule(g, x, y):\n    return y, x\n", encoding="utf-8")
    command = [sys.executable, "-m", "exercises", "--dir", str(tmp_path), "2"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 1 and not run.stderr
    assert "2. Both sides of a product: not yet" in run.stdout and "This is dy/dx alone" in run.stdout
