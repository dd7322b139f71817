"""What several demos share: the folder for their results, plotting without a screen, and their common options."""

import argparse
from pathlib import Path
from types import ModuleType


def out_dir(name: str) -> Path:
    """The folder `out/NAME` below the current one, made if needed."""
    folder = Path("out", name)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def pyplot() -> ModuleType:
    """matplotlib.pyplot, which draws into files and needs no screen. Raises ImportError that names the extra."""
    try:
        import matplotlib
    except ImportError as error:
        raise ImportError('the pictures need matplotlib: pip install "chainrule[plot]"') from error
    matplotlib.use("agg")
    import matplotlib.pyplot as plt

    return plt


def parser(description: str | None, seed: int = 0) -> argparse.ArgumentParser:
    """A parser for a demo: its docstring heads the help, each option's default is shown, `--seed` is there."""
    result = argparse.ArgumentParser(
        description=description, formatter_class=argparse.ArgumentDefaultsHelpFormatter, allow_abbrev=False
    )
    result.add_argument("--seed", type=int, default=seed, help="of every random number; one seed, one result")
    return result
