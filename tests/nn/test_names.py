import subprocess
import sys

import pytest

import nn


def test_every_public_name_is_there():
    assert not [name for name in nn.__all__ if not hasattr(nn, name)]
    assert {"Linear", "Module", "optim", "functional"} <= set(dir(nn))
    with pytest.raises(AttributeError, match=r"autograd has no torch\.nn\.Lineal"):
        nn.Lineal  # noqa: B018


def run(program):
    return subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout.strip()


def test_importing_nn_loads_no_part_of_it_that_is_not_asked_for():
    assert run("import sys, nn; print([m for m in sys.modules if m.startswith('nn.')])") == "[]"


@pytest.mark.parametrize(
    "program",
    [
        "import nn; nn.Linear(1, 1); nn.utils.clip_grad_norm_; nn.optim.lr_scheduler.StepLR; nn.init.zeros_",
        "import nn.functional as F; F.relu",
        "from nn import functional, init, optim, utils, data, Module; Module",
        "from nn.optim.lr_scheduler import CosineAnnealingLR",
        "from nn import *; Linear(1, 1); optim.SGD",
        "import autograd as torch; torch.utils.data.RandomSampler([1]); torch.utils.data.DataLoader([1])",
    ],
)
def test_a_fresh_program_finds_its_names(program):
    run(program)
