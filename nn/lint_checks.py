"""What `nn.lint` looks for: each check is given what was observed, and yields what it finds."""

from __future__ import annotations

import ast
import linecache
import math
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from autograd.graph import Node
from autograd.tracing import Source
from nn.data import DataLoader, SequentialSampler
from nn.module import Module
from nn.observation import Finding, Observer

# Checks of the steps --------------------------------------------------------------------------------------------------


def _no_zero_grad(seen: Observer) -> Iterator[Finding]:
    for walk in seen.walks:
        if walk.stale:
            yield Finding(
                "zero_grad forgotten",
                walk.line,
                "backward adds to the gradients of an earlier step, which an update has already used: "
                f"{_names(seen, walk.stale)}",
                "call optimizer.zero_grad() once in every step, before backward",
            )
            return


def _no_zero_grad_of_values(seen: Observer) -> Iterator[Finding]:
    count, line = seen.values.stale
    if count:
        yield Finding(
            "zero_grad forgotten",
            line,
            f"backward adds to the gradients of an earlier step, which an update has already used: those of {count:,} "
            f"Value{'s' * (count > 1)}",
            "set the grad of every parameter to 0.0 in every step, before backward",
        )


def _modules_in_lists(seen: Observer) -> Iterator[Finding]:
    held = {id(parameter) for optimizer in seen.optimizers for parameter in optimizer._all_parameters()}
    for module, (around, line) in seen.strangers.items():
        parameters = [parameter for parameter in module.parameters() if parameter.requires_grad]
        if not parameters or any(id(parameter) in held for parameter in parameters):
            continue
        attribute = next(
            (n for n, v in vars(around).items() if isinstance(v, (list, tuple, dict)) and _holds(v, module)), None
        )
        kind = type(vars(around)[attribute]).__name__ if attribute else ""
        place = f"is in the plain {kind} self.{attribute}" if attribute else "is not an attribute of it"
        yield Finding(
            "a module that is not registered",
            line,
            f"{type(around).__name__} runs a {type(module).__name__} that {place}: parameters(), state_dict() and "
            "train() do not find it, and it does not learn",
            "hold modules in nn.ModuleList, nn.ModuleDict or attributes of their own",
        )
        return


def _without_gradient(seen: Observer) -> Iterator[Finding]:
    walks = seen.walks
    missing = [node for node in seen.parameters if not any(node in walk.gradients for walk in walks)]
    run = {p.node for module in seen.ran for p in module.parameters(recurse=False)}
    for nodes, reason, remedy in (
        (
            [node for node in missing if node in run],
            "run, but no gradient comes back to them: what they compute does not reach the loss",
            "look for detach(), .data, .item(), numpy() or no_grad() between them and the loss",
        ),
        (
            [node for node in missing if node not in run],
            "are never called",
            "call them in forward, or remove them from the model",
        ),
    ):
        if nodes:
            yield Finding(
                "parameters without a gradient",
                _last_line(seen),
                f"the modules of {_names(seen, nodes)} {reason}",
                remedy,
            )


def _zero_gradient(seen: Observer) -> Iterator[Finding]:
    walks = seen.walks
    reached = [[walk.gradients[node].largest for walk in walks if node in walk.gradients] for node in seen.parameters]
    zero = [n for n, found in zip(seen.parameters, reached) if len(found) > 1 and max(found) == 0]
    if zero:
        name, line = seen.zeros[-1] if seen.zeros else ("", _last_line(seen))
        dead = f", since all that {name} returns is 0: its units are dead" if name else ""
        yield Finding(
            "a gradient that is always 0",
            line,
            f"the gradient of {_names(seen, zero)} is 0 in every backward pass{dead}",
            "lower the learning rate, start from smaller weights and biases of 0, or use leaky_relu or gelu"
            if name
            else "look for a product with 0, for rounding, or for a comparison on the way to the loss",
        )


def _not_optimised(seen: Observer) -> Iterator[Finding]:
    parameters = seen.parameters
    held = {parameter.node for optimizer in seen.optimizers for parameter in optimizer._all_parameters()}
    left = [node for node in parameters if node not in held and node in seen.reached]
    if left and not held.isdisjoint(parameters):
        yield Finding(
            "parameters in no optimiser",
            _last_line(seen),
            f"gradients are computed for {_names(seen, left)}, but no optimiser updates them",
            "make the optimiser from model.parameters(), once all modules have been added; to freeze parameters on "
            "purpose, call requires_grad_(False)",
        )


def _wrong_mode(seen: Observer) -> Iterator[Finding]:
    parameters = seen.parameters
    for call in seen.calls:
        layers = sorted({type(m).__name__ for m in call.module.modules() if _depends_on_mode(m)})
        learns = any(parameter.node in parameters for parameter in call.module.parameters())
        if not layers or call.training == call.recorded:
            continue
        if call.training and learns:
            yield Finding(
                "eval() forgotten",
                call.line,
                f"the model is evaluated in training mode: layers such as {', '.join(layers)} behave as in training",
                "call model.eval() before evaluation, and model.train() after it",
            )
            return
        if not call.training and learns:
            yield Finding(
                "eval() left on",
                call.line,
                f"the model is trained in evaluation mode: layers such as {', '.join(layers)} behave otherwise there",
                "call model.train() before training",
            )
            return


def _graph_kept(seen: Observer) -> Iterator[Finding]:
    walks = seen.walks
    for i, walk in enumerate(walks):
        if walk.root() is not None and any(later.made == walk.made for later in walks[i + 1 :]):
            yield Finding(
                "a graph kept alive",
                walk.made,
                "the loss of an earlier step is still referenced, and keeps its graph: memory grows with every step",
                "keep numbers: total += loss.item(), or loss.detach()",
            )
            return


def _not_shuffled(seen: Observer) -> Iterator[Finding]:
    loader = seen.batches
    reason = ""
    if seen.targets and all(t.ndim == 1 and len(t) > 7 and (np.diff(t) >= 0).all() for t in seen.targets):
        same = all(t[0] == t[-1] for t in seen.targets)
        reason = f"the targets of every batch are {'all the same' if same else 'sorted'}"
    elif isinstance(loader, DataLoader) and isinstance(loader.sampler, SequentialSampler):
        reason = "the DataLoader takes the samples in the order of the dataset, which is the same in every epoch"
    if reason:
        yield Finding(
            "data that is not shuffled",
            seen.first_loss and seen.first_loss[2],
            f"{reason}: the model learns whatever it has seen last",
            "use DataLoader(..., shuffle=True), or permute the data in every epoch",
        )


def _first_loss(seen: Observer) -> Iterator[Finding]:
    if seen.first_loss is None:
        return
    loss, classes, line = seen.first_loss
    guess = math.log(classes)
    if loss > 1.5 * guess + 0.5:
        yield Finding(
            "a first loss that is too high",
            line,
            f"the first cross-entropy is {loss:.3g}, where an even guess among {classes} classes has "
            f"-log(1/{classes}) = {guess:.3g}: the model starts out confident of wrong answers",
            "normalise the inputs, and start the last layer from smaller weights",
        )
    elif loss < 0.5 * guess and not _trained_before(seen):
        yield Finding(
            "a first loss that is too low",
            line,
            f"the first cross-entropy is {loss:.3g}, where an even guess among {classes} classes has "
            f"-log(1/{classes}) = {guess:.3g}: new weights cannot know the answers, unless they see them",
            "look for the targets among the inputs (those of a language model are the inputs shifted by one); if the "
            "weights were trained before, all is well",
        )


def _integer_division(seen: Observer) -> Iterator[Finding]:
    for x, line in seen.data:
        if line is not None and x.size and (x == np.floor(x)).all() and (where := _floor_division(line, x.max())):
            yield Finding(
                "integer division of the inputs",
                where,
                f"the inputs of shape {x.shape} are whole numbers from {x.min():.4g} to {x.max():.4g}, since // drops "
                "the fraction",
                "convert to floats and divide with /: x.float() / 255",
            )
            return


_STEADY = "add residual connections and normalisation; start from weights of variance 1/n (nn.init.xavier_uniform_)"


def _uneven_gradients(seen: Observer) -> Iterator[Finding]:
    names, found = seen.parameters, {}
    for node in names:
        walk = next((walk for walk in seen.walks if node in walk.gradients), None)
        if walk is not None and len(node.shape) > 1 and walk.gradients[node].mean:
            found[node] = walk.gradients[node]
    if len(found) < 2:
        return
    (first, of_first), *_, (last, of_last) = found.items()
    if of_first.mean < 1e-5 * of_last.mean:
        yield Finding(
            "a gradient that vanishes",
            _last_line(seen),
            f"the gradient of {names[first]}, in the first layer, is {of_first.mean:.2g} on average, and that of "
            f"{names[last]}, in the last, {of_last.mean:.2g}",
            f"use relu or gelu instead of sigmoid; {_STEADY}",
        )
    largest = max(found, key=lambda node: found[node].mean)
    mean, weight = found[largest].mean, found[largest].weight
    if mean > 1e4 * weight > 0:
        yield Finding(
            "a gradient that explodes",
            _last_line(seen),
            f"the gradient of {names[largest]} is {mean:.2g} on average, and its weights are {weight:.2g}",
            f"clip the gradient (nn.utils.clip_grad_norm_); {_STEADY}",
        )


CHECKS = (
    _no_zero_grad, _no_zero_grad_of_values, _modules_in_lists, _without_gradient, _zero_gradient, _not_optimised,
    _wrong_mode, _graph_kept, _not_shuffled, _first_loss, _integer_division, _uneven_gradients,
)  # fmt: skip


# What the checks ask --------------------------------------------------------------------------------------------------


def _names(seen: Observer, nodes: Iterable[Node]) -> str:
    """The names of parameters, or their shapes where they have none; of many, the first."""
    known = seen.parameters
    names = [known.get(node, f"a tensor of shape {node.shape}") for node in nodes]
    return ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")


def _trained_before(seen: Observer) -> bool:
    """Whether an optimiser has made more steps with these parameters than were observed."""
    states = [(getattr(p, "node", None), state) for o in seen.optimizers for p, state in o.state.items()]
    return any(node in seen.parameters and state.get("step", 0) > len(seen.walks) for node, state in states)


def _last_line(seen: Observer) -> Source | None:
    return seen.walks[-1].line if seen.walks else None


def _holds(container: Any, module: Module) -> bool:
    values = container.values() if isinstance(container, dict) else container
    return any(v is module or (isinstance(v, Module) and module in v.modules()) for v in values)


def _depends_on_mode(module: Module) -> bool:
    kinds = [kind.__name__ for kind in type(module).__mro__]
    return any("BatchNorm" in name for name in kinds) or ("Dropout" in "".join(kinds) and getattr(module, "p", 1) > 0)


def _floor_division(line: Source, most: float) -> Source | None:
    """The first `x // n` in the file of the program whose n is much larger than `most`; None where there is none."""
    try:
        tree = ast.parse("".join(linecache.getlines(line.file)))
    except SyntaxError:
        return None
    for node in ast.walk(tree):
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.FloorDiv) and isinstance(node.right, ast.Constant):
            if isinstance(node.right.value, (int, float)) and node.right.value > max(99, 16 * most):
                return Source(line.file, node.lineno, line.function)
    return None
