"""The tool that changes autograd/ to see whether tests notice."""

import ast
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.mutants.__main__ import verdict
from tests.mutants.changes import mutants

ROOT = Path(__file__).parents[1]
SOURCE = b'''
def size(x: "1 + 2", *, most=3) -> "4 + 5":  # \xc3\xa4 1 + 1
    """1 + 1"""
    if not x or (x >
                 most):
        raise ValueError(f"{x + 1} of {1 + 1}")
    x *= (2
          - 1)
    for x in zip(x, x.reshape(-1), strict=True):
        print
    return -x if x else most
'''
SUM = "def total(x, y):\n    return x + y\n\n\ndef unused(x):\n    return x\n"
TESTS = """
import autograd

def test_total():
    assert autograd.total(2, 3) == 5

def test_fails_as_it_is():
    assert autograd.total(2, 3) == 6
"""


def test_each_mutant_differs_in_one_place_and_keeps_the_lines():
    for file in ("autograd/nests.py", "autograd/ops/pairs.py", "autograd/graph.py"):
        source = (ROOT / file).read_bytes()
        for mutant in mutants(source, file):
            assert mutant.source != source and mutant.source.count(b"\n") == source.count(b"\n")
            lines = zip(source.splitlines(), mutant.source.splitlines())
            changed = [i for i, (old, new) in enumerate(lines, 1) if old != new]
            assert set(changed) <= set(range(mutant.line, mutant.last_line + 1))
            ast.parse(mutant.source)


def test_operators_numbers_conditions_and_results_change_but_not_annotations_or_messages():
    changes = {(" ".join(m.before.split()), m.after) for m in mutants(SOURCE, "f.py")}
    assert changes == {
        ("3", "4"), ("not x or (x > most)", "False"), ("not x or (x > most)", "True"),
        ("not x or (x > most)", "not x and x > most"), ("not x", "x"),
        ("x > most", "x >= most"), ("x > most", "x <= most"), ("x *= (2 - 1)", "x /= 2 - 1"),
        ("2 - 1", "2 + 1"), ("2", "3"), ("1", "2"),
        ("-x if x else most", "None"), ("-x", "x"), ("x", "False"), ("x", "True"),
    }  # fmt: skip


@pytest.mark.parametrize(
    "code, out, how",
    [
        (0, "1 passed", "alive"),
        (1, "FAILED tests/test_a.py::test_b[c d] - assert 1 == 2", "dead"),
        (1, 'Traceback (most recent call last):\n  File "/t/autograd/base.py", line 3\nNameError: x', "dead"),
        (1, "python: No module named pytest", "error"),
        (2, "_ ERROR collecting tests/test_a.py _\nE   NameError: x", "dead"),
        (2, "! KeyboardInterrupt !", "error"),
        (3, "INTERNALERROR> autograd/", "error"),
        (4, "ImportError while loading conftest '/t/tests/conftest.py'.\nE   NameError: x", "dead"),
        (
            4,
            "_ ERROR collecting tests/test_a.py _\nE   NameError: x\nERROR: not found: tests/test_a.py::test_b",
            "dead",
        ),
        (4, "ERROR: not found: /t/tests/autograd/test_a.py::test_b", "error"),
        (5, "no tests ran", "error"),
        (-signal.SIGXCPU, "", "dead"),
        (-signal.SIGSEGV, "", "dead"),
        (-signal.SIGKILL, "", "error"),
    ],
)
def test_a_kill_is_a_failed_test_an_error_at_import_a_crash_or_too_much_time(code, out, how):
    assert verdict(code, out)[0] == how


def test_a_run_tells_what_tests_notice_and_goes_on_where_it_was(tmp_path):
    shutil.copytree(ROOT / "tests" / "mutants", tmp_path / "tests" / "mutants")
    files = {
        "autograd/__init__.py": SUM,
        "tests/autograd/test_total.py": TESTS,
        "tests/conftest.py": "from hypothesis import settings\n\nsettings.register_profile('brief', max_examples=1)\n",
        "pyproject.toml": '[tool.pytest.ini_options]\naddopts = "-ra --import-mode=importlib"\n',
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    command = [sys.executable, "-m", "tests.mutants", "--jobs", "1", "--suites", "tests/autograd", "--count"]
    runs = [
        subprocess.run([*command, count], cwd=tmp_path, capture_output=True, text=True, timeout=300).stdout
        for count in ("1", "99")
    ]
    (kept,) = tmp_path.glob("out/mutants/*/seed-0-*.jsonl")
    assert len(kept.read_text().splitlines()) == 3, runs  # each was tried once
    assert "x + y -> x - y  [tests/autograd/test_total.py::test_total]" in "".join(runs)
    assert "alive autograd/__init__.py:6: x -> None" in runs[1]
    assert "autograd/__init__.py                         2     1     0" in runs[1]
