"""Where a word stands.

Attention does not know the order of its inputs. The first transformer adds to each word a vector that tells its
position pos, made of waves from fast to slow (Vaswani et al. 2017, section 3.5):

    PE[pos, 2i]     = sin(pos / 10000^(2i/D))
    PE[pos, 2i + 1] = cos(pos / 10000^(2i/D))

Write the table of the first T positions, for an even number D of features.
"""

import numpy as np


def sinusoids(T: int, D: int) -> np.ndarray:
    """The positional encodings (T, D)."""
    raise NotImplementedError
