"""`serialization.safe_globals`: whole modules are read where their classes were called safe."""

import io
import pickle

import pytest

import autograd as torch
import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer, self.act = nn.Linear(2, 3), nn.functional.relu

    def forward(self, x):
        return self.act(self.layer(x))


class Other:
    pass


def test_the_memory_of_a_tensor_stays_where_it_is():
    move = torch.serialization.default_restore_location
    x = torch.load(written(torch.ones(2)), map_location=lambda storage, _: move(storage, "cpu"))
    assert move(x, "cpu") is x
    with pytest.raises(RuntimeError, match="there is no device 'cuda:0' here"):
        move(x, "cuda:0")


def written(value):
    file = io.BytesIO()
    torch.save(value, file)
    file.seek(0)
    return file


def test_a_module_is_read_where_all_its_classes_are_safe():
    net, x = Net(), torch.randn(4, 2)
    with torch.serialization.safe_globals([Net, nn.Linear, nn.functional.relu]):
        read = torch.load(written(net))
        with pytest.raises(pickle.UnpicklingError, match="Other"):
            torch.load(written(Other()))
    assert type(read) is Net and read(x).equal(net(x)) and read.layer.weight is not net.layer.weight
    read(x).sum().backward()
    assert read.layer.weight.grad is not None and torch.serialization.get_safe_globals() == []


class Counter:
    def __init__(self):
        self.count = 3

    def __getstate__(self):
        return {"state": self.count}

    def __setstate__(self, state):
        self.count = state["state"] + 1


def test_an_object_takes_its_state_by_its_own_method():
    with torch.serialization.safe_globals([Counter]):
        assert vars(torch.load(written(Counter()))) == {"count": 4}


@pytest.mark.parametrize("safe", [[], [Net], [Net, nn.Linear]])
def test_one_that_is_not_is_named(safe):
    with torch.serialization.safe_globals(safe), pytest.raises(pickle.UnpicklingError, match="Net|Linear|relu"):
        torch.load(written(Net()))


def test_what_is_added_stays_until_it_is_cleared():
    torch.serialization.add_safe_globals([Other])
    try:
        assert type(torch.load(written(Other()))) is Other
    finally:
        torch.serialization.clear_safe_globals()
    with pytest.raises(pickle.UnpicklingError):
        torch.load(written(Other()))


def test_an_object_cannot_be_made_of_a_class_of_weights():
    attack = b"\x80\x04\x8c\x0fautograd.tensor\x8c\x06Tensor\x93)\x81."
    with pytest.raises(pickle.UnpicklingError, match="makes an object of type Tensor"):
        torch.load(io.BytesIO(attack))
