"""A training that is killed at any step of writing its files, or at random moments, resumes to the same bits."""

import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from nn import checkpoint
from tests import soak

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def quick_start(monkeypatch):
    """Without compiled kernels, which each process would load anew."""
    monkeypatch.setenv("CHAINRULE_KERNELS", "numpy")


# Each training is killed in a process of its own, at the first, the second, ... of its calls that change files.
EACH_CALL = """
import os, signal, sys
from itertools import count
from pathlib import Path
import nn.train
from nn import checkpoint
from tests.nn.test_train import trainer

def training(folder, resume, end):
    run = trainer(folder, steps=3, evaluate_every=3, keep=1)
    run.fit(resume=resume)
    end(run)

def in_a_process(*arguments):
    if not (child := os.fork()):
        try:
            training(*arguments)
        finally:
            os._exit(1)
    return os.waitpid(child, 0)[1]

def keep_files(run):
    os._exit(0)

def compare(run):
    files = [[checkpoint.tensor_files.complete(folder / name).read_bytes() for name in ("best", "weights")]
             for folder in (base / "whole", Path(run.folder))]
    os._exit(0 if files[0] == files[1] else 2)

base, calls, deadly = Path(sys.argv[1]), 0, -1
assert in_a_process(base / "whole", False, keep_files) == 0

def counted(function):
    def call(*arguments, **keywords):
        global calls
        calls += 1
        if calls - 1 == deadly:
            os.kill(os.getpid(), signal.SIGKILL)
        return function(*arguments, **keywords)
    return call

for name in ("mkdir", "fsync", "replace", "unlink"):
    setattr(os, name, counted(getattr(os, name)))
for deadly in count():
    folder = base / str(deadly)
    if in_a_process(folder, False, keep_files) == 0:
        break
    again, deadly = deadly, -1
    status = in_a_process(folder, bool(checkpoint.steps(folder)), compare)
    assert status == 0, f"killed at call {again}: status {status}"
    assert not [*folder.glob(".*.part")]
print(deadly, "calls")
"""


def test_a_run_that_is_killed_at_any_change_of_a_file_ends_with_the_same_bits(tmp_path):
    command = [sys.executable, "-c", EACH_CALL, tmp_path]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert ended.returncode == 0, ended.stderr
    assert int(ended.stdout.split()[0]) > 20


def test_a_demo_that_is_killed_at_random_moments_ends_with_the_same_bits(tmp_path):
    moments, run = random.Random(time.time_ns()), tmp_path / "killed" / "out" / "text" / "run-1"

    def moment(process):
        """Some time after a new checkpoint: the rest of the run takes longer than that."""
        before = checkpoint.steps(run)
        while checkpoint.steps(run) == before and process.poll() is None:
            time.sleep(0.001)
        time.sleep(moments.uniform(0, 0.05))

    for name in ("whole", "killed"):
        (tmp_path / name).mkdir()
    soak.finish("text", tmp_path / "whole", resume=False)
    assert soak.killed("text", tmp_path / "killed", moment, 2) == 2
    assert soak.results("text", tmp_path / "killed") == soak.results("text", tmp_path / "whole")
