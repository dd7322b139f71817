"""Byte-level BPE in the files of others: GPT-2's vocab.bpe and encoder.json, and the same by Hugging Face's names.

The merges stand in one file, a line each, and the ids of all tokens in another, or both in one tokenizer.json. All of
them write each byte of a token as a visible character: printable Latin-1 as itself, the others from U+0100 on.
"""

from __future__ import annotations

import bz2
import json
import os
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from autograd.files import replacing

END_OF_TEXT = "<|endoftext|>"
PRINTABLE = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
BYTE_ORDER = PRINTABLE + [byte for byte in range(256) if byte not in PRINTABLE]
BYTE_CHARS = [chr(byte) for byte in PRINTABLE] + [chr(256 + i) for i in range(256 - len(PRINTABLE))]
CHAR_OF = dict(zip(BYTE_ORDER, BYTE_CHARS))

Path_ = str | os.PathLike[str]
Merges = list[tuple[int, int]]
Content = tuple[Merges, list[str]]  # the merges, and the special tokens

# What a tokenizer.json must say for its tokenizer to be this one: a value, or None for nothing, false and empty alike.
GPT2_JSON: dict[tuple[str, ...], Any] = {
    ("model", "type"): "BPE",
    ("model", "dropout"): None,
    ("model", "continuing_subword_prefix"): None,
    ("model", "end_of_word_suffix"): None,
    ("model", "byte_fallback"): None,
    ("model", "ignore_merges"): None,
    ("normalizer",): None,
    ("pre_tokenizer", "type"): "ByteLevel",
    ("pre_tokenizer", "add_prefix_space"): None,
}


def read_gpt2() -> Content:
    """GPT-2's, from the merges beside this file."""
    packed = files("models.tokenizers").joinpath("data/gpt2-merges.txt.bz2").read_bytes()
    merges, _ = _by_merges(_merge_lines(bz2.decompress(packed).decode("utf-8")))
    return merges, [END_OF_TEXT]


def read_two_files(vocab: Path_, merges: Path_) -> Content:
    """Those of the ids of all tokens, in JSON, and of the merges. Raises ValueError if they do not belong together."""
    source = f"{os.fspath(vocab)} and {os.fspath(merges)} are not GPT-2's, or not of the same model"
    try:
        ids = json.loads(Path(vocab).read_text(encoding="utf-8"))
        lines = _merge_lines(Path(merges).read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{source}: the first must be JSON, and both in UTF-8: {error}") from error
    return _checked(lines, ids, source)


def read_folder(folder: Path_) -> Content:
    """Those of tokenizer.json or, where there is none, of vocab.json and merges.txt."""
    file, vocab, merges = (Path(folder, name) for name in ("tokenizer.json", "vocab.json", "merges.txt"))
    if file.exists():
        return _read_json(file)
    if vocab.exists() and merges.exists():
        return read_two_files(vocab, merges)
    raise FileNotFoundError(
        f"there is no tokenizer.json in {folder}, nor vocab.json and merges.txt: name another folder"
    )


def _read_json(file: Path) -> Content:
    source = f"{file} is not a tokenizer of GPT-2's kind"
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        for place, needed in GPT2_JSON.items():
            found = content
            for key in place:
                found = found.get(key) if isinstance(found, dict) else None
            if (found or None) != needed:
                raise ValueError(f"its {' '.join(place)} is {found!r:.50}, not {needed!r}")
        if content["pre_tokenizer"].get("use_regex", True) is not True:
            raise ValueError("its pre_tokenizer does not cut the text into words")
        model, added = content["model"], content.get("added_tokens") or []
        ids = {**model["vocab"], **{token["content"]: token["id"] for token in added}}
        lines = [line if isinstance(line, str) else " ".join(line) for line in model["merges"]]
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError) as error:
        raise ValueError(f"{source}: {error if isinstance(error, ValueError) else repr(error)}") from error
    return _checked(lines, ids, source)


def _merge_lines(text: str) -> list[str]:
    return [line for line in text.split("\n") if line and not line.startswith("#version")]


def _by_merges(lines: Sequence[str]) -> tuple[Merges, dict[str, int]]:
    """The merges, and the id that each token has by them."""
    ids = {char: i for i, char in enumerate(BYTE_CHARS)}
    merges = []
    for new, line in enumerate(lines, start=256):
        left, _, right = line.partition(" ")
        if left not in ids or right not in ids or left + right in ids:
            raise ValueError(f"the merge {line!r:.100} does not make a new token of two known ones")
        merges.append((ids[left], ids[right]))
        ids[left + right] = new
    return merges, ids


def _checked(lines: Sequence[str], ids: Any, source: str) -> Content:
    """The merges, and the special tokens, whose ids must follow; the ids must be those that the merges give."""
    if not isinstance(ids, dict) or not all(type(number) is int for number in ids.values()):
        raise ValueError(f"{source}: the vocabulary must map tokens to ids")
    try:
        merges, expected = _by_merges(lines)
    except ValueError as error:
        raise ValueError(f"{source}: {error}") from error
    for name, number in expected.items():
        if ids.get(name) != number:
            raise ValueError(
                f"{source}: the id of {name!r:.50} is {ids.get(name)!r:.50}, but the merges make it {number}"
            )
    special = sorted(ids.keys() - expected.keys(), key=ids.__getitem__)
    first = 256 + len(lines)
    if [ids[name] for name in special] != list(range(first, first + len(special))):
        raise ValueError(f"{source}: the ids of {special[:5]!s:.200} do not follow those of the merges")
    return merges, special


def write_folder(folder: Path_, tokens: Sequence[bytes], merges: Merges, special: Mapping[str, int]) -> None:
    """Write tokenizer.json, vocab.json and merges.txt, and tokenizer_config.json, which names their reader."""
    names = ["".join(CHAR_OF[byte] for byte in token) for token in tokens[: 256 + len(merges)]]
    ids: dict[str, int] = {}
    for number, name in enumerate([*names, *special]):
        if ids.setdefault(name, number) != number:
            raise ValueError(
                f"the tokens {ids[name]} and {number} are both {name!r}, but these files can hold a token only once"
            )
    pairs = [(names[left], names[right]) for left, right in merges]
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
    flags = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    whole = {
        "version": "1.0",
        "added_tokens": [{"id": number, "content": name, **flags} for name, number in special.items()],
        "normalizer": None,
        "pre_tokenizer": byte_level,
        "post_processor": None,
        "decoder": byte_level,
        "model": {"type": "BPE", "vocab": ids, "merges": pairs},
    }
    settings = {"tokenizer_class": "PreTrainedTokenizerFast", "clean_up_tokenization_spaces": False}
    settings |= {key: END_OF_TEXT for key in ("bos_token", "eos_token") if END_OF_TEXT in special}
    Path(folder).mkdir(parents=True, exist_ok=True)
    for file, content in {"tokenizer": whole, "vocab": ids, "tokenizer_config": settings}.items():
        write_text(Path(folder, f"{file}.json"), json.dumps(content, ensure_ascii=False))
    write_text(Path(folder, "merges.txt"), "\n".join(["#version: 0.2", *map(" ".join, pairs), ""]))


def write_text(path: Path, text: str) -> None:
    """Write a file in UTF-8 in place of the one that was there."""
    with replacing(path) as file:
        file.write(text.encode("utf-8"))
