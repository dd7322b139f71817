"""The report of a run: its figures are those of the run, which it does not change; it grows, resumes and compares."""

import html
import json
import os
import re
import signal
import sys

import numpy as np
import pytest

import autograd as ag
import nn
from nn import optim
from nn.history import History
from nn.nonfinite import NonFiniteError
from nn.report import Axis, Page, RunReport, compare, lines
from nn.report.__main__ import main
from nn.report.record import EMBEDDED, Record, stages
from nn.report.sections import curves, metrics, shortened, trailing, updates
from nn.train import Trainer
from tests.browser import MISSING, WITHOUT, Browser
from tests.nn.test_report_parts import HOSTILE
from tests.nn.test_train import Regression, assert_same_run, draw, loss, trainer, weights


def parts(file):
    """The data that a page holds: that of the run, and its charts by title."""
    found = [(name, json.loads(text)) for name, text in EMBEDDED.findall(file.read_text("utf-8"))]
    return dict(found)["run"], {chart["title"]: chart for name, chart in found if not name}


def timeless(file):
    """A page without what depends on the time, the place and the throughput."""
    text = re.sub(
        r'<script type="application/json">{"kind":"lines","title":"Throughput".*?</script>', "", file.read_text("utf-8")
    )
    return re.sub(r"<td[^>]*>tokens a second, median</td><td[^>]*>[\d,]+</td>", "", text)


def test_the_figures_of_the_page_are_those_of_the_history(tmp_path):
    run = trainer(tmp_path, steps=40, report=True, classes=7)
    history = run.fit()
    _, charts = parts(tmp_path / "report.html")
    shown = {series["name"]: series for series in charts["Loss"]["series"]}
    for name, column in (("training", "loss"), ("held out", "held_out_loss")):
        assert (shown[name]["x"], shown[name]["y"]) == (
            history.column(column)[0],
            pytest.approx(history.column(column)[1], rel=1e-5),
        )
    assert shown["uniform guess"]["y"] == pytest.approx([np.log(7)] * 2, rel=1e-5)
    for title, column in (("Gradient norm", "grad_norm"), ("Learning rate", "lr"), ("Throughput", "items_per_s")):
        assert charts[title]["series"][0]["y"] == pytest.approx(history.column(column)[1], rel=1e-5)
    text = (tmp_path / "report.html").read_text("utf-8")
    steps, losses = history.column("held_out_loss")
    assert f"{min(losses):.4f} at step {steps[int(np.argmin(losses))]}" in text and "40 of 40 steps, finished" in text


def test_the_last_watched_step_is_what_the_training_did(tmp_path):
    """Blame, update-to-weight ratio and histograms beside those from weights, gradients and a layer's output."""
    seen, before = [], {}

    def look(module, args, out):
        if run.step == 10 and module.training:
            before.update(weights(run.model))
            seen.append(out.array.copy())

    run = trainer(tmp_path, report=True)
    run.model.second.register_forward_hook(look)
    run.fit()
    state, charts = parts(tmp_path / "report.html")
    last, after = state["steps"][-1], weights(run.model)
    assert last["step"] == 10
    norms = {
        name: np.sqrt(sum((p.grad.array**2).sum() for p in getattr(run.model, name).parameters()))
        for name in ("first", "second")
    }
    assert last["blame"] == pytest.approx(norms, rel=1e-5)
    shares = [series["y"][-1] for series in charts["Blame: where the gradient falls"]["series"]]
    assert shares == pytest.approx([norm / sum(norms.values()) for norm in norms.values()], rel=1e-5)
    for name in ("first.weight", "second.weight"):
        ratio = np.linalg.norm(after[name] - before[name]) / np.linalg.norm(before[name])
        assert last["updates"][name] == pytest.approx(ratio, rel=1e-4)
        arrays = {"weights": after[name], "gradients": run.model.get_parameter(name).grad.array}
        for kind, array in arrays.items():
            figures = last["histograms"][kind][name]["figures"]
            assert figures["mean"] == pytest.approx(array.mean(), rel=1e-4) and figures["largest"] == pytest.approx(
                array.max(), rel=1e-5
            )
    assert last["histograms"]["activations"]["second"]["figures"]["mean"] == pytest.approx(seen[0].mean(), rel=1e-4)


@pytest.mark.parametrize("threads", [1, 2])
def test_a_report_changes_no_bit_of_the_training(tmp_path, threads):
    with_it = trainer(tmp_path, threads=threads, report=True)
    with_it.fit()
    without = trainer(threads=threads)
    without.fit()
    assert_same_run(with_it, without)
    assert not with_it.model.first._forward_hooks


def test_a_report_leaves_the_statistics_of_batch_norm_as_they_are(tmp_path):
    found = []
    for report in (True, False):
        ag.manual_seed(0)
        model = nn.Sequential(nn.Linear(3, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 1))
        optimizer = optim.SGD(model.parameters(), lr=0.1)
        folder = tmp_path / str(report)
        Trainer(model, optimizer, loss, draw, steps=5, folder=folder, report=report, quiet=True).fit()
        found.append(weights(model))
    assert all((array == found[1][name]).all() for name, array in found[0].items())
    assert len(parts(tmp_path / "True/report.html")[0]["modules"]) == 6  # its head, the model and four layers


def test_one_seed_gives_one_page(tmp_path):
    for name in ("one", "two"):
        trainer(tmp_path / name, report=True, on_evaluate=lambda run: f"after {run.step}").fit()
    assert timeless(tmp_path / "one/report.html") == timeless(tmp_path / "two/report.html")


def test_a_run_that_was_stopped_and_resumed_has_the_page_of_one_that_was_not(tmp_path):
    def sample(run):
        if run.step == 8 and to_stop.pop():
            os.kill(os.getpid(), signal.SIGINT)
        return f"after {run.step}"

    to_stop = [True, False]  # taken from the end
    for folder in (tmp_path / "whole", tmp_path / "stopped"):
        trainer(folder, report=True, on_evaluate=sample).fit()
    assert "8 of 11 steps, so far" in (tmp_path / "stopped/report.html").read_text("utf-8")
    trainer(tmp_path / "stopped", report=True, on_evaluate=sample).fit(resume=True)
    whole, again = (parts(tmp_path / name / "report.html") for name in ("whole", "stopped"))
    assert whole[0] == again[0] and [one["step"] for one in whole[0]["samples"]] == [0, 4, 8, 11]
    assert {**whole[1], "Throughput": None} == {**again[1], "Throughput": None}


def test_the_page_grows_with_the_run_and_is_always_whole(tmp_path):
    pages = []

    def look(run):
        pages.append((tmp_path / "report.html").read_text("utf-8") if run.step else "")

    report = RunReport()
    report._took = -1.0  # whatever the last page took, the next one is due
    run = trainer(tmp_path, report=report, on_evaluate=look)
    monkey = report.write
    report.write = lambda *args, **options: (setattr(report, "_took", 0.0), monkey(*args, **options))
    run.fit()
    assert [page.endswith("</html>\n") for page in pages] == [False, True, True, True]
    assert "0 of 11 steps" in pages[1] and "4 of 11 steps" in pages[2] and "8 of 11 steps" in pages[3]


def test_a_page_that_took_long_is_not_written_again_at_once(tmp_path):
    report, written = RunReport(), []
    page = report.page
    report.page = lambda run: (written.append(run.step), page(run))[1]
    trainer(tmp_path, report=report, evaluate_every=1).fit()
    assert written[0] == 0 and written[-1] == 11 and len(written) < 12


@pytest.mark.parametrize(("step", "evaluations", "expected"), [(50, 1, 50), (1000, 1, 65), (1000, 100, 11)])
def test_at_most_some_64_steps_are_watched_whatever_the_spacing(step, evaluations, expected):
    record = Record()
    for at in range(step):
        if record.due(at, step, evaluations):
            record.steps.append({"step": at})
    found = [one["step"] for one in record.steps]
    assert found[0] == 0 and found[-1] == step - 1 and abs(len(found) - expected) <= 3


def test_histograms_are_kept_of_the_first_a_middle_and_the_last_step_of_many(tmp_path):
    trainer(tmp_path, steps=60, evaluate_every=2, report=True).fit()
    state, charts = parts(tmp_path / "report.html")
    kept = [one["step"] for one in state["steps"] if one["histograms"]]
    assert kept[0] == 0 and kept[-1] == 59 and len(kept) <= 9
    first, middle, last = charts["Weights"]["names"]
    assert (first, last) == ("step 0", "step 59") and abs(int(middle.split()[1]) - 30) <= 12


def test_the_graph_and_the_modules_are_those_of_the_model(tmp_path):
    run = trainer(tmp_path, report=True)
    run.fit()
    state, charts = parts(tmp_path / "report.html")
    names = [row[0].strip() for row in state["modules"]]
    assert names == ["module", "Regression", "first Linear", "drop Dropout", "second Linear"]
    assert state["modules"][1][2] == f"{sum(p.numel() for p in run.model.parameters()):,}"
    assert "drop" in charts["The graph of one training step"]["html"]


def test_a_loss_that_cannot_be_computed_once_more_is_said_on_the_page(tmp_path):
    calls = iter(range(1000))

    def once(model, batch):
        if next(calls) == 1:
            raise RuntimeError(HOSTILE)
        return ((model(batch[0]) - batch[1]) ** 2).mean()

    run = trainer(tmp_path, report=True)
    run.loss = once
    run.fit()
    page = (tmp_path / "report.html").read_text("utf-8")
    assert run.step == 11 and html.escape(HOSTILE) in page and HOSTILE not in page


def test_samples_settings_sections_and_names_are_text_whatever_they_hold(tmp_path):
    def section(page, run):
        page.heading(HOSTILE)
        page.chart(lines(HOSTILE, [], Axis(HOSTILE), Axis(HOSTILE)))

    settings = {"settings": {HOSTILE: HOSTILE}, "config": {HOSTILE: HOSTILE}, "unit": HOSTILE}
    report = RunReport(HOSTILE, sections=[section])
    trainer(tmp_path, report=report, on_evaluate=lambda _: {HOSTILE: HOSTILE}, **settings).fit()
    page = (tmp_path / "report.html").read_text("utf-8")
    state, charts = parts(tmp_path / "report.html")
    assert "alert(1)</script><img" not in page and "<img src=x" not in page
    assert state["samples"][0]["texts"] == {HOSTILE: HOSTILE} and HOSTILE in charts


def test_sections_see_the_model_in_evaluation_mode_at_every_page(tmp_path):
    modes = []
    report = RunReport(sections=[lambda page, run: modes.append((run.model.training, ag.is_grad_enabled()))])
    trainer(tmp_path, report=report).fit()
    assert modes and set(modes) == {(False, False)}


def test_without_a_report_or_a_folder_there_is_no_page(tmp_path):
    trainer(tmp_path, report=False).fit()
    trainer(report=True).fit()
    assert not [*tmp_path.rglob("report.html")]


@pytest.mark.parametrize("bad", [0, 3])  # both are watched
def test_a_run_that_ends_in_nan_leaves_its_page_and_no_hooks(tmp_path, bad):
    run = trainer(tmp_path, report=True)
    run.loss = lambda model, batch: model(batch[0]).mean() * (np.nan if run.step == bad else 1.0)
    with pytest.raises(NonFiniteError) as caught:
        run.fit()
    assert f"{bad} of 11 steps" in (tmp_path / "report.html").read_text("utf-8") and caught.value.step == bad
    assert not any(module._forward_hooks for module in run.model.modules())


def test_without_a_folder_the_page_is_written_where_the_report_says(tmp_path):
    trainer(report=RunReport(file=tmp_path / "page.html")).fit()
    assert [file.name for file in tmp_path.iterdir()] == ["page.html"]


def test_a_history_of_nothing_of_nan_and_of_one_value_has_curves():
    from nn.report import Page

    for values in ([], [np.nan], [1.0], [np.inf, 2.0], [np.nan] * 200):
        history, page = History(), Page("t")
        for step, value in enumerate(values):
            history.add(step, loss=value, grad_norm=value)
        curves(page, history, "tokens", 3)
        assert bool(values) == ("Loss" in page.html())


def test_a_run_of_no_steps_and_a_model_without_matrices_have_pages(tmp_path):
    trainer(tmp_path / "none", steps=0, report=True).fit()
    assert "0 of 0 steps, finished" in (tmp_path / "none/report.html").read_text("utf-8")

    class Scale(nn.Module):
        def __init__(self):
            super().__init__()
            self.factor = nn.Parameter(ag.tensor(2.0))

        def forward(self, x):
            return self.factor * x

    model = Scale()
    Trainer(
        model, optim.SGD(model.parameters(), lr=0.1), lambda m, x: (m(x) ** 2).mean(), lambda: ag.ones(3), steps=3,
        folder=tmp_path / "scale", quiet=True,
    ).fit()  # fmt: skip
    state, _ = parts(tmp_path / "scale/report.html")
    assert [*state["steps"][-1]["updates"]] == ["factor"]


def test_of_a_step_without_matrices_no_chart_of_updates_is_drawn():
    page = Page("A run")
    updates(page, [{"step": 1, "updates": {}}])
    assert page.parts == []


def test_a_measure_without_values_is_left_out():
    history = History()
    history.columns |= {"held_out_accuracy": {}, "held_out_exact": {3: 0.5}}
    assert metrics(history) == {"held_out_exact": "exact"}


def test_a_damaged_page_is_written_anew(tmp_path):
    trainer(tmp_path, steps=4, report=True).fit()
    for text in ("", "<script", '<script type="application/json" id="run">{"steps":[]}</script>'):
        (tmp_path / "report.html").write_text(text)
        run = trainer(tmp_path, steps=8, report=True)
        run.fit(resume=True)
        assert parts(tmp_path / "report.html")[0]["settings"]["training"]["steps"] == "8"


def test_a_trailing_mean_is_that_of_the_finite_values_before():
    values = [*np.random.default_rng(0).normal(size=120), np.nan, 3.0, np.inf, 4.0]
    found = trailing(values)
    for i, mean in enumerate(found):
        some = [v for v in values[max(i - 1, 0) : i + 1] if np.isfinite(v)]  # 124 steps: a window of two
        assert mean == pytest.approx(np.mean(some), abs=1e-9) if some else np.isnan(mean)


def test_names_lose_what_most_of_them_have_in_common_and_stay_different():
    names = ["transformer.h.0.attn.weight", "transformer.h.1.attn.weight", "transformer.ln.weight", "lm_head.weight"]
    assert [*shortened(names).values()] == ["h.0.attn", "h.1.attn", "ln", "lm_head"]
    assert shortened(["0.weight", "1.weight"]) == {"0.weight": "0", "1.weight": "1"}
    assert shortened(["a.w", "a.b"]) == {"a.w": "w", "a.b": "b"} and shortened([]) == {}


def test_the_parts_of_a_model_are_at_most_six_modules():
    names = [f"h.{i}.{part}.{kind}" for i in range(4) for part in ("attn", "mlp") for kind in ("weight", "bias")]
    stage = stages([*names, "head.weight"])
    assert len({stage(name) for name in [*names, "head.weight"]}) == 5
    assert stage("h.0.attn.weight") == stage("h.0.mlp.bias") != stage("h.1.attn.weight")


# Runs side by side ----------------------------------------------------------------------------------------------------


def test_runs_are_compared_by_their_figures_and_by_the_settings_in_which_they_differ(tmp_path, capsys):
    histories = {}
    for name, clip in (("one", 1.0), ("two", 0.5)):
        run = trainer(tmp_path / name, report=True, clip=clip, on_evaluate=lambda run: f"at {run.step}")
        histories[name] = run.fit()
    page = tmp_path / "both.html"
    main([str(tmp_path / "one"), str(tmp_path / "two/report.html"), "--out", str(page)])
    text = page.read_text("utf-8")
    charts = {chart["title"]: chart for _, chart in ((n, json.loads(t)) for n, t in EMBEDDED.findall(text))}
    for i, (name, history) in enumerate(histories.items()):
        for title, column in (("Training loss", "loss"), ("Held-out loss", "held_out_loss"), ("Learning rate", "lr")):
            series = charts[title]["series"][i]
            assert (series["name"], series["x"]) == (name, history.column(column)[0])
            assert series["y"] == pytest.approx(history.column(column)[1], rel=1e-5)
    assert re.findall(r"<td[^>]*>training: clip</td><td[^>]*>([\d.]+)</td><td[^>]*>([\d.]+)</td>", text) == [
        ("1.0", "0.5")
    ]
    assert text.count("training: accumulate") == 0 and text.count("at 11") == 2
    assert f"{page}: open it" in capsys.readouterr().out


def test_runs_of_the_same_settings_and_without_pages_are_compared_too(tmp_path):
    for name in ("one", "two"):
        trainer(tmp_path / name, report=False).fit()
    assert "these runs had the same settings" in compare(tmp_path / "one", tmp_path / "two").html()


def test_a_run_whose_losses_are_not_finite_is_compared_too(tmp_path):
    trainer(tmp_path, evaluate=lambda: float("nan")).fit()
    text = compare(tmp_path, tmp_path).html()
    assert re.search(r">lowest held-out loss</td><td[^>]*>nan</td>", text)


def test_a_page_is_written_also_of_text_that_utf_8_does_not_have(tmp_path):
    page = Page("half of a pair: \ud800")
    assert "half of a pair: ?" in page.save(tmp_path / "a.html").read_text("utf-8")


def test_what_is_no_run_is_said_in_one_line(tmp_path, capsys):
    (tmp_path / "log.csv").write_text("step,loss\nx,1\n")
    for folder in (tmp_path / "nowhere", tmp_path):
        with pytest.raises(SystemExit) as caught:
            main([str(folder), "--out", str(tmp_path / "page.html")])
        assert caught.value.code == 2
        assert f"{folder} is not the folder of a run: its log.csv cannot be read" in capsys.readouterr().err


# In a browser ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("width", [1280, 390])
def test_in_a_browser_the_page_of_a_run_shows_all_its_charts_and_its_graph(tmp_path, width):
    if MISSING:
        pytest.skip(WITHOUT)
    trainer(tmp_path, steps=60, report=True, classes=5, on_evaluate=lambda _: {"question": HOSTILE}).fit()
    with Browser(width, 7000) as browser:
        browser.complaints(), browser.requests()
        browser.open(tmp_path / "report.html")
        browser.wait("document.querySelectorAll('.chart:not(.page) > svg').length === 9")
        browser.wait("document.querySelector('iframe')?.contentDocument?.querySelectorAll('.node').length > 3")
        assert browser.run("return document.documentElement.scrollWidth") <= width
        assert "NaN" not in browser.run("return document.querySelector('main').innerHTML.replace(/<iframe.*?>/g, '')")
        assert HOSTILE in browser.text("main")
        assert width > 390 or browser.serious_violations() == []
        assert browser.complaints() == []
        assert {url.split(":")[0] for url in browser.requests()} <= {"file", "data", "about"}


def test_a_report_needs_numpy_alone(tmp_path, monkeypatch):
    for package in ("matplotlib", "matplotlib.figure", "PIL", "graphviz_pure"):
        monkeypatch.setitem(sys.modules, package, None)
    trainer(tmp_path, report=True).fit()
    assert "The graph of one training step" in parts(tmp_path / "report.html")[1]
    assert Regression.__name__ in (tmp_path / "report.html").read_text("utf-8")
