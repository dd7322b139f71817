"""Damaged files for all readers: one clear error each, no crash, no hang, little memory, nothing opened outside.

What is found is written to --found. `tests.fuzz.with_atheris` does the same with inputs that coverage guides.
"""

import argparse
import hashlib
import multiprocessing
import tempfile
import warnings
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from random import Random
from typing import Any

from tests.fuzz.readers import READERS, Files, fault, spoiled

STEP = 500


def one(name: str, seed: int, folder: Path) -> tuple[Files, str | None]:
    """The input of this seed, and what is wrong with how it is read. Memory is measured for one of ten."""
    files = spoiled(Random(seed), READERS[name])
    return files, fault(READERS[name], files, folder, measured=seed % 10 == 0)


def many(job: tuple[str, int]) -> tuple[str, int, list[tuple[int, Files, str]]]:
    name, start = job
    warnings.simplefilter("ignore")
    found = []
    with tempfile.TemporaryDirectory(dir="/dev/shm" if Path("/dev/shm").is_dir() else None) as folder:
        for seed in range(start, start + STEP):
            files, what = one(name, seed, Path(folder))
            if what is not None:
                found.append((seed, files, what))
    return name, STEP, found


def keep(folder: Path, name: str, files: Files) -> None:
    digest = hashlib.sha256(repr(sorted(files.items())).encode()).hexdigest()[:12]
    place = folder / name.replace(" ", "-") / digest
    place.mkdir(parents=True, exist_ok=True)
    for file, content in files.items():
        (place / file).write_bytes(content)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1_000_000, help="inputs, for all readers together")
    parser.add_argument("--start", type=int, default=0, help="the first seed: go on where an earlier run ended")
    parser.add_argument("--workers", type=int, default=multiprocessing.cpu_count())
    parser.add_argument("--reader", choices=READERS, help="this one alone")
    parser.add_argument("--found", type=Path, default=Path("out/fuzz"))
    args = parser.parse_args()
    names = [args.reader] if args.reader else list(READERS)
    rounds = range(args.start, args.start + -(-args.count // len(names)), STEP)
    jobs = [(name, seed) for seed in rounds for name in names]
    counts: Counter[str] = Counter()
    kinds: dict[tuple[str, str], int] = {}
    # where a worker dies this pool ends with BrokenProcessPool, and multiprocessing's waits
    with ProcessPoolExecutor(args.workers, multiprocessing.get_context("spawn")) as pool:
        done: Any = pool.map(many, jobs)
        for i, (name, count, found) in enumerate(done, start=1):
            counts[name] += count
            for seed, files, what in found:
                kind = (name, what[:60])
                kinds[kind] = kinds.get(kind, 0) + 1
                if kinds[kind] == 1:
                    keep(args.found, name, files)
                    print(f"{name}, seed {seed}: {what}", flush=True)
            if i % 100 == 0:
                print(f"# {sum(counts.values()):,} inputs, {sum(kinds.values())} found", flush=True)
    print(f"# {dict(counts)}: {sum(counts.values()):,} inputs; found: {kinds or 'nothing'}")
    raise SystemExit(bool(kinds))


if __name__ == "__main__":
    main()
