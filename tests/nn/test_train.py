import csv
import errno
import math
import os
import random
import signal
import sys
import time
from dataclasses import fields, make_dataclass
from functools import partial

import numpy as np
import pytest

import autograd as ag
import nn
from nn import checkpoint, optim
from nn.checkpoint import CheckpointError
from nn.data import BatchSampler, DataLoader, RandomSampler, TensorDataset
from nn.nonfinite import NonFiniteError
from nn.optim.lr_scheduler import LambdaLR, warmup_cosine
from nn.train import Trainer, decay_groups


class Regression(nn.Module):
    """Two layers and dropout, which draws random numbers in training."""

    def __init__(self):
        super().__init__()
        self.first = nn.Linear(3, 8)
        self.drop = nn.Dropout(0.2)
        self.second = nn.Linear(8, 1)

    def forward(self, x):
        return self.second(self.drop(self.first(x).tanh()))


def loss(model, batch):
    x, y = batch
    return ((model(x) - y) ** 2).mean()


def data(n=20):
    generator = ag.Generator().manual_seed(7)
    x = ag.randn(n, 3, generator=generator)
    return x, x.sum(1, keepdim=True)


def loader(own_generator=False):
    generator = ag.Generator().manual_seed(5) if own_generator else None
    return DataLoader(TensorDataset(*data()), batch_size=6, shuffle=True, generator=generator)


def draw():
    x, y = data()
    rows = ag.randint(0, 20, (6,))
    return x[rows], y[rows]


def trainer(folder=None, steps=11, batches=draw, report=False, **settings):
    for seed in (ag.manual_seed, random.seed, np.random.seed):
        seed(0)
    model = Regression()
    optimizer = optim.AdamW(decay_groups(model, 0.1), lr=0.01)
    scheduler = LambdaLR(optimizer, partial(warmup_cosine, warmup=3, total=max(steps, 11)))
    settings = {"clip": 1.0, "evaluate": lambda: loss(model, data()).item(), "evaluate_every": 4, **settings}
    return Trainer(
        model,
        optimizer,
        loss,
        batches,
        steps=steps,
        scheduler=scheduler,
        folder=folder,
        report=report,
        quiet=True,
        **settings,
    )


def weights(model):
    return {name: tensor.array.copy() for name, tensor in model.state_dict().items()}


def assert_same_run(one, other):
    for name, array in weights(one.model).items():
        assert (array == weights(other.model)[name]).all(), name
    timeless = [{k: v for k, v in run.history.columns.items() if k != "items_per_s"} for run in (one, other)]
    assert timeless[0] == timeless[1]


def test_training_lowers_the_loss_and_keeps_its_history():
    run = trainer(steps=200, evaluate_every=50)
    history = run.fit()
    steps, losses = history.column("loss")
    assert steps == list(range(200)) and np.mean(losses[-20:]) < 0.5 * np.mean(losses[:5])
    assert history.column("held_out_loss")[0] == [0, 50, 100, 150, 200]
    assert run.best == min(history.column("held_out_loss")[1])


def test_an_update_is_one_of_torch_s_loop_written_out():
    run = trainer(steps=3)
    history = run.fit()
    ag.manual_seed(0)
    model = Regression()
    optimizer = optim.AdamW(decay_groups(model, 0.1), lr=0.01)
    scheduler = LambdaLR(optimizer, partial(warmup_cosine, warmup=3, total=11))
    for step in range(3):
        optimizer.zero_grad()
        value = loss(model, draw())
        value.backward()
        norm = nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        logged = [history.columns[name][step] for name in ("loss", "grad_norm", "lr")]
        assert logged == [value.item(), norm.item(), scheduler.get_last_lr()[0]]
        optimizer.step()
        scheduler.step()
    assert all((array == weights(run.model)[name]).all() for name, array in weights(model).items())


def test_accumulated_batches_count_as_one_large_batch():
    x, y = (t.double() for t in data(12))
    runs = []
    for parts in (1, 3):
        ag.manual_seed(1)
        model = Regression().double()
        model.drop.p = 0.0
        pieces = list(zip(x.chunk(parts), y.chunk(parts)))
        Trainer(model, optim.SGD(model.parameters(), 0.1), loss, pieces, steps=5, accumulate=parts, quiet=True).fit()
        runs.append(weights(model))
    for name, array in runs[0].items():
        np.testing.assert_allclose(runs[1][name], array, rtol=1e-12)


def test_batches_split_over_threads_train_as_whole_ones():
    x, y = (t.double() for t in data(12))
    runs = []
    for threads, accumulate in ((1, 1), (2, 1), (3, 2)):
        ag.manual_seed(1)
        model = Regression().double()
        model.drop.p = 0.0
        pieces = list(zip(x.chunk(accumulate), y.chunk(accumulate)))
        optimizer = optim.SGD(model.parameters(), 0.1)
        run = Trainer(model, optimizer, loss, pieces, steps=5, accumulate=accumulate, threads=threads, quiet=True)
        runs.append((run.fit().column("loss")[1], weights(model)))
    for losses, found in runs[1:]:
        np.testing.assert_allclose(losses, runs[0][0], rtol=1e-12)
        for name, array in runs[0][1].items():
            np.testing.assert_allclose(found[name], array, rtol=1e-12)


def test_training_on_threads_with_dropout_repeats_to_the_last_bit():
    runs = []
    for _ in range(2):
        runs.append(trainer(threads=2))
        runs[-1].fit()
    assert_same_run(*runs)


@pytest.mark.parametrize("threads", [1, 2])
def test_a_loss_that_is_not_finite_is_an_error_before_it_reaches_the_weights(threads):
    x, y = data(8)
    expected = trainer(threads=threads, batches=[(x, y)], evaluate=None, steps=2)
    expected.fit()
    run = trainer(threads=threads, batches=[(x, y), (x, y), (x * math.nan, y)], evaluate=None)
    with (
        np.errstate(all="ignore"),
        pytest.raises(NonFiniteError, match="step 2: nan first appears in .* in the module first") as caught,
    ):
        run.fit()
    assert (caught.value.step, caught.value.layer) == (2, "first")
    assert all((array == weights(run.model)[name]).all() for name, array in weights(expected.model).items())


def sampled(batches_of=lambda sampler: {"batch_size": 6, "sampler": sampler}, **settings):
    data_set = TensorDataset(*data())
    sampler = RandomSampler(data_set, generator=ag.Generator().manual_seed(5), **settings)
    return DataLoader(data_set, **batches_of(sampler))


def drawn_by_others():
    """With the generators of Python and of NumPy."""
    x, y = data()
    rows = ag.tensor([random.randrange(20), *np.random.permutation(20)[:5].tolist()])
    return x[rows], y[rows]


SOURCES = {
    "drawn": lambda: draw,
    "drawn by others": lambda: drawn_by_others,
    "sampler with a generator": sampled,
    "sampler with replacement": lambda: sampled(replacement=True, num_samples=20),
    "batch sampler": lambda: sampled(lambda sampler: {"batch_sampler": BatchSampler(sampler, 6, False)}),
    "epochs": lambda: loader(),
    "epochs, own generator": lambda: loader(own_generator=True),
}


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("at", [3, 6])
def test_a_run_that_was_stopped_goes_on_to_the_very_same_end(tmp_path, source, at):
    def stop(run):
        ag.randn(5)  # samples draw random numbers, too
        if run.step == at:
            raise KeyboardInterrupt

    whole = trainer(tmp_path / "whole", batches=SOURCES[source](), evaluate_every=3)
    whole.fit()
    stopped = trainer(tmp_path / "parts", batches=SOURCES[source](), on_evaluate=stop, evaluate_every=3)
    stopped.fit()
    assert stopped.interrupted and stopped.step == at
    for seed in (ag.manual_seed, random.seed, np.random.seed):
        seed(123)
    resumed = trainer(tmp_path / "parts", batches=SOURCES[source](), evaluate_every=3)
    resumed.fit(resume=True)
    assert resumed.step == 11 and not resumed.interrupted
    assert_same_run(whole, resumed)
    tables = [list(csv.DictReader((tmp_path / folder / "log.csv").open())) for folder in ("whole", "parts")]
    for table in tables:
        for row in table:
            row.pop("items_per_s")
    assert tables[0] == tables[1] and len(tables[0]) == 12


def test_ctrl_c_in_the_middle_of_a_step_waits_for_its_end(tmp_path, capsys):
    def interrupted(model, batch):
        if run.step == 6:
            os.kill(os.getpid(), signal.SIGINT)
        return loss(model, batch)

    before = signal.getsignal(signal.SIGINT)
    run = trainer(tmp_path / "parts", resume_hint="--resume")
    run.loss, run.quiet = interrupted, False
    run.fit()
    assert run.step == 7 and signal.getsignal(signal.SIGINT) is before
    assert "stopped after 7 of 11 steps" in (printed := capsys.readouterr().out) and "to resume: --resume" in printed
    resumed = trainer(tmp_path / "parts")
    resumed.fit(resume=True)
    whole = trainer()
    whole.fit()
    assert_same_run(whole, resumed)


@pytest.mark.parametrize(("place", "kept"), [("loss", 4), ("evaluate", 8)])
def test_a_stop_in_the_middle_of_something_keeps_the_last_whole_step(tmp_path, capsys, place, kept):
    run = trainer(tmp_path)
    whole_function = getattr(run, place)

    def stopping(*arguments):
        if run.step == (6 if place == "loss" else 8):
            raise KeyboardInterrupt  # as a second Ctrl-C
        return whole_function(*arguments)

    setattr(run, place, stopping)
    run.quiet = False
    run.fit()
    assert f"{tmp_path} has the state after {kept} steps" in capsys.readouterr().out
    resumed = trainer(tmp_path)
    resumed.fit(resume=True)
    whole = trainer()
    whole.fit()
    assert_same_run(whole, resumed)


def test_going_on_to_fewer_steps_than_were_made_ends_at_once(tmp_path):
    evaluated: list = []
    whole = trainer(tmp_path)
    whole.fit()
    resumed = trainer(tmp_path, steps=5, on_evaluate=evaluated.append)
    resumed.fit(resume=True)
    assert resumed.step == 11 and not evaluated
    assert_same_run(whole, resumed)


def test_a_run_in_the_folder_of_an_earlier_one_is_refused_and_changes_nothing(tmp_path):
    trainer(tmp_path).fit()
    for left in ("step-*", "weights.*"):
        before = {file: file.read_bytes() for file in tmp_path.iterdir()}
        with pytest.raises(CheckpointError, match=f"{tmp_path} holds an earlier run: choose another folder"):
            trainer(tmp_path).fit()
        assert {file: file.read_bytes() for file in tmp_path.iterdir()} == before
        for file in tmp_path.glob(left):
            file.unlink()
    trainer(tmp_path).fit()


def test_a_trainer_goes_on_in_its_own_folder_where_it_stopped(tmp_path):
    def interrupted(model, batch):
        if run.step == 6 and not run.interrupted:
            os.kill(os.getpid(), signal.SIGINT)
        return loss(model, batch)

    whole = trainer()
    whole.fit()
    run = trainer(tmp_path)
    run.loss = interrupted
    run.fit()
    assert run.interrupted and run.step == 7
    run.fit()
    assert_same_run(run, whole)


OTHERWISE = {
    "lr of group 0": lambda run: run.optimizer.param_groups[0].update(lr=0.5),
    "betas of group 1": lambda run: run.optimizer.param_groups[1].update(betas=(0.9, 0.95)),
    "weight_decay of group 0": lambda run: run.optimizer.param_groups[0].update(weight_decay=0.2),
    "accumulate": lambda run: setattr(run, "accumulate", 2),
    "threads": lambda run: setattr(run, "threads", 2),
    "clip": lambda run: setattr(run, "clip", None),
    "batch_size": lambda run: setattr(run, "batches", loader()),
    "text": lambda run: setattr(run, "settings", {"text": "another"}),
    "optimizer": lambda run: setattr(run, "optimizer", optim.SGD(run.model.parameters(), 0.1)),
}


@pytest.mark.parametrize("setting", OTHERWISE)
def test_resuming_with_another_setting_is_refused_by_its_name(setting, tmp_path):
    trainer(tmp_path, settings={"text": "some"}).fit()
    other = trainer(tmp_path, settings={"text": "some"})
    OTHERWISE[setting](other)
    other = Trainer(**{field.name: getattr(other, field.name) for field in fields(Trainer)})
    with pytest.raises(CheckpointError, match=rf"a run with other settings: (.*; )?{setting} was .* and is now "):
        other.fit(resume=True)


def test_two_runs_in_one_folder_are_refused(tmp_path):
    second = trainer(tmp_path)
    first = trainer(tmp_path, on_evaluate=lambda run: second.fit(resume=True))
    with pytest.raises(CheckpointError, match=f"another run is writing into {tmp_path}"):
        first.fit()
    second.fit(resume=True)
    assert second.step == 11


def test_the_last_checkpoints_and_the_best_are_kept(tmp_path):
    run = trainer(tmp_path, keep=3, evaluate_every=2, steps=10)
    run.fit()
    assert [file.stem for file in checkpoint.steps(tmp_path)] == ["step-00000006", "step-00000008", "step-00000010"]
    assert checkpoint.load(tmp_path / "best")["held_out"]["loss"] == run.best
    saved = checkpoint.load(tmp_path / "weights")
    assert saved["step"] == 10
    assert all((saved["model"][name].array == array).all() for name, array in weights(run.model).items())


def test_a_damaged_checkpoint_is_reported_and_the_one_before_it_used(tmp_path, capsys):
    trainer(tmp_path).fit()
    whole = trainer()
    whole.fit()
    newest = checkpoint.steps(tmp_path)[-1]
    newest.write_bytes(newest.read_bytes()[:-100])
    resumed = trainer(tmp_path)
    resumed.quiet = False
    resumed.fit(resume=True)
    assert f"{newest} is damaged" in (printed := capsys.readouterr().out) and "goes back" in printed
    assert_same_run(whole, resumed)
    for file in checkpoint.steps(tmp_path):
        file.write_bytes(b"")
    with pytest.raises(CheckpointError, match="none of the 2 checkpoints in .* can be read"):
        trainer(tmp_path).fit(resume=True)


def test_a_full_disk_ends_the_run_with_the_name_of_the_file_and_spoils_no_checkpoint(tmp_path, monkeypatch):
    def full(descriptor):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    whole = trainer()
    whole.fit()
    run = trainer(tmp_path, on_evaluate=lambda run: run.step < 4 or monkeypatch.setattr(os, "fsync", full))
    with pytest.raises(OSError, match="No space left on device") as caught:
        run.fit()
    assert str(caught.value.filename).startswith(str(tmp_path)) and not [*tmp_path.glob(".*.part")]
    monkeypatch.undo()
    assert [file.stem for file in checkpoint.steps(tmp_path)] == ["step-00000000", "step-00000004"]
    resumed = trainer(tmp_path)
    resumed.fit(resume=True)
    assert_same_run(whole, resumed)


def test_sigterm_is_a_ctrl_c_that_ends_the_program(tmp_path):
    def terminated(model, batch):
        if run.step == 6:
            for _ in range(2):  # as the program `timeout` sends it
                os.kill(os.getpid(), signal.SIGTERM)
                time.sleep(0.01)
        return loss(model, batch)

    before = signal.getsignal(signal.SIGTERM)
    run = trainer(tmp_path)
    run.loss = terminated
    with pytest.raises(SystemExit) as stopped:
        run.fit()
    assert stopped.value.code == 143 and run.step == 7 and signal.getsignal(signal.SIGTERM) is before
    resumed = trainer(tmp_path)
    resumed.fit(resume=True)
    whole = trainer()
    whole.fit()
    assert_same_run(whole, resumed)


@pytest.mark.parametrize("what", ["loss", "grad_norm"])
def test_an_outlier_is_logged_and_changes_no_weight(what, capsys, tmp_path):
    def spiked(model, batch):
        value = loss(model, batch)
        if run.step == 140:
            before.update(weights(model))
            return value + 1e4 if what == "loss" else value * 1e4 - 9999 * value.item()
        if run.step == 141:
            after.update(weights(model))
        return value

    before, after = {}, {}
    run = trainer(tmp_path, steps=143, skip_above=50.0, evaluate_every=100)
    run.loss, run.quiet = spiked, False
    run.fit()
    assert all((before[name] == after[name]).all() for name in before)
    assert any((array != after[name]).any() for name, array in weights(run.model).items())
    assert f"step 140 is skipped: its {what}" in capsys.readouterr().out
    assert run.history.column("skipped") == ([140], [1.0]) and run.history.column("loss")[0] == [*range(143)]


def test_a_gradient_that_is_not_finite_does_not_reach_a_parameter_outside_of_the_model():
    scale = nn.Parameter(ag.zeros(1))
    run = trainer()
    run.optimizer.add_param_group({"params": [scale]})
    run.loss = lambda model, batch: loss(model, batch) + scale.sqrt().sum()  # its derivative is infinite
    with np.errstate(all="ignore"), pytest.raises(NonFiniteError):
        run.fit()
    assert scale.array == 0


def test_held_out_data_are_looked_at_without_dropout_and_without_a_graph():
    run = trainer(steps=2, evaluate=lambda: (loss(run.model, data()) - loss(run.model, data())).item())
    run.on_evaluate = lambda run: seen.append((run.model.training, run.model(data()[0]).requires_grad))
    seen: list = []
    history = run.fit()
    assert history.column("held_out_loss")[1] == [0, 0] and seen == [(False, False)] * 2 and run.model.training


def test_evaluation_and_samples_change_nothing_of_the_training():
    plain = trainer(evaluate=None)
    plain.fit()
    watched = trainer(evaluate=lambda: ag.rand(1).item(), evaluate_every=2, on_evaluate=lambda run: run.model.train())
    watched.fit()
    assert all((array == weights(watched.model)[name]).all() for name, array in weights(plain.model).items())


def test_the_best_weights_are_those_of_the_lowest_held_out_loss(tmp_path):
    held_out = iter([3.0, 1.0, 2.0, 5.0])
    seen = {}
    run = trainer(
        tmp_path,
        evaluate=lambda: {"loss": next(held_out), "accuracy": 0.5},
        on_evaluate=lambda run: seen.update({run.step: weights(run.model)}),
        config={"sizes": [3, 8, 1]},
        tokenizer={"kind": "none"},
    )
    run.fit()
    best, last = checkpoint.load(tmp_path / "best"), checkpoint.load(checkpoint.steps(tmp_path)[-1])
    assert (best["step"], best["held_out"]) == (4, {"loss": 1.0, "accuracy": 0.5})
    for name, array in seen[4].items():
        assert (best["model"][name].array == array).all()
    for name, array in weights(run.model).items():
        assert (last["model"][name].array == array).all()
    assert best["config"] == last["config"] == {"sizes": [3, 8, 1]} and last["tokenizer"] == {"kind": "none"}
    assert run.history.column("held_out_accuracy")[1] == [0.5] * 4


def test_the_first_loss_is_shown_beside_that_of_a_uniform_guess(capsys):
    run = trainer(steps=1, classes=65)
    run.quiet = False
    run.fit()
    assert f"a uniform guess among 65 would have {math.log(65):.4f}" in capsys.readouterr().out


def test_without_tqdm_it_trains_with_plain_lines(tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "tqdm", None)
    run = trainer(tmp_path)
    run.quiet = False
    run.fit()
    assert "step 11 of 11: loss" in capsys.readouterr().out


def test_wrong_settings_and_foreign_checkpoints_are_errors_with_the_reason(tmp_path):
    for setting in ({"accumulate": 0}, {"evaluate_every": 0}, {"steps": -1}, {"keep": 0}):
        with pytest.raises(ValueError, match=next(iter(setting))):
            trainer(**setting)
    with pytest.raises(ValueError, match="no batch"):
        trainer(batches=[]).fit()
    with pytest.raises(FileNotFoundError, match="no checkpoint"):
        trainer(tmp_path).fit(resume=True)
    with pytest.raises(ValueError, match="without a folder"):
        trainer().fit(resume=True)
    trainer(tmp_path, config={"width": 8}).fit()
    with pytest.raises(ValueError, match="run of another model: width was 8 and is now 9"):
        trainer(tmp_path, config={"width": 9}).fit(resume=True)


def test_a_run_from_before_its_config_had_a_field_goes_on_with_its_default(tmp_path):
    early = make_dataclass("Config", [("width", int)])
    config = make_dataclass("Config", [("width", int), ("base", float, 10.0)])
    trainer(tmp_path, steps=5, config=early(8)).fit()
    with pytest.raises(ValueError, match="run of another model: base was 10.0 and is now 9.0"):
        trainer(tmp_path, config=config(8, 9.0)).fit(resume=True)
    trainer(tmp_path, config=config(8)).fit(resume=True)
    assert checkpoint.load_newest(tmp_path)["config"] == {"width": 8, "base": 10.0}
    with pytest.raises(ValueError, match="run of another model: base was 10.0 and is now None"):
        trainer(tmp_path, config=early(8)).fit(resume=True)


def test_a_checkpoint_that_training_cannot_go_on_from_is_an_error_that_names_its_folder(tmp_path):
    run = trainer(tmp_path)
    run.fit()
    state = checkpoint.load_newest(tmp_path)
    for name, value in (("step", "many"), ("best", None), ("batches", {}), ("history", {"loss": (ag.ones(()), 1)})):
        training = {**state["training"], name: value}
        checkpoint.save(tmp_path / "step-12", run.model, settings=state["settings"], training=training)
        with pytest.raises(CheckpointError, match=f"the run in {tmp_path} cannot go on from its checkpoint"):
            trainer(tmp_path).fit(resume=True)


def test_matrices_decay_and_vectors_do_not():
    model = nn.Sequential(nn.Embedding(5, 4), nn.LayerNorm(4), nn.Linear(4, 2))
    decayed, free = decay_groups(model, 0.1)
    assert [p.shape for p in decayed["params"]] == [(5, 4), (2, 4)] and decayed["weight_decay"] == 0.1
    assert [p.shape for p in free["params"]] == [(4,), (4,), (2,)] and free["weight_decay"] == 0
    assert len(decay_groups(nn.Linear(2, 2, bias=False), 0.1)) == 1
