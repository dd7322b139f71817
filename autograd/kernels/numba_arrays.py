"""What the compiled kernels take: arrays of float32, which are made contiguous and brought to a number of dims."""

import numpy as np

FLOAT32 = np.dtype(np.float32)


def supported(x):
    """Whether the compiled loops take x: float32, of at least one dim, not empty."""
    return x.dtype == FLOAT32 and x.ndim > 0 and x.size > 0


def all_supported(*arrays):
    """Whether they take each of these, of which some may be None."""
    return all(x is None or supported(x) for x in arrays)


def contiguous(x):
    """x itself if it is contiguous and writable, else a copy: Numba would compile the loops again for other layouts."""
    return x if x.flags.carray else np.array(x, order="C")


def flat(x):
    """x as a vector."""
    return contiguous(x).reshape(-1)


def as_rows(x):
    """x as a matrix of its rows."""
    return contiguous(x).reshape(-1, x.shape[-1])


def four_dims(x):
    """x (..., T, D) with two dims before the matrices."""
    return x.reshape(-1, *x.shape[-3:]) if x.ndim > 4 else x[(None,) * (4 - x.ndim)]
