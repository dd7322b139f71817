"""One token per word and, if wanted, per punctuation mark."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from difflib import get_close_matches
from functools import cache
from typing import Any, Self

from models.tokenizers.base import Tokenizer, UnknownTokenError, check_ids, check_unicode, field, position, string_list

SPECIAL = re.compile(r"<[^\s<>]+>")
NO_SPACE_BEFORE = frozenset(".,;:!?)]}%")
NO_SPACE_AFTER = frozenset("([{")


@cache
def _word() -> str:
    """The pattern of a word: letters, digits and their accents, and apostrophes between. "forty-two" is two words.

    `re` does not count accents and vowel signs (Unicode's combining marks) as \\w, so they are listed.
    """
    marks = "".join(char for char in map(chr, range(0x300, 0x20000)) if unicodedata.category(char).startswith("M"))
    run = rf"\w[\w{marks}]*"
    return rf"{run}(?:['\u2019]{run})*"


class WordTokenizer(Tokenizer):
    """Words to ids.

    `lower` makes words lower-case; `punctuation=False` drops everything that is neither word nor special token, full
    stops and hyphens included. Special tokens are written like "<end>" and found in the text as they are. A word that
    is not in the vocabulary is an error, or becomes the special token `unk` if that is given.

    Spaces (and case, and dropped marks) are not kept, so `decode(encode(s))` is s in normal form:
    `encode(decode(ids)) == ids`.
    """

    kind = "word"

    def __init__(
        self,
        words: Sequence[str],
        *,
        lower: bool = True,
        punctuation: bool = True,
        special: Sequence[str] = (),
        unk: str | None = None,
    ) -> None:
        names = list(dict.fromkeys(special if unk is None or unk in special else [*special, unk]))
        for name in names:
            if not SPECIAL.fullmatch(name):
                raise ValueError(f'a special token is written like "<end>", without spaces; got {name!r}')
        self.lower, self.punctuation, self.unk = lower, punctuation, unk
        alternatives = [re.escape(name) for name in names]
        alternatives += [_word(), r"[^\w\s]"] if punctuation else [_word()]
        self._pattern = re.compile("|".join(alternatives))
        self.special: dict[str, int] = {name: i for i, name in enumerate(names)}
        self.tokens: list[str] = names + list(words)
        self._ids = {token: i for i, token in enumerate(self.tokens)}
        self._check_vocabulary(words)

    def _check_vocabulary(self, words: Sequence[str]) -> None:
        if len(self._ids) != len(self.tokens):
            twice = next(token for i, token in enumerate(self.tokens) if self._ids[token] != i)
            raise ValueError(f"the word {twice!r} occurs twice in the vocabulary")
        for word in words:
            check_unicode(word)
            if [piece for piece, _ in self._split(word)] != [word]:
                raise ValueError(f"{word!r} is not a single word as this tokenizer splits text")

    @classmethod
    def train(
        cls,
        text: str,
        *,
        lower: bool = True,
        punctuation: bool = True,
        special: Sequence[str] = (),
        unk: str | None = None,
    ) -> Self:
        """The tokenizer of all words of `text`: special tokens first, then words in the order of first appearance."""
        check_unicode(text)
        splitter = cls([], lower=lower, punctuation=punctuation, special=special, unk=unk)
        words = dict.fromkeys(piece for piece, _ in splitter._split(text) if piece not in splitter.special)
        if not words:
            raise ValueError("a word tokenizer is trained on at least one word; the given text has none")
        return cls(list(words), lower=lower, punctuation=punctuation, special=special, unk=unk)

    def _split(self, text: str) -> Iterator[tuple[str, int]]:
        """The pieces of `text`, each with the index of its first character."""
        for match in self._pattern.finditer(text):
            piece = match.group()
            yield piece.lower() if self.lower and piece not in self.special else piece, match.start()

    def encode(self, text: str) -> list[int]:
        """One id per piece. Raises UnknownTokenError for an unknown word, unless there is an `unk` token."""
        ids = []
        unknown = None if self.unk is None else self._ids[self.unk]
        for piece, index in self._split(text):
            number = self._ids.get(piece, unknown)
            if number is None:
                raise self._unknown(piece, text, index)
            ids.append(number)
        return ids

    def _unknown(self, piece: str, text: str, index: int) -> UnknownTokenError:
        close = get_close_matches(piece, self.tokens, n=1)
        hint = f"; did you mean {close[0]!r}?" if close else ""
        return UnknownTokenError(
            f"unknown word {piece!r} at {position(text, index)}: "
            f"it is not among the {self.vocab_size} words of this tokenizer{hint}",
            piece,
            index,
        )

    def decode(self, ids: Iterable[int]) -> str:
        """The words of `ids` with spaces between, none before a full stop. Raises ValueError if an id is unknown."""
        parts: list[str] = []
        before = ""
        for number in check_ids(ids, self.vocab_size):
            token = self.tokens[number]
            if parts and token not in NO_SPACE_BEFORE and before not in NO_SPACE_AFTER:
                parts.append(" ")
            parts.append(token)
            before = token
        return "".join(parts)

    def __repr__(self) -> str:
        return (
            f"WordTokenizer(vocab_size={self.vocab_size}, lower={self.lower}, punctuation={self.punctuation}, "
            f"special={list(self.special)}, unk={self.unk!r})"
        )

    def _fields(self) -> dict[str, Any]:
        return {
            "words": self.tokens[len(self.special) :],
            "lower": self.lower,
            "punctuation": self.punctuation,
            "special": list(self.special),
            "unk": self.unk,
        }

    @classmethod
    def _from_fields(cls, fields: dict[str, Any]) -> Self:
        return cls(
            string_list(fields, "words"),
            lower=field(fields, "lower", bool),
            punctuation=field(fields, "punctuation", bool),
            special=string_list(fields, "special"),
            unk=field(fields, "unk", (str, type(None))),
        )
