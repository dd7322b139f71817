"""HIPS autograd installs a package of our import name: both at once is an error that says what to do."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def imported(name: str, first: Path) -> str:
    """What Python says to the import of a package where `first` comes before the repository on its path."""
    path = os.pathsep.join([str(first), str(ROOT)])
    program = [sys.executable, "-c", f"import {name}"]
    done = subprocess.run(program, cwd=first, env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True)
    return done.stderr.strip().splitlines()[-1] if done.returncode else ""


def test_another_autograd_that_is_found_first_is_named(tmp_path):
    (tmp_path / "autograd").mkdir()
    (tmp_path / "autograd" / "__init__.py").write_text("def grad(f): ...")
    error = imported("nn", tmp_path)
    assert error.startswith("ImportError") and str(tmp_path) in error
    assert "HIPS autograd" in error and "pip uninstall autograd" in error


def test_its_files_among_ours_are_named(tmp_path):
    package = tmp_path / "autograd"
    package.mkdir()
    for file in (ROOT / "autograd").iterdir():
        (package / file.name).symlink_to(file)
    assert imported("autograd", tmp_path) == ""
    (package / "tracer.py").touch()
    error = imported("autograd", tmp_path)
    assert error.startswith("ImportError") and str(package) in error and "pip uninstall autograd" in error
