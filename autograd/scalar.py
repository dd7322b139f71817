"""`Value`: a number that remembers how it was computed. The engine's whole idea in one file: read it first.

    >>> x, y = Value(3.0), Value(2.0)
    >>> z = x * y + x**2
    >>> z.backward()
    >>> x.grad, y.grad                         # ∂z/∂x = y + 2x, ∂z/∂y = x
    (8.0, 3.0)

Each operation makes one Value that holds its result, the Values that it was computed from (its parents) and its partial
derivative by each of them, as plain numbers. `backward` goes from the newest Value to the oldest and hands to each
parent its gradient times the partial derivative: that is the chain rule, and all there is to it.

Values nest. The data of `Value(Value(3.0))` is a Value itself, so are its gradients, and they can be derived again.

The arithmetic is IEEE 754's, as it is for NumPy and Tensor: log(-1.0) is nan, 1.0 / 0.0 is inf, and nothing raises.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from operator import mul
from typing import Any

from autograd.floats import apply, divide, power
from autograd.graph import newest_first, tick


class Value:
    """A float, its gradient, and where it came from.

    `data` is the number, `grad` the derivative by it of whatever `backward` was called on, `op` the name of the
    operation that made it ("" for a leaf), `parents` the operation's arguments, `partials` its derivative by each of
    them, and `order` a counter that grows with creation.
    """

    __slots__ = ("data", "grad", "op", "parents", "partials", "order")

    def __init__(self, data: Any, parents: tuple[Value, ...] = (), partials: tuple = (), op: str = "") -> None:
        self.data = data if parents or isinstance(data, Value) else float(data)
        self.grad: Any = 0.0
        self.parents = parents
        self.partials = partials
        self.op = op
        self.order = tick()

    def backward(self) -> None:
        """Put the derivative of this Value by each one it was computed from into their `grad`.

        Leaves add it to the `grad` that they have (set that to 0.0 between steps of training); the Values in between
        hold the gradient of the last call alone.
        """
        values = newest_first([self])
        for value in values:
            if value.parents:
                value.grad = 0.0
        self.grad += _one(self.data)
        for value in values:
            grad = value.grad
            for parent, partial in zip(value.parents, value.partials):
                parent.grad += grad * partial

    # Arithmetic -------------------------------------------------------------------------------------------------------

    def __add__(self, other: Any) -> Value:
        y = other if isinstance(other, Value) else Value(other)
        return Value(self.data + y.data, (self, y), (1.0, 1.0), "+")

    def __sub__(self, other: Any) -> Value:
        y = other if isinstance(other, Value) else Value(other)
        return Value(self.data - y.data, (self, y), (1.0, -1.0), "-")

    def __mul__(self, other: Any) -> Value:
        y = other if isinstance(other, Value) else Value(other)
        return Value(self.data * y.data, (self, y), (y.data, self.data), "*")

    def __truediv__(self, other: Any) -> Value:
        y = other if isinstance(other, Value) else Value(other)
        out = divide(self.data, y.data)
        return Value(out, (self, y), (divide(1.0, y.data), -divide(out, y.data)), "/")

    def __pow__(self, other: Any) -> Value:
        x = self.data
        if not isinstance(other, Value):
            n = float(other)
            slope = n * power(x, n - 1) if n else 0.0
            return Value(power(x, n), (self,), (slope,), f"**{int(n) if n.is_integer() else n}")
        y = other.data
        out = power(x, y)
        sign = apply("sign", y)
        x_is_0, y_is_0, y_is_negative = 1 - abs(apply("sign", x)), 1 - abs(sign), apply("relu", -sign)
        by_x = y * power(x + x_is_0 * y_is_0, y - 1)  # 0, not nan, for 0**0
        by_y = out * apply("log", x + x_is_0 * (1 - y_is_negative))  # 0, not nan, for 0**y
        return Value(out, (self, other), (by_x, by_y), "**")

    def __neg__(self) -> Value:
        return Value(-self.data, (self,), (-1.0,), "neg")

    def __abs__(self) -> Value:
        return Value(abs(self.data), (self,), (apply("sign", self.data),), "abs")

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
        out = apply("exp", self.data)
        return Value(out, (self,), (out,), "exp")

    def log(self) -> Value:
        return Value(apply("log", self.data), (self,), (divide(1.0, self.data),), "log")

    def sqrt(self) -> Value:
        out = apply("sqrt", self.data)
        return Value(out, (self,), (divide(0.5, out),), "sqrt")

    def sin(self) -> Value:
        return Value(apply("sin", self.data), (self,), (apply("cos", self.data),), "sin")

    def cos(self) -> Value:
        return Value(apply("cos", self.data), (self,), (-apply("sin", self.data),), "cos")

    def tanh(self) -> Value:
        out = apply("tanh", self.data)
        return Value(out, (self,), (1.0 - out * out,), "tanh")

    def sigmoid(self) -> Value:
        out = apply("sigmoid", self.data)
        return Value(out, (self,), (out * (1.0 - out),), "sigmoid")

    def relu(self) -> Value:
        out = apply("relu", self.data)
        return Value(out, (self,), (apply("sign", out),), "relu")

    def sign(self) -> Value:
        return Value(apply("sign", self.data), (self,), (0.0,), "sign")

    def erf(self) -> Value:
        x = self.data
        return Value(apply("erf", x), (self,), (2 / math.sqrt(math.pi) * apply("exp", -x * x),), "erf")

    def gelu(self) -> Value:
        """x Φ(x), where Φ is the distribution function of the standard normal (Hendrycks and Gimpel 2016)."""
        x = self.data
        below = 0.5 + 0.5 * apply("erf", x * math.sqrt(0.5))
        density = apply("exp", -0.5 * x * x) * (1 / math.sqrt(2 * math.pi))
        return Value(x * below, (self,), (below + x * density,), "gelu")

    def maximum(self, other: Any) -> Value:
        """The larger of two; where they tie, each has half of the gradient."""
        y = other if isinstance(other, Value) else Value(other)
        share = 0.5 + 0.5 * apply("sign", self.data - y.data)
        return Value(apply("maximum", self.data, y.data), (self, y), (share, 1.0 - share), "maximum")

    def minimum(self, other: Any) -> Value:
        """The smaller of two; where they tie, each has half of the gradient."""
        y = other if isinstance(other, Value) else Value(other)
        share = 0.5 - 0.5 * apply("sign", self.data - y.data)
        return Value(apply("minimum", self.data, y.data), (self, y), (share, 1.0 - share), "minimum")

    @staticmethod
    def sum(values: Iterable[Any]) -> Value:
        """The sum of any number of Values, as one node."""
        xs = tuple([x if isinstance(x, Value) else Value(x) for x in values])
        return Value(sum([x.data for x in xs]), xs, (1.0,) * len(xs), "sum")

    @staticmethod
    def dot(weights: Iterable[Any], inputs: Iterable[Any]) -> Value:
        """Σ wᵢxᵢ, as one node: what a neuron spends its time on."""
        ws = tuple([w if isinstance(w, Value) else Value(w) for w in weights])
        xs = tuple([x if isinstance(x, Value) else Value(x) for x in inputs])
        if len(ws) != len(xs):
            raise ValueError(f"dot takes as many weights as inputs, got {len(ws)} and {len(xs)}")
        w, x = tuple([w.data for w in ws]), tuple([x.data for x in xs])
        return Value(sum(map(mul, w, x)), ws + xs, x + w, "dot")

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


def _one(like: Any) -> Any:
    """1.0, nested as deep as `like` is."""
    return Value(_one(like.data)) if isinstance(like, Value) else 1.0
