"""Calls that ask for what is not there raise an error that says so, in words with shapes and names."""

import gc
import pickle
import tracemalloc

import numpy as np
import pytest

import autograd as ag
import nn
import nn.functional as F
from autograd.ops.complaints import explained

X = ag.tensor(np.arange(12.0).reshape(3, 4))
C = ag.tensor(np.arange(24.0).reshape(2, 3, 4))
V = ag.tensor([1.0, 2.0, 3.0])
ZERO_D = ag.tensor(5.0)
I = ag.tensor([0, 2])  # noqa: E741
FLOATS = ag.ones(2, 4)

WRONG = {
    "a tensor plus a Value": (lambda: V + ag.Value(3.0), TypeError, r"not with a Tensor: .*item\(\)"),
    "a Value plus a tensor": (lambda: ag.Value(3.0) + V, TypeError, r"not with a Tensor: .*item\(\)"),
    "grad of a number": (lambda: ag.grad(3.0, V), TypeError, "takes tensors, or grad.f. a function, got float"),
    "grad by numbers": (lambda: ag.grad(V.sum(), [1.0, 2.0]), TypeError, "takes tensors.*got float"),
    "backward to an array": (lambda: V.backward(inputs=[np.ones(2)]), TypeError, "must be tensors, got ndarray"),
    "backward to a number": (lambda: V.backward(inputs=4), TypeError, "inputs must be tensors, got int"),
    "zeros of objects": (lambda: ag.zeros_like(V, dtype=object), TypeError, "not object"),
    "zeros like objects": (lambda: ag.zeros_like(np.array([None])), TypeError, "not object"),
    "a function for a device": (lambda: ag.ones(2, device=len), RuntimeError, "no device of type builtin_function"),
    "a number for the indices": (lambda: V.index_put(1, 2.0), TypeError, "a tuple of indices, one a dim, got int"),
    "a class for an element": (lambda: V.__setitem__(0, np.float32), TypeError, "takes a number, an array or a tensor"),
    "more than memory": (lambda: ag.ones(10**9, 10**9), MemoryError, r"ones\(sizes\[0\] 1000000000, .*allocate"),
    "imag of floats": (lambda: V.imag, RuntimeError, "imag needs complex numbers, got float32"),
    "view_as_real of floats": (lambda: ag.view_as_real(V), RuntimeError, "view_as_real needs complex numbers"),
    "another size with a gradient": (lambda: (V * 1).requires_grad_().resize_(2), RuntimeError, "resize_ of a"),
    "grad by nothing": (lambda: ag.grad(V.sum()), TypeError, "takes tensors.*got int"),
    "load of a text": (lambda: ag.load(__file__), pickle.UnpicklingError, "test_wrong_calls.py: the file is damaged"),
    "a list given to linear": (lambda: F.linear([1.0, 2.0], X), TypeError, "linear: .* must be a tensor, got list"),
    "movedim to one dim twice": (lambda: C.movedim((0, 1), (2, -1)), RuntimeError, r"from \[0, 1\] to \[2, 2\]"),
    "movedim of two to one": (lambda: C.movedim((0, 1), (2,)), RuntimeError, "the same number of dims"),
    "squeeze of 0 dims": (lambda: ZERO_D.squeeze(10), IndexError, "dim 10 is out of range"),
    "roll by nothing": (lambda: V.roll(()), RuntimeError, "give one shift for each dim"),
    "roll by two along one dim": (lambda: X.roll((2, 1), 0), RuntimeError, "give one shift for each dim"),
    "tril of a vector": (lambda: V.tril(), RuntimeError, r"at least 2 dims.*\(3,\)"),
    "triu of a vector": (lambda: V.triu(), RuntimeError, r"at least 2 dims.*\(3,\)"),
    "cat with None": (lambda: ag.cat([X, None]), TypeError, "got NoneType"),
    "cat of other shapes": (lambda: ag.cat([V, X]), RuntimeError, r"\(3,\), \(3, 4\)"),
    "no chunks": (lambda: X.chunk(0), RuntimeError, "at least 1 chunk, got 0"),
    "split into pieces of nothing": (lambda: X.split(0), RuntimeError, "pieces of size 0"),
    "split with a negative piece": (lambda: X.split([4, -1]), RuntimeError, "none of them negative"),
    "narrow from a truth value": (lambda: X.narrow(0, ag.tensor(True), 1), TypeError, "narrow: start"),
    "narrow beyond the end": (lambda: X.narrow(0, -1, 2), RuntimeError, r"beyond dim 0 of the shape \(3, 4\)"),
    "unfold wider than the dim": (lambda: ag.ones(8).unfold(0, 9, 3), RuntimeError, r"\(8,\).*size 9 must be"),
    "unfold in steps of 0": (lambda: V.unfold(0, 2, 0), RuntimeError, "step 0 at least 1"),
    "repeat_interleave, other size": (lambda: V.repeat_interleave(2, output_size=5), RuntimeError, "not output_size=5"),
    "gather at negative places": (lambda: V.gather(0, ag.tensor([-1])), IndexError, "negative, got -1"),
    "gather, index of other dims": (lambda: X.gather(0, I), RuntimeError, "must have 2 dims"),
    "take_along_dim, other dims": (lambda: X.take_along_dim(I, 0), RuntimeError, r"\(2,\) need 2 dims"),
    "index_select by a matrix": (lambda: X.index_select(0, ag.tensor([[0]])), IndexError, r"a vector.*\(1, 1\)"),
    "index_select of 0 dims": (lambda: ZERO_D.index_select(0, ag.tensor([0, 0])), IndexError, "have 1 element, not 2"),
    "index_add, other shape": (lambda: X.index_add(0, I, V), RuntimeError, r"source \(3,\) must be the input \(3, 4\)"),
    "index_add, other dtype": (lambda: X.index_add(0, I, FLOATS), RuntimeError, "float64, not float32"),
    "scatter, other dtype": (lambda: X.scatter(0, ag.tensor([[0]]), FLOATS), RuntimeError, "float64, not float32"),
    "scatter, too little": (lambda: X.scatter(0, ag.tensor([[0, 1]]), X[:, :1]), RuntimeError, r"\(3, 1\).*\(1, 2\)"),
    "scatter_add, too little": (lambda: X.scatter_add(0, ag.tensor([[0, 1]]), X[:, :1]), RuntimeError, r"scatter_add"),
    "masked_select by numbers": (lambda: V.masked_select(ag.tensor([0, 1, 0])), TypeError, "be boolean, not int64"),
    "complex numbers of fours": (lambda: ag.view_as_complex(X), RuntimeError, r"last dim of size 2.*\(3, 4\)"),
    "complex numbers of a number": (lambda: ag.view_as_complex(ZERO_D), RuntimeError, r"last dim of size 2.*\(\)"),
    "complex numbers of whole ones": (lambda: ag.view_as_complex(I), RuntimeError, "needs floats .* int64"),
    "remainder by a whole 0": (lambda: ag.remainder(I, I), RuntimeError, "(?i)zero|by 0"),
    "topk of more than a number": (lambda: ZERO_D.topk(2), RuntimeError, "topk of k=2 along dim -1 of size 1"),
    "convolution of two dtypes": (lambda: F.conv1d(C, ag.ones(5, 3, 2)), RuntimeError, "float64, but .* float32"),
    "convolution, bias alone": (
        lambda: F.conv1d(C, ag.ones(5, 3, 2, dtype=ag.float64), ag.ones(5)), RuntimeError, "float64, but .* float32"
    ),
    "convolution in a text of groups": (lambda: ag.conv1d(C, C, groups="a"), TypeError, r"conv1d\(.*, groups 'a'\)"),
    "outer of a matrix": (lambda: ag.outer(X, V), RuntimeError, r"two vectors.*\(3, 4\) and \(3,\)"),
    "addmm of batches": (lambda: ag.addmm(C, C, C.mT), RuntimeError, "mm needs 2 and 2 dims"),
    "baddbmm of matrices": (lambda: ag.baddbmm(X, X, X.T), RuntimeError, "bmm needs 3 and 3 dims"),
    "tensordot over too many": (lambda: ag.tensordot(V, V, 2), RuntimeError, r"over 2 dims of the shapes \(3,\)"),
    "tensordot along no dim of the first": (lambda: ag.tensordot(X, V, ([-3], [0])), IndexError, "dim -3 is out of"),
    "tensordot along no dim of the second": (lambda: ag.tensordot(X, V, ([0], [-2])), IndexError, "dim -2 is out of"),
    "einsum without subscripts": (lambda: ag.einsum(X, X), TypeError, "followed by a list of numbers"),
    "diagonal of no dim": (lambda: X.diagonal(dim2=10000), IndexError, "dim 10000 is out of range"),
    "diagonal of one dim": (lambda: X.diagonal(0, 1, -1), RuntimeError, r"dims 1 and -1 of the shape \(3, 4\)"),
    "diag of three dims": (lambda: C.diag(), RuntimeError, r"a vector or a matrix.*\(2, 3, 4\)"),
    "trace of three dims": (lambda: C.trace(), RuntimeError, r"a matrix, got the shape \(2, 3, 4\)"),
    "median of nothing": (lambda: ag.ones(0, 2).median(0), IndexError, r"\(0, 2\) is empty: it has no median"),
    "meshgrid of a matrix": (lambda: ag.meshgrid(X, V), RuntimeError, r"0 or 1 dims, got \[\(3, 4\), \(3,\)\]"),
    "multinomial of no samples": (lambda: ag.multinomial(V, 0), RuntimeError, "at least 1 sample"),
    "multinomial of integers": (lambda: ag.multinomial(I, 1), RuntimeError, "from floats, not 1 from int64"),
    "embedding with a 3-d weight": (lambda: F.embedding(I, C), RuntimeError, r"a table \(V, C\).*\(2, 3, 4\)"),
    "attention, mask and causal": (
        lambda: F.scaled_dot_product_attention(C, C, C, ag.ones(3, 3), is_causal=True),
        RuntimeError,
        "not both",
    ),
    "reflection of more than there is": (lambda: F.pad(X, (4, 0), "reflect"), RuntimeError, r"\(4, 0\).*'reflect'"),
    "another turn of a circle": (lambda: F.pad(X, (5, 0), "circular"), RuntimeError, r"\(5, 0\).*'circular'"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_call_says_what_is_wrong(name):
    call, error, message = WRONG[name]
    with pytest.raises(error, match=message):
        call()


def test_caught_errors_keep_no_array_alive_with_the_garbage_collector_off():
    x = ag.ones(500, 500)
    gc.disable()
    tracemalloc.start()
    try:
        for _ in range(20):
            y = x + 1
            with pytest.raises(ag.ShapeError) as caught:
                y @ ag.ones(7, 7)
            assert caught.value.__cause__ is None
            del caught, y
        current, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
        gc.enable()
    assert current < 3 * x.array.nbytes


SAID_AGAIN = {  # what Python or NumPy alone would say, after the name of the function and what it was given
    "a text as dim": (lambda: ag.sum(V, "a"), TypeError, r"^sum\(x float32 \(3,\), dim 'a'\): "),
    "a number as image": (lambda: F.adaptive_avg_pool1d(2, 1), TypeError, "^adaptive_avg_pool1d: .*tensor, got int"),
    "a list times a number": (lambda: ag.mul([1, 2], 3), TypeError, r"^mul: x .* got list: pass tensor\(x\)"),
    "a sum with a text": (lambda: ag.add(V, "a"), TypeError, r"^add\(x float32 \(3,\), y 'a'\): "),
    "a layer of a list": (lambda: nn.BatchNorm1d(3)([1.0]), TypeError, "must be a tensor, got list"),
    "a lazy layer of a text": (lambda: nn.LazyLinear(3)("x"), TypeError, "^LazyLinear: input must be a tensor"),
    "a layer of a size of lists": (lambda: nn.Conv1d([4], 4, 2), TypeError, r"^Conv1d\(in_channels \[4\], out_"),
    "in place on an array": (lambda: ag.Tensor.exp_(V.array), TypeError, "^exp_ changes a tensor in place, got nd"),
    "sizes that are texts": (lambda: ag.ones("a", "b"), TypeError, r"whole numbers, got \('a', 'b'\)"),
    "a seed as generator": (lambda: ag.randn(3, generator=5), TypeError, "must be a Generator, got int"),
}  # fmt: skip


@pytest.mark.parametrize("name", SAID_AGAIN)
def test_complaints_of_python_and_numpy_name_the_function_and_what_it_was_given(name):
    call, error, message = SAID_AGAIN[name]
    with pytest.raises(error, match=message):
        call()


def test_errors_of_a_users_own_code_pass_as_they_are():
    class Broken(nn.Module):
        def forward(self, x):
            return x + {}["missing"]

    with pytest.raises(KeyError, match="^'missing'$"):
        nn.Sequential(Broken())(V)
    with pytest.raises(ZeroDivisionError, match="^division by zero$"):
        ag.vmap(lambda x: x * (1 / 0))(X)


@pytest.mark.parametrize(("kind", "said"), [("MemoryError", "out of memory"), ("IndexError", "IndexError")])
def test_an_error_of_numpys_without_a_text_says_of_which_kind_it_is(kind, said):
    numpys = {"__name__": "numpy.inside"}
    exec(f"def fails(x): raise {kind}", numpys)
    with pytest.raises((MemoryError, IndexError), match=rf"^fails\(x 1\): {said}$"):
        explained(numpys["fails"])(1)
