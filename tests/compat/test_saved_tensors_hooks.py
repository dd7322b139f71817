"""`autograd.graph.saved_tensors_hooks`: what takes the place of what an operation saves for its backward."""

import gc
import weakref

import numpy as np
import pytest
from autograd.autograd.graph import save_on_cpu, saved_tensors_hooks
from autograd.nn import functional

import autograd as torch
from autograd import nn


class Recorded:
    """Hooks that note what they are called with; what is packed is a list, so no tensor."""

    def __init__(self):
        self.packed, self.unpacked = [], []

    def pack(self, x):
        self.packed.append(x.tolist())
        return [x.clone()]

    def unpack(self, packed):
        self.unpacked.append(packed[0].tolist())
        return packed[0]


def programs():
    """Functions of a (3, 4) tensor: rules of one argument each and of all, several outputs, in place, by a Function."""
    layer, norm = nn.Linear(4, 4), nn.LayerNorm(4)
    index = torch.tensor([2, 0, 0])

    class Square(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x * x

        @staticmethod
        def backward(ctx, g):
            return 2 * g * ctx.saved_tensors[0]

    return {
        "mul": lambda x: x * x.exp(),
        "einsum": lambda x: torch.einsum("ij,ik,il->jkl", x, x, x),
        "sort": lambda x: x.sort(dim=1)[0] * x,
        "split": lambda x: x.split(2, dim=1)[1] ** 3,
        "layers": lambda x: norm(layer(x).relu()).softmax(-1),
        "an index": lambda x: x[index] ** 2,
        "in place": lambda x: functional.silu(x * 3, inplace=True).mul_(x).sigmoid_(),
        "a view in place": lambda x: (x * 2).t().mul_(x.t()),
        "a Function": lambda x: Square.apply(x).tanh(),
        "no array": lambda x: x.sum(1),
    }


@pytest.mark.parametrize("name", programs())
@pytest.mark.parametrize("hooks", ["lists", "itself", "on the CPU"])
def test_the_gradients_are_the_same(name, hooks):
    torch.manual_seed(0)
    recorded = Recorded()
    contexts = {"lists": (recorded.pack, recorded.unpack), "itself": (lambda x: x, lambda x: x)}
    context = saved_tensors_hooks(*contexts[hooks]) if hooks in contexts else save_on_cpu(pin_memory=True)
    f, x = programs()[name], torch.randn(3, 4, requires_grad=True)
    (expected,) = torch.autograd.grad(f(x).cos().sum(), x)
    with context:
        loss = f(x).cos().sum()
    (g,) = torch.autograd.grad(loss, x)
    assert g.equal(expected)
    if hooks == "lists":
        assert sorted(map(str, recorded.unpacked)) == sorted(map(str, recorded.packed))


def test_second_derivatives_are_the_same():
    x = torch.randn(3, requires_grad=True)
    hooks = Recorded()
    with saved_tensors_hooks(hooks.pack, hooks.unpack):
        (g,) = torch.autograd.grad((x.exp() * x).sum(), x, create_graph=True)
        (second,) = torch.autograd.grad(g.sum(), x)
    np.testing.assert_allclose(second.numpy(), ((x + 2) * x.exp()).detach().numpy(), rtol=1e-5)


def test_the_hooks_of_the_innermost_context_apply_and_only_within():
    x, outer, inner = torch.ones(2, requires_grad=True), Recorded(), Recorded()
    with saved_tensors_hooks(outer.pack, outer.unpack):
        y = x * 2 * x
        with saved_tensors_hooks(inner.pack, inner.unpack):
            y = y * y
    y = y * y
    with torch.no_grad(), saved_tensors_hooks(outer.pack, outer.unpack):
        x * x
    assert outer.packed == [[2, 2], [1, 1]] and inner.packed == [[2, 2], [2, 2]]
    y.sum().backward()
    assert x.grad.tolist() == [128, 128] and outer.unpacked == outer.packed and inner.unpacked == inner.packed


def test_what_was_packed_is_gone_after_the_backward_unless_that_retains_it():
    class Packed(list):
        pass

    kept = []

    def pack(x):
        packed = Packed([x.clone()])
        kept.append(weakref.ref(packed))
        return packed

    x = torch.ones(2, requires_grad=True)
    with saved_tensors_hooks(pack, lambda packed: packed[0]):
        y = (x * x).sum()
    y.backward(retain_graph=True)
    assert all(ref() is not None for ref in kept)
    y.backward()
    gc.collect()
    assert kept and all(ref() is None for ref in kept) and x.grad.tolist() == [4, 4]
    with pytest.raises(RuntimeError, match="freed"):
        y.backward()


def test_a_change_in_place_of_what_a_hook_gave_back_is_noticed():
    x = torch.ones(2, requires_grad=True)
    y = x * 1
    with saved_tensors_hooks(lambda x: x, lambda x: x):
        z = y * y
    y.add_(1)
    with pytest.raises(RuntimeError, match="changed in place"):
        z.sum().backward()


def test_an_unpack_hook_must_give_a_tensor_of_the_same_shape():
    x = torch.ones(2, requires_grad=True)
    for wrong in ("text", torch.ones(3)):
        with saved_tensors_hooks(lambda x: x, lambda x, wrong=wrong: wrong):
            z = x * x
        with pytest.raises(RuntimeError, match="unpack_hook must return a tensor of shape"):
            z.sum().backward()


def test_a_trace_around_the_hooks_sees_all_operations_and_modules():
    from autograd.tracing import trace

    layer, x = nn.Linear(2, 2), torch.ones(1, 2, requires_grad=True)
    with trace() as seen, save_on_cpu():
        layer(x).relu()
    assert [(node.name, node.record.module) for node in seen.nodes] == [("linear", "Linear"), ("relu", "")]
