"""For tests: `assert_close`, and hypothesis strategies for arrays, which need the extra `dev`."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from autograd.testing.closeness import assert_allclose as assert_allclose
from autograd.testing.closeness import assert_close as assert_close

if TYPE_CHECKING:
    from autograd.testing.strategies import *
else:

    def __getattr__(name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module("autograd.testing.strategies"), name)
