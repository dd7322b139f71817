"""GPT-2's tokenizer, and tokenizers in the files of Hugging Face."""

import bz2
import hashlib
import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models import tokenizers
from models.tokenizers import BPETokenizer
from models.tokenizers.bpe_files import BYTE_CHARS
from tests.models.plain_bpe import TEXT, plain_encode, ranks_of, tokens_of


@cache
def gpt2() -> BPETokenizer:
    return BPETokenizer.gpt2()


# Ids on which two other implementations agree: npm gpt-3-encoder 1.1.4 and PyPI tokenizers 0.23.3.
GOLDEN = {
    "": "",
    "Hello, world!": "15496 11 995 0",
    "First Citizen:\nBefore we proceed any further, hear me speak.": (
        "5962 22307 25 198 8421 356 5120 597 2252 11 3285 502 2740 13"
    ),
    "  two spaces,\n\n\ttabs \r\n and a trailing space ": (
        "220 734 9029 11 628 197 8658 82 220 201 198 290 257 25462 2272 220"
    ),
    "I'll say he's, WE'LL, don't, you'd've": "40 1183 910 339 338 11 12887 6 3069 11 836 470 11 345 1549 1053",
    "3.14159 2026 ²½Ⅷ ١٢٣": "18 13 1415 19707 1160 2075 1587 110 23141 158 227 100 18923 94 149 95 149 96",
    "na\xefve caf\xe9 e\u0301": "2616 38776 40304 304 136 223",
    "Привет, мир! 東京 नमस्ते 안녕": (
        "140 253 21169 18849 38857 16843 20375 11 12466 120 18849 21169 0 10545 251 109 12859 105 28225 "
        "101 11976 106 11976 116 24231 235 11976 97 24231 229 23821 243 230 167 227 243"
    ),
    "\U0001f469\u200d\U0001f469\u200d\U0001f467 \U0001f600 \U0001f1e9\U0001f1ea": (
        "41840 102 447 235 41840 102 447 235 41840 100 30325 222 12520 229 102 8582 229 103"
    ),
    "\xa0\u3000\u2028\u200b\ufffd\U000e0041": "1849 5099 222 447 101 9525 4210 175 254 223 223",
    "pneumonoultramicroscopicsilicovolcanoconiosis": (
        "79 25668 261 25955 859 2500 1416 404 873 41896 709 349 5171 36221 42960"
    ),
    "aaaaaaaaaaaaaaaaaaaa": "24794 24794 24794 24794 24794",
    "\x00\x1c\x7f": "188 216 221",
    "def f(x): return x**2  # square": "4299 277 7 87 2599 1441 2124 1174 17 220 1303 6616",
}


@pytest.mark.parametrize("text", GOLDEN)
def test_gpt2_ids(text: str) -> None:
    ids = [int(number) for number in GOLDEN[text].split()]
    assert gpt2().encode(text) == ids
    assert gpt2().decode(ids) == text


def test_gpt2_has_its_vocabulary() -> None:
    assert gpt2().vocab_size == 50257
    assert gpt2().special == {"<|endoftext|>": 50256}
    assert gpt2().encode("<|endoftext|>", allowed_special="all") == [50256]
    assert gpt2().encode("<|endoftext|>") == [27, 91, 437, 1659, 5239, 91, 29]


@given(
    TEXT | st.lists(st.sampled_from([" the", "ing", " ", "\n", "'s", "'S", "1234", "été", "\u3000", "😀"])).map("".join)
)
def test_gpt2_encoding_equals_the_plain_reference_and_round_trips(text: str) -> None:
    encoded = gpt2().encode(text)
    assert tokens_of(gpt2(), encoded) == plain_encode(text, gpt2_ranks())
    assert gpt2().decode(encoded) == text


@cache
def gpt2_ranks() -> dict[tuple[bytes, bytes], int]:
    return ranks_of(gpt2())


def test_the_merges_are_openais_file() -> None:
    packed = Path(tokenizers.__file__).parent / "data" / "gpt2-merges.txt.bz2"
    digest = hashlib.sha256(bz2.decompress(packed.read_bytes())).hexdigest()
    assert digest == "1ce1664773c50f3e0cc8842619a93edc4624525b728b188a9e0be33b7726adc5"


def test_every_token_encodes_to_itself() -> None:
    texts = [(number, token.decode("utf-8", "replace")) for number, token in enumerate(gpt2().tokens[:-1])]
    assert all(gpt2().encode(text) == [number] for number, text in texts if "\ufffd" not in text)


# files ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kept", ["tokenizer.json", "vocab.json merges.txt"])
def test_a_saved_tokenizer_comes_back_from_either_form(kept: str, tmp_path: Path) -> None:
    tokenizer = BPETokenizer.train("the cat sat on the mat, the café 😀😀", 270, special=["<|endoftext|>", "[PAD]"])
    tokenizer.save_pretrained(tmp_path)
    for file in {"tokenizer.json", "vocab.json", "merges.txt"} - set(kept.split()):
        (tmp_path / file).unlink()
    assert BPETokenizer.from_pretrained(tmp_path).state() == tokenizer.state()


def test_files_that_do_not_agree_are_an_error(tmp_path: Path) -> None:
    BPETokenizer(gpt2().merges[:9]).save_pretrained(tmp_path)
    lines = (tmp_path / "merges.txt").read_text(encoding="utf-8").split("\n")
    swapped = tmp_path / "swapped.txt"
    swapped.write_text("\n".join([lines[0], lines[2], lines[1], *lines[3:]]), encoding="utf-8")
    with pytest.raises(ValueError, match="not of the same model: the id of 'Ġa' is 257, but the merges make it 256"):
        BPETokenizer.from_gpt2(tmp_path / "vocab.json", swapped)
    with pytest.raises(ValueError, match="must be JSON, and both in UTF-8"):
        BPETokenizer.from_gpt2(swapped, tmp_path / "merges.txt")


def test_a_folder_without_a_tokenizer_says_so(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no tokenizer.json in .*, nor vocab.json and merges.txt"):
        BPETokenizer.from_pretrained(tmp_path)


def _changed(content: dict[str, Any], place: str, value: Any) -> dict[str, Any]:
    """A copy of nested dicts in which one value is another."""
    key, _, rest = place.partition(".")
    return {**content, key: _changed(content[key], rest, value) if rest else value}


@pytest.mark.parametrize(
    ("place", "value", "reason"),
    [
        ("model.type", "Unigram", "its model type is 'Unigram', not 'BPE'"),
        ("model", [], "its model type is None"),
        ("model.vocab", {}, "the id of '!' is None, but the merges make it 0"),
        ("model.vocab", {"!": "0"}, "must map tokens to ids"),
        ("model.merges", [["a", "€"]], "the merge 'a €' does not make a new token of two known ones"),
        ("model.merges", ["a b", "a b"], "the merge 'a b' does not make a new token"),
        ("model.merges", 3, "not iterable"),
        ("model.byte_fallback", True, "its model byte_fallback is True, not None"),
        ("model.ignore_merges", True, "its model ignore_merges is True"),
        ("normalizer", {"type": "NFC"}, "its normalizer is {'type': 'NFC'}, not None"),
        ("pre_tokenizer", {"type": "Sequence"}, "its pre_tokenizer type is 'Sequence', not 'ByteLevel'"),
        ("pre_tokenizer.add_prefix_space", True, "its pre_tokenizer add_prefix_space is True"),
        ("pre_tokenizer.use_regex", False, "does not cut the text into words"),
        ("added_tokens", [{"id": 7, "content": "<x>"}], "the ids of .'<x>'. do not follow those of the merges"),
        ("added_tokens", [{}], "KeyError..content"),
    ],
)
def test_a_tokenizer_of_another_kind_is_refused_with_the_reason(
    place: str, value: Any, reason: str, tmp_path: Path
) -> None:
    BPETokenizer.train("ab ab", 257).save_pretrained(tmp_path)
    file = tmp_path / "tokenizer.json"
    file.write_text(json.dumps(_changed(json.loads(file.read_text("utf-8")), place, value)), encoding="utf-8")
    with pytest.raises(ValueError, match=reason) as caught:
        BPETokenizer.from_pretrained(tmp_path)
    assert str(file) in str(caught.value)


def test_two_tokens_of_the_same_bytes_cannot_be_saved_for_others(tmp_path: Path) -> None:
    a = gpt2().encode("a")[0]
    twice = BPETokenizer([(a, a), (256, a), (a, 256)])
    with pytest.raises(ValueError, match="the tokens 257 and 258 are both 'aaa'"):
        twice.save_pretrained(tmp_path)


@pytest.mark.parametrize(
    ("encoder", "merges", "reason"),
    [
        (b"[]", b"", "must map tokens to ids"),
        (b'{"!": "0"}', b"", "must map tokens to ids"),
        (b"{}", b"", "the id of '!' is None, but the merges make it 0"),
        (b"{}", b"\xff", "UTF-8"),
    ],
)
def test_foreign_files_in_place_of_gpt2s_are_an_error(
    encoder: bytes, merges: bytes, reason: str, tmp_path: Path
) -> None:
    (tmp_path / "encoder.json").write_bytes(encoder)
    (tmp_path / "vocab.bpe").write_bytes(merges)
    with pytest.raises(ValueError, match=reason) as caught:
        BPETokenizer.from_gpt2(tmp_path / "encoder.json", tmp_path / "vocab.bpe")
    assert str(tmp_path / "vocab.bpe") in str(caught.value)


def test_small_files_in_gpt2s_form_are_read(tmp_path: Path) -> None:
    names = [*BYTE_CHARS, "Ġa", "Ġab", "<|endoftext|>"]
    (tmp_path / "encoder.json").write_text(json.dumps({name: i for i, name in enumerate(names)}), encoding="utf-8")
    for end in ("\n", "\r\n"):
        text = end.join(["#version: 0.2", "Ġ a", "Ġa b", ""])
        (tmp_path / "vocab.bpe").write_bytes(text.encode("utf-8"))
        tokenizer = BPETokenizer.from_gpt2(tmp_path / "encoder.json", tmp_path / "vocab.bpe")
        assert tokenizer.tokens[256:] == [b" a", b" ab", b"<|endoftext|>"]
        assert tokenizer.encode(" ab") == [257]
        assert tokenizer.encode("é") == [names.index("Ã"), names.index("©")]
