"""Methods, operators and conversions: each gives NumPy's numbers."""

import math
import tracemalloc

import numpy as np
import pytest

import autograd as ag

RNG = np.random.default_rng(0)
X, Y = RNG.uniform(0.2, 0.9, (3, 4)), RNG.uniform(0.2, 0.9, (3, 4))
K = np.array([[3, -1, 0, 2], [5, 7, -2, 4]])
B = X > 0.5
CUBE = np.arange(8).reshape(2, 2, 2)

SAME = {
    "x // y": lambda x, y: x // y,
    "2 // x": lambda x, y: 2 // x,
    "x % y": lambda x, y: x % y,
    "2 % x": lambda x, y: 2 % x,
    "2 - x": lambda x, y: 2 - x,
    "2 / x": lambda x, y: 2 / x,
    "2 ** x": lambda x, y: 2**x,
    "+x": lambda x, y: +x,
    "-x": lambda x, y: -x,
    "abs(x - y)": lambda x, y: abs(x - y),
    "x < y": lambda x, y: x < y,
    "x <= y": lambda x, y: x <= y,
    "x >= y": lambda x, y: x >= y,
    "x == x": lambda x, y: x == x,
    "x != y": lambda x, y: x != y,
    "~, &, |, ^": lambda x, y: (~(x > 0.5) & (y > 0.5)) | ((x > 0.3) ^ (y > 0.3)),
    "array @ x.T": lambda x, y: X @ x.T,
}


@pytest.mark.parametrize("name", SAME)
def test_an_operator_gives_numpys_numbers(name):
    found, expected = SAME[name](ag.tensor(X), ag.tensor(Y)), SAME[name](X, Y)
    assert found.dtype == expected.dtype
    np.testing.assert_allclose(found.numpy(), expected)


EQUAL = {
    "tile": (lambda x: x.tile(2), np.tile(X, 2)),
    "tile, more": (lambda x: x.tile((2, 1, 3)), np.tile(X, (2, 1, 3))),
    "repeat": (lambda x: x.repeat(2, 3), np.tile(X, (2, 3))),
    "flip": (lambda x: x.flip(0, 1), X[::-1, ::-1]),
    "roll": (lambda x: x.roll(1, 0), np.roll(X, 1, 0)),
    "roll, flat": (lambda x: x.roll(5), np.roll(X, 5)),
    "t": (lambda x: x.t(), X.T),
    "mT": (lambda x: x[None].mT, X.T[None]),
    "view_as": (lambda x: x.view_as(ag.zeros(4, 3)), X.reshape(4, 3)),
    "expand_as": (lambda x: x[:1].expand_as(ag.zeros(3, 4)), np.repeat(X[:1], 3, 0)),
    "narrow": (lambda x: x.narrow(1, 1, 2), X[:, 1:3]),
    "select": (lambda x: x.select(-1, 2), X[:, 2]),
    "unfold": (lambda x: x.unfold(1, 2, 1), np.lib.stride_tricks.sliding_window_view(X, 2, 1)),
    "unflatten": (lambda x: x.unflatten(1, (2, -1)), X.reshape(3, 2, 2)),
    "repeat_interleave": (lambda x: x.repeat_interleave(2, 1), np.repeat(X, 2, 1)),
    "repeat_interleave, flat": (lambda x: x.repeat_interleave(2), np.repeat(X, 2)),
    "hstack": (lambda x: ag.hstack([x, x]), np.hstack([X, X])),
    "vstack": (lambda x: ag.vstack([x, x[0]]), np.vstack([X, X[0]])),
    "movedim": (lambda x: x[None].movedim(0, -1), X[..., None]),
    "clamp by tensors": (lambda x: x.clamp(ag.tensor(Y), ag.tensor(Y + 0.1)), np.clip(X, Y, Y + 0.1)),
    "clamp by tensors, one side": (lambda x: x.clamp(max=ag.tensor(Y)), np.minimum(X, Y)),
    "add with alpha": (lambda x: x.add(ag.tensor(Y), alpha=3), X + 3 * Y),
    "sub with alpha": (lambda x: x.sub(ag.tensor(Y), alpha=3), X - 3 * Y),
    "div, floor": (lambda x: ag.div(x, 0.3, rounding_mode="floor"), np.floor(X / 0.3)),
    "div, trunc": (lambda x: ag.div(-x, 0.3, rounding_mode="trunc"), np.trunc(-X / 0.3)),
    "div, trunc of integers": (lambda x: ag.div(ag.tensor(K), 2, rounding_mode="trunc"), np.array(K / 2, int)),
    "addcmul": (lambda x: x.addcmul(x, x, value=2), X + 2 * X * X),
    "addcdiv": (lambda x: x.addcdiv(x, ag.tensor(Y), value=2), X + 2 * X / Y),
    "addmm": (lambda x: ag.addmm(ag.ones(3, 3, dtype=ag.float64), x, x.t(), beta=2, alpha=3), 2 + 3 * X @ X.T),
    "where": (lambda x: x.where(x > 0.5, 0), np.where(B, X, 0)),
    "masked_select": (lambda x: x.masked_select(x > 0.5), X[B]),
    "scatter by value": (lambda x: x.scatter(1, ag.tensor([[0], [1], [2]]), value=7), np.where(np.eye(3, 4), 7, X)),
    "index_add": (lambda x: x.index_add(0, ag.tensor([0, 0]), x[1:]), X + np.eye(3, 1) * X[1:].sum(0)),
    "index_fill_": (lambda x: x.clone().index_fill_(1, ag.tensor([0]), 9), np.where(np.arange(4) == 0, 9, X)),
    "index_copy_": (lambda x: x.clone().index_copy_(0, ag.tensor([2]), x[:1]), X[[0, 1, 0]]),
    "fill_diagonal_": (lambda x: x.clone().fill_diagonal_(0), X * (1 - np.eye(3, 4))),
    "nan_to_num": (lambda x: ag.nan_to_num(x * -float("inf"), 0.0, 1.0, -5.0), np.full((3, 4), -5.0)),
    "nonzero": (lambda x: (x > 0.5).nonzero(), np.argwhere(B)),
    "nonzero as a tuple": (lambda x: (x > 0.5).nonzero(as_tuple=True)[1], np.nonzero(B)[1]),
    "where of one": (lambda x: ag.where(x > 0.5)[0], np.nonzero(B)[0]),
    "isclose": (lambda x: ag.isclose(x, x + 1e-9), np.ones((3, 4), bool)),
    "cumprod": (lambda x: x.cumprod(1), np.cumprod(X, 1)),
    "median": (lambda x: x[:, :3].median(1).values, np.median(X[:, :3], 1)),
    "median of all": (lambda x: x[:, :3].median(), np.median(X[:, :3])),
    "std": (lambda x: x.std(1, unbiased=False), X.std(1)),
    "var": (lambda x: x.var(False), X.var()),
    "std_mean": (lambda x: ag.stack(ag.std_mean(x, 1)), np.stack([X.std(1, ddof=1), X.mean(1)])),
    "var_mean": (lambda x: ag.stack(ag.var_mean(x, 1, unbiased=False)), np.stack([X.var(1), X.mean(1)])),
    "norm 0": (lambda x: (x * (x > 0.5)).norm(0), B.sum()),
    "norm inf": (lambda x: x.norm(float("inf"), 1), X.max(1)),
    "norm -inf": (lambda x: x.norm(-float("inf")), X.min()),
    "norm 3": (lambda x: x.norm(3), (X**3).sum() ** (1 / 3)),
    "unique": (lambda x: ag.tensor(K).unique(), np.unique(K)),
    "unique, inverse": (lambda x: ag.unique(ag.tensor([3, 1, 3]), return_inverse=True)[1], np.array([1, 0, 1])),
    "bincount": (lambda x: ag.bincount(ag.tensor([2, 0, 2]), minlength=4), np.array([1, 0, 2, 0])),
    "bincount, weights": (lambda x: ag.bincount(ag.tensor([2, 0, 2]), x[0, :3]), np.bincount([2, 0, 2], X[0, :3])),
    "narrow from the end": (lambda x: x.narrow(1, -2, 2), X[:, -2:]),
    "gather of 0 dims": (lambda x: x[0, 0].gather(0, ag.tensor([0, 0])), X[[0, 0], [0, 0]]),
    "gather at one place": (lambda x: x[0].gather(0, ag.tensor(2)), X[0, 2]),
    "gather at no place": (lambda x: x.gather(1, ag.zeros(0, dtype=ag.int64)), np.zeros(0)),
    "take_along_dim, broadcast": (lambda x: x[:1].take_along_dim(ag.tensor([[0], [2]]), 1), X[[0, 0], [0, 2]][:, None]),
    "index_select of 0 dims": (lambda x: x[0, 0].index_select(0, ag.tensor([0])), X[0, 0]),
    "index_add to 0 dims": (lambda x: x[0, 0].index_add(0, ag.tensor([0]), x[0, 1], alpha=2), X[0, 0] + 2 * X[0, 1]),
    "scatter into 0 dims": (lambda x: x[0, 0].scatter(0, ag.tensor([0]), x[0, 1:2]), X[0, 1]),
    "scatter of nothing": (lambda x: x.scatter(0, ag.zeros(0, dtype=ag.int64), x), X),
    "scatter_add to 0 dims": (lambda x: x[0, 0].scatter_add(0, ag.tensor(0), x[0, 1]), X[0, 0] + X[0, 1]),
    "nonzero of 0 dims": (lambda x: ag.tensor(3.0).nonzero(), np.zeros((1, 0))),
    "nonzero of 0 dims as a tuple": (lambda x: ag.tensor(3.0).nonzero(as_tuple=True)[0], np.zeros(1)),
    "topk of 0 dims": (lambda x: x[0, 0].topk(1).values, X[0, 0]),
    "median of 0 dims": (lambda x: x[0, 0].median(0).values, X[0, 0]),
    "median with a nan": (lambda x: ag.tensor([1.0, math.nan, 0.0]).median(), np.array(math.nan)),
    "cumprod of 0 dims": (lambda x: x[0, 0].cumprod(0), X[0, 0]),
    "unfold of 0 dims": (lambda x: x[0, 0].unfold(0, 1, 1), X[0, :1]),
    "meshgrid of 0 dims": (lambda x: ag.meshgrid(x[0, 0], x[0])[1], X[:1]),
    "cat with an empty vector": (lambda x: ag.cat([ag.zeros(0), x, ag.zeros(0)], 1), X),
    "hstack of 0 dims": (lambda x: ag.hstack([x[0, 0], x[0]]), np.hstack([X[0, 0], X[0]])),
    "vstack of 0 dims": (lambda x: ag.vstack([x[0, 0], x[0, 1]]), X[0, :2, None]),
    "softmax of integers": (lambda x: ag.tensor([5, 5]).softmax(0, dtype=ag.float64), np.array([0.5, 0.5])),
    "std_mean(x, True)": (lambda x: ag.std_mean(x, True)[0], X.std(ddof=1)),
    "var_mean over an axis": (lambda x: ag.stack(ag.var_mean(x, axis=1)), np.stack([X.var(1, ddof=1), X.mean(1)])),
    "einsum by numbers": (lambda x: ag.einsum(x, [0, 1], x, [2, 1]), X @ X.T),
    "einsum by numbers, output": (lambda x: ag.einsum(x, [0, ...], x, [2, ...], [2, 0, ...]), X[None] * X[:, None]),
    "baddbmm of integers": (lambda x: ag.baddbmm(*[ag.tensor(CUBE)] * 3, beta=0.5, alpha=2.5), 2 * CUBE @ CUBE),
    "addmm without the input": (lambda x: ag.addmm(x @ x.T * math.nan, x, x.T, beta=0), X @ X.T),
    "unique rows": (lambda x: ag.cat([x, x]).unique(dim=0), np.unique(X, axis=0)),
    "bincount, integer weights": (lambda x: ag.bincount(ag.tensor([1, 1]), ag.tensor([2, 3])), np.array([0.0, 5.0])),
    "full of float64": (lambda x: ag.full((2,), 0.1, dtype=ag.float64), np.full(2, 0.1)),
}  # fmt: skip


@pytest.mark.parametrize("name", EQUAL)
def test_a_method_gives_numpys_numbers(name):
    function, expected = EQUAL[name]
    found = function(ag.tensor(X))
    assert found.shape == np.shape(expected)
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-12)


@pytest.mark.parametrize("product", [lambda x: x.prod(), lambda x: x.cumprod(0).sum()], ids=["prod", "cumprod"])
def test_first_and_second_derivatives_of_products_take_memory_in_proportion_to_the_input(product):
    n = 2000
    x = ag.linspace(0.9, 1.1, n, dtype=ag.float64)
    x[[3, 500]] = 0
    x.requires_grad_()
    tracemalloc.start()
    try:
        (first,) = ag.grad(product(x), [x], create_graph=True)
        ag.grad(first.sum(), [x])
        assert tracemalloc.get_traced_memory()[1] < 30 * x.nbytes
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("convert", ["float", "double", "half", "long", "int", "short", "byte", "bool"])
def test_conversions_by_method(convert):
    x = ag.tensor(K).abs()
    found = getattr(x, convert)()
    assert found.dtype == getattr(ag, {"byte": "uint8"}.get(convert, convert))
    np.testing.assert_array_equal(found.numpy(), np.abs(K).astype(found.dtype))


def test_to_takes_dtypes_devices_and_tensors():
    x = ag.ones(2)
    assert x.to(ag.float64).dtype == x.to("cpu", ag.float64).dtype == x.to(dtype=ag.float64).dtype == ag.float64
    assert (
        x.to(ag.zeros(1, dtype=ag.int64)).dtype == x.type_as(ag.arange(1)).dtype == x.type(ag.int64).dtype == ag.int64
    )
    assert (
        x.to(ag.float32) is x and x.to("cpu") is x and x.cpu() is x and x.to(ag.device("cpu"), non_blocking=True) is x
    )
    copied = x.to(ag.float32, copy=True)
    assert copied is not x and copied.equal(x) and x.type() == "torch.FloatTensor"
    assert ag.arange(2).type(type(x)).dtype == ag.get_default_dtype()  # of the class itself, as in PyTorch
    with pytest.raises(TypeError):
        x.to(str)


def test_questions():
    x = ag.tensor(X)
    assert x.allclose(x + 1e-12) and not x.allclose(x + 1) and x.equal(x.clone()) and not x.equal(x[:2])
    assert x.count_nonzero() == 12 and (x > 0).all() and not (x > 1).any()
    a, b = ag.broadcast_tensors(x[:, :1], x[0])
    assert a.shape == b.shape == (3, 4)


def test_what_has_no_variance_or_norm_says_so():
    for f in (ag.std, ag.var, ag.norm, ag.mean, lambda k: k.softmax(-1)):
        with pytest.raises(RuntimeError, match=r"int64 is not defined: convert it with .float\(\) first"):
            f(ag.tensor(K))
    with pytest.raises(RuntimeError, match=r"t\(\) is for at most 2 dims.*\(1, 3, 4\)"):
        ag.tensor(X)[None].t()
    with pytest.raises(RuntimeError, match="clamp needs min, max or both"):
        ag.tensor(X).clamp()
    with pytest.raises(RuntimeError, match="rounding_mode.*'up'"):
        ag.div(ag.tensor(X), 2, rounding_mode="up")


def test_to_refuses_what_it_does_not_know():
    x = ag.ones(2)
    assert x.to("cpu", ag.float64, non_blocking=True).dtype == ag.float64
    with pytest.raises(TypeError, match="dtpye"):
        x.to(dtpye=ag.float64)


def test_a_numpy_number_is_a_dim():
    x = ag.tensor([[1.0, 5.0], [7.0, 3.0]])
    assert x.max(np.int64(0)).values.tolist() == [7, 5] and x.min(np.int64(1)).indices.tolist() == [0, 1]


class Unit:
    """Has the operators of a right operand, and says which was asked."""


SYMBOLS = {"add": "+", "sub": "-", "mul": "*", "truediv": "/", "matmul": "@", "floordiv": "//", "mod": "%", "pow": "**"}
SYMBOLS |= {"and": "&", "or": "|", "xor": "^", "lshift": "<<", "rshift": ">>"}
MIRRORED = {"__eq__": "==", "__ne__": "!=", "__gt__": "<", "__lt__": ">", "__ge__": "<=", "__le__": ">="}
ASKED = MIRRORED | {f"__r{name}__": symbol for name, symbol in SYMBOLS.items() if "shift" not in name}
for name in ASKED:
    setattr(Unit, name, lambda self, other, name=name: (name, other))


@pytest.mark.parametrize("name", ASKED)
def test_an_operand_of_a_foreign_class_is_asked_for_its_own_operator(name):
    x = ag.ones(2)
    assert eval(f"x {ASKED[name]} unit", {"x": x, "unit": Unit()}) == (name, x)


@pytest.mark.parametrize("symbol", [*SYMBOLS.values(), *(f"{s}=" for s in SYMBOLS.values() if s not in ("<<", ">>"))])
def test_an_operand_without_that_operator_is_a_type_error_and_changes_nothing(symbol):
    x = ag.ones(2, dtype=ag.int64)
    with pytest.raises(TypeError, match="unsupported operand type.*'Tensor' and 'object'"):
        exec(f"x {symbol} other", {"x": x, "other": object()})
    assert x.tolist() == [1, 1] and (x == object()) is False and (x != None) is True  # noqa: E711


def test_an_op_takes_no_names_of_other_ops():
    with pytest.raises(TypeError, match="exponent"):
        ag.mul(ag.ones(2), exponent=3)
    assert ag.pow(ag.ones(2) * 2, exponent=3).tolist() == [8, 8] and ag.mul(input=ag.ones(2), other=3).sum() == 6


IN_ANOTHER_FORM = {"concatenate", "index_put"}  # torch's functions of these names take a list
NO_METHODS = {"where", "real", "imag", "complex"}  # a method with other arguments, properties, a function alone


@pytest.mark.parametrize("name", [name for name in ag.ops.OPS if name in vars(ag) and name not in IN_ANOTHER_FORM])
def test_the_public_function_the_method_and_the_entry_of_the_table_are_one(name):
    function = ag.ops.OPS[name].function
    assert getattr(ag, name) is function and getattr(ag.ops, name) is function
    assert name in NO_METHODS or getattr(ag.Tensor, name) is function


def test_a_view_of_another_class_has_the_history_and_the_memory():
    class Named(ag.Tensor):
        def __init__(self, data, name):
            super().__init__(data)
            self.name = name

        def twice(self):
            return self * 2

    x = ag.tensor([1.0, 2.0], requires_grad=True)
    y = (x * 3).as_subclass(Named)
    assert type(y) is Named and isinstance(y, ag.Tensor) and not hasattr(y, "name")
    y.twice().sum().backward()
    assert x.grad.tolist() == [6, 6]
    z = ag.zeros(2)
    z.as_subclass(Named)[0] = 5
    assert z.tolist() == [5, 0]
