"""NumPy's functions called with tensors: every one that the table serves gives what NumPy gives for the arrays."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd import Tensor, grad, tensor
from autograd.ops import NUMPY
from tests.properties.calls import examples, is_float
from tests.properties.cases import CASES

X = np.array([[3.0, -1.0, 2.5], [0.5, 4.0, -2.0]])
Y = np.array([[1.0, 2.0, -0.5], [-1.5, 0.25, 3.0]])
V = np.array([2.0, -1.0, 0.5])
UNKNOWN = np.where(X > 0, X, np.nan)
NUMBER = np.array(1.5)
SQUARE = X[:, :2]
ORDER = np.array([[2, 0, 1], [1, 1, 0]])

REDUCTIONS = [((X,), {}), ((X, 1), {}), ((X,), {"axis": 0, "keepdims": True}), ((X,), {"axis": (0, 1)})]
ONE_AXIS = [((X,), {}), ((X, 1), {}), ((X,), {"axis": 0, "keepdims": True})]
TRIANGLES = [((X,), {}), ((X, 1), {}), ((X,), {"k": -1})]

CALLS: dict[Any, list] = {
    np.where: [((X > 1, X, Y), {}), ((X > 1, X, 0.0), {})],
    np.copy: [((X,), {})],
    np.round: [((X,), {}), ((X,), {"decimals": 1})],
    np.sum: REDUCTIONS,
    np.mean: REDUCTIONS,
    np.max: REDUCTIONS,
    np.amax: REDUCTIONS,
    np.min: REDUCTIONS,
    np.amin: REDUCTIONS,
    np.prod: REDUCTIONS,
    np.any: REDUCTIONS,
    np.all: REDUCTIONS,
    np.var: [*REDUCTIONS, ((X,), {"ddof": 1})],
    np.std: [*REDUCTIONS, ((X,), {"axis": 1, "ddof": 1})],
    np.linalg.norm: [((X,), {}), ((X,), {"axis": 1}), ((V, 1), {}), ((V, np.inf), {}), ((X, 2, 0, True), {})],
    np.cumsum: [((X, 1), {}), ((V,), {"axis": 0})],
    np.cumprod: [((X, 1), {}), ((V,), {"axis": 0})],
    np.argmax: ONE_AXIS,
    np.argmin: ONE_AXIS,
    np.count_nonzero: [((X,), {}), ((X,), {"axis": 1})],
    np.reshape: [((X, (3, 2)), {}), ((X, (-1,)), {})],
    np.transpose: [((X,), {}), ((X, (1, 0)), {}), ((X,), {"axes": (0, 1)})],
    np.swapaxes: [((X, 0, 1), {}), ((X,), {"axis1": -1, "axis2": 0})],
    np.matrix_transpose: [((np.stack([X, Y]),), {})],
    np.moveaxis: [((X, 0, 1), {}), ((X, (0, 1), (1, 0)), {})],
    np.squeeze: [((X[:1],), {}), ((X[:1],), {"axis": 0})],
    np.expand_dims: [((X, 1), {}), ((X,), {"axis": -1}), ((X, (0, -1)), {})],
    np.broadcast_to: [((V, (2, 3)), {})],
    np.concatenate: [(((X, Y),), {}), (((X, Y), 1), {}), (([X, Y],), {"axis": -1})],
    np.stack: [(((X, Y),), {}), (((X, Y), 1), {}), (([X, Y],), {"axis": -1})],
    np.flip: [((X,), {}), ((X, 1), {}), ((X,), {"axis": (0, 1)})],
    np.roll: [((X, 1), {}), ((X, 1, 1), {}), ((X,), {"shift": (1, 2), "axis": (0, 1)})],
    np.tril: TRIANGLES,
    np.triu: TRIANGLES,
    np.tile: [((V, 2), {}), ((X, (2, 1)), {})],
    np.take_along_axis: [((X, ORDER, 1), {}), ((X, ORDER), {"axis": 1})],
    np.argsort: [((X,), {}), ((X,), {"axis": 0}), ((X, 0), {})],
    **dict.fromkeys([np.fmax, np.fmin], [((X, Y), {}), ((UNKNOWN, X), {}), ((X, UNKNOWN), {}), ((V, 1.0), {})]),
    np.clip: [((X, -1, 2), {}), ((X, None, 2), {}), ((X, Y, 3), {})],
    np.matmul: [((X, V), {}), ((X, Y.T), {})],
    np.dot: [((V, V), {}), ((X, V), {}), ((X, Y.T), {}), ((X, 2.0), {})]
    + [((np.stack([X, Y]), Y.T), {}), ((np.stack([X, Y]), V), {})],
    np.outer: [((V, V), {}), ((X, V), {})],
    np.tensordot: [((X, Y), {}), ((X, Y.T, 1), {}), ((X, Y), {"axes": ([0, 1], [0, 1])})],
    np.vstack: [(([X, Y],), {}), (([V, V],), {})],
    np.hstack: [(([X, Y],), {}), (([V, V],), {})],
    np.diag: [((X,), {}), ((V,), {}), ((X,), {"k": 1})],
    np.trace: [((X,), {})],
    np.ravel: [((X,), {})],
    np.repeat: [((X, 2), {}), ((X, 2, 1), {}), ((X,), {"repeats": 3, "axis": 0})],
    np.einsum: [(("ij,kj->ik", X, Y), {}), (("ij->j", X), {})],
    np.diagonal: [((X,), {}), ((X, 1), {}), ((X,), {"offset": -1, "axis1": 1, "axis2": 0})],
}
SPLITS = [((X, 2), {}), ((X, [1]), {})]
CALLS |= {
    np.split: [((X, 3, 1), {}), ((X, [1, 2]), {"axis": 1}), ((X, [0, 1]), {})],
    np.array_split: [((X, 2, 1), {}), ((V, 5), {}), ((X, 3), {"axis": -1})],
    np.vsplit: SPLITS,
    np.hsplit: [((X, 3), {}), ((V, [1]), {})],
    np.sort: [((X,), {}), ((X, 0), {}), ((X, None), {})],
    np.trace: [((X,), {}), ((X, 1), {}), ((np.stack([X, Y]),), {"offset": -1, "axis1": 1, "axis2": 2})],
    np.diff: [((X,), {}), ((X, 2), {}), ((X,), {"axis": 0})],
    np.append: [((X, Y), {}), ((X, Y, 1), {}), ((X, V[None]), {"axis": 0}), ((V, 1.0), {})],
    np.column_stack: [(([X, Y],), {}), (([V, V],), {}), ((X,), {})],
    **dict.fromkeys(
        [np.atleast_1d, np.atleast_2d, np.atleast_3d],
        [((v,), {}) for v in (NUMBER, V, X, np.stack([X, Y]))] + [((X, V), {})],
    ),
    np.flipud: [((X,), {})],
    np.fliplr: [((X,), {})],
    np.pad: [((X, 1), {}), ((X, (1, 2)), {}), ((X, ((0, 1), (2, 0))), {"constant_values": 1.5})],
    np.select: [(([X > 1, X > 0], [X, Y]), {}), (([X > 1], [X], 2.0), {})],
    np.inner: [((V, V), {}), ((X, Y), {}), ((X, V), {}), ((X, 2.0), {})],
    np.kron: [((X, Y), {}), ((V, X), {}), ((X, V), {}), ((V, V), {})],
    np.full_like: [((np.zeros((2, 3), int), NUMBER), {"dtype": np.float64})],
    np.nan_to_num: [((UNKNOWN,), {}), ((UNKNOWN, True, 2.0), {})],
    np.cumsum: [*CALLS[np.cumsum], ((X,), {})],
    **{f: [((X,), {})] for f in (np.real, np.conjugate, np.real_if_close, np.imag)},
}
CALLS |= {
    **{f: [((X,), {})] for f in (np.deg2rad, np.degrees, np.rad2deg, np.radians, np.sinc)},
    **{f: [((UNKNOWN,), {}), ((UNKNOWN, 1), {})] for f in (np.nansum, np.nanmean)},
    np.argwhere: [((X > 0,), {})],
    np.searchsorted: [((np.sort(V), X), {})],
}
SQUARES = np.stack([X[:, :2], Y[:, :2]])
POSITIVE = SQUARES @ np.swapaxes(SQUARES, -1, -2) + np.eye(2)
CALLS |= {
    **{f: [((POSITIVE,), {})] for f in (np.linalg.inv, np.linalg.det, np.linalg.slogdet, np.linalg.cholesky)},
    np.linalg.solve: [((SQUARES, X[:, :1]), {}), ((SQUARES[0], X[:, 0]), {}), ((POSITIVE, SQUARES), {})],
    np.linalg.eigh: [((POSITIVE,), {}), ((POSITIVE[0], "U"), {})],
    np.linalg.svd: [((X, False), {}), ((X,), {"compute_uv": False})],
    np.linalg.pinv: [((X,), {}), ((X, 0.9), {})],
}
PLACES = {np.argwhere, np.searchsorted}
WITHOUT_RULE = {np.frexp, np.heaviside, np.nextafter}  # floats that have none: refused where a gradient is needed
UFUNCS = [f for f in NUMPY if isinstance(f, np.ufunc) and f not in CALLS and f not in WITHOUT_RULE]


def traced(value: Any) -> Any:
    """Arrays as tensors, those of floats as ones that require grad, also inside lists and tuples."""
    if isinstance(value, (list, tuple)):
        return type(value)(traced(item) for item in value)
    if not isinstance(value, np.ndarray) or value.dtype.kind == "i" and value is ORDER:
        return value
    return Tensor(value, dtype=value.dtype, requires_grad=is_float(value))


def leaves(value: Any) -> list[Tensor]:
    """The tensors that require grad, also inside lists and tuples."""
    if isinstance(value, (list, tuple)):
        return [leaf for item in value for leaf in leaves(item)]
    return [value] if isinstance(value, Tensor) and value.requires_grad else []


def check(function: Any, args: tuple, keywords: dict) -> None:
    """The numbers of NumPy, and a gradient for every array of floats where the function has one."""
    expected, inputs = function(*args, **keywords), traced(args)
    found = function(*inputs, **keywords)
    several = isinstance(expected, (list, tuple))
    assert not several or (isinstance(found, (list, tuple)) and len(found) == len(expected))
    for one, wanted in zip(found, expected, strict=True) if several else [(found, expected)]:
        assert isinstance(one, Tensor)
        assert one.shape == np.shape(wanted)
        assert one.dtype == np.asarray(wanted).dtype
        np.testing.assert_allclose(one.detach().numpy(), wanted, rtol=1e-12, atol=1e-12)
    entry = getattr(NUMPY[function], "op", None)
    if (entry is None or entry.has_rules) and function not in PLACES:
        outs = list(found) if several else [found]
        seeds = [np.ones(out.shape) for out in outs]
        grad(outs, leaves(inputs), seeds)  # raises where an input does not reach the result
    else:
        assert not found.requires_grad


def test_every_function_that_is_served_is_tested():
    assert {f for f in NUMPY if f not in CALLS} - WITHOUT_RULE == set(UFUNCS)


@pytest.mark.parametrize(
    ("function", "args", "keywords"),
    [pytest.param(f, *call, id=f"{f.__name__}-{i}") for f, calls in CALLS.items() for i, call in enumerate(calls)],
)
def test_functions_give_what_numpy_gives(function, args, keywords):
    check(function, args, keywords)


@pytest.mark.parametrize("function", UFUNCS, ids=lambda f: f.__name__)
@examples(10)
@given(data=st.data())
def test_ufuncs_give_what_numpy_gives(function, data):
    call = data.draw(CASES[NUMPY[function].op.name])
    check(function, call.args, {})


def test_norms_of_matrices_that_have_no_rule_say_so():
    with pytest.raises(TypeError, match="operator norm"):
        np.linalg.norm(tensor(X), 1)


def public_functions() -> dict[str, Any]:
    """Every function of NumPy's that asks its arguments what to do."""
    found = {}
    for module in (np, np.linalg, np.fft):
        for name, value in vars(module).items():
            if isinstance(value, np.ufunc) or (hasattr(value, "_implementation") and not name.startswith("_")):
                found[f"{module.__name__}.{name}"] = value
    return found


FUNCTIONS = public_functions()


def call_of(function: Any, x: Tensor) -> Any:
    """The result of the function with x for what it must be given, or the error that it raises."""
    if isinstance(function, np.ufunc):
        return function(*[x] * function.nin)
    for args in ((x,), (x, x), (x, 0), (0, x), ([x, x],), (x, 1, 0), (x > 0, x), ("ij->ji", x), (x, (2, 2)), (x, x, x)):
        try:
            return function(*args)
        except TypeError as error:
            if "no derivative rule" in str(error) or "no rule" in str(error):
                raise
        except (ValueError, RuntimeError, IndexError, AttributeError):
            continue
    return None


def dropped(result: Any) -> bool:
    """Whether there are floats without a history in it."""
    if isinstance(result, (list, tuple)):
        return any(dropped(part) for part in result)
    array = getattr(result, "array", result)
    is_float = isinstance(array, (np.ndarray, np.floating, float)) and np.asarray(array).dtype.kind in "fc"
    return is_float and not getattr(result, "requires_grad", False)


NEW = {"numpy.zeros_like", "numpy.ones_like", "numpy.empty_like"}  # which take a shape and a dtype of their argument


@pytest.mark.parametrize("name", sorted(FUNCTIONS.keys() - NEW))
def test_no_function_of_numpy_drops_the_graph_in_silence(name):
    x = Tensor(np.array([[0.25, 0.5], [0.75, 0.125]]), requires_grad=True)
    try:
        result = call_of(FUNCTIONS[name], x)
    except TypeError as error:
        assert name.rpartition(".")[2] in str(error) or "no" in str(error)
        return
    assert not dropped(result)


def test_functions_without_a_rule_give_tensors_where_no_gradient_is_needed():
    x = Tensor(X)
    assert isinstance(np.percentile(x, 50, axis=0), Tensor)
    parts = np.unique(x, return_index=True)
    assert all(isinstance(part, Tensor) for part in parts) and isinstance(parts, tuple)
    with pytest.raises(TypeError, match="np.percentile has no derivative rule"):
        np.percentile(Tensor(X, requires_grad=True), 50)


@pytest.mark.parametrize("mode", ["edge", "reflect", "linear_ramp"])
def test_paddings_without_a_rule_say_so(mode):
    with pytest.raises(TypeError, match="np.pad has a derivative rule only for one constant value"):
        np.pad(Tensor(X, requires_grad=True), 1, mode=mode)


def test_splits_that_cannot_be_are_refused_as_numpys():
    for function, cuts in ((np.split, 2), (np.array_split, 0)):
        for argument in (V, Tensor(V)):
            with pytest.raises(ValueError):
                function(argument, cuts)
