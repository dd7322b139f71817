"""What `safetensors.torch` must know to save our tensors: an element of bfloat16, which is float32, has 4 bytes."""

from __future__ import annotations

from importlib import import_module

from autograd import dtypes

import_module("safetensors.torch")._SIZE[dtypes.bfloat16] = dtypes.bfloat16.itemsize
