"""Runs a program or notebook with other values for global names and keys of dicts: smaller.py PROGRAM NAME=VALUE..."""

import re
import sys
from pathlib import Path

from tests.programs.one import code_of

_, program, *changes = sys.argv
code = code_of(Path(program))
for change in changes:
    name, _, value = change.partition("=")
    code, names = re.subn(rf"^( *){name} *=(?!=).*$", rf"\1{name} = {value}", code, flags=re.MULTILINE)
    code, keys = re.subn(rf"([\"']{name}[\"']): *[^,}}\n]+", rf"\1: {value}", code)
    if not names + keys:
        sys.exit(f"{program} sets no {name}")
sys.argv = [program]
sys.path.insert(0, str(Path(program).parent.absolute()))
exec(compile(code, program, "exec"), globals())
