"""chainrule: reverse-mode automatic differentiation on NumPy, under PyTorch's names."""

from __future__ import annotations

import importlib
from math import e, inf, nan, pi
from types import ModuleType
from typing import Any

from numpy import finfo, iinfo

from autograd import backends, cuda, errors, functional, graph, kernels, ops, random, tracing
from autograd.creation import (
    arange,
    as_tensor,
    empty,
    empty_like,
    eye,
    from_numpy,
    full,
    full_like,
    get_default_dtype,
    is_tensor,
    linspace,
    meshgrid,
    ones,
    ones_like,
    set_default_dtype,
    tensor,
    zeros,
    zeros_like,
)
from autograd.dtypes import (
    Size,
    bfloat16,
    bool,
    device,
    double,
    float,
    float16,
    float32,
    float64,
    half,
    int,
    int8,
    int16,
    int32,
    int64,
    long,
    short,
    uint8,
)
from autograd.errors import GraphError, ShapeError
from autograd.files import load, save
from autograd.function import Function
from autograd.functional import backward, grad, hessian, hvp, jacobian, jvp, value_and_grad, vjp
from autograd.generator import Generator, get_rng_state, initial_seed, manual_seed, set_rng_state
from autograd.grad_mode import enable_grad, inference_mode, is_grad_enabled, no_grad, set_grad_enabled
from autograd.gradcheck import GradcheckError, gradcheck, gradgradcheck
from autograd.inplace import writing
from autograd.ops import (
    abs,
    acos,
    acosh,
    addcdiv,
    addcmul,
    addmm,
    all,
    allclose,
    amax,
    amin,
    any,
    argmax,
    argmin,
    argsort,
    asin,
    asinh,
    atan,
    atan2,
    atanh,
    bincount,
    bitwise_and,
    bitwise_not,
    bitwise_or,
    bitwise_xor,
    bmm,
    broadcast_tensors,
    broadcast_to,
    cat,
    ceil,
    chunk,
    clamp,
    clone,
    cos,
    cosh,
    count_nonzero,
    cumprod,
    cumsum,
    diag,
    diagonal,
    dot,
    einsum,
    eq,
    equal,
    erf,
    exp,
    exp2,
    expm1,
    flatten,
    floor,
    floor_divide,
    fmod,
    gather,
    ge,
    gt,
    hstack,
    index_add,
    index_select,
    isclose,
    isfinite,
    isinf,
    isnan,
    le,
    lerp,
    log,
    log1p,
    log2,
    log10,
    log_softmax,
    logaddexp,
    logical_and,
    logical_not,
    logical_or,
    logical_xor,
    logsumexp,
    lt,
    masked_fill,
    masked_select,
    matmul,
    max,
    maximum,
    mean,
    median,
    min,
    minimum,
    mm,
    movedim,
    mul,
    mv,
    nan_to_num,
    narrow,
    ne,
    neg,
    nonzero,
    norm,
    op,
    outer,
    pow,
    prod,
    reciprocal,
    relu,
    remainder,
    repeat_interleave,
    round,
    rsqrt,
    scatter_add,
    select,
    sigmoid,
    sign,
    sin,
    sinh,
    softmax,
    sort,
    split,
    sqrt,
    square,
    squeeze,
    stack,
    std,
    std_mean,
    sum,
    t,
    take_along_dim,
    tan,
    tanh,
    tensordot,
    tile,
    topk,
    trace,
    transpose,
    tril,
    triu,
    trunc,
    unbind,
    unflatten,
    unfold,
    unique,
    unsqueeze,
    var,
    var_mean,
    vstack,
    where,
)
from autograd.ops import addmm as baddbmm
from autograd.ops import cat as concat
from autograd.ops import clamp as clip
from autograd.ops import divide as div
from autograd.ops import flipped as flip
from autograd.ops import reorder as permute
from autograd.ops import rolled as roll
from autograd.ops import scaled_add as add
from autograd.ops import scaled_sub as sub
from autograd.ops import scattered as scatter
from autograd.ops import transpose as swapaxes
from autograd.ops import view as reshape
from autograd.random import bernoulli, multinomial, normal, rand, rand_like, randint, randn, randn_like, randperm
from autograd.scalar import Value
from autograd.tensor import Tensor

FloatTensor = Tensor


def DoubleTensor(data: Any = (), *sizes: Any) -> Tensor:
    """A tensor of float64."""
    return Tensor(data, *sizes, dtype=float64)


def LongTensor(data: Any = (), *sizes: Any) -> Tensor:
    """A tensor of int64."""
    return Tensor(data, *sizes, dtype=int64)


def BoolTensor(data: Any = (), *sizes: Any) -> Tensor:
    """A tensor of truth values."""
    return Tensor(data, *sizes, dtype=bool)


def numel(input: Tensor) -> Any:
    """How many elements a tensor has."""
    return input.numel()


def is_floating_point(input: Tensor) -> Any:
    """Whether a tensor holds floats."""
    return input.is_floating_point()


# torch keeps its layers and optimisers inside its one package: `torch.nn.init.normal_` in the body of a program that
# was written for it must find ours. The engine itself never looks here.
_TORCH_PARTS = {"nn": "nn", "optim": "nn.optim", "utils": "nn", "autograd": "autograd"}  # torch.utils.data is nn.data


def __getattr__(name: str) -> ModuleType:
    if name in _TORCH_PARTS:
        return importlib.import_module(_TORCH_PARTS[name])
    raise AttributeError(f"module 'autograd' has no attribute {name!r}")
