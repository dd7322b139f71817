"""Watching a model at work: what its modules return, what a block computes step by step, which stage is to blame."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, NamedTuple, TypeVar

import numpy as np

from autograd import Tensor, no_grad
from models.block import Block, pre_norm
from nn import Module

M = TypeVar("M", bound=Module)
STAGES = ("embedding", "attention", "feed-forward", "output")


def private_copy(model: M) -> M:
    """A copy of the modules that shares the weights: hooks and settings on it are seen by no other user of them."""
    shared = [*model.parameters(), *model.buffers()]
    return copy.deepcopy(model, {id(tensor): tensor for tensor in shared})


class Call(NamedTuple):
    """The arguments of a call of a module, and what it returned."""

    args: tuple[Any, ...]
    out: Any


@contextmanager
def watch(model: Module) -> Iterator[dict[str, Call]]:
    """Within it, forward hooks note the last call of every module of the model, by the module's dotted path."""
    calls: dict[str, Call] = {}

    def note(path: str, module: Module, args: tuple[Any, ...], out: Any) -> None:
        calls[path] = Call(args, out)

    handles = [module.register_forward_hook(partial(note, path)) for path, module in model.named_modules()]
    try:
        yield calls
    finally:
        for handle in handles:
            handle.remove()


def attention_of_calls(model: Module, calls: dict[str, Call], kind: str = "attn") -> np.ndarray:
    """The attention weights (L, B, H, T, S) of the calls of every layer, which fused attention does not give out.

    `kind` is what the blocks call that attention: "attn" or "cross".
    """
    layers = [(m, calls[path]) for path, m in model.named_modules() if path.endswith(f".{kind}.attention")]
    return np.stack([attention.weights(*call.args).array for attention, call in layers])


class Stage(NamedTuple):
    """One result on the way through a block: its name, how it is made, the names of its axes, and itself."""

    name: str
    formula: str
    axes: str
    tensor: Tensor


@no_grad()
def stages_of(block: Block, x: Tensor) -> dict[str, Stage]:
    """What the modules of the block compute of x (B, T, C), in order; only S and A are none of their outputs."""
    with watch(block) as calls:
        result = block(x)
    out = {path: call.out for path, call in calls.items()}
    first = {path: call.args[0] for path, call in calls.items()}  # the first argument
    q, k, v = calls["attn.attention"].args[:3]
    pre, gated = block.residual is pre_norm, "mlp.c_gate" in calls
    source, second = ("h", "h₂") if pre else ("x", "y")
    rows = [
        ("x", "the input", "B T C", x),
        pre and ("h", "LN₁(x)", "B T C", out["ln_1"]),
        ("QKV", f"{source} W_qkv", "B T 3C", out["attn.c_attn"]),
        ("Q", "third 1 of QKV, split into heads", "B H T D", q),
        ("K", "third 2 of QKV, split into heads", "B H T D", k),
        ("V", "third 3 of QKV, split into heads", "B H T D", v),
        ("S", "Q Kᵀ / √D", "B H T T", q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1])),
        ("A", "softmax(S masked)", "B H T T", block.attn.attention.weights(q, k, v)),
        ("heads", "A V", "B H T D", out["attn.attention"]),
        ("joined", "the heads side by side", "B T C", first["attn.c_proj"]),
        ("attended", "joined W_o", "B T C", out["attn.c_proj"]),
        ("y", "x + attended", "B T C", first["ln_2"]) if pre else ("y", "LN₁(x + attended)", "B T C", out["ln_1"]),
        pre and ("h₂", "LN₂(y)", "B T C", out["ln_2"]),
        ("up", f"{second} W_up", "B T F", out["mlp.c_fc"]),
        gated and ("gate", f"{second} W_gate", "B T F", out["mlp.c_gate"]),
        ("active", "silu(gate) · up" if gated else "activation(up)", "B T F", first["mlp.c_proj"]),
        ("down", "active W_down", "B T C", out["mlp.c_proj"]),
        ("out", "y + down" if pre else "LN₂(y + down)", "B T C", result),
    ]
    return {row[0]: Stage(*row) for row in rows if row}


def stage(parameter: str) -> str:
    """The stage that a parameter of this name belongs to; a norm goes with what it feeds."""
    if ".wte." in parameter or ".wpe." in parameter:
        return "embedding"
    if ".attn." in parameter or ".ln_1." in parameter:
        return "attention"
    return "feed-forward" if ".mlp." in parameter or ".ln_2." in parameter else "output"


def blame(model: Module) -> tuple[float, ...]:
    """‖g‖ of each stage over the sum of the four, after a backward pass."""
    squares = dict.fromkeys(STAGES, 0.0)
    for name, parameter in model.named_parameters():
        if parameter.grad is not None:
            squares[stage(name)] += float((parameter.grad.array**2).sum())
    norms = [math.sqrt(square) for square in squares.values()]
    return tuple(norm / sum(norms) for norm in norms)
