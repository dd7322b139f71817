"""`out=`: the result of any op is put into a tensor."""

import numpy as np
import pytest
from hypothesis import given

import autograd as ag
from autograd import ops
from autograd.testing import arrays, broadcastable


@given(broadcastable(2).flatmap(lambda pair: arrays(pair[0]).flatmap(lambda a: arrays(pair[1]).map(lambda b: (a, b)))))
def test_out_takes_the_result_and_is_returned(pair):
    x, y = map(ag.tensor, pair)
    for f in (ag.add, ag.maximum, ag.mul, ag.atan2):
        out = ag.zeros(np.broadcast_shapes(x.shape, y.shape), dtype=ag.float64)
        array = out.array
        assert f(x, y, out=out) is out and out.array is array
        np.testing.assert_array_equal(array, f(x, y).numpy())
    empty = ag.empty(0, dtype=ag.float64)
    assert ag.sub(x, y, out=empty).equal(x - y) and ag.exp(x, out=None).equal(x.exp())


def test_out_of_another_shape_is_resized_with_a_warning():
    out = ag.zeros(3)
    with pytest.warns(UserWarning, match=r"exp\(out=\): a result of shape \(2,\) does not fit into \(3,\)") as seen:
        assert ag.exp(ag.zeros(2), out=out) is out and out.tolist() == [1, 1]
    assert seen[0].filename == __file__


def test_several_results_go_into_several_tensors():
    x = ag.tensor([[1.0, 3.0, 2.0]])
    values, indices = ag.zeros(1, 1), ag.zeros(1, 1, dtype=ag.int64)
    found = ag.topk(x, 1, out=(values, indices))
    assert found.values is values and found.indices is indices and (values.item(), indices.item()) == (3, 1)
    assert ag.cumsum(x, dim=1, out=ag.zeros(1, 3)).tolist() == [[1, 4, 6]]


def test_what_makes_new_tensors_takes_out():
    noise = ag.empty(3, 2)
    made = ag.manual_seed(0) and ag.normal(ag.zeros(3, 1), ag.tensor([1.0, 1e-3]), out=noise)
    assert made is noise and noise[:, 1].abs().max() < 0.01 < noise[:, 0].abs().max()
    assert ag.ones(3, 2, out=noise) is noise and noise.tolist() == [[1, 1]] * 3
    assert ag.full((3, 2), 7.0, out=noise).equal(7 * ag.ones(3, 2)) and ag.zeros((3, 2), out=noise).count_nonzero() == 0
    assert ag.rand(3, 2, out=noise) is noise and 0 < noise.min() and noise.max() < 1
    assert ag.randperm(6, out=ag.empty(6, dtype=ag.int64)).sort()[0].tolist() == [0, 1, 2, 3, 4, 5]
    assert ag.randint(3, 4, (3, 2), out=noise) is noise and noise.tolist() == [[3, 3]] * 3


def test_functions_composed_of_ops_take_out_and_numpys_names_too():
    x = ag.tensor([[1.0, 3.0, 2.0], [0.0, 5.0, 4.0]])
    values, indices = ag.zeros(2), ag.zeros(2, dtype=ag.int64)
    assert ag.max(x, 1, out=(values, indices)).values is values and values.tolist() == [3, 5]
    assert indices.tolist() == [1, 1] and ag.std(x, axis=1, keepdims=True).equal(ag.std(x, dim=1, keepdim=True))
    assert [part.tolist() for part in ag.chunk(x, 2, axis=0)] == [part.tolist() for part in x.chunk(2)]
    assert ag.max(x, 1, out=None).indices.equal(indices) and ag.swapaxes(x, axis0=0, axis1=1).equal(x.T)
    with pytest.raises(TypeError, match="no_such"):
        ag.chunk(x, 2, no_such=1)


def test_functions_of_linalg_and_fft_take_out():
    a, b = ag.tensor([[2.0, 1.0], [1.0, 3.0]]), ag.tensor([[1.0], [2.0]])
    for f, args in [
        *((getattr(ag.linalg, name), (a,)) for name in ("inv", "pinv", "norm", "cond", "eigvalsh", "matrix_norm")),
        *((getattr(ag.linalg, name), (a,)) for name in ("qr", "eigh", "svd", "slogdet", "cholesky_ex", "inv_ex")),
        (ag.linalg.solve, (a, b)), (ag.linalg.vecdot, (a, b)), (ag.linalg.multi_dot, ([a, b, a[:1]],)),
        (ag.fft.rfft, (a,)), (ag.fft.ifft2, (a,)), (ag.fft.fftshift, (a,)),
    ]:  # fmt: skip
        expected = f(*args)
        several = isinstance(expected, tuple)
        parts = expected if several else (expected,)
        outs = tuple(ag.empty(0, dtype=part.dtype) for part in parts)
        found = f(*args, out=outs if several else outs[0])
        for got, out, part in zip(found if several else (found,), outs, parts, strict=True):
            assert got is out and out.equal(part)
    with pytest.raises(RuntimeError, match=r"solve\(out=\) has no derivative"):
        ag.linalg.solve(a, b.requires_grad_(), out=ag.empty(0))


def test_a_view_takes_the_result_and_its_base_has_it():
    base = ag.zeros(2, 3)
    ops.add(ag.ones(3), 1, out=base[1])
    assert base.tolist() == [[0, 0, 0], [2, 2, 2]]


@pytest.mark.parametrize(
    ("use", "error", "message"),
    [
        (lambda: ag.exp(ag.ones(2, requires_grad=True), out=ag.zeros(2)), RuntimeError, "has no derivative"),
        (lambda: ag.exp(ag.ones(2), out=ag.zeros(2, requires_grad=True)), RuntimeError, "has no derivative"),
        (lambda: ag.exp(ag.ones(2), out=ag.zeros(5)[:3]), ag.ShapeError, r"\(2,\) does not fit into \(3,\), a view"),
        (lambda: ag.exp(ag.ones(2), out=ag.zeros(2, dtype=ag.int64)), RuntimeError, "float32 cannot be written into"),
        (lambda: ag.exp(ag.ones(2), out=np.zeros(2)), TypeError, "needs a tensor, got ndarray"),
    ],
)
def test_what_out_refuses(use, error, message):
    with pytest.raises(error, match=message):
        use()


def test_an_op_saved_what_out_overwrites():
    x, y = ag.ones(2, requires_grad=True), ag.full((2,), 3.0)
    z = x * y
    ag.add(y, 1, out=y)
    with pytest.raises(ag.GraphError):
        z.sum().backward()
