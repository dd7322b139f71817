"""One token per character (Unicode code point)."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from typing import Any, Self

from models.tokenizers.base import Tokenizer, UnknownTokenError, check_ids, check_unicode, field, position


class CharTokenizer(Tokenizer):
    """Characters to ids; the id of a character is its index in `chars`. `decode(encode(s)) == s` exactly."""

    kind = "char"

    def __init__(self, chars: str) -> None:
        if not chars:
            raise ValueError("a character tokenizer needs at least one character; the given text is empty")
        check_unicode(chars)
        self.tokens: list[str] = list(chars)
        self._ids = {char: i for i, char in enumerate(chars)}
        if len(self._ids) != len(chars):
            twice = next(char for i, char in enumerate(chars) if self._ids[char] != i)
            raise ValueError(f"the character {twice!r} occurs twice in the vocabulary")

    @classmethod
    def train(cls, text: str) -> Self:
        """The tokenizer of all characters of `text`, in the order of their code points."""
        return cls("".join(sorted(set(text))))

    def encode(self, text: str) -> list[int]:
        """One id per character. Raises UnknownTokenError if a character is not in the vocabulary."""
        ids = self._ids
        try:
            return [ids[char] for char in text]
        except KeyError:
            index, char = next((i, char) for i, char in enumerate(text) if char not in ids)
        name = unicodedata.name(char, "no name")
        raise UnknownTokenError(
            f"unknown character {char!r} (U+{ord(char):04X}, {name}) at {position(text, index)}: "
            f"it is not among the {self.vocab_size} characters of this tokenizer",
            char,
            index,
        )

    def decode(self, ids: Iterable[int]) -> str:
        """The characters of `ids`, joined. Raises ValueError if an id does not exist."""
        return "".join([self.tokens[i] for i in check_ids(ids, self.vocab_size)])

    def __repr__(self) -> str:
        chars = "".join(self.tokens)
        shown = chars if len(chars) <= 40 else chars[:37] + "..."
        return f"CharTokenizer(vocab_size={self.vocab_size}, chars={shown!r})"

    def _fields(self) -> dict[str, Any]:
        return {"chars": "".join(self.tokens)}

    @classmethod
    def _from_fields(cls, fields: dict[str, Any]) -> Self:
        return cls(field(fields, "chars", str))
