"""chainrule: reverse-mode automatic differentiation on NumPy, under PyTorch's names."""

from __future__ import annotations

import importlib
import sys
from math import e, inf, nan, pi
from types import ModuleType
from typing import TYPE_CHECKING, Any

from numpy import iinfo

from autograd import errors, functional, graph, kernels, ops, random, tracing
from autograd.creation import *
from autograd.dtypes import *
from autograd.errors import GraphError, ShapeError
from autograd.files import load, save
from autograd.function import Function
from autograd.functional import backward, grad, hessian, hvp, jacobian, jvp, value_and_grad, vjp
from autograd.generator import Generator, get_rng_state, initial_seed, manual_seed, set_rng_state
from autograd.grad_mode import enable_grad, inference_mode, is_grad_enabled, no_grad, set_grad_enabled
from autograd.inplace import writing
from autograd.ops.arithmetic import *
from autograd.ops.comparison import *
from autograd.ops.elementwise import *
from autograd.ops.fused import log_softmax, softmax
from autograd.ops.gathering import *
from autograd.ops.indexing import *
from autograd.ops.joining import *
from autograd.ops.linalg import *
from autograd.ops.reduction import *
from autograd.ops.shape import *
from autograd.ops.statistics import *
from autograd.ops.table import op
from autograd.ops.transcendental import *
from autograd.printing import get_printoptions, set_printoptions
from autograd.random import (
    bernoulli,
    multinomial,
    normal,
    rand,
    rand_like,
    randint,
    randint_like,
    randn,
    randn_like,
    randperm,
)
from autograd.scalar import Value
from autograd.tensor import Tensor

errors.check_not_overwritten(__file__)


if TYPE_CHECKING:
    from autograd.checking import GradcheckError, gradcheck, gradcheck_module, gradcheck_report, gradgradcheck


# The checker, and families of operations that few programs need, are imported when a name of theirs is asked for. Names
# of torch's that are not the engine's own stand in `compat`, which is imported then, too.
def __getattr__(name: str) -> Any:
    if name in ("GradcheckError", "gradcheck", "gradcheck_module", "gradcheck_report", "gradgradcheck"):
        return getattr(importlib.import_module("autograd.checking"), name)
    if name[0] != "_" and name not in ops.COMPLETED and not isinstance(found := getattr(ops, name, ops), ModuleType):
        return found
    return importlib.import_module("autograd.compat").attribute("", name)


class _Finder:
    """Asks `compat` for the modules whose names begin so, when nobody before it has found them."""

    def __init__(self, *prefixes: str) -> None:
        self.prefixes = prefixes

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        if name.startswith(self.prefixes):
            return importlib.import_module("autograd.compat.importing").find_spec(name, path)
        return None


sys.meta_path.append(_Finder("autograd.", "einops.layers.autograd"))  # `import autograd.nn.functional`
sys.meta_path.insert(0, _Finder("einops._backends"))  # which is to know our tensors from then on
if "einops._backends" in sys.modules:
    importlib.import_module("autograd.compat.einops_backend")
