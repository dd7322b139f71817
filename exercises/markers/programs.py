"""Markers of programs: what they do in training, beside a program that is right; and what the linter says of them."""

from __future__ import annotations

import math
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

import autograd as ag
import nn
from autograd import Tensor
from exercises.checks import Wrong, check_value, kind
from exercises.markers import marks
from nn import functional as F
from nn import optim


@marks(
    "16_nan",
    "The trouble is log(p) where p was rounded to 0. Is there a way to log p that does not go through p?",
    "log p = logits.log_softmax(dim=-1) is finite where p is 0. Then p * log p is 0 · (a large number) = 0.",
)
def nan(answer: Any) -> None:
    """Finite and right, forward and backward, for logits of any size."""
    rng = np.random.default_rng(0)
    for scale in (1.0, 10.0, 1000.0):
        array = scale * rng.standard_normal((3, 4))
        logits, other = (ag.tensor(array, requires_grad=True) for _ in range(2))
        log_p = other.log_softmax(dim=-1)
        right = -(log_p.exp() * log_p).sum(dim=-1).mean()
        found, call = answer.entropy(logits), f"entropy of logits of about {scale:g}"
        if not isinstance(found, Tensor) or found.node is None:
            raise Wrong("entropy must return a Tensor that depends on the logits, so that it has a gradient.")
        if not math.isfinite(float(found.detach().sum())):
            raise Wrong(f"The {call} is {float(found):g}.\n{_anomaly(answer, array)}")
        (gradient,), (wanted,) = ag.grad(found, logits), ag.grad(right, other)
        assert gradient is not None and wanted is not None
        if not np.isfinite(gradient.array).all():
            raise Wrong(
                f"The {call} is finite, and its gradient is not: log was still called on a 0, and what its rule gives "
                f"there is infinite, whatever is done with the value afterwards.\n{_anomaly(answer, array)}"
            )
        if abs(float(found) - float(right)) > 1e-12 + 1e-9 * abs(float(right)):
            raise Wrong(
                f"The {call} is {float(found):.12g}, and {float(right):.12g} would be right. Finite, but not exact: "
                "an epsilon in a logarithm, or a limit for p or the logits, changes the value."
            )
        check_value(f"The gradient of the {call}", gradient, wanted.array)


def _anomaly(answer: Any, array: np.ndarray) -> str:
    """What detect_anomaly says of where the nan begins."""
    try:
        with ag.detect_anomaly():
            answer.entropy(ag.tensor(array, requires_grad=True)).backward()
    except RuntimeError as error:
        return f"autograd.detect_anomaly says:\n{error}"
    return ""


@marks(
    "17_exploding",
    "The gradient of each weight is proportional to its feature. A hundred square metres and half a kilometre are "
    "both ordinary, and one number is 200 times the other.",
    "Standardise: subtract the mean of each feature (x.mean(dim=0)) and divide by its deviation (x.std(dim=0)). Give "
    "the model these features in the loop and for the predictions.",
)
def exploding(answer: Any) -> None:
    """The loss falls to what the noise leaves, with a line."""
    rng = np.random.default_rng(0)
    for n in (64, 200):
        x = np.stack([rng.uniform(20, 200, n), rng.uniform(0, 1, n)], axis=1)
        y = 0.05 * x[:, :1] - 4 * x[:, 1:] + 3 + 0.1 * rng.standard_normal((n, 1))
        design = np.column_stack([x, np.ones(n)])
        best = float(np.mean((design @ np.linalg.lstsq(design, y, rcond=None)[0] - y) ** 2))
        returned = answer.train(ag.tensor(x, dtype=ag.float32), ag.tensor(y, dtype=ag.float32))
        if not isinstance(returned, tuple) or len(returned) != 2:
            raise Wrong("train must return the list of losses and the predictions.")
        losses, predictions = returned
        if len(losses) != 200:
            raise Wrong(f"train must make 200 steps and return the loss of each; it returned {len(losses)} losses.")
        if not np.isfinite(losses).all():
            at = int(np.argmin(np.isfinite(losses)))
            raise Wrong(
                f"The loss is {losses[0]:.3g} at first, {losses[1]:.3g} after one step, {losses[2]:.3g} after two, "
                f"and no longer finite after {at}. Each step overshoots, and lands farther from the minimum than it "
                "began."
            )
        (values,) = (np.asarray(predictions.detach().array if isinstance(predictions, Tensor) else predictions),)
        if values.shape != y.shape:
            raise Wrong(f"The predictions have shape {values.shape}, and the prices {y.shape}.")
        reached = float(np.mean((values - y) ** 2))
        if reached > 1.1 * best + 1e-3:
            lost = "" if abs(reached - losses[-1]) < 0.5 * max(reached, losses[-1]) else (
                f" The last loss of the training was {losses[-1]:.3g}: do the predictions get the same features?"
            )  # fmt: skip
            raise Wrong(
                f"Nothing explodes any more. But the predictions have a mean squared error of {reached:.3g}, and the "
                f"best line has {best:.3g}.{lost} With the features as they are, a learning rate that is small enough "
                "for the floor space is far too small for the distance."
            )


@marks(
    "18_learns_nothing",
    "One mistake is in __init__, one in forward, one in step. Which parameters does model.parameters() know of? What "
    "does F.cross_entropy expect? What does backward do with gradients that are there already?",
    "nn.ModuleList registers layers, a plain list does not; cross_entropy takes logits and applies softmax itself; "
    "optimizer.zero_grad() belongs before backward.",
)
def learns_nothing(answer: Any) -> None:
    """The linter finds nothing, and the model learns."""
    rng = np.random.default_rng(0)
    points = rng.uniform(-1, 1, (120, 2))
    classes = np.where(points[:, 0] * points[:, 1] > 0, 0, np.where(points[:, 0] > 0, 1, 2))
    x, y = ag.tensor(points, dtype=ag.float32), ag.tensor(classes)
    ag.manual_seed(0)
    model = answer.Classifier()
    optimizer = optim.Adam(model.parameters(), lr=0.02)
    first = answer.step(model, optimizer, x, y)
    findings = nn.lint(lambda: answer.step(model, optimizer, x, y))
    if findings:
        found = "1 mistake" if len(findings) == 1 else f"{len(findings)} mistakes"
        raise Wrong(f"The linter finds {found}:\n{findings}")
    for _ in range(200):
        loss = answer.step(model, optimizer, x, y)
    if not isinstance(loss, float):
        raise Wrong(f"step must return the loss as a float, as item() gives it, but returned {kind(loss)}.")
    if not loss < 0.1:
        raise Wrong(
            f"The linter finds nothing, but the loss is {first:.3f} at first and {loss:.3f} after 200 steps; it could "
            "be below 0.1. Is there an update in each step, and do all layers take part?"
        )


@marks(
    "19_accumulation",
    "Count the calls: zero_grad once, backward for each small batch, the optimiser's step once. And the gradients are "
    "summed, while the mean is wanted.",
    "Divide each loss by len(batches) before backward; then the sum of the gradients is the mean.",
)
def accumulation(answer: Any) -> None:
    """The same weights as of one step on the whole batch."""
    rng = np.random.default_rng(0)

    def loss(model: nn.Module, batch: Any) -> Tensor:
        return F.mse_loss(model(batch[0]), batch[1])

    def make() -> tuple[nn.Module, optim.Optimizer]:
        ag.manual_seed(1)
        model = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1)).double()
        return model, optim.SGD(model.parameters(), lr=0.1)

    for count in (1, 2, 4):
        (model, optimizer), (whole, alone) = make(), make()
        for n in (1, 2):
            parts = [
                (ag.tensor(rng.standard_normal((5, 3))), ag.tensor(rng.standard_normal((5, 1)))) for _ in range(count)
            ]
            before = [p.detach().array.copy() for p in model.parameters()]
            alone.zero_grad()
            right = loss(whole, tuple(ag.cat(part) for part in zip(*parts)))
            right.backward()
            alone.step()
            found = answer.accumulated_step(model, optimizer, loss, parts)
            call = f"Step {n} on {count} batch{'es' if count > 1 else ''}"
            _compare_steps(call, before, model, whole, count)
            if found is None:
                raise Wrong(
                    "The weights are right. accumulated_step must return the mean of the losses, but returned None."
                )
            check_value(f"{call}: accumulated_step", float(found), np.array(right.item()), [
                ("This is the sum of the losses of the batches; return their mean.", np.array(right.item() * count)),
            ])  # fmt: skip


def _compare_steps(call: str, before: list[np.ndarray], model: nn.Module, whole: nn.Module, count: int) -> None:
    """Raise Wrong unless both models have the same weights; a ratio of the steps tells why they do not."""
    moved = np.concatenate([(p.detach().array - b).reshape(-1) for p, b in zip(model.parameters(), before)])
    wanted = np.concatenate([(p.detach().array - b).reshape(-1) for p, b in zip(whole.parameters(), before)])
    if np.allclose(moved, wanted, 1e-6, 1e-12):
        return
    if not moved.any():
        raise Wrong(f"{call}: no weight has changed. The optimiser must make a step.")
    ratio = float(moved @ wanted / (wanted @ wanted))
    if np.allclose(moved, count * wanted, 1e-6, 1e-12):
        raise Wrong(
            f"{call}: the weights move {count} times as far as with the whole batch at once. backward adds up the "
            f"gradients of {count} means; their mean is wanted."
        )
    raise Wrong(
        f"{call}: the weights do not become those of one step on the whole batch ({ratio:.2f} times as far in that "
        "direction, and aside of it). Is there one zero_grad, before the first backward, and one step, after the last?"
    )


@marks(
    "20_resume",
    "Put everything into one dict: weights, optimiser, step, random numbers. Check yourself with a model that has "
    "dropout.",
    "autograd.save({'model': model.state_dict(), 'optimizer': optimizer.state_dict(), 'step': step, 'random': "
    "autograd.get_rng_state()}, path), and the way back in resume.",
)
def resume(answer: Any) -> None:
    """A training with a stop ends with the same bits as one without."""

    def make(seed: int) -> tuple[nn.Module, optim.Optimizer]:
        ag.manual_seed(seed)
        model = nn.Sequential(nn.Linear(3, 8), nn.ReLU(), nn.Dropout(0.2), nn.Linear(8, 1))
        return model, optim.Adam(model.parameters(), lr=0.05)

    def steps(model: nn.Module, optimizer: optim.Optimizer, count: int) -> None:
        for _ in range(count):
            x = ag.randn(4, 3)
            loss = F.mse_loss(model(x), x.sum(dim=1, keepdim=True))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()

    straight, optimizer = make(0)
    steps(straight, optimizer, 10)
    stopped, optimizer = make(0)
    steps(stopped, optimizer, 5)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "checkpoint")
        answer.save(path, stopped, optimizer, 5)
        if not path.exists():
            raise Wrong("After save there is no file: write to the path that is given.")
        at_stop, moments = _weights(stopped), _moments(optimizer)
        ag.manual_seed(0)
        ag.randn(4 * 3)  # to tell the random numbers of the checkpoint from those of a new start
        random = ag.get_rng_state()
        steps(stopped, optimizer, 1)  # the training that goes on must not change what was saved
        model, optimizer = make(1)
        ag.set_rng_state(random)
        found = answer.resume(path, model, optimizer)
    if not np.array_equal(_weights(model), at_stop):
        raise Wrong("After resume the model does not have the weights that it had when save was called.")
    if not np.array_equal(_moments(optimizer), moments):
        raise Wrong(
            "The weights are back, and Adam has forgotten its m and v: its next steps are those of a new optimiser. "
            "Its state is part of what a training depends on."
        )
    if found != 5:
        raise Wrong(f"resume must return the number of steps made, which was 5, but returned {found!r}.")
    steps(model, optimizer, 5)
    if not np.array_equal(_weights(model), _weights(straight)):
        raise Wrong(
            "Weights and optimiser are back, but the training goes on differently: other batches are drawn, and "
            "dropout drops other numbers. The state of the random generator is part of what a training depends on."
        )


def _weights(model: nn.Module) -> np.ndarray:
    return np.concatenate([p.detach().array.reshape(-1) for p in model.parameters()])


def _moments(optimizer: optim.Optimizer) -> np.ndarray:
    """m and v of all parameters, in one array."""
    state = optimizer.state_dict()["state"]
    arrays = [value for entry in state.values() for value in entry.values()]
    return np.concatenate([np.asarray(getattr(a, "array", a), float).reshape(-1) for a in arrays] or [np.zeros(0)])
