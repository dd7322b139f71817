"""Modules beside PyTorch's: hooks of every kind, what they see and change, the registers, loading."""

from importlib import import_module

import numpy as np
import pytest

import autograd
import nn

torch = pytest.importorskip("torch")
BOTH = [(autograd, nn), (torch, torch.nn)]


def plain(value):
    """Tensors as lists, by which both libraries can be compared."""
    if isinstance(value, (autograd.Tensor, torch.Tensor)):
        return np.round(np.array(value.detach().tolist()), 5).tolist()
    if isinstance(value, (tuple, list)):
        return [plain(item) for item in value]
    return {k: plain(v) for k, v in value.items()} if isinstance(value, dict) else value


def same(program):
    ours, theirs = (plain(program(m, layers)) for m, layers in BOTH)
    assert ours == theirs
    assert ours not in (None, [], {})


def net(m, layers):
    made = layers.Sequential(layers.Linear(2, 3), layers.Tanh(), layers.Linear(3, 1))
    for i, parameter in enumerate(made.parameters()):
        parameter.data = m.linspace(-1, 1 + i, parameter.numel()).reshape(parameter.shape)
    return made


def data(m, requires_grad=True):
    return m.tensor([[0.5, -1.0], [2.0, 0.25]], requires_grad=requires_grad)


@pytest.mark.parametrize("requires_grad", [True, False])
def test_backward_hooks_see_the_gradients_of_arguments_and_results(requires_grad):
    def program(m, layers):
        seen, model = [], net(m, layers)
        for child in model:
            child.register_full_backward_hook(lambda module, gin, gout: seen.append((gin, gout)))
            child.register_full_backward_pre_hook(lambda module, gout: seen.append(gout))
        x = data(m, requires_grad)
        model(x).sum().backward()
        return seen, x.grad, [p.grad for p in model.parameters()]

    same(program)


def test_backward_hooks_may_replace_gradients():
    def program(m, layers):
        model, x = net(m, layers), data(m)
        model[1].register_full_backward_hook(lambda module, gin, gout: (gin[0] * 2 + gout[0],))
        model[2].register_full_backward_pre_hook(lambda module, gout: (gout[0] * 3,))
        model(x).sum().backward()
        return x.grad, [p.grad for p in model.parameters()]

    same(program)


def test_forward_hooks_run_in_order_and_may_replace():
    def program(m, layers):
        model, seen = net(m, layers), []

        class Scaled(layers.Module):
            def forward(self, x, *, by=1.0):
                seen.append(by)
                return x * by

        scaled = Scaled()
        scaled.register_forward_pre_hook(lambda _, args, kwargs: (args, {"by": kwargs["by"] + 1}), with_kwargs=True)
        scaled.register_forward_hook(lambda _, args, kwargs, out: out + kwargs["by"], with_kwargs=True)
        scaled.register_forward_hook(lambda *_: seen.append("first"), prepend=True)
        handle = scaled.register_forward_hook(lambda *_: seen.append("removed"))
        handle.remove()
        return seen, scaled(model(data(m)), by=2.0)

    same(program)


def test_state_hooks_run():
    def program(m, layers):
        model, seen = net(m, layers), []

        def without_bias(module, state, prefix, _):
            del state[prefix + "bias"]

        model[0].register_state_dict_post_hook(without_bias)
        model.register_state_dict_pre_hook(lambda module, prefix, keep_vars: seen.append((prefix, keep_vars)))
        state = model.state_dict(prefix="net.")
        other = net(m, layers)

        def rename(module, given, prefix, *rest):
            for key in list(given):
                given[key.removeprefix("net.")] = given.pop(key) * 2

        other.register_load_state_dict_pre_hook(rename)
        other.register_load_state_dict_post_hook(lambda module, keys: seen.append(list(keys.missing_keys)))
        other.load_state_dict(state, strict=False)
        return seen, list(state), other.state_dict()

    same(program)


@pytest.mark.parametrize("through", ["load_state_dict", "each module"])
def test_a_module_may_load_its_part_of_a_state_otherwise(through):
    def program(m, layers):
        class Older(layers.Linear):
            def _load_from_state_dict(self, state_dict, prefix, *args, **kwargs):
                if prefix + "matrix" in state_dict:
                    state_dict[prefix + "weight"] = state_dict.pop(prefix + "matrix").T
                super()._load_from_state_dict(state_dict, prefix, *args, **kwargs)

        model = layers.Sequential(layers.Linear(2, 2), layers.Sequential(Older(2, 3), layers.BatchNorm1d(3)))
        state = {key: m.full_like(value, 7) for key, value in model.state_dict().items()}
        state["1.0.matrix"] = m.arange(6.0).view(2, 3)
        del state["1.0.weight"], state["1.1.running_mean"], state["0.bias"]
        state |= {"0.scale": m.ones(1), "1.0.a.b": m.ones(1), "strange.x": m.ones(1), "bare": m.ones(1)}
        if through == "load_state_dict":
            keys = model.load_state_dict(state, strict=False)
            return keys.missing_keys, keys.unexpected_keys, model[1].state_dict(), model[0].weight
        missing, unexpected, errors = [], [], []
        for name, module in model.named_modules():
            prefix = f"{name}." if name else ""
            module._load_from_state_dict(state, prefix, {}, True, missing, unexpected, errors)
        return missing, unexpected, errors, model[1].state_dict(), model[0].weight

    same(program)


def test_pruning_leaves_what_torch_leaves():
    def program(m, layers):
        prune, model, seen = import_module(f"{m.__name__}.nn.utils.prune"), net(m, layers), []
        prune.l1_unstructured(model[0], name="bias", amount=1)
        prune.ln_structured(model[0], "weight", amount=0.34, n=2, dim=0)
        prune.l1_unstructured(model[0], "weight", amount=0.5)
        prune.random_unstructured(model[2], "weight", amount=3)
        seen.append((list(model.state_dict()), [name for name, _ in model.named_parameters()]))
        seen.append((model.state_dict(), model(data(m)), len(list(list(model[0]._forward_pre_hooks.values())[-1]))))
        pairs = ((model[0], "weight"), (model[2], "bias"))
        prune.global_unstructured(pairs, prune.L1Unstructured, {pairs[1]: m.ones(1)}, amount=0.5)
        prune.remove(model[0], "weight")
        model(data(m)).sum().backward()
        seen.append((model.state_dict(), [(name, p.grad) for name, p in model.named_parameters()]))
        return seen, prune.is_pruned(model[0]), prune.is_pruned(prune.remove(model[2], "weight"))

    same(program)


def test_hooks_of_optimisers_run_when_torchs_do():
    def program(m, layers):
        model, seen = net(m, layers), []
        optimizer = m.optim.SGD(model.parameters(), lr=0.5)
        optimizer.register_step_post_hook(lambda o, args, kwargs: seen.append((o is args[0], args, kwargs)))
        optimizer.register_step_pre_hook(lambda o, args, kwargs: seen.append(model[2].bias.detach().clone()))
        optimizer.register_step_pre_hook(lambda o, args, kwargs: (args, {"closure": lambda: model(data(m)).sum()}))
        model(data(m)).sum().backward()
        return optimizer.step(), [(item[0], len(item[2])) if isinstance(item, tuple) else item for item in seen]

    same(program)


def test_a_batch_norm_may_take_other_shapes():
    def program(m, layers):
        class Both(layers.BatchNorm2d):
            def _check_input_dim(self, input):
                if input.dim() != 3:
                    super()._check_input_dim(input)

        with pytest.raises(ValueError, match="got 2D input"):
            Both(2)(m.ones(2, 2))
        return [Both(2)(m.arange(16.0).view(shape)) for shape in [(2, 2, 4), (2, 2, 2, 2)]]

    same(program)


def test_assigned_tensors_are_the_parameters():
    for m, layers in BOTH:
        model, values = layers.Linear(2, 1), {"weight": m.ones(1, 2), "bias": layers.Parameter(m.zeros(1))}
        model.load_state_dict(values, assign=True)
        assert model.bias is values["bias"] and model.weight.requires_grad
        values["weight"][0, 0] = 5.0
        assert model.weight[0, 0].item() == 5.0


def test_the_registers_are_dicts_of_what_a_module_holds():
    def program(m, layers):
        model = layers.Sequential(layers.Linear(2, 3))
        model.register_buffer("mask", m.ones(2))
        first = model[0]
        found = [list(first._parameters), list(model._buffers), list(model._modules)]
        found += [layers.Linear(2, 3, bias=False)._parameters["bias"], "stranger" in first._parameters]
        del first._parameters["bias"]
        first._parameters["extra"] = layers.Parameter(m.ones(1))
        first.bias = m.zeros(3)
        model._buffers["late"] = m.zeros(1)
        model.kept = layers.Buffer(m.ones(1), persistent=False)
        model.saved = layers.Buffer(m.ones(1))
        found += [len(first._parameters), "bias" in first._parameters, list(model.state_dict())]
        found += [[name for name, _ in model.named_buffers()], [name for name, _ in model.named_parameters()]]
        return found

    same(program)


def test_containers_have_the_methods_of_lists_and_dicts():
    def program(m, layers):
        many = layers.ModuleList([layers.ReLU()]) + layers.ModuleList([layers.Tanh()])
        many += [layers.Sigmoid()]
        many.insert(1, layers.ELU())
        named = layers.ModuleDict({"a": layers.Linear(1, 2)})
        named.update([("b", layers.ReLU())])
        params = layers.ParameterDict({"w": m.ones(2, 3)})
        params["v"] = layers.Parameter(m.ones(1))
        shown = [repr(many), repr(named), repr(layers.Sequential(layers.Identity(3, a=2), layers.ModuleList()))]
        shown += [list(named.keys()), [n for n, _ in params.named_parameters()], "w" in params, params.get("z")]
        named.pop("b")
        params.clear()
        return [*shown, len(named), len(params)]

    same(program)
