"""What a checkpoint holds and gives back, and that nothing but what was written is ever read."""

import json
import os
import signal
import sys
import time
import zipfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import autograd as ag
import nn
from nn import checkpoint, tensor_files
from nn.checkpoint import CheckpointError

SUFFIXES = [".safetensors", ".npz"]


@pytest.fixture(params=SUFFIXES)
def path(request, tmp_path):
    return tmp_path / f"a{request.param}"


def test_what_is_saved_comes_back(path):
    model = nn.Sequential(nn.Embedding(5, 4), nn.Linear(4, 5, bias=False))
    model[1].weight = model[0].weight
    path = path.parent / "new" / "folder" / path.name
    checkpoint.save(path, model, config={"width": 4}, tokenizer={"tokens": "äbc€\ud800"}, step=3)
    state = checkpoint.load(path)
    assert (state["config"], state["tokenizer"], state["step"]) == ({"width": 4}, {"tokens": "äbc€\ud800"}, 3)
    other = nn.Sequential(nn.Embedding(5, 4), nn.Linear(4, 5, bias=False))
    other.load_state_dict(state["model"])
    assert (other[1].weight.array == model[0].weight.array).all()
    assert path.stat().st_size < 2000 + model[0].weight.nbytes  # a tied weight is written once
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_other_programs_find_the_weights_by_their_names(path):
    model = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3))
    checkpoint.save(path, model, training={"momentum": [ag.ones(2)]})
    if path.suffix == ".npz":
        found = {name: array for name, array in np.load(path, allow_pickle=False).items() if name != "chainrule.json"}
    else:
        found = pytest.importorskip("safetensors.numpy").load_file(path)
    assert found.keys() == {*model.state_dict(), "training/momentum/0"}
    assert all((found[name] == tensor.array).all() for name, tensor in model.state_dict().items())


def test_equal_values_give_equal_files(path):
    found = set()
    for _ in range(5):
        tensor_files.write(path, {"model": {str(i): ag.ones(i) for i in range(9)}, "step": 3})
        found.add(path.read_bytes())
    assert len(found) == 1


ARRAYS = hnp.arrays(st.sampled_from(["?", "<i8", "u1", "<f2", "<f4", ">f8"]), hnp.array_shapes(min_dims=0, min_side=0))
TENSORS = ARRAYS.filter(lambda array: array.dtype.isnative).map(ag.tensor)
NUMBERS = st.integers() | st.floats() | st.floats().map(np.float64) | st.floats(width=32).map(np.float32)
KEYS = st.text(max_size=3) | st.integers() | st.just("$") | st.tuples(st.booleans(), st.text(max_size=2))
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.text() | ARRAYS | TENSORS,
    lambda inner: st.lists(inner) | st.lists(inner).map(tuple) | st.dictionaries(KEYS, inner),
    max_leaves=6,
)


def same(a, b):
    if isinstance(a, dict):
        return isinstance(b, dict) and a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    if isinstance(a, (list, tuple)):
        return type(a) is type(b) and len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, (ag.Tensor, np.ndarray, np.float32)):
        a, b = (np.asarray(x.array if ag.is_tensor(x) else x) for x in (a, b) if type(a) is type(b))
        return (
            a.dtype.newbyteorder("=") == b.dtype
            and a.shape == b.shape
            and np.array_equal(a, b, equal_nan=a.dtype.kind == "f")
        )
    return type(b) in (type(a), float) and (a == b or a != a)


@pytest.mark.parametrize("suffix", SUFFIXES)
@settings(max_examples=50)
@given(value=VALUES)
def test_any_nest_of_values_comes_back(suffix, value, tmp_path_factory):
    file = tmp_path_factory.getbasetemp() / f"nest{suffix}"
    tensor_files.write(file, {"value": value})
    assert same({"value": value}, tensor_files.read(file))


@pytest.mark.parametrize("value", [print, {1, 2}, b"bytes", np.array(["text"]), np.ones(1, "c16"), [[object()]]])
def test_what_a_checkpoint_cannot_hold_is_named_by_its_place_and_leaves_the_old_file(value, path):
    checkpoint.save(path, nn.Linear(2, 2))
    before = path.read_bytes()
    with pytest.raises(TypeError, match="^more/deep(/0/0)? (is of type|has the dtype)"):
        checkpoint.save(path, nn.Linear(2, 2), more={"deep": value})
    assert path.read_bytes() == before and os.listdir(path.parent) == [path.name]


@pytest.mark.parametrize("suffix", SUFFIXES)
@settings(max_examples=100)
@given(data=st.data())
def test_a_flipped_bit_or_a_lost_end_is_found(suffix, data, tmp_path_factory):
    file = tmp_path_factory.getbasetemp() / f"damaged{suffix}"
    state = {"weights": ag.arange(4.0), "config": {"width": 4, "name": "x"}, "step": 3}
    tensor_files.write(file, state)
    content = bytearray(file.read_bytes())
    at = data.draw(st.integers(0, len(content) - 1))
    if data.draw(st.booleans()):
        content[at] ^= 1 << data.draw(st.integers(0, 7))
    else:
        del content[at:]
    file.write_bytes(content)
    try:
        found = tensor_files.read(file)
    except CheckpointError as error:
        assert str(error).startswith(f"{file} is damaged") and len(str(error)) < 500
    else:  # what was changed is not part of the values, such as the date of a member
        assert same(found, state)


@pytest.mark.parametrize("content", [b"", b"not a checkpoint", b"\x80\x05N.", bytes(1000)])
def test_any_other_file_is_an_error(path, content):
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match=f"{path.name} is damaged, or it is not a checkpoint"):
        checkpoint.load(path)


HEADS = {
    "not a checkpoint": {"format": "other"},
    "version 99": {"format": checkpoint.FORMAT, "version": 99},
    '"model" should be a dict of tensors': {"format": checkpoint.FORMAT, "version": 2},
    "dict of tensors": {"format": checkpoint.FORMAT, "version": 2, "model": {"weight": 3}},
    "and .config. a dict": {"format": checkpoint.FORMAT, "version": 2, "model": {}, "config": [1]},
}


@pytest.mark.parametrize("words", HEADS)
def test_a_file_of_another_content_is_an_error_that_says_which(path, words):
    tensor_files.write(path, HEADS[words])
    with pytest.raises(CheckpointError, match=f"{path.name}.*{words}"):
        checkpoint.load(path)


@pytest.mark.parametrize("suffix", [".ckpt", ".pkl", ".pt"])
def test_a_pickle_is_said_to_be_none_of_the_formats(suffix, tmp_path):
    ag.save({"model": {}}, tmp_path / f"last{suffix}")
    with pytest.raises(CheckpointError, match=f"last{suffix} is not a .safetensors or .npz file") as caught:
        checkpoint.load(tmp_path / f"last{suffix}")
    assert ("earlier versions" in str(caught.value)) == (suffix != ".pt")


def test_without_the_package_safetensors_npz_serves_and_the_error_names_the_extra(tmp_path, monkeypatch):
    model = nn.Linear(2, 2)
    pytest.importorskip("safetensors")
    written = checkpoint.save(tmp_path / "with", model)
    assert written.suffix == ".safetensors"
    for name in [name for name in sys.modules if name.partition(".")[0] == "safetensors"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "safetensors", None)
    assert checkpoint.save(tmp_path / "without", model) == tmp_path / "without.npz"
    assert (checkpoint.load(tmp_path / "without")["model"]["weight"].array == model.weight.array).all()
    for call in (lambda: checkpoint.load(written), lambda: checkpoint.save(written, model)):
        with pytest.raises(ImportError, match=r'pip install "chainrule\[safetensors\]"'):
            call()


def archive_of(path, **members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)


def test_an_archive_that_claims_more_than_it_holds_takes_no_memory(tmp_path):
    path = tmp_path / "a.npz"
    text = json.dumps({"value": 1, "sha256": ""})
    header = b"{'descr': '<f8', 'fortran_order': False, 'shape': (1099511627776,), }"
    member = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header
    for content in ({"zeros.npy": bytes(10**8)}, {"many.npy": member}, {"objects.npy": member.replace(b"<f8", b"|O8")}):
        archive_of(path, **{"chainrule.json": text, **content})
        with pytest.raises(CheckpointError, match="damaged"):
            checkpoint.load(path)


def test_a_config_of_another_kind_is_shown_in_short(path):
    nested = []
    for _ in range(100):
        nested = [nested]
    checkpoint.save(path, nn.Linear(2, 2), config={"size": nested, "text": "x" * 10**6})
    with pytest.raises(CheckpointError, match="another model: size was .* and is now 3; text was 'x") as caught:
        checkpoint.load_model(path, nn.Linear(2, 2), {"size": 3})
    assert len(str(caught.value)) < 500


def test_a_config_may_hold_arrays_which_must_be_the_same(path):
    config = {"mean": ag.tensor([1.0, 2.0]), "sizes": [np.arange(2)], "width": 3}
    checkpoint.save(path, nn.Linear(2, 2), config=config)
    checkpoint.load_model(path, nn.Linear(2, 2), {**config})
    for name, other in (("mean", ag.tensor([1.0, 3.0])), ("sizes", [np.arange(3)]), ("width", np.array([3, 3]))):
        with pytest.raises(CheckpointError, match=f"another model: {name} was"):
            checkpoint.load_model(path, nn.Linear(2, 2), {**config, name: other})


def test_of_many_differences_the_first_are_named(path):
    checkpoint.save(path, nn.Linear(2, 2), config={f"option {i}": "x" * 99 for i in range(500)})
    with pytest.raises(
        CheckpointError, match=r"another model: option 0 was .*; option 5 was .*; and 494 more$"
    ) as caught:
        checkpoint.load_model(path, nn.Linear(2, 2), {})
    assert len(str(caught.value)) < 1000


@pytest.mark.parametrize("name", ["format", "version"])
def test_a_head_that_is_an_array_is_an_error(path, name):
    tensor_files.write(
        path, {"format": checkpoint.FORMAT, "version": checkpoint.VERSION, "model": {}, name: ag.ones(3)}
    )
    with pytest.raises(CheckpointError, match="is not a checkpoint of this program|has version"):
        checkpoint.load(path)


def test_a_file_that_is_not_there_is_said_to_be(path):
    for name in (path, path.with_suffix("")):
        with pytest.raises(FileNotFoundError, match="train a model first"):
            checkpoint.load(name)


def test_what_a_killed_process_was_writing_is_removed_by_the_next_run(tmp_path):
    (tmp_path / ".step-1.npz.0123.part").write_bytes(b"half")
    with checkpoint.locked(tmp_path):
        assert os.listdir(tmp_path) == [".lock"]


def test_the_lock_ends_with_its_process_and_not_with_those_it_started(tmp_path):
    read, write = os.pipe()
    if not (child := os.fork()):
        with checkpoint.locked(tmp_path):
            if not os.fork():  # a process that outlives the one with the lock
                os.write(write, str(os.getpid()).encode())
                os.kill(os.getppid(), signal.SIGKILL)
            time.sleep(60)
            os._exit(0)
    os.waitpid(child, 0)
    grandchild = int(os.read(read, 20))
    try:
        with checkpoint.locked(tmp_path):
            with pytest.raises(CheckpointError, match="another run is writing"), checkpoint.locked(tmp_path):
                pass
    finally:
        os.kill(grandchild, signal.SIGKILL)
