import numpy as np
import pytest

import autograd as ag
import nn


def linears(n):
    return [nn.Linear(2, 2) for _ in range(n)]


def test_sequential_applies_in_order():
    class Add(nn.Module):
        def forward(self, x):
            return x + 1

    class Double(nn.Module):
        def forward(self, x):
            return x * 2

    assert nn.Sequential(Add(), Double())(3) == 8
    assert nn.Sequential({"twice": Double(), "plus": Add()})(3) == 7
    assert nn.Sequential()(3) == 3


def test_sequential_is_a_list_with_names():
    a, b, c = linears(3)
    net = nn.Sequential({"a": a, "b": b, "c": c})
    assert len(net) == 3 and net[0] is a and net[-1] is c and list(net) == [a, b, c] and net.b is b
    assert list(net[1:].state_dict()) == ["b.weight", "b.bias", "c.weight", "c.bias"]
    del net[1]
    assert list(net) == [a, c] and net[1] is c
    net.append(b)
    assert list(net) == [a, c, b]
    net[0] = b
    assert net.a is b


def test_deleting_and_inserting_numbers_the_rest_anew():
    a, b, c = linears(3)
    net = nn.Sequential(a, b)
    net.insert(1, c)
    assert list(net) == [a, c, b]
    del net[0]
    assert [name for name, _ in net.named_children()] == ["0", "1"] and list(net) == [c, b]
    assert net.pop() is b and list(net) == [c]


def test_module_list_behaves_as_a_list():
    a, b, c = linears(3)
    layers = nn.ModuleList([a])
    layers.append(b)
    layers.extend([c])
    assert list(layers) == [a, b, c] and layers[-1] is c and len(layers) == 3 and b in layers
    assert isinstance(layers[:2], nn.ModuleList) and list(layers[:2]) == [a, b]
    layers[0] = c
    assert layers[0] is c
    assert list(nn.ModuleList(linears(11)).state_dict())[-1] == "10.bias"
    with pytest.raises(IndexError, match="index 3 is out of range for a ModuleList of 3"):
        layers[3]
    with pytest.raises(TypeError, match=r"Sequential holds Modules, got list: unpack it with \*"):
        nn.Sequential([nn.Linear(2, 2)])
    with pytest.raises(TypeError, match="ModuleList holds Modules, got int"):
        layers.append(3)


def test_repr_joins_equal_neighbours():
    text = repr(nn.ModuleList([nn.Linear(2, 2), nn.Linear(2, 2), nn.ReLU()]))
    assert "(0-1): 2 x Linear(in_features=2" in text and "(2): ReLU()" in text


def test_module_dict_behaves_as_a_dict():
    a, b, c = linears(3)
    layers = nn.ModuleDict({"a": a, "b": b})
    layers["c"] = c
    layers.update([("a", b)])
    assert layers["a"] is b and "c" in layers and len(layers) == 3 and list(layers) == ["a", "b", "c"]
    assert list(layers.keys()) == ["a", "b", "c"] and list(layers.values()) == [b, b, c]
    assert list(layers.items())[2] == ("c", c) and layers.c is c
    assert layers.pop("b") is b and "b" not in layers
    del layers["a"]
    assert list(layers.state_dict()) == ["c.weight", "c.bias"]
    with pytest.raises(KeyError, match="not in the ModuleDict"):
        layers["nobody"]
    with pytest.raises(KeyError):
        layers["keys"] = a


def test_a_container_may_have_an_update_or_extend_of_its_own():
    class Metrics(nn.ModuleDict):
        def __init__(self, kinds):
            super().__init__()
            self.ready = True
            self["mean"] = kinds

        def update(self, value):
            assert self.ready

    class Layers(nn.ModuleList):
        def extend(self, modules):
            raise AssertionError("there are none yet")

    assert list(Metrics(nn.Linear(1, 1))) == ["mean"] and len(Layers()) == len(nn.ParameterDict()) == 0


def test_parameter_list_makes_parameters():
    params = nn.ParameterList([ag.ones(2), nn.Parameter(ag.zeros(3))])
    assert [tuple(p.shape) for p in params] == [(2,), (3,)] and all(isinstance(p, nn.Parameter) for p in params)
    assert [name for name, _ in params.named_parameters()] == ["0", "1"]
    params[0] = ag.zeros(4)
    assert params[0].shape == (4,)
    assert "(0): Parameter containing: [float32 of size 4]" in repr(params)


def test_flatten_and_unflatten_undo_each_other():
    x = ag.arange(24).reshape(2, 3, 4)
    flat = nn.Flatten()(x)
    assert flat.shape == (2, 12)
    np.testing.assert_array_equal(nn.Unflatten(1, (3, 4))(flat).numpy(), x.numpy())
    assert nn.Unflatten(-1, (3, 4))(flat).shape == (2, 3, 4)
    assert nn.Flatten(0, 1)(x).shape == (6, 4)


def test_identity_takes_anything_and_gives_its_input_back():
    x = ag.ones(2)
    assert nn.Identity(54, unused=3)(x) is x


def test_none_stands_for_a_layer_that_is_left_out():
    layers = nn.ModuleList([None, nn.Linear(2, 3)])
    layers.insert(1, None)
    assert layers.append(None)[0] is layers[1] is layers[3] is None
    assert list(layers.state_dict()) == ["2.weight", "2.bias"] and list(layers.children()) == [layers[2]]
    assert len(layers) == 4 and "(0-1): 2 x None" in repr(layers)
