"""The six sentences of the walkthrough, its weights, and the numbers that were published of it.

Published are the numbers of a few words; the weights are chosen so that they come out, with a digit each.
"""

from models.tokenizers import WordTokenizer

SENTENCES = (
    "I love pizza.",
    "You love burgers.",
    "She loves pizza.",
    "The cat chased the mouse.",
    "The dog chased the cat because it was fast.",
    "He hated broccoli but loved cake.",
)
# Each word's embedding, and its column of W_out, which makes its logit of the head's output.
WORDS = """
    i          0.2  0.7     0.5 -0.1
    love       0.1  0.3     1.0  1.9
    pizza      1.0  0.9    -0.3  0.3
    you        0.2  0.4    -0.1 -0.3
    burgers    0.9  0.8     0.5  0.1
    she        0.3  0.6    -0.5 -0.6
    loves      0.1  0.2    -0.3 -0.4
    the       -0.4  0.1     0.0 -0.6
    cat       -0.6  0.5    -0.3  0.2
    chased    -0.3 -0.5    -0.1  0.4
    mouse     -0.7  0.4    -0.2  0.5
    dog       -0.6  0.6    -0.6  0.4
    because   -0.1 -0.7    -0.6  0.5
    it        -0.2  0.2    -0.5 -0.6
    was       -0.4 -0.3     0.2  0.3
    fast      -0.5 -0.6     0.6 -0.2
    he         0.3  0.5     0.6  0.2
    hated      0.1 -0.4     0.3 -0.5
    broccoli   0.8  0.7     0.5 -0.4
    but       -0.1 -0.8    -0.1  0.0
    loved      0.1  0.1     0.1 -0.3
    cake       0.9  1.0     0.2  0.2
"""
W_Q = [[0.4, 0.7], [0.2, 0.6]]
W_K = [[0.3, -0.1], [0.7, 0.3]]
W_V = [[0.2, 0.9], [0.4, 0.6]]

# As they were written, so the decimals are those that must be met.
PUBLISHED = {
    "embedding of love": "0.10 0.30",
    "Q_love": "0.10 0.25",
    "K_love": "0.24 0.08",
    "V_love": "0.14 0.27",
    "V_I": "0.32 0.60",
    "attention of love on I, love, %": "51 49",
    "attention of pizza on I, love, pizza, %": "34 27 39",
    "output for love": "0.232 0.438",
    "W_q[0][0]": "0.400",
    "P([I] → love), %": "17",
    "loss of [I] → love": "1.772",
}


def tokenizer() -> WordTokenizer:
    """One id a word, lower-case, without punctuation, in the order of first appearance."""
    return WordTokenizer.train(" ".join(SENTENCES), lower=True, punctuation=False)


def pairs(tokens: WordTokenizer) -> list[tuple[list[int], int]]:
    """Every beginning of a sentence with the word that follows."""
    encoded = [tokens.encode(sentence) for sentence in SENTENCES]
    return [(ids[:n], ids[n]) for ids in encoded for n in range(1, len(ids))]
