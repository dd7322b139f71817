"""Broadcast back.

NumPy adds arrays of shapes (2, 3) and (3,): it uses the row of three twice. Each of these numbers has then acted on
the result in two places, and its gradient is the sum of the gradients at both. An axis of length 1 is used again in
the same way: in (2, 3) + (2, 1) each number of the column acts on three places.

Write the function that undoes broadcasting. It takes g, which has the broadcast shape, and sums it so that it has the
`shape` that the operand had. An engine calls it after every rule of an operation that broadcasts.
"""

import numpy as np


def unbroadcast(g: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """g, summed over all axes along which an array of this shape was used more than once."""
    raise NotImplementedError
