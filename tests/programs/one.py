"""One program with one library, in a process of its own: python -m tests.programs.one LIBRARY FOLDER PROGRAM.

LIBRARY is torch, ours, or nudged: PyTorch with draws that are changed in the last digit, and with other kernels.
It writes the losses (what `backward` is called on) into FOLDER/LIBRARY.json, and ends after STEPS of them, which is
a variable of its environment.
Where a program never calls `backward`, its losses are the first 100 numbers of tensors that it asks for by `item()` or
prints.
"""

from __future__ import annotations

import builtins
import collections.abc
import json
import os
import random
import re
import sys
import traceback
from functools import wraps
from importlib import import_module, metadata
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from tests.programs import tape

STAND_INS = Path(__file__).parent / "stand_ins"


class Enough(BaseException):
    """As many steps as asked for were made."""


def code_of(path: Path) -> str:
    """A program, or the cells of a notebook or of a chapter in Markdown, without the lines that are IPython's."""
    if path.suffix == ".ipynb":
        cells = ["".join(c["source"]) for c in json.loads(path.read_text())["cells"] if c["cell_type"] == "code"]
    elif path.suffix == ".md":
        cells = re.findall(r"^```\{\.python \.input[^\n]*\n(.*?)^```", path.read_text(), re.MULTILINE | re.DOTALL)
        cells = [
            cell for cell in cells if re.search(r"^(%%|#@)tab .*(pytorch|all)", cell) or not re.match(r"%%|#@", cell)
        ]
    else:
        return path.read_text()
    return "\n".join(re.sub(r"^(\s*)(%+[a-z]|!).*$", r"\1pass", cell, flags=re.MULTILINE) for cell in cells)


def remember() -> None:
    """Put back the names that Python and NumPy have taken away since older programs were written."""
    collections.Iterable = collections.abc.Iterable  # type: ignore[attr-defined]
    older = {"int": int, "float": float, "object": object, "unicode_": np.str_, "in1d": np.isin}
    older |= {"product": np.prod, "cumproduct": np.cumprod}
    for name, value in older.items():
        setattr(np, name, value)


def seeded(draw: Any) -> Any:
    """A generator of NumPy's, or the source of one, that without a seed has the seed 0."""

    def made(*args: Any, **kwargs: Any) -> Any:
        given = [value for value in (*args, *kwargs.values()) if value is not None]
        return draw(*args, **kwargs) if given else draw(0)

    return made


class tab:  # noqa: N801 - the name in chapters of d2l
    """Which of its libraries a chapter is read for."""

    selected = staticmethod(lambda *names: "pytorch" in names)
    interact_select = staticmethod(lambda *names: None)


class Empty(ModuleType):
    """A module that the program imports and does not need here; whatever it has does nothing."""

    __path__: list[str] = []

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return lambda *args, **kwargs: None


def version(name: str) -> str:
    """The version of an installed package; stand-ins have the version 0."""
    return metadata.distribution(name).version if any(metadata.distributions(name=name)) else "0"


def in_float64(torch: Any) -> None:
    """Let a program compute in float64 where it says nothing, or float32."""
    torch.set_default_dtype(torch.float64)
    torch.float32 = torch.float = torch.float64
    torch.FloatTensor = torch.DoubleTensor
    torch.Tensor.float, torch.nn.Module.float = torch.Tensor.double, torch.nn.Module.double
    for name in ("tensor", "as_tensor", "from_numpy"):
        setattr(torch, name, of_double(getattr(torch, name)))


def of_double(make: Any) -> Any:
    """A maker of tensors that takes arrays of float32 as float64."""

    def made(data: Any, *args: Any, **kwargs: Any) -> Any:
        single = isinstance(data, np.ndarray) and data.dtype == np.float32
        return make(data.astype(np.float64) if single else data, *args, **kwargs)

    return made


def main() -> int:
    """Run it; exit code 1 where the program fails."""
    library, folder, program, *arguments = sys.argv[1:]
    steps = int(os.environ["STEPS"])
    losses: list[float] = []
    items: list[float] = []
    within = False  # `backward`
    if library == "ours":
        from autograd.compat import importing

        importing.serve_torch()
    import torch

    if library != "ours":
        torch.set_num_threads(1)
        torch.backends.mkldnn.enabled = library == "torch"  # nudged: other kernels as well
        torch.storage._storage_type_to_dtype_map()  # cached, from the dtypes as they are
        torch.bfloat16 = torch.float32  # as ours has it
        torch.Tensor.bfloat16, torch.nn.Module.bfloat16 = torch.Tensor.float, torch.nn.Module.float
    recorder = tape.Tape(Path(folder) / "tape", library == "torch", nudge=2e-7 * (library == "nudged"))
    tape.patch(torch, recorder)
    if os.environ.get("DTYPE") == "float64":  # after the patches, since it loads the layers, which keep their functions
        in_float64(torch)
    backward, item = torch.Tensor.backward, torch.Tensor.item

    def counted(self: Any, *args: Any, **kwargs: Any) -> None:
        nonlocal within
        if within:  # with a default device, PyTorch calls this once more from its own `backward`
            return backward(self, *args, **kwargs)
        losses.append(float(self.detach().sum()))
        within = True
        try:
            backward(self, *args, **kwargs)
        finally:
            within = False
        if len(losses) >= steps:
            raise Enough

    def seen(self: Any) -> Any:
        if sys._getframe(1).f_globals["__name__"].partition(".")[0] not in ("torch", "autograd", "nn"):
            items.append(float(item(self)))
        return item(self)

    write = builtins.print

    @wraps(write)
    def shown(*args: Any, **kwargs: Any) -> None:
        for tensor in args:
            if isinstance(tensor, torch.Tensor) and not tensor.is_complex():
                items.extend(map(float, tensor.detach().flatten()[:20].tolist()))
        write(*args, **kwargs)

    torch.Tensor.backward, torch.Tensor.item, builtins.print = counted, seen, shown
    random.seed(0)
    np.random.seed(0)
    np.random.default_rng, np.random.SeedSequence = map(seeded, (np.random.default_rng, np.random.SeedSequence))
    torch.manual_seed(0)
    sys.argv = [program, *arguments]
    sys.path[:0] = [str(STAND_INS), str(Path(program).parent.absolute()), os.getcwd()]
    sys.modules["torch.utils.tensorboard"] = import_module("tensorboardX")
    sys.modules.update({name: Empty(name) for name in os.environ.get("EMPTY", "").split(",") if name})
    metadata.version = version
    sys.modules["tqdm.notebook"] = import_module("tqdm")
    remember()
    os.environ["PATH"] = f"{STAND_INS / 'bin'}:{os.environ['PATH']}"
    builtins.tab = tab  # type: ignore[attr-defined]
    builtins.display = lambda *args, **kwargs: None  # type: ignore[attr-defined] # IPython's
    module = sys.modules["__main__"] = ModuleType("__main__")
    module.__file__ = program
    error = ""
    try:
        exec(compile(code_of(Path(program)), program, "exec"), module.__dict__)
    except (Enough, SystemExit):
        pass
    except BaseException:
        error = traceback.format_exc()
    recorder.save()
    left = len(recorder.draws) - recorder.next if library == "ours" else 0
    report = {"losses": losses or items[:100], "error": error, "unused draws": left}
    Path(folder, f"{library}.json").write_text(json.dumps(report))
    return bool(error)


if __name__ == "__main__":
    sys.exit(main())
