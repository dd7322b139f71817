"""A network learns to read handwritten digits (MNIST), in less than a minute.

Three networks: the default one, a convolutional one, which makes fewer mistakes and takes minutes, and the classic of
M. Nielsen's book, which makes more. The trained weights, a report and pictures are left in out/digits/latest/, and
--predict reads a picture of your own.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import time
from argparse import SUPPRESS, Namespace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from autograd import Tensor, as_tensor, cat, draw, manual_seed
from autograd.tracing import trace
from demos.common import Parser, at_least, parser, positive, pyplot
from demos.data.idx import Mnist, load_mnist
from demos.data.images import Digits, pixels
from demos.data.picture import read_picture
from demos.digit_networks import RECIPES, Recipe
from demos.pictures import digits as pictures
from demos.runs import LATEST, WEIGHTS, run_folder, run_or_resume
from nn import Module, checkpoint
from nn.data import DataLoader
from nn.history import History
from nn.optim.lr_scheduler import OneCycleLR
from nn.report import RunReport
from nn.train import Trainer, evaluating

OPTIONS = ("seed", "network", "epochs", "steps", "batch", "lr", "images")  # on which the training depends


class Trained(NamedTuple):
    """A network after its training, what it was trained and tested on, and how the training went."""

    model: Module
    data: Mnist
    loader: DataLoader
    history: History
    seconds: float
    cpu_seconds: float


def outputs(model: Module, images: Tensor) -> Tensor:
    """What the network makes of images (N, ...), a few at a time, so that their channels need little memory."""
    return cat([model(part) for part in images.split(500)])


def scores(model: Module, recipe: Recipe, images: np.ndarray) -> np.ndarray:
    """The ten scores (N, 10) of each image."""
    with evaluating(model):
        return recipe.scores(outputs(model, pixels(images, recipe.shape))).numpy()


def fit(recipe: Recipe, args: Namespace, folder: Path | None = None) -> Trained:
    """Train the network of the recipe as the options say, or until Ctrl-C, which loses nothing.

    The folder is that of the run, which goes on from its last checkpoint if there is one.
    """
    data = Mnist(*(array[: args.images] for array in load_mnist()))
    manual_seed(args.seed)
    model = recipe.build()
    digits = Digits(data.train_images, data.train_labels, recipe.shift, recipe.shape)
    loader = DataLoader(digits, args.batch, shuffle=True)
    images, labels = pixels(data.test_images, recipe.shape), as_tensor(data.test_labels.astype(np.int64))

    def evaluate() -> dict[str, float]:
        found = outputs(model, images)
        right = recipe.scores(found).numpy().argmax(-1) == data.test_labels
        return {"loss": recipe.loss(found, labels).item(), "accuracy": float(np.mean(right))}

    def show(_: Trainer) -> dict[str, str]:
        found = recipe.scores(model(images[:6])).numpy()
        names = [f"picture {i}: a {label}" for i, label in enumerate(data.test_labels[:6], 1)]
        return {name: f"{p.argmax()} ({p.max():.0%})" for name, p in zip(names, found)}

    optimizer, steps = recipe.optimizer(model.parameters(), lr=args.lr), args.steps or args.epochs * len(loader)
    schedule = OneCycleLR(optimizer, args.lr, steps, pct_start=0.2, cycle_momentum=False) if recipe.one_cycle else None
    trainer = Trainer(
        model,
        optimizer,
        lambda model, batch: recipe.loss(model(batch[0]), batch[1]),
        loader,
        steps=steps,
        scheduler=schedule,
        evaluate=evaluate,
        evaluate_every=len(loader),
        unit="images",
        folder=folder,
        on_evaluate=show,
        report=RunReport(f"Digits: {args.network}"),
        config={"network": args.network},
        settings={name: getattr(args, name) for name in OPTIONS},
        resume_hint=f"{command(args)} --resume",
    )
    start, cpu_start = time.perf_counter(), time.process_time()
    history = trainer.fit(resume=folder is not None and bool(checkpoint.steps(folder)))
    return Trained(model, data, loader, history, time.perf_counter() - start, time.process_time() - cpu_start)


def accuracies(history: History) -> list[tuple[int, float]]:
    """The number of steps and the accuracy on the test images, after each epoch and at the end."""
    found = [*zip(*history.column("held_out_accuracy"))]
    return found[1:] or found


def report(trained: Trained, confusion: np.ndarray, args: Namespace) -> dict[str, Any]:
    """The figures of a training. One seed gives one digest of the weights with one NumPy and kind of processor."""
    model, shares = trained.model, [share for _, share in accuracies(trained.history)]
    digest = hashlib.sha256()
    for parameter in model.parameters():
        digest.update(parameter.array.tobytes())
    return {
        "network": args.network,
        "shapes": {name: list(parameter.shape) for name, parameter in model.named_parameters()},
        "parameters": sum(parameter.numel() for parameter in model.parameters()),
        **{name: getattr(args, name) for name in ("seed", "epochs", "batch", "lr")},
        "steps": len(trained.history.column("loss")[0]),
        "seconds": round(trained.seconds, 1),
        "cpu_seconds": round(trained.cpu_seconds, 1),
        "test_images": int(confusion.sum()),
        "test_mistakes": int(confusion.sum() - np.trace(confusion)),
        "test_accuracy": shares[-1],
        "test_accuracy_after_epoch": shares,
        "confusion": confusion.tolist(),
        "weights_sha256": digest.hexdigest(),
        "machine": {
            "cores": os.cpu_count(),
            "blas_threads": os.environ["OPENBLAS_NUM_THREADS"],
            "python": platform.python_version(),
            "numpy": np.__version__,
        },
    }


def draw_step(model: Module, recipe: Recipe, loader: DataLoader, folder: Path) -> None:
    """The computation graph of one training step, with its values and gradients, as a picture and as a page."""
    images, labels = next(iter(loader))
    model.train()
    model.zero_grad()
    with trace():
        loss = recipe.loss(model(images), labels)
        loss.backward()
    names = {"images": images, "loss": loss}
    for file in ("graph.svg", "graph.html"):
        draw.save(loss, folder / file, names=names)


def learn(recipe: Recipe, folder: Path, args: Namespace) -> dict[str, Any]:
    """Train, report, draw."""
    trained = fit(recipe, args, folder)
    model, data, loader, history, seconds, cpu_seconds = trained
    found, losses = scores(model, recipe, data.test_images), history.column("loss")[1]
    confusion = np.zeros((10, 10), np.int64)
    np.add.at(confusion, (data.test_labels, found.argmax(-1)), 1)
    history.add(len(losses), held_out_accuracy=float(np.trace(confusion) / confusion.sum()))  # after Ctrl-C it is new
    figures = report(trained, confusion, args)
    (folder / "report.json").write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    print(
        f"{figures['parameters']:,} parameters, {figures['steps']:,} steps in {seconds:.1f} s "
        f"({cpu_seconds:.1f} s of processor time): "
        f"{figures['test_mistakes']:,} mistakes in {figures['test_images']:,} test images, "
        f"accuracy {figures['test_accuracy']:.2%}"
    )

    pictures.training(losses, accuracies(history), len(loader), folder / "training.png")
    pictures.confusion(confusion, folder / "confusion.png")
    pictures.mistakes(data.test_images, data.test_labels, found, recipe.score, folder / "mistakes.png")
    first = model.layers[0].weight.detach().numpy()
    pictures.first_layer(first.reshape(len(first), -1), folder / "first_layer.png")
    draw_step(model, recipe, loader, folder)
    for name, what in (
        (next(folder.glob(f"{WEIGHTS}.*")).name, "the trained weights"),
        ("report.html", "the course of the training, layer by layer"),
        ("report.json", "these figures and more"),
        ("training.png", "loss and accuracy"),
        ("confusion.png", "which digit is taken for which"),
        ("mistakes.png", "the most confident mistakes"),
        ("first_layer.png", "what the neurons of the first layer look for"),
        ("graph.svg", "the computation graph of one training step"),
        ("graph.html", "the same to look into, with its backward pass step by step: open it in a browser"),
    ):
        print(f"{folder / name}: {what}")
    return figures


def command(args: Namespace) -> str:
    """The command that trains the network of these options."""
    chosen = "" if args.network == "default" else f" --network {args.network}"
    return f"python -m demos.digits{chosen}" + (f" --out {args.out}" if args.out else "")


def read_weights(recipe: Recipe, base: Path, args: Namespace) -> Module:
    """The network with the weights of the latest run in `base`, or of the run whose folder that is.

    Raises ValueError that says which command trains them.
    """
    model, latest = recipe.build(), base / LATEST
    try:
        checkpoint.load_model((latest if latest.exists() else base) / WEIGHTS, model, {"network": args.network})
    except (OSError, RuntimeError, ValueError) as error:
        raise ValueError(f"{error}; this trains the network: {command(args)}") from error
    return model


def predict(recipe: Recipe, folder: Path, args: Namespace) -> np.ndarray:
    """Read the digit in a picture; print and draw the ten scores (10,), which are returned."""
    model = read_weights(recipe, folder, args)
    image = read_picture(args.predict)
    found = scores(model, recipe, image[None])[0]
    print(f"{args.predict}: {pictures.verdict(found, recipe.score)}\n")
    for digit, share in enumerate(found):
        print(f"  {digit} {share:6.1%} {'█' * round(50 * float(share))}")
    pictures.prediction(image, found, recipe.score, folder / "prediction.png")
    print(f"\n{folder / 'prediction.png'}: what the network saw, and what it made of it")
    return found


def options() -> Parser:
    """The options; `completed` fills in the defaults that depend on the network."""
    result = parser(__doc__)

    def add(name: str, text: str, **keywords: Any) -> None:
        values = [str(getattr(recipe, name[2:], "")) for recipe in RECIPES.values()]
        shown = f" ({', '.join(f'{name}: {n}' for name, n in zip(RECIPES, values))})" if values[0] else ""
        result.add_argument(name, default=SUPPRESS, help=text + shown, **keywords)

    result.add_argument("--network", choices=RECIPES, default="default", help="which network")
    add("--epochs", "passes over the training images", type=at_least(1))
    add("--steps", "updates of the weights, instead of whole passes", type=at_least(1))
    add("--batch", "images in a step", type=at_least(1))
    add("--lr", "learning rate", type=positive)
    add("--images", "train and test on only this many images, for a quick try", type=at_least(1))
    add("--predict", "read the digit in this picture instead of training", metavar="FILE.png")
    add("--out", "folder for the runs and their results (default: out/digits, or out/digits-NETWORK)", type=Path)
    return result


def completed(args: Namespace) -> tuple[Recipe, Namespace]:
    """The recipe that is asked for, and the options, where they were not given with its defaults."""
    recipe = RECIPES[args.network]
    own = {name: getattr(recipe, name) for name in ("epochs", "batch", "lr")}
    return recipe, Namespace(**{**own, "steps": None, "images": None, "predict": None, "out": None, **vars(args)})


def runs_in(args: Namespace) -> Path:
    """The folder of the runs of this network."""
    return getattr(args, "out", None) or Path("out", RECIPES[args.network].folder)


def work(args: Namespace) -> Any:
    """Train, or predict. Returns the figures of the training, or the ten scores of the picture."""
    recipe, args = completed(args)
    pyplot()  # if it is missing, fail before the work, not after it
    if args.predict is not None:
        return predict(recipe, runs_in(args), args)
    with run_folder(runs_in(args), args) as folder:
        return learn(recipe, folder, args)


def main(arguments: list[str] | None = None) -> Any:
    """Read the options, then train or predict."""
    return run_or_resume(options(), arguments, work, runs_in)


if __name__ == "__main__":
    main()
