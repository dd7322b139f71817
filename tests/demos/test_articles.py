"""docs/articles.md is true: each item names a step that the page of its demo has."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from demos.lab.variants import EXPERIMENTS

ROOT = Path(__file__).parents[2]
LINES = (ROOT / "docs/articles.md").read_text(encoding="utf-8").splitlines()
ROWS = [[cell.strip() for cell in line.strip("|").split("|")] for line in LINES if re.match(r"\| 00\d \|", line)]


def text_of(node: ast.expr) -> str:
    """A pattern for what a string or f-string says."""
    if isinstance(node, ast.JoinedStr):
        return "".join(text_of(part) for part in node.values)
    return re.escape(node.value) if isinstance(node, ast.Constant) else ".*"


@cache
def titles(demo: str) -> set[str]:
    """Patterns for the titles of the steps of a demo, in its file and in those of demos/ that it imports."""
    if demo == "lab":
        return {re.escape(experiment.question) for experiment in EXPERIMENTS}
    trees = [ast.parse((ROOT / f"demos/{demo}.py").read_text(encoding="utf-8"))]
    for node in ast.walk(trees[0]):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("demos"):
            names = [node.module] if node.module != "demos" else [f"demos.{alias.name}" for alias in node.names]
            files = [ROOT / f"{name.replace('.', '/')}.py" for name in names]
            trees += [ast.parse(file.read_text(encoding="utf-8")) for file in files if file.exists()]
    calls = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Call)]
    steps = [c for c in calls if isinstance(c.func, ast.Attribute) and c.func.attr == "step" and c.args]
    return {text_of(call.args[0]) for call in steps}


def test_every_article_has_its_items():
    assert len(ROWS) >= 45 and {row[0] for row in ROWS} == {f"00{n}" for n in range(5)}
    assert {row[4] for row in ROWS} == {"shown", "differs"}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row[0]} {row[1]}"[:50])
def test_an_item_is_a_step_of_its_demo(row):
    _, _, demo, step, _ = row
    assert any(re.fullmatch(title, step) for title in titles(demo) if title != ".*")
