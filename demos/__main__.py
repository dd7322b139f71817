"""Lists the demos."""

import ast
from pathlib import Path

HELPERS = ("__init__", "__main__", "by_hand", "common", "one_question", "questions", "report", "runs", "watch")


def demos() -> dict[str, str]:
    """Each demo's name and the first line of its docstring, read without running it."""
    files = sorted(path for path in Path(__file__).parent.glob("*.py") if path.stem not in HELPERS)
    docstrings = {path.stem: ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) for path in files}
    return {name: (text or "").partition("\n")[0] for name, text in docstrings.items()}


def main() -> None:
    """Print one line for each demo."""
    found = demos()
    print("Run one with python -m demos.NAME; -h after it shows its options.\n")
    for name, line in found.items():
        print(f"  {name:{max(map(len, found))}}  {line}")


if __name__ == "__main__":
    main()
