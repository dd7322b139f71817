"""The causal mask.

A GPT predicts the next token at every place of a text at once. So that it cannot cheat, a token must not look at what
follows it. With T queries and as many keys, query i may look at keys 0 to i.

When a GPT writes, the keys of what it has read are kept: then there are S keys and only T ≤ S new queries, and these
are the last T of the S tokens. So the last query sees all S keys, the one before it all but one, and so on.
"""

import numpy as np


def causal_mask(T: int, S: int) -> np.ndarray:
    """A mask (T, S) of booleans: True where a query may look at a key."""
    raise NotImplementedError
