"""The page of promotion rules is what the engine does, and what torch does."""

import itertools
import operator

import pytest

from autograd import Tensor
from tests.promotion import DTYPES, NUMBERS, PAGE, of, page

torch = pytest.importorskip("torch")


def test_the_page_is_what_the_engine_does():
    assert PAGE.read_text(encoding="utf-8") == page(), "run python -m tests.promotion"


def theirs(tensor: Tensor):
    return torch.from_numpy(tensor.numpy())


def name(dtype) -> str:
    return str(dtype).removeprefix("torch.")


@pytest.mark.parametrize("function", [operator.add, operator.mul, operator.truediv, torch.maximum, operator.gt])
def test_two_tensors_promote_as_torchs(function):
    ours = {torch.maximum: Tensor.maximum}.get(function, function)
    for (a, m), (b, n) in itertools.product(itertools.product(DTYPES, (0, 1, 2)), repeat=2):
        x, y = of(a, m), of(b, n)
        assert name(ours(x, y).dtype) == name(function(theirs(x), theirs(y)).dtype), (a, m, b, n)


@pytest.mark.parametrize("function", [operator.add, operator.mul, operator.truediv])
def test_numbers_promote_as_torchs(function):
    for a, n, number in itertools.product(DTYPES, (0, 1), NUMBERS.values()):
        x = of(a, n)
        assert name(function(x, number).dtype) == name(function(theirs(x), number).dtype), (a, n, number)


@pytest.mark.parametrize("function", ["exp", "sum", "cumsum", "prod", "sqrt", "sigmoid", "argmax"])
def test_functions_of_one_tensor_promote_as_torchs(function):
    args = (0,) if function == "cumsum" else ()
    for a in DTYPES:
        if function == "argmax" and a == "bool":
            continue  # torch has none
        x = of(a, 1)
        assert name(getattr(x, function)(*args).dtype) == name(getattr(theirs(x), function)(*args).dtype), a


@pytest.mark.parametrize("name", "add sub mul floordiv mod and_ or_ xor".split())
def test_uint8_takes_negative_numbers_as_torchs_does(name):
    function, x = getattr(operator, name), of("uint8", 1)
    for number in (-1, -3, -8, -255):
        assert function(x, number).tolist() == function(theirs(x), number).tolist(), number
        if name in ("add", "sub", "mul"):
            assert function(number, x).tolist() == function(number, theirs(x)).tolist(), number
