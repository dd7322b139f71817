"""Constraints: which values a parameter or a sample may have."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd import as_tensor

__all__ = ["Constraint", "boolean", "corr_cholesky", "dependent_property", "greater_than", "greater_than_eq"]
__all__ += ["independent", "integer_interval", "interval", "less_than", "lower_cholesky", "multinomial", "nonnegative"]
__all__ += ["nonnegative_integer", "one_hot", "positive", "positive_definite", "positive_integer", "real"]
__all__ += ["real_vector", "simplex", "unit_interval"]


class Constraint:
    """A set of values: `check(value)` says which events, of `event_dim` dims each, are in it."""

    def __init__(self, name: str, check: Any, event_dim: int = 0, is_discrete: bool = False, **bounds: Any) -> None:
        self.name, self.check, self.event_dim = name, check, event_dim
        self.is_discrete, self.bounds = is_discrete, bounds
        vars(self).update(bounds)

    def __repr__(self) -> str:
        bounds = ", ".join(f"{name}={bound}" for name, bound in self.bounds.items())
        return self.name if self.name.endswith(")") else f"{self.name}({bounds})"


def independent(base_constraint, reinterpreted_batch_ndims):
    """Events of `reinterpreted_batch_ndims` more dims, all of whose parts satisfy `base_constraint`."""

    def check(value):
        found = base_constraint.check(value)
        return found.all(tuple(range(-reinterpreted_batch_ndims, 0))) if reinterpreted_batch_ndims else found

    dims = base_constraint.event_dim + reinterpreted_batch_ndims
    name = f"IndependentConstraint({base_constraint}, {reinterpreted_batch_ndims})"
    return Constraint(name, check, dims, base_constraint.is_discrete)


def dependent_property(fn=None, *, is_discrete=False, event_dim=0):
    """A property that is a constraint; a decorator with these keywords, too."""
    return property if fn is None else property(fn)


def _family(name, holds, *names, event_dim=0, is_discrete=False):
    """The function from bounds of these names to the constraint that `holds(x, *bounds)`."""

    def constraint(*values, **named):
        bounds = {**dict(zip(names, values)), **named}
        return Constraint(name, lambda x: holds(x, *map(bounds.get, names)), event_dim, is_discrete, **bounds)

    return constraint


def _is_positive_definite(x):
    matrix = x.array
    symmetric = np.isclose(matrix, np.swapaxes(matrix, -1, -2), atol=1e-6).all((-2, -1))
    return as_tensor(symmetric & (np.linalg.eigvalsh(matrix) > 0).all(-1))


def _is_lower_cholesky(x):
    return (x.tril() == x).all(-1).all(-1) & (x.diagonal(dim1=-2, dim2=-1) > 0).all(-1)


_LOWER, _BOTH = ("lower_bound",), ("lower_bound", "upper_bound")
greater_than = _family("GreaterThan", lambda x, low: x > low, *_LOWER)
greater_than_eq = _family("GreaterThanEq", lambda x, low: x >= low, *_LOWER)
less_than = _family("LessThan", lambda x, high: x < high, "upper_bound")
interval = _family("Interval", lambda x, low, high: (x >= low) & (x <= high), *_BOTH)
integer_interval = _family(
    "IntegerInterval", lambda x, low, high: (x % 1 == 0) & (x >= low) & (x <= high), *_BOTH, is_discrete=True
)
multinomial = _family(
    "Multinomial", lambda x, n: (x >= 0).all(-1) & (x.sum(-1) <= n), "upper_bound", event_dim=1, is_discrete=True
)
_integer_from = _family("IntegerGreaterThan", lambda x, low: (x % 1 == 0) & (x >= low), *_LOWER, is_discrete=True)

real = Constraint("Real", lambda x: x == x)
real_vector = independent(real, 1)
positive, nonnegative, unit_interval = greater_than(0.0), greater_than_eq(0.0), interval(0.0, 1.0)
nonnegative_integer, positive_integer = _integer_from(0), _integer_from(1)
boolean = Constraint("Boolean", lambda x: (x == 0) | (x == 1), is_discrete=True)
one_hot = Constraint("OneHot", lambda x: boolean.check(x).all(-1) & (x.sum(-1) == 1), 1, True)
simplex = Constraint("Simplex", lambda x: (x >= 0).all(-1) & ((x.sum(-1) - 1).abs() < 1e-6), 1)
lower_cholesky = Constraint("LowerCholesky", _is_lower_cholesky, 2)
corr_cholesky = Constraint(
    "CorrCholesky", lambda x: _is_lower_cholesky(x) & ((x.square().sum(-1) - 1).abs() < 1e-5 * x.shape[-1]).all(-1), 2
)
positive_definite = Constraint("PositiveDefinite", _is_positive_definite, 2)
