"""The programs of the README and of docs/ run, one page after another, and print what the page shows."""

import json
import os
import re
import subprocess
import sys

import pytest

from tests.docs.pages import PAGES, ROOT, blocks, commands

NUMBER = re.compile(r"(?<![\w.])-?\d+\.?\d*(?:e[+-]?\d+)?")


def names(page):
    return str(page.relative_to(ROOT))


WITH_CODE = [page for page in PAGES if any(block.language == "python" for block in blocks(page))]
COMMANDS = {command for page in PAGES for command in commands(page)}
OPTION = re.compile(r"(?<![\w-])--[\w-]+")


def same(printed, shown):
    """Whether two numbers are the same to the digits shown, of which the last may differ, and of more than six."""
    digits = shown.partition("e")[0].partition(".")[2]
    unit = 10.0 ** -len(digits) * float("1e" + (shown.partition("e")[2] or "0"))
    return abs(float(printed) - float(shown)) <= max(1.5 * unit, 2e-6 * abs(float(shown)))


@pytest.mark.parametrize("page", WITH_CODE, ids=names)
def test_the_programs_of_a_page_run_and_print_what_it_shows(page, tmp_path):
    environment = os.environ | {"PYTHONPATH": str(ROOT), "MPLBACKEND": "agg", "CI": "1"}  # hypothesis: no deadline
    command = [sys.executable, "-W", "ignore", "-m", "tests.docs.pages", page]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    outputs = json.loads(done.stdout.splitlines()[-1])
    for printed, after in zip(outputs, blocks(page)[1:]):
        if after.language != "text":
            continue
        found, shown = [re.sub(r"\(± .*?\)|[ \t]+$", "", text.strip(), flags=re.M) for text in (printed, after.text)]
        assert NUMBER.sub("#", found).split() == NUMBER.sub("#", shown).split(), printed
        assert all(map(same, NUMBER.findall(found), NUMBER.findall(shown))), printed


def test_the_readme_has_programs():
    assert sum(block.language == "python" for block in blocks(ROOT / "README.md")) >= 4


@pytest.mark.parametrize(
    "module",
    sorted({module for module, _ in COMMANDS if module.startswith(("demos", "models", "autograd", "exercises"))}),
)
def test_the_commands_of_the_pages_have_the_options_that_they_name(module):
    wanted = {option for name, arguments in COMMANDS if name == module for option in OPTION.findall(arguments)}
    done = subprocess.run([sys.executable, "-m", module, "--help"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert wanted <= set(OPTION.findall(done.stdout))
