"""`torch.nn.attention.flex_attention`: programs that may do without it can import it; it refuses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

__all__ = ["BlockMask", "create_block_mask", "flex_attention", "_mask_mod_signature"]

_mask_mod_signature = Callable


def flex_attention(*_: Any, **__: Any) -> NoReturn:
    """Raises RuntimeError: a kernel is not compiled for each program."""
    raise RuntimeError("flex_attention is not here: call scaled_dot_product_attention with attn_mask=")


create_block_mask = flex_attention


class BlockMask:
    """A name for annotations: there are none."""

    __init__ = flex_attention
