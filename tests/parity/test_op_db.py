"""PyTorch's own sample inputs and error inputs of every operation that is here too: values, dtypes and gradients.

They come from the database of operations (`op_db`) on which PyTorch runs its own tests. Both libraries compute every
sample. Where the results differ, the engine is repaired, or DEVIATIONS says why they may.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest

import autograd
import nn.functional as F
from autograd import Tensor

torch = pytest.importorskip("torch")
pytest.importorskip("expecttest", reason="PyTorch's op_db imports it: pip install expecttest")
from torch.testing._internal.common_methods_invocations import op_db  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore")
torch.set_num_threads(1)

DTYPES = (torch.float64, torch.float32, torch.float16, torch.int64, torch.uint8, torch.bool)
# how far numbers may be apart: relative to each, and to the largest of them (or to 1)
CLOSE = {"complex128": 1e-10, "complex64": 2e-5, "float64": 1e-10, "float32": 2e-5, "float16": 2e-2}

# Which operations are here ------------------------------------------------------------------------------------------

# where the samples have the arguments in another form than the function
CALLS: dict[str, Callable] = {
    "T": lambda x: x.T,
    "mT": lambda x: x.mT,
    "normal_in_place": lambda x, mean, std, **k: x.clone().normal_(mean, std, **k),
    "zero_": lambda x: x.clone().zero_(),
    "einsum": lambda tensors, equation: autograd.einsum(equation, *tensors),
    "where": lambda x, condition, y: autograd.where(condition, x, y),
    "linalg_lstsq_grad_oriented": lambda a, b, driver: autograd.linalg.lstsq(a, b, driver=driver)[:2],
    "linalg_pinv_singular": lambda a, b: autograd.linalg.pinv(a @ b.mT),
    "svd_lowrank": lambda a, b, **k: autograd.svd_lowrank(a @ b.mT, **k),
    "pca_lowrank": lambda a, b, **k: autograd.pca_lowrank(a @ b.mT, **k),
    "nn_functional_embedding": lambda weight, index, **k: F.embedding(index, weight, **k),
    "nn_functional_embedding_bag": lambda weight, index, **k: F.embedding_bag(index, weight, **k),
    "nn_functional_triplet_margin_with_distance_loss": lambda *args, distance_function=None, **k: (
        F.triplet_margin_with_distance_loss(
            *args, distance_function=distance_function and OUR_DISTANCES[type(distance_function)], **k
        )
    ),
}
OUR_DISTANCES = {torch.nn.PairwiseDistance: F.pairwise_distance}


CALLS |= {info.formatted_name: lambda x, n: autograd.polygamma(n, x) for info in op_db if "polygamma" in info.name}
# the operations that take complex numbers, whose samples of complex128 are computed, too
COMPLEX = set(
    """
    add sub mul neg sum mean matmul mm bmm mv outer einsum reshape view permute transpose expand cat stack unbind
    split chunk exp square reciprocal real imag conj angle abs view_as_real view_as_complex __getitem__ flip roll where
    sqrt log tanh cosh sinh tan exp2 expm1 log1p log2 rsqrt cumsum cumprod prod lerp unfold dot vdot inner cov
    nn_functional_linear nn_functional_conv1d nn_functional_conv2d nn_functional_conv_transpose1d div_no_rounding_mode
    nn_functional_normalize linalg_vector_norm linalg_vecdot norm linalg_inv inverse linalg_solve
    linalg_solve_triangular linalg_det det linalg_eigvalsh linalg_matrix_power matrix_exp linalg_multi_dot
    fft_fft fft_ifft fft_irfft fft_fft2 fft_ifft2 fft_irfft2 fft_fftn fft_ifftn fft_irfftn fft_fftshift fft_ifftshift
    """.split()
)
NAMESPACES = ("linalg", "special", "fft")


def function(info: Any) -> Callable | None:
    """The operation as it is called here: a function, or else a method."""
    name = info.name.removeprefix("nn.functional.")
    homes = (F,) if name != info.name else (autograd, Tensor)
    if name.partition(".")[0] in NAMESPACES:
        space, _, name = name.partition(".")
        homes = (getattr(autograd, space),)
    found = (getattr(home, name, None) for home in homes)
    return CALLS.get(info.formatted_name) or next((f for f in found if callable(f)), None)


OPS = {info.formatted_name: (info, call) for info in op_db if (call := function(info)) is not None}
WITH_ERRORS = [name for name, (info, _) in OPS.items() if info.error_inputs_func is not None]

# What is different, and why -----------------------------------------------------------------------------------------


class Row(NamedTuple):
    """The operations (all, if none is named), why they differ, and for which samples; `drawn`: in the numbers alone."""

    names: str
    reason: str
    when: Callable = lambda *case: True
    drawn: bool = False


def of(*dtypes: Any) -> Callable:
    return lambda sample, dtype: dtype in dtypes


def given(name: str, *dtypes: Any) -> Callable:
    return lambda sample, dtype: name in sample.kwargs and (not dtypes or dtype in dtypes)


SMALL, WHOLE = (torch.uint8, torch.bool), (torch.int64, torch.uint8, torch.bool)
OPEN = "open: "

DEVIATIONS = [
    Row("empty empty_like new_empty", "memory that is not set", drawn=True),
    Row(
        "randn randn_like rand_like randint randint_like multinomial "
        "normal normal_in_place normal_number_mean bernoulli",
        "other random numbers; that torch's bernoulli has a derivative, 0, is not followed",
        drawn=True,
    ),
    Row(
        "nn_functional_dropout nn_functional_dropout2d nn_functional_dropout3d nn_functional_alpha_dropout",
        "other random numbers",
        lambda sample, dtype: sample.kwargs.get("training", True) and 0 < sample.kwargs.get("p", 0.5) < 1,
        drawn=True,
    ),
    Row(
        "nn_functional_scaled_dot_product_attention",
        "other random numbers",
        lambda sample, dtype: sample.kwargs["dropout_p"] > 0,
        drawn=True,
    ),
    Row(
        "nn_functional_rrelu",
        "other random numbers",
        lambda sample, dtype: sample.kwargs.get("training", False),
        drawn=True,
    ),
    Row("svd_lowrank pca_lowrank", "the signs of singular vectors depend on the random numbers", drawn=True),
    Row("topk", "which of equal elements is taken is left open by torch", of(*WHOLE)),
    Row("kthvalue mode", "which of equal elements is taken is left open by torch", of(torch.float16, *WHOLE)),
    Row("view_as_complex complex", "NumPy has no complex numbers of two float16", of(torch.float16)),
    Row("linalg_eig linalg_eigvals", "has no derivative here"),
    Row("histc", "torch's float16 finds other bins near edges", of(torch.float16)),
    Row(
        "histogram",
        "torch's edges are of float32",
        lambda sample, dtype: dtype == torch.float32 and sample.kwargs.get("density"),
    ),
    Row(
        "nn_functional_multi_head_attention_forward",
        "other random numbers",
        lambda sample, dtype: sample.args[9] > 0 and sample.kwargs["training"],
        drawn=True,
    ),
    Row("bfloat16", "NumPy has no bfloat16"),
    Row(
        "cov",
        "a gradient that is 0 but for rounding",
        lambda sample, dtype: dtype == torch.float32 and tuple(sample.input.shape) == (3, 2),
    ),
    Row("logspace logspace_tensor_overload", OPEN + "to whole dtypes", given("dtype", *WHOLE)),
    Row(
        "index_fill",
        "torch counts a place that the index names twice twice",
        lambda sample, dtype: dtype.is_floating_point,
    ),
    Row("scatter_reduce_prod", "has no derivative here", lambda sample, dtype: dtype.is_floating_point),
    Row("msort", "the order of equal elements is left open by torch", of(torch.float16)),
    Row(
        "sort argsort",
        "the order of equal elements is left open by torch where the sort need not be stable",
        lambda sample, dtype: dtype in (torch.float16, *SMALL) and sample.input.numel() > 1000,
    ),
    Row("einsum", "torch adds uint8 in int64 or in uint8, by the path that it chooses", of(torch.uint8)),
    Row(
        "nn_functional_layer_norm",
        "of one element the gradient is 0, and torch's a rounding error",
        lambda sample, dtype: dtype == torch.float32 and sample.input.numel() == 1,
    ),
    Row(
        "norm",
        "the powers of a negative norm overflow in float16, on both sides",
        lambda sample, dtype: dtype == torch.float16 and sample.args[:1] == (-2,),
    ),
    Row("nn_functional_hardsigmoid", "the sixth in torch's gradient is rounded to float32", of(torch.float64)),
    Row("nn_functional_ctc_loss", "both are rounded over 50 steps, ours less", of(torch.float32)),
    Row("nn_functional_soft_margin_loss", "torch's exp overflows", of(torch.float16)),
    Row("nn_functional_cosine_embedding_loss", "targets of -1 in uint8", of(torch.uint8)),
    Row(
        "cholesky_solve cholesky_inverse",
        "torch's gradient has elements where the factor is not read; ours is that of the triangle",
        lambda sample, dtype: dtype.is_floating_point and sample.input.numel(),
    ),
    Row("linalg_pinv_hermitian", "of a matrix that is not symmetric torch's gradient mixes both triangles"),
    Row("matrix_exp", "torch's float16 overflows inside", of(torch.float16)),
    Row("nextafter", "torch records it, and then has no derivative", lambda sample, dtype: dtype.is_floating_point),
    Row("logcumsumexp", "torch's gradient goes through logarithms, which round", of(torch.float32, torch.float16)),
    Row("nn_functional_batch_norm", "images have channels: not an empty vector", lambda s, dtype: s.input.ndim < 2),
    Row(
        "nn_functional_interpolate_bilinear nn_functional_interpolate_bicubic",
        "torch rounds the weights for uint8: numbers differ by 1 or 2",
        of(torch.uint8),
    ),
    Row("as_strided_partial_views", "the tensors are copied to us, without the memory of which they are a part"),
    Row("addr", "a number times bools is a whole number, as in `2 * x`", of(torch.bool)),
]


IN_ANY_LAYOUT = ("linalg.lu", "masked_scatter", "svd")  # their results of contiguous tensors need not be contiguous


def of_out(error: Any) -> bool:
    """Whether the error of a sample is about the tensor that is given as out=."""
    about = re.search("unsupported|single memory|to have dtype|Long tensor out", error.error_regex)
    return "out" in error.sample_input.kwargs and about is not None


ERRORS = [
    Row(
        "cat masked_select gather take bernoulli index_select kthvalue aminmax",
        "out= may have any layout and dtype, and may share memory with the arguments",
        of_out,
    ),
    Row("cat", "a tensor is the sequence of its rows", lambda error: "must be tuple" in error.error_regex),
    Row("multinomial", "out= may have any dtype; the weights are memory that is not set", of_out, drawn=True),
    Row("", "numbers: NumPy's functions take them in the place of tensors", lambda error: error.error_regex == ""),
    Row("masked_fill", "there are no complex numbers", lambda error: "overflow" in error.error_regex),
    Row("complex", "what is written into out= may lose digits", lambda error: "out" in error.sample_input.kwargs),
]


def row_for(table: list[Row], name: str, *case: Any) -> Row | None:
    return next((row for row in table if name in (row.names or name).split() and row.when(*case)), None)


def check_needed(table: list[Row], name: str, needed: set) -> None:
    """A row that no sample needs any more has to go."""
    outdated = [row.reason for row in table if name in row.names.split() and not row.drawn and row not in needed]
    assert not outdated, f"{name} does not differ any more, so its rows are to be removed: {outdated}"


# From theirs to ours ------------------------------------------------------------------------------------------------


def is_layout(value: Any) -> bool:
    """Whether this says how a tensor lies in memory, which changes no number, dtype or shape."""
    return isinstance(value, torch.memory_format) or value is torch.strided


def ours(value: Any, leaves: list) -> Any:
    """An argument of a sample as the engine takes it; tensors that require grad are noted in `leaves`, with theirs."""
    if isinstance(value, torch.Tensor):
        made = Tensor.wrap(np.array(value.detach().resolve_conj().numpy()))
        if value.requires_grad:
            made.requires_grad_()
            leaves.append((made, value))
        return made
    if type(value) in (tuple, list, torch.Size):
        return (list if type(value) is list else tuple)(ours(item, leaves) for item in value if not is_layout(item))
    if isinstance(value, dict):
        return {name: ours(item, leaves) for name, item in value.items() if not is_layout(item)}
    if isinstance(value, torch.dtype):
        return getattr(autograd, str(value).removeprefix("torch."))
    return str(value) if isinstance(value, torch.device) else value


def flat(result: Any) -> list:
    """The results of a call, one after the other."""
    return [leaf for item in result for leaf in flat(item)] if isinstance(result, (tuple, list)) else [result]


def check_same(found: Any, expected: Any, what: str, drawn: bool) -> None:
    """The same shape, dtype and, unless they are `drawn`, numbers; of what is no tensor, the same value."""
    if not isinstance(expected, torch.Tensor):
        assert type(found) is type(expected) and (found == expected or abs(found - expected) < 1e-4), what
        return
    found, expected = found.detach().numpy(), expected.detach().resolve_conj().resolve_neg().numpy(force=True)
    shapes = f"{what}: {found.dtype} {found.shape}, not {expected.dtype} {expected.shape}"
    assert (found.shape, found.dtype) == (expected.shape, expected.dtype), shapes
    if drawn:
        return
    tolerance = CLOSE.get(found.dtype.name, 0)
    largest = np.abs(expected[np.isfinite(expected)].astype(np.complex128)).max(initial=1) if tolerance else 0
    np.testing.assert_allclose(found, expected, rtol=tolerance, atol=tolerance * largest, err_msg=what)


def lies_in_rows(value: Any) -> bool:
    """Whether this is no tensor, or one that `view` can give any shape."""
    return not isinstance(value, (torch.Tensor, Tensor)) or value.is_contiguous()


def compare(info: Any, call: Callable, sample: Any, drawn: bool) -> None:
    """One sample, computed by both."""
    leaves: list = []
    arguments, keywords = ours([sample.input, *sample.args], leaves), ours(sample.kwargs, leaves)
    comparable = sample.output_process_fn_grad  # of eigenvectors, say, whose sign is free, the absolute values
    theirs = flat(comparable(info.op(sample.input, *sample.args, **sample.kwargs)))
    found = flat(comparable(call(*arguments, **keywords)))
    assert len(found) == len(theirs), f"{len(found)} results, not {len(theirs)}"
    row_major = all(lies_in_rows(x) for x in flat([sample.input, sample.args, list(sample.kwargs.values())]))
    for i, (a, b) in enumerate(zip(found, theirs)):
        check_same(a, b, f"result {i}", drawn)
        if row_major and lies_in_rows(b) and info.name not in IN_ANY_LAYOUT:
            assert lies_in_rows(a), f"result {i} of strides {a.stride()} is not contiguous, but torch's is"
    pairs = [(a, b) for a, b in zip(found, theirs) if isinstance(b, torch.Tensor) and b.requires_grad]
    if drawn or not pairs:
        return
    rng = np.random.default_rng(0)
    seeds = [np.asarray(rng.uniform(0.5, 1.5, a.shape)).astype(a.dtype) for a, _ in pairs]
    (outs, others), (xs, ys) = zip(*pairs), zip(*leaves)
    gradients = autograd.grad(outs, xs, list(map(Tensor.wrap, seeds)), allow_unused=True)
    expected = torch.autograd.grad(others, ys, list(map(torch.as_tensor, seeds)), allow_unused=True)
    for i, (a, b, x) in enumerate(zip(gradients, expected, ys)):
        zeros = torch.zeros_like(x)
        check_same(Tensor.wrap(zeros.numpy()) if a is None else a, zeros if b is None else b, f"gradient {i}", False)


def samples(info: Any) -> Any:
    """All samples of an operation, with their dtypes; the same in every run.

    `info.sample_inputs` gives the same, but looks through the whole call stack for each.
    """
    torch.manual_seed(0)
    for dtype in (*DTYPES, torch.complex128) if info.formatted_name in COMPLEX else DTYPES:
        if dtype in info.supported_dtypes("cpu"):
            grad = info.supports_autograd and (dtype.is_floating_point or dtype.is_complex)
            for sample in info.sample_inputs_func(info, "cpu", dtype, grad):
                yield sample, dtype


@pytest.mark.parametrize("name", OPS)
def test_samples_give_what_torch_gives(name):
    info, call = OPS[name]
    needed, wrong = set(), []
    for sample, dtype in samples(info):
        row = row_for(DEVIATIONS, name, sample, dtype)
        try:
            with np.errstate(all="ignore"):
                compare(info, call, sample, drawn=row is not None and row.drawn)
        except Exception as error:
            needed.add(row)
            if row is None or row.drawn:
                wrong.append(f"{sample.summary()}\n{type(error).__name__}: {error}")
    assert not wrong, f"{len(wrong)} samples differ, such as\n" + "\n\n".join(wrong[:3])
    check_needed(DEVIATIONS, name, needed)


@pytest.mark.parametrize("name", WITH_ERRORS)
def test_wrong_inputs_are_refused(name):
    info, call = OPS[name]
    needed, wrong = set(), []
    for error in info.error_inputs_func(info, "cpu"):
        sample, row = error.sample_input, row_for(ERRORS, name, error)
        try:
            call(*ours([sample.input, *sample.args], []), **ours(sample.kwargs, []))
        except (RuntimeError, IndexError, TypeError, ValueError):
            continue
        except Exception:
            pass
        needed.add(row)
        if row is None:
            wrong.append(f"{sample.summary()} (torch: {error.error_regex})")
    assert not wrong, "no error for\n" + "\n".join(wrong)
    check_needed(ERRORS, name, needed)


def test_at_most_one_in_twenty_samples_is_skipped():
    rows = [row_for(DEVIATIONS, name, *case) for name, (info, _) in OPS.items() for case in samples(info)]
    skipped = sum(row is not None and not row.drawn for row in rows)
    print(f"\n{len(rows):,} sample inputs of {len(OPS)} operations, {skipped / len(rows):.1%} skipped")
    assert skipped <= len(rows) / 20
