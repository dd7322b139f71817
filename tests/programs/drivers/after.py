"""Runs a program after another that prepares its data: after.py FIRST PROGRAM ARGUMENT..."""

import runpy
import sys
from pathlib import Path

_, first, program, *arguments = sys.argv
sys.argv = [first]
runpy.run_path(first, run_name="__main__")
sys.argv = [program, *arguments]
sys.path.insert(0, str(Path(program).parent.absolute()))
exec(compile(Path(program).read_text(), program, "exec"), globals())
