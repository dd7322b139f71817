"""The digits demo on a few hundred images: it learns, repeats itself bit for bit, and reads a picture of one's own."""

import json
import re

import numpy as np
import pytest
from PIL import Image

from autograd import is_grad_enabled, manual_seed
from demos import digits
from demos.data.idx import load_mnist
from nn import checkpoint
from nn import functional as F

QUICK = ["--images", "300", "--epochs", "1"]
FILES = ("weights.safetensors", "report.html", "training.png", "confusion.png", "mistakes.png", "first_layer.png")


@pytest.fixture(scope="module", params=digits.RECIPES)
def trained(request, tmp_path_factory):
    """(the network's name, the folder with the results, the figures) of a training with seed 0."""
    folder = tmp_path_factory.mktemp(request.param)
    figures = run(folder, "--network", request.param)
    return request.param, folder / "latest", figures


def weights(folder):
    return checkpoint.load(folder / "weights")["model"]


def run(folder, *options):
    return digits.main([*QUICK, "--out", str(folder), *options])


def refused(arguments, capsys):
    """The one line with which the demo ends."""
    with pytest.raises(SystemExit) as stopped:
        digits.main(arguments)
    (line,) = capsys.readouterr().err.splitlines()
    assert stopped.value.code == 2
    return line


def fit(*options):
    return digits.fit(*digits.completed(digits.options().parse_args([*QUICK, *options])))


def test_training_leaves_every_file(trained):
    _, folder, _ = trained
    assert all((folder / name).stat().st_size > 200 for name in FILES)
    assert all((folder / name).read_bytes().startswith(b"\x89PNG") for name in FILES if name.endswith("png"))


def test_the_graph_names_the_parameters_the_data_and_the_loss(trained):
    _, folder, _ = trained
    for file in ("graph.svg", "graph.html"):
        text = (folder / file).read_text(encoding="utf-8")
        assert all(name in text for name in ("layers.0", "layers.1", "weight", "bias", "images", "loss"))


def test_the_report_has_the_figures_of_the_saved_weights(trained):
    name, folder, figures = trained
    read = json.loads((folder / "report.json").read_text())
    recipe, data = digits.RECIPES[name], load_mnist()
    model = recipe.build()
    model.load_state_dict(weights(folder))
    guesses = digits.scores(model, recipe, data.test_images[:300]).argmax(-1)
    wrong = int((guesses != data.test_labels[:300]).sum())
    assert read["test_mistakes"] == figures["test_mistakes"] == wrong
    assert read["test_accuracy"] == pytest.approx(1 - wrong / 300) and read["test_images"] == 300
    confusion = np.array(read["confusion"])
    assert confusion.sum(1).tolist() == np.bincount(data.test_labels[:300], minlength=10).tolist()
    assert confusion.sum(0).tolist() == np.bincount(guesses, minlength=10).tolist()
    assert np.trace(confusion) == 300 - wrong


def test_one_seed_one_result_to_the_last_bit_and_other_seeds_others(trained):
    name, folder, _ = trained
    saved = weights(folder)
    again, other = (fit("--network", name, "--seed", seed) for seed in ("0", "1"))
    assert all(np.array_equal(saved[key].array, tensor.array) for key, tensor in again.model.state_dict().items())
    assert not any(np.array_equal(saved[key].array, tensor.array) for key, tensor in other.model.state_dict().items())
    assert again.history.column("loss") != other.history.column("loss")


def test_it_learns():
    history = fit("--images", "1000", "--epochs", "6", "--lr", "0.003").history
    steps, losses = history.column("loss")
    assert steps == [*range(48)] and losses[-1] < losses[0] / 2
    assert digits.accuracies(history)[-1][1] > 0.8
    assert [steps for steps, _ in digits.accuracies(history)] == [8, 16, 24, 32, 40, 48]


def test_a_picture_of_a_test_image_is_read_like_the_image(trained, tmp_path, capsys):
    name, folder, _ = trained
    image = load_mnist().test_images[0]
    file = tmp_path / "mine.png"
    Image.fromarray(255 - image).resize((140, 140), Image.Resampling.NEAREST).save(file)  # dark ink on light paper
    found = digits.main(["--network", name, "--out", str(folder.parent), "--predict", str(file)])

    recipe = digits.RECIPES[name]
    model = recipe.build()
    model.load_state_dict(weights(folder))
    np.testing.assert_allclose(found, digits.scores(model, recipe, image[None])[0], atol=0.2)
    printed = capsys.readouterr().out
    assert f"{file}: {digits.pictures.verdict(found, recipe.score)}\n" in printed
    assert all(f"  {digit} {share:6.1%}" in printed for digit, share in enumerate(found))
    assert (folder.parent / "prediction.png").read_bytes().startswith(b"\x89PNG")


def test_the_default_networks_scores_are_probabilities():
    manual_seed(0)
    recipe = digits.RECIPES["default"]
    found = digits.scores(recipe.build(), recipe, load_mnist().test_images[:20])
    np.testing.assert_allclose(found.sum(-1), 1, rtol=1e-5)
    assert found.shape == (20, 10) and found.min() >= 0


@pytest.mark.parametrize("name", digits.RECIPES)
def test_predicting_before_training_says_which_command_trains(name, tmp_path, capsys):
    line = refused(["--network", name, "--out", str(tmp_path), "--predict", "mine.png"], capsys)
    assert re.search(
        f"there is no checkpoint {tmp_path}/weights.safetensors: .*python -m demos.digits.*--out {tmp_path}", line
    )
    assert ("--network nielsen" in line) == (name == "nielsen")


@pytest.mark.parametrize(
    ("content", "match"),
    [(None, "No such file"), (b"no picture", "cannot be read as a picture"), (b"", "cannot be read")],
)
def test_a_file_that_is_not_a_picture_is_an_error_that_names_it(content, match, trained, tmp_path, capsys):
    name, folder, _ = trained
    file = tmp_path / "mine.png"
    if content is not None:
        file.write_bytes(content)
    line = refused(["--network", name, "--out", str(folder.parent), "--predict", str(file)], capsys)
    assert match in line and str(file) in line


@pytest.mark.parametrize("content", [b"", b"no weights", b"\x80\x05K\x01."])
def test_weights_that_are_damaged_are_an_error_that_says_how_to_make_them(content, tmp_path, capsys):
    (tmp_path / "weights.safetensors").write_bytes(content)
    line = refused(["--out", str(tmp_path), "--predict", "mine.png"], capsys)
    assert re.search("weights.safetensors is damaged, or .*; this trains the network: python -m demos.digits", line)


def test_the_weights_of_the_other_network_are_an_error(trained, capsys):
    name, folder, _ = trained
    other = next(n for n in digits.RECIPES if n != name)
    line = refused(["--network", other, "--out", str(folder.parent), "--predict", "mine.png"], capsys)
    assert f"is the checkpoint of another model: network was '{name}' and is now '{other}'" in line


def test_ctrl_c_keeps_and_reports_what_was_learned(tmp_path, monkeypatch, capsys):
    calls = iter(range(100))

    def interrupted(*args):
        if is_grad_enabled() and next(calls) == 6:  # two of them are for the report
            raise KeyboardInterrupt
        return F.cross_entropy(*args)

    monkeypatch.setitem(digits.RECIPES, "default", digits.RECIPES["default"]._replace(loss=interrupted))
    figures = run(tmp_path, "--epochs", "5", "--batch", "100")
    assert figures["steps"] == 4 and len(figures["test_accuracy_after_epoch"]) == 2
    assert "stopped after 4 of 15 steps" in capsys.readouterr().out
    assert all((tmp_path / "run-1" / name).exists() for name in FILES)
    monkeypatch.undo()
    whole = digits.fit(*digits.completed(digits.options().parse_args([*QUICK, "--epochs", "5", "--batch", "100"])))
    assert digits.main(["--out", str(tmp_path), "--resume"])["steps"] == 15
    assert all(
        (whole.model.state_dict()[key].array == array.array).all()
        for key, array in weights(tmp_path / "latest").items()
    )


def test_ctrl_c_before_the_first_step_leaves_a_report_too(tmp_path, monkeypatch):
    def interrupted(*args):
        raise KeyboardInterrupt

    monkeypatch.setitem(digits.RECIPES, "default", digits.RECIPES["default"]._replace(loss=interrupted))
    monkeypatch.setattr(digits, "draw_step", lambda model, recipe, loader, file: file)
    figures = run(tmp_path)
    assert figures["steps"] == 0 and figures["test_accuracy_after_epoch"] == [figures["test_accuracy"]]
