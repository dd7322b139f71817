"""A small model with random weights, in a folder of Hugging Face's, writes, is scored and is trained on."""

import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd as ag
from demos.gpt2 import losses, main, options
from models.config import GPTConfig
from models.generate import generate
from models.gpt import GPT
from models.tokenizers import BPETokenizer

pytest.importorskip("safetensors")
TEXT = "the cat sat on the mat and the rat sat on the cat 😀.\n" * 40
TRAINING = "--finetune text.txt --steps 12 --context 8 --batch 4 --lr 0.01 --warmup 2 --evaluate-every 4 --length 5"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with a model, in model/, and a text."""
    monkeypatch.chdir(tmp_path)
    ag.manual_seed(0)
    tokenizer = BPETokenizer.train(TEXT, 275, special=["<|endoftext|>"])
    GPT(GPTConfig(tokenizer.vocab_size, 16, 1, 2, 16)).save_pretrained("model", tokenizer)
    (tmp_path / "text.txt").write_text(TEXT, encoding="utf-8")
    return tmp_path


def run(arguments):
    return main(["--model", "model", *arguments.split()])


def contents(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_it_writes_on_from_a_prompt_and_says_how_fast(folder, capsys):
    model, tokenizer = GPT.from_pretrained("model"), BPETokenizer.from_pretrained("model")
    text = run("--prompt cat --length 20 --temperature 0")
    ids = tokenizer.encode("cat")
    assert text == tokenizer.decode(generate(model, ids, 20, temperature=0).tolist()[0][len(ids) :])
    printed = capsys.readouterr().out
    assert f"\ncat{text}\n\n20 tokens in " in printed and printed.endswith("tokens/s\n")
    seeded = [run(f"--length 20 --top-k 40 --top-p 0.9 --seed {seed}") for seed in (1, 1, 2)]
    assert seeded[0] == seeded[1] != seeded[2]


def test_a_character_appears_whole_and_the_end_of_the_text_ends_it(folder, capsys, monkeypatch):
    tokenizer = BPETokenizer.from_pretrained("model")
    grin = BPETokenizer([]).encode("😀")
    drawn = [*grin, *tokenizer.encode("a"), tokenizer.special["<|endoftext|>"]]
    monkeypatch.setattr("demos.gpt2.stream", lambda *_, stop, **__: (np.array([n]) for n in drawn if (stop := stop)))
    assert run("--prompt cat") == "😀a"
    assert "\ncat😀a\n\n6 tokens in " in capsys.readouterr().out
    drawn[:] = grin[:2]  # the text ends within a character
    assert run("--prompt cat") == "\ufffd"


@settings(max_examples=60, deadline=None)
@given(length=st.integers(2, 40), context=st.integers(1, 9), stride=st.integers(1, 9), seed=st.integers(0, 99))
def test_every_token_after_the_first_is_scored_once_from_a_window_of_the_text(length, context, stride, seed):
    stride = min(stride, context)
    ag.manual_seed(seed)
    model = GPT(GPTConfig(11, context, 1, 2, 8))
    for parameter in model.parameters():
        parameter.data = parameter.data + 0.3 * ag.randn(*parameter.shape)
    ids = np.random.default_rng(seed).integers(0, 11, length)
    found = np.concatenate(list(losses(model, ids, stride)))
    assert len(found) == length - 1
    for i, loss in enumerate(found):  # of the token i + 1
        possible = []
        for before in range(min(i + 1, max(context - stride, 1)), min(i + 1, context) + 1):
            log_p = model(ag.tensor(ids[None, i + 1 - before : i + 1]))[0, -1].log_softmax(-1)
            possible.append(-log_p[int(ids[i + 1])].item())
        assert np.isclose(loss, possible, atol=1e-5).any()


def test_the_perplexity_of_a_text_is_that_of_its_tokens(folder, capsys):
    model, tokenizer = GPT.from_pretrained("model"), BPETokenizer.from_pretrained("model")
    (folder / "short.txt").write_text("the cat sat", encoding="utf-8")
    ids = tokenizer.encode("the cat sat")
    perplexity = run("--score short.txt")
    expected = model.loss(ag.tensor([ids[:-1]]), ag.tensor([ids[1:]])).item()
    assert perplexity == pytest.approx(np.exp(expected), rel=1e-5)
    bits = expected * (len(ids) - 1) / np.log(2) / 11
    printed = capsys.readouterr()
    assert (
        f"{len(ids)} tokens" in printed.out and f"{bits:.3f} bits a byte" in printed.out and "perplexity" in printed.err
    )
    near = run("--score text.txt --stride 1")
    assert 100 < near < 400 and near != run("--score text.txt --stride 16")


def test_fine_tuning_learns_the_text_and_leaves_the_source_as_it_was(folder, capsys):
    before, start = contents(folder / "model"), run("--score text.txt")
    loss = run(TRAINING)
    printed = capsys.readouterr().out
    assert f"held-out loss {loss:.4f} nats a token" in printed and "--model takes it" in printed
    assert contents(folder / "model") == before
    tuned = folder / "out/gpt2/latest/model"
    assert main(["--model", str(tuned), "--score", "text.txt"]) < start / 3
    assert GPT.from_pretrained(tuned).config.block_size == 16 and BPETokenizer.from_pretrained(tuned).vocab_size == 275


def test_one_seed_one_result_also_when_it_was_stopped_in_between(folder, capsys, monkeypatch):
    whole = run(TRAINING)
    first = contents(folder / "out/gpt2/run-1")
    with monkeypatch.context() as patch:
        evaluations = iter([False, False, True])
        real = sys.modules["demos.gpt2"].mean_loss

        def stopped(*args, **settings):
            if next(evaluations):
                raise KeyboardInterrupt
            return real(*args, **settings)

        patch.setattr("demos.gpt2.mean_loss", stopped)
        assert run(TRAINING) is None
    assert "stopped after 8 of 12 steps" in capsys.readouterr().out
    assert main(["--resume"]) == whole  # with the options of the run
    second = folder / "out/gpt2/run-2/model/model.safetensors"
    assert second.read_bytes() == first[folder / "out/gpt2/run-1/model/model.safetensors"]
    assert {path: first[path] for path in first} == contents(folder / "out/gpt2/run-1")


def test_a_folder_without_a_tokenizer_has_gpt_2s_where_the_vocabulary_is_as_large(folder, capsys):
    for file in ("tokenizer.json", "vocab.json"):
        (folder / "model" / file).unlink()
    refused("", "there is no tokenizer.json in model, nor vocab.json and merges.txt", capsys)
    GPT(GPTConfig(50257, 8, 1, 1, 2)).save_pretrained(folder / "model")
    assert isinstance(run("--length 3"), str)


WRONG = [
    ("--heads 3", "unrecognized arguments: --heads 3"),
    ("--length -1", "--length must be at least 0, got -1"),
    ("--temperature nan", "--temperature must be a finite number of at least 0, got nan"),
    ("--top-k 0", "--top-k must be at least 1, got 0"),
    ("--top-p 0", "--top-p must be above 0 and at most 1, got 0"),
    ("--seed -1", "--seed must be at least 0, got -1"),
    ("--prompt=", "--prompt is empty"),
    ("--score absent.txt", "absent.txt: No such file or directory"),
    ("--score text.txt --stride 17", "--stride must be at most the context of the model, 16, got 17"),
    ("--score text.txt --finetune text.txt", "--score and --finetune exclude each other"),
    ("--score latin.txt", "latin.txt is not in UTF-8"),
    ("--finetune absent.txt", "absent.txt: No such file or directory"),
    ("--finetune text.txt --steps 0", "--steps must be at least 1, got 0"),
    ("--finetune text.txt --context 17", "--context must be at most that of the model, 16, got 17"),
    ("--finetune short.txt --context 8", "a context of 8 needs 9 tokens, and the trained or the held-out part has"),
    ("--resume", "there is no run to resume in out/gpt2: train first"),
    ("--model absent/folder/here", "there is no folder absent/folder/here"),
    ("--model pickled", "has its weights in pickles"),
]


def refused(arguments, words, capsys):
    with pytest.raises(SystemExit) as stopped:
        run(arguments)
    (line,) = capsys.readouterr().err.splitlines()
    assert stopped.value.code == 2 and words in line


@pytest.mark.parametrize(("arguments", "words"), WRONG)
def test_a_wrong_option_is_named_in_one_line_and_nothing_is_written(arguments, words, folder, capsys):
    (folder / "short.txt").write_text("the cat", encoding="utf-8")
    (folder / "latin.txt").write_bytes(b"caf\xe9")
    (folder / "pickled").mkdir()
    (folder / "pickled/config.json").write_text('{"model_type": "gpt2"}', encoding="utf-8")
    (folder / "pickled/pytorch_model.bin").write_bytes(b"\x80\x05N.")
    before = contents(folder)
    refused(arguments, words, capsys)
    assert contents(folder) == before


def test_every_option_is_explained():
    assert all(action.help for action in options()._actions)
