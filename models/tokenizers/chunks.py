"""The chunks of GPT-2's tokenizer: words with the space before them, runs of digits, of other signs, of spaces.

Letters and numbers are those of Unicode 16, as in tiktoken 0.14 and tokenizers 0.23, on every version of Python.
"""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files

# Radford et al. 2019, by the published code: L stands for \p{L}, N for \p{N}, S for \s in the sense of Unicode.
CHUNK = "'s|'t|'re|'ve|'m|'ll|'d| ?[{L}]+| ?[{N}]+| ?[^{S}{L}{N}]+|[{S}]+(?![^{S}])|[{S}]+"
SPACES = "\t-\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
BMP = 0xFFFF
_above_bmp = re.compile("[\U00010000-\U0010ffff]").search
_lines = re.compile(r"(?<=\S)(?=\n)").split  # a space after a character that is none begins a chunk, whatever follows


def chunks(text: str) -> list[str]:
    """The chunks of a text, which together are the text.

    The characters above U+FFFF (rare letters, emoji) slow a pattern down, so they are looked for in their lines alone.
    """
    if not _above_bmp(text):
        return _pattern(BMP).findall(text)
    return [chunk for line in _lines(text) for chunk in _pattern(0x10FFFF if _above_bmp(line) else BMP).findall(line)]


@cache
def _pattern(last: int) -> re.Pattern[str]:
    """CHUNK for characters up to `last`."""
    letters, numbers = files("models.tokenizers").joinpath("data/unicode.txt").read_text("ascii").split("\n\n")
    return re.compile(CHUNK.format(L=_ranges(letters, last), N=_ranges(numbers, last), S=SPACES))


def _ranges(lines: str, last: int) -> str:
    """The characters of a set up to `last`, of lines such as 41-5A, in the notation of `re`."""
    pairs = [[chr(int(number, 16)) for number in line.split("-")] for line in lines.split()]
    return "".join("-".join(pair) for pair in pairs if ord(pair[-1]) <= last)
