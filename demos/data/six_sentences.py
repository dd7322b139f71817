"""The six sentences of the walkthrough, its weights, and the numbers that were published of it.

They were published by P. K. Varanasi, "GPT Has No Idea What Words Mean. That's the Whole Point." (DEV Community), of a
few words and weights; the other weights are chosen so that those numbers come out, but for the ones that cannot.
"""

from demos.data.published import Published
from models.tokenizers import WordTokenizer

SENTENCES = (
    "I love pizza.",
    "You love burgers.",
    "She loves pizza.",
    "The cat chased the mouse.",
    "The dog chased the cat because it was fast.",
    "He hated broccoli but loved cake.",
)
# Each word's embedding, and its column of W_out, which makes its logit of the head's output. Five columns have three
# decimals: they are fitted, so that [I] → love takes the published course at the rate RATE.
WORDS = """
    i          0.2   0.7     6.3    -2.5
    love       0.1   0.3     1.3     4.471
    pizza      1.0   0.9    -2.501   6.928
    you        0.2   0.4     4.2    -1.1
    burgers    0.9   0.8    -0.302   4.878
    she        0.3   0.6     0.9    -1.5
    loves      0.1   0.2     0.7    -1.7
    the       -0.4   0.1     0.3    -1.5
    cat       -0.6   0.5     5.7    -1.9
    chased    -0.3  -0.5     1.1    -1.5
    mouse     -0.7   0.4     5.4    -1.6
    dog       -0.6   0.6     5.3    -1.6
    because   -0.1  -0.7     0.691   3.872
    it        -0.2   0.2     1.5    -1.6
    was       -0.4  -0.3     0.8    -1.4
    fast      -0.5  -0.6     4.9    -1.4
    he         0.3   0.5     4.9    -1.1
    hated      0.1  -0.4     5.5    -1.7
    broccoli   0.8   0.7    -2.266   6.725
    but       -0.1  -0.8     5.2    -1.8
    loved      0.1   0.1     0.8    -1.4
    cake       0.9   1.0     0.7    -1.9
"""
W_Q = [[0.4, 0.7], [0.2, 0.6]]
W_K = [[0.3, -0.1], [0.7, 0.3]]
W_V = [[0.2, 0.9], [0.4, 0.6]]

RATE = 0.2


PUBLISHED = (
    Published("different words", "22"),
    Published("pairs to learn from", "23"),
    Published("embedding of love", "0.10 0.30"),
    Published("Q_love", "0.10 0.25"),
    Published("K_love", "0.24 0.08"),
    Published("V_love", "0.14 0.27"),
    Published("V_I", "0.32 0.60"),
    Published("attention of I on I, %", "100"),
    Published("attention of love on I, love, %", "51 49"),
    Published("attention of pizza on I, love, pizza, %", "34 27 39"),
    Published("what love takes of V_I", "0.163 0.306"),
    Published("what love takes of V_love", "0.069 0.132"),
    Published("output for love", "0.232 0.438"),
    Published("P([I] → pizza), %", "22"),
    Published("P([I] → broccoli), %", "21"),
    Published("P([I] → love) in iterations 1 to 4, %", "17 24 38 56"),
    Published("its loss", "1.772 1.427 0.968 0.580"),
    Published("W_out[0, love] at first", "1.300"),
    Published(
        "W_out[0, love] after one update",
        "1.305",
        "its update is rate · O[0] · (1 − P); to be {moved:.3f} the rate must be {rate:.3f}, and then P(love) would be "
        "{share:.1%} in iteration 2",
    ),
    Published(
        "largest change of the first update",
        "0.020",
        "to be that small the rate must be {small_rate:.3f}, and then P(love) would be {small_share:.1%} in "
        "iteration 2",
    ),
    Published("W_q[0, 0] at first", "0.400"),
    Published(
        "W_q[0, 0] after one update", "0.397", "[I] is one word, whose softmax is 1 for any score: the gradient is 0"
    ),
    Published("W_q[0, 0] in iteration 4", "0.391", "likewise"),
    Published(
        "embedding of love after one update",
        "0.099 0.289",
        "love is the answer to [I] and no part of the input: only the row of I has a gradient",
    ),
    Published("P([You] → love) with the weights of iteration 4, %", "18"),
    Published("1/22, %", "4.5"),
)


def tokenizer() -> WordTokenizer:
    """One id a word, lower-case, without punctuation, in the order of first appearance."""
    return WordTokenizer.train(" ".join(SENTENCES), lower=True, punctuation=False)


def pairs(tokens: WordTokenizer) -> list[tuple[list[int], int]]:
    """Every beginning of a sentence with the word that follows."""
    encoded = [tokens.encode(sentence) for sentence in SENTENCES]
    return [(ids[:n], ids[n]) for ids in encoded for n in range(1, len(ids))]
