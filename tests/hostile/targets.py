"""The public functions, methods, layers and optimisers, each with a strategy of the arguments of plausible calls."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from types import FunctionType
from typing import Any, NamedTuple

import numpy as np
from hypothesis import strategies as st

import autograd as ag
import nn
import nn.functional as F
from autograd import Tensor, fft, func, functional, linalg, special
from autograd.ops import OPS
from nn import init, optim
from tests.properties.calls import Call
from tests.properties.cases import CASES
from tests.properties.composed import COMPOSED

# What changes the state of the program, takes files, or is tested with its own kind of hostile input elsewhere.
ELSEWHERE = set(
    """
    load save set_default_dtype set_num_threads set_num_interop_threads manual_seed seed set_rng_state set_grad_enabled
    set_printoptions compile set_default_device set_default_tensor_type use_deterministic_algorithms lint summary
    explain trace gradcheck gradgradcheck gradcheck_module gradcheck_report set_anomaly_enabled
    set_float32_matmul_precision
    """.split()
)
OPERATORS = (
    "__getitem__ __setitem__ __add__ __rsub__ __matmul__ __pow__ __eq__ __lt__ __and__ __iadd__ __contains__".split()
)


class Target(NamedTuple):
    """What is called, calls of it, and how many of their first arguments no one gets wrong (`self`)."""

    function: Callable
    calls: Any
    kept: int = 0


# Plausible arguments --------------------------------------------------------------------------------------------------


def drawn(shape: tuple, seed: int = 0, requires_grad: bool = True) -> Tensor:
    numbers = np.random.default_rng(seed).normal(size=shape).astype(np.float32)
    return ag.tensor(numbers, requires_grad=requires_grad)


SHAPES = [(), (3,), (2, 3), (3, 3), (2, 3, 4), (1, 2, 4, 4), (1, 2, 4, 4, 4)]
FLOATS = st.builds(drawn, st.sampled_from(SHAPES), st.integers(0, 9), st.booleans())
INDICES = st.sampled_from([ag.tensor([0, 1]), ag.tensor([[0, 1], [1, 0]])])
PLAUSIBLE = FLOATS | st.integers(1, 4) | st.sampled_from([0.1, 0.5, (2, 3), (1,), ag.exp]) | INDICES


def by_signature(function: Any, of: Callable[[str], Any], keywords: bool = True) -> Any:
    """Calls of a function with `of(name)` for each argument that it needs, and the defaults of the others."""
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except ValueError:  # a builtin
        return st.builds(Call, st.lists(PLAUSIBLE, max_size=3).map(tuple), st.just({}))
    positional, named = [], {}
    for p in parameters:
        given = of(p.name) if p.default is p.empty else st.just(p.default)
        if p.kind is p.VAR_POSITIONAL:
            positional.append(st.lists(of(p.name), max_size=2))
        elif p.kind is p.KEYWORD_ONLY:
            named[p.name] = given
        elif p.kind is not p.VAR_KEYWORD:
            positional.append(given.map(lambda value: [value]))
    args = st.tuples(*positional).map(lambda lists: tuple(value for values in lists for value in values))
    return st.builds(Call, args, st.fixed_dictionaries(named))


def with_tensors(call: Call) -> Call:
    def tensor(a: Any) -> Any:
        is_float = isinstance(a, np.ndarray) and a.dtype.kind == "f"
        return Tensor(a, dtype=a.dtype, requires_grad=True) if is_float else a

    return Call(tuple(map(tensor, call.args)), call.keywords)


# Functions and methods ------------------------------------------------------------------------------------------------


def public(home: Any) -> dict[str, Callable]:
    """The functions of a namespace that are this library's own."""
    names = getattr(home, "__all__", None) or [n for n in vars(home) if n[0] != "_"]
    found = {name: getattr(home, name) for name in names if name[0] != "_" and name not in ELSEWHERE}
    own = ("autograd", "nn.") if hasattr(home, "__all__") or home in (ag, F) else home.__name__
    return {n: f for n, f in found.items() if isinstance(f, FunctionType) and f.__module__.startswith(own)}


TARGETS = {f"ops.{n}": Target(OPS[n].function, case.map(with_tensors)) for n, case in CASES.items()}
TARGETS |= {f"ops.{n}": Target(c.ours, c.draw.map(with_tensors)) for n, c in COMPOSED.items()}
HOMES = {"ag": ag, "F": F, "ag.linalg": linalg, "ag.fft": fft, "ag.special": special, "nn.init": init}
seen = [target.function for target in TARGETS.values()]  # by their cases: not again under their other names
for space, home in (HOMES | {"ag.func": func, "ag.functional": functional}).items():
    for name, f in public(home).items():
        if f not in seen:
            TARGETS[f"{space}.{name}"] = Target(f, by_signature(f, lambda _: PLAUSIBLE))
            seen.append(f)
for name in [n for n in dir(Tensor) if n[0] != "_"] + OPERATORS:
    f = getattr(Tensor, name)
    is_one_of_many = getattr(f, "__code__", None) is Tensor.exp_.__code__ and name not in ("exp_", "clamp_", "add_")
    if isinstance(f, FunctionType) and f not in seen and not is_one_of_many:
        seen.append(f)
        calls = by_signature(f, lambda name: FLOATS if name in ("self", "x", "input") else PLAUSIBLE)
        TARGETS[f"Tensor.{name}"] = Target(f, calls.filter(lambda c: c.args and isinstance(c.args[0], Tensor)), kept=1)

# Layers and optimisers ------------------------------------------------------------------------------------------------

SETTINGS = {"kernel_size": 2, "nhead": 2, "num_heads": 2, "upscale_factor": 2, "downscale_factor": 2, "output_size": 2}
SETTINGS |= {
    "num_layers": 1,
    "padding": 1,
    "num_groups": 2,
    "n_classes": 10,
    "cutoffs": [2, 4],
    "dim": 1,
    "dilation": 1,
}
SETTINGS |= {"unflattened_size": (2, 2), "lower": 0.1, "upper": 0.3, "min_norm": 0.1, "mode": "LSTM"}
SETTINGS |= {"encoder_layer": nn.TransformerEncoderLayer(4, 2), "decoder_layer": nn.TransformerDecoderLayer(4, 2)}
INPUTS = st.sampled_from([(4,), (4, 4), (2, 4, 4), (2, 4, 4, 4), (2, 4, 4, 4, 4)]).map(drawn)
INPUTS |= st.sampled_from([np.array([0, 1, 2, 3]), np.array([[0, 1, 2, 3]] * 2)]).map(ag.tensor)


def needed(function: Callable) -> list[str]:
    """The names of the arguments that a call must give."""
    parameters = inspect.signature(function).parameters.values()
    return [
        p.name for p in parameters if p.default is p.empty and p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)
    ]


def plausible_layer(kind: Any) -> Any:
    return kind(4, 4) if kind in (nn.RNN, nn.LSTM, nn.GRU) else kind(*[SETTINGS.get(name, 4) for name in needed(kind)])


def forward_of(kind: Any) -> Callable:
    return lambda *inputs: plausible_layer(kind)(*inputs)


def step_of(kind: Any) -> Callable:
    def step(params: Any, *args: Any, **settings: Any) -> Any:
        optimiser = kind(params, *args, **settings)
        for _ in range(2):
            optimiser.step(lambda: drawn((2, 3)).sum()) if kind is optim.LBFGS else optimiser.step()

    return step


def parameters() -> list[Tensor]:
    params = [drawn((2, 3), seed) for seed in range(2)]
    for p in params:
        p.grad = drawn((2, 3), 5, requires_grad=False)
    return params


for name in nn.__all__:
    kind = getattr(nn, name)
    if isinstance(kind, type) and issubclass(kind, nn.Module) and kind is not nn.Module:
        settings = by_signature(kind, lambda name: st.just(SETTINGS.get(name, 4)))
        TARGETS[f"nn.{name}"] = Target(kind, settings)
        inputs = st.tuples(*[INPUTS for _ in needed(kind.forward)[1:]]) if name != "Module" else st.just(())
        TARGETS[f"nn.{name}()"] = Target(forward_of(kind), st.builds(Call, inputs, st.just({})))
for name in optim.__all__:
    kind = getattr(optim, name)
    if isinstance(kind, type) and kind is not optim.Optimizer:
        TARGETS[f"optim.{name}"] = Target(
            step_of(kind), by_signature(kind, lambda name: st.builds(parameters) if name == "params" else st.just(0.1))
        )
