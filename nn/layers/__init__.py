"""The layers: a constructor each, and a `forward` that is a call into `nn.functional`. `nn` has all these classes."""

from autograd.ops.complaints import explain_all as _explain_all
from nn.layers.activation import *
from nn.layers.adaptive import *
from nn.layers.attention import *
from nn.layers.batch_norm import *
from nn.layers.containers import *
from nn.layers.convolution import *
from nn.layers.dropout import *
from nn.layers.embedding import *
from nn.layers.image import *
from nn.layers.lazy import *
from nn.layers.linear import *
from nn.layers.loss import *
from nn.layers.norm import *
from nn.layers.padding import *
from nn.layers.pooling import *
from nn.layers.position import *
from nn.layers.recurrent import *
from nn.layers.recurrent_cells import *
from nn.layers.transformer import *
from nn.module import Module
from nn.parameter import Buffer, Parameter

_explain_all(__name__)
