"""How the lab trains a variant with a seed, and what is kept of it."""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import autograd as ag
from demos import calculator
from demos.calculator import Calculator, Data, batches, prepare
from demos.data.numbers import Example
from demos.lab.replacements import as_it_is
from demos.lab.variants import VARIANTS
from models.gpt import GPT
from models.tokenizers import Tokenizer
from nn.nonfinite import NonFiniteError
from nn.optim.lr_scheduler import OneCycleLR
from nn.train import Trainer

Task = tuple[str, int, int, int]  # the name of a variant, a seed, the steps, and the questions in a step
EVERY = 4  # of so many held-out questions one is asked
EVALUATIONS = 6  # after the first one, evenly


@cache
def questions(seed: int) -> tuple[Tokenizer, list[Example], list[Example]]:
    """The words, the questions to learn from, and those that are held out and asked."""
    (_, tokens), trained, held_out = prepare(seed)
    return tokens, trained, held_out[::EVERY]


def trainer(name: str, seed: int, steps: int, batch: int) -> Trainer:
    """The training of the variant of this name: what it does not change is that of the original with this seed."""
    variant = VARIANTS[name]
    tokens, *parts = questions(seed)
    trained, asked = ([variant.of(as_it_is)(example) for example in part] for part in parts)
    ag.manual_seed(seed)
    learner = Calculator(variant.build(tokens.vocab_size), tokens)
    ag.manual_seed(seed + 1)  # so that a model with more parameters sees the same batches
    test = Data.encode(asked, tokens)

    def evaluate() -> dict[str, float]:
        given = learner.answers([example.question for example in asked], cache=False)
        right = sum(answer == example.answer for answer, example in zip(given, asked, strict=True))
        return {"loss": GPT.loss(learner.model, *test.rows(slice(None))).item(), "accuracy": right / len(asked)}

    optimizer = variant.of(calculator.optimizer)(learner.model)
    rate = optimizer.param_groups[0]["lr"]
    return Trainer(
        learner.model,
        optimizer,
        lambda model, rows: model.loss(*rows),
        batches(trained, tokens, batch),
        steps=steps,
        scheduler=OneCycleLR(optimizer, rate, steps, pct_start=0.1, cycle_momentum=False),
        clip=1.0,
        evaluate=evaluate,
        evaluate_every=-(-steps // EVALUATIONS),
        quiet=True,
    )


def train(name: str, seed: int, steps: int, batch: int) -> dict[str, Any] | None:
    """What came of one training, as JSON has it; None where Ctrl-C stopped it.

    A number that is not finite ends it: `stopped` is then the step, and the accuracy is that of the last evaluation.
    """
    training = trainer(name, seed, steps, batch)
    stopped = None
    try:
        training.fit()
    except NonFiniteError as error:
        stopped = error.step
    if training.interrupted:
        return None
    at, losses = training.history.column("held_out_loss")
    return {
        "steps": at,
        "loss": [loss if math.isfinite(loss) else None for loss in losses],
        "accuracy": training.history.column("held_out_accuracy")[1],
        "weights": sum(p.numel() for p in training.model.parameters() if p.grad is not None),
        "stopped": stopped,
    }


def attempt(task: Task) -> tuple[Task, dict[str, Any] | None]:
    """A training with what came of it, for processes that share the work."""
    return task, train(*task)
