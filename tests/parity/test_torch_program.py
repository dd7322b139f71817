"""A GPT written for PyTorch runs here with other import lines: the same keys, losses, gradients, logits and text."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

import autograd
import nn

torch = pytest.importorskip("torch")

_spec = importlib.util.spec_from_file_location("small_gpt", Path(__file__).with_name("small_gpt.py"))
small_gpt = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(small_gpt)


def test_a_small_gpt_trains_and_writes_alike():
    theirs = small_gpt.program(torch, torch.nn, torch.nn.functional)()
    ours = small_gpt.program(autograd, nn, nn.functional)(theirs["start"])
    assert ours["keys"] == theirs["keys"] and list(ours["gradients"]) == list(theirs["gradients"])
    assert ours["text"] == theirs["text"]
    assert theirs["losses"][-1] < 0.5 * theirs["losses"][0]
    np.testing.assert_allclose(ours["losses"], theirs["losses"], rtol=1e-9)
    np.testing.assert_allclose(ours["logits"], theirs["logits"], rtol=1e-9, atol=1e-9)
    for name, gradient in theirs["gradients"].items():
        np.testing.assert_allclose(ours["gradients"][name], gradient, rtol=1e-9, atol=1e-9)
