"""Hooks around forward, backward, and the moves of a state; the registers of what a module holds."""

import collections
import copy
import importlib
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd as ag
import nn


def net():
    """Two layers around a tanh, of float64 and with fixed weights."""
    model = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2)).double()
    for i, p in enumerate(model.parameters()):
        p.data = ag.tensor(np.random.default_rng(i).normal(size=p.shape))
    return model


def batch(requires_grad=False):
    return ag.tensor(np.random.default_rng(9).normal(size=(5, 3)), requires_grad=requires_grad)


def arrays(tensors):
    return [None if t is None else t.detach().numpy().copy() for t in tensors]


def same(found, expected):
    for a, b in zip(found, expected, strict=True):
        assert (a is None) == (b is None)
        if a is not None:
            np.testing.assert_allclose(a, b)


# Backward -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("requires_grad", [True, False])
def test_backward_hooks_see_the_gradients_of_arguments_and_results(requires_grad):
    model, seen, x = net(), {}, batch(requires_grad)
    for name, child in model.named_children():
        child.register_full_backward_pre_hook(lambda m, gout, name=name: seen.update({"pre " + name: arrays(gout)}))
        child.register_full_backward_hook(
            lambda m, gin, gout, name=name: seen.update({name: (arrays(gin), arrays(gout))})
        )
    model(x).square().sum().backward()
    assert list(seen) == ["pre 2", "2", "pre 1", "1", "pre 0", "0"]

    plain, values = net(), [batch(requires_grad)]
    for child in plain:
        values.append(child(values[-1]))
    wanted = [v for v in values if v.requires_grad]
    found = dict(zip(map(id, wanted), ag.grad(values[-1].square().sum(), wanted), strict=True))
    gradients = [found.get(id(v)) for v in values]
    for i in range(3):
        gin, gout = seen[str(i)]
        same(gin, arrays(gradients[i : i + 1]))
        same(gout, arrays(gradients[i + 1 : i + 2]))
        same(seen[f"pre {i}"], gout)


FACTORS = st.floats(-2, 2).map(lambda x: round(x, 3))  # whose products are 0 or normal numbers


@given(before=FACTORS, after=FACTORS)
def test_backward_hooks_may_replace_gradients(before, after):
    """Factors before and after the backward of the middle layer are those of the gradient of what lies before it."""
    runs = []
    for hooked in (True, False):
        model, x = net(), batch(True)
        if hooked:
            model[1].register_full_backward_pre_hook(lambda m, gout: gout[0] * before)
            model[1].register_full_backward_hook(lambda m, gin, gout: (gin[0] * after,))
        model(x).square().sum().backward()
        runs.append([x.grad, *(p.grad for p in model.parameters())])
    hooked, plain = (arrays(run) for run in runs)
    same(hooked, [g * before * after for g in plain[:3]] + plain[3:])


def test_backward_hooks_of_modules_with_several_arguments_and_results():
    class Both(nn.Module):
        def forward(self, a, factor, b):
            return [a * factor + b, a * b]

    a, b = (ag.tensor(np.array([1.0, 2.0]) + i, requires_grad=True) for i in (0, 2))
    module, seen = Both(), []
    module.register_full_backward_hook(lambda m, gin, gout: seen.extend([arrays(gin), arrays(gout)]))
    out = module(a, 3.0, b)
    assert isinstance(out, list)
    (out[0].sum() + 2 * out[1].sum()).backward()
    gin, gout = seen
    same(gin, [3 + 2 * b.detach().numpy(), None, 1 + 2 * a.detach().numpy()])
    same(gout, [np.ones(2), 2 * np.ones(2)])
    same(arrays([a.grad, b.grad]), [gin[0], gin[2]])


def test_hooks_run_in_the_order_of_registration_unless_prepended_until_removed():
    module, seen = nn.Tanh(), []
    for kind in ("forward_pre", "forward", "full_backward"):
        register = getattr(module, f"register_{kind}_hook")
        register(lambda *_, kind=kind: seen.append(kind + " 1"))
        handle = register(lambda *_, kind=kind: seen.append(kind + " removed"))
        register(lambda *_, kind=kind: seen.append(kind + " 2"))
        register(lambda *_, kind=kind: seen.append(kind + " 0"), prepend=True)
        handle.remove()
    module(batch(True)).sum().backward()
    assert seen == [f"{kind} {i}" for kind in ("forward_pre", "forward", "full_backward") for i in range(3)]


def test_backward_hooks_are_passed_by_what_has_no_gradient():
    module, seen = nn.Identity(), []
    module.register_full_backward_hook(lambda *args: seen.append(args))
    assert module("text") == "text" and not module(ag.ones(2)).requires_grad and seen == []


def test_backward_hooks_see_the_tensors_of_dicts_and_named_tuples_and_pass_by_other_results():
    class Answer(NamedTuple):
        label: str
        score: ag.Tensor

    class Scored(nn.Module):
        def forward(self, x):
            return {"score": 2 * x, "more": Answer("text", 3 * x), "input": x.detach()}

    module, seen, x = Scored(), [], batch(True)
    module.register_full_backward_hook(lambda m, gin, gout: seen.append(arrays(gout)))
    out = module(x)
    assert out["more"].label == "text" and not out["input"].requires_grad
    (out["score"].sum() + out["more"].score.sum()).backward()
    same(*seen, [np.ones((5, 3)), None, np.ones((5, 3)), None])
    same(arrays([x.grad]), [np.full((5, 3), 5.0)])


@pytest.mark.parametrize("changed", [(), (None, None)])
def test_a_backward_hook_that_returns_another_number_of_gradients_is_an_error(changed):
    for register in ("register_full_backward_hook", "register_full_backward_pre_hook"):
        module = nn.Tanh()
        with getattr(module, register)(lambda *_: changed), pytest.raises(RuntimeError, match="expected 1"):
            module(batch(True)).sum().backward()
        module(batch(True)).sum().backward()  # the hook went with the block


def test_a_backward_hook_may_not_return_gradients_of_inputs_that_have_none():
    module = net()[0]
    module.register_full_backward_hook(lambda m, gin, gout: gout)
    with pytest.raises(RuntimeError, match="no input"):
        module(batch()).sum().backward()


def test_hooks_of_all_modules_run_before_those_of_one():
    module, seen, handles = nn.Tanh(), [], []
    registers = importlib.import_module("nn.hooks")
    for kind in ("forward_pre", "forward", "full_backward_pre", "full_backward"):
        getattr(module, f"register_{kind}_hook")(lambda *_, kind=kind: seen.append(kind + " of one"))
        register = getattr(registers, f"register_module_{kind}_hook")
        handles.append(register(lambda *_, kind=kind: seen.append(kind + " of all")))
    module(batch(True)).sum().backward()
    kinds = ("forward_pre", "forward", "full_backward_pre", "full_backward")
    assert seen == [f"{kind} of {who}" for kind in kinds for who in ("all", "one")]
    for handle in handles:
        handle.remove()
    seen.clear()
    nn.Sequential(nn.Tanh(), module)(batch(True)).sum().backward()
    assert seen == [f"{kind} of one" for kind in kinds]


# Forward ------------------------------------------------------------------------------------------------------------


def test_forward_hooks_with_keywords_may_replace_them_and_the_output():
    class Scaled(nn.Module):
        def forward(self, x, *, by=1.0):
            return x * by

    module, seen = Scaled(), []
    module.register_forward_pre_hook(lambda m, args, kwargs: seen.append(kwargs), with_kwargs=True)
    module.register_forward_pre_hook(lambda m, args, kwargs: (args, {"by": kwargs["by"] + 1}), with_kwargs=True)
    module.register_forward_pre_hook(lambda m, args: (args[0] + 10,))
    module.register_forward_hook(lambda m, args, kwargs, out: out + kwargs["by"], with_kwargs=True)
    assert module(1.0, by=2.0) == 11.0 * 3.0 + 3.0
    assert seen == [{"by": 2.0}]


# State --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("register", ["register_forward_hook", "register_forward_pre_hook"])
def test_a_hook_that_is_a_method_belongs_to_the_copy_of_a_module(register):
    class Watch(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer, self.seen = nn.Linear(2, 2), []
            getattr(self.layer, register)(self.see)
            self.layer._register_load_state_dict_pre_hook(lambda *args: None)

        def see(self, module, args, *outputs):
            self.seen.append(args)

    watch = Watch()
    copied = copy.deepcopy(watch)
    copied.layer(ag.ones(1, 2))
    copied.load_state_dict(watch.state_dict())
    assert len(copied.seen) == 1 and not watch.seen


def test_state_hooks_change_what_is_saved_and_loaded():
    model, seen = net(), []

    def without_bias(module, state, prefix, _):
        del state[prefix + "bias"]

    model[0].register_state_dict_post_hook(without_bias)
    model.register_state_dict_pre_hook(lambda module, prefix, keep_vars: seen.append((prefix, keep_vars)))
    state = model.state_dict(prefix="net.")
    assert seen == [("net.", False)] and list(state) == ["net.0.weight", "net.2.weight", "net.2.bias"]

    def rename(given, prefix, *rest):
        for key in list(given):
            given[key.removeprefix("net.")] = given.pop(key) * 2

    other = net()
    before = other[0].bias.detach().numpy().copy()
    other._register_load_state_dict_pre_hook(rename)
    other.register_load_state_dict_post_hook(lambda module, keys: seen.append(list(keys.missing_keys)))
    other.load_state_dict(state, strict=False)
    assert seen[1:] == [["0.bias"]] and "net.0.weight" in state
    same(
        arrays(other.parameters()),
        [2 * model[0].weight.detach().numpy(), before, *arrays(map(twice, model[2].parameters()))],
    )


def test_a_hook_after_loading_may_say_that_a_missing_key_does_not_matter():
    model, state = net(), net().state_dict()
    del state["0.bias"]
    with pytest.raises(RuntimeError, match=r"Missing key\(s\) in state_dict: '0.bias'"):
        model.load_state_dict(state)
    model.register_load_state_dict_post_hook(lambda module, keys: keys.missing_keys.clear())
    assert model.load_state_dict(state) == ([], [])
    assert model[0].weight.equal(state["0.weight"])


class OlderLinear(nn.Linear):
    """A layer whose weight older files have under another name, transposed."""

    def _load_from_state_dict(self, state_dict, prefix, *args):
        if prefix + "matrix" in state_dict:
            state_dict[prefix + "weight"] = state_dict.pop(prefix + "matrix").T
        super()._load_from_state_dict(state_dict, prefix, *args)


def test_a_module_may_load_its_part_of_a_state_otherwise():
    model = nn.Sequential(nn.Linear(3, 2), OlderLinear(2, 4))
    new = net_of_sizes(3, 2, 4).state_dict()
    old = {**new, "1.matrix": new["1.weight"].T}
    del old["1.weight"]
    assert model.load_state_dict(old) == ([], [])
    assert all(model.state_dict()[key].equal(new[key]) for key in new) and "1.matrix" in old
    before = model[1].weight.detach().clone()
    with pytest.raises(RuntimeError, match="size mismatch for 0.bias"):
        model.load_state_dict({**old, "1.matrix": -before.T, "0.bias": ag.zeros(3)})
    assert model[1].weight.equal(before)


def test_a_program_may_load_module_by_module():
    model, state = net_of_sizes(3, 2, 4), net_of_sizes(3, 2, 4).state_dict()
    state = {f"body.{key}": value for key, value in state.items()} | {"body.0.scale": ag.ones(1)}
    del state["body.1.bias"]
    state["body.0.bias"] = ag.zeros(5)
    missing, unexpected, errors = [], [], []

    def load(module, prefix):
        module._load_from_state_dict(state, prefix, {}, True, missing, unexpected, errors)
        for name, child in module._modules.items():
            load(child, f"{prefix}{name}.")

    load(model, "body.")
    assert missing == ["body.1.bias"] and unexpected == ["body.0.scale"]
    assert len(errors) == 1 and errors[0].startswith("size mismatch for body.0.bias")
    assert model[0].weight.equal(state["body.0.weight"]) and model[1].weight.equal(state["body.1.weight"])


def net_of_sizes(*sizes):
    return nn.Sequential(*(nn.Linear(m, n) for m, n in zip(sizes, sizes[1:])))


def twice(tensor):
    return tensor * 2


def test_a_load_hook_may_be_given_the_module():
    layer, seen = nn.Linear(1, 1), []
    layer.register_load_state_dict_pre_hook(lambda module, *rest: seen.append((module, len(rest))))
    layer.load_state_dict(layer.state_dict())
    assert seen == [(layer, 7)]


def test_assigned_tensors_are_the_parameters():
    model = nn.Sequential(nn.Linear(2, 1), nn.BatchNorm1d(1))
    model[0].weight.requires_grad_(False)
    values = {**model.state_dict(), "0.weight": ag.ones(1, 2), "0.bias": nn.Parameter(ag.zeros(1))}
    values["1.running_mean"] = ag.full((1,), 3.0)
    model.load_state_dict(values, assign=True)
    assert model[0].bias is values["0.bias"] and model[1].running_mean is values["1.running_mean"]
    assert isinstance(model[0].weight, nn.Parameter) and not model[0].weight.requires_grad
    values["0.weight"][0, 0] = 5.0
    assert model[0].weight[0, 0].item() == 5.0


def test_the_registers_are_dicts_of_what_a_module_holds():
    model = nn.Sequential(nn.Linear(2, 3))
    model.register_buffer("mask", ag.ones(2))
    layer = model[0]
    assert [list(layer._parameters), list(model._buffers), list(model._modules)] == [
        ["weight", "bias"],
        ["mask"],
        ["0"],
    ]
    assert layer._parameters["weight"] is layer.weight and "stranger" not in layer._parameters
    assert nn.Linear(2, 3, bias=False)._parameters["bias"] is None
    del layer._parameters["bias"]
    layer._parameters["extra"] = nn.Parameter(ag.ones(1))
    assert not hasattr(layer, "bias") and [n for n, _ in layer.named_parameters()] == ["weight", "extra"]
    model._buffers["mask"] = ag.zeros(3)
    model._modules["1"] = nn.Tanh()
    assert list(model.state_dict()) == ["mask", "0.weight", "0.extra"] and model.mask.tolist() == [0.0, 0.0, 0.0]
    assert len(model._modules) == 2 and isinstance(list(model.children())[1], nn.Tanh)
    assert repr(model._buffers) == "{'mask': tensor([0., 0., 0.])}"
    assert list(reversed(model._modules)) == [name for name, _ in reversed(model._modules.items())] == ["1", "0"]
    assert list(reversed(model._modules.values())) == [model[1], model[0]]
    with pytest.raises(KeyError):
        layer._parameters["stranger"]


# Versions -----------------------------------------------------------------------------------------------------------


def test_a_state_tells_the_versions_of_the_modules_that_it_is_of(tmp_path):
    class Renamed(nn.Module):
        _version = 3

        def __init__(self):
            super().__init__()
            self.scale = nn.Parameter(ag.ones(2))
            self.seen = []

        def _load_from_state_dict(self, state_dict, prefix, local_metadata, *others):
            self.seen.append(local_metadata.get("version"))
            if local_metadata.get("version", 1) < 3 and prefix + "factor" in state_dict:
                state_dict[prefix + "scale"] = state_dict.pop(prefix + "factor")
            super()._load_from_state_dict(state_dict, prefix, local_metadata, *others)

    model = nn.Sequential(Renamed(), nn.BatchNorm1d(2))
    state = model.state_dict()
    assert state._metadata == {"": {"version": 1}, "0": {"version": 3}, "1": {"version": 2}}
    assert copy.deepcopy(state)._metadata == state._metadata and isinstance(state, collections.OrderedDict)
    ag.save(state, tmp_path / "state.pt")
    state = ag.load(tmp_path / "state.pt")
    model.load_state_dict(state)
    model.load_state_dict({"0.factor": ag.zeros(2), **dict(list(state.items())[1:])})
    assert model[0].seen == [3, None] and model[0].scale.tolist() == [0, 0]


@pytest.mark.parametrize("version", [None, 1, 2])
def test_batch_norm_takes_a_state_from_before_it_counted_batches(version):
    module = nn.BatchNorm1d(2)
    state = module.state_dict()
    del state["num_batches_tracked"], state._metadata[""]["version"]
    state["running_mean"] = ag.tensor([1.0, 2.0])
    if version is not None:
        state._metadata[""]["version"] = version
    if version == 2:
        with pytest.raises(RuntimeError, match=r"Missing key\(s\) in state_dict: 'num_batches_tracked'"):
            module.load_state_dict(state)
    else:
        module.load_state_dict(state)
        assert module.num_batches_tracked.item() == 0 and module.running_mean.tolist() == [1, 2]


def test_the_prefix_of_a_wrapper_is_taken_from_names_and_versions():
    model = nn.Module()
    model.module = nn.Linear(2, 2)
    state = model.state_dict()
    ag.nn.modules.utils.consume_prefix_in_state_dict_if_present(state, "module.")
    assert list(state) == ["weight", "bias"] and state._metadata == {"": {"version": 1}}
    nn.Linear(2, 2).load_state_dict(state)
