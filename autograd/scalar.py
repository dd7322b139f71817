"""`Value`: a number that remembers how it was computed. The engine's whole idea in one file: read it first.

    >>> x, y = Value(3.0), Value(2.0)
    >>> z = x * y + x**2
    >>> z.backward()
    >>> x.grad, y.grad                         # ∂z/∂x = y + 2x, ∂z/∂y = x
    (8.0, 3.0)

Each operation makes one Value. It holds the result, the Values that the result was computed from (its parents), and the
partial derivative of the result with respect to each parent, a plain number. `backward` visits the Values from the
newest to the oldest, and adds each one's gradient times its partial derivatives to the gradients of its parents. That
is the chain rule, and all there is to it.

Values nest: `data` may be a Value itself. Then gradients are Values too, and can be differentiated again:

    >>> x = Value(Value(3.0))
    >>> (x**3).backward()
    >>> x.grad.backward()
    >>> x.grad.data, x.data.grad               # 3x², 6x
    (27.0, 18.0)

To allow this, the methods compute with the functions at the end of this file, which take a float or a Value. Where
Python's own raise an error, these give what IEEE 754, NumPy and Tensor give: log(-1.0) is nan and 1.0 / 0.0 is inf.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterable
from numbers import Real
from typing import Any

import numpy as np

from autograd.graph import newest_first, tick

new_order: Callable[[], int] = tick
observer: Any = None


def observe(by: Any) -> None:
    """Let `by.order()` number the Values that are made, and `by.walk(root)` see the walks, until `observe(None)`."""
    global new_order, observer
    new_order, observer = tick if by is None else by.order, by


class Value:
    """A number, its gradient, and where it came from.

    `data` is the number; `grad` the derivative, with respect to it, of the Value that `backward` was called on; `op`
    the name of the operation that made it ("" for a leaf); `parents` the operation's arguments; `partials` its
    derivatives with respect to them; and `order` a counter that grows with each Value that is made.
    """

    __slots__ = ("data", "grad", "op", "parents", "partials", "order")

    def __init__(self, data: Any, parents: tuple[Value, ...] = (), partials: tuple = (), op: str = "") -> None:
        self.data = data if parents or type(data) is float else _number(data)
        self.grad: Any = 0.0 if type(data) is float else _nested(0.0, self.data)
        self.parents = parents
        self.partials = partials
        self.op = op
        self.order = new_order()

    def backward(self) -> None:
        """Compute the gradient of this Value with respect to every Value that it was computed from.

        Leaves add it to their `grad`: two calls give twice the gradient, and a training loop sets `grad` to 0.0 between
        its steps. All other Values hold the gradient of the last call alone.
        """
        if observer is not None:
            observer.walk(self)
        values = newest_first([self])
        for value in values:
            if value.parents:
                value.grad = 0.0
        self.grad += _nested(1.0, self.data)
        for value in values:
            grad = value.grad
            for parent, partial in zip(value.parents, value.partials):
                parent.grad += grad * partial

    # Arithmetic -------------------------------------------------------------------------------------------------------

    def __add__(self, other: Any) -> Value:
        other = other if isinstance(other, Value) else Value(other)
        return Value(self.data + other.data, (self, other), (1.0, 1.0), "+")

    def __sub__(self, other: Any) -> Value:
        other = other if isinstance(other, Value) else Value(other)
        return Value(self.data - other.data, (self, other), (1.0, -1.0), "-")

    def __mul__(self, other: Any) -> Value:
        other = other if isinstance(other, Value) else Value(other)
        return Value(self.data * other.data, (self, other), (other.data, self.data), "*")

    def __truediv__(self, other: Any) -> Value:
        other = other if isinstance(other, Value) else Value(other)
        out = divide(self.data, other.data)
        return Value(out, (self, other), (divide(1.0, other.data), -divide(out, other.data)), "/")

    def __pow__(self, other: Any) -> Value:
        x = self.data
        if not isinstance(other, Value):
            n = _number(other)
            return Value(power(x, n), (self,), (n * power(x, n - 1) if n else 0.0,), f"**{n:g}")
        y = other.data
        out = power(x, y)
        by_x = y * power(x + (x == 0) * (y == 0), y - 1)  # 0, not nan, for 0**0
        by_y = out * log(x + (x == 0) * (y >= 0))  # 0, not nan, for 0**y
        return Value(out, (self, other), (by_x, by_y), "**")

    def __neg__(self) -> Value:
        return Value(-self.data, (self,), (-1.0,), "neg")

    def __abs__(self) -> Value:
        return Value(abs(self.data), (self,), (sign(self.data),), "abs")

    __radd__ = __add__
    __rmul__ = __mul__

    def __rsub__(self, other: Any) -> Value:
        return Value(other) - self

    def __rtruediv__(self, other: Any) -> Value:
        return Value(other) / self

    def __rpow__(self, other: Any) -> Value:
        return Value(other) ** self

    # Functions --------------------------------------------------------------------------------------------------------

    def exp(self) -> Value:
        out = exp(self.data)
        return Value(out, (self,), (out,), "exp")

    def log(self) -> Value:
        return Value(log(self.data), (self,), (divide(1.0, self.data),), "log")

    def sqrt(self) -> Value:
        out = sqrt(self.data)
        return Value(out, (self,), (divide(0.5, out),), "sqrt")

    def sin(self) -> Value:
        return Value(sin(self.data), (self,), (cos(self.data),), "sin")

    def cos(self) -> Value:
        return Value(cos(self.data), (self,), (-sin(self.data),), "cos")

    def tanh(self) -> Value:
        out = tanh(self.data)
        return Value(out, (self,), (1 - out**2,), "tanh")

    def sigmoid(self) -> Value:
        out = 1 / (1 + exp(-self.data))
        return Value(out, (self,), (out * (1 - out),), "sigmoid")

    def relu(self) -> Value:
        out = relu(self.data)
        return Value(out, (self,), (out > 0,), "relu")

    def sign(self) -> Value:
        return Value(sign(self.data), (self,), (0.0,), "sign")

    def erf(self) -> Value:
        x = self.data
        return Value(erf(x), (self,), (2 / math.sqrt(math.pi) * exp(-x * x),), "erf")

    def gelu(self) -> Value:
        """x Φ(x), where Φ is the distribution function of the standard normal (Hendrycks and Gimpel 2016)."""
        x = self.data
        distribution = 0.5 + 0.5 * erf(x / math.sqrt(2))
        density = exp(-x * x / 2) / math.sqrt(2 * math.pi)
        return Value(x * distribution, (self,), (distribution + x * density,), "gelu")

    def maximum(self, other: Any) -> Value:
        """The larger of two; where they tie, each has half of the gradient."""
        other = other if isinstance(other, Value) else Value(other)
        x, y = self.data, other.data
        share = 0.5 + 0.5 * sign(x - y)
        return Value(maximum(x, y), (self, other), (share, 1 - share), "maximum")

    def minimum(self, other: Any) -> Value:
        """The smaller of two; where they tie, each has half of the gradient."""
        return -(-self).maximum(-other)

    @staticmethod
    def sum(values: Iterable[Any]) -> Value:
        """The sum of any number of Values or numbers, as one node."""
        xs = tuple([x if isinstance(x, Value) else Value(x) for x in values])
        return Value(sum([x.data for x in xs]), xs, (1.0,) * len(xs), "sum")

    @staticmethod
    def dot(weights: Iterable[Any], inputs: Iterable[Any]) -> Value:
        """Σ wᵢxᵢ, as one node: most of what a neuron computes."""
        ws = tuple([w if isinstance(w, Value) else Value(w) for w in weights])
        xs = tuple([x if isinstance(x, Value) else Value(x) for x in inputs])
        if len(ws) != len(xs):
            raise ValueError(f"dot takes as many weights as inputs, got {len(ws)} and {len(xs)}")
        w, x = tuple([w.data for w in ws]), tuple([x.data for x in xs])
        return Value(sum(map(operator.mul, w, x)), ws + xs, x + w, "dot")

    # As a number ------------------------------------------------------------------------------------------------------

    def __lt__(self, other: Any) -> bool:
        return self.data < other

    def __le__(self, other: Any) -> bool:
        return self.data <= other

    def __gt__(self, other: Any) -> bool:
        return self.data > other

    def __ge__(self, other: Any) -> bool:
        return self.data >= other

    def __eq__(self, other: Any) -> bool:
        return self.data == other

    __hash__ = object.__hash__  # of the node, not of its number: the graph is a set of nodes

    def __bool__(self) -> bool:
        return bool(self.data)

    def __float__(self) -> float:
        return float(self.data)

    def __format__(self, spec: str) -> str:
        return format(float(self), spec) if spec else repr(self)

    def __repr__(self) -> str:
        return f"Value(data={self.data!r}, grad={self.grad!r})"


def _number(x: Any) -> Any:
    """A Value as it is, a plain number as a float."""
    if isinstance(x, Value):
        return x
    if isinstance(x, Real):
        return float(x)
    hint = ": pass one number of it, as item() gives it" if hasattr(x, "item") else ""
    raise TypeError(f"a Value computes with plain numbers and other Values, not with a {type(x).__name__}{hint}")


def _nested(number: float, like: Any) -> Any:
    """The number, nested as deep as `like` is."""
    return Value(_nested(number, like.data)) if isinstance(like, Value) else number


# Functions of a number: of a float, or of a nested Value, which has them as methods -----------------------------------


def exp(x: Any) -> Any:
    """e to the power x."""
    return x.exp() if isinstance(x, Value) else _ieee(math.exp, np.exp, x)


def log(x: Any) -> Any:
    """The natural logarithm."""
    return x.log() if isinstance(x, Value) else _ieee(math.log, np.log, x)


def sqrt(x: Any) -> Any:
    """The square root."""
    return x.sqrt() if isinstance(x, Value) else _ieee(math.sqrt, np.sqrt, x)


def sin(x: Any) -> Any:
    """The sine."""
    return x.sin() if isinstance(x, Value) else _ieee(math.sin, np.sin, x)


def cos(x: Any) -> Any:
    """The cosine."""
    return x.cos() if isinstance(x, Value) else _ieee(math.cos, np.cos, x)


def tanh(x: Any) -> Any:
    """The hyperbolic tangent."""
    return x.tanh() if isinstance(x, Value) else math.tanh(x)


def erf(x: Any) -> Any:
    """The error function."""
    return x.erf() if isinstance(x, Value) else math.erf(x)


def relu(x: Any) -> Any:
    """x where it is positive, else 0."""
    return x.relu() if isinstance(x, Value) else max(x, 0.0)


def sign(x: Any) -> Any:
    """-1, 0 or 1; 0 for nan."""
    return x.sign() if isinstance(x, Value) else float((x > 0) - (x < 0))


def maximum(x: Any, y: Any) -> Any:
    """The larger of two; nan if either is."""
    if isinstance(x, Value):
        return x.maximum(y)
    return y.maximum(x) if isinstance(y, Value) else x if x >= y or x != x else y


def power(x: Any, y: Any) -> Any:
    """x to the power y; nan where that is no real number."""
    return x**y if isinstance(x, Value) or isinstance(y, Value) else _ieee(math.pow, np.power, x, y)


def divide(x: Any, y: Any) -> Any:
    """x / y."""
    return _ieee(operator.truediv, np.divide, x, y)


def _ieee(function: Callable, ufunc: np.ufunc, *numbers: Any) -> Any:
    """function(*numbers), or the inf or nan that NumPy's function gives where Python raises an error."""
    try:
        return function(*numbers)
    except (ArithmeticError, ValueError):
        with np.errstate(all="ignore"):
            return float(ufunc(*numbers))
