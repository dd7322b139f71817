"""The lab as it is run: what it keeps, how it stops and goes on, and the page that it leaves."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from demos.lab import recipe
from demos.lab.__main__ import BASE, main
from tests.browser import MISSING, WITHOUT, Browser

ROOT = Path(__file__).parents[3]
TINY = "--steps 2 --batch 2 --seeds 2 --jobs 1".split()
PAGE, TABLE = (BASE / "latest" / name for name in ("lab.html", "lab.md"))


@pytest.fixture
def trained(few_questions, tmp_path, monkeypatch):
    """The trainings that were done, in a folder of their own."""
    monkeypatch.chdir(tmp_path)
    done, train = [], recipe.train
    monkeypatch.setattr(
        recipe, "train", lambda name, seed, *sizes: done.append((name, seed)) or train(name, seed, *sizes)
    )
    return done


def test_an_experiment_trains_the_original_and_its_variants_with_each_seed(trained, capsys):
    results = main(["rate", *TINY])
    names = ["original", "ten times the rate", "a tenth of the rate"]
    assert trained == [(name, seed) for name in names for seed in (0, 1)]
    assert all(run["steps"] == [0, 1, 2] and len(run["loss"]) == 3 for name in names for run in results.of(name))
    page, table = PAGE.read_text("utf-8"), TABLE.read_text("utf-8")
    assert "lr=10 * RATE" in page and "are missing" not in page
    for name in names:
        assert re.search(rf"\| {name} \| .+% \(.+ to .+\) \| .+ \| 103,424 \| 2 \|", table)
    assert str(BASE / "run-1" / "lab.html") in capsys.readouterr().out


def test_ctrl_c_keeps_what_is_done_and_resuming_does_the_rest_with_the_same_options(trained, monkeypatch):
    whole, train = main(["scale", *TINY]).runs, recipe.train

    def interrupted(name, *others):
        if name != "original":
            raise KeyboardInterrupt
        return train(name, *others)

    monkeypatch.setattr(recipe, "train", interrupted)
    main(["scale", *TINY])
    assert "2 trainings are missing" in PAGE.read_text("utf-8")
    monkeypatch.setattr(recipe, "train", train)
    trained.clear()
    assert main(["--resume", "--jobs", "1"]).runs == whole
    assert trained == [("no 1/√D", 0), ("no 1/√D", 1)]
    trained.clear()
    main(["--resume", "--jobs", "1"])
    assert not trained and "are missing" not in PAGE.read_text("utf-8")
    main(["heads", "--resume", "--seeds", "1", "--jobs", "1"])
    assert trained == [("one head", 0)]


def test_stopped_before_the_first_training_it_leaves_nothing(trained, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(recipe, "train", interrupted)
    with pytest.raises(SystemExit) as stopped:
        main(["scale", *TINY])
    assert stopped.value.code == 130 and not [*BASE.iterdir()]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("masks", "EXPERIMENT must be one of squares, reversed, mask, "),
        ("mask --seeds 0", "--seeds must be at least 1, got 0"),
        ("--resume", "there is no run to resume in out/lab"),
    ],
)
def test_a_mistake_is_one_line(arguments, words, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as stopped:
        main(arguments.split())
    (line,) = capsys.readouterr().err.splitlines()
    assert stopped.value.code == 2 and words in line


def test_a_run_is_not_continued_with_other_steps(trained, capsys):
    main(["tied", *TINY])
    with pytest.raises(SystemExit) as stopped:
        main(["--resume", "--steps", "3"])
    assert stopped.value.code == 2 and "was started with --steps 2: resume it with the same" in capsys.readouterr().err


def test_processes_that_share_the_work_find_what_one_finds(tmp_path):
    command = [sys.executable, "-m", "demos.lab", *"tied --steps 1 --batch 2 --seeds 1 --jobs 2".split()]
    subprocess.run(command, cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)}, check=True, capture_output=True)
    found = json.loads((tmp_path / BASE / "latest" / "lab.json").read_text())["runs"]
    assert found.keys() == {"original", "untied"} and found["untied"]["0"] == recipe.train("untied", 0, 1, 2)


@pytest.mark.skipif(bool(MISSING), reason=WITHOUT)
def test_the_page_is_drawn_within_the_window_without_a_request_or_a_complaint(trained):
    main(["mask", *TINY])
    with Browser() as browser:
        for width, scheme in ((1280, "light"), (390, "dark")):
            browser.resize(width, 3000)
            browser.command("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
            browser.open(PAGE)
            browser.wait("document.querySelectorAll('.chart > svg').length === 2")
            assert browser.run("return document.querySelectorAll('.chart > svg .band').length") == 6
            assert browser.run("return document.documentElement.scrollWidth") <= width
            drawn = browser.run("return [...document.querySelectorAll('[d]')].map((e) => e.outerHTML).join()")
            assert "NaN" not in drawn and browser.serious_violations() == [] and browser.complaints() == []
            assert [url for url in browser.requests() if not url.startswith("data:")] == [PAGE.resolve().as_uri()]
