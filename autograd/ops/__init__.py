"""The derivative table: every operation with its rules, a file a family, and the functions composed of them."""

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

from autograd.base import load_families, loads_families, wait_for_families
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
    from autograd.ops.seldom import *
    from autograd.ops.special import *

# The families that few programs need are imported when a name is asked for that the others do not have.
LATER: tuple[str, ...] = ("arrangement", "complex_numbers", "convolution", "decompositions", "elimination")
LATER += ("normalization", "numpy_composed", "order", "pairs", "pooling", "recurrent", "seldom", "special")
# Ops that `nn.functional` completes under the same name: `autograd.NAME` is that function, as in torch.
COMPLETED = {"dropout", "embedding", "layer_norm", "prelu", "rms_norm", "rrelu"}
# The methods that these families add.
METHODS = """
    absolute absolute_ addbmm addbmm_ addmv addmv_ adjoint angle arccos arccos_ arccosh arccosh_ arcsin arcsin_
    arcsinh arcsinh_ arctan arctan2 arctan2_ arctan_ arctanh arctanh_ argwhere bitwise_left_shift
    bitwise_left_shift_ bitwise_right_shift bitwise_right_shift_ cholesky cholesky_inverse cholesky_solve clamp_max
    clamp_max_ clamp_min clamp_min_ conj conj_physical conjugate copysign copysign_ corrcoef cov cummax cummin
    deg2rad deg2rad_ det diag_embed diagflat diagonal_scatter diff digamma digamma_ dist dsplit erfc erfc_ erfinv
    erfinv_ fix fix_ fliplr flipud float_power float_power_ frac frac_ frexp gcd gcd_ ger greater greater_
    greater_equal greater_equal_ heaviside heaviside_ histc histogram hsplit hypot hypot_ index_copy index_fill
    index_put index_put_ inner inverse is_complex is_nonzero is_signed isneginf isposinf isreal kron kthvalue lcm
    lcm_ ldexp ldexp_ less less_ less_equal less_equal_ lgamma lgamma_ logcumsumexp logdet logit logit_ lu
    masked_scatter masked_scatter_ matrix_exp matrix_power mode msort mvlgamma nanmean nanquantile nansum negative
    negative_ nextafter nextafter_ not_equal not_equal_ pinverse positive put put_ qr quantile rad2deg rad2deg_
    ravel reshape_as resolve_conj rot90 scatter_reduce scatter_reduce_ select_scatter sgn sgn_ signbit sinc sinc_
    slice_scatter slogdet split_with_sizes svd take tensor_split unique_consecutive vdot vsplit xlogy xlogy_
""".split()

wait_for_families(METHODS)


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
