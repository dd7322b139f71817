"""Models in the files of Hugging Face's `transformers`, config.json and model.safetensors, read and written."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from reprlib import repr as short
from typing import Any

import numpy as np

from autograd import as_tensor
from autograd.errors import require
from autograd.files import replacing
from models import weights
from models.formats import from_theirs, parts, to_theirs
from models.tokenizers import BPETokenizer
from models.tokenizers.bpe_files import END_OF_TEXT, write_text
from nn import init
from nn.checkpoint import CheckpointError

CONFIG, WEIGHTS, INDEX = "config.json", "model.safetensors", "model.safetensors.index.json"
PICKLES = ("pytorch_model.bin", "pytorch_model.bin.index.json")
DOWNLOADED = [CONFIG, WEIGHTS, INDEX, "model-*.safetensors", "tokenizer.json", "vocab.json", "merges.txt"]


# Reading --------------------------------------------------------------------------------------------------------------


def load(source: str | os.PathLike[str], make: type[Any], **changes: Any) -> Any:
    """The model `make(config)` of a folder, or of a name on Hugging Face's hub, in evaluation mode and float32.

    `changes` are fields of the GPTConfig that shall be others. Weights are mapped into memory where they are as in the
    file. A folder may come from anyone: nothing in it is run, no size in it is believed, and no file outside is opened
    but by links in it. Raises FileNotFoundError where files are missing, ImportError that names the extra where a
    package is, and CheckpointError, with the reason, for a model of another kind.
    """
    folder = located(source)
    try:
        kind, config = from_theirs(_json(folder / CONFIG), changes)
    except ValueError as error:
        raise CheckpointError(f"{folder / CONFIG}: {error!s:.500}") from error
    stored = weights.entries(_files(folder))
    found = {name.removeprefix(kind.prefix): entry for name, entry in stored.items()}
    if len(found) < len(stored):
        raise CheckpointError(f"{folder} has tensors both with and without the prefix {kind.prefix}")
    found = {name: entry for name, entry in found.items() if not kind.ignored.fullmatch(name)}
    if config.n_layer > len(found):
        raise CheckpointError(
            f"{folder} has {len(found)} tensors, too few for the {short(config.n_layer)} layers of its config"
        )
    try:
        config.check_size(sum(int(np.prod(entry.shape, dtype=object)) for entry in found.values()))
    except ValueError as error:
        raise CheckpointError(f"{folder}: {error!s:.300}") from error
    with init.empty_weights():
        model = make(config)
    needed = list(parts(kind, config, model))
    if config.tie:
        found.pop("lm_head.weight", None)
    _check(folder, {part.name: part.shape for _, some in needed for part in some}, found)
    for parameter, some in needed:
        arrays = [weights.read(part.name, found[part.name]) for part in some]
        arrays = [np.ascontiguousarray(array.T) if some[0].transposed else array for array in arrays]
        parameter.data = as_tensor(arrays[0] if len(arrays) == 1 else np.concatenate(arrays))
    return model.eval()


def located(source: str | os.PathLike[str]) -> Path:
    """The folder, or the one that a name on Hugging Face's hub is downloaded to."""
    if os.path.isdir(source):
        return Path(source)
    name = os.fspath(source)
    if not re.fullmatch(r"[\w.-]+(/[\w.-]+)?", name) or name.startswith("."):
        raise FileNotFoundError(f"there is no folder {name}, and no model on Hugging Face's hub can have that name")
    try:
        hub = require("huggingface_hub", "hub")
    except ImportError as error:
        raise ImportError(f"there is no folder {name}; to download a model of that name, {error}") from error
    try:
        return Path(hub.snapshot_download(name, allow_patterns=DOWNLOADED))
    except (OSError, ValueError) as error:
        reason = str(error).partition("\n")[0]
        raise FileNotFoundError(
            f"there is no folder {name}, and no such model could be downloaded: {reason}"
        ) from error


def _json(path: Path) -> dict[str, Any]:
    if not path.exists():
        raise FileNotFoundError(f"there is no {path.name} in {path.parent}: name a folder with a Hugging Face model")
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise CheckpointError(f"{path} is not JSON: {error}") from error
    if not isinstance(content, dict):
        raise CheckpointError(f"{path} is not a JSON object")
    return content


def _files(folder: Path) -> list[Path]:
    """The files with the weights: one, or those that the index names, which must lie in the folder."""
    if (folder / WEIGHTS).exists():
        return [folder / WEIGHTS]
    if not (folder / INDEX).exists():
        if any((folder / name).exists() for name in PICKLES):
            raise CheckpointError(
                f"{folder} has its weights in pickles, which are not read, since a pickle can run any code. If you "
                "trust it, transformers converts it: "
                "AutoModelForCausalLM.from_pretrained(folder).save_pretrained(folder)"
            )
        raise FileNotFoundError(f"there is neither {WEIGHTS} nor {INDEX} in {folder}")
    table = _json(folder / INDEX).get("weight_map")
    names = set(table.values()) if isinstance(table, dict) and all(isinstance(v, str) for v in table.values()) else None
    if not names:
        raise CheckpointError(f"{folder / INDEX} has no weight_map from tensors to files")
    for name in sorted(names):
        if not re.fullmatch(r"[\w-][\w.-]*\.safetensors", name):
            raise CheckpointError(
                f"{folder / INDEX} names {name!r:.80}, which is not the name of a file in that folder"
            )
        if not (folder / name).exists():
            raise FileNotFoundError(f"there is no {name} in {folder}, which {INDEX} names")
    return [folder / name for name in sorted(names)]


def _check(folder: Path, needed: dict[str, tuple[int, ...]], found: dict[str, weights.Entry]) -> None:
    """Raise CheckpointError unless there are these tensors, of these shapes, and no others."""
    wrong = [name for name in needed.keys() & found.keys() if needed[name] != found[name].shape]
    shapes = [f"{name} is {found[name].shape}, not {needed[name]}" for name in sorted(wrong)]
    problems = {
        "missing": sorted(needed.keys() - found.keys()),
        "not of this model": sorted(found.keys() - needed.keys()),
        "of other shapes": shapes,
    }
    said = [
        f"{len(names)} {what}: {', '.join(f'{name:.80}' for name in names[:3])}{', ...' if len(names) > 3 else ''}"
        for what, names in problems.items()
        if names
    ]
    if said:
        raise CheckpointError(f"the tensors of {folder} do not match its config: {'; '.join(said)}")


# Writing --------------------------------------------------------------------------------------------------------------


def save(folder: str | os.PathLike[str], model: Any, tokenizer: BPETokenizer | None = None) -> None:
    """Write config.json, model.safetensors and the files of the tokenizer, from which `transformers` reads all of it.

    Raises ValueError for a model that is of none of the formats.
    """
    library = require("safetensors.numpy", "safetensors")
    kind, content = to_theirs(model.config)
    end = None if tokenizer is None else tokenizer.special.get(END_OF_TEXT)
    content |= {"bos_token_id": end, "eos_token_id": end, "dtype": str(next(model.parameters()).array.dtype)}
    arrays = {}
    for parameter, some in parts(kind, model.config, model):
        pieces = np.split(parameter.array, np.cumsum([part.rows for part in some])[:-1])
        for part, piece in zip(some, pieces, strict=True):
            prefix = "" if part.name.startswith("lm_head") else kind.prefix
            arrays[prefix + part.name] = np.ascontiguousarray(piece.T if part.transposed else piece)
    Path(folder).mkdir(parents=True, exist_ok=True)
    with replacing(Path(folder, WEIGHTS)) as file:
        file.write(library.save(arrays, metadata={"format": "pt"}))
    write_text(Path(folder, CONFIG), json.dumps(content, indent=2))
    if tokenizer is not None:
        tokenizer.save_pretrained(folder)
