"""Character and word tokenizers, and the files of all."""

import json
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.tokenizers import (
    BPETokenizer,
    CharTokenizer,
    Tokenizer,
    UnknownTokenError,
    WordTokenizer,
    from_state,
    load_tokenizer,
)

SIX_SENTENCES = (
    "I love pizza. You love burgers. She loves pizza. The cat chased the mouse. "
    "The dog chased the cat because it was fast. He hated broccoli but loved cake."
)
TEXT = st.text(st.characters(exclude_categories=["Cs"]))
SEVERAL = [
    CharTokenizer.train('häßlich\n\u2028😀\\"'),
    WordTokenizer.train("Ärger mit dem İ, don't!", lower=False, special=["<end>"], unk="<unk>"),
    WordTokenizer.train("two plus three"),
    BPETokenizer([(0, 1), (256, 256)], special=["<|endoftext|>", "ü"]),
]


def ids(tokenizer: Tokenizer) -> str:
    return type(tokenizer).__name__


# Characters


@given(TEXT.filter(bool))
def test_characters_round_trip(text: str) -> None:
    tokenizer = CharTokenizer.train(text)
    encoded = tokenizer.encode(text)
    assert tokenizer.decode(encoded) == text
    assert tokenizer.vocab_size == len(set(text))
    assert [tokenizer.tokens[i] for i in encoded] == list(text)


def test_characters_are_numbered_in_sorted_order() -> None:
    assert CharTokenizer.train("banana").encode("abn") == [0, 1, 2]


def test_an_unknown_character_is_named_with_its_place() -> None:
    tokenizer = CharTokenizer.train("ab\n")
    with pytest.raises(UnknownTokenError) as caught:
        tokenizer.encode("ab\nabé")
    message = str(caught.value)
    for part in ["'é'", "U+00E9", "LATIN SMALL LETTER E WITH ACUTE", "index 5", "line 2", "column 3"]:
        assert part in message
    assert (caught.value.token, caught.value.index) == ("é", 5)


def test_a_character_without_a_name_is_still_an_error_that_shows_it() -> None:
    with pytest.raises(UnknownTokenError, match=r"'\\x00' \(U\+0000, no name\) at index 0 \(line 1, column 1\)"):
        CharTokenizer.train("ab").encode("\0")


@pytest.mark.parametrize("chars", ["", "aba", "a\ud800"])
def test_a_vocabulary_that_is_empty_doubled_or_not_unicode_is_an_error(chars: str) -> None:
    with pytest.raises(ValueError, match="at least one|occurs twice|surrogate"):
        CharTokenizer(chars)


# Words


def test_the_walkthrough_has_22_tokens_and_23_pairs_lower_cased_without_full_stops() -> None:
    tokenizer = WordTokenizer.train(SIX_SENTENCES, lower=True, punctuation=False)
    assert tokenizer.vocab_size == 22
    sentences = [tokenizer.encode(sentence) for sentence in SIX_SENTENCES.split(". ")]
    pairs = {(tuple(words[:i]), words[i]) for words in sentences for i in range(1, len(words))}
    assert len(pairs) == 23
    with_stops = WordTokenizer.train(SIX_SENTENCES, lower=True, punctuation=True)
    assert with_stops.vocab_size == 23
    assert "." in with_stops.tokens
    assert WordTokenizer.train(SIX_SENTENCES, lower=False, punctuation=False).vocab_size == 23  # "The" and "the"


def test_words_are_numbered_in_order_of_appearance_after_the_special_tokens() -> None:
    tokenizer = WordTokenizer.train("Two plus two, or three", special=["<end>"])
    assert tokenizer.tokens == ["<end>", "two", "plus", ",", "or", "three"]
    assert tokenizer.special == {"<end>": 0}
    assert tokenizer.encode("two plus three <end>") == [1, 2, 5, 0]


def test_words_keep_apostrophes_and_part_at_hyphens() -> None:
    assert WordTokenizer.train("don't forty-two (x_1) l’été").tokens == [
        *["don't", "forty", "-", "two", "(", "x_1", ")", "l’été"],
    ]


def test_accents_and_vowel_signs_belong_to_their_word() -> None:
    assert WordTokenizer.train("cafe\u0301 नमस्ते שָׁלוֹם").tokens == ["cafe\u0301", "नमस्ते", "שָׁלוֹם"]


def test_decoding_puts_spaces_where_people_do() -> None:
    tokenizer = WordTokenizer.train("Yes, (we) can!", lower=False)
    assert tokenizer.decode(tokenizer.encode(" Yes ,( we )can  ! ")) == "Yes, (we) can!"


@given(TEXT, st.booleans(), st.booleans())
def test_encoding_decoded_words_gives_the_same_ids(text: str, lower: bool, punctuation: bool) -> None:
    text = "x " + text
    tokenizer = WordTokenizer.train(text, lower=lower, punctuation=punctuation, special=["<end>", "<.,>"])
    encoded = tokenizer.encode(text + " <end> <.,>")
    assert tokenizer.encode(tokenizer.decode(encoded)) == encoded


MARKS = WordTokenizer.train("a İ ' ’ < > end . ( ) - \u0301 Σ", special=["<end>", "<.>"])


def test_tokens_that_could_grow_together_in_decoding_do_not() -> None:
    for encoded in product(range(MARKS.vocab_size), repeat=3):
        assert tuple(MARKS.encode(MARKS.decode(encoded))) == encoded


def test_an_unknown_word_is_named_with_its_place_and_the_nearest_known_one() -> None:
    tokenizer = WordTokenizer.train("two plus seven")
    with pytest.raises(UnknownTokenError) as caught:
        tokenizer.encode("two\nplus sevven")
    for part in ["'sevven'", "index 9", "line 2", "column 6", "did you mean 'seven'?"]:
        assert part in str(caught.value)
    assert (caught.value.token, caught.value.index) == ("sevven", 9)


def test_an_unknown_word_becomes_the_unk_token_where_one_is_chosen() -> None:
    tokenizer = WordTokenizer.train("two plus seven", unk="<unk>")
    assert tokenizer.decode(tokenizer.encode("two minus seven")) == "two <unk> seven"


@pytest.mark.parametrize(
    ("words", "special", "reason"),
    [
        (["a", "a"], [], "'a' occurs twice"),
        (["two words"], [], "not a single word"),
        (["Two"], [], "not a single word"),
        (["a"], ["end"], "written like"),
        (["a"], ["<the end>"], "written like"),
    ],
)
def test_a_vocabulary_of_words_that_makes_no_sense_is_an_error(
    words: list[str], special: list[str], reason: str
) -> None:
    with pytest.raises(ValueError, match=reason):
        WordTokenizer(words, special=special)


def test_training_words_on_text_without_words_is_an_error() -> None:
    with pytest.raises(ValueError, match="has none"):
        WordTokenizer.train(" ... ", punctuation=False)


# Ids


@pytest.mark.parametrize("tokenizer", SEVERAL, ids=ids)
def test_decoding_an_id_out_of_range_names_it_and_its_position(tokenizer: Tokenizer) -> None:
    for bad in (-1, tokenizer.vocab_size):
        with pytest.raises(ValueError, match=rf"id {bad} at position 1 .* 0 to {tokenizer.vocab_size - 1}"):
            tokenizer.decode([0, bad])


@pytest.mark.parametrize("tokenizer", SEVERAL, ids=ids)
def test_ids_may_be_numpy_integers_but_not_floats_or_rows(tokenizer: Tokenizer) -> None:
    assert tokenizer.decode(np.array([1, 0])) == tokenizer.decode([1, 0])
    with pytest.raises(TypeError, match="item 0 is a float"):
        tokenizer.decode(np.array([1.0]))
    with pytest.raises(TypeError, match="item 0 is a list"):
        tokenizer.decode([[1, 0]])  # type: ignore[list-item]


# Files


@pytest.mark.parametrize("tokenizer", SEVERAL, ids=ids)
def test_a_tokenizer_comes_back_from_its_file_and_from_its_state(tokenizer: Tokenizer, tmp_path: Path) -> None:
    path = tmp_path / "tokenizer.json"
    tokenizer.save(path)
    through_json = json.loads(json.dumps(tokenizer.state()))
    for again in (load_tokenizer(path), type(tokenizer).load(path), from_state(through_json)):
        assert type(again) is type(tokenizer)
        assert again.state() == tokenizer.state()
        assert again.tokens == tokenizer.tokens
        assert repr(again) == repr(tokenizer)
    assert f"vocab_size={tokenizer.vocab_size}" in repr(tokenizer)
    assert b"\r" not in path.read_bytes()
    path.read_bytes().decode("utf-8")


@pytest.mark.parametrize("tokenizer", SEVERAL, ids=ids)
def test_a_field_that_is_missing_or_of_the_wrong_type_is_named(tokenizer: Tokenizer) -> None:
    state = tokenizer.state()
    for name in state.keys() - {"format", "version", "kind"}:
        with pytest.raises(ValueError, match=f'"{name}" is missing'):
            from_state({key: value for key, value in state.items() if key != name})
        with pytest.raises(ValueError, match=f'"{name}" is a float'):
            from_state({**state, name: 1.5})


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "Expecting value"),
        (b"[1, 2]", "not a tokenizer"),
        (b'{"a": 1}', "not a tokenizer"),
        (b"\xff\xfe", "decode"),
        (b"[" * 100_000, "recursion|Stack overflow|Expecting"),
        (b'{"format": "chainrule-tokenizer", "version": 2}', '"version" is 2'),
        (b'{"format": "chainrule-tokenizer", "version": 1, "kind": "x"}', "known kinds are bpe, char, word"),
        (b'{"format": "chainrule-tokenizer", "version": 1, "kind": "char", "chars": "aa"}', "occurs twice"),
    ],
)
def test_a_foreign_or_broken_file_is_an_error_with_its_path_and_the_reason(
    content: bytes, reason: str, tmp_path: Path
) -> None:
    path = tmp_path / "some.json"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=reason) as caught:
        load_tokenizer(path)
    assert str(path) in str(caught.value)


def test_a_tokenizer_of_another_kind_is_refused_by_a_class_that_was_asked_for(tmp_path: Path) -> None:
    SEVERAL[0].save(tmp_path / "char.json")
    with pytest.raises(ValueError, match="is a CharTokenizer, not a WordTokenizer"):
        WordTokenizer.load(tmp_path / "char.json")
