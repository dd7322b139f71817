"""Damaged files for one reader, which atheris changes so that they reach more of its code: it knows what ran.

`python -m tests.fuzz.with_atheris READER SECONDS`, where the package atheris is installed. A file that is found is
written to the current folder.
"""

import os
import sys
import tempfile
from pathlib import Path

import atheris

os.environ["CHAINRULE_KERNELS"] = "numpy"  # Numba cannot compile what is instrumented
with atheris.instrument_imports(
    include=["autograd.files", "autograd.unpickle", "nn", "models", "demos", "json", "zipfile"]
):
    from tests.fuzz.readers import READERS, fault


def main(name: str, seconds: str) -> None:
    """Fuzz the first file of each of the reader's valid inputs; the others stay as they are."""
    reader = READERS[name]
    folder = Path(tempfile.mkdtemp(dir="/dev/shm" if Path("/dev/shm").is_dir() else None))
    corpus = folder / "corpus"
    corpus.mkdir()
    for i, files in enumerate(reader.valid):
        (corpus / str(i)).write_bytes(next(iter(files.values())))

    def test(data: bytes) -> None:
        files = {**reader.valid[0], next(iter(reader.valid[0])): data}
        if (what := fault(reader, files, folder, measured=False)) is not None:
            raise RuntimeError(what)

    atheris.Setup([sys.argv[0], f"-max_total_time={seconds}", "-max_len=20000", str(corpus)], test)
    atheris.Fuzz()


if __name__ == "__main__":
    main(*sys.argv[1:])
