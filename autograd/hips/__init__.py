"""The modules of HIPS autograd, whose import name is ours too: `import autograd.numpy as np`, `autograd.extend`.

Here are the names of its package itself, beside `grad`, `value_and_grad`, `jacobian` and `hessian`.
"""

from autograd.hips.builtins import dict as dict
from autograd.hips.builtins import isinstance as isinstance
from autograd.hips.builtins import list as list
from autograd.hips.builtins import tuple as tuple
from autograd.hips.extend import checkpoint as checkpoint
from autograd.hips.extend import primitive as primitive
from autograd.hips.operators import *
from autograd.hips.operators import __all__ as _operators

__all__ = [*_operators, "checkpoint", "primitive"]
