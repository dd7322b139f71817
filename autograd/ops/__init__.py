"""The derivative table: every operation with its rules, a file a family, and the functions composed of them."""

from autograd.ops import numpy_composed, numpy_names
from autograd.ops.activations import *
from autograd.ops.arithmetic import *
from autograd.ops.arrangement import *
from autograd.ops.batch_norm import *
from autograd.ops.comparison import *
from autograd.ops.complex_numbers import *
from autograd.ops.convolution import *
from autograd.ops.decompositions import *
from autograd.ops.elementwise import *
from autograd.ops.fused import *
from autograd.ops.gathering import *
from autograd.ops.indexing import *
from autograd.ops.joining import *
from autograd.ops.linalg import *
from autograd.ops.lu import *
from autograd.ops.neural import *
from autograd.ops.order import *
from autograd.ops.pairs import *
from autograd.ops.pooling import *
from autograd.ops.recurrent import *
from autograd.ops.reduction import *
from autograd.ops.shape import *
from autograd.ops.special import *
from autograd.ops.statistics import *
from autograd.ops.table import NUMPY, OPS, op
from autograd.ops.transcendental import *
