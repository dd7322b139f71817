"""A training that can be run line by line, looked into, changed by hand and taken back.

Shapes: L layers, H heads, T tokens.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

import autograd as ag
from autograd import Generator, Tensor
from autograd.generator import drawing_from
from demos.explorer.subjects import Batch, Subject
from demos.inspection import look
from demos.watch import blame
from models.gpt import GPT
from nn import optim
from nn.train import decay_groups

LINES = ("optimizer.zero_grad()", "loss = model.loss(x, y)", "loss.backward()", "optimizer.step()")
OPTIMIZERS: dict[str, Callable[[GPT, Subject, float], optim.Optimizer]] = {
    "AdamW": lambda model, subject, rate: optim.AdamW(decay_groups(model, subject.decay), lr=rate, betas=(0.9, 0.99)),
    "SGD": lambda model, subject, rate: optim.SGD(model.parameters(), lr=rate),
}
KEPT = 8  # states to go back to
UNCHECKED: Any = {"over": "ignore", "invalid": "ignore"}  # whether numbers are finite is seen where they arrive
EVERY = 10  # steps between two measurements of the held-out loss


class Point(NamedTuple):
    """What is known of a step: the loss of its batch, the gradient's norm, and the share of it that each stage has."""

    step: int
    loss: float
    norm: float
    shares: tuple[float, ...]


class Matrix(NamedTuple):
    """A parameter, or those rows of it that have a name of their own."""

    label: str
    parameter: str
    rows: slice


class Slope(NamedTuple):
    """The loss of the batch, its gradient with respect to one weight, and measured changes: (nudge, g δ, measured)."""

    loss: float
    gradient: float
    nudges: list[tuple[float, float, float]]


class State(NamedTuple):
    """All that a lesson needs to go on from here."""

    model: dict[str, np.ndarray]
    optimizer: dict[str, Any]
    random: Any
    batch: Batch
    step: int


class Lesson:
    """A GPT that learns a subject. `next` is the number of the line of LINES that runs next."""

    def __init__(self, subject: Subject, optimizer: str = "AdamW", rate: float = 4e-3, seed: int = 0) -> None:
        self.subject, self.generator = subject, Generator().manual_seed(seed)
        with drawing_from(self.generator):
            self.model = GPT(subject.config)
            self.batch = subject.draw()
        self.optimizer = OPTIMIZERS[optimizer](self.model, subject, rate)
        self.step = self.next = 0
        self.points: list[Point] = []  # one a step
        self.held_out: list[tuple[int, float]] = []
        self.loss: Tensor | None = None
        self.kept: list[State] = []
        self.matrices = matrices(self.model)
        self.measure()

    # The loop -------------------------------------------------------------------------------------------------------

    def line(self) -> str:
        """Run the next line, and say what it did. Raises ArithmeticError where the loss or a gradient is not finite.

        Then the step is given up before it reaches the weights.
        """
        work = (self._zero_grad, self._forward, self._backward, self._update)[self.next]
        with drawing_from(self.generator), np.errstate(**UNCHECKED):
            said = work()
        self.next = (self.next + 1) % len(LINES)
        return said

    def steps(self, count: int = 1) -> str:
        """Run to the end of the step that has begun, and so on, `count` times."""
        for _ in range(count):
            end = self.step + 1
            while self.step < end:
                said = self.line()
        return said

    def _zero_grad(self) -> str:
        self.batch = self.subject.draw()
        self.optimizer.zero_grad()
        B, T = self.batch[0].shape
        return f"A new batch of {B} examples of {T} tokens; no parameter has a gradient now."

    def _forward(self) -> str:
        self.loss = self.model.loss(*self.batch)
        self._check("loss", self.loss.item())
        return (
            f"The loss of the batch is {self.loss.item():.4f}, as if each right token had had the probability "
            f"{math.exp(-self.loss.item()):.1%}."
        )

    def _backward(self) -> str:
        assert self.loss is not None
        self.loss.backward()
        squares = [float((p.grad.array**2).sum()) for p in self.model.parameters() if p.grad is not None]
        norm = math.sqrt(sum(squares))
        self._check("norm of the gradient", norm)
        self.points.append(Point(self.step, self.loss.item(), norm, blame(self.model)))
        self.loss = None
        return f"Each of the {len(squares)} parameters has a gradient; together they have the norm {norm:.3g}."

    def _update(self) -> str:
        before = {name: p.array.copy() for name, p in self.model.named_parameters()}
        self.optimizer.step()
        self.step += 1
        if self.step % EVERY == 0:
            self.measure()
        moved = {name: float(np.abs(p.array - before[name]).max()) for name, p in self.model.named_parameters()}
        most = max(moved, key=moved.__getitem__)
        return f"The optimizer has moved the weights, the most by {moved[most]:.2g}, in {self.label(most)}."

    def _check(self, what: str, value: float) -> None:
        if not math.isfinite(value):
            self._give_up()
            raise ArithmeticError(
                f"the {what} of step {self.step} is not finite, so the step was given up: the learning rate is too "
                "large; undo, or begin again with a smaller one"
            )

    def _give_up(self) -> None:
        """Begin the step anew, with the batch that there is."""
        self.next, self.loss = 0, None
        self.optimizer.zero_grad()
        del self.points[self.step :]

    def measure(self) -> None:
        """Add the loss of what is held out."""
        with ag.no_grad():
            self.held_out.append((self.step, self.model.loss(*self.subject.held_out).item()))

    def set_rate(self, rate: float) -> None:
        """The learning rate from now on."""
        for group in self.optimizer.param_groups:
            group["lr"] = rate

    # One weight -----------------------------------------------------------------------------------------------------

    def matrix(self, label: str) -> tuple[np.ndarray, np.ndarray]:
        """The values of a matrix and their gradients, of the batch that there is, as rows; a vector is one row."""
        found = self._find(label)
        twin = copy.deepcopy(self.model)
        weight = twin.get_parameter(found.parameter)
        (gradient,) = ag.grad(twin.loss(*self.batch), [weight])
        return tuple(np.atleast_2d(x.detach().array)[found.rows] for x in (weight, gradient))  # type: ignore[return-value]

    def value(self, label: str, row: int, column: int) -> float:
        """One weight."""
        found = self._find(label)
        weight = self.model.get_parameter(found.parameter)
        return float(weight.array[_place(weight, found, row, column)])

    def slope(self, label: str, row: int, column: int, nudges: tuple[float, ...]) -> Slope:
        """The gradient of one weight, and what nudges of it would do, in float64. The weights stay as they are."""
        found = self._find(label)
        twin = copy.deepcopy(self.model).double()
        weight = twin.get_parameter(found.parameter)
        loss = twin.loss(*self.batch)
        (gradient,) = ag.grad(loss, [weight])
        place = _place(weight, found, row, column)
        g, kept, measured = gradient.array[place], weight.array[place], []
        for nudge in nudges:
            with ag.no_grad(), np.errstate(**UNCHECKED):
                weight[place] = kept + nudge
                measured.append((nudge, float(g) * nudge, twin.loss(*self.batch).item() - loss.item()))
        return Slope(loss.item(), float(g), measured)

    def nudge(self, label: str, row: int, column: int, delta: float) -> Slope:
        """Add delta to one weight. Returns what was predicted and measured for it, and for a tenth and a hundredth."""
        found = self._find(label)
        slope = self.slope(label, row, column, (delta, delta / 10, delta / 100))
        if not math.isfinite(slope.nudges[0][2]):
            raise ArithmeticError(f"with this nudge of {delta:g} the loss is not finite: take a smaller one")
        self.keep()
        weight = self.model.get_parameter(found.parameter)
        with ag.no_grad():
            weight[_place(weight, found, row, column)] += delta
        self._give_up()
        return slope

    def label(self, parameter: str) -> str:
        """What the matrices of a parameter are called."""
        return ", ".join(matrix.label for matrix in self.matrices if matrix.parameter == parameter)

    def _find(self, label: str) -> Matrix:
        found = next((matrix for matrix in self.matrices if matrix.label == label), None)
        if found is None:
            raise ValueError(f"there is no matrix {label!r}: choose one of {', '.join(m.label for m in self.matrices)}")
        return found

    # What is seen, and going back -------------------------------------------------------------------------------------

    def attention(self) -> np.ndarray:
        """Where each token of `subject.shown` looks, in every head: (L, H, T, T)."""
        return look(self.model, self.subject.shown).attention

    def keep(self) -> None:
        """Remember this state, to go back to."""
        model = {name: p.array.copy() for name, p in self.model.state_dict().items()}
        optimizer, random = copy.deepcopy(self.optimizer.state_dict()), copy.deepcopy(self.generator.get_state())
        self.kept = [*self.kept[1 - KEPT :], State(model, optimizer, random, self.batch, self.step)]

    def undo(self) -> None:
        """Go back to the state that was kept last. Raises ValueError where there is none."""
        if not self.kept:
            raise ValueError("there is nothing to undo")
        state = self.kept.pop()
        self.model.load_state_dict({name: Tensor(array) for name, array in state.model.items()})
        self.optimizer.load_state_dict(state.optimizer)
        self.generator.set_state(state.random)
        self.batch, self.step = state.batch, state.step
        self.held_out = [(step, loss) for step, loss in self.held_out if step <= self.step]
        self._give_up()


def _place(weight: Tensor, matrix: Matrix, row: int, column: int) -> tuple[int, ...]:
    """The index of an element of a matrix in its parameter. Raises ValueError where there is none."""
    shape = np.atleast_2d(weight.detach().array)[matrix.rows].shape
    if not (0 <= row < shape[0] and 0 <= column < shape[1]):
        raise ValueError(f"{matrix.label} has the shape {tuple(shape)}, so ({row}, {column}) is out of range")
    return (column,) if weight.ndim == 1 else (row + (matrix.rows.start or 0), column)


NAMES = {
    "wte.weight": "token embedding",
    "wpe.weight": "position embedding",
    "ln_1.weight": "γ₁",
    "ln_1.bias": "β₁",
    "attn.c_proj.weight": "W_O",
    "attn.c_proj.bias": "b_O",
    "ln_2.weight": "γ₂",
    "ln_2.bias": "β₂",
    "mlp.c_fc.weight": "W_1",
    "mlp.c_fc.bias": "b_1",
    "mlp.c_proj.weight": "W_2",
    "mlp.c_proj.bias": "b_2",
    "ln_f.weight": "last γ",
    "ln_f.bias": "last β",
    "lm_head.weight": "W_out",
}


def matrices(model: GPT) -> list[Matrix]:
    """The parameters of a GPT by their names in articles; W_Q, W_K and W_V are thirds of one."""
    found, C = [], model.config.n_embd
    for parameter, _ in model.named_parameters():
        name = parameter.removeprefix("transformer.")
        layer = ""
        if name.startswith("h."):
            _, number, name = name.split(".", 2)
            layer = f" of layer {int(number) + 1}"
        if name == "attn.c_attn.weight":
            thirds = [slice(i * C, (i + 1) * C) for i in range(3)]
            found += [Matrix(f"W_{letter}{layer}", parameter, rows) for letter, rows in zip("QKV", thirds)]
        else:
            label = "b_Q, b_K, b_V" if name == "attn.c_attn.bias" else NAMES[name]
            found.append(Matrix(label + layer, parameter, slice(None)))
    return found
