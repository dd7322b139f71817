"""The changes of mutation testing, one place of a source file at a time."""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator
from typing import Any, NamedTuple

SWAPS: dict[type, list[type]] = {
    ast.Add: [ast.Sub], ast.Sub: [ast.Add], ast.Mult: [ast.Div], ast.Div: [ast.Mult], ast.FloorDiv: [ast.Mult],
    ast.Pow: [ast.Mult], ast.Mod: [ast.FloorDiv], ast.BitAnd: [ast.BitOr], ast.BitOr: [ast.BitAnd],
    ast.Lt: [ast.LtE, ast.GtE], ast.LtE: [ast.Lt, ast.Gt], ast.Gt: [ast.GtE, ast.LtE], ast.GtE: [ast.Gt, ast.Lt],
    ast.Eq: [ast.NotEq], ast.NotEq: [ast.Eq], ast.Is: [ast.IsNot], ast.IsNot: [ast.Is], ast.In: [ast.NotIn],
    ast.NotIn: [ast.In], ast.And: [ast.Or], ast.Or: [ast.And],
}  # fmt: skip


class Mutant(NamedTuple):
    file: str
    line: int
    column: int
    last_line: int
    statement: tuple[int, int]  # the first and the last line of the statement: a function, where it is in the signature
    before: str
    after: str
    source: bytes  # of the whole file


def mutants(source: bytes, file: str) -> Iterator[Mutant]:
    """All mutants of a file: operators, comparisons, numbers, conditions and statements changed, one at a time.

    The rest of the text stays as it is, and each line keeps its number.
    """
    starts = [0]
    for line in source.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    for node, statement in _nodes(ast.parse(source), (1, 1)):
        for part, after in _changes(node):
            begin = starts[part.lineno - 1] + part.col_offset
            end = starts[part.end_lineno - 1] + part.end_col_offset
            before = source[begin:end]
            new = after if isinstance(part, ast.stmt) else f"({after})"
            text = new.encode() + b"\\\n" * (before.count(b"\n") - new.count("\n"))
            place = (file, part.lineno, part.col_offset, part.end_lineno, statement)
            yield Mutant(*place, before.decode(), after, source[:begin] + text + source[end:])


def _nodes(node: ast.AST, statement: tuple[int, int]) -> Iterator[tuple[ast.AST, tuple[int, int]]]:
    """The node and all below it with the lines of their statement; without what no test need notice."""
    if isinstance(node, ast.stmt):
        statement = (node.lineno, node.end_lineno or node.lineno)
    yield node, statement
    for field, value in ast.iter_fields(node):
        for part in value if isinstance(value, list) else [value]:
            if isinstance(part, ast.AST) and not _left_out(node, field, part):
                yield from _nodes(part, statement)


def _left_out(node: ast.AST, field: str, part: ast.AST) -> bool:
    """Annotations, messages (f-strings and raised errors), what only type checkers read, and what makes no difference.

    That is `strict=` of zip, and the 1 of `reshape(-1)`: NumPy takes any negative size for the one that it computes.
    """
    called = ast.unparse(node.func).rpartition(".")[2] if isinstance(node, ast.Call) else ""
    equal = (called == "zip" and field == "keywords") or (called == "reshape" and ast.unparse(part) == "-1")
    typing = isinstance(part, ast.If) and ast.unparse(part.test) == "TYPE_CHECKING"
    raised = isinstance(node, ast.Raise) and field == "exc"
    return field in ("annotation", "returns") or isinstance(part, ast.JoinedStr) or raised or typing or equal


def _changes(node: Any) -> Iterator[tuple[Any, str]]:
    """Parts of the source of a node, each with what to write in its place."""

    def operators(field: str, old: ast.AST) -> Iterator[tuple[Any, str]]:
        for new in SWAPS.get(type(old), []):
            changed = copy.copy(node)
            setattr(changed, field, [new(), *node.ops[1:]] if field == "ops" else new())
            yield node, ast.unparse(changed)

    if isinstance(node, (ast.BinOp, ast.BoolOp, ast.AugAssign)):
        yield from operators("op", node.op)
    elif isinstance(node, ast.Compare):
        yield from operators("ops", node.ops[0])
    elif isinstance(node, ast.UnaryOp):
        yield node, ast.unparse(node.operand)
    elif isinstance(node, ast.Constant) and type(node.value) in (int, float, bool):
        yield node, repr(not node.value if isinstance(node.value, bool) else node.value + 1)
    elif isinstance(node, (ast.If, ast.IfExp)):
        yield from ((node.test, "False"), (node.test, "True"))
    elif isinstance(node, ast.While):
        yield node.test, "False"
    elif isinstance(node, ast.Return) and not isinstance(node.value, (ast.Constant, type(None))):
        yield node.value, "None"
    elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        yield node.value, "None"
