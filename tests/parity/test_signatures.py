"""The arguments of all layers, functions, optimisers, schedules and initialisers are PyTorch's: names, kinds, defaults.

DEVIATIONS lists every signature that differs, with the reason.
"""

from __future__ import annotations

import inspect
from typing import Any

import pytest

import nn
import nn.functional as F

torch = pytest.importorskip("torch")


def classes(module: Any) -> dict[str, Any]:
    return {n: v for n in dir(module) if isinstance(v := getattr(module, n, None), type) and not n.startswith("_")}


def functions(module: Any) -> dict[str, Any]:
    return {n: v for n in dir(module) if inspect.isfunction(v := getattr(module, n, None)) and not n.startswith("_")}


HOMES = {
    "nn": (classes, nn, torch.nn),
    "nn.functional": (functions, F, torch.nn.functional),
    "nn.init": (functions, nn.init, torch.nn.init),
    "nn.utils": (functions, nn.utils, torch.nn.utils),
    "nn.utils.parametrize": (functions, nn.utils.parametrize, torch.nn.utils.parametrize),
    "nn.utils.parametrizations": (functions, nn.utils.parametrizations, torch.nn.utils.parametrizations),
    "nn.utils.rnn": (functions, nn.utils.rnn, torch.nn.utils.rnn),
    "optim": (classes, nn.optim, torch.optim),
    "optim.lr_scheduler": (classes, nn.optim.lr_scheduler, torch.optim.lr_scheduler),
    "optim.swa_utils": (functions, nn.optim.swa_utils, torch.optim.swa_utils),
    "Module": (functions, nn.Module, torch.nn.Module),
    "Optimizer": (functions, nn.optim.Optimizer, torch.optim.Optimizer),
    "LRScheduler": (functions, nn.optim.lr_scheduler.LRScheduler, torch.optim.lr_scheduler.LRScheduler),
}

DEVIATIONS = {
    "it takes by position what torch takes by keyword alone": "nn.GaussianNLLLoss",
    "min_value and max_value were old names of the bounds": "nn.Hardtanh",
    "the arguments of NLLLoss, which it is": "nn.NLLLoss2d",
    "torch's takes any arguments and refuses or ignores them": "nn.LogSigmoid nn.Sigmoid nn.Softmax2d nn.Softsign "
    "nn.Tanh nn.Tanhshrink nn.Module",
    "the arguments are those of the layers": "nn.RNN nn.Sequential",
    "torch hides them behind a dispatcher": "nn.functional.adaptive_max_pool1d nn.functional.adaptive_max_pool2d "
    "nn.functional.adaptive_max_pool3d nn.functional.max_pool1d nn.functional.max_pool2d nn.functional.max_pool3d",
    "a generator of one's own may be given": "nn.functional.dropout",
    "one more, by keyword: the layout of the input": "nn.functional.multi_head_attention_forward",
    "torch's older name hides the arguments of the newer one": "nn.init.constant nn.init.dirac nn.init.eye "
    "nn.init.kaiming_normal nn.init.kaiming_uniform nn.init.normal nn.init.orthogonal nn.init.uniform "
    "nn.init.xavier_normal nn.init.xavier_uniform",
    "forward takes what a subclass says": "Module.forward",
    "register_full_backward_hook under its older name": "Module.register_backward_hook",
    "a hook does not run after an error": "Module.register_forward_hook",
    "arguments by position are deprecated in torch": "Module.state_dict",
}
NAMES = {name for names in DEVIATIONS.values() for name in names.split()}


def arguments(function: Any) -> list[tuple] | None:
    """(name, kind, default) of each; a function as a default by its name; None where Python cannot tell."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (ValueError, TypeError):
        return None
    return [(p.name, p.kind, p.default.__name__ if inspect.isfunction(p.default) else p.default) for p in parameters]


@pytest.mark.parametrize("home", HOMES)
def test_the_arguments_are_torchs(home):
    found, ours, theirs = HOMES[home]
    mine, others, differing = found(ours), found(theirs), {}
    for name in mine.keys() & others.keys():
        expected = arguments(others[name])
        if expected is not None and arguments(mine[name]) != expected:
            differing[f"{home}.{name}"] = f"torch: {expected}\nhere:  {arguments(mine[name])}"
    unlisted = {name: text for name, text in differing.items() if name not in NAMES}
    assert not unlisted, "\n".join(f"{name}\n{text}" for name, text in sorted(unlisted.items()))
    agreeing = {n for n in NAMES if n.rpartition(".")[0] == home} - differing.keys()
    assert not agreeing, f"these do not differ any more, or are not here: {sorted(agreeing)}"
