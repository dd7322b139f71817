"""What torchvision registers with PyTorch's C++: its own compiled operations, and those for ONNX. None are here.

This module stands for several of torchvision's; the rest of it, transforms, datasets and models, is Python and runs.
"""

from __future__ import annotations

from typing import NoReturn

from autograd.compat.constant import always

_has_ops = always(False, "Never: the operations are compiled for PyTorch.")
_HAS_OPS = False
_load_library = always(False, "Never.")
_check_cuda_version = always(-1, "There is no CUDA.")
_register_custom_op = always(None, "Nothing is exported to ONNX.")


def _assert_has_ops() -> NoReturn:
    """Raises RuntimeError: one of torchvision's compiled operations was called."""
    raise RuntimeError("nms, roi_pool, deform_conv2d and their like are compiled for PyTorch: there are none here")
