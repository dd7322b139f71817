"""What the README names is there; tests/docs runs the programs that it shows."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")


def test_every_demo_is_in_the_table():
    named = set(re.findall(r"^\| `(\w+)` \|", TEXT, re.M))
    listed = subprocess.run([sys.executable, "-m", "demos"], cwd=ROOT, capture_output=True, text=True).stdout
    assert named == set(re.findall(r"^  (\w+) ", listed, re.M))


@pytest.mark.parametrize(
    "path", sorted(set(re.findall(r"(?:docs|autograd|models|tests|demos)/[\w/]+(?:\.\w+)?", TEXT)))
)
def test_every_file_it_names_is_there(path):
    assert (ROOT / path).exists()
