"""Byte-pair encoding by its definition: short, slow, and shared with nothing that ships."""

from collections import Counter
from pathlib import Path

import regex
from hypothesis import strategies as st

import models.tokenizers
from models.tokenizers import BPETokenizer

PATTERN = regex.compile(r"""'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+""")

EVERY = "".join(chr(code) for code in range(0x110000) if not 0xD800 <= code < 0xE000)


def listed() -> list[set[str]]:
    """The letters, and the numbers, of Unicode 16, as the package lists them."""
    text = (Path(models.tokenizers.__file__).parent / "data" / "unicode.txt").read_text("ascii")
    found = []
    for part in text.split("\n\n"):
        ends = [[int(number, 16) for number in line.split("-")] for line in part.split()]
        found.append({chr(code) for end in ends for code in range(end[0], end[-1] + 1)})
    return found


# The package `regex` is of a newer Unicode, which has letters and numbers where Unicode 16 has nothing.
NEWER = set(regex.findall(r"[\p{L}\p{N}]", EVERY)) - set.union(*listed())
TEXT = st.text(st.characters(exclude_categories=["Cs"]).filter(lambda char: char not in NEWER))


def merge_everywhere(parts: list[bytes], pair: tuple[bytes, bytes]) -> list[bytes]:
    """One pass from the left."""
    out: list[bytes] = []
    i = 0
    while i < len(parts):
        if tuple(parts[i : i + 2]) == pair:
            out.append(parts[i] + parts[i + 1])
            i += 2
        else:
            out.append(parts[i])
            i += 1
    return out


def plain_encode(text: str, rank: dict[tuple[bytes, bytes], int]) -> list[bytes]:
    """The definition of BPE, in quadratic time: the earliest merge that applies, everywhere, until none does."""
    out: list[bytes] = []
    for chunk in PATTERN.findall(text):
        parts = [bytes([byte]) for byte in chunk.encode("utf-8")]
        while pairs := [pair for pair in zip(parts, parts[1:], strict=False) if pair in rank]:
            parts = merge_everywhere(parts, min(pairs, key=rank.__getitem__))
        out += parts
    return out


def plain_train(text: str, count: int, number: dict[bytes, int]) -> list[tuple[bytes, bytes]]:
    """Learning by the definition: count every pair anew for each merge. `number` gives the ids of single bytes."""
    number = dict(number)
    words = [[bytes([byte]) for byte in chunk.encode("utf-8")] for chunk in PATTERN.findall(text)]
    merges: list[tuple[bytes, bytes]] = []
    while len(merges) < count:
        counts = Counter(pair for word in words for pair in zip(word, word[1:], strict=False))
        best = min(counts, key=lambda pair: (-counts[pair], number[pair[0]], number[pair[1]]), default=None)
        if best is None or counts[best] < 2:
            break
        merges.append(best)
        number[best[0] + best[1]] = len(number)
        words = [merge_everywhere(word, best) for word in words]
    return merges


def merges_as_bytes(tokenizer: BPETokenizer) -> list[tuple[bytes, bytes]]:
    return [(tokenizer.tokens[left], tokenizer.tokens[right]) for left, right in tokenizer.merges]


def tokens_of(tokenizer: BPETokenizer, ids: list[int]) -> list[bytes]:
    return [tokenizer.tokens[i] for i in ids]


def ranks_of(tokenizer: BPETokenizer) -> dict[tuple[bytes, bytes], int]:
    return {pair: k for k, pair in enumerate(merges_as_bytes(tokenizer))}
