"""The folders of runs: none takes the place of another, and `latest` leads to the newest with weights."""

from argparse import Namespace
from pathlib import Path
from threading import Barrier, Thread

import pytest

import nn
from demos import common
from demos.runs import in_checkpoint, run_and_draw, run_folder, run_or_resume
from nn import checkpoint

NEW = Namespace(run=None)


def test_each_run_has_a_folder_of_its_own_also_if_they_begin_at_once(tmp_path):
    found, together = [], Barrier(8)

    def begin():
        together.wait()
        with run_folder(tmp_path, NEW) as folder:
            (folder / "step-1.npz").touch()
            found.append(folder)

    threads = [Thread(target=begin) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == [tmp_path / f"run-{n}" for n in range(1, 9)]


def test_latest_leads_to_a_run_once_it_has_weights_however_it_ends(tmp_path):
    with run_folder(tmp_path, NEW) as first:
        (first / "weights.npz").touch()
    with run_folder(tmp_path, NEW) as second:
        (second / "step-1.npz").touch()
    assert (tmp_path / "latest").resolve() == first
    with pytest.raises(SystemExit), run_folder(tmp_path, Namespace(run=second)) as second:
        (second / "weights.npz").touch()
        raise SystemExit(143)
    assert (tmp_path / "latest").resolve() == second


def test_a_run_that_writes_nothing_leaves_no_folder(tmp_path):
    with pytest.raises(ValueError), run_folder(tmp_path, NEW):
        raise ValueError
    assert not [*tmp_path.iterdir()]


def test_a_demo_of_pictures_leaves_those_of_its_earlier_runs_as_they_were(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def draw(args, folder):
        (folder / "page.html").write_text(str(args.seed))

    for seed in ("1", "2"):
        run_and_draw(common.parser("A demo."), ["--seed", seed], draw, "page", result="page.html")
    written = {path.parent.name: path.read_text() for path in Path("out/page").glob("*/page.html")}
    assert written == {"run-1": "1", "run-2": "2", "latest": "2"}


@pytest.mark.parametrize(
    ("chosen", "expected"), [("", "run-10"), ("run-2", "run-2"), ("out/run-2", "run-2"), ("latest", "run-2")]
)
def test_the_newest_run_is_resumed_or_the_one_that_is_named(chosen, expected, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    base = Path("out")
    for name in ("run-2", "run-10", "run-1"):
        (base / name).mkdir(parents=True)
    (base / "latest").symlink_to("run-2")
    arguments = ["--resume", *filter(None, [chosen])]
    found = run_or_resume(common.parser("A demo."), arguments, lambda args: args.run, lambda args: base)
    assert found == base / expected
    assert f"{found} was stopped before its first checkpoint, so it starts again" in capsys.readouterr().out


def test_a_folder_with_a_checkpoint_that_is_of_no_demo_is_said_to_be_so(tmp_path):
    for settings in ({}, {"settings": None}, {"settings": {1: 2}}):
        checkpoint.save(tmp_path / "step-3.npz", nn.Linear(1, 1), **settings)
        with pytest.raises(checkpoint.CheckpointError, match="is not the run of a demo"):
            in_checkpoint(tmp_path)
