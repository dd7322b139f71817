"""What libraries import from parts of PyTorch that are not here: names whose use, not import, raises RuntimeError."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

__all__ = ["SymBool", "SymFloat", "SymInt", "float8_e4m3fn", "float8_e5m2"]

# Paths of PyTorch's modules, with all below them, and why they are not here.
REASONS = {
    "_tensor_str": "str(tensor) prints a tensor",
    "distributed._functional_collectives": "there is one process",
    "distributed.checkpoint": "there is one process, whose torch.save writes all of a model",
    "distributed.tensor": "there is one process, which has all of every tensor",
    "distributions.wishart": "a sample of it has no simple form",
    "fx": "modules are Python programs, and have no graph that could be changed",
    "library": "torch.library.custom_op defines an operation",
    "nn.attention.flex_attention": "call scaled_dot_product_attention with attn_mask=",
    "onnx": "models are Python programs, and cannot be exported",
    "utils._python_dispatch": "calls cannot be replaced; autograd.tracing shows them",
    "utils.module_tracker": "autograd.tracing shows which module is called",
}


class _Names(type):
    """What is within a name that is not here is not here either."""

    def __getattr__(cls, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return refusing(name, cls.message)


class Refused(metaclass=_Names):
    """A class of PyTorch's that is not here: nothing is an instance of it, and making one raises RuntimeError."""

    message = ""

    def __init__(self, *_: Any, **__: Any) -> None:
        raise RuntimeError(self.message)


def reason(path: str) -> str:
    """Why a module of PyTorch's is not here, of which names can be imported all the same; "" for any other path."""
    while path and path not in REASONS:
        path = path.rpartition(".")[0]
    return REASONS.get(path, "")


def refusing(name: str, message: str) -> type[Refused]:
    """A class, or what stands for a function, that raises this when it is called."""
    return type(name, (Refused,), {"message": message, "__doc__": f"Raises RuntimeError: {message}."})


def refusal(path: str, name: str) -> type[Refused]:
    """What stands for a name in a module that is not here."""
    return refusing(name, f"torch.{path}.{name} is not here: {reason(path)}")


class Float8:
    """A dtype that NumPy does not have: it can be compared, and has limits, but no tensor is in it."""

    def __init__(self, name: str, largest: float) -> None:
        self.name, self.limits = name, SimpleNamespace(min=-largest, max=largest, bits=8)

    def __repr__(self) -> str:
        return f"torch.{self.name}"


float8_e4m3fn, float8_e5m2 = Float8("float8_e4m3fn", 448.0), Float8("float8_e5m2", 57344.0)
SymInt, SymFloat, SymBool = (
    refusing(name, f"torch.{name} is not here: sizes are numbers") for name in ("SymInt", "SymFloat", "SymBool")
)
