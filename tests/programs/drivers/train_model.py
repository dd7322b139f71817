"""Trains a model of a package on made-up data: train_model.py MODULE EXPRESSION INPUT...

EXPRESSION makes the model from the names of MODULE, and each INPUT from those of torch, as Python. If the model gives
a loss, that is made smaller; otherwise the square of its distance from a random target is.
"""

import argparse
from importlib import import_module

import torch


def tensors(output):
    """All floating tensors in a nest of tuples, lists and dicts."""
    if isinstance(output, torch.Tensor):
        return [output] if output.is_floating_point() else []
    parts = output.values() if isinstance(output, dict) else output if isinstance(output, (tuple, list)) else []
    return [tensor for part in parts for tensor in tensors(part)]


parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("module")
parser.add_argument("expression")
parser.add_argument("inputs", nargs="+")
parser.add_argument("--optimizer", default="optim.AdamW(parameters, lr=1e-3)", help="from `parameters`, as Python")
options = parser.parse_args()

names = {name: getattr(torch, name) for name in dir(torch) if name.islower()}  # ours loads some when they are asked for
names |= {"torch": torch, "optim": torch.optim, "import_module": import_module, **vars(import_module(options.module))}
model = eval(options.expression, names)
optimizer = eval(options.optimizer, {**names, "parameters": list(model.parameters())})
inputs = [eval(expression, names) for expression in options.inputs]
targets = None
for step in range(5):
    outputs = tensors(model(*inputs))
    targets = targets or [torch.randn(output.shape) for output in outputs]
    loss = sum(((output - target) ** 2).mean() if output.dim() else output for output, target in zip(outputs, targets))
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    print(step, loss.item())
