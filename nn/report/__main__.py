"""`python -m nn.report RUN RUN ... [--out FILE]`: training runs side by side on one page."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path

from nn.report.comparison import compare


def main(arguments: list[str] | None = None) -> None:
    """Write the page of the runs that are named."""
    parser = ArgumentParser(prog="python -m nn.report", description="Training runs side by side on one page.")
    parser.add_argument("runs", nargs="+", metavar="RUN", type=Path, help="the folder of a run, such as out/text/run-1")
    parser.add_argument("--out", type=Path, default=Path("compare.html"), help="the page (default: %(default)s)")
    args = parser.parse_args(arguments)
    try:
        print(f"{compare(*args.runs).save(args.out)}: open it in a browser")
    except (OSError, ValueError) as error:
        parser.exit(2, f"{parser.prog}: {error}\n")


if __name__ == "__main__":
    main()
