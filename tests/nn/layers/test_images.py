"""Layers of images: convolution, pooling, norms, padding and resizing, as their functions and with their own states."""

import copy

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd as ag
import nn
import nn.functional as F
from autograd.errors import ShapeError
from tests.properties.calls import examples

DIMS = pytest.mark.parametrize("dims", [1, 2, 3])
SIZE = (5, 4, 6)


def images(dims, channels=2, seed=0, batch=3):
    return ag.tensor(np.random.default_rng(seed).normal(size=(batch, channels, *SIZE[:dims])))


def layer(name, dims, *args, **keywords):
    return getattr(nn, f"{name}{dims}d")(*args, **keywords).double()


# Convolution --------------------------------------------------------------------------------------------------------


@DIMS
def test_a_subclass_convolves_with_a_weight_that_it_makes_of_its_own(dims):
    conv, x = layer("Conv", dims, 2, 4, 3, padding=1, padding_mode="circular", groups=2), images(dims)
    halved = copy.deepcopy(conv)
    halved.weight.data /= 2
    assert conv._conv_forward(x, conv.weight / 2, conv.bias).allclose(halved(x))


MODES = {"zeros": "constant", "reflect": "reflect", "replicate": "edge", "circular": "wrap"}


@DIMS
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("padding", [0, 2, "same", "valid"])
def test_convolution_pads_in_every_mode(padding, mode, dims):
    kernel = (2, 3, 4)[:dims]
    conv = layer("Conv", dims, 2, 4, kernel, padding=padding, padding_mode=mode, groups=2)
    x = images(dims)
    same = [((k - 1) // 2, k - 1 - (k - 1) // 2) for k in kernel]
    widths = {"same": same, "valid": [(0, 0)] * dims}.get(padding, [(padding, padding)] * dims)
    padded = np.pad(x.numpy(), [(0, 0), (0, 0), *widths], mode=MODES[mode])
    function = getattr(F, f"conv{dims}d")
    expected = function(ag.tensor(padded), conv.weight, conv.bias, groups=2).detach().numpy()
    np.testing.assert_allclose(conv(x).detach().numpy(), expected, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(conv(x[0]).detach().numpy(), expected[0], rtol=1e-10, atol=1e-12)


@DIMS
@examples(8)
@given(stride=st.integers(1, 3), kernel=st.integers(1, 3), padding=st.integers(0, 1), data=st.data())
def test_a_transposed_convolution_gives_the_size_that_is_asked_for(dims, stride, kernel, padding, data):
    """It is one of the sizes from which the convolution comes to the size of the input."""
    if kernel <= padding:
        return
    settings = {"stride": stride, "padding": padding, "bias": False}
    back, conv = (layer(name, dims, 2, 2, kernel, **settings) for name in ("ConvTranspose", "Conv"))
    conv.weight.data = back.weight.detach()
    x = images(dims)
    least = [(n - 1) * stride - 2 * padding + kernel for n in SIZE[:dims]]
    wanted = [n + data.draw(st.integers(0, stride - 1)) for n in least]
    out = back(x, output_size=wanted)
    assert list(out.shape[2:]) == wanted
    y = ag.tensor(np.random.default_rng(1).normal(size=out.shape))
    assert (out * y).sum().item() == pytest.approx((x * conv(y)).sum().item())  # the transpose of the convolution
    with pytest.raises(ShapeError, match="requested an output size of"):
        back(x, output_size=[n + stride for n in least])


@pytest.mark.parametrize("name", ["Conv1d", "Conv2d", "Conv3d", "ConvTranspose1d", "ConvTranspose2d"])
def test_convolutions_start_uniform_within_the_root_of_the_fan(name):
    ag.manual_seed(0)
    conv = getattr(nn, name)(40, 30, 3, groups=2)
    bound = 1 / np.sqrt(np.prod(conv.weight.shape[1:]))
    for p in conv.parameters():
        values = np.abs(p.detach().numpy())
        assert 0.8 * bound < values.max() <= bound
    assert conv.weight.detach().numpy().std() == pytest.approx(bound / np.sqrt(3), rel=0.05)


def test_settings_of_convolutions_are_shown_and_checked():
    text = "Conv2d(2, 4, kernel_size=(3, 3), stride=(2, 2), padding=(1, 1), groups=2, bias=False, "
    text += "padding_mode=circular)"
    assert repr(nn.Conv2d(2, 4, 3, 2, 1, groups=2, bias=False, padding_mode="circular")).partition("  #")[0] == text
    for keywords, match in [
        ({"groups": 3}, "groups must be positive and divide in_channels and out_channels, got groups=3"),
        ({"padding_mode": "mirror"}, "padding_mode must be one of"),
        ({"padding": "full"}, "padding must be 'same', 'valid' or numbers, got 'full'"),
        ({"padding": "same", "stride": 2}, "padding='same' is not supported for strided convolutions"),
        ({"stride": (1, 2, 3)}, "stride must be a number or 2 of them"),
    ]:
        with pytest.raises(ValueError, match=match):
            nn.Conv2d(2, 4, 3, **keywords)
    with pytest.raises(ValueError, match="padding_mode must be 'zeros'"):
        nn.ConvTranspose2d(2, 4, 3, padding_mode="reflect")


CONV_ERRORS = [
    ({"input": (1, 3, 4)}, r"to have 2 channels, but got 3 channels instead"),
    ({"input": (2, 2, 2, 4)}, r"Expected 2D \(unbatched\) or 3D \(batched\) input to conv1d"),
    ({"input": (1, 2, 2)}, r"padded input size per channel: \[2\]. Kernel size: \[3\]"),
    ({"bias": (5,)}, "expected bias to be 1-dimensional with 4 elements"),
    ({"groups": 3}, "expected weight to be divisible by 3 at dimension 0"),
    ({"stride": 0}, "stride, dilation and groups must be positive"),
    ({"padding": "none"}, "padding must be 'same', 'valid' or numbers, got 'none'"),
    ({"padding": "same", "stride": 2}, "not supported for strided convolutions"),
]


@pytest.mark.parametrize(("changed", "match"), CONV_ERRORS, ids=str)
def test_what_cannot_be_convolved_is_named(changed, match):
    arguments = {"input": (1, 2, 6), "weight": (4, 2, 3), "bias": (4,), **changed}
    for name in ("input", "weight", "bias"):
        arguments[name] = ag.ones(*arguments[name])
    with pytest.raises((ShapeError, RuntimeError), match=match):
        F.conv1d(**arguments)


def test_what_a_transposed_convolution_cannot_do_is_named():
    x, weight = ag.ones(1, 2, 3), ag.ones(2, 4, 3)
    with pytest.raises(RuntimeError, match="output padding must be smaller than either stride or dilation"):
        F.conv_transpose1d(x, weight, output_padding=1)
    with pytest.raises(ShapeError, match=r"would give the output size \[-1\]"):
        F.conv_transpose1d(x, weight, padding=3)
    with pytest.raises(RuntimeError, match="but weight or bias of float64"):
        F.conv_transpose1d(x, weight.double())


# Norms --------------------------------------------------------------------------------------------------------------


@DIMS
@pytest.mark.parametrize("momentum", [0.3, None])
@pytest.mark.parametrize("kind", ["BatchNorm", "InstanceNorm"])
def test_running_statistics_are_averages_of_what_was_seen(kind, momentum, dims):
    if (kind, momentum) == ("InstanceNorm", None):
        return
    norm = layer(kind, dims, 2, momentum=momentum, affine=True, track_running_stats=True)
    mean, var = np.zeros(2), np.ones(2)
    for i in range(3):
        x = images(dims, seed=i).numpy() * (i + 1) + i
        norm(ag.tensor(x))
        axes = tuple(range(2, x.ndim)) if kind == "InstanceNorm" else (0, *range(2, x.ndim))
        found = [x.mean(axes), x.var(axes, ddof=1)]
        found = [f.mean(0) for f in found] if kind == "InstanceNorm" else found
        share = 1 / (i + 1) if momentum is None else momentum
        mean, var = (old * (1 - share) + new * share for old, new in zip((mean, var), found))
    np.testing.assert_allclose(norm.running_mean.numpy(), mean)
    np.testing.assert_allclose(norm.running_var.numpy(), var)
    x, c = images(dims, seed=9), (2, *(1,) * dims)
    expected = (x.numpy() - mean.reshape(c)) / np.sqrt(var.reshape(c) + 1e-5)
    np.testing.assert_allclose(norm.eval()(x).detach().numpy(), expected)
    np.testing.assert_allclose(norm.running_mean.numpy(), mean)
    if kind == "BatchNorm":
        assert norm.num_batches_tracked.item() == 3
    norm.reset_parameters()
    assert norm.running_mean.tolist() == [0, 0] and norm.running_var.tolist() == [1, 1]


@DIMS
@pytest.mark.parametrize("train", [True, False])
def test_a_norm_without_running_statistics_takes_those_of_the_batch(train, dims):
    x = images(dims)
    batch = layer("BatchNorm", dims, 2, track_running_stats=False).train(train)
    instance = layer("InstanceNorm", dims, 2).train(train)
    assert batch.running_mean is None and instance.weight is None and not list(instance.parameters())
    for norm, axes in ((batch, (0, *range(2, x.ndim))), (instance, tuple(range(2, x.ndim)))):
        out = norm(x).detach().numpy()
        np.testing.assert_allclose(out.mean(axes), 0, atol=1e-9)
        np.testing.assert_allclose(out.var(axes), 1, rtol=1e-3)
    np.testing.assert_allclose(instance(x[0]).detach().numpy(), instance(x)[0].detach().numpy())


def test_group_norm_and_response_norm_are_their_functions():
    x = images(2, channels=4)
    norm = nn.GroupNorm(2, 4).double()
    for p in norm.parameters():
        nn.init.normal_(p)
    expected = F.group_norm(x, 2, norm.weight, norm.bias).detach().numpy()
    np.testing.assert_array_equal(norm(x).detach().numpy(), expected)
    assert repr(norm).partition("  #")[0] == "GroupNorm(2, 4, eps=1e-05, affine=True, bias=True)"
    np.testing.assert_array_equal(nn.LocalResponseNorm(3, k=2.0)(x).numpy(), F.local_response_norm(x, 3, k=2.0).numpy())
    assert repr(nn.LocalResponseNorm(3)) == "LocalResponseNorm(3, alpha=0.0001, beta=0.75, k=1.0)"
    assert "4, eps=1e-05, momentum=0.1, affine=True" in repr(nn.BatchNorm2d(4))


def test_half_precision_is_normalised_in_float32():
    x = ag.tensor(1000 + np.random.default_rng(0).normal(size=(4, 2, 50)), dtype=ag.float16)
    for out in (nn.BatchNorm1d(2)(x), F.group_norm(x, 1), F.instance_norm(x)):
        assert out.dtype == ag.float16 and out.detach().numpy().std() == pytest.approx(1, abs=0.1)


def test_what_cannot_be_normalised_is_named():
    one, x = ag.ones(1, 2), ag.ones(3, 2, 4)
    for call, match in [
        (lambda: nn.BatchNorm2d(2)(one), r"expected 4D input \(got 2D input\) for BatchNorm2d"),
        (lambda: nn.BatchNorm1d(2)(one), r"Expected more than 1 value per channel .*\[1, 2\]"),
        (lambda: F.batch_norm(x, None, None), "expected running_mean and running_var to be defined"),
        (lambda: F.batch_norm(x, ag.ones(3), None, training=True), "running_mean should contain 2 elements"),
        (lambda: F.instance_norm(x[:, :, :1]), "Expected more than 1 spatial element"),
        (lambda: F.batch_norm(ag.ones(2), None, None, training=True), "expected at least 2D input"),
        (lambda: F.group_norm(x, 3), "to be divisible by num_groups, got 3"),
        (lambda: F.local_response_norm(one, 2), "expected a 3D or larger input"),
        (lambda: nn.GroupNorm(3, 4), r"num_channels \(4\) must be divisible by num_groups \(3\)"),
    ]:
        with pytest.raises(ValueError, match=match):
            call()


# Pooling ------------------------------------------------------------------------------------------------------------


@DIMS
def test_pools_move_by_their_size_unless_told_otherwise(dims):
    x = images(dims)
    for kind in ("Max", "Avg"):
        function = getattr(F, f"{kind.lower()}_pool{dims}d")
        pool = layer(f"{kind}Pool", dims, 2)
        np.testing.assert_array_equal(pool(x).numpy(), function(x, 2, 2).numpy())
        np.testing.assert_array_equal(layer(f"{kind}Pool", dims, 3, 1, 1)(x).numpy(), function(x, 3, 1, 1).numpy())
        adaptive = getattr(F, f"adaptive_{kind.lower()}_pool{dims}d")
        np.testing.assert_array_equal(layer(f"Adaptive{kind}Pool", dims, 3)(x).numpy(), adaptive(x, 3).numpy())
    assert repr(nn.MaxPool2d(2)) == "MaxPool2d(kernel_size=2, stride=2, padding=0, dilation=1, ceil_mode=False)"


@DIMS
def test_indices_of_the_largest_lead_back_to_them(dims):
    x = images(dims)
    for found in (
        layer("MaxPool", dims, 2, 1, return_indices=True)(x),
        getattr(F, f"adaptive_max_pool{dims}d")(x, 2, return_indices=True),
    ):
        values, indices = found
        np.testing.assert_array_equal(x.flatten(2).gather(2, indices.flatten(2)).numpy(), values.flatten(2).numpy())


def test_the_mean_of_whole_numbers_is_cut_towards_zero():
    x = ag.tensor(np.array([[[3, 4, -3, -4]]]))
    assert F.avg_pool1d(x, 2).tolist() == [[[3, -3]]]


def test_what_cannot_be_pooled_is_named():
    x = ag.ones(1, 2, 4)
    for call, match in [
        (lambda: F.max_pool2d(ag.ones(4, 4), 2), r"expected a 3D or 4D input, got the shape \[4, 4\]"),
        (lambda: F.max_pool1d(ag.ones(1, 0, 4), 2), "only the batch may be empty"),
        (lambda: F.max_pool1d(x, 0), "kernel_size, stride and dilation must be positive"),
        (lambda: F.max_pool1d(x, 2, padding=2), "pad should be at most half of effective kernel size"),
        (lambda: F.avg_pool2d(x, 2, divisor_override=0), "divisor must not be zero"),
        (lambda: F.adaptive_avg_pool2d(x, (1, 2, 3)), "output_size must be a number or 2 of them"),
    ]:
        with pytest.raises((ShapeError, RuntimeError), match=match):
            call()


# Sizes --------------------------------------------------------------------------------------------------------------

PADS = {"ReflectionPad": "reflect", "ReplicationPad": "edge", "CircularPad": "wrap", "ZeroPad": "constant"}


@DIMS
@pytest.mark.parametrize("name", PADS)
def test_pads_are_numpys(name, dims):
    x, widths = images(dims), [(1, 2), (0, 1), (2, 0)][:dims]
    flat = [n for pair in reversed(widths) for n in pair]
    expected = np.pad(x.numpy(), [(0, 0), (0, 0), *widths], mode=PADS[name])
    np.testing.assert_array_equal(layer(name, dims, tuple(flat))(x).numpy(), expected)
    assert repr(layer(name, dims, 1)) == f"{name}{dims}d({(1,) * 2 * dims})"


@DIMS
def test_a_constant_pad_adds_its_value(dims):
    x = images(dims)
    pad = layer("ConstantPad", dims, 2, 7.0)
    expected = np.pad(x.numpy(), [(0, 0), (0, 0)] + [(2, 2)] * dims, constant_values=7.0)
    np.testing.assert_array_equal(pad(x).numpy(), expected)
    assert repr(pad) == f"ConstantPad{dims}d(padding={(2,) * 2 * dims}, value=7.0)"
    with pytest.raises(ValueError, match=f"padding must be one width or {2 * dims}, got"):
        layer("ZeroPad", dims, (1, 2, 3))


def test_layers_that_resize_are_interpolate():
    x = images(2)
    for made, keywords, text in [
        (nn.Upsample(scale_factor=2, mode="bilinear"), {"scale_factor": 2, "mode": "bilinear"}, "scale_factor=2.0"),
        (nn.Upsample((3, 7)), {"size": (3, 7)}, "size=(3, 7), mode='nearest'"),
        (nn.Upsample(scale_factor=(2, 3)), {"scale_factor": (2, 3)}, "scale_factor=(2.0, 3.0)"),
        (nn.UpsamplingNearest2d(7), {"size": 7}, "size=7, mode='nearest'"),
        (nn.UpsamplingBilinear2d(7), {"size": 7, "mode": "bilinear", "align_corners": True}, "mode='bilinear'"),
    ]:
        np.testing.assert_array_equal(made(x).numpy(), F.interpolate(x, **keywords).numpy())
        assert text in repr(made)


def test_shuffles_and_windows_undo_each_other():
    x = images(2, channels=4)
    shuffle, back = nn.PixelShuffle(2), nn.PixelUnshuffle(2)
    np.testing.assert_array_equal(back(shuffle(x)).numpy(), x.numpy())
    windows, added = nn.Unfold(2, stride=2), nn.Fold((4, 4), 2, stride=2)
    np.testing.assert_array_equal(added(windows(x[..., :4, :])).numpy(), x[..., :4, :].numpy())


def test_images_of_bytes_are_rounded_to_bytes():
    x = ag.tensor(np.array([[[[90, 160], [100, 97]]]]), dtype=ag.uint8)
    for mode in ("bilinear", "bicubic"):
        found = F.interpolate(x, size=(3, 3), mode=mode).numpy().astype(float)
        exact = F.interpolate(x.double(), size=(3, 3), mode=mode).numpy()
        assert np.abs(found - exact).max() <= 1  # each dim is rounded by itself
    black_and_white = ag.tensor(np.array([[[0, 255]] * 2]), dtype=ag.uint8)[None]
    found = F.interpolate(black_and_white, size=(2, 4), mode="bicubic")
    assert found.dtype == ag.uint8 and found[0, 0, 0, [0, -1]].tolist() == [0, 255]  # no number beyond is taken around


@pytest.mark.parametrize("mode", ["bilinear", "bicubic"])
def test_a_smaller_image_without_aliasing_has_the_mean_of_the_larger_one(mode):
    stripes = ag.tensor([0.0, 1.0]).repeat(8, 16)[None, None]
    for width in (1, 2, 4, 8):
        found = F.interpolate(stripes, size=(8, width), mode=mode, antialias=True).numpy()
        np.testing.assert_allclose(found, 0.5, atol=0.05)
    np.testing.assert_array_equal(F.interpolate(stripes, size=(16, 4), mode="nearest").numpy(), 0.0)


def test_what_cannot_be_resized_is_named():
    x = ag.ones(1, 2, 4)
    for call, match in [
        (lambda: F.interpolate(x, 3, mode="cubic"), "there is no mode 'cubic'"),
        (lambda: F.interpolate(x, 3, antialias=True), "Anti-alias option is restricted to bilinear and bicubic modes"),
        (lambda: F.interpolate(x, 3, mode="bilinear"), "got a 3D input, but the mode 'bilinear' needs 4D"),
        (lambda: F.interpolate(x, 3, 2.0), "exactly one of size and scale_factor"),
        (lambda: F.interpolate(x, (3, 3)), r"size must be a number or 1 of them for an input of shape \[1, 2, 4\]"),
        (lambda: F.interpolate(x, 3, align_corners=True), "align_corners option can only be set"),
        (lambda: F.interpolate(x, 3, recompute_scale_factor=True), "meaningless with an explicit size"),
        (lambda: F.interpolate(x, 0), "sizes must be positive"),
        (lambda: F.pixel_shuffle(x, 2), r"pixel_shuffle: the input \[1, 2, 4\] cannot be shuffled by 2"),
        (lambda: F.unfold(ag.ones(4, 4), 2), "expected a 3D or 4D input"),
        (lambda: F.unfold(x, 0), "sizes must be positive, and padding not negative"),
        (lambda: F.fold(x, 4, 2), r"expected an input \(N, C x 4, 9\)"),
    ]:
        with pytest.raises((ValueError, RuntimeError, NotImplementedError), match=match):
            call()


def test_a_subclass_of_an_unpooling_layer_may_have_any_name():
    class Upward(nn.MaxUnpool2d):
        pass

    assert Upward(2).kernel_size == Upward(2).stride == (2, 2)
