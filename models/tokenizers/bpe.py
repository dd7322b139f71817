"""Byte-level byte-pair encoding, as GPT-2 has it.

Text is cut into chunks (a word with its leading space, a run of digits, ...), each chunk is written as UTF-8 bytes, and
neighbouring tokens are joined by a ranked list of merges, lowest rank first, until none applies.
Sources: Sennrich, Haddow and Birch 2016 (BPE); Radford et al. 2019, section 2.2 (bytes, and the chunks).

Ids are numbered as GPT-2 numbers them: 0-255 are the bytes (in `BYTE_ORDER`), 256 + k is what merge k makes, special
tokens come last.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from heapq import heapify, heappop, heappush
from itertools import chain
from typing import Any, Literal, Self

from autograd.errors import require
from models.tokenizers import bpe_files
from models.tokenizers.base import Tokenizer, check_ids, check_unicode, field, string_list
from models.tokenizers.bpe_files import BYTE_ORDER
from models.tokenizers.bpe_train import learn_merges
from models.tokenizers.chunks import chunks

BYTE_IDS = [BYTE_ORDER.index(byte) for byte in range(256)]
MOST_BYTES = 1 << 26  # of all tokens together: each merge may double the longest one (GPT-2's take 320 KB)
CACHED_CHUNKS = 1 << 17  # how many chunks are remembered,
CACHED_LENGTH = 64  # and how long, in characters, one of them may be

Pair = tuple[int, int]


class BPETokenizer(Tokenizer):
    """Any Unicode text to ids and back without loss, by `merges`: pairs of ids, the earliest first."""

    kind = "bpe"

    def __init__(self, merges: Sequence[Pair], special: Sequence[str] = ()) -> None:
        self.merges: list[Pair] = list(merges)
        merged: dict[Pair, int] = {}
        self.tokens: list[bytes] = [bytes([byte]) for byte in BYTE_ORDER]
        total = 256
        for new, (left, right) in enumerate(self.merges, start=256):
            if not (0 <= left < new and 0 <= right < new):
                raise ValueError(f"merge {new - 256} joins ({left}, {right}); both must be ids below {new}")
            if merged.setdefault((left, right), new) != new:
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
        self._ids_of = _ChunkIds(merged)

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
        counts: Counter[str] = Counter()
        for part in _split_at(text, special):
            if part not in special:
                counts.update(chunks(part))
        words = [([BYTE_IDS[byte] for byte in chunk.encode("utf-8")], times) for chunk, times in counts.items()]
        steps: Any = learn_merges(words, count, first_id=256)
        if progress:
            steps = require("tqdm", "plot").tqdm(steps, total=count, desc="BPE merges", unit="merge")
        return cls(list(steps), special)

    @classmethod
    def gpt2(cls) -> Self:
        """GPT-2's tokenizer, with its 50,257 tokens, from the merges that come with this package."""
        return cls(*bpe_files.read_gpt2())

    @classmethod
    def from_gpt2(cls, encoder_json: str | os.PathLike[str], vocab_bpe: str | os.PathLike[str]) -> Self:
        """The tokenizer of two files in the form of GPT-2's. Raises ValueError if they do not belong together."""
        return cls(*bpe_files.read_two_files(encoder_json, vocab_bpe))

    @classmethod
    def from_pretrained(cls, folder: str | os.PathLike[str]) -> Self:
        """The tokenizer in a folder of Hugging Face's: of tokenizer.json, or of vocab.json and merges.txt.

        Raises FileNotFoundError where there are none, and ValueError, with the reason, for those of another kind.
        """
        return cls(*bpe_files.read_folder(folder))

    def save_pretrained(self, folder: str | os.PathLike[str]) -> None:
        """Write the files from which `transformers` and `from_pretrained` read the same tokenizer."""
        bpe_files.write_folder(folder, self.tokens, self.merges, self.special)

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
        return list(chain.from_iterable(map(self._ids_of.__getitem__, chunks(text))))

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


class _ChunkIds(dict[str, list[int]]):
    """The ids of chunks by merges, (left, right): joined; each is computed when it is first asked for."""

    def __init__(self, merged: dict[Pair, int]) -> None:
        super().__init__()
        self.merged = merged

    def __missing__(self, chunk: str) -> list[int]:
        ids = self.merge([BYTE_IDS[byte] for byte in chunk.encode("utf-8")])
        if len(self) < CACHED_CHUNKS and len(chunk) <= CACHED_LENGTH:
            self[chunk] = ids
        return ids

    def merge(self, ids: list[int]) -> list[int]:
        """Apply the merges to the ids of one chunk, lowest rank first and from the left.

        The ids form a linked list, and a heap holds the merges that are possible, so n bytes take O(n log n). A merge
        makes only pairs of higher rank, and an entry of the heap that a neighbour's merge has overtaken is skipped.
        """
        merged = self.merged
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
