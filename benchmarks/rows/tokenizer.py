"""GPT-2's tokenizer, and the training of one, on 10 MB of text: Python's own library, which is everywhere.

Encoding begins with an empty cache each time. The number that must agree is the mean of the token ids. Hugging Face's
trainer takes the pairs that occur equally often in another order, so what is learned is not compared.
"""

import sysconfig
import tempfile
from functools import cache
from pathlib import Path

import numpy as np

from benchmarks.timing import CLOCK, Row

SIZE, VOCABULARY = 10_000_000, 8192
ROWS = [
    Row(
        "GPT-2's tokens of 10 MB of text",
        "tokenizer",
        ("numpy", "tiktoken", "tokenizers"),
        {"learn": False},
        unit="s",
        per=1,
        steps=1,
        turns=4,
        at_most={"tiktoken": 3.0},
        loss_within=1e-12,
    ),
    Row(
        f"{VOCABULARY:,} tokens learned from 10 MB of text",
        "tokenizer",
        ("numpy", "tokenizers"),
        {"learn": True},
        unit="s",
        per=1,
        steps=1,
        turns=1,
        loss_within=None,
    ),
]


@cache
def text():
    """The first SIZE characters of the modules of Python's library."""
    found, length = [], 0
    for path in sorted(Path(sysconfig.get_path("stdlib")).rglob("*.py")):
        if length < SIZE and "site-packages" not in path.parts:
            found.append(path.read_text(encoding="utf-8", errors="replace"))
            length += len(found[-1])
    return "".join(found)[:SIZE]


def ours(learn):
    from models.tokenizers import BPETokenizer

    def step():
        if learn:
            return BPETokenizer.train(text(), VOCABULARY).vocab_size
        tokenizer = BPETokenizer.gpt2()
        before = CLOCK()
        ids = tokenizer.encode(text())
        return CLOCK() - before, np.mean(ids)

    text()
    return step


def tiktoken(learn):
    import tiktoken

    from models.tokenizers import BPETokenizer

    pattern = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
    ranks = {token: number for number, token in enumerate(BPETokenizer.gpt2().tokens[:-1])}
    encoding = tiktoken.Encoding("gpt2", pat_str=pattern, mergeable_ranks=ranks, special_tokens={})

    def step():
        before = CLOCK()
        ids = encoding.encode_ordinary(text())
        return CLOCK() - before, np.mean(ids)

    text()
    return step


def tokenizers(learn):
    import tokenizers

    from models.tokenizers import BPETokenizer

    def step():
        if learn:
            trained = tokenizers.ByteLevelBPETokenizer()
            trained.train_from_iterator([text()], VOCABULARY, show_progress=False)
            return trained.get_vocab_size()
        before = CLOCK()
        ids = fast.encode(text()).ids
        return CLOCK() - before, np.mean(ids)

    with tempfile.TemporaryDirectory() as folder:
        BPETokenizer.gpt2().save_pretrained(folder)
        fast = tokenizers.Tokenizer.from_file(f"{folder}/tokenizer.json")
    text()
    return step
