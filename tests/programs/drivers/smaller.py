"""Runs a program or notebook with other values for its global names: smaller.py PROGRAM NAME=VALUE..."""

import re
import sys
from pathlib import Path

from tests.programs.one import code_of

_, program, *changes = sys.argv
code = code_of(Path(program))
for change in changes:
    name, _, value = change.partition("=")
    code, count = re.subn(rf"^( *){name} *=(?!=).*$", rf"\1{name} = {value}", code, flags=re.MULTILINE)
    if not count:
        sys.exit(f"{program} sets no {name}")
sys.argv = [program]
sys.path.insert(0, str(Path(program).parent.absolute()))
exec(compile(code, program, "exec"), globals())
