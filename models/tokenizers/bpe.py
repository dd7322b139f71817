"""Byte-level byte-pair encoding, as GPT-2 has it.

Text is cut into chunks (a word with its leading space, a run of digits, ...), each chunk is written as UTF-8 bytes, and
neighbouring tokens are joined by a ranked list of merges, lowest rank first, until none applies.
Sources: Sennrich, Haddow and Birch 2016 (BPE); Radford et al. 2019, section 2.2 (bytes, and the chunks).

Ids are numbered as GPT-2 numbers them: 0-255 are the bytes (in `BYTE_ORDER`), 256 + k is what merge k makes, special
tokens come last.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Sequence
from functools import cache
from heapq import heapify, heappop, heappush
from typing import Any, Literal, Self

from autograd.errors import require
from models.tokenizers.base import Tokenizer, check_ids, check_unicode, field, string_list
from models.tokenizers.bpe_train import learn_merges

END_OF_TEXT = "<|endoftext|>"
CHUNK = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
# GPT-2's files write each byte as a visible character: printable Latin-1 as itself, the others from U+0100 on.
PRINTABLE = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
BYTE_ORDER = PRINTABLE + [byte for byte in range(256) if byte not in PRINTABLE]
BYTE_CHARS = [chr(byte) for byte in PRINTABLE] + [chr(256 + i) for i in range(256 - len(PRINTABLE))]
BYTE_IDS = [BYTE_ORDER.index(byte) for byte in range(256)]
MOST_BYTES = 1 << 26  # of all tokens together: each merge may double the longest one (GPT-2's take 320 KB)
CACHED_CHUNKS = 1 << 17  # how many chunks are remembered,
CACHED_LENGTH = 64  # and how long, in characters, one of them may be

Pair = tuple[int, int]


class BPETokenizer(Tokenizer):
    """Any Unicode text to ids and back without loss, by `merges`: pairs of ids, the earliest first.

    Needs the `regex` package to encode, not to decode.
    """

    kind = "bpe"

    def __init__(self, merges: Sequence[Pair], special: Sequence[str] = ()) -> None:
        self.merges: list[Pair] = list(merges)
        self._merged: dict[Pair, int] = {}
        self.tokens: list[bytes] = [bytes([byte]) for byte in BYTE_ORDER]
        total = 256
        for new, (left, right) in enumerate(self.merges, start=256):
            if not (0 <= left < new and 0 <= right < new):
                raise ValueError(f"merge {new - 256} joins ({left}, {right}); both must be ids below {new}")
            if self._merged.setdefault((left, right), new) != new:
                raise ValueError(f"merge {new - 256} joins ({left}, {right}), which an earlier merge joins already")
            total += len(self.tokens[left]) + len(self.tokens[right])
            if total > MOST_BYTES:
                raise ValueError(
                    f"the tokens of merges 0 to {new - 256} are {total:,} bytes long, and at most {MOST_BYTES:,} are "
                    "allowed: the merges build on each other again and again; train the tokenizer on ordinary text"
                )
            self.tokens.append(self.tokens[left] + self.tokens[right])
        self.special: dict[str, int] = {}
        for name in special:
            check_unicode(name)
            if not name or name in self.special:
                raise ValueError(f"a special token must not be empty or occur twice; got {list(special)}")
            self.special[name] = len(self.tokens)
            self.tokens.append(name.encode("utf-8"))
        self._cache: dict[str, list[int]] = {}

    @classmethod
    def train(cls, text: str, vocab_size: int, *, special: Sequence[str] = (), progress: bool = False) -> Self:
        """Learn merges from `text` until there are `vocab_size` tokens: bytes, merges and special tokens together.

        The pair that occurs most often is merged first, of equals the one with the lowest ids. Training stops early,
        with a smaller vocabulary, when no pair occurs twice. `progress` shows a tqdm bar. A special token that occurs
        in `text` separates what is around it, and nothing is learned from it.
        """
        count = vocab_size - 256 - len(special)
        if count < 0:
            raise ValueError(
                f"vocab_size is {vocab_size}, but 256 bytes and {len(special)} special tokens are {256 + len(special)}"
            )
        check_unicode(text)
        chunks: dict[str, int] = {}
        for part in _split_at(text, special):
            if part not in special:
                for chunk in _chunk_pattern().findall(part):
                    chunks[chunk] = chunks.get(chunk, 0) + 1
        words = [([BYTE_IDS[byte] for byte in chunk.encode("utf-8")], times) for chunk, times in chunks.items()]
        steps: Any = learn_merges(words, count, first_id=256)
        if progress:
            steps = require("tqdm", "plot").tqdm(steps, total=count, desc="BPE merges", unit="merge")
        return cls(list(steps), special)

    @classmethod
    def from_gpt2(cls, encoder_json: str | os.PathLike[str], vocab_bpe: str | os.PathLike[str]) -> Self:
        """The tokenizer of GPT-2's two files. Raises ValueError if they are not, or do not belong together."""
        source = f"{os.fspath(encoder_json)} and {os.fspath(vocab_bpe)} are not GPT-2's, or not of the same model"
        try:
            with open(encoder_json, encoding="utf-8") as json_file, open(vocab_bpe, encoding="utf-8") as bpe_file:
                ids = json.load(json_file)
                lines = [line for line in bpe_file.read().split("\n") if line and not line.startswith("#version")]
        except (ValueError, RecursionError) as error:
            raise ValueError(f"{source}: they should be JSON and text in UTF-8: {error}") from error
        if not isinstance(ids, dict) or not all(type(number) is int for number in ids.values()):
            raise ValueError(f"{source}: the first should map tokens to ids")
        names = [*BYTE_CHARS, *(line.replace(" ", "", 1) for line in lines)]
        for expected, name in enumerate(names):
            if ids.get(name) != expected:
                raise ValueError(f"{source}: the id of {name!r} is {ids.get(name)}, but {expected} by the merges")
        merges = []
        for line in lines:
            left, _, right = line.partition(" ")
            if left not in ids or right not in ids:
                raise ValueError(f"{source}: the merge {line!r} is not two known tokens")
            merges.append((ids[left], ids[right]))
        special = sorted(ids.keys() - set(names), key=ids.__getitem__)
        if [ids[name] for name in special] != list(range(len(names), len(names) + len(special))):
            raise ValueError(f"{source}: the ids of {special[:5]} do not follow those of the merges")
        return cls(merges, special)

    def encode(self, text: str, *, allowed_special: Iterable[str] | Literal["all"] = ()) -> list[int]:
        """The ids of `text`.

        A special token in the text counts as ordinary text, so that text cannot forge one, unless it is named in
        `allowed_special` ("all" names them all).
        """
        check_unicode(text)
        allowed = list(self.special) if allowed_special == "all" else list(allowed_special)
        for name in allowed:
            if name not in self.special:
                raise ValueError(f"{name!r} is not a special token of this tokenizer: it has {list(self.special)}")
        if not allowed:
            return self._encode_ordinary(text)
        ids: list[int] = []
        for part in _split_at(text, allowed):
            ids += [self.special[part]] if part in allowed else self._encode_ordinary(part)
        return ids

    def _encode_ordinary(self, text: str) -> list[int]:
        ids: list[int] = []
        cached = self._cache
        for chunk in _chunk_pattern().findall(text):
            found = cached.get(chunk)
            if found is None:
                found = self._merge([BYTE_IDS[byte] for byte in chunk.encode("utf-8")])
                if len(cached) < CACHED_CHUNKS and len(chunk) <= CACHED_LENGTH:
                    cached[chunk] = found
            ids += found
        return ids

    def _merge(self, ids: list[int]) -> list[int]:
        """Apply the merges to the ids of one chunk, lowest rank first and from the left.

        The ids form a linked list, and a heap holds the merges that are possible, so n bytes take O(n log n). A merge
        makes only pairs of higher rank, and an entry of the heap that a neighbour's merge has overtaken is skipped.
        """
        merged = self._merged
        end = len(ids)
        after = list(range(1, end + 1))
        before = list(range(-1, end - 1))
        heap = [(merged[pair], i) for i, pair in enumerate(zip(ids, ids[1:], strict=False)) if pair in merged]
        heapify(heap)
        while heap:
            new, i = heappop(heap)
            j = after[i]
            if j == end or merged.get((ids[i], ids[j])) != new:
                continue
            ids[i], ids[j] = new, -1
            k = after[i] = after[j]
            if k < end:
                before[k] = i
                if (rank := merged.get((new, ids[k]))) is not None:
                    heappush(heap, (rank, i))
            h = before[i]
            if h >= 0 and (rank := merged.get((ids[h], new))) is not None:
                heappush(heap, (rank, h))
        return [number for number in ids if number >= 0]

    def decode_bytes(self, ids: Iterable[int]) -> bytes:
        """The bytes of `ids`; a character may be spread over several tokens. Raises ValueError if an id is unknown."""
        return b"".join([self.tokens[i] for i in check_ids(ids, self.vocab_size)])

    def decode(self, ids: Iterable[int]) -> str:
        """The text of `ids`, with U+FFFD for bytes that are not UTF-8. Raises ValueError if an id is unknown."""
        return self.decode_bytes(ids).decode("utf-8", errors="replace")

    def __repr__(self) -> str:
        return f"BPETokenizer(vocab_size={self.vocab_size}, merges={len(self.merges)}, special={list(self.special)})"

    def _fields(self) -> dict[str, Any]:
        return {"merges": [list(pair) for pair in self.merges], "special": list(self.special)}

    @classmethod
    def _from_fields(cls, fields: dict[str, Any]) -> Self:
        merges = field(fields, "merges", list)
        for k, pair in enumerate(merges):
            if not (isinstance(pair, list) and len(pair) == 2 and all(type(number) is int for number in pair)):
                raise ValueError(f'"merges" holds {pair!r} at {k}, which is not a pair of ids')
        return cls([(left, right) for left, right in merges], string_list(fields, "special"))


def _split_at(text: str, special: Sequence[str]) -> list[str]:
    """`text` split before and after every special token; of two that begin together, the longer one counts."""
    if not special:
        return [text]
    longest_first = sorted(special, key=len, reverse=True)
    return re.split("(" + "|".join(map(re.escape, longest_first)) + ")", text)


@cache
def _chunk_pattern() -> Any:
    return require("regex", "text").compile(CHUNK)
