import pickle

import pytest

import autograd as ag
import nn
from nn import checkpoint
from nn.checkpoint import CheckpointError


def test_what_is_saved_comes_back(tmp_path):
    model = nn.Sequential(nn.Embedding(5, 4), nn.Linear(4, 5, bias=False))
    model[1].weight = model[0].weight
    path = tmp_path / "new" / "folder" / "a.ckpt"
    checkpoint.save(path, model, config={"width": 4}, tokenizer={"tokens": "äbc€"}, step=3)
    state = checkpoint.load(path)
    assert (state["config"], state["tokenizer"], state["step"]) == ({"width": 4}, {"tokens": "äbc€"}, 3)
    other = nn.Sequential(nn.Embedding(5, 4), nn.Linear(4, 5, bias=False))
    other.load_state_dict(state["model"])
    assert (other[1].weight.array == model[0].weight.array).all()
    assert path.stat().st_size < 2000 + model[0].weight.nbytes  # a tied weight is written once
    assert [file.name for file in path.parent.iterdir()] == ["a.ckpt"]


class Malicious:
    def __reduce__(self):
        return print, ("code of the file runs",)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "cannot be read"),
        (b"not a pickle", "cannot be read"),
        (pickle.dumps({"format": checkpoint.FORMAT, "version": 1})[:-9], "cannot be read"),
        (pickle.dumps(Malicious()), "cannot be read"),
        (pickle.dumps([1, 2]), "not a checkpoint"),
        (pickle.dumps({"format": checkpoint.FORMAT, "version": 99}), "version 99"),
    ],
)
def test_any_other_file_is_an_error_and_none_of_its_code_runs(tmp_path, capsys, content, words):
    (tmp_path / "a.ckpt").write_bytes(content)
    with pytest.raises(CheckpointError, match=f"a.ckpt.*{words}"):
        checkpoint.load(tmp_path / "a.ckpt")
    assert not capsys.readouterr().out


def test_a_file_that_is_not_there_is_said_to_be(tmp_path):
    with pytest.raises(FileNotFoundError, match="train a model first"):
        checkpoint.load(tmp_path / "none.ckpt")


def test_a_save_that_fails_leaves_the_file_as_it_was(tmp_path):
    model = nn.Linear(2, 2)
    checkpoint.save(tmp_path / "a.ckpt", model)
    before = (tmp_path / "a.ckpt").read_bytes()
    with pytest.raises(Exception, match="pickle"):
        checkpoint.save(tmp_path / "a.ckpt", model, more=lambda: None)
    assert (tmp_path / "a.ckpt").read_bytes() == before and ag.is_tensor(
        checkpoint.load(tmp_path / "a.ckpt")["model"]["bias"]
    )
