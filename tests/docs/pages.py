"""The code that the README and docs/ show, and what it prints.

A block ```python is run, all those of a page one after another in one namespace. A block ```text after it is what it
prints. With a title, ```python title="mine.py", a block is a file that is written, and a block ```console runs the
tests that it calls. (A block ```py is only shown here: another test runs it.) `python -m tests.docs.pages PAGE` runs a
page in the current folder and prints, as JSON, what each block printed.
"""

from __future__ import annotations

import contextlib
import io
import json
import linecache
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
FENCE = re.compile(r'^```(\w+)(?: title="([^"]+)")?\n(.*?)^```$', re.MULTILINE | re.DOTALL)


@dataclass
class Block:
    """A block of code on a page."""

    language: str
    title: str | None
    text: str


def blocks(page: Path) -> list[Block]:
    """The blocks of code of a page."""
    return [Block(language, title or None, text) for language, title, text in FENCE.findall(page.read_text("utf-8"))]


def commands(page: Path) -> list[tuple[str, str]]:
    """The modules and the arguments of the commands `python -m MODULE ARGUMENTS` on a page."""
    return re.findall(r"python -m ([a-z][a-z0-9_.]*[a-z0-9])\b([^`\n]*)", page.read_text("utf-8"))


def run(page: Path) -> list[str]:
    """What each block of a page prints."""
    names: dict[str, Any] = {"__name__": "__main__"}
    outputs = []
    for block in blocks(page):
        printed = io.StringIO()
        if block.language == "python":
            file = Path(block.title or "program.py")
            file.write_text(block.text, encoding="utf-8")
            linecache.clearcache()
            if block.title is None:
                with contextlib.redirect_stdout(printed):
                    exec(compile(block.text, file.name, "exec"), names)
        elif block.language == "console":
            for line in block.text.splitlines():
                if line.startswith("python -m pytest"):
                    done = subprocess.run([sys.executable, *shlex.split(line)[1:]], capture_output=True, text=True)
                    if done.returncode:
                        raise RuntimeError(done.stdout + done.stderr)
        outputs.append(printed.getvalue())
    return outputs


if __name__ == "__main__":
    sys.path.insert(0, "")
    print(json.dumps(run(Path(sys.argv[1]))))
