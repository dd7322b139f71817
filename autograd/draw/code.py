"""What a program says at the place where an operation was recorded: the expression, and the names that it is given."""

from __future__ import annotations

import ast
import linecache
import os
from itertools import islice
from types import CodeType

from autograd.errors import ROOT
from autograd.tracing import Source

Position = tuple[int, int, int, int]  # the first and the last line, the columns where it begins and ends, in bytes
_NN = os.path.join(ROOT, "nn", "")


class Code:
    """The files of the programs that a picture is about, each read once."""

    def __init__(self) -> None:
        self._names: dict[str, dict[Position, tuple[str, ...]]] = {}
        self._positions: dict[tuple[CodeType, int], Position | None] = {}

    def names(self, source: Source | None) -> tuple[str, ...]:
        """The variables to which the value of the expression is assigned; none within a layer of the library."""
        at = self._position(source)
        if source is None or at is None or source.file.startswith(_NN):
            return ()
        if source.file not in self._names:
            self._names[source.file] = _assignments(source.file)
        return self._names[source.file].get(at, ())

    def expression(self, source: Source | None) -> str:
        """The expression on one line; "" where the file cannot be read."""
        at = self._position(source)
        if source is None or at is None:
            return ""
        first, last, begin, end = at
        lines = [line.encode() for line in linecache.getlines(source.file)[first - 1 : last]]
        if not lines:
            return ""
        lines[-1] = lines[-1][:end]
        lines[0] = lines[0][begin:]
        return " ".join(b" ".join(lines).decode(errors="replace").split())

    def _position(self, source: Source | None) -> Position | None:
        """The place of the expression that was running, as far as Python knows it."""
        if source is None or source.code is None:
            return None
        key = source.code, source.instruction
        if key not in self._positions:
            at = next(islice(source.code.co_positions(), source.instruction // 2, None), (None,) * 4)
            self._positions[key] = None if None in at else at  # type: ignore[assignment]
        return self._positions[key]


def _assignments(file: str) -> dict[Position, tuple[str, ...]]:
    """The names that each assigned expression of a file gets, by its position."""
    try:
        tree = ast.parse("".join(linecache.getlines(file)))
    except SyntaxError:
        return {}
    found: dict[Position, tuple[str, ...]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign):
            _note(found, node.value, node.targets[0])
        elif isinstance(node, (ast.AnnAssign, ast.NamedExpr)) and node.value is not None:
            _note(found, node.value, node.target)
        elif isinstance(node, ast.AugAssign):
            _note(found, node, node.target)
    return found


def _note(found: dict[Position, tuple[str, ...]], value: ast.AST, target: ast.AST) -> None:
    targets = target.elts if isinstance(target, (ast.Tuple, ast.List)) else [target]
    values = value.elts if isinstance(value, (ast.Tuple, ast.List)) and len(targets) > 1 else [value]
    if len(values) == len(targets) > 1:
        for one, its_target in zip(values, targets):
            _note(found, one, its_target)
    else:
        at = (value.lineno, value.end_lineno, value.col_offset, value.end_col_offset)  # type: ignore[attr-defined]
        found[at] = tuple([ast.unparse(one) for one in targets])
