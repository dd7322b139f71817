"""Random programs of tensors, views, changes in place and backward passes, as lines of source.

A program is written line by line and run as it is written, since what can come next depends on the shapes so far. Its
names are `T` (torch, or autograd), `grad`, and `kept`, a list for hooks: printed, it can be pasted below `HEADER`.
"""

import random
import re
from collections.abc import Callable
from math import prod
from typing import Any, NamedTuple

import numpy as np

from tests.fuzz.statements import CHANGES, OPERATORS, VIEWS, WRITES

HEADER = "import torch as T\nfrom torch.autograd import grad\nkept = []\n"


class Line(NamedTuple):
    """A statement. `target` is the tensor that it makes or changes, `value` what that is then, computed out of place.

    `kind` is "new", "change", or the name of anything else; `quiet` is a statement within no_grad.
    """

    source: str
    kind: str
    target: str = ""
    value: str = ""
    quiet: bool = False


def scope_of(api: Any) -> dict[str, Any]:
    """The names of a program that runs on torch, or on autograd."""
    return {"T": api, "grad": api.autograd.grad, "kept": []}


def tensors_of(scope: dict[str, Any]) -> dict[str, Any]:
    """The tensors of a program, by their names."""
    return {name: value for name, value in scope.items() if name[0] == "v" and name[1:].isdigit() and _usable(value)}


def _usable(tensor: Any) -> bool:
    """False for one that torch has given up: one of several outputs of a view, whose base was changed."""
    try:
        return tensor.is_leaf in (True, False)
    except RuntimeError:
        return False


def failure(line: Line, scope: dict[str, Any]) -> Exception | None:
    """Run a line; the error that it raises, if it does."""
    try:
        exec(line.source, scope)
    except Exception as error:
        return error
    return None


def parsed(source: str) -> list[Line]:
    """The lines of a program that was printed."""
    lines = []
    for text in filter(None, source.splitlines()):
        name, _, value = text.partition(" = ")
        made = name.isidentifier() and bool(value)
        target = re.match(r"(?:with T.no_grad\(\): )?(\w+)", text)[1]  # type: ignore[index]
        kind = "new" if made else "backward" if ".backward(" in text else "hook" if "grad_fn" in text else "change"
        lines.append(Line(text, kind, target, value))
    return lines


UNARY = ["sin", "cos", "tanh", "exp", "sigmoid", "square", "neg", "relu", "clone", "contiguous", "abs"]


class Writer:
    """Writes the program of a seed, with all kinds of statements or these alone: names of methods."""

    ALL = ("detached", "data", "changed_quietly", "backward", "second_order", "hook", "odd")

    def __init__(self, seed: int, api: Any, statements: tuple[str, ...] = ALL, mixed: bool = True) -> None:
        self.random = random.Random(seed)
        self.scope = scope_of(api)
        self.statements = statements
        self.mixed = mixed  # leaves of both dtypes, made within expressions too
        self.lines: list[Line] = []
        self.count = 0

    def write(self) -> list[Line]:
        """The lines of the program; the last may be a backward pass that raises."""
        for _ in range(self.random.randint(1, 3)):
            self.add(self.leaf())
        kinds: list[Callable[[], Line]] = [self.view] * 6 + [self.change] * 6 + [self.computed] * 4 + [self.leaf]
        kinds += [getattr(self, name) for name in self.statements]
        for _ in range(self.random.randint(4, 16)):
            if not self.add(self.random.choice(kinds)()):
                return self.lines
        if "backward" in self.statements:
            self.add(self.backward())
        return self.lines

    def add(self, line: Line) -> bool:
        """Run a line and keep it; False where the program cannot go on after it."""
        error = failure(line, self.scope)
        if (
            error is None
            and line.kind == "new"
            and (prod(self.shape(line.target)) > 60 or len(self.shape(line.target)) > 4)
        ):
            del self.scope[line.target]
            return True
        if error is not None and line.kind == "new" and self.random.random() < 0.5:
            return True  # most of what cannot be computed at all says little
        self.lines.append(line)
        return error is None or line.kind not in ("backward", "grad")

    # Names and numbers ------------------------------------------------------------------------------------------------

    def new(self, value: str) -> Line:
        name = f"v{self.count}"
        self.count += 1
        return Line(f"{name} = {value}", "new", name, value)

    def pick(self, wanted: Callable[[Any], bool] = lambda t: True) -> str:
        """The name of a tensor, more often a late one."""
        names = [name for name, t in self.tensors().items() if wanted(t)] or list(self.tensors())
        return self.random.choice(names[-4:] if self.random.random() < 0.6 else names)

    def tensors(self) -> dict[str, Any]:
        return tensors_of(self.scope)

    def shape(self, name: str) -> tuple[int, ...]:
        return tuple(self.scope[name].shape)

    def number(self) -> float:
        return self.random.choice([-1, 1]) * self.random.randint(10, 200) / 100

    def dim(self, shape: tuple[int, ...]) -> int:
        n = max(len(shape), 1)
        return self.random.randint(-n, n - 1)

    def random_shape(self) -> tuple[int, ...]:
        sizes = [1, 2, 2, 3, 3] if self.random.random() < 0.9 else [0, 1, 2]
        return tuple(self.random.choice(sizes) for _ in range(self.random.choice([0, 1, 1, 2, 2, 2, 3])))

    def literal(self, shape: tuple[int, ...], dtype: str = "float64", requires_grad: bool = False) -> str:
        def nested(sizes: tuple[int, ...]) -> Any:
            return [nested(sizes[1:]) for _ in range(sizes[0])] if sizes else self.number()

        options = f"dtype=T.{dtype}" + (", requires_grad=True" if requires_grad else "")
        return f"T.tensor({nested(shape)}, {options})" if prod(shape) else f"T.zeros({shape}, {options})"

    def dtype(self, name: str) -> str:
        return str(self.scope[name].dtype).removeprefix("torch.")

    def operand(self, shape: tuple[int, ...], dtype: str = "float64", apart_from: str = "") -> str:
        """A number, or a tensor that (nearly always) broadcasts to a shape, and has its own memory."""
        avoided = self.scope[apart_from] if apart_from and self.random.random() < 0.9 else None
        memory = None if avoided is None else avoided.detach().numpy(force=True)

        def fits(t: Any) -> bool:
            if memory is not None and np.may_share_memory(memory, t.detach().numpy(force=True)):
                return False
            return len(t.shape) <= len(shape) and all(n in (1, m) for n, m in zip(t.shape[::-1], shape[::-1]))

        way = self.random.random()
        if way < 0.25:
            return str(self.number())
        if way < 0.75 and any(map(fits, self.tensors().values())):
            return self.pick(fits)
        if way < 0.78:
            return self.pick()
        lead = self.random.randint(0, len(shape)) if self.random.random() < 0.3 else 0
        sizes = tuple(1 if self.random.random() < 0.2 else n for n in shape[lead:])
        return self.literal(sizes, dtype, requires_grad=self.mixed and self.random.random() < 0.2)

    def index(self, shape: tuple[int, ...], advanced: float = 0.3) -> str:
        """An index, as source; what it names is named once."""
        parts: list[str] = []
        arrays = self.random.random() < advanced and 0 not in shape
        dims = list(shape[: self.random.randint(0, len(shape))])
        for n in dims:
            way = self.random.random()
            if arrays and way < 0.5 and n:
                places = [
                    i - self.random.choice([0, n]) for i in self.random.sample(range(n), self.random.randint(1, n))
                ]
                mask = [self.random.random() < 0.6 for _ in range(n)]
                form = self.random.randint(0, 3)
                parts.append(
                    [str(places[:2]), f"T.tensor({places[:2]})", f"T.tensor({mask})", f"T.tensor([{places[:1]}])"][form]
                )
            elif way < 0.6 and n:
                parts.append(str(self.random.randint(-n, n - 1)))
            else:
                start, stop = self.random.randint(0, n), self.random.randint(0, n)
                low, high = min(start, stop), max(start, stop)
                parts.append(
                    self.random.choice([":", f"{low}:", f"{low}:{high}", f":{high}", "::2", f"{low}:{high}:2", ":-1"])
                )
        if self.random.random() < 0.2:
            parts.insert(self.random.randint(0, len(parts)), "None")
        if self.random.random() < 0.2:
            parts.insert(self.random.randint(0, len(parts)), "...")
        return ", ".join(parts) or self.random.choice(["...", "()", "None"])

    # Statements that make a tensor ------------------------------------------------------------------------------------

    def leaf(self) -> Line:
        dtype = "float32" if self.mixed and self.random.random() < 0.07 else "float64"
        return self.new(self.literal(self.random_shape(), dtype, self.random.random() < 0.75))

    def detached(self) -> Line:
        return self.new(f"{self.pick()}.detach()")

    def data(self) -> Line:
        return self.new(f"{self.pick()}.data")

    def view(self) -> Line:
        name = self.pick()
        return self.new(f"{name}{self.random.choice(VIEWS)(self, self.shape(name))}")

    def computed(self) -> Line:
        name = self.pick()
        shape, way = self.shape(name), self.random.random()
        if way < 0.3:
            return self.new(f"{name}.{self.random.choice(UNARY)}()")
        if way < 0.7:
            return self.new(f"{name} {self.random.choice(OPERATORS)} {self.operand(shape, self.dtype(name))}")
        if way < 0.8:
            return self.new(f"{name}.sum({self.random.choice(['', str(self.dim(shape))])})")
        other = self.pick(lambda t: tuple(t.shape) == shape)
        return self.new(
            self.random.choice(
                [
                    f"T.cat([{name}, {other}], {self.dim(shape)})",
                    f"T.stack([{name}, {other}], {self.dim(shape)})",
                    f"T.where({name} > 0, {name}, {other})",
                    f"T.maximum({name}, {other})",
                    f"{name}.masked_fill({other} > 0.5037, {self.number()})",
                    f"{name}.index_select({self.dim(shape)}, T.tensor([0]))",
                    f"{name}.repeat_interleave(2, {self.dim(shape)}) * 1",  # in torch a view
                    f"{name}.index_select({self.dim(shape)}, T.tensor([0, 0]))",
                    f"{name} @ {other}",
                ]
            )
        )

    # Statements that change one ---------------------------------------------------------------------------------------

    def change(self, quiet: bool = False) -> Line:
        name = self.pick(lambda t: quiet or not (t.is_leaf and t.requires_grad))
        source, value = self.random.choice(WRITES if quiet else CHANGES)(self, name, self.shape(name))
        return Line(f"{'with T.no_grad(): ' if quiet else ''}{source}", "change", name, value, quiet)

    def changed_quietly(self) -> Line:
        return self.change(quiet=True)

    # Derivatives ------------------------------------------------------------------------------------------------------

    def backward(self) -> Line:
        name = self.pick(lambda t: t.requires_grad)
        upstream = self.literal(self.shape(name), self.dtype(name))
        options = self.random.choice(
            ["retain_graph=True", "retain_graph=True", "retain_graph=True", "create_graph=True", ""]
        )
        return Line(
            f"{name}.backward({upstream}{options and ', '}{options})",
            "backward",
            value=f"{name}.backward({upstream}, retain_graph=True)",
        )

    def second_order(self) -> Line:
        y = self.pick(lambda t: t.requires_grad and not t.is_leaf)
        x = self.pick(lambda t: t.requires_grad and (t.is_leaf or self.random.random() < 0.3))
        line = self.new(f"grad(({y} * {y}).sin().sum(), [{x}], create_graph=True, allow_unused=True)[0] * 1")
        return line._replace(kind="new" if self.random.random() < 0.8 else "grad")

    def hook(self) -> Line:
        name = self.pick(lambda t: t.requires_grad and t._base is None)
        hook = self.random.choice(["kept.append", "lambda g: g * 2", "lambda g: g"])
        call = self.random.choice([f"register_hook({hook})", "retain_grad()"])
        return Line(f"{name}.grad_fn, {name}.{call}", "hook", name)  # without its grad_fn made anew, torch may crash

    def odd(self) -> Line:
        name = self.pick()
        options = [f"{name}.grad = None", f"{name}.grad.zero_()", f"{name}.grad.mul_(2)"]
        if self.random.random() < 0.3:
            return self.new(f"{name}.detach().requires_grad_()")
        return Line(self.random.choice(options), "odd", name)
