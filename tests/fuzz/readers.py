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
from demos.data.idx import read_idx
from demos.data.picture import read_picture
from models.checkpoint import load_gpt, save_gpt
from models.config import GPTConfig
from models.gpt import GPT
from models.tokenizers import BPETokenizer, CharTokenizer, Tokenizer, WordTokenizer
from nn import checkpoint
from tests.fuzz.mutations import mutated
from tests.hostile.judge import Slow, limited

Files = dict[str, bytes]
TINY = GPTConfig(vocab_size=5, block_size=4, n_layer=1, n_head=1, n_embd=4)
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
    strange = [p for p in opened if not p.startswith((str(folder), sys.prefix, sys.base_prefix)) and ".py" not in p]
    if strange:
        return f"it opened {strange[0]}"
    most = max(10 * sum(map(len, files.values())) + ROOM, reader.most)
    return f"it took {peak:,} bytes, and {most:,} would be right" if peak > most else None
