"""`torch.onnx`: it can be imported, and refuses."""

from __future__ import annotations

from typing import Any, NoReturn

from autograd.compat.constant import always

__all__ = ["export", "is_in_onnx_export"]

is_in_onnx_export = always(False, "Never: nothing is exported.")


def export(*_: Any, **__: Any) -> NoReturn:
    """Raises RuntimeError: a program here is Python, and has no form that could be exported."""
    raise RuntimeError("torch.onnx.export: models are Python programs here, and cannot be exported")
