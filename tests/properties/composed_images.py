"""Images in other sizes, shuffled, normalised: how to draw arguments, the sum by hand, and the function of a module."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import strategies as st

from autograd.testing import arrays, positive, separated
from tests.properties.calls import Call
from tests.properties.composed_windows import Rows, each, functional

# Other sizes ----------------------------------------------------------------------------------------------------------


@st.composite
def resized(draw: Any, mode: str, dims: int) -> Call:
    size = each(draw, dims, 1, 4 if dims == 1 else 3)
    x = draw(arrays((*each(draw, 2, 1, 2), *size)))
    keywords: dict = {"mode": mode}
    if draw(st.booleans()):
        keywords["size"] = each(draw, dims, 1, 5 if dims == 1 else 3)
    else:
        keywords["scale_factor"] = tuple(draw(st.sampled_from([1.0, 1.5, 2.0, 3.0])) for _ in size)
        keywords["recompute_scale_factor"] = draw(st.booleans())
    if mode.endswith(("linear", "cubic")):
        keywords["align_corners"] = draw(st.booleans())
    return Call((x,), keywords)


def keys(x: np.ndarray) -> np.ndarray:
    """The kernel of cubic convolution with a = -0.75 (Keys 1981, equation 4)."""
    a, x = -0.75, np.abs(x)
    near = (a + 2) * x**3 - (a + 3) * x**2 + 1
    return np.where(x <= 1, near, np.where(x < 2, a * x**3 - 5 * a * x**2 + 8 * a * x - 4 * a, 0))


def hat(x: np.ndarray) -> np.ndarray:
    return np.maximum(0, 1 - np.abs(x))


def weights(n: int, m: int, scale: float, mode: str, align_corners: bool) -> np.ndarray:
    """The matrix (m, n) that makes m elements of n."""
    if mode.startswith("nearest"):
        places = [math.floor((i + 0.5 * (mode == "nearest-exact")) * scale + 1e-9) for i in range(m)]
        return np.eye(n)[np.minimum(places, n - 1)]
    if mode == "area":
        ends = [(math.floor(i * n / m), math.ceil((i + 1) * n / m)) for i in range(m)]
        return np.stack([np.eye(n)[start:stop].mean(0) for start, stop in ends])
    where = np.linspace(0, n - 1, m) if align_corners else (np.arange(m) + 0.5) * scale - 0.5
    out, kernel, reach = np.zeros((m, n)), keys if mode == "bicubic" else hat, np.arange(-3, n + 3)
    for source, row in zip(where, out):
        inside = source if mode == "bicubic" else max(source, 0)
        np.add.at(row, np.clip(reach, 0, n - 1), kernel(reach - inside))  # beyond the end, the last element once more
    return out


def plain_resize(
    x: np.ndarray,
    mode: str,
    size: Any = None,
    scale_factor: Any = None,
    recompute_scale_factor: bool = False,
    align_corners: bool = False,
) -> np.ndarray:
    for dim, n in enumerate(x.shape[2:], 2):
        m = size[dim - 2] if scale_factor is None else math.floor(n * scale_factor[dim - 2])
        scale = n / m if scale_factor is None or recompute_scale_factor else 1 / scale_factor[dim - 2]
        x = np.moveaxis(np.tensordot(weights(n, m, scale, mode, align_corners), x, (1, dim)), 0, dim)
    return x


MODES = [("nearest", 1), ("nearest", 2), ("nearest-exact", 1), ("area", 2), ("linear", 1), ("bilinear", 2)]
MODES += [("bicubic", 2), ("trilinear", 3)]

# Shuffles -------------------------------------------------------------------------------------------------------------


@st.composite
def shuffled(draw: Any, back: bool) -> Call:
    r, (c, h, w) = draw(st.integers(1, 2)), each(draw, 3, 1, 2)
    batch = each(draw, draw(st.integers(0, 2)), 1, 2)
    shape = (c, h * r, w * r) if back else (c * r * r, h, w)
    return Call((draw(arrays((*batch, *shape))),), {"downscale_factor" if back else "upscale_factor": r})


def plain_shuffle(x: np.ndarray, upscale_factor: int) -> np.ndarray:
    r, (c, h, w) = upscale_factor, x.shape[-3:]
    out = np.zeros((*x.shape[:-3], c // r**2, h * r, w * r))
    for k, i, j in np.ndindex(*out.shape[-3:]):
        out[..., k, i, j] = x[..., k * r**2 + i % r * r + j % r, i // r, j // r]
    return out


def plain_unshuffle(x: np.ndarray, downscale_factor: int) -> np.ndarray:
    r, (c, h, w) = downscale_factor, x.shape[-3:]
    out = np.zeros((*x.shape[:-3], c * r**2, h // r, w // r))
    for k, i, j in np.ndindex(c, h, w):
        out[..., k * r**2 + i % r * r + j % r, i // r, j // r] = x[..., k, i, j]
    return out


# Norms ----------------------------------------------------------------------------------------------------------------


@st.composite
def normalised(draw: Any, keywords: Any, running: bool = False, spatial: bool = True) -> Call:
    """Images (N, C, ...) with a weight and a bias, and, if wanted, a mean and a variance for each channel."""
    n, c = draw(st.integers(1, 2)), 2
    size = each(draw, draw(st.integers(1, 2)), 2, 3) if spatial or draw(st.booleans()) else ()
    x = draw(separated((n if size else n + 1, c, *size)))
    args = [x, draw(arrays((c,))), draw(positive((c,))), draw(arrays((c,))), draw(arrays((c,)))]
    return Call(tuple(args if running else [x, *args[3:]]), draw(st.fixed_dictionaries(keywords)))


def standardised(x: np.ndarray, dims: tuple, weight: np.ndarray, bias: np.ndarray, eps: float) -> np.ndarray:
    shape = (-1, *(1,) * (x.ndim - 2))
    x = (x - x.mean(dims, keepdims=True)) / np.sqrt(x.var(dims, keepdims=True) + eps)
    return x * weight.reshape(shape) + bias.reshape(shape)


def plain_batch_norm(x: Any, weight: Any, bias: Any, eps: float) -> np.ndarray:
    return standardised(x, (0, *range(2, x.ndim)), weight, bias, eps)


def plain_by_running(x: Any, mean: Any, var: Any, weight: Any, bias: Any, eps: float) -> np.ndarray:
    c = (-1, *(1,) * (x.ndim - 2))
    return (x - mean.reshape(c)) / np.sqrt(var + eps).reshape(c) * weight.reshape(c) + bias.reshape(c)


def plain_instance_norm(x: Any, weight: Any, bias: Any, eps: float) -> np.ndarray:
    return standardised(x, tuple(range(2, x.ndim)), weight, bias, eps)


def plain_group_norm(x: Any, weight: Any, bias: Any, num_groups: int, eps: float) -> np.ndarray:
    groups = np.split(x, num_groups, 1)
    each_group = [standardised(part, tuple(range(1, x.ndim)), np.ones(1), np.zeros(1), eps) for part in groups]
    c = (-1, *(1,) * (x.ndim - 2))
    return np.concatenate(each_group, 1) * weight.reshape(c) + bias.reshape(c)


def plain_response_norm(x: Any, size: int, alpha: float, beta: float, k: float) -> np.ndarray:
    out = np.zeros(x.shape)
    for i in range(x.shape[1]):
        near = x[:, max(i - size // 2, 0) : i + (size - 1) // 2 + 1]
        out[:, i] = x[:, i] / (k + alpha * (near**2).sum(1) / size) ** beta
    return out


def by_batch(name: str) -> Callable[[Any], Callable]:
    """Without running statistics."""
    flag = {"batch_norm": "training", "instance_norm": "use_input_stats"}[name]
    return lambda m: lambda x, w, b, eps: getattr(m.nn.functional, name)(x, None, None, w, b, eps=eps, **{flag: True})


EPS = {"eps": st.sampled_from([1e-2, 1e-5])}
RESPONSES = {"size": st.integers(1, 4), "alpha": st.just(0.3), "beta": st.just(0.75), "k": st.just(1.5)}
IMAGES: Rows = {
    f"interpolate {mode} {dims}D": (resized(mode, dims), plain_resize, functional("interpolate"))
    for mode, dims in MODES
}
IMAGES |= {
    "pixel_shuffle": (shuffled(False), plain_shuffle, functional("pixel_shuffle")),
    "pixel_unshuffle": (shuffled(True), plain_unshuffle, functional("pixel_unshuffle")),
    "batch_norm of a batch": (normalised(EPS, spatial=False), plain_batch_norm, by_batch("batch_norm")),
    "batch_norm by running statistics": (
        normalised(EPS, running=True, spatial=False),
        plain_by_running,
        functional("batch_norm"),
    ),
    "instance_norm of an image": (normalised(EPS), plain_instance_norm, by_batch("instance_norm")),
    "instance_norm by running statistics": (
        normalised(EPS, running=True),
        plain_by_running,
        functional("instance_norm", use_input_stats=False),
    ),
    "group_norm": (
        normalised({**EPS, "num_groups": st.sampled_from([1, 2])}),
        plain_group_norm,
        lambda m: lambda x, w, b, num_groups, eps: m.nn.functional.group_norm(x, num_groups, w, b, eps),
    ),
    "local_response_norm": (
        normalised(RESPONSES).map(lambda c: Call(c.args[:1], c.keywords)),
        plain_response_norm,
        functional("local_response_norm"),
    ),
}
