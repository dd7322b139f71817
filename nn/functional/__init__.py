"""The functions behind the layers, under PyTorch's names: `import nn.functional as F`."""

from nn.functional.activation import *  # noqa: F403
from nn.functional.attention import *  # noqa: F403
from nn.functional.layer import *  # noqa: F403
from nn.functional.loss import *  # noqa: F403
from nn.functional.position import *  # noqa: F403
