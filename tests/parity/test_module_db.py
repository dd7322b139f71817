"""PyTorch's own samples of every module that is here too: state, repr, results, and the gradients of all that has one.

They come from the database of modules (`module_db`) on which PyTorch runs its own tests. Where the two differ, the
engine is repaired, or DEVIATIONS says why they may.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import autograd
import nn
from autograd import Tensor
from tests.parity.test_op_db import Row, check_needed, check_same, flat, ours, row_for

torch = pytest.importorskip("torch")
from torch.testing._internal.common_modules import module_db  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore")

MODULES = {info.name.removeprefix("nn."): info for info in module_db if hasattr(nn, info.name.removeprefix("nn."))}
DTYPES = (torch.float64, torch.float32)


DEVIATIONS = [
    Row("CTCLoss", "both are rounded over 50 steps, ours less", lambda sample, dtype, training: dtype == torch.float32),
    Row(
        "KLDivLoss",
        "PyTorch's samples give one tensor as input and target",
        lambda sample, dtype, training: sample.desc.startswith("scalar"),
        drawn=True,
    ),
]


def samples(info: Any) -> Any:
    """The samples of a module, with dtype and mode; the same in every run."""
    torch.manual_seed(0)
    for dtype in DTYPES:
        for training in (True, False) if info.train_and_eval_differ else (True,):
            for sample in info.module_inputs_func(info, "cpu", dtype, requires_grad=True, training=training):
                yield sample, dtype, training


def settings(call: Any) -> tuple[tuple, dict]:
    """The arguments of a constructor; a layer among them is made anew, for it is copied with other weights."""
    return tuple(map(made_anew, ours(call.args, []))), {k: made_anew(v) for k, v in ours(call.kwargs, []).items()}


def made_anew(value: Any) -> Any:
    if not isinstance(value, torch.nn.TransformerEncoderLayer):
        return FUNCTIONS.get(value, value) if callable(value) else value
    attention = value.self_attn
    return nn.TransformerEncoderLayer(
        attention.embed_dim,
        attention.num_heads,
        value.linear1.out_features,
        attention.dropout,
        FUNCTIONS[value.activation],
        value.norm1.eps,
        attention.batch_first,
        value.norm_first,
        value.linear1.bias is not None,
    )


FUNCTIONS = {getattr(torch.nn.functional, name): getattr(nn.functional, name) for name in ("relu", "gelu")}


def twins(info: Any, sample: Any, dtype: Any, training: bool) -> tuple[Any, Any]:
    """The two modules, with the same weights."""
    given = sample.constructor_input
    theirs = info.module_cls(*given.args, **given.kwargs).to(dtype).train(training)
    args, kwargs = settings(given)
    made = getattr(nn, info.name.removeprefix("nn."))(*args, **kwargs)
    made = made.to(getattr(autograd, str(dtype).removeprefix("torch."))).train(training)
    if "Lazy" in info.name:  # the first call gives them their weights
        call = sample.forward_input
        theirs(*call.args, **call.kwargs)
        made(*ours(call.args, []), **ours(call.kwargs, []))
    made.load_state_dict({name: value.numpy() for name, value in theirs.state_dict().items()})
    return made, theirs


def seeded(results: list, kind: Any) -> Any:
    """The sum of the results that have a gradient, each number times another."""
    rng = np.random.default_rng(0)
    found = [r for r in results if getattr(r, "requires_grad", False)]
    return sum(
        (r * kind(rng.uniform(0.5, 1.5, tuple(r.shape)).astype(str(r.dtype).split(".")[-1]))).sum() for r in found
    )


def compare(info: Any, sample: Any, dtype: Any, training: bool) -> None:
    made, theirs = twins(info, sample, dtype, training)
    assert list(made.state_dict()) == list(theirs.state_dict())
    assert [n for n, _ in made.named_parameters()] == [n for n, _ in theirs.named_parameters()]
    assert repr(made) == repr(theirs).replace("NonDynamicallyQuantizable", ""), f"{made!r}, not {theirs!r}"
    leaves: list = []
    call = sample.forward_input
    arguments, keywords = ours(call.args, leaves), ours(call.kwargs, leaves)
    for _, theirs_given in leaves:
        theirs_given.retain_grad()
    found, expected = flat(made(*arguments, **keywords)), flat(theirs(*call.args, **call.kwargs))
    assert len(found) == len(expected)
    for i, (a, b) in enumerate(zip(found, expected)):
        check_same(a, b, f"result {i}", False)
    if not any(getattr(r, "requires_grad", False) for r in expected):
        return
    seeded(found, Tensor.wrap).backward()
    seeded(expected, torch.as_tensor).backward()
    named = [(f"input {i}", *pair) for i, pair in enumerate(leaves)]
    named += [(n, p, q) for (n, p), (_, q) in zip(made.named_parameters(), theirs.named_parameters())]
    for name, a, b in named:
        assert a.grad is None or b.grad is not None or not a.grad.array.any(), name
        if b.grad is not None:
            mine = a.grad if a.grad is not None else Tensor.wrap(np.zeros_like(a.array))
            check_same(mine, b.grad, f"gradient of {name}", False)
    for (name, a), (_, b) in zip(made.named_buffers(), theirs.named_buffers()):
        check_same(a, b, name, False)


@pytest.mark.parametrize("name", MODULES)
def test_samples_give_what_torch_gives(name):
    info = MODULES[name]
    needed, wrong = set(), []
    for case in samples(info):
        row = row_for(DEVIATIONS, name, *case)
        try:
            compare(info, *case)
        except Exception as error:
            needed.add(row)
            if row is None:
                given = case[0].constructor_input
                wrong.append(f"{name}{given.args} {given.kwargs} {case[0].desc}\n{type(error).__name__}: {error}")
    assert not wrong, f"{len(wrong)} samples differ, such as\n" + "\n\n".join(wrong[:3])
    check_needed(DEVIATIONS, name, needed)


def test_at_most_one_in_twenty_samples_is_skipped():
    rows = [row_for(DEVIATIONS, name, *case) for name, info in MODULES.items() for case in samples(info)]
    assert sum(row is not None and not row.drawn for row in rows) <= len(rows) / 20
