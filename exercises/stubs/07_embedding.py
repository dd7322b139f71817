"""The rule of an embedding.

An embedding is a table with a row for each word of the vocabulary: out = table[ids] looks up the rows of a text. Only
the rows of words that occur can have a gradient. A word that occurs three times has acted on the result in three
places.

Write the gradient with respect to the whole table.
"""

import numpy as np


def embedding_rule(g: np.ndarray, ids: np.ndarray, table: np.ndarray) -> np.ndarray:
    """The gradient with respect to the table (V, C), of which the rows `ids` (T,) were taken; g is (T, C)."""
    raise NotImplementedError
