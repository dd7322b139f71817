"""PyTorch's own configurations of every optimiser: the same steps from the same start, saved and loaded on the way.

They come from the database of optimisers (`optim_db`) on which PyTorch runs its own tests. All of them run; where a
number may be further off, TOLERANCE says why.
"""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest

import autograd
import nn
from tests.parity.test_op_db import ours

torch = pytest.importorskip("torch")
from torch.testing._internal.common_optimizers import optim_db  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore")

NOT_HERE = {"SparseAdam": "there are no sparse gradients"}
CASES = {
    f"{info.name} {given.desc}": (info, given)
    for info in optim_db
    if info.name not in NOT_HERE
    for given in info.optim_inputs_func("cpu")
}
# relative to the largest number
EXACT, SINGLE = 1e-10, 2e-5
TOLERANCE = {
    "Muon": (0.05, "PyTorch multiplies in bfloat16 within a step"),
    "Adagrad": (1e-7, "a rate that is a tensor is float32 there"),
    "SGD": (1e-7, "a rate that is a tensor is float32 there"),
    "NAdam": (1e-6, "PyTorch keeps the product of the momenta in float32"),
    "LBFGS": (1e-7, "losses that differ in the last bit"),
    "LBFGS float32": (1e-4, "losses that differ in the last bit"),
    "ASGD": (1e-6, "PyTorch keeps eta and mu in float32"),
}


class Run:
    """A model with two matrices, vectors and a number, and an optimiser, in one library."""

    def __init__(self, library: Any, layers: Any, name: str, keywords: dict, dtype: str) -> None:
        self.library, self.kind = library, getattr(library.optim, name)
        rng = np.random.default_rng(0)
        shapes = [(4, 3), (3, 5)] if name == "Muon" else [(4, 3), (3,), (3, 5), ()]
        self.params = [layers.Parameter(library.tensor(rng.normal(size=s).astype(dtype))) for s in shapes]
        self.x = library.tensor(rng.normal(size=(6, 4)).astype(dtype))
        self.keywords = keywords
        self.optimizer = self.kind(self.params, **keywords)

    def loss(self) -> Any:
        self.optimizer.zero_grad()
        hidden = self.x @ self.params[0]
        if len(self.params) > 2:
            hidden = (hidden + self.params[1]) * self.params[3]
        loss = ((hidden.tanh() @ self.params[2 if len(self.params) > 2 else 1]) - 0.5).square().mean()
        loss.backward()
        return loss

    def resume(self) -> None:
        state = copy.deepcopy(self.optimizer.state_dict())
        self.optimizer = self.kind(self.params, **self.keywords)
        self.optimizer.load_state_dict(state)

    def run(self) -> list[np.ndarray]:
        seen, steps = [], 2 if "max_iter" in self.keywords else 8
        for i in range(steps):
            seen.append(np.asarray(self.optimizer.step(self.loss).item()))
            seen += [p.detach().numpy().copy() for p in self.params]
            if i == steps // 2 - 1:
                self.resume()
        return seen


def test_every_optimiser_of_torch_is_here():
    names = {n for n in dir(torch.optim) if isinstance(getattr(torch.optim, n), type)}
    assert names - set(NOT_HERE) <= set(dir(nn.optim))


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", CASES)
def test_steps_are_torchs(name, dtype):
    info, given = CASES[name]
    keywords = {k: v.clone() if isinstance(v, torch.Tensor) else v for k, v in given.kwargs.items()}
    if info.name == "LBFGS":  # a few iterations: more of them make much of the last bit
        keywords["max_iter"] = 10 if dtype == "float64" else 2
    theirs = Run(torch, torch.nn, info.name, keywords, dtype).run()
    found = Run(autograd, nn, info.name, ours(keywords, []), dtype).run()
    loosest = TOLERANCE.get(f"{info.name} {dtype}", TOLERANCE.get(info.name, (0.0,)))[0]
    loosest = max(loosest, EXACT if dtype == "float64" else SINGLE)
    for a, b in zip(found, theirs, strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=loosest * max(1, np.abs(b).max()))


def test_groups_take_named_parameters():
    for library, layers in ((autograd, nn), (torch, torch.nn)):
        optimizer = library.optim.Adam(layers.Linear(2, 1).named_parameters())
        assert optimizer.param_groups[0]["param_names"] == ["weight", "bias"]
        assert [tuple(p.shape) for p in optimizer.param_groups[0]["params"]] == [(1, 2), (1,)]


@pytest.mark.parametrize("how", ["mean", "ema", "own", "buffers"])
def test_averaged_models_are_torchs(how):
    def program(library, layers):
        utils = library.optim.swa_utils
        model = layers.Sequential(layers.Linear(2, 2), layers.Tanh())
        model.register_buffer("count", library.zeros(1))
        keywords = {
            "mean": {},
            "ema": {"multi_avg_fn": utils.get_ema_multi_avg_fn(0.8)},
            "own": {"avg_fn": lambda average, current, count: average + current * count},
            "buffers": {"use_buffers": True},
        }[how]
        averaged = utils.AveragedModel(model, **keywords)
        for i in range(4):
            with library.no_grad():
                for j, p in enumerate(model.parameters()):
                    p.copy_(library.ones(p.shape) * (i * i + j))
                model.count += 2
            averaged.update_parameters(model)
        return {k: v.tolist() for k, v in averaged.state_dict().items()}, averaged(library.ones(1, 2)).tolist()

    (state, out), (expected, other) = program(autograd, nn), program(torch, torch.nn)
    assert list(state) == list(expected)
    for key in state:
        np.testing.assert_allclose(state[key], expected[key], rtol=1e-6)
    np.testing.assert_allclose(out, other, rtol=1e-6)
