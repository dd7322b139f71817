"""`nn.lint`: common mistakes, found while one or two training steps run."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import islice
from typing import Any

import numpy as np

from autograd import Tensor
from autograd.errors import warn
from nn.lint_checks import CHECKS
from nn.observation import Finding, Observer, Operation

__all__ = ["LintWarning", "lint"]


class LintWarning(UserWarning):
    """A finding of `with lint():`."""


class Report(list[Finding]):
    """The findings; as text one below the other."""

    def __repr__(self) -> str:
        return "\n".join(map(str, self)) or "nothing found"


def lint(step: Callable[..., Any] | None = None, batches: Iterable[Any] | None = None, *, steps: int = 2) -> Any:
    """Make `steps` steps of training, and return a Report of the likely mistakes in them.

    `step` is a function that makes one: forward, backward and update. With `batches` (a DataLoader, say) it is called
    with one of them each time. The steps are real: the model has learnt from them afterwards. Without a `step` it is a
    context, `with lint() as report:`, around two steps of a loop, and warns of what it finds. It sees what its own
    thread does. Some checks need a second step.
    """
    if isinstance(batches, Tensor):
        raise TypeError(
            f"lint: batches must be an iterable of batches, such as a DataLoader, got a tensor of shape "
            f"{tuple(batches.shape)}: for one batch pass [batch]"
        )
    linter = Linter(batches, warn=step is None)
    if step is None:
        return linter
    with linter as report:
        if batches is None:
            for _ in range(steps):
                step()
        else:
            for batch in islice(batches, steps):
                step(batch)
    return report


class Linter:
    """The context that `lint()` makes."""

    def __init__(self, batches: Any, warn: bool) -> None:
        self.warn, self.report = warn, Report()
        self.observer = Observer(self._check_operation, batches)

    def __enter__(self) -> Report:
        self.observer.__enter__()
        return self.report

    def __exit__(self, kind: Any, *details: object) -> None:
        self.observer.__exit__(kind, *details)
        if kind is not None:
            return
        for check in CHECKS:
            self.report += check(self.observer)
        if self.warn:
            for finding in self.report:
                warn(str(finding), LintWarning)

    def _check_operation(self, operation: Operation) -> None:
        known = {(finding.check, finding.line) for finding in self.report}
        found = [check(operation) for check in _OF_OPERATIONS]
        self.report += [finding for finding in found if finding and (finding.check, finding.line) not in known]


# Checks of one operation ----------------------------------------------------------------------------------------------

_MOVES = {"reshape", "permute", "getitem", "expand", "cast", "unbind", "split_at", "clone"}  # elements as they are


def _softmax_twice(operation: Operation) -> Finding | None:
    loss, node = operation.node.name, operation.node.operands[0]
    while node is not None and node.name in _MOVES:
        node = node.operands[0]
    if node is None or (loss, node.name) not in {
        ("cross_entropy_rows", "softmax"), ("log_softmax", "softmax"), ("bce_with_logits", "sigmoid"),
    }:  # fmt: skip
        return None
    name = {"cross_entropy_rows": "cross_entropy", "bce_with_logits": "binary_cross_entropy_with_logits"}.get(
        loss, loss
    )
    return Finding(
        f"{node.name} before {name}",
        operation.line,
        f"{name} takes logits and applies {node.name} itself; applied twice, it leaves only small gradients",
        f"give {name} the logits, and apply {node.name} only where probabilities are shown",
    )


def _no_log_probabilities(operation: Operation) -> Finding | None:
    x = operation.argument(0)
    if operation.node.name != "linear_step" or x is None or not x.size:  # nll_loss takes its input through this
        return None
    with np.errstate(over="ignore"):
        if np.allclose(np.exp(x).sum(min(x.ndim - 1, 1)), 1, atol=0.01):
            return None
    what = "probabilities" if x.min() >= 0 and x.max() <= 1 else "logits"
    return Finding(
        "nll_loss without log_softmax",
        operation.line,
        f"nll_loss takes the logarithms of probabilities, and is given {what}",
        f"{'apply log_softmax instead of softmax' if what == 'probabilities' else 'apply log_softmax first'}, or give "
        "the logits to cross_entropy",
    )


def _loss_broadcasts(operation: Operation) -> Finding | None:
    x, y = operation.argument(0), operation.argument(1)
    if operation.node.name != "sub" or x is None or y is None or None not in operation.node.operands[:2]:
        return None
    short, long = sorted((x.shape, y.shape), key=len)
    if len(short) != 1 or short[0] < 2 or long != (short[0], 1):
        return None
    return Finding(
        "a loss that broadcasts",
        operation.line,
        f"the difference of shapes {x.shape} and {y.shape} has shape {operation.out.shape}: each prediction is "
        "compared with every target, so the model learns the mean of the targets",
        "make the shapes equal, with prediction.squeeze(1) or target.unsqueeze(1)",
    )


def _float64(operation: Operation) -> Finding | None:
    arrays = [value for value in operation.values if isinstance(value, np.ndarray) and value.dtype.kind == "f"]
    dtypes = {array.dtype for array in arrays}
    if operation.out.dtype != np.float64 or np.dtype(np.float32) not in dtypes or operation.node.name == "cast":
        return None
    wide = next(array for array in arrays if array.dtype == np.float64)
    return Finding(
        "float64 among float32",
        operation.line,
        f"{operation.node.name} combines a float64 array of shape {wide.shape} with float32 ones; everything after it "
        "is float64, which takes twice the memory and the time",
        "convert the data with .float(): NumPy makes float64 unless told otherwise",
    )


_OF_OPERATIONS = (_softmax_twice, _no_log_probabilities, _loss_broadcasts, _float64)
