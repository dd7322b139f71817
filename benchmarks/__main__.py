"""Measure every row beside whichever peers are installed: a table, and JSON and a chart in out/bench/.

A peer that lives in another environment is named by its interpreter, for instance BENCH_PYTHON_HIPS=/path/bin/python
(HIPS autograd has the name of our engine, so it needs one). Who cannot be imported is left out, and the table says so.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from pathlib import Path
from typing import Any

from benchmarks.rows import ROWS
from benchmarks.timing import OURS, ROOT, Result, Row, measure


def ratio(results: dict[str, Result], ours: str, peer: str) -> float | None:
    """Our median time over the peer's."""
    have = all(name in results and results[name].times for name in (ours, peer))
    return results[ours].median / results[peer].median if have else None


def best_of_ours(results: dict[str, Result]) -> str:
    """The variant that the limits are for: with the extra where it was measured."""
    return "fast" if "fast" in results and results["fast"].times else "numpy"


def lines(row: Row, results: dict[str, Result]) -> list[str]:
    """The row as text: a line a contender."""
    text = [row.name]
    ours = best_of_ours(results)
    reference = next((r.loss for r in results.values() if r.times), 0.0)
    for name, result in results.items():
        label = f"ours ({name})" if name in OURS else name
        if not result.times:
            text.append(f"    {label:16s} skipped: {result.missing}")
            continue
        low, high = (t / row.per for t in result.spread)
        line = f"    {label:16s} {result.median / row.per:9.3f} {row.unit:4s} [{low:.3f} to {high:.3f}]"
        share = None if name in OURS else ratio(results, ours, name)
        if share is not None:
            limit = row.at_most.get(name)
            verdict = "" if limit is None else f"   (to be at most {limit}: {'met' if share <= limit else 'MISSED'})"
            line += f"   ours / {name} = {share:.2f}{verdict}"
        if row.loss_within is not None and abs(result.loss - reference) > row.loss_within * max(abs(reference), 1e-3):
            line += f"   LOSS {result.loss:.6g}, not {reference:.6g}"
        text.append(line)
    return text


def record(row: Row, results: dict[str, Result]) -> dict[str, Any]:
    """The row for the JSON file, times in seconds."""
    contenders = {
        name: {
            "median": r.median,
            "quartiles": r.spread,
            "best": min(r.times),
            "steps": len(r.times),
            "first": r.first,
            "loss": r.loss,
            "peak_memory_mb": r.memory,
        }
        if r.times
        else {"skipped": r.missing}
        for name, r in results.items()
    }
    ours = best_of_ours(results)
    shares = {name: ratio(results, ours, name) for name in results if name not in OURS}
    return {"row": row.name, "contenders": contenders, "ratios": shares, "at_most": row.at_most}


def main() -> None:
    """Run the rows that were asked for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__.splitlines()[0])
    parser.add_argument("--rows", nargs="+", metavar="TEXT", help="only rows whose name has one of these in it")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="only these contenders, e.g. numpy fast torch")
    parser.add_argument("--quick", action="store_true", help="a quarter of the turns")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1, help="threads for everybody")
    parser.add_argument("--out", type=Path, default=ROOT / "out" / "bench", help="where JSON and chart go")
    args = parser.parse_args()
    chosen = [row for row in ROWS if not args.rows or any(t.lower() in row.name.lower() for t in args.rows)]
    if not chosen:
        sys.exit(f"no row has {' or '.join(args.rows)} in its name; there are: {', '.join(row.name for row in ROWS)}")
    records = []
    try:
        for row in chosen:
            turns = max(2, row.turns // 4) if args.quick else row.turns
            results = measure(row, args.threads, turns, args.only)
            print("\n".join(lines(row, results)), flush=True)
            records.append(record(row, results))
    except KeyboardInterrupt:
        print("stopped; what was measured is kept", file=sys.stderr)
    save(records, args.out, args.threads)


def save(records: list[dict[str, Any]], folder: Path, threads: int) -> None:
    """Write bench.json and, where matplotlib is installed, bench.png."""
    folder.mkdir(parents=True, exist_ok=True)
    machine = {"python": platform.python_version(), "machine": platform.machine(), "threads": threads}
    (folder / "bench.json").write_text(json.dumps({"machine": machine, "rows": records}, indent=1))
    print(f"wrote {folder / 'bench.json'}")
    try:
        from benchmarks.chart import draw
    except ImportError as error:
        print(f'no chart: {error}; pip install "chainrule[plot]"')
        return
    draw(records, folder / "bench.png")
    print(f"wrote {folder / 'bench.png'}")


if __name__ == "__main__":
    main()
