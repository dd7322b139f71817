"""A function of Values as straight-line code: it is recorded once, and then runs without Values.

The function is called with Values whose data are Symbols. A Value computes with whatever its data is, so each number
that the function and its `backward` compute adds a line of Python to the program. The program runs on floats and on
arrays: an input given as an array is a batch, and a result that depends on it then has a number for every example.

This is no part of the package: it serves one row of the benchmark, and knows only the operations of that row.
"""

from collections.abc import Callable

import numpy as np

from autograd.scalar import Value


class Symbol(Value):
    """A number that is known only when the program runs: an operation on it adds a line to the program."""

    __slots__ = ("name", "lines")

    def __init__(self, name: str, lines: list[str]) -> None:
        super().__init__(0.0)
        self.name = name
        self.lines = lines

    def _line(self, template: str, *others: object) -> "Symbol":
        result = Symbol(f"t{len(self.lines)}", self.lines)
        self.lines.append(f"{result.name} = {template.format(self.name, *map(_code, others))}")
        return result

    def __add__(self, y):
        return self if _is(y, 0.0) else self._line("{} + {}", y)

    def __mul__(self, y):
        return self if _is(y, 1.0) else self._line("{} * {}", y)

    def __sub__(self, y):
        return self._line("{} - {}", y)

    def __rsub__(self, y):
        return self._line("{1} - {0}", y)

    def __neg__(self):
        return self._line("-{}")

    def __gt__(self, y):
        return self._line("{} > {}", y)

    def relu(self):
        return self._line("maximum({}, 0.0)")

    __radd__ = __add__
    __rmul__ = __mul__


def _is(x: object, number: float) -> bool:
    return not isinstance(x, Symbol) and x == number


def _code(x: object) -> str:
    return x.name if isinstance(x, Symbol) else repr(float(x))


def compiled(f: Callable, inputs: int) -> Callable:
    """The function f, of this many Values to a list of Values and numbers, as a function of floats and arrays."""
    lines: list[str] = []
    symbols = [Symbol(f"x{i}", lines) for i in range(inputs)]
    results = [_code(x.data if type(x) is Value else x) for x in f(*map(Value, symbols))]
    body = "\n    ".join([*lines, f"return [{', '.join(results)}]"])
    namespace = {"maximum": np.maximum}
    exec(f"def program({', '.join(x.name for x in symbols)}):\n    {body}", namespace)
    return namespace["program"]
