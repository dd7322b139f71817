"""The readers of files that may come from anyone, with valid files for each; and what is wrong with how one reads."""

from __future__ import annotations

import gzip
import io
import json
import pickle
import struct
import sys
import tempfile
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import numpy as np
from PIL import Image

import autograd as ag
import nn
from demos.data.idx import read_idx
from demos.data.picture import read_picture
from demos.lab.page import ROOT, page_of
from demos.lab.results import FILE, Results
from demos.lab.variants import EXPERIMENTS, ORIGINAL
from demos.runs import in_checkpoint
from models.checkpoint import load_gpt, save_gpt
from models.config import GPTConfig
from models.gpt import GPT
from models.tokenizers import BPETokenizer, CharTokenizer, Tokenizer, WordTokenizer
from nn import checkpoint
from nn.report.comparison import compare
from nn.report.run import NAME
from nn.train import Trainer
from tests.fuzz.mutations import mutated
from tests.hostile.judge import Slow, limited

Files = dict[str, bytes]
TINY = GPTConfig(vocab_size=5, block_size=4, n_layer=1, n_head=1, n_embd=4)
STEP = "step-00000003.safetensors"
ROOM = 1 << 21  # bytes that a small file may take beside ten times its size: buffers, tables, the parts of a model


class Reader(NamedTuple):
    """What reads a path or a folder of files, the errors by which it refuses, valid files, and how much it may take."""

    read: Callable[[Path], Any]
    errors: tuple[type[Exception], ...]
    valid: list[Files]
    folder: bool = False
    most: int = 0  # bytes that it may take of a file of any size: of packed numbers, as its documentation says


def written(write: Callable[[Path], Any], *names: str) -> Files:
    """The files that `write(folder)` leaves."""
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder))
        return {name: Path(folder, name).read_bytes() for name in names}


def saved(suffix: str) -> Files:
    def write(folder: Path) -> None:
        ag.manual_seed(0)
        save_gpt(folder / f"file{suffix}", GPT(TINY), CharTokenizer("abcde"))

    return written(write, f"file{suffix}")


def pretrained() -> Files:
    ag.manual_seed(0)
    config = GPTConfig(257, 4, 1, 1, 4, bias=True, activation="gelu_tanh", tie=True)
    names = ("config.json", "model.safetensors", "tokenizer.json")
    tokenizer = BPETokenizer([], ["<|endoftext|>"])
    return written(lambda folder: GPT(config).save_pretrained(folder, tokenizer), *names)


def picture(mode: str) -> Files:
    pixels = np.full((24, 20), 255, np.uint8)
    pixels[5:18, 8:12] = 0
    out = io.BytesIO()
    Image.fromarray(pixels).convert(mode).save(out, "PNG")
    return {"file.png": out.getvalue()}


def pickled(value: Any) -> Files:
    out = io.BytesIO()
    ag.save(value, out)
    return {"file.pt": out.getvalue()}


def tokenizers() -> list[Files]:
    some = [CharTokenizer("abcde"), WordTokenizer.train("a b c, d.", unk="<unk>"), BPETokenizer.train("abab abab", 258)]
    return [{"file.json": json.dumps(t.state()).encode()} for t in some]


def trainer(folder: Path) -> Trainer:
    """A short training with a schedule and samples, whose run is in the folder."""
    ag.manual_seed(0)
    model = nn.Sequential(nn.Linear(2, 1), nn.Tanh())
    data = nn.data.TensorDataset(ag.ones(8, 2), ag.ones(8, 1))
    optimizer = nn.optim.Adam(model.parameters())
    return Trainer(
        model,
        optimizer,
        lambda model, batch: ((model(batch[0]) - batch[1]) ** 2).mean(),
        nn.data.DataLoader(data, 4, shuffle=True),
        steps=3,
        evaluate=lambda: {"loss": 1.0, "accuracy": 0.5},
        evaluate_every=2,
        on_evaluate=lambda trainer: {"one": "a <b> sample", "two": "another"},
        scheduler=nn.optim.lr_scheduler.LinearLR(optimizer),
        folder=folder,
        config={"width": 3},
        settings={"seed": 1, "text": None},
        quiet=True,
    )


def resumed(folder: Path) -> str:
    """The page of a run that is to go on."""
    run = trainer(folder)
    run.load()
    return run._report.page(run).html()


def run_of(*names: str) -> Files:
    return written(lambda folder: trainer(folder).fit(), *names)


def lab() -> Files:
    at = {"steps": [0, 4, 8], "loss": [2.5, None, 0.5], "accuracy": [0.0, 0.25, 0.5], "weights": 900, "stopped": None}
    runs = {variant.name: {"0": at, "1": {**at, "stopped": 5}} for variant in [ORIGINAL, *EXPERIMENTS[0].variants]}
    settings = {"experiments": [], "seed": 0, "steps": 8, "seeds": 2, "batch": 4}
    return written(Results(settings, runs).save, FILE)


IDX = struct.pack(">HBBII", 0, 8, 2, 5, 7) + bytes(35)
READERS = {
    "checkpoint": Reader(load_gpt, (checkpoint.CheckpointError,), [saved(".safetensors"), saved(".npz")]),
    "pickle": Reader(
        ag.load,
        (pickle.UnpicklingError,),
        [pickled({"a": ag.ones(2, 3), "b": [1, 2.5, "x", None]}), pickled((np.arange(5), {1: b"x"}, {2, 3}))],
    ),
    "idx": Reader(read_idx, (ValueError,), [{"file.idx": IDX}, {"file.gz": gzip.compress(IDX)}], most=1 << 28),
    "picture": Reader(read_picture, (ValueError,), list(map(picture, ["L", "RGB", "RGBA", "P", "1"])), most=400 << 20),
    "tokenizer": Reader(Tokenizer.load, (ValueError,), tokenizers()),
    "tokenizer of Hugging Face": Reader(
        BPETokenizer.from_pretrained, (ValueError, FileNotFoundError), [pretrained()], folder=True
    ),
    "model of Hugging Face": Reader(
        GPT.from_pretrained, (checkpoint.CheckpointError, FileNotFoundError), [pretrained()], folder=True
    ),
    "run to go on": Reader(resumed, (checkpoint.CheckpointError,), [run_of(STEP, NAME)], folder=True),
    "options of a run": Reader(in_checkpoint, (checkpoint.CheckpointError,), [run_of(STEP)], folder=True),
    "runs side by side": Reader(
        lambda folder: compare(folder, folder).html(), (ValueError,), [run_of("log.csv", NAME)], folder=True
    ),
    "lab": Reader(lambda folder: page_of(Results.load(folder), 0).html(), (ValueError,), [lab()], folder=True),
}


def spoiled(rng: Random, reader: Reader) -> Files:
    files = dict(rng.choice(reader.valid))
    name = rng.choice(list(files))
    files[name] = mutated(rng, name, files[name])
    return files


# What is opened while a reader is at work -----------------------------------------------------------------------------


class _Opened:
    paths: list[str] | None = None


def _note(event: str, args: tuple) -> None:
    if _Opened.paths is None:
        return
    if event == "open" and isinstance(args[0], (str, bytes)):
        _Opened.paths.append(str(args[0]))
    elif event.startswith(("os.remove", "os.rename", "os.mkdir", "os.symlink", "os.system", "subprocess", "socket")):
        _Opened.paths.append(f"{event} {args}")


sys.addaudithook(_note)


def fault(reader: Reader, files: Files, folder: Path, measured: bool = True) -> str | None:
    """What is wrong with how a reader takes these files, which are written into an empty folder; None if nothing is."""
    for name, content in files.items():
        (folder / name).write_bytes(content)
    path = folder if reader.folder else folder / next(iter(files))
    said = None
    opened: list[str] = []
    if measured:
        tracemalloc.start()
    try:
        with limited():
            _Opened.paths = opened
            reader.read(path)
    except Slow:
        return "it took too long"
    except reader.errors as error:
        said = str(error)
    except Exception as error:
        return f"{type(error).__name__}: {error!s:.200}"
    finally:
        _Opened.paths = None
        peak = tracemalloc.get_traced_memory()[1] if measured else 0
        tracemalloc.stop()
    if said is not None and str(folder) not in said:
        return f"the error does not name the file: {said:.200}"
    if said is not None and len(said) > 2000:
        return f"the error has {len(said)} characters: {said:.200}..."
    strange = [
        p for p in opened if not p.startswith((str(folder), str(ROOT), sys.prefix, sys.base_prefix)) and ".py" not in p
    ]
    if strange:
        return f"it opened {strange[0]}"
    most = max(10 * sum(map(len, files.values())) + ROOM, reader.most)
    return f"it took {peak:,} bytes, and {most:,} would be right" if peak > most else None
