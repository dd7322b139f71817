"""Random programs of views and changes in place: against the same out of place, and against finite differences."""

import warnings

import numpy as np
import pytest

import autograd
from tests.fuzz.out_of_place import differs_out_of_place
from tests.fuzz.programs import Line, Writer, scope_of, tensors_of

BLOCK = 25


@pytest.fixture(autouse=True)
def quietly():
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def source(seed: int, lines: list[Line]) -> str:
    return "\n".join([f"seed {seed}", *(line.source for line in lines)])


@pytest.mark.parametrize("block", range(4))
def test_a_program_gives_what_it_gives_without_changes_in_place(block):
    for seed in range(block * BLOCK, block * BLOCK + BLOCK):
        lines = Writer(seed, autograd, ("detached", "changed_quietly", "backward")).write()
        found = differs_out_of_place(lines)
        assert found is None, f"{source(seed, lines)}\n{found}"


def loss_of(lines: list[Line], leaves: dict[str, np.ndarray]):
    """The sum over everything that a program computes, with these arrays for its leaves; the leaves as tensors."""
    scope = scope_of(autograd)
    for line in lines:
        try:
            exec(line.source, scope)
        except Exception:
            continue
        if line.target in leaves and line.kind == "new":
            scope[line.target] = autograd.tensor(leaves[line.target], requires_grad=True)
    total = sum([t.sin().sum() for t in tensors_of(scope).values() if t.requires_grad], autograd.zeros(()))
    return total, [scope[name] for name in leaves]


@pytest.mark.parametrize("block", range(3))
def test_the_gradient_of_a_program_equals_finite_differences(block):
    checked = 0
    for seed in range(block * BLOCK, block * BLOCK + BLOCK):
        writer = Writer(seed, autograd, (), mixed=False)
        lines = writer.write()
        tensors = tensors_of(writer.scope)
        if any(np.abs(t.array).max(initial=0) > 20 for t in tensors.values()):
            continue  # too steep for finite differences
        names = [line.target for line in lines if line.kind == "new" and line.source.endswith("requires_grad=True)")]
        leaves = {name: tensors[name].detach().numpy().copy() for name in names if name in tensors}
        total, xs = loss_of(lines, leaves)
        if not total.requires_grad:
            continue
        try:
            grads = autograd.grad(total, xs, allow_unused=True)
        except autograd.GraphError:
            continue  # an array that a rule needs was changed: torch refuses that, too
        for name, x, g in zip(leaves, xs, grads):
            checked += 1
            found = np.zeros(x.shape) if g is None else g.numpy()
            for place in np.ndindex(*x.shape):
                values = []
                for step in (1e-6, -1e-6):
                    moved = {**leaves, name: leaves[name].copy()}
                    moved[name][place] += step
                    values.append(loss_of(lines, moved)[0].item())
                expected = (values[0] - values[1]) / 2e-6
                assert found[place] == pytest.approx(expected, rel=1e-4, abs=1e-4), (
                    f"{source(seed, lines)}\n{name}.grad{place}"
                )
    assert checked
