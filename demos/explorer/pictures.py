"""Numbers as small as a picture of them needs."""

from __future__ import annotations

from typing import Any

import numpy as np


def scaled(values: np.ndarray) -> dict[str, Any]:
    """Numbers as whole ones from -127 to 127, and the size of 127."""
    size = float(np.abs(values).max(initial=0)) or 1.0
    return {"values": np.rint(values * (127 / size)).astype(int), "size": size}
