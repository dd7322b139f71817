"""The linter finds nothing in the training steps of the demos."""

import importlib
import warnings

import pytest

import nn
from demos.__main__ import demos
from models.config import GPTConfig
from models.gpt import GPT
from models.tokenizers import BPETokenizer
from nn.train import Trainer

WORDS = "the cat sat on the mat and the dog sat by the door while the rain fell " * 40


TRAINED = [
    "digits --images 300",
    "digits --images 300 --network cnn",
    "digits --images 300 --network nielsen",
    "training",
    "heads --width 64 --heads 4 --hidden 128",
    "text --text words.txt --layers 2 --width 32 --heads 2 --context 16",
    "gpt2 --model model --finetune words.txt",
    "calculator",
    "translate",
    "it",
]
LOOPS = ["walkthrough --steps 2", "moons --points 5 --steps 3", "neurons --epochs 1"]


class Finished(Exception):
    """Two steps were made: the rest of the demo is of no interest here."""


@pytest.mark.parametrize("options", TRAINED)
def test_two_steps_of_training_have_no_findings(options, tmp_path, monkeypatch):
    (tmp_path / "words.txt").write_text(WORDS, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    if "model" in options:
        pytest.importorskip("safetensors")
        tokenizer = BPETokenizer.train(WORDS, 270)
        GPT(GPTConfig(tokenizer.vocab_size, 16, 2, 2, 16)).save_pretrained("model", tokenizer)
    fit, linter = Trainer.fit, nn.lint()

    def two_steps(trainer, resume=False):
        trainer.steps, trainer.threads, trainer.quiet = 2, 1, True
        trainer.evaluate_every, trainer.on_evaluate, trainer.folder = 2, None, None
        trainer.evaluated = 0  # there is one evaluation, at the end
        with linter:
            fit(trainer)
        raise Finished

    monkeypatch.setattr(Trainer, "fit", two_steps)
    name, *arguments = options.split()
    with pytest.raises(Finished):
        importlib.import_module(f"demos.{name}").main(arguments)
    assert len(linter.observer.walks) == 2 and linter.observer.parameters
    assert linter.report == []


@pytest.mark.parametrize("options", LOOPS)
def test_demos_with_a_loop_of_their_own_have_no_findings(options, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("demos.moons.plot", lambda *_: None)
    linter = nn.lint()
    name, *arguments = options.split()
    with warnings.catch_warnings(), linter as report:
        importlib.import_module(f"demos.{name}").main(arguments)
    assert linter.observer.leaves or linter.observer.values.before
    assert report == []


def test_no_demo_is_left_out_but_those_that_train_what_they_are_asked_to():
    asked = {"explorer", "lab"}  # the lab breaks the calculator on purpose
    assert {options.split()[0] for options in TRAINED + LOOPS} == demos().keys() - asked
