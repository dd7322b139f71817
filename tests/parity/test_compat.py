"""Small GPTs written for torch, with only their import lines changed: the same keys, logits, gradients, losses."""

from __future__ import annotations

import sys
import types
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import autograd

torch = pytest.importorskip("torch")

FILE = Path(__file__).parents[1] / "compat" / "small_gpts.py"
IMPORTS = {
    "import torch\n": "import autograd as torch\n",
    "import torch.nn as nn\n": "import nn\n",
    "from torch import optim\n": "from nn import optim\n",
    "from torch.nn import functional as F\n": "import nn.functional as F\n",
}


def module(name: str, source: str) -> Any:
    made = types.ModuleType(name)
    sys.modules[name] = made
    exec(compile(source, str(FILE), "exec"), made.__dict__)
    return made


@pytest.fixture(scope="module")
def theirs() -> Any:
    return module("gpts_for_torch", FILE.read_text())


@pytest.fixture(scope="module")
def ours() -> Any:
    source = FILE.read_text()
    for old, new in IMPORTS.items():
        assert source.count(old) == 1
        source = source.replace(old, new)
    return module("gpts_for_chainrule", source)


def pair(theirs: Any, ours: Any, name: str, **changes: Any) -> tuple[Any, Any]:
    """The same model under both, in float64, with torch's weights."""
    torch.manual_seed(0)
    a, b = (m.MODELS[name](m.Config(**changes)).double() for m in (theirs, ours))
    with torch.no_grad():
        for p in a.parameters():
            p.normal_(0, 0.3)
    state = a.state_dict()
    assert list(state) == list(b.state_dict())
    b.load_state_dict({key: autograd.tensor(value.numpy()) for key, value in state.items()})
    return a, b


def tokens(*shape: int) -> np.ndarray:
    return np.random.default_rng(1).integers(0, 17, shape)


CASES = [("tied", {}), ("tied", {"bias": False, "fused": False, "heads": 3}), ("heads", {}), ("module", {})]


@pytest.mark.parametrize(("name", "changes"), CASES)
def test_logits_loss_and_gradients_are_torchs(theirs: Any, ours: Any, name: str, changes: dict) -> None:
    a, b = pair(theirs, ours, name, **changes)
    x, y = tokens(3, 8), np.roll(tokens(3, 8), -1, axis=1)
    logits_a, loss_a = a(torch.tensor(x), torch.tensor(y))
    logits_b, loss_b = b(autograd.tensor(x), autograd.tensor(y))
    np.testing.assert_allclose(logits_b.detach().numpy(), logits_a.detach().numpy(), atol=1e-10)
    np.testing.assert_allclose(loss_b.item(), loss_a.item(), atol=1e-10)
    loss_a.backward()
    loss_b.backward()
    for (key, p), (other, q) in zip(a.named_parameters(), b.named_parameters(), strict=True):
        assert key == other
        np.testing.assert_allclose(q.grad.numpy(), p.grad.numpy(), atol=1e-10, err_msg=key)


@pytest.mark.parametrize(("name", "changes"), CASES)
def test_ten_steps_of_training_have_torchs_losses_and_end_at_torchs_text(
    theirs: Any, ours: Any, name: str, changes: dict
) -> None:
    a, b = pair(theirs, ours, name, **changes)
    batches = [(tokens(4, 8), np.roll(tokens(4, 8), -1, axis=1)), (tokens(4, 8) * 3 % 17, tokens(4, 8))]
    losses_a = theirs.train(a, [(torch.tensor(x), torch.tensor(y)) for x, y in batches], 10)
    losses_b = ours.train(b, [(autograd.tensor(x), autograd.tensor(y)) for x, y in batches], 10)
    np.testing.assert_allclose(losses_b, losses_a, rtol=1e-8)
    assert losses_a[-1] < losses_a[0]
    start = tokens(2, 3)
    text_a = theirs.greedy(a, torch.tensor(start), 20, 8)
    text_b = ours.greedy(b, autograd.tensor(start), 20, 8)
    np.testing.assert_array_equal(text_b.numpy(), text_a.numpy())


def test_generation_with_top_k_stays_among_the_k(theirs: Any, ours: Any) -> None:
    a, b = pair(theirs, ours, "tied")
    start = tokens(2, 3)
    assert (
        ours.greedy(b, autograd.tensor(start), 9, 8).tolist() == b.generate(autograd.tensor(start), 9, top_k=1).tolist()
    )
    assert (
        a.generate(torch.tensor(start), 9, top_k=1).tolist() == b.generate(autograd.tensor(start), 9, top_k=1).tolist()
    )
    assert b.generate(autograd.tensor(start), 12, temperature=0.7, top_k=5).shape == (2, 15)


def test_generation_with_top_p_takes_the_first_token_where_p_is_small(theirs: Any, ours: Any) -> None:
    a, b = pair(theirs, ours, "heads")
    start = tokens(2, 3)
    expected = a.generate(torch.tensor(start), 9, top_p=0.0).tolist()
    assert b.generate(autograd.tensor(start), 9, top_p=0.0).tolist() == expected
    assert b.generate(autograd.tensor(start), 9, top_p=0.9).shape == (2, 12)


def test_a_cropped_context_and_its_buffers(theirs: Any, ours: Any) -> None:
    a, b = pair(theirs, ours, "tied", fused=False)
    a.crop(4)
    b.crop(4)
    x = tokens(2, 4)
    expected = a(torch.tensor(x))[0].detach().numpy()
    np.testing.assert_allclose(b(autograd.tensor(x))[0].detach().numpy(), expected, atol=1e-10)
    assert list(a.state_dict()) == list(b.state_dict())
    assert sum(p.numel() for p in a.parameters()) == sum(p.numel() for p in b.parameters())


def test_the_initial_weights_have_the_spread_that_the_model_asks_for(ours: Any) -> None:
    autograd.manual_seed(0)
    model = ours.TiedGPT(ours.Config(width=64, vocab=100))
    assert abs(model.head.weight.std().item() - 0.02) < 1e-3
    assert abs(model.body.layers[0].out.weight.std().item() - 0.01) < 1e-3
    assert model.body.tokens.weight is model.head.weight
    assert not model.body.layers[0].up.bias.any()
