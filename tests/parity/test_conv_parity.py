"""Convolution, pooling, batch statistics and images beside PyTorch: random sizes, strides, dtypes and layouts."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import autograd as ag
import nn
import nn.functional as F

torch = pytest.importorskip("torch")
TF = torch.nn.functional
torch.set_num_threads(1)
pytestmark = pytest.mark.filterwarnings("ignore")
many = settings(deadline=None, max_examples=200)
CLOSE = {np.float64: 1e-10, np.float32: 2e-5, np.float16: 2e-2}


def close(found: Any, expected: Any, dtype: Any) -> None:
    """Equal to the precision of the dtype, relative to the largest element."""
    found, expected = found.detach().numpy(), expected.detach().numpy()
    assert (found.shape, found.dtype) == (expected.shape, expected.dtype)
    largest = np.abs(expected[np.isfinite(expected)], dtype=np.float64).max(initial=1)
    np.testing.assert_allclose(found, expected, rtol=CLOSE[dtype], atol=CLOSE[dtype] * largest)


@st.composite
def laid_out(draw: Any, shape: Any, dtype: Any = np.float64) -> np.ndarray:
    """Random numbers in row-major order, transposed, backwards, every second of them, or expanded."""
    rng = np.random.default_rng(draw(st.integers(0, 2**31)))
    layout = draw(st.sampled_from(["rows", "columns", "steps", "expanded"]))
    x = rng.standard_normal(shape).astype(dtype)
    if layout == "columns":
        return np.asfortranarray(x)
    if layout == "steps":
        return np.repeat(x, 2, -1)[..., ::2]
    return np.broadcast_to(x[:1], shape) if layout == "expanded" and shape[0] else x


def as_torch(array: np.ndarray) -> Any:
    """The array as a tensor of PyTorch, in the same layout if it can be written to."""
    return torch.from_numpy(array if array.flags.writeable else array.copy())


def compare(ours: Any, theirs: Any, arrays: Any, dtype: Any, second: bool = False) -> None:
    """The values, the gradients of a random weighting of the outputs, and those of the gradients' squares."""
    xs = [None if a is None else ag.Tensor.wrap(a).requires_grad_() for a in arrays]
    ys = [None if a is None else as_torch(a).requires_grad_() for a in arrays]
    out, expected = ours(*xs), theirs(*ys)
    close(out, expected, dtype)
    seed = np.random.default_rng(0).standard_normal(tuple(out.shape)).astype(dtype)
    xs, ys = [x for x in xs if x is not None], [y for y in ys if y is not None]
    found = ag.grad(out, xs, ag.tensor(seed), create_graph=second)
    wanted = torch.autograd.grad(expected, ys, torch.tensor(seed), create_graph=second)
    for a, b in zip(found, wanted, strict=True):
        close(a, b, dtype)
    if second:
        found = ag.grad(sum((a * a).sum() for a in found), xs, allow_unused=True)
        wanted = torch.autograd.grad(sum((b * b).sum() for b in wanted), ys, allow_unused=True)
        zeros = [(ag.zeros_like(x), torch.zeros(y.shape, dtype=y.dtype)) for x, y in zip(xs, ys)]
        for a, b, (x, y) in zip(found, wanted, zeros, strict=True):
            close(x if a is None else a, y if b is None else b, dtype)


@st.composite
def convolutions(draw: Any, transposed: bool) -> Any:
    """How many dims, the arrays, and the settings."""
    dims, groups = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    each = lambda low, high: tuple(draw(st.integers(low, high)) for _ in range(dims))  # noqa: E731
    kernel, stride, padding, dilation = each(1, 4), each(1, 3), each(0, 3), each(1, 2)
    n, c, o = draw(st.integers(1, 4)), groups * draw(st.integers(1, 4)), groups * draw(st.integers(1, 10))
    settings = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
    least = tuple(max(1, d * (k - 1) + 1 - 2 * p) for k, d, p in zip(kernel, dilation, padding))
    if transposed:
        least = tuple(1 + max(0, 2 * p - d * (k - 1)) for k, d, p in zip(kernel, dilation, padding))
        settings["output_padding"] = tuple(draw(st.integers(0, max(s, d) - 1)) for s, d in zip(stride, dilation))
    size = tuple(low + draw(st.integers(0, 5)) for low in least)
    dtype = draw(st.sampled_from(list(CLOSE)))
    shapes = (n, o if transposed else c, *size), (o, c // groups, *kernel), (c if transposed else o,)
    x, weight, bias = (draw(laid_out(shape, dtype)) for shape in shapes)
    if draw(st.booleans()):
        x = x[0]
    return dims, (x, weight, bias if draw(st.booleans()) else None), settings, dtype


@many
@given(convolutions(transposed=False), st.booleans())
def test_convolution(case, second):
    dims, arrays, settings, dtype = case
    ours, theirs = getattr(F, f"conv{dims}d"), getattr(TF, f"conv{dims}d")
    second = second and dtype == np.float64
    compare(lambda *a: ours(*a, **settings), lambda *a: theirs(*a, **settings), arrays, dtype, second)


@many
@given(convolutions(transposed=True), st.booleans())
def test_transposed_convolution(case, second):
    dims, arrays, settings, dtype = case
    ours, theirs = getattr(F, f"conv_transpose{dims}d"), getattr(TF, f"conv_transpose{dims}d")
    second = second and dtype == np.float64
    compare(lambda *a: ours(*a, **settings), lambda *a: theirs(*a, **settings), arrays, dtype, second)


def beside(name: str, *args: Any, **keywords: Any) -> Any:
    """The layer of both libraries, with the same parameters and buffers, and the same repr (but for our counts)."""
    ours, theirs = getattr(nn, name)(*args, **keywords), getattr(torch.nn, name)(*args, **keywords)
    ours.load_state_dict({key: value.numpy() for key, value in theirs.state_dict().items()})
    assert repr(ours).partition("  #")[0] == repr(theirs)
    return ours, theirs


@pytest.mark.parametrize("mode", ["zeros", "reflect", "replicate", "circular"])
@pytest.mark.parametrize("padding", [0, 2, "same", "valid"])
@pytest.mark.parametrize("dims", [1, 2, 3])
def test_layers_pad_in_every_mode(dims, padding, mode):
    kernel = (2, 3, 4)[:dims]
    ours, theirs = beside(f"Conv{dims}d", 2, 4, kernel, padding=padding, padding_mode=mode, groups=2, bias=False)
    x = np.random.default_rng(0).standard_normal((2, 2, *(6, 5, 4)[:dims])).astype(np.float32)
    compare(ours, theirs, [x], np.float32)


@pytest.mark.parametrize(
    "name", ["Conv1d", "Conv2d", "Conv3d", "ConvTranspose1d", "ConvTranspose2d", "ConvTranspose3d"]
)
def test_layers_start_with_the_same_bounds_and_have_the_same_attributes(name):
    settings = {"stride": 2, "padding": 1, "dilation": 1, "groups": 2}
    ours, theirs = beside(name, 40, 30, 3, **settings)
    for word in "in_channels out_channels kernel_size stride padding dilation output_padding groups".split():
        assert getattr(ours, word) == getattr(theirs, word)
    ours.reset_parameters()
    for a, b in zip(ours.parameters(), theirs.parameters(), strict=True):
        np.testing.assert_allclose(np.abs(a.detach().numpy()).max(), b.detach().abs().max().item(), rtol=0.2)


@many
@given(convolutions(transposed=True), st.data())
def test_a_transposed_layer_gives_the_size_that_is_asked_for(case, data):
    dims, (x, weight, _), settings, _ = case
    x = x[None] if x.ndim == dims + 1 else x
    x, settings = x.astype(np.float32), {**settings, "output_padding": 0}
    groups = settings["groups"]
    name, outputs = f"ConvTranspose{dims}d", weight.shape[1] * groups
    ours, theirs = beside(name, len(weight), outputs, weight.shape[2:], **settings)
    least = theirs(torch.tensor(x)).shape[2:]
    size = [n + data.draw(st.integers(-1, s)) for n, s in zip(least, settings["stride"])]
    try:
        expected = theirs(torch.tensor(x), output_size=size)
    except (RuntimeError, ValueError):
        with pytest.raises(RuntimeError, match="output"):
            ours(ag.tensor(x), output_size=size)
    else:
        close(ours(ag.tensor(x), output_size=size), expected, np.float32)


# Pooling ------------------------------------------------------------------------------------------------------------


@st.composite
def pooled(draw: Any, dilated: bool) -> Any:
    """How many dims, images with many ties and some nan, and the settings of a pooling over them."""
    dims = draw(st.integers(1, 3))
    each = lambda low, high: tuple(draw(st.integers(low, high)) for _ in range(dims))  # noqa: E731
    kernel, dilation = each(1, 4), each(1, 2) if dilated else (1,) * dims
    padding = tuple(draw(st.integers(0, k // 2)) for k in kernel)
    least = [max(d, d * (k - 1) + 1 - 2 * p) for k, d, p in zip(kernel, dilation, padding)]
    size = [n + draw(st.integers(0, 5)) for n in least]
    settings = {"kernel_size": kernel, "stride": draw(st.sampled_from([None, each(1, 4)])), "padding": padding}
    settings["ceil_mode"] = draw(st.booleans())
    dtype = draw(st.sampled_from(list(CLOSE)))
    x = draw(laid_out((draw(st.integers(1, 3)), draw(st.integers(1, 4)), *size), dtype))
    if draw(st.booleans()):
        x = np.round(x)
    if draw(st.booleans()):
        x = x[0]
    return dims, x, settings | ({"dilation": dilation} if dilated else {}), dtype


@many
@given(pooled(dilated=True), st.booleans())
def test_max_pooling(case, with_nan):
    dims, x, settings, dtype = case
    ours, theirs = getattr(F, f"max_pool{dims}d"), getattr(TF, f"max_pool{dims}d")
    compare(lambda a: ours(a, **settings), lambda a: theirs(a, **settings), [x], dtype)
    x = np.where(x > 1, np.nan, x) if with_nan else x
    found = ours(ag.tensor(x), **settings, return_indices=True)
    for a, b in zip(found, theirs(torch.tensor(x), **settings, return_indices=True), strict=True):
        np.testing.assert_array_equal(a.numpy(), b.numpy(), strict=True)


@many
@given(pooled(dilated=False), st.booleans(), st.data())
def test_average_pooling(case, padded, data):
    dims, x, settings, dtype = case
    assume(all(n >= k for n, k in zip(x.shape[-dims:], settings["kernel_size"])))  # torch asks for it in 3-D
    if (dims, dtype) == (3, np.float16):
        x, dtype = x.astype(np.float32), np.float32  # torch has no float16 here
    settings["count_include_pad"] = padded
    if dims > 1:
        settings["divisor_override"] = data.draw(st.sampled_from([None, 3]))
    ours, theirs = getattr(F, f"avg_pool{dims}d"), getattr(TF, f"avg_pool{dims}d")
    compare(lambda a: ours(a, **settings), lambda a: theirs(a, **settings), [x], dtype)


@many
@given(pooled(dilated=False), st.data())
def test_adaptive_pooling(case, data):
    dims, x, _, dtype = case
    size = tuple(data.draw(st.integers(1, 6)) for _ in range(dims))
    kind = data.draw(st.sampled_from(["avg", "max"]))
    ours, theirs = (getattr(library, f"adaptive_{kind}_pool{dims}d") for library in (F, TF))
    compare(lambda a: ours(a, size), lambda a: theirs(a, size), [x], dtype)
    if kind == "max":
        _, found = ours(ag.tensor(x), size, return_indices=True)
        _, expected = theirs(torch.tensor(x), size, return_indices=True)
        np.testing.assert_array_equal(found.numpy(), expected.numpy(), strict=True)


POOLING = [
    ("MaxPool1d", (2,)), ("MaxPool2d", (3, 2, 1)), ("MaxPool3d", (2, None, 0, 1, True)), ("AvgPool1d", (3, 1, 1)),
    ("AvgPool2d", ((2, 3),)), ("AvgPool3d", (2, 1, 1, True, False)), ("AdaptiveAvgPool1d", (3,)),
    ("AdaptiveAvgPool2d", ((None, 2),)), ("AdaptiveAvgPool3d", (1,)),
    ("LPPool1d", (2, 3)), ("LPPool2d", (3.0, (2, 3), 2, True)), ("LPPool3d", (1.5, 2)), ("LPPool1d", (math.inf, 2)),
    ("AdaptiveMaxPool1d", (4,)), ("AdaptiveMaxPool2d", (1,)), ("AdaptiveMaxPool3d", ((2, 1, None),)),
]  # fmt: skip


@pytest.mark.parametrize(("name", "settings"), POOLING, ids=str)
def test_pooling_layers(name, settings):
    ours, theirs = beside(name, *settings)
    x = np.random.default_rng(0).uniform(0.5, 1.5, (2, 3, *(6, 5, 7)[: int(name[-2])]))
    first = lambda out: out[0] if isinstance(out, tuple) else out  # noqa: E731
    compare(lambda a: first(ours(a)), lambda a: first(theirs(a)), [x], np.float64)


# Normalisation ------------------------------------------------------------------------------------------------------

NORMS = {
    "BatchNorm1d": (4,), "BatchNorm2d": (4,), "BatchNorm3d": (4,), "InstanceNorm1d": (4,), "InstanceNorm2d": (4,),
    "InstanceNorm3d": (4,), "GroupNorm": (2, 4), "LocalResponseNorm": (3,),
}  # fmt: skip


@settings(deadline=None, max_examples=60)
@given(st.data())
@pytest.mark.parametrize("name", NORMS)
def test_norms_in_training_and_evaluation(name, data):
    draw = data.draw
    keywords: dict = {}
    if name != "LocalResponseNorm":
        keywords["affine"] = draw(st.booleans())
    if name.startswith(("Batch", "Instance")):
        keywords["track_running_stats"] = draw(st.booleans())
        keywords["momentum"] = draw(st.sampled_from([0.1, 0.5] + [None] * name.startswith("Batch")))
    ours, theirs = beside(name, *NORMS[name], **keywords)
    dims = int(name[-2]) if name[-1] == "d" else draw(st.integers(1, 2))
    dtype = draw(st.sampled_from([np.float32, np.float64]))
    if dtype is np.float64:
        ours.double(), theirs.double()
    rng = np.random.default_rng(0)
    with torch.no_grad():
        for a, b in zip(ours.parameters(), theirs.parameters(), strict=True):
            b.copy_(torch.tensor(rng.standard_normal(4)))
            a.data = ag.tensor(b.numpy().copy())
    for training in (True, True, False):
        ours.train(training), theirs.train(training)
        x = draw(laid_out((draw(st.integers(2, 3)), 4, *[draw(st.integers(2, 4)) for _ in range(dims)]), dtype))
        xs, ys = ag.Tensor.wrap(x).requires_grad_(), torch.tensor(x, requires_grad=True)
        out, expected = ours(xs), theirs(ys)
        close(out, expected, dtype)
        seed = rng.standard_normal(x.shape).astype(dtype)
        out.backward(ag.tensor(seed)), expected.backward(torch.tensor(seed))
        tolerance = 1e-9 if dtype is np.float64 else 1e-3  # where a channel hardly varies, 1 / std is large
        np.testing.assert_allclose(xs.grad.numpy(), ys.grad.numpy(), rtol=tolerance, atol=tolerance)
    for (key, a), b in zip(ours.state_dict().items(), theirs.state_dict().values(), strict=True):
        np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-5, atol=1e-6, err_msg=key)


@pytest.mark.parametrize("training", [True, False])
def test_second_derivatives_of_batch_norm(training):
    rng = np.random.default_rng(0)
    arrays = [rng.standard_normal(shape) for shape in ((3, 2, 4), (2,), (2,))]
    mean, var = np.array([0.1, -0.2]), np.array([0.5, 2.0])

    def of(library: Any, function: Any) -> Any:
        return lambda x, w, b: function(x, library.tensor(mean), library.tensor(var), w, b, training)

    compare(of(ag, F.batch_norm), of(torch, TF.batch_norm), arrays, np.float64, second=True)


# Images -------------------------------------------------------------------------------------------------------------

MODES = ("nearest", "nearest-exact", "area", "linear", "bilinear", "bicubic", "trilinear")


@many
@given(st.data())
def test_interpolation(data):
    draw = data.draw
    mode = draw(st.sampled_from(MODES))
    dims = {"linear": 1, "bilinear": 2, "bicubic": 2, "trilinear": 3}.get(mode) or draw(st.integers(1, 3))
    dtype = draw(st.sampled_from([np.float64, np.float32]))
    sizes = [draw(st.integers(1, 6)) for _ in range(dims)]
    x = draw(laid_out((draw(st.integers(1, 2)), draw(st.integers(1, 3)), *sizes), dtype))
    keywords: dict = {"mode": mode}
    if draw(st.booleans()):
        keywords["size"] = draw(st.integers(1, 9)) if dims == 1 else tuple(draw(st.integers(1, 9)) for _ in sizes)
    else:
        keywords["scale_factor"] = draw(st.sampled_from([2, 0.5, 1.7, (3.0, 1.5, 0.7)[:dims]]))
        keywords["recompute_scale_factor"] = draw(st.sampled_from([None, True, False]))
        assume("size" in keywords or min(np.floor(np.multiply(sizes, keywords["scale_factor"]))) > 0)
    if mode.endswith(("linear", "cubic")):
        keywords["align_corners"] = draw(st.sampled_from([None, True, False]))
    if mode in ("bilinear", "bicubic"):
        keywords["antialias"] = draw(st.booleans())
        # PyTorch takes images of width 1 for others: it does not resize their columns as those of wider ones
        assume(not keywords["antialias"] or 1 not in (sizes[-1], *np.ravel(keywords.get("size", ()))))
    compare(lambda a: F.interpolate(a, **keywords), lambda a: TF.interpolate(a, **keywords), [x], dtype)


@many
@given(st.data())
def test_unfold_and_fold(data):
    draw = data.draw
    kernel, stride, dilation, padding = (tuple(draw(st.integers(a, 3)) for _ in range(2)) for a in (1, 1, 1, 0))
    least = [max(1, d * (k - 1) + 1 - 2 * p) for k, d, p in zip(kernel, dilation, padding)]
    size = tuple(n + draw(st.integers(0, 4)) for n in least)
    x = draw(laid_out((2, 3, *size)))
    x = x[0] if draw(st.booleans()) else x
    settings = (dilation, padding, stride)
    compare(lambda a: F.unfold(a, kernel, *settings), lambda a: TF.unfold(a, kernel, *settings), [x], np.float64)
    columns = F.unfold(ag.tensor(x), kernel, *settings).numpy()
    ours, theirs = beside("Fold", size, kernel, *settings)
    compare(ours, theirs, [columns], np.float64)


IMAGES = [
    ("Upsample", (None, 2)), ("Upsample", ((3, 5), None, "bilinear")), ("UpsamplingNearest2d", ((5, 3),)),
    ("UpsamplingBilinear2d", (None, 1.5)), ("PixelShuffle", (2,)), ("PixelUnshuffle", (2,)),
    ("Unfold", ((2, 3), 1, 1, 2)),
]  # fmt: skip


@pytest.mark.parametrize(("name", "settings"), IMAGES, ids=str)
def test_image_layers(name, settings):
    ours, theirs = beside(name, *settings)
    compare(ours, theirs, [np.random.default_rng(0).standard_normal((2, 8, 4, 6))], np.float64)
