"""Random numbers: generators with a seed, and the one that is used where none is given."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd import dtypes
from autograd.ops.table import default_dtype
from autograd.tensor import Tensor, leaf


class Generator:
    """A source of random numbers; `rng` is its NumPy generator. The same seed gives the same numbers."""

    def __init__(self, device: Any = "cpu") -> None:
        dtypes.device(device)
        self._seed: int | None = None
        self._rng: np.random.Generator | None = None

    @property
    def rng(self) -> np.random.Generator:
        """The NumPy generator, made when it is first asked for: NumPy takes its time to import it."""
        if self._rng is None:
            self.manual_seed(self.initial_seed())
        return self._rng  # type: ignore[return-value]

    def manual_seed(self, seed: int) -> Generator:
        """Start again from this seed."""
        self._seed, self._rng = int(seed), np.random.default_rng(int(seed))
        return self

    def seed(self) -> int:
        """Start again from a seed that the system makes up, and return it."""
        return self.manual_seed(int(np.random.SeedSequence().generate_state(1)[0])).initial_seed()

    def initial_seed(self) -> int:
        """The seed that it started from."""
        return self.seed() if self._seed is None else self._seed

    def get_state(self) -> Any:
        """Where it stands, for `set_state`."""
        return self.rng.bit_generator.state

    def set_state(self, state: Any) -> None:
        """Go on from where another stood."""
        self.rng.bit_generator.state = state


default_generator = Generator()


def manual_seed(seed: int) -> Generator:
    """Seed the default generator."""
    return default_generator.manual_seed(seed)


def numpy_rng(generator: Generator | None = None) -> np.random.Generator:
    """The NumPy generator of `generator`, or of the default one."""
    return (generator or default_generator).rng


# Random tensors -------------------------------------------------------------------------------------------------------


def _finish(array: Any, dtype: Any, device: Any, requires_grad: bool) -> Tensor:
    if device is not None:
        dtypes.device(device)
    array = np.asarray(array).astype(dtype or default_dtype(), copy=False)
    return Tensor.wrap(array, leaf(array) if requires_grad else None)


def _draw_dtype(dtype: Any) -> Any:
    return np.float64 if dtype is not None and np.dtype(dtype) == np.float64 else np.float32


def rand(
    *size: Any, generator: Any = None, dtype: Any = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """Uniform numbers in [0, 1)."""
    dtype = dtype or default_dtype()
    return _finish(numpy_rng(generator).random(sizes(size), _draw_dtype(dtype)), dtype, device, requires_grad)


def randn(
    *size: Any, generator: Any = None, dtype: Any = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """Normal numbers of mean 0 and variance 1."""
    dtype = dtype or default_dtype()
    numbers = numpy_rng(generator).standard_normal(sizes(size), _draw_dtype(dtype))
    return _finish(numbers, dtype, device, requires_grad)


def randint(
    low: int, high: Any = None, size: Any = None, *, generator: Any = None, dtype: Any = None, device: Any = None
) -> Tensor:
    """Whole numbers from low (0 where only one bound is given) up to but without high."""
    if size is None:
        low, high, size = 0, low, high
    return _finish(numpy_rng(generator).integers(low, high, sizes((size,))), dtype or dtypes.int64, device, False)


def randperm(n: int, *, generator: Any = None, dtype: Any = None, device: Any = None) -> Tensor:
    """The numbers 0 to n - 1 in random order."""
    return _finish(numpy_rng(generator).permutation(n), dtype or dtypes.int64, device, False)


def normal(mean: Any = 0.0, std: Any = 1.0, size: Any = None, *, generator: Any = None, dtype: Any = None) -> Tensor:
    """Normal numbers of these means and standard deviations (numbers or tensors)."""
    mean, std = getattr(mean, "array", mean), getattr(std, "array", std)
    return _finish(numpy_rng(generator).normal(mean, std, size and sizes((size,))), dtype, None, False)


def bernoulli(p: Any, *, generator: Any = None) -> Tensor:
    """1 with probability p, else 0, elementwise."""
    return Tensor.wrap((numpy_rng(generator).random(p.shape) < p.array).astype(p.dtype))


def rand_like(x: Tensor, **keywords: Any) -> Tensor:
    """Uniform numbers in [0, 1), in the shape and dtype of x."""
    return rand(*x.shape, **{"dtype": x.dtype, **keywords})


def randn_like(x: Tensor, **keywords: Any) -> Tensor:
    """Normal numbers, in the shape and dtype of x."""
    return randn(*x.shape, **{"dtype": x.dtype, **keywords})


def multinomial(weights: Tensor, num_samples: int, replacement: bool = False, *, generator: Any = None) -> Tensor:
    """Indices drawn with probabilities in proportion to the weights: (V) gives (n), (B, V) gives (B, n)."""
    table = weights.array.astype(np.float64)
    rows = np.atleast_2d(table)
    if table.ndim not in (1, 2) or not np.isfinite(rows).all() or (rows < 0).any() or not (rows.sum(-1) > 0).all():
        raise RuntimeError(
            f"multinomial needs finite weights >= 0, some above 0 in each row, in 1 or 2 dims: {table.shape}"
        )
    if not replacement and num_samples > (rows > 0).sum(-1).min():
        raise RuntimeError(f"multinomial cannot draw {num_samples} without replacement from fewer weights above 0")
    rng = numpy_rng(generator)
    if replacement or num_samples == 1:
        total = np.cumsum(rows, axis=-1)
        at = rng.random((len(rows), num_samples)) * total[:, -1:]
        drawn = np.stack([np.searchsorted(t, a, side="right") for t, a in zip(total, at, strict=True)])
    else:  # the smallest of exponential arrival times at the rates of the weights
        with np.errstate(divide="ignore"):
            times = rng.standard_exponential(rows.shape) / rows
        drawn = np.argsort(times, axis=-1)[:, :num_samples]
    return Tensor.wrap(drawn.reshape(*table.shape[:-1], num_samples))


def sizes(args: Any) -> tuple[int, ...]:
    """A shape given as numbers, or as one sequence of them."""
    many = len(args) == 1 and isinstance(args[0], (tuple, list))
    return tuple(int(n) for n in (args[0] if many else args))
