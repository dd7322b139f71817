"""Invertible transforms of random values, with the logarithms of the determinants of their Jacobians."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autograd import Tensor, arange, atanh, cat, exp, finfo, full_like, log, ones_like, tanh, zeros_like
from autograd.distributions import constraints
from autograd.distributions.utils import _sum_rightmost
from autograd.ops.neural import softplus

__all__ = ["AffineTransform", "ComposeTransform", "ExpTransform", "SigmoidTransform", "TanhTransform", "Transform"]
__all__ += ["StickBreakingTransform"]


class Transform:
    """y = t(x), x = t.inv(y): a subclass defines `_call(x)`, `_inverse(y)` and `log_abs_det_jacobian(x, y)`.

    With `cache_size=1` the inverse of the last result is the very x that it was made from.
    """

    bijective = False
    domain: Any = constraints.real
    codomain: Any = constraints.real
    sign: Any = 1

    def __init__(self, cache_size=0):
        if cache_size not in (0, 1):
            raise ValueError(f"cache_size must be 0 or 1, got {cache_size}")
        self._cache_size, self._inv = cache_size, None
        self._cached_x_y = None, None

    event_dim = property(lambda self: self.domain.event_dim, doc="How many dims an event has.")

    @property
    def inv(self):
        """The inverse transform."""
        if getattr(self, "_inv", None) is None:
            self._inv = _InverseTransform(self)
        return self._inv

    def with_cache(self, cache_size=1):
        """The same transform with a cache."""
        if self._cache_size == cache_size:
            return self
        new = object.__new__(type(self))
        vars(new).update(vars(self), _cache_size=cache_size, _inv=None, _cached_x_y=(None, None))
        return new

    def __call__(self, x):
        old_x, old_y = self._cached_x_y
        if self._cache_size and x is old_x:
            return old_y
        y = self._call(x)
        if self._cache_size:
            self._cached_x_y = x, y
        return y

    def _inv_call(self, y):
        old_x, old_y = self._cached_x_y
        if self._cache_size and y is old_y:
            return old_x
        x = self._inverse(y)
        if self._cache_size:
            self._cached_x_y = x, y
        return x

    def _call(self, x):
        raise NotImplementedError(f"{type(self).__name__} must define _call(x)")

    def _inverse(self, y):
        raise NotImplementedError(f"{type(self).__name__} must define _inverse(y)")

    def log_abs_det_jacobian(self, x, y):
        """log |dy/dx|."""
        raise NotImplementedError(f"{type(self).__name__} must define log_abs_det_jacobian(x, y)")

    def forward_shape(self, shape):
        """The shape of y, from that of x."""
        return shape

    def inverse_shape(self, shape):
        """The shape of x, from that of y."""
        return shape

    def __eq__(self, other):
        return type(self) is type(other) and all(np.all(vars(self)[k] == vars(other)[k]) for k in self._parameters())

    __hash__ = object.__hash__

    def _parameters(self):
        return vars(self).keys() - {"_inv", "_cache_size", "_cached_x_y"}

    def __repr__(self):
        return f"{type(self).__name__}()"


class _InverseTransform(Transform):
    """x from y."""

    bijective = property(lambda self: self.inv.bijective)
    domain = property(lambda self: self.inv.codomain)
    codomain = property(lambda self: self.inv.domain)
    sign = property(lambda self: self.inv.sign)
    inv = property(lambda self: self.forward)
    forward_shape = property(lambda self: self.inv.inverse_shape)
    inverse_shape = property(lambda self: self.inv.forward_shape)

    def __init__(self, transform):
        self.forward = transform

    def __call__(self, x):
        return self.inv._inv_call(x)

    def log_abs_det_jacobian(self, x, y):
        return -self.inv.log_abs_det_jacobian(y, x)


class ComposeTransform(Transform):
    """One transform after another."""

    bijective = property(lambda self: all(part.bijective for part in self.parts))
    sign = property(lambda self: math.prod(part.sign for part in self.parts))
    domain = property(lambda self: _widened(self.parts[0].domain, self._dims()) if self.parts else constraints.real)
    codomain = property(
        lambda self: _widened(self.parts[-1].codomain, self._dims()) if self.parts else constraints.real
    )

    def __init__(self, parts, cache_size=0):
        super().__init__(cache_size)
        self.parts = [part.with_cache(cache_size) for part in parts] if cache_size else list(parts)

    def _dims(self):
        return max([c.event_dim for part in self.parts for c in (part.domain, part.codomain)], default=0)

    def _inverse(self, y):
        for part in reversed(self.parts):
            y = part.inv(y)
        return y

    def _call(self, x):
        for part in self.parts:
            x = part(x)
        return x

    def log_abs_det_jacobian(self, x, y):
        if not self.parts:
            return zeros_like(x)
        total = 0
        for i, part in enumerate(self.parts):
            after = part(x) if i < len(self.parts) - 1 else y
            total = total + _sum_rightmost(part.log_abs_det_jacobian(x, after), self._dims() - part.domain.event_dim)
            x = after
        return total

    def forward_shape(self, shape):
        for part in self.parts:
            shape = part.forward_shape(shape)
        return shape

    def inverse_shape(self, shape):
        for part in reversed(self.parts):
            shape = part.inverse_shape(shape)
        return shape

    def __repr__(self):
        return f"ComposeTransform({', '.join(map(repr, self.parts))})"


def _widened(constraint, dims):
    extra = dims - constraint.event_dim
    return constraints.independent(constraint, extra) if extra else constraint


class AffineTransform(Transform):
    """y = loc + scale x."""

    bijective = True
    domain = codomain = property(lambda self: _widened(constraints.real, self._event_dim))
    sign = property(lambda self: self.scale.sign() if isinstance(self.scale, Tensor) else 1 if self.scale > 0 else -1)

    def __init__(self, loc, scale, event_dim=0, cache_size=0):
        super().__init__(cache_size)
        self.loc, self.scale, self._event_dim = loc, scale, event_dim

    def _call(self, x):
        return self.loc + self.scale * x

    def _inverse(self, y):
        return (y - self.loc) / self.scale

    def log_abs_det_jacobian(self, x, y):
        scale = self.scale if isinstance(self.scale, Tensor) else full_like(x, self.scale)
        return _sum_rightmost(scale.abs().log().expand_as(x), self._event_dim)

    def forward_shape(self, shape):
        return np.broadcast_shapes(shape, getattr(self.loc, "shape", ()), getattr(self.scale, "shape", ()))


class ExpTransform(Transform):
    """y = e^x."""

    bijective, codomain = True, constraints.positive
    _call, _inverse = staticmethod(exp), staticmethod(log)

    def log_abs_det_jacobian(self, x, y):
        return x


class TanhTransform(Transform):
    """y = tanh x. Where x is large, x cannot be found from y: use `cache_size=1`."""

    bijective, codomain = True, constraints.interval(-1.0, 1.0)
    _call, _inverse = staticmethod(tanh), staticmethod(atanh)

    def log_abs_det_jacobian(self, x, y):
        return 2 * (math.log(2) - x - softplus(-2 * x))


class SigmoidTransform(Transform):
    """y = 1 / (1 + e^-x), kept from 0 and 1."""

    bijective, codomain = True, constraints.unit_interval

    def _call(self, x):
        return _inside(x.sigmoid())

    def _inverse(self, y):
        y = _inside(y)
        return y.log() - (-y).log1p()

    def log_abs_det_jacobian(self, x, y):
        return -softplus(-x) - softplus(x)


class StickBreakingTransform(Transform):
    """Probabilities (k + 1) from numbers (k): each says, by its sigmoid, what share of the rest of 1 is taken next.

    0 gives equal shares.
    """

    bijective, domain, codomain = True, constraints.real_vector, constraints.simplex

    def _call(self, x):
        share = (x + self._start(x)).sigmoid()
        rest = cat([ones_like(share[..., :1]), (1 - share).cumprod(-1)], -1)
        return cat([share, ones_like(share[..., :1])], -1) * rest

    def _inverse(self, y):
        taken = y[..., :-1]
        rest = (1 - taken.cumsum(-1)).clamp(min=float(finfo(y.dtype).tiny))
        return taken.log() - rest.log() - self._start(taken)

    def log_abs_det_jacobian(self, x, y):
        return (y[..., :-1].log() - softplus(x + self._start(x))).sum(-1)

    def _start(self, x):
        return -log(arange(x.shape[-1], 0, -1, dtype=x.dtype))

    def forward_shape(self, shape):
        return (*shape[:-1], shape[-1] + 1)

    def inverse_shape(self, shape):
        return (*shape[:-1], shape[-1] - 1)


def _inside(y):
    info = finfo(y.dtype)
    return y.clamp(float(info.tiny), 1 - float(info.eps))
