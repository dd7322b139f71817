"""The runner of other people's programs: it finds what differs, and only that."""

import pytest

pytest.importorskip("torch")
from tests.programs import run  # noqa: E402

PROGRAM = """
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset, random_split

torch.manual_seed(5)
data = TensorDataset(torch.randn(32, 4), torch.randint(0, 3, (32,)))
part, _ = random_split(data, [24, 8])
model = nn.Sequential(nn.Linear(4, 8), nn.Dropout(0.3), nn.ReLU(), nn.Linear(8, 3))
nn.init.normal_(model[0].bias)
optimizer = torch.optim.Adam(model.parameters(), lr=0.1)
for epoch in range(2):
    for x, y in DataLoader(part, batch_size=8, shuffle=True):
        x = x + 0.1 * torch.randn_like(x)
        loss = F.cross_entropy(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
print("the end")
"""
UNSTEADY = """
import torch
w = torch.randn(30000, requires_grad=True)
drop = torch.nn.Dropout(0.1)
for i in range(5):
    (1e4 * ((i + 1) * drop(w).exp()).sum()).sin().backward()
"""

HERE = "torch.Tensor.__module__.startswith('autograd')"
CHANGES = [
    ("", "", ""),
    ("loss.backward()", f"(loss * (1.001 if {HERE} else 1)).backward()", "other losses"),
    ("range(2)", f"range(2 if {HERE} else 1)", "the tape ends"),
    ("range(2)", f"range(1 if {HERE} else 2)", "3 steps, 6 with PyTorch"),
    ('"the end"', "torch.no_such_name", "does not run with PyTorch"),
    ("randn_like(x)", f"randn_like(x) + (torch.no_such_name if {HERE} else 0)", "no_such_name"),
]


@pytest.mark.parametrize(("old", "new", "problem"), CHANGES)
def test_a_program_passes_where_its_losses_are_those_of_pytorch(tmp_path, old, new, problem):
    (tmp_path / "program.py").write_text(PROGRAM.replace(old, new) if old else PROGRAM)
    result = run.compare(run.parsed("owner/name", ".", "program.py"), tmp_path, 20)
    if problem:
        assert problem in result.problem, result
    else:
        assert (result.problem, result.steps) == ("", 6), result


def test_where_rounding_alone_decides_the_losses_are_the_same_in_float64(tmp_path):
    (tmp_path / "program.py").write_text(UNSTEADY)
    result = run.compare(run.parsed("owner/name", ".", "program.py"), tmp_path, 20)
    assert result.problem == run.OTHER and result.double < 1e-5 < run.CLOSE < result.own, result
    assert result.verdict.startswith("the same in float64; PyTorch's own change by")


def test_a_notebook_is_run_without_the_lines_that_are_ipythons(tmp_path):
    cells = [{"cell_type": "code", "source": ["%matplotlib inline\n", "import torch\n", "!ls\n"]}]
    cells += [{"cell_type": "markdown", "source": ["no code"]}]
    cells += [{"cell_type": "code", "source": ["x = torch.ones(2, requires_grad=True)\n", "x.sum().backward()"]}]
    (tmp_path / "program.ipynb").write_text(run.json.dumps({"cells": cells}))
    result = run.compare(run.parsed("owner/name", ".", "program.ipynb"), tmp_path, 20)
    assert (result.problem, result.steps) == ("", 1), result


def test_the_cells_of_a_chapter_are_those_for_pytorch(tmp_path):
    cells = ["import torch", "%%tab mxnet\nimport mxnet", "%%tab pytorch, jax\nx = torch.ones(2, requires_grad=True)"]
    cells += ["#@tab tensorflow\nimport tensorflow", "%%tab all\nx.sum().backward()"]
    chapter = "".join(f"Words.\n```{{.python .input}}\n{cell}\n```\n" for cell in cells) + "```\nno code\n```\n"
    (tmp_path / "chapter.md").write_text(chapter)
    result = run.compare(run.parsed("owner/name", ".", "chapter.md"), tmp_path, 20)
    assert (result.problem, result.steps) == ("", 1), result


def test_a_line_may_name_settings_of_its_own(tmp_path):
    (tmp_path / "program.py").write_text(PROGRAM)
    result = run.compare(run.parsed("owner/name", ".", "steps=2", "program.py"), tmp_path, 20)
    assert (result.problem, result.steps) == ("", 2), result


def test_a_program_without_a_loss_is_not_called_the_same(tmp_path):
    (tmp_path / "program.py").write_text("import torch\ntorch.ones(2).sum()")
    result = run.compare(run.parsed("owner/name", ".", "program.py"), tmp_path, 20)
    assert result.verdict == "runs with both, and has no loss to compare"
    assert run.scoreboard({run.parsed("owner/name", ".", "program.py"): result}).startswith(
        "# Public programs\n\n0 of 0"
    )


def test_a_checkout_may_have_a_package_that_is_called_tests(tmp_path):
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "__init__.py").touch()
    (tmp_path / "program.py").write_text(PROGRAM)
    result = run.compare(run.parsed("owner/name", ".", "program.py"), tmp_path, 20)
    assert (result.problem, result.steps) == ("", 6), result


def test_what_distributions_draw_is_the_same(tmp_path):
    lines = ["import torch", "from torch.distributions import Bernoulli, Gamma, Normal, Uniform"]
    lines += [
        "p = torch.rand(3, requires_grad=True)",
        "drawn = Normal(p, p + 1).rsample((4,)) * Normal(0.0, 1.0).sample()",
    ]
    lines += ["drawn = drawn + Bernoulli(p).sample() * Gamma(2.0, 3.0).sample() + Uniform(0.0, 1.0).sample()"]
    (tmp_path / "program.py").write_text("\n".join([*lines, "drawn.sum().backward()"]))
    result = run.compare(run.parsed("owner/name", ".", "program.py"), tmp_path, 20)
    assert (result.problem, result.steps) == ("", 1), result


def test_every_program_of_the_list_is_named_once():
    names = [program.name for program in run.listed()]
    assert len(names) == len(set(names)) >= 80
