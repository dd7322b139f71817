"""Which tests reach which lines, by coverage with a context for each test."""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from tests.mutants.changes import Mutant


def failures(printed: str) -> list[str]:
    """The tests that failed, by what pytest prints in the end."""
    return re.findall(r"^(?:FAILED|ERROR) (.*?)(?: - .*)?$", printed, re.M)


class Reached:
    """Which tests reach which lines, as measured.

    Tests that failed then are left out, and those in a browser, which takes more memory than a mutant may have.
    """

    def __init__(self, folder: Path) -> None:
        from coverage import CoverageData

        self.data = CoverageData(str(folder / "coverage"))
        self.data.read()
        printed = (folder / "printed.txt").read_text("utf-8")
        self.failed = set(failures(printed))
        parts = re.findall(r"^ *([\d.]+)s (?:setup|call) +(.+)$", printed, re.M)
        self.seconds: Counter[str] = Counter()
        for seconds, test in parts:
            if "browser" not in test:
                self.seconds[test] += float(seconds)  # type: ignore[assignment]

    @cache  # noqa: B019
    def lines(self, file: str) -> dict[int, set[str]]:
        """By line, the tests that run it; "" stands for what runs when modules are imported."""
        found: dict[int, set[str]] = {}
        for path in self.data.measured_files():
            if path.endswith("/" + file):
                for line, contexts in self.data.contexts_by_lineno(path).items():
                    tests = {context.rpartition("|")[0] for context in contexts}
                    found.setdefault(line, set()).update(t for t in tests if not t or t in self.seconds)
        return {line: tests - self.failed for line, tests in found.items()}

    def tests(self, mutant: Mutant) -> list[str]:
        """The tests that reach the mutant, a spread over all files first, with eight of its own file for one of others.

        Where that is only known to run at import, or not known to run (but perhaps does in a process that a test
        starts), also those that reach its statement, and then those that reach its file.
        """
        lines = self.lines(mutant.file)
        found: list[str] = []
        for span in ((mutant.line, mutant.last_line), mutant.statement, (1, max(lines, default=0))):
            here = set().union(*(lines.get(i, ()) for i in range(span[0], span[1] + 1)))
            found += self._spread(here - {"", *found}, f"test_{Path(mutant.file).stem}.py")
            if here and "" not in here:
                break
        return found

    def _spread(self, tests: Iterable[str], own: str) -> list[str]:
        by_file: dict[str, list[str]] = {}
        for test in random.Random(0).sample(ordered := sorted(tests), len(ordered)):
            by_file.setdefault(test.partition("::")[0], []).append(test)
        sizes = {file: 8 if Path(file).name == own else 1 for file in by_file}
        ranks = ((i // sizes[file], test) for file, tests in by_file.items() for i, test in enumerate(tests))
        return [test for _, test in sorted(ranks)]
