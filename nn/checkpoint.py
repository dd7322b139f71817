"""A model and all that it needs in one file: weights, config, tokenizer, and the state of its training."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import MISSING, asdict, fields, is_dataclass
from pathlib import Path
from reprlib import repr as short
from typing import Any, BinaryIO

import numpy as np

from autograd import Tensor, is_tensor
from nn import tensor_files
from nn.module import Module
from nn.tensor_files import CheckpointError as CheckpointError

try:
    import fcntl
except ImportError:  # on Windows, where nothing keeps two runs from one folder
    fcntl = None  # type: ignore[assignment]

FORMAT = "chainrule-checkpoint"
VERSION = 2


def save(
    path: str | Path, model: Module, *, config: Any = None, tokenizer: Mapping[str, Any] | None = None, **more: Any
) -> Path:
    """Write a checkpoint. An existing file is replaced as a whole, or, if writing fails, not at all.

    The path ends in .safetensors or .npz, or gets the suffix that can be written; it is returned. `config` holds the
    fields that the model is made from, as a dataclass or a dict, and `tokenizer` the state of its tokenizer. They and
    `more` consist of plain values, tensors, arrays and containers of them.
    """
    path = tensor_files.complete(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    head = {"format": FORMAT, "version": VERSION, "config": plain(config), "tokenizer": tokenizer}
    tensor_files.write(path, {**head, "model": model.state_dict(), **more})
    return path


def load(path: str | Path) -> dict[str, Any]:
    """What `save` wrote: a dict with "model" (a state_dict), "config", "tokenizer" and the rest.

    The file may come from anyone: no code in it is run, and no size in it is believed.

    Raises FileNotFoundError if there is no such file, and CheckpointError, with the reason, if it is damaged or
    something else.
    """
    path = tensor_files.complete(path)
    if not path.exists():
        raise FileNotFoundError(f"there is no checkpoint {path}: train a model first, or name another file")
    state = tensor_files.read(path)
    if not isinstance(state, dict) or not _equal(state.get("format"), FORMAT):
        raise CheckpointError(f"{path} is not a checkpoint of this program")
    if not _equal(state.get("version"), VERSION):
        raise CheckpointError(f"{path} has version {short(state.get('version'))}; this program reads version {VERSION}")
    model, config = state.get("model"), state.get("config")
    if not isinstance(model, dict) or not all(map(is_tensor, model.values())) or not isinstance(config, dict | None):
        raise CheckpointError(f'{path} is damaged: "model" should be a dict of tensors, and "config" a dict or None')
    return {"tokenizer": None, **state, "config": config}


def load_model(path: str | Path, model: Module, config: Any) -> dict[str, Any]:
    """Load a checkpoint, and its weights into `model`, whose `config` must be the one that was saved with them."""
    state = load(path)
    check_config(f"{path} is the checkpoint of another model", state["config"], config)
    model.load_state_dict(state["model"])
    return state


def plain(config: Any) -> dict[str, Any] | None:
    """The fields of a config, which is a dataclass, a mapping or None."""
    return asdict(config) if is_dataclass(config) and not isinstance(config, type) else config and dict(config)


def check_config(finding: str, old: Mapping[str, Any] | None, new: Any) -> None:
    """`check_same` of a saved config and one of today. Fields that an earlier version did not have had the defaults."""
    known = fields(new) if is_dataclass(new) else ()
    defaults = {field.name: field.default for field in known if field.default is not MISSING}
    check_same(finding, old and {**defaults, **old}, plain(new))


def check_same(finding: str, old: Mapping[str, Any] | None, new: Mapping[str, Any] | None) -> None:
    """Raise CheckpointError, with the finding and what differs, unless both have the same values."""
    old, new = old or {}, new or {}
    differing = [key for key in {**old, **new} if not _equal(old.get(key), new.get(key))]
    changes = [f"{key!s:.50} was {short(old.get(key))} and is now {short(new.get(key))}" for key in differing]
    if len(changes) > 6:
        changes[6:] = [f"and {len(changes) - 6} more"]
    if changes:
        raise CheckpointError(f"{finding}: {'; '.join(changes)}")


def _equal(a: Any, b: Any) -> bool:
    """Whether two values of a checkpoint are the same: arrays, which may lie in lists, element by element."""
    if isinstance(a, (list, tuple)) and isinstance(b, (list, tuple)):
        return type(a) is type(b) and len(a) == len(b) and all(map(_equal, a, b))
    if isinstance(a, Mapping) and isinstance(b, Mapping):
        return a.keys() == b.keys() and all(_equal(a[key], b[key]) for key in a)
    arrays = [isinstance(value, (Tensor, np.ndarray)) for value in (a, b)]
    if any(arrays):
        return all(arrays) and np.array_equal(np.asarray(a), np.asarray(b))
    return a == b


# The checkpoints of a run ---------------------------------------------------------------------------------------------


def save_step(folder: Path, step: int, keep: int, model: Module, **more: Any) -> None:
    """Write the checkpoint of a step into the folder of a run, and remove those before the last `keep`."""
    save(folder / f"step-{step:08}", model, **more)
    earlier = [file for file in steps(folder) if _number(file) < step]
    for file in earlier[: 1 - keep or None]:
        file.unlink()


def steps(folder: str | Path) -> list[Path]:
    """The checkpoints of the steps of a run, the last one at the end."""
    suffixes = (tensor_files.SAFETENSORS, tensor_files.NPZ)
    files = [file for file in Path(folder).glob("step-*") if file.suffix in suffixes and file.stem[5:].isdecimal()]
    return sorted(files, key=_number)


def holds_run(folder: str | Path) -> bool:
    """Whether a run has left something in the folder that another one would replace."""
    return bool(steps(folder)) or any(Path(folder).glob("weights.*"))


def _number(file: Path) -> int:
    return int(file.stem[5:])


def load_newest(folder: str | Path, say: Callable[[str], Any] = print) -> dict[str, Any]:
    """The last checkpoint of a run, or, if it is damaged, which `say` is told, the one before it."""
    files = steps(folder)
    if not files:
        raise FileNotFoundError(f"there is no checkpoint in {folder}: train a model first, or name another folder")
    for file in reversed(files):
        try:
            return load(file)
        except CheckpointError as error:
            say(f"{error}; this program goes back to the checkpoint before it")
    raise CheckpointError(f"none of the {len(files)} checkpoints in {folder} can be read: train again")


_locks: set[BinaryIO] = set()
if fcntl is not None:  # a worker process that outlives the run for a moment must not hold its locks
    os.register_at_fork(after_in_child=lambda: [file.close() for file in _locks])


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """A context in which no other run writes into the folder, which is made if needed; the lock ends with its process.

    What a killed process was writing is removed. Raises CheckpointError if there is another run.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / ".lock", "ab") as file:
        if fcntl is not None:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                message = f"another run is writing into {folder}: wait for its end, or choose another folder"
                raise CheckpointError(message) from None
        _locks.add(file)
        try:
            for draft in folder.glob(".*.part"):
                draft.unlink()
            yield
        finally:
            _locks.discard(file)
            if fcntl is not None:
                fcntl.flock(file, fcntl.LOCK_UN)
