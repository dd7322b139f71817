"""The paths that compat knows of, and the methods of tensors, are torch's."""

from __future__ import annotations

import importlib

import pytest

from autograd import Tensor, compat
from autograd.compat.check import METHODS

torch = pytest.importorskip("torch")

OURS = {"nn.data", "nn.optim"}  # `nn` is found by its own name, too
HIPS = {path for path, sources in compat.TABLE.items() if sources.startswith(("autograd.hips", "numpy"))}
OTHERS = {"utils.tensorboard", "utils.tensorboard.writer"}  # needs a package that need not be there


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("path", sorted(set(compat.TABLE) - OURS - OTHERS - HIPS - {""}))
def test_torch_has_the_path(path):
    parent, _, name = f"torch.{path}".rpartition(".")
    try:
        found = importlib.import_module(f"torch.{path}")
    except ImportError:
        found = getattr(importlib.import_module(parent), name)
    assert found is not None


def test_the_methods_that_a_program_is_searched_for_are_methods_of_torchs_tensors():
    assert not [name for name in METHODS if not hasattr(torch.Tensor, name)]


def test_tensors_have_no_methods_but_torchs_and_what_the_engine_and_numpys_functions_call():
    engine, numpys = {"array", "cast", "node", "wrap"}, {"astype", "conjugate"}
    public = {name for name in dir(Tensor) if not name.startswith("_")}
    assert {name for name in public if not hasattr(torch.Tensor, name)} == engine | numpys
