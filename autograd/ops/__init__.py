"""The derivative table: every operation with its rules, a file a family, and the functions composed of them."""

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

from autograd.base import load_families, loads_families
from autograd.ops import numpy_names
from autograd.ops.activations import *
from autograd.ops.arithmetic import *
from autograd.ops.comparison import *
from autograd.ops.elementwise import *
from autograd.ops.fused import *
from autograd.ops.gathering import *
from autograd.ops.indexing import *
from autograd.ops.joining import *
from autograd.ops.linalg import *
from autograd.ops.neural import *
from autograd.ops.reduction import *
from autograd.ops.shape import *
from autograd.ops.statistics import *
from autograd.ops.table import NUMPY, OPS, op
from autograd.ops.transcendental import *

if TYPE_CHECKING:
    from autograd.ops.arrangement import *
    from autograd.ops.complex_numbers import *
    from autograd.ops.convolution import *
    from autograd.ops.decompositions import *
    from autograd.ops.elimination import *
    from autograd.ops.normalization import *
    from autograd.ops.order import *
    from autograd.ops.pairs import *
    from autograd.ops.pooling import *
    from autograd.ops.recurrent import *
    from autograd.ops.special import *

# The families that few programs need are imported when a name is asked for that the others do not have.
LATER: tuple[str, ...] = ("arrangement", "complex_numbers", "convolution", "decompositions", "elimination")
LATER += ("normalization", "numpy_composed", "order", "pairs", "pooling", "recurrent", "special")


@loads_families
def load() -> None:
    """Import all families: then the table is complete."""
    names = sys.modules[__name__].__dict__
    for family in LATER:
        module = import_module(f"{__name__}.{family}")
        names.update({name: getattr(module, name) for name in getattr(module, "__all__", ())})


def __getattr__(name: str) -> Any:
    if not name.startswith("__") and load_families():
        return getattr(sys.modules[__name__], name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
