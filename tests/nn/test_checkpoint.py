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
        (pickle.dumps({"format": checkpoint.FORMAT, "version": 1}), '"model" should be a dict of tensors'),
        (pickle.dumps({"format": checkpoint.FORMAT, "version": 1, "model": {"weight": 3}}), "dict of tensors"),
        (pickle.dumps({"format": checkpoint.FORMAT, "version": 1, "model": {}, "config": [1]}), "config"),
    ],
)
def test_any_other_file_is_an_error_and_none_of_its_code_runs(tmp_path, capsys, content, words):
    (tmp_path / "a.ckpt").write_bytes(content)
    with pytest.raises(CheckpointError, match=f"a.ckpt.*{words}"):
        checkpoint.load(tmp_path / "a.ckpt")
    assert not capsys.readouterr().out


def test_a_config_of_another_kind_is_shown_in_short(tmp_path):
    nested = []
    for _ in range(400):
        nested = [nested]
    checkpoint.save(tmp_path / "a.ckpt", nn.Linear(2, 2), config={"size": nested, "text": "x" * 10**6})
    with pytest.raises(CheckpointError, match="another model: size .* -> 3, text 'x") as caught:
        checkpoint.load_model(tmp_path / "a.ckpt", nn.Linear(2, 2), {"size": 3})
    assert len(str(caught.value)) < 500


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
