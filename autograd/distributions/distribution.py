"""Distribution: what all distributions have in common."""

from __future__ import annotations

import copy
from typing import Any, Self

import numpy as np

from autograd import Size, Tensor, no_grad, rand
from autograd.distributions.utils import broadcast_all, clamp_probs, lazy_property, logits_to_probs, probs_to_logits
from autograd.generator import numpy_rng

__all__ = ["Distribution"]


def _missing(name: str) -> Any:
    def missing(self: Any, *_: Any, **__: Any) -> Any:
        raise NotImplementedError(f"{type(self).__name__} has no {name}")

    return missing


class Distribution:
    """Random events of shape `event_shape`, independent ones for each element of `batch_shape`.

    A subclass names its parameters, with a constraint each, in `arg_constraints`, and a constraint of what it gives in
    `support`. Both are checked (ValueError) unless `validate_args` is False. `rsample` is `sample` with a derivative.
    """

    has_rsample = False
    arg_constraints: Any = {}
    _validate_args = __debug__
    support: Any = property(_missing("support"))
    mean: Any = property(_missing("mean"))
    mode: Any = property(_missing("mode"))
    variance: Any = property(_missing("variance"))
    log_prob: Any = _missing("log_prob")
    cdf: Any = _missing("cdf")
    icdf: Any = _missing("icdf")
    entropy: Any = _missing("entropy")
    rsample: Any = _missing("rsample")
    stddev: Any = property(lambda self: self.variance.sqrt())
    batch_shape = property(lambda self: self._batch_shape, doc="The shape over which the parameters vary.")
    event_shape = property(lambda self: self._event_shape, doc="The shape of one event.")

    def __init__(self, batch_shape: Any = (), event_shape: Any = (), validate_args: bool | None = None) -> None:
        self._batch_shape, self._event_shape = Size(batch_shape), Size(event_shape)
        if validate_args is not None:
            self._validate_args = validate_args
        if not self._validate_args:
            return
        for name, constraint in self.arg_constraints.items():
            value = vars(self).get(name)
            if value is not None and not constraint.check(value).all():
                raise ValueError(
                    f"Expected parameter {name} (Tensor of shape {tuple(value.shape)}) of distribution {self!r} "
                    f"to satisfy the constraint {constraint!r}, but found invalid values:\n{value}"
                )

    def _set(self, validate_args: bool | None, **parameters: Any) -> None:
        """Keep the parameters of one number an event, broadcast to one shape, which is `batch_shape`."""
        values = broadcast_all(*parameters.values())
        vars(self).update(zip(parameters, values))
        Distribution.__init__(self, values[0].shape, (), validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Self:
        """The same distribution for more elements, by broadcasting."""
        new = copy.copy(self)
        new._batch_shape = Size(batch_shape)
        for name, constraint in self.arg_constraints.items():
            if name in vars(self):
                value = vars(self)[name]
                event = value.shape[value.ndim - constraint.event_dim :]
                setattr(new, name, value.expand((*batch_shape, *event)))
        return new

    def _get_checked_instance(self, cls: type, _instance: Any = None) -> Any:
        """What the `expand` of a subclass fills: `_instance`, or a new distribution of its own kind."""
        return self.__new__(type(self)) if _instance is None else _instance

    def sample(self, sample_shape: Any = ()) -> Tensor:
        """Events without a derivative. Shape: `sample_shape` + `batch_shape` + `event_shape`."""
        with no_grad():
            return self.rsample(sample_shape)

    def sample_n(self, n: int) -> Tensor:
        """`sample((n,))`."""
        return self.sample((n,))

    def perplexity(self) -> Tensor:
        """e to the power of the entropy."""
        return self.entropy().exp()

    @staticmethod
    def set_default_validate_args(value: bool) -> None:
        """Choose whether parameters and values are checked."""
        Distribution._validate_args = value

    def _extended_shape(self, sample_shape: Any = ()) -> Size:
        return Size((*sample_shape, *self._batch_shape, *self._event_shape))

    def _validate_sample(self, value: Any) -> None:
        """Raise ValueError for what cannot be an event of this distribution."""
        if not isinstance(value, Tensor):
            raise ValueError(f"The value argument to log_prob must be a Tensor, not {type(value).__name__}")
        expected, event = (*self._batch_shape, *self._event_shape), self._event_shape
        if value.shape[value.ndim - len(event) :] != event:
            raise ValueError(f"The right-most size of value must match event_shape: {value.shape} vs {event}.")
        if any(i != j and 1 not in (i, j) for i, j in zip(reversed(value.shape), reversed(expected))):
            raise ValueError(f"Value is not broadcastable with batch_shape+event_shape: {value.shape} vs {expected}.")
        if not self.support.check(value).all():
            raise ValueError(
                f"Expected value argument (Tensor of shape {tuple(value.shape)}) to be within the support "
                f"({self.support!r}) of the distribution {self!r}, but found invalid values:\n{value}"
            )

    def _checked(self, value: Any) -> Any:
        if self._validate_args:
            self._validate_sample(value)
        return value

    def __repr__(self) -> str:
        found = {name: vars(self)[name] for name in self.arg_constraints if name in vars(self)}
        shown = [f"{name}: {value if value.numel() == 1 else repr(value.shape)}" for name, value in found.items()]
        return f"{type(self).__name__}({', '.join(shown)})"


class ByQuantiles(Distribution):
    """A distribution of real numbers that has a quantile function `icdf`."""

    has_rsample = True

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        """The quantiles of uniform numbers."""
        dtype = getattr(self, next(iter(self.arg_constraints))).dtype
        return self.icdf(clamp_probs(rand(size=self._extended_shape(sample_shape), dtype=dtype)))


def draw(kind: str, like: Tensor, shape: Any, *parameters: Any) -> Tensor:
    """Numbers that the NumPy generator's method `kind` draws with these parameters, in the dtype of `like`."""
    numbers = getattr(numpy_rng(), kind)(*[getattr(p, "array", p) for p in parameters], size=tuple(shape))
    return Tensor.wrap(np.asarray(numbers, like.dtype))


class ByProbs(Distribution):
    """A distribution whose parameter is given as `probs` or as `logits`; the other follows from it."""

    _is_binary = True

    @lazy_property
    def logits(self) -> Tensor:
        """The log odds of a 1, or the logarithms of the probabilities of the classes."""
        return probs_to_logits(self.probs, self._is_binary)

    @lazy_property
    def probs(self) -> Tensor:
        """The probability of a 1, or the probabilities of the classes."""
        return logits_to_probs(self.logits, self._is_binary)

    @property
    def _param(self) -> Tensor:
        return vars(self)[self._given]

    @property
    def param_shape(self) -> Size:
        """The shape of the parameter."""
        return self._param.shape

    def _choose(self, probs: Any, logits: Any) -> dict[str, Any]:
        if (probs is None) == (logits is None):
            raise ValueError("Either `probs` or `logits` must be specified, but not both.")
        self._given = "probs" if logits is None else "logits"
        return {self._given: probs if logits is None else logits}
