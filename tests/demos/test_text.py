import re

import numpy as np
import pytest

import autograd
from demos.text import Passages, main, mean_loss, options, read_text
from models.checkpoint import load_gpt

TINY = "--layers 1 --heads 2 --width 16 --context 16 --batch 8 --lr 0.01 --warmup 5 --evaluate-every 40 --length 30"
TEXT = "the cat sat on the mat and the rat sat on the cat.\n" * 30


def train(tmp_path, monkeypatch, *arguments, steps=80):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "some.txt").write_text(TEXT, encoding="utf-8")
    return main(["--text", "some.txt", "--steps", str(steps), *TINY.split(), *arguments])


def test_it_learns_a_text_writes_and_leaves_its_report_and_its_model(tmp_path, monkeypatch, capsys):
    loss = train(tmp_path, monkeypatch)
    printed = capsys.readouterr().out
    assert loss < 1.8 < np.log(14)
    assert "a uniform guess among 14 would have 2.6391" in printed and f"held-out text {loss:.4f}" in printed
    folder = tmp_path / "out/text/latest"
    assert {"report", "log", "best", "weights", "step-00000080"} <= {path.stem for path in folder.iterdir()}
    assert len(printed.split("It writes:\n")[1]) == len("\n") + 30 + len("\n")

    main(["--sample", "--prompt", "the ", "--length", "20", "--temperature", "0", "--seed", "3"])
    sample = capsys.readouterr().out
    assert sample.startswith("the ") and len(sample) == len("the ") + 20 + 1 and set(sample) <= set(TEXT)


def test_one_seed_one_result_also_when_it_was_stopped_in_between(tmp_path, monkeypatch, capsys):
    often = ("--evaluate-every", "4", "--dropout", "0.1")
    whole = train(tmp_path, monkeypatch, *often, steps=12)
    assert train(tmp_path, monkeypatch, *often, "--seed", "1", steps=12) != whole
    with monkeypatch.context() as patch:
        samples = iter(["at step 0", "at step 4"])  # and at step 8, Ctrl-C
        patch.setattr("demos.text.generate_text", lambda *_, **__: next(samples, None) or _interrupt())
        assert train(tmp_path, patch, *often, steps=12) is None
    assert "stopped after 8 of 12 steps" in capsys.readouterr().out
    assert main(["--resume"]) == whole  # with the options of the run
    for name in ("run-3", "out/text/run-3", "latest"):  # which is at its end already
        assert main(["--resume", name]) == whole


def _interrupt():
    raise KeyboardInterrupt


OTHERWISE = {
    "--lr 0.02": "lr was 0.01 and is now 0.02",
    "--beta2 0.5": "beta2 was 0.99 and is now 0.5",
    "--decay 0": "decay was 0.1 and is now 0.0",
    "--seed 4": "seed was 0 and is now 4",
    "--batch 9": "batch was 8 and is now 9",
    "--threads 1": "threads was 2 and is now 1",
    "--steps 7": "steps was 3 and is now 7",
    "--text other.txt": "digest of the text was '",
}


def test_resuming_with_another_option_is_refused_and_changes_nothing(tmp_path, monkeypatch, capsys):
    train(tmp_path, monkeypatch, steps=3)
    (tmp_path / "other.txt").write_text(TEXT[::-1], encoding="utf-8")
    before = {file: file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()}
    for arguments, words in OTHERWISE.items():
        capsys.readouterr()
        with pytest.raises(SystemExit) as stopped:
            main(["--resume", *arguments.split()])
        (line,) = capsys.readouterr().err.splitlines()
        assert stopped.value.code == 2 and "out/text/run-1 is a run with other settings: " in line and words in line
        assert {file: file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()} == before


def test_a_run_leaves_an_earlier_one_as_it_was(tmp_path, monkeypatch):
    train(tmp_path, monkeypatch, steps=3)
    first = tmp_path / "out/text/run-1"
    before = {file: file.read_bytes() for file in first.iterdir()}
    train(tmp_path, monkeypatch, "--seed", "1", steps=2)
    assert {file: file.read_bytes() for file in first.iterdir()} == before
    assert (tmp_path / "out/text/latest").resolve() == tmp_path / "out/text/run-2"
    with monkeypatch.context() as patch:
        patch.setattr("demos.text.generate_text", lambda *_, **__: _interrupt())
        train(tmp_path, patch, steps=3)
    assert main(["--resume", "run-1"]) is not None and (tmp_path / "out/text/run-3").exists()
    assert (tmp_path / "out/text/latest").resolve() == first


def test_the_held_out_loss_is_that_of_every_character_after_the_first(tmp_path, monkeypatch):
    train(tmp_path, monkeypatch, steps=3)
    model, tokenizer = load_gpt(tmp_path / "out/text/latest/weights")
    ids = np.array(tokenizer.encode(TEXT))[:49]
    passages = Passages(ids, 16)
    losses = []
    for start in (0, 16, 32):
        logits = model(autograd.tensor([ids[start : start + 16].tolist()]))[0].log_softmax(-1).detach().numpy()
        losses += [-logits[i, ids[start + i + 1]] for i in range(16)]
    assert mean_loss(model, passages) == pytest.approx(np.mean(losses), rel=1e-5)
    assert passages.starts(2).tolist() == [0, 32] and passages.starts(9).tolist() == [0, 16, 32]


def test_passages_drawn_at_random_reach_every_character():
    passages = Passages(np.arange(20), 4)
    x, y = passages.draw(500)
    assert (y == x + 1).all() and x.min() == 0 and y.max() == 19


def test_without_a_file_it_reads_the_language_reference():
    text = read_text(None)
    assert len(text) > 200_000 and "assignment" in text


def test_every_option_is_explained():
    shown = options().format_help()
    names = re.findall(r"^  (--[\w-]+)", shown, re.M)
    assert len(names) > 25 and all(action.help for action in options()._actions)


def test_an_unknown_character_in_the_prompt_is_named(tmp_path, monkeypatch, capsys):
    train(tmp_path, monkeypatch, steps=1)
    with pytest.raises(SystemExit):
        main(["--sample", "--prompt", "the €"])
    assert "unknown character '€'" in capsys.readouterr().err


def test_a_text_of_one_line_is_learned_too(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "line.txt").write_text(TEXT.replace("\n", " "), encoding="utf-8")
    main(["--text", "line.txt", "--steps", "1", *TINY.split()])
    assert "It writes:\nt" in capsys.readouterr().out
