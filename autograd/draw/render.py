"""From DOT text to an image file, by the program `dot`."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

HINT = (
    "Graphviz's program 'dot' makes the image, and it is not installed: apt-get install graphviz (Debian, Ubuntu), "
    "brew install graphviz (macOS), or https://graphviz.org/download. Or paste the DOT text into a viewer on the web."
)


def render(text: str, path: str | Path) -> Path:
    """Write DOT text as an image of the kind that the suffix names (.svg, .png, .pdf), or as text (.dot, .gv).

    Without the program `dot`, the text is written beside it, with a warning that says how to get the image. Returns
    the path of what was written.
    """
    import shutil  # here, since these take longer to import than the rest of the package
    import subprocess
    from pathlib import Path

    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix in (".dot", ".gv"):
        path.write_text(text, encoding="utf-8")
        return path
    if not path.suffix:
        raise ValueError(f"{path} needs a suffix that names the kind of image: .svg, .png, .pdf, or .dot for text")
    if shutil.which("dot") is None:
        path = path.with_suffix(".dot")
        path.write_text(text, encoding="utf-8")
        warnings.warn(f"{HINT} The text is in {path}.", stacklevel=3)
        return path
    command = ["dot", f"-T{path.suffix[1:]}", "-Gdpi=150" if path.suffix == ".png" else "-Gdpi=72", "-o", str(path)]
    done = subprocess.run(command, input=text, capture_output=True, text=True, encoding="utf-8")
    if done.returncode:
        raise ValueError(f"dot could not write {path}: {done.stderr.strip()}")
    return path
