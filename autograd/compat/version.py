"""The version of PyTorch whose names and behaviour are followed, for programs that ask for it."""

from __future__ import annotations

import re
from typing import Any

from autograd.compat.constant import always

__all__ = ["TorchVersion", "__version__", "cuda", "debug", "hip", "show"]


class TorchVersion(str):
    """A version as text that is ordered as versions are: "2.13.0" comes after "2.9", and equals (2, 13, 0)."""

    def _key(self, other: Any) -> tuple[tuple[int, ...], tuple[int, ...]]:
        parts = [v if isinstance(v, tuple) else tuple(map(int, re.findall(r"\d+", str(v)))) for v in (self, other)]
        size = max(map(len, parts))
        own, theirs = (tuple(part) + (0,) * (size - len(part)) for part in parts)
        return own, theirs

    def __lt__(self, other: Any) -> bool:
        own, theirs = self._key(other)
        return own < theirs

    def __le__(self, other: Any) -> bool:
        return not self > other

    def __gt__(self, other: Any) -> bool:
        own, theirs = self._key(other)
        return own > theirs

    def __ge__(self, other: Any) -> bool:
        return not self < other

    def __eq__(self, other: Any) -> Any:
        own, theirs = self._key(other)
        return own == theirs

    __hash__ = str.__hash__


__version__ = TorchVersion("2.13.0+chainrule")
cuda = hip = None  # no GPU libraries: CUDA, ROCm
debug = False
show = always("", "How PyTorch was built, of which there is nothing to say.")
