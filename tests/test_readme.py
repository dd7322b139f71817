"""What the README shows runs as it stands, and what it names is there."""

import re
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = [textwrap.dedent(block) for block in re.findall(r"(?:^    .*\n|^\n(?=    ))+", TEXT, re.M)]
PROGRAMS = [block.strip() for block in BLOCKS if block.strip().startswith(("from ", "import "))]


def test_there_are_programs_to_run():
    assert len(PROGRAMS) == 4


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.splitlines()[0])
def test_a_program_runs(program, tmp_path):
    command = [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(ROOT)!r})\n{program}"]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr


@pytest.mark.parametrize("program", [program for program in PROGRAMS if "print(" in program])
def test_a_program_prints_what_is_shown_below_it(program, tmp_path):
    file = tmp_path / "program.py"
    file.write_text(program + "\n", encoding="utf-8")
    run = f"import sys, runpy; sys.path.insert(0, {str(ROOT)!r}); runpy.run_path({str(file)!r})"
    printed = subprocess.run([sys.executable, "-c", run], capture_output=True, text=True, check=True).stdout
    shown = [block.strip() for block in BLOCKS]
    assert [line.rstrip() for line in printed.strip().splitlines()] == shown[shown.index(program) + 1].splitlines()


def test_every_demo_is_in_the_table():
    named = set(re.findall(r"^\| `(\w+)` \|", TEXT, re.M))
    listed = subprocess.run([sys.executable, "-m", "demos"], cwd=ROOT, capture_output=True, text=True).stdout
    assert named == set(re.findall(r"^  (\w+) ", listed, re.M))


@pytest.mark.parametrize(
    "path", sorted(set(re.findall(r"(?:docs|autograd|models|tests|demos)/[\w/]+(?:\.\w+)?", TEXT)))
)
def test_every_file_it_names_is_there(path):
    assert (ROOT / path).exists()
