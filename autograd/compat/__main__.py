"""Check or run programs written for PyTorch.

python -m autograd.compat FILE.py ...            list the names that each file would miss, by line; exit code 1 if any,
                                                 2 if a file cannot be read
python -m autograd.compat --run FILE.py args...  run the file, with `import torch` finding this library
"""

from __future__ import annotations

import os
import runpy
import sys
from importlib import import_module

from autograd.compat import WHERE
from autograd.compat.check import code, misses
from autograd.compat.importing import serve_torch


def run(file: str, args: list[str]) -> None:
    """Run a program as `python FILE args` would, with our names under the name torch."""
    if not os.path.exists(file):
        sys.exit(f"there is no file {file!r}")
    import_module("nn.layers")  # before a file of the program's of that name could be found
    serve_torch()
    sys.argv = [file, *args]
    sys.path[0] = os.path.dirname(os.path.abspath(file))
    runpy.run_path(file, run_name="__main__")


def check(files: list[str]) -> int:
    """Print what each program would miss. Returns 1 if anything is missing, 2 if a file cannot be read, else 0."""
    missing, unread = 0, False
    for file in files:
        try:
            with open(file, encoding="utf-8") as f:
                found = misses(code(f.read(), file.endswith(".ipynb")))
        except (OSError, UnicodeDecodeError, SyntaxError, ValueError) as error:
            print(f"{file} cannot be read: {getattr(error, 'strerror', None) or error}")
            unread = True
            continue
        for line, name in found:
            print(f"{file}:{line}: {name}")
        missing += len(found)
    if missing:
        print(f"these names are not here; {WHERE}")
    elif not unread:
        print("every name is here")
    return 2 if unread else int(bool(missing))


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["--run", file, *args]:
            run(file, args)
        case ["-h" | "--help"]:
            print((__doc__ or "").strip())
        case [first, *_] if not first.startswith("-"):
            sys.exit(check(sys.argv[1:]))
        case _:
            sys.exit((__doc__ or "").strip())
