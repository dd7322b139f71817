"""The gradient of cross-entropy.

A classifier gives a row of logits for each example. Softmax makes probabilities P of them, and the loss is −log P of
the right class, averaged over the examples. Behind that pile of exponentials and logarithms waits a gradient so
simple that it is worth finding by hand: what should a logit of the right class do, and what one of a wrong class?

Write it, for the mean over the batch.
"""

import numpy as np


def cross_entropy_gradient(logits: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """The gradient of the mean cross-entropy by the logits (N, V); targets (N,) are the right classes, 0 to V - 1."""
    raise NotImplementedError
