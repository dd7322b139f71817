"""One module in both libraries, from the same parameters, compared for the same inputs."""

import numpy as np
import pytest

import autograd as ag
import nn

torch = pytest.importorskip("torch")
CLOSE = {ag.float64: {"rtol": 1e-9, "atol": 1e-9}, ag.float32: {"rtol": 1e-3, "atol": 2e-5}}


def pair_of(name, *args, dtype=ag.float64, **keywords):
    """Our module of this name and torch's, with the same parameters."""
    theirs = getattr(torch.nn, name)(*args, **keywords, dtype=getattr(torch, str(dtype).rpartition(".")[2]))
    ours = getattr(nn, name)(*args, **keywords, dtype=dtype)
    ours.load_state_dict({key: value.numpy() for key, value in theirs.state_dict().items()})
    return ours, theirs


def both(rng, *shape, dtype=ag.float64):
    """The same random numbers as our tensor and torch's, both requiring grad."""
    x = rng.normal(size=shape).astype(np.float32 if dtype == ag.float32 else np.float64)
    return ag.tensor(x, requires_grad=True), torch.tensor(x, requires_grad=True)


def flat(outputs):
    """The tensors of nested tuples that hold floats."""
    if isinstance(outputs, tuple):
        return [tensor for part in outputs for tensor in flat(part)]
    return [outputs] if outputs is not None and outputs.requires_grad else []


def compare(ours, theirs, inputs, outputs, rng, close):
    """Values, and the gradients of all inputs and parameters for the same upstream gradients."""
    mine, reference = (flat(out) for out in outputs)
    assert [tuple(m.shape) for m in mine] == [tuple(t.shape) for t in reference]
    for m, t in zip(mine, reference, strict=True):
        np.testing.assert_allclose(m.array, t.detach().numpy(), **close)
    upstream = [rng.normal(size=tuple(m.shape)).astype(m.array.dtype) for m in mine]
    sum((m * ag.tensor(g)).sum() for m, g in zip(mine, upstream, strict=True)).backward()
    sum((t * torch.tensor(g)).sum() for t, g in zip(reference, upstream, strict=True)).backward()
    pairs = [*inputs, *zip(ours.parameters(), theirs.parameters(), strict=True)]
    for m, t in pairs:
        np.testing.assert_allclose(m.grad.array, t.grad.numpy(), **close)
