"""Lists the demos."""

import ast
from pathlib import Path


def demos() -> dict[str, str]:
    """Each demo's name and the first line of its docstring, read without running it."""
    folder = Path(__file__).parent
    files = {path.stem: path for path in folder.glob("*.py") if path != Path(__file__)}
    files |= {path.parent.name: path for path in folder.glob("*/__main__.py")}
    trees = {name: ast.parse(path.read_text(encoding="utf-8")) for name, path in sorted(files.items())}
    return {
        name: (ast.get_docstring(tree) or "").partition("\n")[0]
        for name, tree in trees.items()
        if any(isinstance(part, ast.FunctionDef) and part.name == "main" for part in tree.body)
    }


def main() -> None:
    """Print one line for each demo."""
    found = demos()
    print("Run one with python -m demos.NAME; add -h to see its options.\n")
    for name, line in found.items():
        print(f"  {name:{max(map(len, found))}}  {line}")


if __name__ == "__main__":
    main()
