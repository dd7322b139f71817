"""A random program run without any change in place: what it must give, values and gradients.

The elements of each memory are kept as one flat tensor, which every write replaces out of place. A tensor of the
program is read from there, by the places of its elements; these tell the arrays of the same program, run in place.
"""

from typing import Any

import numpy as np

import autograd
from autograd.ops.indexing import getitem, index_put
from autograd.tensor import Tensor
from autograd.versions import owner
from tests.fuzz.programs import Line, failure, scope_of, tensors_of


class Replay:
    """A program in place, and the same program out of place, line by line.

    `lineages` has, for each memory, the flat tensors of its elements: detaching begins a lineage, with the same
    elements and a history of its own.
    """

    def __init__(self) -> None:
        self.real = scope_of(autograd)
        self.lineages: dict[int, list[Any]] = {}
        self.homes: dict[str, tuple[int, int]] = {}  # of each tensor: the id of its memory, and its lineage
        self.alive: list[np.ndarray] = []  # so that an id stays that of one memory
        self.leaves: dict[str, Any] = {}

    def run(self, line: Line) -> bool:
        """Run a line both ways; False where the program cannot go on."""
        if failure(line, self.real) is not None:
            return line.kind != "backward"
        scope = {**scope_of(autograd), "put": put, "fill": fill, **{name: self.read(name) for name in self.homes}}
        if line.kind == "new":
            self.make(line, scope)
        elif line.kind == "change":
            value = eval(line.value, scope)
            self.write(line.target, value.expand(tuple(self.real[line.target].shape)), line.quiet)
        elif line.kind == "backward":
            eval(line.value, scope)
        return True

    def read(self, name: str) -> Any:
        """A tensor of the program, out of place."""
        memory, lineage = self.homes[name]
        return getitem(self.lineages[memory][lineage], index=(self.places(name),))

    def write(self, name: str, value: Any, quiet: bool) -> None:
        """Put `value` in the place of a tensor, in all lineages; only its own (none, if quiet) gets the history."""
        memory, own = self.homes[name]
        flats = self.lineages[memory]
        for i, flat in enumerate(flats):
            new = index_put(flat, value.to(flat.dtype), index=(self.places(name),))
            flats[i] = new if i == own and not quiet else flat + (new - flat).detach()

    def make(self, line: Line, scope: dict) -> None:
        """Find the home of a new tensor: that of the tensor whose memory it shares, or a new one."""
        memory = owner(self.real[line.target].array)
        detached = ".detach()" in line.source
        if id(memory) not in self.lineages:
            value = eval(line.value, scope)
            self.alive.append(memory)
            self.homes[line.target] = id(memory), 0
            flat = autograd.zeros(memory.size, dtype=value.dtype)
            self.lineages[id(memory)] = [index_put(flat, value, index=(self.places(line.target),))]
            if value.is_leaf and value.requires_grad:
                self.leaves[line.target] = value
            return
        self.homes[line.target] = self.homes[line.value.replace("[", ".").split(".")[0]]
        if detached:
            flats = self.lineages[id(memory)]
            flats.append(flats[0].detach())
            self.homes[line.target] = id(memory), len(flats) - 1

    def places(self, name: str) -> np.ndarray:
        """Where in its memory the elements of a tensor are."""
        array = self.real[name].array
        start = address(array) - address(owner(array))
        places = np.full(array.shape, start // array.itemsize)
        for dim, (n, step) in enumerate(zip(array.shape, array.strides)):
            places += np.expand_dims(np.arange(n) * (step // array.itemsize), (*range(1, array.ndim - dim),))
        return places


def address(array: np.ndarray) -> int:
    return array.__array_interface__["data"][0]


def put(x: Any, index: Any, value: Any) -> Any:
    """x with `value` where an index points to, as a new tensor."""
    places = index(autograd.tensor(np.arange(x.numel()).reshape(tuple(x.shape)))).array
    value = value if isinstance(value, Tensor) else autograd.tensor(value, dtype=x.dtype)
    value = value.to(x.dtype)
    while value.ndim > places.ndim:
        value = value.squeeze(0)
    return index_put(x.reshape(-1), value.expand(places.shape), index=(places,)).reshape(tuple(x.shape))


def fill(x: Any, value: Any) -> Any:
    """`value` in the shape and dtype of x, as a new tensor."""
    return autograd.zeros(tuple(x.shape), dtype=x.dtype) + value


def differs_out_of_place(lines: list[Line]) -> str | None:
    """How the program in place differs from the same out of place; None where it does not."""
    replay = Replay()
    if not all(replay.run(line) for line in lines):
        return None
    for name, real in tensors_of(replay.real).items():
        if not close(real, replay.read(name)):
            return f"{name}: in place {real.tolist()}, out of place {replay.read(name).tolist()}"
    for name, leaf in replay.leaves.items():
        found, expected = replay.real[name].grad, leaf.grad
        if (found is None) != (expected is None) or (found is not None and not close(found, expected)):
            return f"{name}.grad: in place {found}, out of place {expected}"
    return None


def close(a: Any, b: Any) -> bool:
    """Whether two tensors agree, as far as their largest element goes."""
    x, y = a.detach().numpy(), b.detach().numpy()
    with np.errstate(all="ignore"):
        scale = np.abs(np.where(np.isfinite(x), x, 0)).max(initial=1)
        limit = 1e-3 if np.float32 in (x.dtype, y.dtype) else 1e-9
        return scale > 1e30 or np.allclose(x, y, rtol=limit, atol=limit * scale, equal_nan=True)
