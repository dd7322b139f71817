"""The functions behind the layers, under PyTorch's names: `import nn.functional as F`."""

from autograd.ops.complaints import explain_all as _explain_all
from autograd.ops.convolution import *
from nn.functional import grad as grad
from nn.functional.activation import *
from nn.functional.attention import *
from nn.functional.batch_norm import *
from nn.functional.ctc import *
from nn.functional.dropout import *
from nn.functional.embedding import *
from nn.functional.grid import *
from nn.functional.image import *
from nn.functional.layer import *
from nn.functional.likelihood import *
from nn.functional.loss import *
from nn.functional.margin import *
from nn.functional.pooling import *
from nn.functional.position import *

_explain_all(__name__)
