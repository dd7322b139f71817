"""The shipped weights are small, can be read with NumPy alone, and are what the command makes."""

import json
import zipfile

import numpy as np
import pytest

from demos import calculator, digits
from demos.data.idx import load_mnist
from demos.data.numbers import calculator_examples, split_examples
from demos.explorer import weights
from demos.explorer.models import load_digits, load_text
from demos.explorer.subjects import DIALOGUE


def test_they_take_less_than_three_megabytes():
    assert sum(weights.file(name).stat().st_size for name in weights.MODELS) < 3e6


@pytest.mark.parametrize("name", weights.MODELS)
def test_numpy_alone_reads_them(name):
    with np.load(weights.file(name), allow_pickle=False) as found:
        arrays = [found[key] for key in found.files if not key.endswith(".json")]
    assert all(array.dtype == np.float16 and np.isfinite(array).all() for array in arrays)
    with zipfile.ZipFile(weights.file(name)) as archive:
        assert json.loads(archive.read("chainrule.json"))["value"]["test"]


def test_what_is_said_of_the_calculator_is_so():
    served = load_text(weights.file("calculator"), "Calculator")
    _, held_out = split_examples(calculator_examples(), question=calculator.SHOWN)
    assert served.test["questions"] == len(held_out)
    some = held_out[::20]
    with served.use() as model:
        given = calculator.Calculator(model, served.tokens).answers([example.question for example in some])
        assert all(p.dtype == np.float32 for p in model.parameters())
    for word, share in calculator.shares(some, given).items():
        assert share == pytest.approx(served.test[word], abs=0.25)


def test_the_command_makes_them_again(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(weights, "TRAINED", tmp_path)
    few = digits.Mnist(*(array[:300] for array in load_mnist()))
    monkeypatch.setattr(digits, "load_mnist", lambda: few)
    weights.main(["--only", "digits", "--only", "characters", "--steps", "3", "--text", str(DIALOGUE)])
    with load_digits(tmp_path / "digits.npz").use() as model:
        assert model.config.sizes[0] == 784
    served = load_text(tmp_path / "characters.npz", "")
    assert served.tokens.decode(served.tokens.encode("ANNA")) == "ANNA" and served.test["loss"] > 0
    assert "MB" in capsys.readouterr().out


def test_without_a_text_it_says_where_one_is(capsys):
    with pytest.raises(SystemExit) as stop:
        weights.main([])
    assert stop.value.code == 2 and "karpathy/char-rnn" in capsys.readouterr().err
