"""GPT-2's chunks, beside its pattern in the package `regex`."""

import unicodedata

from hypothesis import example, given
from hypothesis import strategies as st

from models.tokenizers.chunks import chunks
from tests.models.plain_bpe import EVERY, NEWER, PATTERN, TEXT, listed

PIECES = st.sampled_from(
    ["a", "É", "😀", "𝒜", "٣", "𝟛", "'s", "'S", " ", "  ", "\n", "\r\n", "\x1c", "\x85", "\u3000", "."]
)


@given(TEXT | st.lists(PIECES).map("".join))
@example("x \n😀\n\n\n 😀a\x1c\n\x1c 😀")
def test_they_are_those_of_the_published_pattern(text: str) -> None:
    assert chunks(text) == PATTERN.findall(text)


def test_letters_and_numbers_are_those_of_unicode_16() -> None:
    """Beside Python's own, which is older or newer; a character that has a category keeps it."""
    older, newer = unicodedata.unidata_version < "16", unicodedata.unidata_version > "16.1"
    for category, chars in zip("LN", listed(), strict=True):
        python = {char for char in EVERY if unicodedata.category(char)[0] == category}
        assert newer or python <= chars
        assert older or chars <= python
        assert all(unicodedata.category(char) == "Cn" for char in chars - python)
    assert [len(chars) for chars in listed()] == [141028, 1911]


def test_every_character_is_of_the_class_that_the_pattern_gives_it() -> None:
    text = "".join(char for char in EVERY[: 0x1F000 - 0x800] if char not in NEWER)
    assert chunks(text) == PATTERN.findall(text)
