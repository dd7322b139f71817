"""From DOT text to an image, by Graphviz's program `dot` or, where that is not installed, by `graphviz-pure`."""

from __future__ import annotations

import os

HINT = (
    'the extra `draw` makes the image: pip install "chainrule[draw]". So does Graphviz: apt-get install graphviz '
    "(Debian, Ubuntu), brew install graphviz (macOS), or https://graphviz.org/download. Text (.dot) takes neither"
)


def renderer() -> str | None:
    """The program that makes images of DOT text; None where there is none."""
    import shutil  # here, since these take longer to import than the rest of the package
    import sysconfig

    beside = os.pathsep.join([os.environ.get("PATH", os.defpath), sysconfig.get_path("scripts")])
    return shutil.which("dot") or shutil.which("graphviz-pure", path=beside)


def image(text: str, kind: str) -> bytes:
    """DOT text as an image of a kind: "svg", "png" and, with Graphviz's own program, "pdf" and others.

    Raises ImportError with the pip command where neither program is installed, and ValueError where the one there is
    does not write images of this kind.
    """
    import subprocess

    if (program := renderer()) is None:
        raise ImportError(f"there is no program to draw with: {HINT}")
    command = [program, f"-T{kind}", "-Gdpi=144" if kind == "png" else "-Gdpi=72"]
    done = subprocess.run(command, input=text.encode(), capture_output=True)
    if done.returncode:
        name, said = os.path.basename(program), done.stderr.decode(errors="replace").strip()
        raise ValueError(f"{name} could not write .{kind}: {said}. SVG and PNG always work; PDF needs Graphviz's dot")
    return done.stdout
