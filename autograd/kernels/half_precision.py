"""Kernels on float16 compute in float32, where squares and sums keep their digits and do not overflow."""

from functools import wraps

import numpy as np


def in_float32(kernel):
    """The kernel, which computes in float32 if its first argument is float16.

    Its first result is rounded to float16. The others stay as they are: what the forward saves for the backward, and
    further gradients, which the walk rounds to the dtype of the argument.
    """

    @wraps(kernel)
    def call(*args):
        if args[0].dtype != np.float16:
            return kernel(*args)
        found = kernel(
            *[a.astype(np.float32) if isinstance(a, np.ndarray) and a.dtype == np.float16 else a for a in args]
        )
        first, *rest = found if isinstance(found, tuple) else (found,)
        first = first if first is None else np.asarray(first).astype(np.float16)
        return (first, *rest) if isinstance(found, tuple) else first

    return call
