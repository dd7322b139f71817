"""GPT-2's tokenizer beside tiktoken's and that of Hugging Face's tokenizers, on any Unicode."""

from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.tokenizers import BPETokenizer
from tests.models.plain_bpe import EVERY, PATTERN

tiktoken = pytest.importorskip("tiktoken")
tokenizers = pytest.importorskip("tokenizers")
TEXT = st.text(st.characters(exclude_categories=["Cs"]))
PIECES = st.sampled_from(
    [" the", "ing", " ", "  ", "\n", "\r\n", "'s", "'S", "1234", "²Ⅷ", "été", "e\u0301", "\u3000", "😀", "𝒜"]
)


@cache
def ours() -> BPETokenizer:
    return BPETokenizer.gpt2()


@cache
def openai() -> Any:
    ranks = {token: number for number, token in enumerate(ours().tokens[:-1])}
    end = {"<|endoftext|>": len(ranks)}
    return tiktoken.Encoding("gpt2", pat_str=PATTERN.pattern, mergeable_ranks=ranks, special_tokens=end)


@pytest.fixture(scope="module")
def huggingface(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("tokenizer")
    ours().save_pretrained(folder)
    return tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))


@settings(max_examples=400, deadline=None)
@given(TEXT | st.lists(PIECES | TEXT).map("".join))
def test_ids_are_those_of_tiktoken_and_of_tokenizers(huggingface: Any, text: str) -> None:
    ids = ours().encode(text)
    assert ids == openai().encode_ordinary(text)
    if "<|endoftext|>" not in text:
        assert ids == huggingface.encode(text).ids
    assert ours().decode(ids) == openai().decode(ids) == text


def test_every_character_of_unicode_alone_and_between_letters_and_numbers() -> None:
    # No letter follows U+3FFFF, and 200,000 characters that are in no class would only take time.
    text = "".join(f"{char}a{char}1{char} {char}" for char in EVERY[:0x40000])
    assert ours().encode(text) == openai().encode_ordinary(text)
