"""The layers: a constructor each, and a `forward` that is a call into `nn.functional`. `nn` has all these classes."""

from nn.layers.activation import *  # noqa: F403
from nn.layers.attention import *  # noqa: F403
from nn.layers.containers import *  # noqa: F403
from nn.layers.dropout import *  # noqa: F403
from nn.layers.encoder import *  # noqa: F403
from nn.layers.linear import *  # noqa: F403
from nn.layers.loss import *  # noqa: F403
from nn.layers.norm import *  # noqa: F403
from nn.layers.position import *  # noqa: F403
from nn.module import Module
from nn.parameter import Parameter
