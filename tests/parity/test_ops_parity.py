"""Values, gradients and second gradients of every op, and of the functions made of ops, against PyTorch's."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings

import autograd
from autograd import grad, tensor
from autograd.base import apply_view
from autograd.ops import OPS
from autograd.tensor import Tensor
from tests.properties.calls import OF_COMPLEX, Call, differentiable, is_float
from tests.properties.cases import CASES, FUNCTIONS
from tests.properties.composed import COMPOSED, IMAGES, MODULES
from tests.properties.kinks import KINKS, at

torch = pytest.importorskip("torch")
F = torch.nn.functional

RANDOM_CASES = 200
NO_EQUIVALENT = {"dropout": "torch draws other numbers; the op is checked against finite differences"}
INEXACT = dict.fromkeys(("lgamma", "digamma", "polygamma_of"), 1e-8)  # torch's polygamma(1, x) has an error of 4e-10
SIGNS = "the signs of the vectors are free; composed functions that do not depend on them are compared"
NO_EQUIVALENT |= dict.fromkeys(OF_COMPLEX, "composed functions of pairs of reals are compared")
LAYERS = "convolution convolution_input convolution_weight windows add_windows max_pool unpool resample batch_norm"
NO_EQUIVALENT |= dict.fromkeys(LAYERS.split() + ["recurrent_layer"], "the functions made of it are compared")
NO_EQUIVALENT |= {"linalg_svd": SIGNS, "linalg_eigh": SIGNS}


def dims(x: Any, dim: Any) -> tuple:
    """None, one dim or several, as several."""
    return tuple(range(x.ndim)) if dim is None else dim if isinstance(dim, tuple) else (dim,)


def prod(x: Any, dim: Any, keepdim: bool) -> Any:
    for d in dims(x, dim):
        x = torch.prod(x, d, keepdim=True)
    return x if keepdim else x.squeeze(dims(x, dim))


def places(shape: tuple, index: Any) -> Any:
    """Where the elements that an index takes lie in the flat tensor: torch knows no negative steps."""
    return torch.as_tensor(np.arange(math.prod(shape)).reshape(shape)[index].copy())


def index_put(x: Any, value: Any, index: Any) -> Any:
    at = places(x.shape, index)
    return x.reshape(-1).index_put((at.reshape(-1),), value.expand(at.shape).reshape(-1)).reshape(x.shape)


def unindex(x: Any, index: Any, size: tuple) -> Any:
    flat = torch.zeros(math.prod(size), dtype=x.dtype)
    return flat.index_add(0, places(size, index).reshape(-1), x.reshape(-1)).reshape(size)


def recurrence(x: Any, y: Any) -> Any:
    out = [y[0]]
    for i in range(1, len(y)):
        out.append(x[i] * out[-1] + y[i])
    return torch.stack(out)


def pad(x: Any, width: tuple, value: float) -> Any:
    return F.pad(x, [n for pair in reversed(width) for n in pair], value=value)


def rotary(x: Any, cos: Any, sin: Any) -> Any:
    first, second = x.chunk(2, -1)
    return torch.cat([first * cos - second * sin, first * sin + second * cos], -1)


def attention(q: Any, k: Any, v: Any, mask: Any, causal: bool, scale: float) -> Any:
    """Torch's, with the causal mask spelled out: its own flag hides other keys where T differs from S."""
    t, s = q.shape[-2], k.shape[-2]
    hidden = torch.zeros(t, s, dtype=q.dtype)
    if causal:
        hidden = hidden.masked_fill(torch.arange(s)[None] > torch.arange(t)[:, None] + s - t, -math.inf)
    if mask is not None:
        hidden = hidden.masked_fill(~mask, -math.inf) if mask.dtype == torch.bool else hidden + mask
    with torch.nn.attention.sdpa_kernel(torch.nn.attention.SDPBackend.MATH):
        return F.scaled_dot_product_attention(q, k, v, attn_mask=hidden, scale=scale)


def attention_weights(q: Any, k: Any, mask: Any, causal: bool, scale: float) -> Any:
    """What torch's attention makes of the identity matrix as values."""
    s = k.shape[-2]
    return attention(q, k, torch.eye(s, dtype=k.dtype).expand(*k.shape[:-2], s, s), mask, causal, scale)


def layer_norm(x: Any, weight: Any, bias: Any, eps: float) -> Any:
    """Torch's, whose second gradient fails for a bias without a weight."""
    weight = torch.ones_like(bias) if weight is None and bias is not None else weight
    return F.layer_norm(x, x.shape[-1:], weight, bias, eps)


def rms_norm(x: Any, weight: Any, eps: float) -> Any:
    return F.rms_norm(x, x.shape[-1:], weight, eps)


def rows_added(g: Any, index: Any, rows: int) -> Any:
    return torch.zeros(rows, g.shape[-1], dtype=g.dtype).index_add(0, index.reshape(-1), g.reshape(-1, g.shape[-1]))


def clamp(x: torch.Tensor, low: Any, high: Any) -> torch.Tensor:
    """torch takes two numbers or two tensors, not one of each, and bounds of at most the shape of x."""
    bounds = [None if b is None else torch.as_tensor(b, dtype=x.dtype) for b in (low, high)]
    shape = torch.broadcast_shapes(x.shape, *(b.shape for b in bounds if b is not None))
    return torch.clamp(x.expand(shape), *bounds)


def copy_slices(x: torch.Tensor, value: torch.Tensor, view_fn: Any, order: Any) -> torch.Tensor:
    """The write into the same places of the flattened tensor."""
    places = apply_view(view_fn, np.arange(x.numel()).reshape(x.shape))
    index = torch.from_numpy(np.ascontiguousarray(places).reshape(-1))
    return torch.index_put(x.reshape(-1), (index,), value.reshape(-1)).reshape(x.shape)


def fold(x: torch.Tensor, dimension: int, size: int, step: int, sizes: tuple) -> torch.Tensor:
    """The windows added where unfold takes their elements."""
    at = torch.arange(math.prod(sizes)).reshape(sizes).unfold(dimension, size, step)
    flat = torch.zeros(math.prod(sizes), dtype=x.dtype)
    return flat.index_add(0, at.reshape(-1), x.reshape(-1)).reshape(sizes)


def cond(x: Any, p: Any) -> Any:
    """Torch's, whose second gradient fails where it takes an inverse."""
    if p in (None, 2, -2):
        return torch.linalg.cond(x, p)
    return torch.linalg.matrix_norm(x, p) * torch.linalg.matrix_norm(torch.linalg.inv(x), p)


REDUCTIONS = {"none": lambda loss: loss, "mean": torch.mean, "sum": torch.sum}


def multi_margin_loss(x: torch.Tensor, target: torch.Tensor, p: int, reduction: str) -> torch.Tensor:
    own = F.one_hot(target, x.shape[1]).bool()
    terms = F.relu(0.503 - x.gather(1, target[:, None]) + x) ** p
    return REDUCTIONS[reduction](torch.where(own, 0.0, terms).mean(1))


def spread(function: Callable) -> Callable:
    """torch takes `unbiased` or `correction`, not both."""

    def of(x: torch.Tensor, dim: Any, unbiased: bool, keepdim: bool, correction: Any = None) -> torch.Tensor:
        correction = (1 if unbiased else 0) if correction is None else correction
        return function(x, dim=dim, keepdim=keepdim, correction=correction)

    return of


TORCH: dict[str, Callable] = {
    "identity": lambda x: x.clone(),
    "leaky_relu": F.leaky_relu,
    "elu": torch.ops.aten.elu,
    "mish": F.mish,
    "hardswish": F.hardswish,
    "hardsigmoid": lambda x: F.hardtanh(x / 6 + 0.5, 0, 1),  # its own second derivative is missing
    "hardshrink": F.hardshrink,
    "softshrink": F.softshrink,
    "threshold": F.threshold,
    "prelu": lambda x, weight: torch.where(x > 0, x, x * weight),
    "rrelu": lambda x, lower, upper, rng: torch.where(x > 0, x, x * torch.tensor(rng.uniform(lower, upper, x.shape))),
    "floor_divide": lambda x, y: torch.div(x, y, rounding_mode="floor"),
    "hardtanh": F.hardtanh,
    "linear_step": lambda x: x * 1,
    "constant_in": lambda x, y: x * 1 + (y * 0).sum() * 0,
    "softplus": F.softplus,
    "gelu": F.gelu,
    "silu": F.silu,
    "clamp": clamp,
    "isclose": lambda x, y: torch.isclose(x, y),
    "copy_slices": copy_slices,
    "unfold": lambda x, **k: x.unfold(**k),
    "fold": fold,
    "cast": lambda x, dtype: x.to(torch.float64),
    "var": spread(torch.var),
    "std": spread(torch.std),
    "amax": lambda x, dim, keepdim: torch.amax(x, dims(x, dim), keepdim),
    "amin": lambda x, dim, keepdim: torch.amin(x, dims(x, dim), keepdim),
    "prod": prod,
    "recurrence": recurrence,
    "logsumexp": lambda x, dim, keepdim: torch.logsumexp(x, dims(x, dim), keepdim) if x.ndim else x.clone(),
    "vector_norm": lambda x, p, dim, keepdim: torch.linalg.vector_norm(x, p, dim, keepdim),
    "reshape": lambda x, size: torch.reshape(x, size),
    "permute": lambda x, dim: x.permute(tuple(reversed(range(x.ndim))) if dim is None else dim),
    "expand": lambda x, size: torch.broadcast_to(x, size),
    "concatenate": lambda *xs, dim: torch.cat(xs, dim),
    "split_at": lambda x, stops, dim: torch.tensor_split(x, stops, dim),
    "split_heads": lambda x, heads, parts: tuple(
        part.unflatten(-1, (heads, -1)).transpose(-2, -3) for part in x.chunk(parts, -1)
    ),
    "merge_heads": lambda x: x.transpose(-2, -3).flatten(-2),
    "flip": lambda x, dim: torch.flip(x, dims(x, dim)),
    "roll": lambda x, shifts, dim: torch.roll(x, shifts, dim),
    "repeat": lambda x, size: x.repeat(size),
    "pad": pad,
    "getitem": lambda x, index: x.reshape(-1)[places(x.shape, index)],
    "unindex": unindex,
    "index_put": index_put,
    "linear": F.linear,
    "contract": lambda *xs, inputs, output: torch.einsum(f"{','.join(inputs)}->{output}", *xs),
    "softmax_backward": lambda g, y, dim: torch.ops.aten._softmax_backward_data(g, y, dim, y.dtype),
    "log_softmax_backward": lambda g, y, dim: torch.ops.aten._log_softmax_backward_data(g, y, dim, y.dtype),
    "layer_norm": layer_norm,
    "rms_norm": rms_norm,
    "cross_entropy_rows": lambda x, target, **k: F.cross_entropy(x, target, reduction="none", **k),
    "log_or_floor": torch.log,
    "bce_with_logits": lambda x, y: F.binary_cross_entropy_with_logits(
        *torch.broadcast_tensors(x, y), reduction="none"
    ),
    "fused_attention": attention,
    "rotary": rotary,
    "embedding_backward": rows_added,
    "embedding": lambda weight, index: F.embedding(index, weight),
    "inv": torch.linalg.inv,
    "cofactors": lambda x: torch.linalg.det(x)[..., None, None] * torch.linalg.inv(x).mT,
    "linear_solve": torch.linalg.solve,
    "linalg_cholesky": torch.linalg.cholesky,
    "tall_qr": torch.linalg.qr,
    "pseudo_inverse": torch.linalg.pinv,
    "lu_factor": torch.linalg.lu_factor,
    "polygamma_of": lambda x, n: torch.polygamma(n, x),
}
TORCH_COMPOSED: dict[str, Callable] = {
    "cat": lambda *xs, dim: torch.cat(xs, dim),
    "stack": lambda *xs, dim: torch.stack(xs, dim),
    "hstack": lambda *xs: torch.hstack(xs),
    "vstack": lambda *xs: torch.vstack(xs),
    "expand": lambda x, size: x.expand(size),
    "scatter": lambda x, src, dim, index: torch.scatter(x, dim, index, src),
    "scatter_add": lambda x, src, dim, index: torch.scatter_add(x, dim, index, src),
    "einsum": lambda *xs, equation: torch.einsum(equation, *xs),
    "norm": lambda x, p, dim, keepdim: torch.linalg.vector_norm(x, 2 if p in (None, "fro") else p, dim, keepdim),
    "repeat_interleave": lambda x, dim, repeats: torch.repeat_interleave(x, repeats, dim),
    "cross_entropy": F.cross_entropy,
    "attention": attention,
    "attention_weights": attention_weights,
    "embedding": lambda weight, index: F.embedding(index, weight),
}


TORCH_COMPOSED |= {name: of(torch) for name, (_, _, of) in MODULES.items()}
TORCH_COMPOSED["reversed"] = reversed
# where torch has no second derivative
TORCH_COMPOSED["cond"] = cond
TORCH_COMPOSED["cdist"] = lambda x, y, p: torch.linalg.vector_norm(x[:, None] - 7 - y, p, -1)
TORCH_COMPOSED["pdist"] = lambda x: torch.linalg.vector_norm(
    x[torch.triu_indices(len(x), len(x), 1)[0]] - x[torch.triu_indices(len(x), len(x), 1)[1]], dim=-1
)
TORCH_COMPOSED["multi_margin_loss"] = multi_margin_loss


def vander(x: Any, N: int, increasing: bool) -> Any:
    """torch.vander, which has no derivative, since it multiplies in place: linalg.vander has one."""
    powers = torch.linalg.vander(x, N=N + 1)[:, :N]  # N = 1 is refused
    return powers if increasing else powers.flip(1)


TORCH_COMPOSED["vander"] = vander
TORCH_COMPOSED["soft_margin_loss"] = lambda x, y, reduction: REDUCTIONS[reduction](F.softplus(-y * x))


def sequence(result: Any) -> list:
    return list(result) if isinstance(result, (tuple, list)) else [result]


def for_torch(value: Any, keep: bool = False) -> Any:
    """An array as a tensor of torch's; an index of NumPy's (`keep`) stays what it is."""
    return torch.tensor(value) if isinstance(value, np.ndarray) and not keep else value


def derived(outs: list, inputs: list, grad_of: Callable, made: Callable) -> list:
    """The gradients by `inputs` of outputs with fixed upstream gradients, and of those gradients once more."""
    rng = np.random.default_rng(0)
    outs = [out for out in outs if out.requires_grad]
    seeds = [made(rng.uniform(-1, 1, tuple(out.shape))) for out in outs]
    if not outs:
        return []
    first = grad_of(outs, inputs, seeds, create_graph=True, allow_unused=True)
    again = [g for g in first if g is not None and g.requires_grad]
    directions = [made(rng.uniform(-1, 1, tuple(x.shape))) for x in inputs]
    pairs = [(g, v) for g, v in zip(first, directions) if g is not None and g.requires_grad]
    second = grad_of([g for g, _ in pairs], inputs, [v for _, v in pairs], allow_unused=True) if again else []
    return [*first, *(second or [None] * len(inputs))]


def as_array(found: Any, shape: tuple) -> np.ndarray:
    return np.zeros(shape) if found is None else found.detach().numpy(force=True)


def compare(
    call: Call, wanted: list[int], ours: Callable, theirs: Callable, keep: tuple = (), tolerance: float = 1e-10
) -> None:
    mine = [
        Tensor(a, dtype=a.dtype, requires_grad=i in wanted) if isinstance(a, np.ndarray) else a
        for i, a in enumerate(call.args)
    ]
    other = [for_torch(a).requires_grad_() if i in wanted else for_torch(a) for i, a in enumerate(call.args)]
    our_outs = sequence(ours(*mine, **call.keywords))
    their_outs = sequence(theirs(*other, **{k: for_torch(v, k in keep) for k, v in call.keywords.items()}))
    close = {"rtol": tolerance, "atol": tolerance}
    for a, b in zip(our_outs, their_outs, strict=True):
        assert tuple(a.shape) == tuple(b.shape)
        found, expected = a.detach().numpy(), b.detach().numpy()
        assert found.dtype == expected.dtype
        np.testing.assert_allclose(found, expected, **close, err_msg="the value")
    xs, ys = [mine[i] for i in wanted], [other[i] for i in wanted]
    a, b = (
        derived(our_outs, xs, grad, autograd.as_tensor),
        derived(their_outs, ys, torch.autograd.grad, torch.as_tensor),
    )
    for i in range(max(len(a), len(b))):
        shape = xs[i % len(xs)].shape
        found, expected = (as_array(g[i], shape) if g else np.zeros(shape) for g in (a, b))
        which = "the gradient" if i < len(xs) else "the second gradient"
        np.testing.assert_allclose(found, expected, **close, err_msg=f"{which} of argument {wanted[i % len(xs)]}")


def many(strategy: Any, check: Callable) -> None:
    """`check` on at least RANDOM_CASES draws."""
    count = 0

    @settings(max_examples=RANDOM_CASES)
    @given(strategy)
    def run(call: Call) -> None:
        nonlocal count
        check(call)
        count += 1

    run()
    assert count >= RANDOM_CASES


@pytest.mark.parametrize("name", [name for name in OPS if name not in NO_EQUIVALENT])
def test_ops_equal_torchs(name):
    theirs = TORCH.get(name) or getattr(torch, name)
    keep = ("index",) if name in ("getitem", "unindex", "index_put") else ()

    def check(call: Call) -> None:
        ours, tolerance = lambda *args, **k: FUNCTIONS[name](*args, **k), INEXACT.get(name, 1e-10)
        compare(call, differentiable(name, call), ours, theirs, keep, tolerance)

    many(CASES[name], check)


@pytest.mark.parametrize("name", [name for name in COMPOSED if name not in IMAGES])
def test_composed_functions_equal_torchs(name):
    theirs = TORCH_COMPOSED.get(name) or TORCH.get(name) or getattr(torch, name)

    def check(call: Call) -> None:
        wanted = [i for i, a in enumerate(call.args) if is_float(a)]
        compare(call, wanted, COMPOSED[name].ours, theirs)

    many(COMPOSED[name].draw, check)


@pytest.mark.parametrize("name", KINKS)
def test_subgradients_at_kinks_equal_torchs(name):
    f, mine = at(lambda x: tensor(np.array(x), requires_grad=True), name)
    f, other = at(lambda x: torch.tensor(x, dtype=torch.float64, requires_grad=True), name)
    with np.errstate(all="ignore"):
        a, b = f(autograd, *mine), f(torch, *other)
        np.testing.assert_allclose(a.detach().numpy(), b.detach().numpy(), rtol=1e-12)
        upstream = np.arange(1.0, a.numel() + 1).reshape(a.shape)
        a.backward(tensor(upstream))
        b.backward(torch.tensor(upstream))
    for i, (x, y) in enumerate(zip(mine, other, strict=True)):
        np.testing.assert_allclose(x.grad.numpy(), y.grad.numpy(), rtol=1e-12, atol=1e-15, err_msg=f"argument {i}")
