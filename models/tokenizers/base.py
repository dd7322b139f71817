"""What all tokenizers share: the protocol, the file format, and errors that say where."""

from __future__ import annotations

import json
import operator
import os
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar, Self

FORMAT = "chainrule-tokenizer"
VERSION = 1


class UnknownTokenError(ValueError):
    """A character or word is not in the vocabulary: `token`, which begins at the character `index` of the text."""

    def __init__(self, message: str, token: str, index: int) -> None:
        super().__init__(message)
        self.token = token
        self.index = index


class Tokenizer(ABC):
    """The base of all tokenizers. The `kind` of a subclass names it in files."""

    kind: ClassVar[str]
    _kinds: ClassVar[dict[str, type[Tokenizer]]] = {}

    tokens: Sequence[str] | Sequence[bytes]
    special: Mapping[str, int] = {}  # ids of the tokens that are no ordinary text, such as "<end>"

    def __init_subclass__(cls) -> None:
        Tokenizer._kinds[cls.kind] = cls

    @abstractmethod
    def encode(self, text: str) -> list[int]:
        """The token ids of `text`, each in 0 .. vocab_size - 1."""

    @abstractmethod
    def decode(self, ids: Iterable[int]) -> str:
        """The text of `ids`, a flat sequence of integers. Raises ValueError if an id does not exist."""

    @abstractmethod
    def _fields(self) -> dict[str, Any]:
        """What defines this tokenizer, as plain JSON values: the keyword arguments of `_from_fields`."""

    @classmethod
    @abstractmethod
    def _from_fields(cls, fields: dict[str, Any]) -> Self:
        """The inverse of `_fields`. Raises ValueError if a field is missing or makes no sense."""

    @property
    def vocab_size(self) -> int:
        return len(self.tokens)

    def state(self) -> dict[str, Any]:
        """Everything that defines this tokenizer, as plain JSON values."""
        return {"format": FORMAT, "version": VERSION, "kind": self.kind, **self._fields()}

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> Self:
        """The tokenizer of a `state()`: of any kind if called on `Tokenizer` itself, of its own kind on a subclass."""
        if not isinstance(state, dict) or state.get("format") != FORMAT:
            raise ValueError(f'not a tokenizer: "format" should be "{FORMAT}"')
        if state.get("version") != VERSION:
            raise ValueError(f'"version" is {state.get("version")!r}; this program reads version {VERSION}')
        found = Tokenizer._kinds.get(str(state.get("kind")))
        if found is None:
            raise ValueError(f'"kind" is {state.get("kind")!r}; known kinds are {", ".join(sorted(Tokenizer._kinds))}')
        if not issubclass(found, cls):
            raise ValueError(f"this is a {found.__name__}, not a {cls.__name__}")
        return found._from_fields(state)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the tokenizer to one JSON file (UTF-8)."""
        text = json.dumps(self.state(), ensure_ascii=False)
        with open(path, "w", encoding="utf-8", newline="\n") as file:
            file.write(text + "\n")

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Self:
        """Read what `save` wrote. Raises ValueError, with the file and the reason, if it is anything else."""
        try:
            with open(path, encoding="utf-8") as file:
                return cls.from_state(json.load(file))
        except (ValueError, RecursionError) as error:
            raise ValueError(f"cannot read a tokenizer from {os.fspath(path)}: {error!s:.500}") from error


def position(text: str, index: int) -> str:
    """The position of a character, for a message: its index from 0, its line and column from 1."""
    line = text.count("\n", 0, index) + 1
    column = index - text.rfind("\n", 0, index)
    return f"index {index} (line {line}, column {column})"


def check_unicode(text: str) -> None:
    """Raise ValueError if `text` contains half of a surrogate pair, which UTF-8 cannot encode."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        code, where = ord(text[error.start]), position(text, error.start)
        raise ValueError(
            f"the text contains half of a surrogate pair, U+{code:04X}, at {where}; "
            'read the file as UTF-8, or clean the text with text.encode("utf-8", "replace").decode("utf-8")'
        ) from error


def check_ids(ids: Iterable[int], vocab_size: int) -> list[int]:
    """`ids` as Python integers. Raises TypeError if one is not an integer, and ValueError if one is out of range."""
    checked = []
    for position, item in enumerate(ids):
        try:
            number = operator.index(item)
        except TypeError as error:
            raise TypeError(
                f"decode takes a flat sequence of integers; item {position} is a {type(item).__name__}"
            ) from error
        if not 0 <= number < vocab_size:
            raise ValueError(
                f"id {number} at position {position} is not in the vocabulary: ids are 0 to {vocab_size - 1}"
            )
        checked.append(number)
    return checked


def field(fields: dict[str, Any], name: str, kind: type | tuple[type, ...]) -> Any:
    """`fields[name]`. Raises ValueError if it is missing or not of type `kind`."""
    if name not in fields:
        raise ValueError(f'"{name}" is missing')
    if not isinstance(fields[name], kind):
        raise ValueError(f'"{name}" is a {type(fields[name]).__name__}, which is the wrong type')
    return fields[name]


def string_list(fields: dict[str, Any], name: str) -> list[str]:
    """`fields[name]`. Raises ValueError if it is not a list of strings."""
    values: list[str] = field(fields, name, list)
    if not all(isinstance(value, str) for value in values):
        raise ValueError(f'"{name}" contains something that is not a string')
    return values
