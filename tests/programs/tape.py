"""The random draws of a program: recorded on a tape as it runs with PyTorch, taken from it when it runs with ours.

The two libraries draw other numbers from the same seed. So that both train the same weights on the same batches,
every draw that a program asks for by name (`torch.randn`, `nn.init.normal_`, a shuffled order, dropout) is an event:
its result is recorded, and the same event of the other run gives that result. Draws within a draw are none.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator
from functools import partial
from importlib import import_module
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

NEW = "rand randn randint randperm normal bernoulli multinomial poisson rand_like randn_like randint_like"
IN_PLACE = "normal_ uniform_ bernoulli_ random_ exponential_ log_normal_ cauchy_ geometric_"
OF_INIT = "uniform_ normal_ trunc_normal_ xavier_uniform_ xavier_normal_ kaiming_uniform_ kaiming_normal_"
OF_INIT += " _no_grad_uniform_ _no_grad_normal_"
OF_INIT += " orthogonal_ uniform normal xavier_uniform xavier_normal kaiming_uniform kaiming_normal orthogonal"
# Where the distributions have the normal numbers from of which they make a sample that has a derivative.
NOISE = {
    "torch.": "torch.distributions.normal torch.distributions.multivariate_normal torch.distributions.utils",
    "": "autograd.distributions.continuous autograd.distributions.multivariate_normal autograd.distributions.utils",
}
DROPOUT = "dropout dropout1d dropout2d dropout3d alpha_dropout feature_alpha_dropout"


class Tape:
    """Draws in their order, recorded or taken; `nudge` is how much the floats are changed, relatively, when taken."""

    def __init__(self, path: Path, recording: bool, nudge: float = 0.0) -> None:
        self.path, self.recording, self.nudge = path, recording, nudge
        self.draws: list[tuple[str, np.ndarray]] = [] if recording else pickle.loads(path.read_bytes())
        self.next = 0
        self.depth = 0

    def take(self, name: str, shape: tuple | None) -> np.ndarray:
        """The next draw, which must be of this shape."""
        if self.next == len(self.draws):
            raise RuntimeError(f"the tape ends before {name} of shape {shape}: with PyTorch there were fewer draws")
        recorded, values = self.draws[self.next]
        self.next += 1
        if shape is not None and values.shape != tuple(shape):
            raise RuntimeError(
                f"draw {self.next} is {name} of {tuple(shape)}, with PyTorch {recorded} of {values.shape}"
            )
        if not self.nudge or values.dtype.kind != "f":
            return values
        signs = np.random.default_rng(self.next).choice((-1, 1), values.shape)
        return (values * (1 + self.nudge * signs)).astype(values.dtype)

    def save(self) -> None:
        """Write down what was recorded."""
        if self.recording:
            self.path.write_bytes(pickle.dumps(self.draws))

    def event(self, name: str, draw: Callable, taken: Callable) -> Callable:
        """`draw` as an event; in the other run `taken(values, *args)` says what it gives instead."""

        def drawn(*args: Any, **kwargs: Any) -> Any:
            if self.depth:
                return draw(*args, **kwargs)
            if not self.recording:
                return taken(self, name, *args, **kwargs)
            self.depth += 1
            try:
                result = draw(*args, **kwargs)
            finally:
                self.depth -= 1
            self.draws.append((name, np.array(result if isinstance(result, list) else result.detach().numpy())))
            return result

        drawn.__name__ = name
        return drawn


def patch(torch: Any, tape: Tape) -> None:
    """Make events of all draws of `torch`, which is PyTorch or ours under its name."""
    prefix = "" if "autograd" in torch.Tensor.__module__ else "torch."
    init, functional = (import_module(f"{prefix}nn.{part}") for part in ("init", "functional"))

    def new(tape: Tape, name: str, *args: Any, dtype: Any = None, requires_grad: bool = False, **named: Any) -> Any:
        made = torch.from_numpy(np.array(tape.take(name, None)))
        if (out := named.pop("out", None)) is not None:
            return out.copy_(made)
        for given in (*args, *named.values()) if name == "normal" else ():  # PyTorch records it, with the derivative 0
            made = made + 0 * given if isinstance(given, torch.Tensor) and given.requires_grad else made
        return made.to(dtype).requires_grad_(requires_grad) if dtype or requires_grad else made

    def in_place(tape: Tape, name: str, tensor: Any, *args: Any, **_: Any) -> Any:
        with torch.no_grad():
            tensor.copy_(torch.from_numpy(tape.take(name, tuple(tensor.shape))))
        return tensor

    for name in NEW.split():
        if hasattr(torch, name):
            setattr(torch, name, tape.event(name, getattr(torch, name), new))
    for name in IN_PLACE.split():
        if hasattr(torch.Tensor, name):
            setattr(torch.Tensor, name, tape.event(name, getattr(torch.Tensor, name), in_place))
    for name in ("multinomial", "bernoulli"):
        setattr(torch.Tensor, name, tape.event(name, getattr(torch.Tensor, name), new))
    for kind in vars(import_module(f"{prefix or 'autograd.'}distributions")).values():
        if isinstance(kind, type) and "sample" in vars(kind) and kind.__name__ != "Independent":  # which asks its base
            kind.sample = tape.event(f"{kind.__name__}.sample", kind.sample, new)
    for module in map(import_module, NOISE[prefix].split()):
        module._standard_normal = tape.event("noise", module._standard_normal, new)  # type: ignore[attr-defined]
    for name in filter(partial(hasattr, init), OF_INIT.split()):
        setattr(init, name, tape.event(f"init.{name}", getattr(init, name), in_place))
    for name in DROPOUT.split():
        if hasattr(functional, name):
            setattr(functional, name, dropout(torch, tape, name, getattr(functional, name)))
    attend = functional.scaled_dot_product_attention

    def attended(query: Any, key: Any, value: Any, attn_mask: Any = None, _: float = 0.0, *args: Any, **kw: Any) -> Any:
        kw.pop("dropout_p", None)
        return attend(query, key, value, attn_mask, 0.0, *args, **kw)

    functional.scaled_dot_product_attention = attended
    for name in ("RNN", "LSTM", "GRU", "MultiheadAttention"):  # dropout within a kernel: there is none
        if hasattr(torch.nn, name):
            getattr(torch.nn, name).__init__ = without_dropout(getattr(torch.nn, name).__init__)
    data = torch.utils.data
    for sampler in (data.RandomSampler, data.SubsetRandomSampler, data.WeightedRandomSampler):
        sampler.__iter__ = shuffled(tape, sampler.__iter__)
    data.random_split = split(tape, data.random_split)
    loader = data.DataLoader
    loader.__init__ = in_one_process(loader.__init__)
    loader.__iter__ = unseen(tape, loader.__iter__)


def dropout(torch: Any, tape: Tape, name: str, draw: Callable) -> Callable:
    """Dropout as a product with a mask, which is the event."""

    def mask(shape: tuple, p: float) -> Any:
        return draw(torch.ones(shape), p, True)

    def taken(tape: Tape, name: str, shape: tuple, p: float) -> Any:
        return torch.from_numpy(tape.take(name, shape))

    event = tape.event(name, mask, taken)

    def masked(input: Any, p: float = 0.5, training: bool = True, inplace: bool = False, **_: Any) -> Any:
        return input * event(tuple(input.shape), p).to(input.dtype) if training and p else input

    return masked


def without_dropout(make: Callable) -> Callable:
    """A constructor after which the layer drops nothing."""

    def init(self: Any, *args: Any, **kwargs: Any) -> None:
        make(self, *args, **kwargs)
        self.dropout = 0.0

    return init


def shuffled(tape: Tape, begin: Callable) -> Callable:
    """The order of a sampler, 10,000 indices an event, since some samplers never end."""
    event = tape.event(
        "the order of a sampler",
        lambda order: list(islice(order, 10_000)),
        lambda t, n, order: t.take(n, None).tolist(),
    )

    def ordered(self: Any) -> Iterator:
        order = begin(self)
        part = event(order)
        yield from part
        while len(part) == 10_000:
            part = event(order)
            yield from part

    return ordered


def split(tape: Tape, draw: Callable) -> Callable:
    """A random split of a dataset: the event is the order of the indices."""

    def taken(tape: Tape, name: str, parts: list) -> list:
        return tape.take(name, None).tolist()

    event = tape.event("random_split", lambda parts: [i for part in parts for i in part.indices], taken)

    def parts_of(*args: Any, **kwargs: Any) -> list:
        tape.depth += 1
        parts = draw(*args, **kwargs)
        tape.depth -= 1
        order = event(parts)
        for part in parts:
            part.indices, order = order[: len(part)], order[len(part) :]
        return parts

    return parts_of


def in_one_process(make: Callable) -> Callable:
    """The constructor of a loader that loads in this process, whatever the program says."""

    def init(self: Any, *args: Any, **kwargs: Any) -> None:
        kwargs.update(num_workers=0) if "num_workers" in kwargs else None
        for name in ("prefetch_factor", "persistent_workers", "worker_init_fn", "timeout", "multiprocessing_context"):
            kwargs.pop(name, None)
        make(self, *args, **kwargs)

    return init


def unseen(tape: Tape, begin: Callable) -> Callable:
    """The iterator of a loader, whose seed for workers is no event."""

    def iterate(self: Any) -> Any:
        tape.depth += 1
        try:
            return begin(self)
        finally:
            tape.depth -= 1

    return iterate
