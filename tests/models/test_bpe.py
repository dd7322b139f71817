"""Byte-level BPE, against a plain reference and against GPT-2's ids."""

import json
import sys
from collections import Counter
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.tokenizers import BPETokenizer

regex = pytest.importorskip("regex")

GPT2 = Path(__file__).resolve().parents[2] / "../shared/data/gpt2-bpe"
needs_gpt2 = pytest.mark.skipif(not (GPT2 / "vocab.bpe").exists(), reason=f"GPT-2's BPE files are not in {GPT2}")
TEXT = st.text(st.characters(exclude_categories=["Cs"]))
PATTERN = regex.compile(r"""'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+""")


def merge_everywhere(parts: list[bytes], pair: tuple[bytes, bytes]) -> list[bytes]:
    """One pass from the left."""
    out: list[bytes] = []
    i = 0
    while i < len(parts):
        if tuple(parts[i : i + 2]) == pair:
            out.append(parts[i] + parts[i + 1])
            i += 2
        else:
            out.append(parts[i])
            i += 1
    return out


def plain_encode(text: str, merges: list[tuple[bytes, bytes]]) -> list[bytes]:
    """The definition of BPE, in quadratic time: the earliest merge that applies, everywhere, until none does."""
    rank = {pair: k for k, pair in enumerate(merges)}
    out: list[bytes] = []
    for chunk in PATTERN.findall(text):
        parts = [bytes([byte]) for byte in chunk.encode("utf-8")]
        while pairs := [pair for pair in zip(parts, parts[1:], strict=False) if pair in rank]:
            parts = merge_everywhere(parts, min(pairs, key=rank.__getitem__))
        out += parts
    return out


def plain_train(text: str, count: int, number: dict[bytes, int]) -> list[tuple[bytes, bytes]]:
    """Learning by the definition: count every pair anew for each merge. `number` gives the ids of single bytes."""
    number = dict(number)
    words = [[bytes([byte]) for byte in chunk.encode("utf-8")] for chunk in PATTERN.findall(text)]
    merges: list[tuple[bytes, bytes]] = []
    while len(merges) < count:
        counts = Counter(pair for word in words for pair in zip(word, word[1:], strict=False))
        best = min(counts, key=lambda pair: (-counts[pair], number[pair[0]], number[pair[1]]), default=None)
        if best is None or counts[best] < 2:
            break
        merges.append(best)
        number[best[0] + best[1]] = len(number)
        words = [merge_everywhere(word, best) for word in words]
    return merges


def merges_as_bytes(tokenizer: BPETokenizer) -> list[tuple[bytes, bytes]]:
    return [(tokenizer.tokens[left], tokenizer.tokens[right]) for left, right in tokenizer.merges]


def tokens_of(tokenizer: BPETokenizer, ids: list[int]) -> list[bytes]:
    return [tokenizer.tokens[i] for i in ids]


TRAINING_TEXT = (Path(__file__).read_text(encoding="utf-8") + " naïve café, 東京東京 ☕☕☕ 😀😀 aaaaaaaa\n\n\n\t") * 2


@cache
def trained() -> BPETokenizer:
    return BPETokenizer.train(TRAINING_TEXT, 700, special=["<|endoftext|>"])


@cache
def gpt2() -> BPETokenizer:
    return BPETokenizer.from_gpt2(GPT2 / "encoder.json", GPT2 / "vocab.bpe")


@given(TEXT)
def test_any_text_round_trips_through_a_trained_tokenizer(text: str) -> None:
    for tokenizer in (trained(), BPETokenizer([])):
        assert tokenizer.decode(tokenizer.encode(text)) == text
        assert b"".join(tokens_of(tokenizer, tokenizer.encode(text))) == text.encode("utf-8")


@given(TEXT | st.lists(st.sampled_from(TRAINING_TEXT.split(" "))).map(" ".join))
def test_encoding_equals_the_plain_reference(text: str) -> None:
    assert tokens_of(trained(), trained().encode(text)) == plain_encode(text, merges_as_bytes(trained()))


@given(st.text("ab ", max_size=60), st.text("ab ", max_size=60))
def test_training_equals_the_plain_reference(text: str, other: str) -> None:
    tokenizer = BPETokenizer.train(text, 256 + 12)
    number = {token: i for i, token in enumerate(tokenizer.tokens[:256])}
    assert merges_as_bytes(tokenizer) == plain_train(text, 12, number)
    for sample in (text, other):
        assert tokens_of(tokenizer, tokenizer.encode(sample)) == plain_encode(sample, merges_as_bytes(tokenizer))


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


def test_a_trained_tokenizer_comes_back_from_its_file(tmp_path: Path) -> None:
    trained().save(tmp_path / "bpe.json")
    again = BPETokenizer.load(tmp_path / "bpe.json")
    assert again.state() == trained().state()
    assert again.encode(TRAINING_TEXT) == trained().encode(TRAINING_TEXT)


@pytest.mark.parametrize(
    ("merges", "special", "reason"),
    [
        ([(0, 256)], [], "merge 0 joins .0, 256.; both must be ids below 256"),
        ([(-1, 0)], [], "both must be ids below 256"),
        ([(0, 1), (0, 1)], [], "an earlier merge joins already"),
        ([], ["<a>", "<a>"], "stand twice"),
        ([], [""], "empty"),
    ],
)
def test_merges_that_make_no_sense_are_an_error(merges: list[tuple[int, int]], special: list[str], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        BPETokenizer(merges, special)


def test_a_file_with_something_else_than_pairs_is_an_error() -> None:
    state = {**trained().state(), "merges": [[0, 1], [0, "1"]]}
    with pytest.raises(ValueError, match="at 1, which is not a pair of ids"):
        BPETokenizer.from_state(state)


def test_a_missing_regex_package_is_an_error_with_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    from models.tokenizers import bpe

    bpe._chunk_pattern.cache_clear()
    monkeypatch.setitem(sys.modules, "regex", None)
    with pytest.raises(ImportError, match=r'pip install "chainrule\[text\]"'):
        BPETokenizer([]).encode("text")
    assert BPETokenizer([]).decode([0]) == "!"


def test_training_with_a_progress_bar_learns_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("tqdm")
    assert BPETokenizer.train("ab ab abc", 258, progress=True).state() == BPETokenizer.train("ab ab abc", 258).state()
    assert "BPE merges" in capsys.readouterr().err


# Ids on which two other implementations agree: npm gpt-3-encoder 1.1.4 and PyPI tokenizers 0.23.3.
GOLDEN = {
    "": "",
    "Hello, world!": "15496 11 995 0",
    "First Citizen:\nBefore we proceed any further, hear me speak.": "5962 22307 25 198 8421 356 5120 597 2252 11 3285 502 2740 13",
    "  two spaces,\n\n\ttabs \r\n and a trailing space ": "220 734 9029 11 628 197 8658 82 220 201 198 290 257 25462 2272 220",
    "I'll say he's, WE'LL, don't, you'd've": "40 1183 910 339 338 11 12887 6 3069 11 836 470 11 345 1549 1053",
    "3.14159 2026 ²½Ⅷ ١٢٣": "18 13 1415 19707 1160 2075 1587 110 23141 158 227 100 18923 94 149 95 149 96",
    "na\xefve caf\xe9 e\u0301": "2616 38776 40304 304 136 223",
    "Привет, мир! 東京 नमस्ते 안녕": (
        "140 253 21169 18849 38857 16843 20375 11 12466 120 18849 21169 0 10545 251 109 12859 105 28225 "
        "101 11976 106 11976 116 24231 235 11976 97 24231 229 23821 243 230 167 227 243"
    ),
    "\U0001f469\u200d\U0001f469\u200d\U0001f467 \U0001f600 \U0001f1e9\U0001f1ea": "41840 102 447 235 41840 102 447 235 41840 100 30325 222 12520 229 102 8582 229 103",
    "\xa0\u3000\u2028\u200b\ufffd\U000e0041": "1849 5099 222 447 101 9525 4210 175 254 223 223",
    "pneumonoultramicroscopicsilicovolcanoconiosis": "79 25668 261 25955 859 2500 1416 404 873 41896 709 349 5171 36221 42960",
    "aaaaaaaaaaaaaaaaaaaa": "24794 24794 24794 24794 24794",
    "\x00\x1c\x7f": "188 216 221",
    "def f(x): return x**2  # square": "4299 277 7 87 2599 1441 2124 1174 17 220 1303 6616",
}


@needs_gpt2
@pytest.mark.parametrize("text", GOLDEN)
def test_gpt2_ids(text: str) -> None:
    ids = [int(number) for number in GOLDEN[text].split()]
    assert gpt2().encode(text) == ids
    assert gpt2().decode(ids) == text


@needs_gpt2
def test_gpt2_has_its_vocabulary() -> None:
    assert gpt2().vocab_size == 50257
    assert gpt2().special == {"<|endoftext|>": 50256}
    assert gpt2().encode("<|endoftext|>", allowed_special="all") == [50256]
    assert gpt2().encode("<|endoftext|>") == [27, 91, 437, 1659, 5239, 91, 29]


@needs_gpt2
@given(
    TEXT | st.lists(st.sampled_from([" the", "ing", " ", "\n", "'s", "'S", "1234", "été", "\u3000", "😀"])).map("".join)
)
def test_gpt2_encoding_equals_the_plain_reference_and_round_trips(text: str) -> None:
    encoded = gpt2().encode(text)
    assert tokens_of(gpt2(), encoded) == plain_encode(text, gpt2_merges())
    assert gpt2().decode(encoded) == text


@cache
def gpt2_merges() -> list[tuple[bytes, bytes]]:
    return merges_as_bytes(gpt2())


@needs_gpt2
def test_gpt2_tokens_are_those_of_its_encoder_file() -> None:
    ids = json.loads((GPT2 / "encoder.json").read_text(encoding="utf-8"))
    for name in ("!", "Ġ", "Ċ", "Ġthe", "ÃĥÃĤ", "ĠGazette", "<|endoftext|>"):
        plain = name.replace("Ġ", " ").replace("Ċ", "\n")
        if plain.isascii():
            assert gpt2().tokens[ids[name]] == plain.encode()
    assert len({bytes(token) for token in gpt2().tokens}) == len(ids)


@needs_gpt2
def test_gpt2_files_that_do_not_agree_are_an_error(tmp_path: Path) -> None:
    lines = (GPT2 / "vocab.bpe").read_text(encoding="utf-8").split("\n")
    swapped = tmp_path / "vocab.bpe"
    swapped.write_text("\n".join([lines[0], lines[2], lines[1], *lines[3:]]), encoding="utf-8")
    with pytest.raises(ValueError, match="not of the same model: the id of 'Ġa' is 257, but 256"):
        BPETokenizer.from_gpt2(GPT2 / "encoder.json", swapped)
    with pytest.raises(ValueError, match="is not JSON"):
        BPETokenizer.from_gpt2(swapped, GPT2 / "vocab.bpe")
