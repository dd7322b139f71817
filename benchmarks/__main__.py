"""Measure every row with all installed libraries; print a table, and write Markdown, JSON and a chart to out/bench/.

A peer that lives in another environment is named by its interpreter, for instance BENCH_PYTHON_HIPS=/path/bin/python
(HIPS autograd has the name of our engine, so it needs one). Who cannot be imported is left out, and the table says so.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import platform
import sys
from pathlib import Path
from typing import Any

from benchmarks.rows import ROWS
from benchmarks.table import HEAD, best_of_ours, in_markdown, lines, ratio
from benchmarks.timing import OURS, ROOT, Result, Row, measure


def record(row: Row, results: dict[str, Result]) -> dict[str, Any]:
    """The row for the JSON file: times in seconds, other numbers in the row's unit."""
    contenders = {
        name: {
            "median": r.median,
            "quartiles": r.spread,
            "best": min(r.times),
            "steps": len(r.times),
            "first": r.first,
            "loss": None if math.isnan(r.loss) else r.loss,
            "peak_memory_mb": r.memory,
        }
        if r.times
        else {"skipped": r.missing}
        for name, r in results.items()
    }
    ours = best_of_ours(results)
    shares = {name: ratio(results, ours, name) for name in results if name not in OURS}
    return {
        "row": row.name,
        "unit": row.unit,
        "per": row.per,
        "contenders": contenders,
        "ratios": shares,
        "at_most": row.at_most,
    }


def main() -> None:
    """Run the rows that were asked for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__.splitlines()[0])
    parser.add_argument("--rows", nargs="+", metavar="TEXT", help="only rows whose name contains one of these")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="only these libraries, e.g. numpy fast torch")
    parser.add_argument("--quick", action="store_true", help="a quarter of the repetitions")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1, help="threads for each library")
    parser.add_argument(
        "--clock",
        choices=("wall", "cpu"),
        default="wall",
        help="cpu: seconds of processor time, for --threads 1 on a busy machine (not for imports)",
    )
    parser.add_argument("--out", type=Path, default=ROOT / "out" / "bench", help="where JSON and chart go")
    args = parser.parse_args()
    chosen = [row for row in ROWS if not args.rows or any(t.lower() in row.name.lower() for t in args.rows)]
    if not chosen:
        sys.exit(f"no row has {' or '.join(args.rows)} in its name; there are: {', '.join(row.name for row in ROWS)}")
    os.environ["BENCH_CLOCK"] = args.clock
    records: list[dict[str, Any]] = []
    table = [HEAD]
    try:
        for row in chosen:
            turns = max(2, row.turns // 4) if args.quick else row.turns
            results = measure(row, args.threads, turns, args.only)
            print("\n".join(lines(row, results)), flush=True)
            table += in_markdown(row, results)
            records.append(record(row, results))
    except KeyboardInterrupt:
        print("stopped; what was measured is kept", file=sys.stderr)
    save(records, table, args)


def save(records: list[dict[str, Any]], table: list[str], args: argparse.Namespace) -> None:
    """Write bench.json, table.md and, where matplotlib is installed, bench.png."""
    folder: Path = args.out
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "table.md").write_text("\n".join(table) + "\n")
    machine = {
        "python": platform.python_version(),
        "machine": platform.machine(),
        "threads": args.threads,
        "clock": args.clock,
        "load": os.getloadavg() if hasattr(os, "getloadavg") else None,
    }
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
