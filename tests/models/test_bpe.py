"""Byte-level BPE, against a plain reference."""

import tracemalloc
from functools import cache
from pydoc_data.topics import topics  # prose that every Python carries

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.tokenizers import BPETokenizer, bpe, from_state
from tests.models.plain_bpe import TEXT, merges_as_bytes, plain_encode, plain_train, ranks_of, tokens_of

PROSE = " ".join(topics.values())[:10_000]
TRAINING_TEXT = (PROSE + " naïve café, 東京東京 ☕☕☕ 😀😀 aaaaaaaa\n\n\n\t") * 2


@cache
def trained() -> BPETokenizer:
    return BPETokenizer.train(TRAINING_TEXT, 700, special=["<|endoftext|>"])


@given(TEXT)
def test_any_text_round_trips_through_a_trained_tokenizer(text: str) -> None:
    for tokenizer in (trained(), BPETokenizer([])):
        assert tokenizer.decode(tokenizer.encode(text)) == text
        assert b"".join(tokens_of(tokenizer, tokenizer.encode(text))) == text.encode("utf-8")


@given(TEXT | st.lists(st.sampled_from(TRAINING_TEXT.split(" "))).map(" ".join))
def test_encoding_equals_the_plain_reference(text: str) -> None:
    assert tokens_of(trained(), trained().encode(text)) == plain_encode(text, ranks_of(trained()))


@given(st.text("ab ", max_size=60), st.text("ab ", max_size=60))
def test_training_equals_the_plain_reference(text: str, other: str) -> None:
    tokenizer = BPETokenizer.train(text, 256 + 12)
    number = {token: i for i, token in enumerate(tokenizer.tokens[:256])}
    assert merges_as_bytes(tokenizer) == plain_train(text, 12, number)
    for sample in (text, other):
        assert tokens_of(tokenizer, tokenizer.encode(sample)) == plain_encode(sample, ranks_of(tokenizer))


def test_training_on_real_text_equals_the_plain_reference() -> None:
    text = TRAINING_TEXT[:4000]
    tokenizer = BPETokenizer.train(text, 256 + 60)
    number = {token: i for i, token in enumerate(tokenizer.tokens[:256])}
    assert len(tokenizer.merges) == 60
    assert merges_as_bytes(tokenizer) == plain_train(text, 60, number)


def test_training_stops_when_no_pair_occurs_twice() -> None:
    assert BPETokenizer.train("ab ab", 1000).tokens[256:] == [b"ab"]


def test_the_vocabulary_has_the_size_that_was_asked_for() -> None:
    assert trained().vocab_size == 700
    assert trained().special == {"<|endoftext|>": 699}
    assert len(trained().encode(TRAINING_TEXT)) < len(TRAINING_TEXT) / 2
    with pytest.raises(ValueError, match="256 bytes and 1 special tokens are 257"):
        BPETokenizer.train("text", 256, special=["<|endoftext|>"])


def test_training_does_not_learn_from_special_tokens() -> None:
    tokenizer = BPETokenizer.train("xy<|endoftext|>xy<|endoftext|>zz", 300, special=["<|endoftext|>"])
    assert tokenizer.tokens[256:] == [b"xy", b"<|endoftext|>"]


def test_long_chunks_equal_the_plain_merging_of_their_repeating_part() -> None:
    tokenizer = BPETokenizer.train("aaaa\naaaa\naa", 258)
    assert tokenizer.tokens[256:] == [b"aa", b"aaaa"]
    assert tokens_of(tokenizer, tokenizer.encode("a" * 100_003)) == [b"aaaa"] * 25_000 + [b"aa", b"a"]


def test_the_cache_does_not_change_what_is_encoded() -> None:
    tokenizer = BPETokenizer(trained().merges)
    first = tokenizer.encode(TRAINING_TEXT)
    first_copy = list(first)
    first.append(0)
    assert tokenizer.encode(TRAINING_TEXT) == first_copy


def test_special_tokens_are_ordinary_text_unless_allowed() -> None:
    tokenizer = trained()
    end = tokenizer.special["<|endoftext|>"]
    text = "cat<|endoftext|>dog"
    assert end not in tokenizer.encode(text)
    assert tokenizer.encode(text, allowed_special=["<|endoftext|>"]) == [
        *tokenizer.encode("cat"),
        end,
        *tokenizer.encode("dog"),
    ]
    assert tokenizer.decode(tokenizer.encode(text, allowed_special="all")) == text
    assert tokenizer.decode(tokenizer.encode(text)) == text
    with pytest.raises(ValueError, match="'<s>' is not a special token"):
        tokenizer.encode(text, allowed_special=["<s>"])


def test_of_special_tokens_that_begin_alike_the_longer_one_counts() -> None:
    tokenizer = BPETokenizer([], special=["<a", "<a>"])
    assert tokenizer.encode("<a><a", allowed_special="all") == [257, 256]


def test_half_of_a_surrogate_pair_is_an_error_that_says_where() -> None:
    with pytest.raises(ValueError, match=r"U\+D800, at index 3 \(line 2, column 2\)"):
        trained().encode("a\nb\ud800")


def test_a_character_spread_over_tokens_decodes_to_replacements_until_it_is_whole() -> None:
    tokenizer = BPETokenizer([])
    ids = tokenizer.encode("é")
    assert len(ids) == 2
    assert tokenizer.decode(ids[:1]) == "\ufffd"
    assert tokenizer.decode_bytes(ids[:1]) == b"\xc3"


@pytest.mark.parametrize(
    ("merges", "special", "reason"),
    [
        ([(0, 256)], [], "merge 0 joins .0, 256.; both must be ids below 256"),
        ([(-1, 0)], [], "both must be ids below 256"),
        ([(0, 1), (0, 1)], [], "an earlier merge joins already"),
        ([], ["<a>", "<a>"], "occur twice"),
        ([], [""], "empty"),
    ],
)
def test_merges_that_make_no_sense_are_an_error(merges: list[tuple[int, int]], special: list[str], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        BPETokenizer(merges, special)


@pytest.mark.parametrize("count", [41, 1000])
def test_merges_that_double_a_token_again_and_again_are_an_error_within_the_limit(count: int) -> None:
    doubling = [[0, 0], *([256 + k, 256 + k] for k in range(count - 1))]
    tracemalloc.start()
    with pytest.raises(ValueError, match=r"merges 0 to \d+ are [\d,]+ bytes long, and at most 67,108,864 are allowed"):
        from_state({**BPETokenizer([]).state(), "merges": doubling})
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1.1 * bpe.MOST_BYTES
    assert len(BPETokenizer([(a, b) for a, b in doubling[:24]]).tokens[-1]) == 1 << 24


def test_a_file_with_something_else_than_pairs_is_an_error() -> None:
    state = {**trained().state(), "merges": [[0, 1], [0, "1"]]}
    with pytest.raises(ValueError, match="at 1, which is not a pair of ids"):
        BPETokenizer.from_state(state)


def test_training_with_a_progress_bar_learns_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("tqdm")
    assert BPETokenizer.train("ab ab abc", 258, progress=True).state() == BPETokenizer.train("ab ab abc", 258).state()
    assert "BPE merges" in capsys.readouterr().err
