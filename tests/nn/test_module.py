import copy
import pickle

import numpy as np
import pytest

import autograd as ag
import nn
from autograd.tracing import trace


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(2, 3)
        self.scale = nn.Parameter(ag.ones(3))
        self.register_buffer("mask", ag.zeros(3))
        self.register_buffer("scratch", ag.zeros(1), persistent=False)
        self.second = nn.Linear(3, 1, bias=False)
        self.note = {"anything": [1, 2]}

    def forward(self, x):
        return self.second(self.first(x) * self.scale)


class Tied(nn.Module):
    def __init__(self):
        super().__init__()
        self.wte = nn.Embedding(5, 4)
        self.lm_head = nn.Linear(4, 5, bias=False)
        self.lm_head.weight = self.wte.weight

    def forward(self, i):
        return self.lm_head(self.wte(i))


def names(pairs):
    return [name for name, _ in pairs]


def test_parameters_come_own_first_then_children_in_the_order_of_assignment():
    assert names(Net().named_parameters()) == ["scale", "first.weight", "first.bias", "second.weight"]


def test_what_takes_the_name_of_a_plain_attribute_comes_last_and_what_was_none_keeps_its_place():
    net = nn.Module()
    net.blocks, net.scale = [nn.Linear(1, 1)], None
    net.register_parameter("shift", None)
    net.gain, net.last = nn.Parameter(ag.ones(1)), nn.Linear(1, 1)
    net.blocks, net.scale, net.shift = nn.ModuleList(net.blocks), *(nn.Parameter(ag.ones(1)) for _ in range(2))
    assert names(net.named_children()) == ["last", "blocks"]
    assert names(net.named_parameters(recurse=False)) == ["shift", "gain", "scale"]
    net.last = None
    net.gain = None
    net.last, net.gain = nn.Linear(1, 1), nn.Parameter(ag.ones(1))
    assert names(net.named_children()) == ["last", "blocks"]
    assert names(net.named_parameters(recurse=False)) == ["shift", "gain", "scale"]


def test_modules_come_parents_first_and_children_in_order():
    net = Net()
    assert names(net.named_modules()) == ["", "first", "second"]
    assert list(net.modules()) == [net, net.first, net.second]
    assert names(net.named_children()) == ["first", "second"]
    assert list(net.children()) == [net.first, net.second]


def test_recurse_false_gives_only_own_parameters():
    assert names(Net().named_parameters(recurse=False)) == ["scale"]


def test_a_prefix_goes_before_every_name():
    assert names(Net().named_parameters(prefix="net"))[:2] == ["net.scale", "net.first.weight"]


def test_a_shared_child_is_walked_once():
    net = nn.Sequential(layer := nn.Linear(2, 2), nn.ReLU(), layer)
    assert names(net.named_parameters()) == ["0.weight", "0.bias"]
    assert len(list(net.modules())) == 3
    assert len(list(net.children())) == 2
    assert list(net.state_dict()) == ["0.weight", "0.bias", "2.weight", "2.bias"]


def test_buffers_are_found_and_only_persistent_ones_saved():
    net = Net()
    assert names(net.named_buffers()) == ["mask", "scratch"]
    assert "mask" in net.state_dict() and "scratch" not in net.state_dict()
    assert len(list(net.buffers())) == 2


def test_buffers_may_be_reassigned_and_written_in_place():
    net = Net()
    net.mask = ag.ones(3)
    net.mask[0] = 5.0
    assert net.state_dict()["mask"].tolist() == [5.0, 1.0, 1.0]
    with pytest.raises(TypeError, match="buffer 'mask'"):
        net.mask = 3.0
    net.mask = None
    assert "mask" not in net.state_dict()


def test_programs_may_keep_a_list_of_what_is_persistent_themselves():
    class Metric(nn.Module):
        def __init__(self):
            super().__init__()
            self._persistent = {"seen": True}
            self.seen = ag.ones(2)
            self.register_buffer("count", ag.ones(1))

    metric = Metric()
    metric.seen = []
    assert list(metric.state_dict()) == ["count"] and metric._persistent == {"seen": True} and metric.seen == []


def test_a_deleted_buffer_is_gone():
    net = Net()
    del net.mask
    assert names(net.named_buffers()) == ["scratch"]


def test_a_plain_tensor_over_a_parameter_is_a_type_error():
    net = Net()
    with pytest.raises(TypeError, match="cannot assign 'Tensor' as parameter 'scale'"):
        net.scale = ag.ones(3)


def test_anything_but_a_module_over_a_child_is_a_type_error():
    net = Net()
    with pytest.raises(TypeError, match="child module 'first'"):
        net.first = 3
    net.first = nn.Identity()
    assert "first.weight" not in net.state_dict()


def test_a_parameter_may_be_replaced_or_set_to_none():
    net = Net()
    net.scale = nn.Parameter(ag.zeros(3))
    assert net.state_dict()["scale"].tolist() == [0.0, 0.0, 0.0]
    net.scale = None
    assert "scale" not in net.state_dict()


def test_assigning_before_init_says_to_call_super_init():
    class Forgot(nn.Module):
        def __init__(self):
            self.layer = nn.Linear(1, 1)

    with pytest.raises(AttributeError, match=r"super\(\).__init__\(\)"):
        Forgot()


def test_calling_a_module_without_init_says_so():
    class Forgot(nn.Module):
        def __init__(self):
            self.n = 3

        def forward(self, x):
            return x

    with pytest.raises(AttributeError, match="did not call"):
        Forgot()(1)


def test_a_missing_attribute_is_named():
    with pytest.raises(AttributeError, match="'Net' object has no attribute 'third'"):
        Net().third  # noqa: B018


def test_a_parameter_that_is_registered_as_a_buffer_is_one_and_gives_way_to_a_tensor():
    layer = nn.Linear(2, 3)
    weight = layer.weight
    del layer._parameters["weight"]
    layer.register_parameter("weight_orig", weight)
    layer.register_buffer("weight", weight)
    assert [*dict(layer.named_parameters())] == ["bias", "weight_orig"] and [*dict(layer.named_buffers())] == ["weight"]
    layer.weight = weight * 2
    layer(ag.ones(2)).sum().backward()
    assert weight.grad.tolist() == [[2, 2]] * 3 and layer.weight is dict(layer.named_buffers())["weight"]
    layer.weight = nn.Parameter(ag.zeros(3, 2))
    assert "weight" in dict(layer.named_parameters()) and not dict(layer.named_buffers())


def test_a_child_with_the_name_of_a_method_does_not_hide_the_method():
    class Shadowed(nn.Module):
        def __init__(self):
            super().__init__()
            self.first = nn.Linear(1, 1)
            self.parameters = [ag.ones(2)]
            self.parameters = nn.ParameterList(self.parameters)

        def forward(self, x):
            return x

    net = copy.deepcopy(Shadowed())
    assert [p.tolist() for p in net.parameters()][2:] == [[1, 1]] and [*net.state_dict()][2:] == ["parameters.0"]
    assert [*net._modules] == ["first", "parameters"]


def test_a_parameter_with_the_name_of_a_property_does_not_hide_the_property():
    class Ball(nn.Module):
        def __init__(self):
            super().__init__()
            self.k = nn.Parameter(ag.ones(2))

        @property
        def k(self):
            return -self.c

    ball = Ball()
    assert names(ball.named_parameters()) == [*ball.state_dict()] == ["k"]
    ball.c = 2 * ball._parameters.pop("k")
    assert ball.k.tolist() == [-2, -2] and not ball.state_dict()


def test_what_a_module_keeps_for_itself_has_names_that_programs_do_not_use():
    class RSSM(nn.Module):
        def __init__(self):
            super().__init__()
            self._hidden = self._tensors = 200
            self.cell = nn.Linear(2, 2)

    net = copy.deepcopy(RSSM())
    assert names(net.named_parameters()) == [*net.state_dict()] == ["cell.weight", "cell.bias"]
    assert net._hidden == net._tensors == 200


def test_a_module_that_was_pickled_with_plain_attributes_is_read():
    net = Net()
    older = {**{k: v for k, v in vars(net).items() if k[0] != "_"}, **net._parameters, **net._modules, **net._buffers}
    older["_buffer_persistence"] = {name: name not in net._non_persistent_buffers_set for name in net._buffers}
    found = Net.__new__(Net)
    found.__setstate__(older)
    assert vars(found).keys() == vars(net).keys() and found.scale is net.scale
    assert [list(found._parameters), list(found._modules)] == [list(net._parameters), list(net._modules)]
    assert list(found.state_dict()) == list(net.state_dict()) and found._buffers == net._buffers != {}


def test_a_copy_of_a_module_may_have_a_step_from_its_parameters_in_their_place():
    net = Net()
    step = Net.__new__(Net)
    step.__dict__ = net.__dict__.copy()
    step._parameters, step._buffers, step._modules = step._parameters.copy(), step._buffers.copy(), net._modules.copy()
    step._parameters["scale"] = net.scale * 2
    step._modules["first"] = nn.Linear(2, 3)
    assert [*dict(step.named_parameters())] == [*dict(net.named_parameters())] and "scratch" not in step.state_dict()
    assert dict(step.named_parameters())["scale"] is step.scale and net.first is not step.first
    (gradient,) = ag.grad(step.scale.sum(), net.scale)
    assert gradient.tolist() == [2, 2, 2]


def test_a_module_may_convert_more_than_its_parameters_and_buffers():
    class Grid(nn.Linear):
        def _apply(self, fn, recurse=True):
            super()._apply(fn, recurse)
            self.grid = fn(ag.ones(2))
            return self

    net = nn.Sequential(Grid(2, 2)).double()
    assert net[0].grid.dtype == net[0].weight.dtype == ag.float64


def test_a_subclass_walks_over_members_of_its_own_choice():
    net = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 1, bias=False))
    biases = net._named_members(lambda module: ((k, v) for k, v in module._parameters.items() if k == "bias"))
    assert [name for name, _ in biases] == ["0.bias"]


def test_an_attribute_is_found_by_a_call_of_getattr_too():
    net = nn.Linear(2, 3)
    assert net.__getattr__("weight") is net.weight


def test_a_module_without_forward_says_so():
    with pytest.raises(NotImplementedError, match="forward"):
        nn.Module()(1)


def test_register_parameter_and_buffer_refuse_what_does_not_fit():
    net = Net()
    with pytest.raises(KeyError, match="already exists"):
        net.register_buffer("note", ag.zeros(1))
    with pytest.raises(KeyError, match="no dot"):
        net.register_buffer("a.b", ag.zeros(1))
    with pytest.raises(KeyError, match="already exists"):
        net.register_parameter("forward", nn.Parameter(ag.zeros(1)))
    with pytest.raises(TypeError, match="must be a Tensor"):
        net.register_buffer("fresh", 3)
    with pytest.raises(TypeError, match="must be a Parameter"):
        net.register_parameter("fresh", ag.zeros(1))
    with pytest.raises(TypeError, match="child module 'fresh' must be a Module or None, got int"):
        net.add_module("fresh", 3)
    net.register_parameter("empty", None)
    assert net.empty is None


def test_tied_parameters_appear_once_in_parameters_and_under_both_keys_in_the_state():
    net = Tied()
    assert names(net.named_parameters()) == ["wte.weight"]
    assert names(net.named_parameters(remove_duplicate=False)) == ["wte.weight", "lm_head.weight"]
    assert list(net.state_dict()) == ["wte.weight", "lm_head.weight"]


def test_tied_parameters_get_both_gradients():
    net = Tied()
    net(ag.tensor([1, 2])).sum().backward()
    rows = net.wte.weight.detach().numpy()
    expected = np.tile(rows[1] + rows[2], (5, 1))  # from the head
    expected[[1, 2]] += rows.sum(0)  # from the table
    np.testing.assert_allclose(net.wte.weight.grad.numpy(), expected, rtol=1e-5, atol=1e-6)


def test_names_that_are_numbers_are_not_offered():
    names = dir(nn.Sequential(nn.Tanh()))
    assert "0" not in names and "training" in names


def test_only_truth_values_are_modes():
    for module in (nn.Tanh(), nn.Sequential(nn.Tanh())):
        with pytest.raises(ValueError, match="takes True or False, got str"):
            module.train("cuda")


def test_writing_into_the_state_dict_writes_into_the_module():
    net = Net()
    net.state_dict()["scale"].copy_(ag.tensor([7.0, 8.0, 9.0]))
    assert net.scale.tolist() == [7.0, 8.0, 9.0]


def test_state_dict_values_need_no_grad_unless_kept_as_variables():
    net = Net()
    assert not net.state_dict()["scale"].requires_grad
    assert net.state_dict(keep_vars=True)["scale"] is net.scale
    assert list(net.state_dict(prefix="net."))[0] == "net.scale"


def test_load_state_dict_restores_every_value():
    a, b = Net(), Net()
    result = b.load_state_dict(a.state_dict())
    assert result == ([], [])
    for key, value in a.state_dict().items():
        np.testing.assert_array_equal(value.numpy(), b.state_dict()[key].numpy())
    assert b.scale.requires_grad and b.scale.array is not a.scale.array


def test_load_state_dict_lists_everything_that_does_not_fit_and_changes_nothing():
    net = Net()
    state = net.state_dict()
    before = net.scale.tolist()
    wrong = {
        "scale": ag.full((3,), 4.0),
        "first.weight": ag.zeros(9, 9),
        "stranger": ag.zeros(1),
        "mask": state["mask"],
    }
    with pytest.raises(RuntimeError) as caught:
        net.load_state_dict(wrong)
    message = str(caught.value)
    assert "Net" in message
    assert "Missing key(s) in state_dict: 'first.bias', 'second.weight'" in message
    assert "Unexpected key(s) in state_dict: 'stranger'" in message
    assert "size mismatch for first.weight: state_dict has (9, 9), the module (3, 2)" in message
    assert net.scale.tolist() == before


def test_load_state_dict_not_strict_returns_what_it_passed_over():
    net = Net()
    result = net.load_state_dict({"scale": np.array([1.0, 2.0, 3.0]), "stranger": ag.zeros(1)}, strict=False)
    assert result.missing_keys == ["mask", "first.weight", "first.bias", "second.weight"]
    assert result.unexpected_keys == ["stranger"]
    missing = "['mask', 'first.weight', 'first.bias', 'second.weight']"
    assert repr(result) == f"_IncompatibleKeys(missing_keys={missing}, unexpected_keys=['stranger'])"
    assert repr(net.load_state_dict(net.state_dict())) == "<All keys matched successfully>"
    assert net.scale.tolist() == [1.0, 2.0, 3.0]
    with pytest.raises(RuntimeError, match="size mismatch"):
        net.load_state_dict({"scale": ag.zeros(4)}, strict=False)


def test_train_and_eval_reach_every_module():
    net = nn.Sequential(nn.Linear(1, 1), nn.Sequential(nn.Dropout()))
    assert net.eval() is net and not any(m.training for m in net.modules())
    assert net.train() is net and all(m.training for m in net.modules())


def test_apply_runs_children_first():
    net, seen = Net(), []
    assert net.apply(seen.append) is net
    assert seen == [net.first, net.second, net]


def test_apply_can_initialise():
    def init(module):
        if isinstance(module, nn.Linear):
            nn.init.normal_(module.weight, mean=0.0, std=0.02)
            if module.bias is not None:
                nn.init.zeros_(module.bias)

    net = Net().apply(init)
    assert np.abs(net.first.weight.detach().numpy()).max() < 0.2
    assert net.first.bias.tolist() == [0.0, 0.0, 0.0]


def test_to_casts_parameters_buffers_and_gradients_but_not_integers():
    net = Net()
    net.register_buffer("steps", ag.tensor([1, 2]))
    weight = net.first.weight
    net(ag.ones(1, 2)).sum().backward()
    assert net.double() is net
    assert net.first.weight is weight and weight.requires_grad
    assert weight.dtype == ag.float64 and weight.grad.dtype == ag.float64
    assert net.mask.dtype == ag.float64 and net.steps.dtype == ag.long
    assert net(ag.ones(1, 2, dtype=ag.float64)).dtype == ag.float64
    net.zero_grad()
    net(ag.ones(1, 2, dtype=ag.float64)).sum().backward()
    assert weight.grad.dtype == ag.float64
    assert net.float().scale.dtype == ag.float32
    assert net.half().scale.dtype == ag.float16
    assert net.to("cpu") is net and net.to(dtype=ag.float32).scale.dtype == ag.float32


def test_to_makes_a_module_complex_that_then_trains_as_in_pytorch():
    net = Net().to(ag.complex64)
    assert net.first.weight.dtype == ag.complex64 and net.mask.dtype == ag.complex64
    net(ag.ones(1, 2) * 1j).abs().sum().backward()
    assert net.first.weight.grad.dtype == ag.complex64


def test_to_an_integer_dtype_or_another_device_is_an_error():
    with pytest.raises(TypeError, match="floating"):
        Net().to(ag.long)
    with pytest.raises((RuntimeError, ValueError), match="cuda"):
        Net().to("cuda")


def test_zero_grad_forgets_or_fills():
    net = Net()
    net(ag.ones(1, 2)).sum().backward()
    net.zero_grad(set_to_none=False)
    assert net.scale.grad.tolist() == [0.0, 0.0, 0.0]
    net.zero_grad()
    assert all(p.grad is None for p in net.parameters())


def test_requires_grad_freezes_and_thaws():
    net = Net().requires_grad_(False)
    assert not any(p.requires_grad for p in net.parameters())
    assert not net(ag.ones(1, 2)).requires_grad
    assert all(p.requires_grad for p in net.requires_grad_().parameters())


def test_get_by_path():
    net = nn.Sequential(Net(), nn.ReLU())
    assert net.get_submodule("0.first") is net[0].first
    assert net.get_submodule("") is net
    assert net.get_parameter("0.first.bias") is net[0].first.bias
    with pytest.raises(AttributeError, match="no submodule 'third'"):
        net.get_submodule("0.third")
    with pytest.raises(AttributeError, match="no parameter '0.mask_'"):
        net.get_parameter("0.mask_")


def test_repr_shows_the_tree():
    net = nn.Sequential(nn.Linear(784, 30), nn.ReLU(), nn.Linear(30, 1))
    assert repr(net) == (
        "Sequential(\n"
        "  (0): Linear(in_features=784, out_features=30, bias=True)\n"
        "  (1): ReLU()\n"
        "  (2): Linear(in_features=30, out_features=1, bias=True)\n"
        ")"
    )


def test_deepcopy_is_independent_and_keeps_ties():
    net = Tied()
    twin = copy.deepcopy(net)
    assert twin.lm_head.weight is twin.wte.weight and isinstance(twin.wte.weight, nn.Parameter)
    with ag.no_grad():
        twin.wte.weight.zero_()
    assert np.abs(net.wte.weight.detach().numpy()).sum() > 0
    twin(ag.tensor([1])).sum().backward()
    assert net.wte.weight.grad is None and twin.wte.weight.grad is not None


class Extended(nn.Linear):
    def __setstate__(self, state):
        super().__setstate__(state)
        self.scale = state.get("scale", 2.0)


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda module: pickle.loads(pickle.dumps(module))])
def test_a_subclass_adds_to_the_state_that_it_is_copied_with(copied):
    module = Extended(3, 2)
    twin = copied(module)
    assert twin.scale == 2.0
    np.testing.assert_array_equal(twin.weight.detach().numpy(), module.weight.detach().numpy())


def test_pickle_brings_back_values_ties_and_types():
    net = Tied().eval()
    twin = pickle.loads(pickle.dumps(net))
    assert twin.lm_head.weight is twin.wte.weight and isinstance(twin.wte.weight, nn.Parameter)
    assert twin.wte.weight.requires_grad and not twin.training
    np.testing.assert_array_equal(twin.wte.weight.detach().numpy(), net.wte.weight.detach().numpy())


def test_a_forward_hook_sees_and_may_replace_the_output():
    net, seen = nn.Linear(2, 1), []
    handle = net.register_forward_hook(lambda module, args, out: seen.append((module, args)))
    x = ag.ones(1, 2)
    plain = net(x)
    assert seen == [(net, (x,))]
    replaced = net.register_forward_hook(lambda module, args, out: out * 2)
    np.testing.assert_allclose(net(x).detach().numpy(), 2 * plain.detach().numpy())
    handle.remove()
    replaced.remove()
    replaced.remove()
    net(x)
    assert len(seen) == 2


def test_a_forward_pre_hook_may_replace_the_arguments():
    net = nn.Identity()
    net.register_forward_pre_hook(lambda module, args: args[0] + 1)
    assert net(1) == 2


def test_a_parameter_is_a_leaf_that_requires_grad_and_shares_memory():
    array = np.zeros(3, dtype=np.float32)
    p = nn.Parameter(ag.from_numpy(array))
    array[0] = 1.0
    assert p.is_leaf and p.requires_grad and isinstance(p, ag.Tensor) and p.tolist() == [1.0, 0.0, 0.0]
    assert not nn.Parameter(ag.zeros(1), requires_grad=False).requires_grad
    assert repr(p).startswith("Parameter containing:\ntensor(")


def test_a_parameter_of_a_tensor_with_a_history_starts_anew():
    source = ag.ones(2, requires_grad=True)
    p = nn.Parameter(source * 2)
    assert p.is_leaf
    p.sum().backward()
    assert source.grad is None and p.grad.tolist() == [1.0, 1.0]


def test_arithmetic_on_a_parameter_gives_a_plain_tensor():
    assert not isinstance(nn.Parameter(ag.ones(2)) * 2, nn.Parameter)


def test_a_trace_is_told_which_module_is_at_work():
    net = nn.Sequential(nn.Linear(2, 2), nn.Sequential(nn.ReLU()))
    with trace() as seen:
        net(ag.ones(1, 2)).sum().backward()
        with pytest.raises(RuntimeError):
            net(ag.ones(1, 3))
        net[0](ag.ones(1, 2))
    assert [node.record.module for node in seen.nodes] == ["Sequential.0", "Sequential.1.0", "", "Linear"]


def test_a_module_made_on_the_meta_device_has_memory_for_its_weights():
    with ag.device("meta"):
        layer = nn.Linear(2, 3)
    assert layer.to_empty(device="cpu") is layer
    nn.init.ones_(layer.weight)
    assert layer.weight.tolist() == [[1, 1]] * 3
    assert layer.to("meta") is layer and layer(ag.ones(2, device="meta")).device == ag.device("cpu")
    with pytest.raises(RuntimeError, match="no device 'cuda'"):
        layer.to_empty(device="cuda")


def test_a_parameter_s_subclass_may_make_its_objects_in_new():
    class Curved(nn.Parameter):
        def __new__(cls, data, manifold=None, requires_grad=True):
            made = ag.Tensor._make_subclass(cls, data, requires_grad)
            made.manifold = manifold
            return made

    class Named(ag.Tensor):
        def __new__(cls, data, name):
            return ag.Tensor._make_subclass(cls, data)

        def __init__(self, data, name):
            self.label = name

    data = ag.ones(2)
    point = Curved(data, manifold="sphere")
    (point * point).sum().backward()
    data[0] = 3
    assert (type(point), point.manifold, point.tolist()) == (Curved, "sphere", [3, 1]) and point.grad.tolist() == [2, 2]
    assert Named(data, "x").label == "x" and not Named(data, "x").requires_grad


def test_a_tensor_as_a_subclass_has_its_memory_and_its_history():
    class Mask(ag.Tensor):
        pass

    x = ag.tensor([1.0, 2.0], requires_grad=True)
    mask = (3 * x).as_subclass(Mask)
    assert type(mask) is Mask and type(mask * 2) is ag.Tensor
    mask.sum().backward()
    assert x.grad.tolist() == [3, 3]
    data = ag.zeros(2)
    data.as_subclass(Mask)[0] = 5
    assert data.tolist() == [5, 0]


class Knows(nn.Module):
    """Knows a module that is none of its parts, as wrappers do: one that would hold it, too."""

    def __init__(self, other):
        super().__init__()
        self.scale = nn.Parameter(ag.ones(2))
        object.__setattr__(self, "other", other)
        self.__dict__["seen"] = nn.Parameter(ag.zeros(3))


def test_what_a_program_puts_past_setattr_is_no_part_of_the_module():
    whole = nn.Linear(2, 2)
    whole.part = Knows(whole)
    assert [name for name, _ in whole.named_parameters()] == ["weight", "bias", "part.scale"]
    assert list(whole.part.state_dict()) == ["scale"] and not list(whole.part.children())
    assert whole.eval().part.other is whole and not whole.part.training
    copied = copy.deepcopy(whole)
    assert copied.part.other is copied and list(copied.state_dict()) == ["weight", "bias", "part.scale"]
    whole.part._parameters["more"] = nn.Parameter(ag.zeros(1))
    whole.part.other = nn.Linear(2, 3)
    assert list(whole.part.state_dict()) == ["scale", "more", "other.weight", "other.bias"]
