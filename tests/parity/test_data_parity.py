"""Batches beside those of torch.utils.data: the same containers, dtypes and numbers."""

from collections import OrderedDict, UserDict, defaultdict, deque, namedtuple

import numpy as np
import pytest

import autograd
import nn.data

torch = pytest.importorskip("torch")

Point = namedtuple("Point", "x y")
SAMPLES = {
    "numbers": lambda t: [(1, 2.0, True), (3, 4.0, False)],
    "lists": lambda t: [[1, [2.0]], [3, [4.0]]],
    "strings": lambda t: [("a", b"b"), ("c", b"d")],
    "bare strings": lambda t: ["a", "b"],
    "tensors": lambda t: [(t.arange(3), t.ones(2, 2)), (t.arange(3), t.zeros(2, 2))],
    "arrays": lambda t: [np.arange(3, dtype=np.int16), np.arange(3, dtype=np.int16)],
    "scalars": lambda t: [(np.float32(1), np.int32(2), np.bool_(True), np.float64(3))] * 2,
    "0-d arrays": lambda t: [np.array(1.5), np.array(2.5)],
    "dicts": lambda t: [OrderedDict(a=1, b={"c": "x"}), OrderedDict(a=2, b={"c": "y"})],
    "other mappings": lambda t: [UserDict(a=1), UserDict(a=2)],
    "defaultdicts": lambda t: [defaultdict(list, a=[1]), defaultdict(list, a=[2])],
    "namedtuples": lambda t: [Point(1, (2, "s")), Point(3, (4, "t"))],
    "other sequences": lambda t: [deque([1, 2]), deque([3, 4])],
    "one sample": lambda t: [(1, "a")],
    "different lengths": lambda t: [[1], [1, 2]],
    "different shapes": lambda t: [t.ones(2), t.ones(3)],
    "no tensors": lambda t: [{1, 2}, {3}],
    "objects": lambda t: [np.array([None]), np.array([None])],
}


def outcome(function, value):
    """What came out, with tensors as (dtype, numbers), or that there was an error."""

    def plain(x):
        if isinstance(x, (torch.Tensor, autograd.Tensor)):
            return str(x.dtype).removeprefix("torch."), x.tolist()
        if hasattr(x, "items"):
            return type(x), {key: plain(part) for key, part in x.items()}
        if isinstance(x, (list, tuple, deque)):
            return type(x), [plain(part) for part in x]
        return x.tolist() if isinstance(x, np.ndarray) else x

    try:
        return plain(function(value))
    except (TypeError, RuntimeError) as error:
        return "error", isinstance(error, TypeError)


@pytest.mark.parametrize("name", ["default_collate", "default_convert"])
@pytest.mark.parametrize("kind", SAMPLES)
def test_samples_become_what_they_become_in_torch(kind, name):
    samples = SAMPLES[kind]
    ours = outcome(getattr(nn.data, name), samples(autograd))
    assert ours == outcome(getattr(torch.utils.data, name), samples(torch))
