"""`torch.hub` reads weights that were downloaded before, and fetches nothing."""

import sys

import numpy as np
import pytest
from autograd.hub import load_state_dict_from_url

import autograd as torch

URL = "https://example.org/models/small-1a2b.pth"


def test_weights_in_the_folder_of_downloads_are_read(tmp_path, monkeypatch):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    (tmp_path / "hub" / "checkpoints").mkdir(parents=True)
    weights = {"weight": torch.arange(6.0).reshape(2, 3)}
    torch.save(weights, tmp_path / "hub" / "checkpoints" / "small-1a2b.pth")
    found = torch.utils.model_zoo.load_url(URL, map_location="cpu")
    np.testing.assert_array_equal(found["weight"], weights["weight"])


def test_weights_that_were_not_downloaded_are_an_error_that_says_where_they_belong(tmp_path):
    with pytest.raises(RuntimeError, match=f"download {URL} yourself and save it as {tmp_path / 'small-1a2b.pth'}"):
        load_state_dict_from_url(URL, tmp_path)
    with pytest.raises(RuntimeError, match="downloads no code"):
        torch.hub.load("someone/models", "resnet18")


def test_the_folder_can_be_chosen(tmp_path, monkeypatch):
    monkeypatch.setattr("autograd.compat.hub._folder", None)
    torch.hub.set_dir(tmp_path)
    assert torch.hub.get_dir() == str(tmp_path)


def test_programs_may_import_the_progress_bar_from_here(monkeypatch):
    bars = type(torch)("tqdm")
    bars.tqdm = lambda steps: steps
    monkeypatch.setitem(sys.modules, "tqdm", bars)
    from autograd.utils.model_zoo import tqdm

    assert tqdm is bars.tqdm and torch.hub._get_torch_home().endswith("torch")
