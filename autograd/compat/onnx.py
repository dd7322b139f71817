"""`torch.onnx`: it can be imported, and refuses."""

from __future__ import annotations

from typing import Any, NoReturn

__all__ = ["export"]


def export(*_: Any, **__: Any) -> NoReturn:
    """Raises RuntimeError: a program here is Python, and has no form that could be exported."""
    raise RuntimeError("torch.onnx.export: models are Python programs here, and cannot be exported")
