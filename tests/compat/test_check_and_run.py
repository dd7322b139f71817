"""`python -m autograd.compat`: what a program would miss, and a program run as it is."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from autograd.compat import __main__ as command
from autograd.compat.check import METHODS, code, misses
from autograd.tensor import Tensor


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("import torch\nx = torch.zeros(2)\ntorch.no_such.thing(x)", [(3, "torch.no_such")]),
        ("import torch.nn as nn\nnn.Linear(1, 1)\nnn.NoSuch(1).weight", [(3, "torch.nn.NoSuch")]),
        ("from torch.nn import functional as F\nF.relu(F.no_such)", [(2, "torch.nn.functional.no_such")]),
        ("from torch.nn import Linear, NoSuch\nNoSuch()", [(1, "torch.nn.NoSuch")]),
        ("import torch.no_such.thing\nfrom torch.nope import *", [(1, "torch.no_such"), (2, "torch.nope")]),
        ("import autograd as torch\ntorch.nn.init.no_such", [(2, "torch.nn.init.no_such")]),
        ("import torch\ntorch.optim.lr_scheduler.StepLR; torch.utils.data.DataLoader; torch.Tensor.exp", []),
        ("import torch\ntorch.Tensor.no_such", [(2, "torch.Tensor.no_such")]),
        ("from torch import optim\noptim = optim.Adam([])\noptim.no_such()", []),
        ("import numpy as np\nimport torch\nnp.t_(1)\ntorch.zeros(1).to_mkldnn()", [(4, "torch.Tensor.to_mkldnn")]),
        ("import torch\nself.to_mkldnn(self.x.to_mkldnn())", [(2, "torch.Tensor.to_mkldnn")]),
        ("torch = 1\ntorch.no_such", []),
        ("from torch.distributions import multinomial\nmultinomial.Multinomial", []),
        ("import torch\ntorch.backends.cudnn.some_flag = True", []),
        ("import torch.fx\nfrom torch.fx.node import Node", [(2, "torch.fx.node")]),
    ],
)  # fmt: skip
def test_what_a_program_misses_is_found_by_line(source, found):
    assert misses(source) == found


def test_methods_that_are_here_are_no_miss():
    for name in METHODS:
        assert bool(misses(f"x.{name}()")) != hasattr(Tensor, name)


def test_a_notebook_is_read_without_its_commands():
    cells = [
        {"cell_type": "markdown", "source": ["import torch"]},
        {"cell_type": "code", "source": ["%matplotlib inline\n", "import torch"]},
        {"cell_type": "code", "source": "!pip install torch\ntorch.no_such"},
        {"cell_type": "code", "source": "if colab:\n    !pip install torch\nx = (1\n     % torch.no_other)"},
    ]
    assert misses(code(json.dumps({"cells": cells}), notebook=True)) == [(4, "torch.no_such"), (8, "torch.no_other")]


def compat(*args):
    command = [sys.executable, "-m", "autograd.compat", *map(str, args)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_command_fails_where_anything_is_missed(tmp_path):
    bad = tmp_path / "bad.py"
    bad.write_text("import torch\n\ntorch.no_such(2)")
    done = compat(bad)
    assert done.returncode == 1 and done.stdout.startswith(f"{bad}:3: torch.no_such\n")
    done = compat()
    assert done.returncode == 1 and "--run FILE.py" in done.stderr


PROGRAM = """
import sys
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset
from torch.optim.lr_scheduler import StepLR
import beside

device = torch.device("cuda" if torch.cuda.is_available() else "cpu")

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(4, 3).to(device)

    def forward(self, x):
        return F.log_softmax(self.fc(x), dim=1)

if __name__ == "__main__":
    torch.manual_seed(int(sys.argv[1]))
    x = torch.randn(60, 4)
    data = DataLoader(TensorDataset(x, x[:, :3].argmax(1)), batch_size=20, shuffle=True)
    model = torch.compile(Net())
    optimizer = torch.optim.Adam(model.parameters(), lr=0.1)
    scheduler = StepLR(optimizer, 10)
    for epoch in range(20):
        for a, b in data:
            loss = F.nll_loss(model(a.to(device)), b)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        scheduler.step()
    print(loss.item() < 0.3, isinstance(x, torch.FloatTensor), torch.__version__ >= "2.0", beside.NAME)
"""


def test_a_program_runs_with_no_line_changed(tmp_path):
    (tmp_path / "program.py").write_text(PROGRAM)
    (tmp_path / "beside.py").write_text("import torch.nn\nNAME = torch.nn.Module.__name__")
    done = compat("--run", tmp_path / "program.py", 3)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "True True True Module\n"


def test_a_program_finds_the_modules_of_its_own_folder_models_before_ours(tmp_path):
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "resnet.py").write_text("WHOSE = 'theirs'")
    (tmp_path / "models" / "gpt.py").write_text("WHOSE = 'theirs, too'")
    (tmp_path / "train.py").write_text(
        "import models.mlp, models.gpt\nfrom models.resnet import WHOSE\n"
        "print(WHOSE, models.gpt.WHOSE, hasattr(models.mlp, 'MLP'), sep=', ')"
    )
    root = Path(__file__).parents[2]
    command = [sys.executable, str(tmp_path / "train.py")]
    done = subprocess.run(command, env={**os.environ, "PYTHONPATH": str(root)}, capture_output=True, text=True)
    assert done.stdout.strip() == "theirs, theirs, too, True", done.stderr


def test_every_file_is_checked_and_what_cannot_be_read_is_said(tmp_path, capsys):
    good, bad, broken = tmp_path / "good.py", tmp_path / "bad.py", tmp_path / "broken.py"
    good.write_text("import torch\ntorch.ones(2)")
    bad.write_text("import torch\n\ntorch.no_such(2)")
    broken.write_text("import (")
    assert command.check([str(good)]) == 0 and capsys.readouterr().out == "every name is here\n"
    files = [str(f) for f in (broken, bad, good, tmp_path / "absent.py")]
    assert command.check(files) == 2 and command.check([str(bad)]) == 1
    first, second, third, last, *_ = capsys.readouterr().out.splitlines()
    assert first.startswith(f"{broken} cannot be read") and second == f"{bad}:3: torch.no_such"
    assert third.startswith(f"{files[3]} cannot be read: No such file")
    assert last.startswith("these names are not here; ") and "compatibility.md" in last


def test_a_program_is_run_with_its_arguments_and_its_folder_first(tmp_path, monkeypatch):
    (tmp_path / "beside.py").write_text("name = 'beside'")
    program = tmp_path / "program.py"
    program.write_text("import sys\nfrom beside import name\nassert __name__ == '__main__'\nsys.stash = name, sys.argv")
    served = []
    monkeypatch.setattr(command, "serve_torch", lambda: served.append(True))  # for the rest of the tests it is torch
    monkeypatch.setattr(sys, "argv", ["before"])
    monkeypatch.setattr(sys, "path", ["", *sys.path])
    monkeypatch.setattr(sys, "stash", None, raising=False)
    command.run(str(program), ["--steps", "3"])
    assert sys.stash == ("beside", [str(program), "--steps", "3"]) and served == [True]
    with pytest.raises(SystemExit, match="there is no file 'absent.py'"):
        command.run("absent.py", [])
