"""Every op of the table: its gradients against finite differences, its dtypes, its kernel, what it gives for arrays."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd import grad, gradcheck, gradgradcheck, tensor
from autograd.accumulation import Part
from autograd.base import TensorBase
from autograd.ops import OPS
from autograd.tensor import Tensor
from tests.properties.calls import OF_COMPLEX, PREPARED, Call, differentiable, examples, is_float
from tests.properties.cases import CASES, FUNCTIONS

DERIVABLE = [name for name, op in OPS.items() if (op.has_rules or op.reference) and name not in OF_COMPLEX]
FUSED = [name for name, op in OPS.items() if op.reference]


def drawn(data: st.DataObject, name: str) -> Call:
    return data.draw(CASES[name])


def several(result: Any) -> tuple:
    return result if isinstance(result, tuple) else (result,)


def floats(result: Any) -> tuple:
    """The outputs that have a gradient."""
    return tuple(out for out in several(result) if out.dtype.kind == "f")


def applied(name: str, call: Call) -> Any:
    """The op as a function of arrays and tensors alone."""
    prepare = PREPARED.get(name)
    if prepare is not None:
        return lambda x: FUNCTIONS[name](prepare(x), **call.keywords)
    return lambda *args: FUNCTIONS[name](*args, **call.keywords)


def upstream(outs: tuple) -> list[Tensor]:
    rng = np.random.default_rng(0)
    return [tensor(rng.uniform(0.5, 1.5, out.shape).astype(out.dtype)) for out in outs]


def gradients(name: str, call: Call) -> list[np.ndarray]:
    tensors = call.tensors(name)
    outs = floats(FUNCTIONS[name](*tensors, **call.keywords))
    wanted = [tensors[i] for i in differentiable(name, call)]
    return [g.numpy() for g in grad(outs, wanted, upstream(outs)) if g is not None]


def raw_gradients(name: str, call: Call, create_graph: bool) -> list[Any]:
    """What the rules themselves give, before the walk sums it to shape and casts it."""
    outs = floats(FUNCTIONS[name](*call.tensors(name), **call.keywords))
    node = outs[0].node
    gs = upstream(outs) if create_graph else [g.numpy() for g in upstream(outs)]
    if node.index is not None:
        node = node.parents[0]
    g = gs + [None] * (len(node.outputs) - len(gs)) if node.outputs else gs[0]
    found = node.op.vjp(node, g, node.parents, create_graph)
    return [c.g if isinstance(c, Part) else c for c in found if c is not None]


def test_every_op_has_a_case_and_every_case_an_op():
    missing = sorted(OPS.keys() - CASES.keys())
    assert not missing, f"add to tests/properties/cases.py how to draw the arguments of {missing}"
    assert not CASES.keys() - OPS.keys()


@pytest.mark.parametrize("name", DERIVABLE)
@examples(25)
@given(data=st.data())
def test_first_derivatives_equal_finite_differences(name, data):
    call = drawn(data, name)
    assert gradcheck(applied(name, call), call.tensors(name), atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize("name", DERIVABLE)
@examples(8)
@given(data=st.data())
def test_second_derivatives_equal_finite_differences(name, data):
    call = drawn(data, name)
    assert gradgradcheck(applied(name, call), call.tensors(name), atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("name", DERIVABLE)
@examples(15)
@given(data=st.data())
def test_float32_gradients_equal_the_float64_gradients(name, data):
    call = drawn(data, name)
    for exact, found in zip(gradients(name, call), gradients(name, call.cast(np.float32)), strict=True):
        scale = np.abs(exact).max(initial=1)
        np.testing.assert_allclose(found, exact, rtol=2e-4, atol=2e-5 * scale)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", DERIVABLE)
@examples(10)
@given(data=st.data())
def test_floats_keep_their_dtype_in_forward_rule_and_gradient(name, dtype, data):
    call = drawn(data, name).cast(dtype)
    arrays = several(FUNCTIONS[name](*call.args, **call.keywords))
    assert {a.dtype for a in arrays if a.dtype.kind == "f"} <= {np.dtype(dtype)}, "the forward"
    rules = raw_gradients(name, call, create_graph=False)
    assert not any(isinstance(c, TensorBase) for c in rules)
    assert {c.dtype for c in rules} <= {np.dtype(dtype)}, "a rule"
    assert {c.dtype for c in raw_gradients(name, call, create_graph=True)} <= {np.dtype(dtype)}, "a rule on tensors"
    assert {g.dtype for g in gradients(name, call)} <= {np.dtype(dtype)}, "a gradient"


@pytest.mark.parametrize("name", FUSED)
@examples(25)
@given(data=st.data())
def test_kernels_equal_their_reference(name, data):
    call = drawn(data, name)
    op = OPS[name]
    tensors = call.tensors(name)
    written = op.reference(*tensors, **{k: call.keywords.get(k, v) for k, v in op.defaults.items()} | call.keywords)
    kernel = FUNCTIONS[name](*call.args, **call.keywords)
    np.testing.assert_allclose(kernel, written.detach().numpy(), rtol=1e-10, atol=1e-12)
    wanted = [tensors[i] for i in differentiable(name, call)]
    expected = grad(written, wanted, upstream((written,)), allow_unused=True)
    for found, exact in zip(gradients(name, call), expected, strict=True):
        np.testing.assert_allclose(found, exact.numpy(), rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("name", OPS)
@examples(10)
@given(data=st.data())
def test_arrays_give_arrays_and_tensors_the_same_in_tensors(name, data):
    call = drawn(data, name)
    arrays = several(FUNCTIONS[name](*call.args, **call.keywords))
    tensors = [Tensor.wrap(a) if isinstance(a, np.ndarray) else a for a in call.args]
    for a, t in zip(arrays, several(FUNCTIONS[name](*tensors, **call.keywords)), strict=True):
        assert not isinstance(a, TensorBase) and isinstance(t, Tensor)
        np.testing.assert_array_equal(a, t.numpy(), strict=True)


MIXED = "add sub mul div pow maximum minimum where lerp atan2 logaddexp matmul remainder fmod".split()


@pytest.mark.parametrize("name", MIXED)
@examples(10)
@given(data=st.data())
def test_integers_with_float32_stay_float32(name, data):
    call = drawn(data, name).cast(np.float32)
    first = 1 if name == "where" else 0
    for i in range(first, len(call.args)):
        whole = Tensor.wrap(np.ceil(np.abs(call.args[i]) + 1).astype(np.int64))
        tensors = [whole if k == i else t for k, t in enumerate(call.tensors(name))]
        out = FUNCTIONS[name](*tensors, **call.keywords)
        assert out.dtype == np.float32
        wanted = [t for t in tensors if isinstance(t, Tensor) and t.requires_grad]
        assert all(g.dtype == np.float32 for g in grad(out, wanted, upstream((out,))))


@pytest.mark.parametrize("name", [name for name in OPS if name not in (*DERIVABLE, *OF_COMPLEX)])
@examples(10)
@given(data=st.data())
def test_what_has_no_rule_records_nothing(name, data):
    call = drawn(data, name)
    tensors = [Tensor(a, dtype=a.dtype, requires_grad=True) if is_float(a) else a for a in call.args]
    result = FUNCTIONS[name](*tensors, **call.keywords)
    assert not getattr(result, "requires_grad", False)
