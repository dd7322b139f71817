"""One program with one library, in a process of its own: python -m tests.programs.one LIBRARY FOLDER STEPS PROGRAM.

LIBRARY is torch, ours, or nudged: PyTorch with draws that are changed in the last digit.
It writes the losses (what `backward` is called on) into FOLDER/LIBRARY.json, and ends after STEPS of them.
"""

from __future__ import annotations

import json
import os
import random
import sys
import traceback
from pathlib import Path
from typing import Any

import numpy as np

from tests.programs import tape

STAND_INS = Path(__file__).parent / "stand_ins"


class Enough(BaseException):
    """As many steps as asked for were made."""


def code_of(path: Path) -> str:
    """A program, or the cells of a notebook without the lines that are IPython's."""
    if path.suffix != ".ipynb":
        return path.read_text()
    cells = json.loads(path.read_text())["cells"]
    sources = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    return "\n".join(
        line for source in sources for line in source.split("\n") if not line.lstrip().startswith(("%", "!"))
    )


def main() -> int:
    """Run it; exit code 1 where the program fails."""
    library, folder, steps, program, *arguments = sys.argv[1:]
    losses: list[float] = []
    if library == "ours":
        from autograd.compat import importing

        importing.serve_torch()
    import torch

    if library != "ours":
        torch.set_num_threads(1)
    recorder = tape.Tape(Path(folder) / "tape", library == "torch", nudge=2e-7 * (library == "nudged"))
    tape.patch(torch, recorder)
    backward = torch.Tensor.backward

    def counted(self: Any, *args: Any, **kwargs: Any) -> None:
        losses.append(float(self.detach().sum()))
        backward(self, *args, **kwargs)
        if len(losses) >= int(steps):
            raise Enough

    torch.Tensor.backward = counted
    random.seed(0)
    np.random.seed(0)
    torch.manual_seed(0)
    sys.argv = [program, *arguments]
    sys.path[:0] = [str(STAND_INS), os.getcwd()]
    error = ""
    source = code_of(Path(program))
    try:
        exec(compile(source, program, "exec"), {"__name__": "__main__", "__file__": program})
    except (Enough, SystemExit):
        pass
    except BaseException:
        error = traceback.format_exc()
    recorder.save()
    left = len(recorder.draws) - recorder.next if library == "ours" else 0
    Path(folder, f"{library}.json").write_text(json.dumps({"losses": losses, "error": error, "unused draws": left}))
    return bool(error)


if __name__ == "__main__":
    sys.exit(main())
