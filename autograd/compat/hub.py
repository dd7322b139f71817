"""`torch.hub` and `torch.utils.model_zoo`: weights are read from the folder of downloads; nothing is fetched."""

from __future__ import annotations

import os
import re
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import urlparse

from autograd.files import load as load_file

HASH_REGEX = re.compile(r"-([a-f0-9]*)\.")  # the digest in the name of a file of weights
_folder: Path | None = None


def get_dir() -> str:
    """The folder of what was downloaded: `set_dir`'s, or $TORCH_HOME/hub, or ~/.cache/torch/hub."""
    return str(_folder or Path(_get_torch_home(), "hub"))


def _get_torch_home() -> str:
    """The folder of all that PyTorch keeps: $TORCH_HOME, or ~/.cache/torch."""
    home = Path(os.environ.get("TORCH_HOME", Path(os.environ.get("XDG_CACHE_HOME", "~/.cache"), "torch")))
    return str(home.expanduser())


def __getattr__(name: str) -> Any:
    if name == "tqdm":  # which public programs import from here
        return import_module("tqdm").tqdm
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def set_dir(d: str | Path) -> None:
    """Choose the folder of what was downloaded."""
    global _folder
    _folder = Path(d).expanduser()


def load_state_dict_from_url(
    url: str,
    model_dir: str | Path | None = None,
    map_location: Any = None,
    progress: bool = True,
    check_hash: bool = False,
    file_name: str | None = None,
    weights_only: bool = True,
) -> Any:
    """The weights of that address, which were downloaded before; raises RuntimeError, with their place, if not."""
    file = Path(model_dir or Path(get_dir(), "checkpoints"), file_name or Path(urlparse(url).path).name)
    if not file.exists():
        raise RuntimeError(f"there are no downloads here: download {url} yourself and save it as {file}")
    return load_file(file, map_location=map_location, weights_only=weights_only)


def download_url_to_file(url: str, dst: str, hash_prefix: str | None = None, progress: bool = True) -> NoReturn:
    """Raises RuntimeError, which says where the file should be put."""
    raise RuntimeError(f"there are no downloads here: download {url} yourself and save it as {dst}")


load_url = load_state_dict_from_url


def load(repo_or_dir: str, model: str, *_: Any, **__: Any) -> NoReturn:
    """Raises RuntimeError: code of others is imported, not fetched."""
    raise RuntimeError(f"torch.hub downloads no code here: download {repo_or_dir} yourself and import {model} from it")
