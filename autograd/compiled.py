"""`compiled(f)`: a function of Values, recorded once and replayed as straight-line code.

    @compiled
    def step(weights, x, target):
        loss = (Value.dot(weights, x) - target) ** 2
        loss.backward()
        return loss, [w.grad for w in weights]

    loss, gradients = step([0.5, -1.0], [1.0, 2.0], 3.0)         # recorded here, and run
    loss, gradients = step([0.4, -1.1], [2.0, 2.0], 1.0)         # run

The trick is that Values nest. f is called with Values whose data are Values whose data is unknown, so what f computes,
`backward` included, leaves a graph behind in the inner ones. Each of their nodes becomes a line of Python. The same
lines run on floats and on arrays: an input given as an array is a batch, and each result then is an array with a number
for every example, the gradients by shared inputs too (their mean is the gradient of the mean).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from functools import partial, update_wrapper
from typing import Any

import numpy as np

from autograd import ops
from autograd.floats import FUNCTIONS, apply, divide, power
from autograd.graph import newest_first, tick
from autograd.scalar import Value


def _sign(x: Any) -> Any:
    """-1, 0 or 1 for each number of an array, and 0 for nan, as Value has it."""
    return np.subtract(x > 0, x < 0, dtype=getattr(x, "dtype", float))


_NUMBERS = (float, int, np.number, np.ndarray, Value)
_CONSTANTS = {"inf": math.inf, "nan": math.nan}
_ON_FLOATS = {name: partial(apply, name) for name in FUNCTIONS} | {"abs": abs, "div": divide, "pow": power} | _CONSTANTS
_ON_ARRAYS = {name: getattr(ops, name) for name in (*FUNCTIONS, "abs", "div", "pow")} | {"sign": _sign} | _CONSTANTS


class Unknown:
    """The number behind an input while f is recorded: computing with it tells nothing, asking for it is an error."""

    def _unknown(self, *_: Any) -> Unknown:
        return self

    def _asked(self, *_: Any) -> Any:
        raise TypeError(
            "a compiled function cannot ask for the number behind a Value (in a comparison, if, float() or print), "
            "because it is not known yet: choose by relu, sign, maximum or minimum instead"
        )

    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __rtruediv__ = _unknown
    __pow__ = __rpow__ = __neg__ = __abs__ = _unknown
    __lt__ = __le__ = __gt__ = __ge__ = __bool__ = __float__ = __repr__ = _asked
    __eq__ = __ne__ = _asked
    __hash__ = object.__hash__

    def __getattr__(self, name: str) -> Callable[..., Unknown]:
        if name in FUNCTIONS:
            return self._unknown
        raise AttributeError(name)


UNKNOWN = Unknown()


class compiled:  # noqa: N801 - a decorator
    """The function `f`, which takes and returns numbers (Values too) in lists, tuples and dicts, as a fast program.

    It is recorded anew for arguments of another structure. What is no number (strings, bools, None) is passed as it is.
    Everything that changes between calls must be an argument: a number from elsewhere is recorded as it is now.
    """

    def __init__(self, f: Callable) -> None:
        update_wrapper(self, f)
        self.f = f
        self.programs: dict[Any, Program] = {}

    def __call__(self, *args: Any) -> Any:
        numbers: list[Any] = []
        structure = _taken(args, numbers)
        program = self.programs.get(structure)
        if program is None:
            program = self.programs[structure] = Program(self.f, args)
        return program(numbers)


class Program:
    """The straight-line code of `f` for arguments of the structure of `args`; `source` shows it."""

    def __init__(self, f: Callable, args: tuple) -> None:
        name = getattr(f, "__name__", "function")
        start = tick()
        inputs: list[Value] = []
        outputs: list[Any] = []
        result = f(*_mapped(args, lambda _: _unknown_input(inputs)))
        _mapped(result, outputs.append)
        for value in newest_first([x for x in outputs if isinstance(x, Value)]):
            if value.order < start:
                raise ValueError(f"{name} uses a Value from outside ({value.data}); make it an argument")
        self.source = _source(inputs, [_innermost(x) for x in outputs], result)
        code = compile(self.source, f"<compiled {name}>", "exec")
        self.on_floats, self.on_arrays = _defined(code, _ON_FLOATS), _defined(code, _ON_ARRAYS)

    def __call__(self, numbers: list) -> Any:
        if np.ndarray not in set(map(type, numbers)):
            return self.on_floats(*numbers)
        with np.errstate(all="ignore"):
            return self.on_arrays(*numbers)


def _unknown_input(inputs: list[Value]) -> Value:
    inner = Value(0.0)
    inner.data = UNKNOWN
    inputs.append(inner)
    return Value(inner)


def _innermost(x: Any) -> Any:
    """The Value whose data is not a Value: the one whose graph is the program."""
    while isinstance(x, Value) and isinstance(x.data, Value):
        x = x.data
    return x


def _source(inputs: list[Value], outputs: list[Any], result: Any) -> str:
    """A Python function from the inputs to the result, one line a node, nothing twice and nothing unused."""
    names = {value: f"x{i}" for i, value in enumerate(inputs)}
    lines: dict[str, str] = {}  # from an expression to the variable that holds it
    for node in reversed(newest_first([x for x in outputs if isinstance(x, Value)])):
        if node.data is not UNKNOWN:
            names[node] = repr(float(node.data))
        elif node not in names:
            text = _expression(node.op, *[names[parent] for parent in node.parents])
            names[node] = text if text.isidentifier() else lines.setdefault(text, f"t{len(lines)}")
    results = iter([names[x] if isinstance(x, Value) else repr(float(x)) for x in outputs])
    body = [f"{name} = {text}" for text, name in lines.items()] + [f"return {_written(result, results)}"]
    return f"def program({', '.join(names[x] for x in inputs)}):\n" + "".join(f"    {line}\n" for line in body)


def _expression(op: str, x: str, y: str = "") -> str:
    """One operation as Python; what adds zero or multiplies by one is left out."""
    if op == "+" and "0.0" in (x, y):
        return y if x == "0.0" else x
    if op == "*" and "1.0" in (x, y):
        return y if x == "1.0" else x
    if op in ("+", "-", "*"):
        return f"{x} {op} {y}"
    if op == "neg":
        return f"-{x}"
    if op == "/":
        return f"div({x}, {y})"
    if op.startswith("**"):
        y = y or repr(float(op[2:]))
        return {"1.0": x, "2.0": f"{x} * {x}"}.get(y, f"pow({x}, {y})")
    return f"{op}({x}, {y})" if y else f"{op}({x})"


def _defined(code: Any, names: dict[str, Any]) -> Callable:
    """The function `program` of the code, which may use these names and no others."""
    namespace = {"__builtins__": {}, **names}
    exec(code, namespace)
    return namespace["program"]


def _taken(nest: Any, numbers: list) -> Any:
    """Append the numbers in lists, tuples and dicts to `numbers`; returns what is left, the structure."""
    kind = type(nest)
    if kind is float:
        numbers.append(nest)
    elif kind is list or kind is tuple:
        return kind, *[_taken(part, numbers) for part in nest]
    elif kind is dict:
        return kind, *[(key, _taken(part, numbers)) for key, part in nest.items()]
    elif isinstance(nest, Value):
        numbers.append(float(nest.data))
    elif isinstance(nest, np.ndarray):
        numbers.append(nest if nest.dtype.kind == "f" else nest.astype(float))
    elif isinstance(nest, _NUMBERS) and kind is not bool:
        numbers.append(float(nest))
    else:
        return nest
    return float


def _mapped(nest: Any, function: Callable) -> Any:
    """Lists, tuples and dicts as they are, with the function of each number in them."""
    if isinstance(nest, (list, tuple)):
        return type(nest)([_mapped(part, function) for part in nest])
    if isinstance(nest, dict):
        return {key: _mapped(part, function) for key, part in nest.items()}
    return function(nest) if isinstance(nest, _NUMBERS) and not isinstance(nest, bool) else nest


def _written(nest: Any, names: Iterator[str]) -> str:
    """Lists, tuples and dicts as Python, with the next name for each number in them."""
    if isinstance(nest, list):
        return "[" + ", ".join([_written(part, names) for part in nest]) + "]"
    if isinstance(nest, tuple):
        return "(" + "".join([_written(part, names) + ", " for part in nest]) + ")"
    if isinstance(nest, dict):
        return "{" + ", ".join([f"{key!r}: {_written(part, names)}" for key, part in nest.items()]) + "}"
    return next(names) if isinstance(nest, _NUMBERS) and not isinstance(nest, bool) else repr(nest)
