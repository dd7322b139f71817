"""Imports run one way, and what ships needs NumPy alone."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
# From the bottom up: a module may import what is in its own row and in the rows above it.
ROWS = [
    {"autograd.errors", "autograd.grad_mode", "autograd.versions"},
    {"autograd.naming", "autograd.summation", "autograd.planes"},
    {"autograd.graph", "autograd.accumulation", "autograd.dtypes", "autograd.printing"},
    {"autograd.base", "autograd.batched", "autograd.costs"},
    {"autograd.kernels"},
    {"autograd.ops", "autograd.generator"},
    {"autograd.inplace"},
    {"autograd.storage", "autograd.walks"},
    {"autograd.conversions", "autograd.methods"},
    {"autograd.tensor", "autograd.tracing"},
    {"autograd.creation", "autograd.files", "autograd.random", "autograd.unpickle"},
    {"autograd.function", "autograd.nests", "autograd.scalar"},
    {"autograd.batching", "autograd.batching_rules"},
    {"autograd.linearized"},
    {"autograd.functional"},
    {"autograd.func"},
    {"autograd.checking", "autograd.flows", "autograd.differences"},
    {"autograd.testing"},
    {"autograd.draw"},
    {"autograd.routes", "autograd.why", "autograd.scalar_nodes"},
    {"autograd"},
    {"nn"},
    {"autograd.hips", "autograd.compat"},  # reached by name alone, from `__getattr__` and the importer
    {"models"},
    {"demos"},
    {"exercises"},
]
OPTIONAL = {"torch", "numba", "llvmlite", "matplotlib", "PIL", "tqdm", "hypothesis", "safetensors"}
OPTIONAL |= {"huggingface_hub"}
PACKAGES = ("autograd", "nn", "models", "demos", "exercises")
FILES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))


def module(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def row(name: str) -> int | None:
    """The row of the longest prefix of this name that has one; None for what is not ours."""
    while name:
        found = next((i for i, names in enumerate(ROWS) if name in names), None)
        if found is not None:
            return found
        name = name.rpartition(".")[0]
    return None


MODULES = {module(path) for path in FILES}


def imports(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """What is imported, with its line; `from autograd import graph` imports autograd.graph."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"a relative import in line {node.lineno}"
            base = node.module or ""
            for alias in node.names:
                whole = f"{base}.{alias.name}"
                yield (whole if whole in MODULES else base), node.lineno


def runs_back(name: str, source: str) -> list[str]:
    """The imports of a module from the rows below its own."""
    own = row(name)
    assert own is not None, f"{name} has no row"
    return [
        f"{name}, line {line}: imports {wanted}, which stands below it"
        for wanted, line in imports(ast.parse(source))
        if (theirs := row(wanted)) is not None and theirs > own
    ]


@pytest.mark.parametrize("path", FILES, ids=module)
def test_no_import_runs_back(path: Path) -> None:
    assert not runs_back(module(path), path.read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("autograd.graph", "from autograd import tensor"),
        ("autograd.graph", "import autograd.ops.table"),
        ("autograd.ops.shape", "from autograd.tensor import Tensor"),
        ("autograd.functional", "def f():\n    import nn"),
        ("nn.module", "from models.gpt import GPT"),
    ],
)
def test_an_import_that_runs_back_is_found(name: str, source: str) -> None:
    assert runs_back(name, source)


def behind_the_seam(name: str, source: str) -> list[str]:
    """The modules of kernels that a module outside imports: the way to a kernel is `kernels.NAME`."""
    if name.startswith("autograd.kernels"):
        return []
    return [found for found, _ in imports(ast.parse(source)) if found.startswith("autograd.kernels.")]


@pytest.mark.parametrize("path", FILES, ids=module)
def test_kernels_are_reached_through_their_package_alone(path: Path) -> None:
    assert not behind_the_seam(module(path), path.read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    "source",
    ["from autograd.kernels import threads", "import autograd.kernels.blas", "from autograd.kernels.blas import mkl"],
)
def test_an_import_from_behind_the_seam_is_found(source: str) -> None:
    assert behind_the_seam("nn.utils", source)


def late_imports(source: str) -> list[str]:
    """What functions import of our own and of optional packages; the standard library's may wait until it is needed."""
    functions = [n for n in ast.walk(ast.parse(source)) if isinstance(n, (ast.FunctionDef, ast.AsyncFunctionDef))]
    names = [name for f in functions for name, _ in imports(f)]
    return [name for name in names if row(name) is not None or name.partition(".")[0] in OPTIONAL]


# A seam may load a part of its own package when it is first used.
SEAMS = {"nn.data.dataloader": ["nn.data.workers"]}


@pytest.mark.parametrize("path", [p for p in FILES if p.relative_to(ROOT).parts[0] in ("autograd", "nn")], ids=module)
def test_no_function_imports_to_dodge_a_cycle(path: Path) -> None:
    assert late_imports(path.read_text(encoding="utf-8")) == SEAMS.get(module(path), [])


def test_an_import_in_a_function_is_found() -> None:
    assert late_imports("def f():\n    import os\n    import numba\n    from autograd import tensor") == [
        "numba",
        "autograd.tensor",
    ]


def top_level(source: str) -> set[str]:
    """The packages that importing this source imports."""
    nodes = list(ast.parse(source).body)
    found: set[str] = set()
    while nodes:
        node = nodes.pop()
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            continue
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            continue
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            found |= {name.partition(".")[0] for name, _ in imports(node)}
        nodes += ast.iter_child_nodes(node)
    return found


# Files that are themselves an optional part: they are imported by name when they are used.
PARTS = {
    "autograd.testing.strategies": {"hypothesis"},
    "autograd.kernels.numba_*": {"numba", "llvmlite"},
}


@pytest.mark.parametrize("path", FILES, ids=module)
def test_nothing_that_ships_imports_an_optional_package_at_module_level(path: Path) -> None:
    name = module(path)
    allowed = next((packages for pattern, packages in PARTS.items() if Path(name).match(pattern)), set())
    assert not (top_level(path.read_text(encoding="utf-8")) & OPTIONAL) - allowed


def test_torch_is_imported_nowhere() -> None:
    for path in FILES:
        assert "torch" not in {name.partition(".")[0] for name, _ in imports(ast.parse(path.read_text("utf-8")))}, path


HEAVY = (*OPTIONAL, "numpy.random", "dataclasses", "inspect", "asyncio", "multiprocessing", "unittest", "http", "csv")


def test_importing_autograd_and_nn_imports_nothing_heavy() -> None:
    program = f"import numpy, sys; before = set(sys.modules); import autograd, nn; new = set(sys.modules) - before; " \
              f"print([m for m in {HEAVY!r} if m in new])"  # fmt: skip
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


LATE = {
    "ag.det": "ag.det(ag.eye(2)).item()",
    "a method": "ag.eye(2).det().item()",
    "a method of the class": "ag.Tensor.det(ag.eye(2)).item()",
    "of NumPy": "np.linalg.det(ag.eye(2)).item()",
    "an operator": "(ag.tensor([1]) << 0).item()",
    "ops.det": "ag.ops.det(ag.eye(2)).item()",
    "a norm": "ag.norm(ag.eye(1), 'nuc').item()",
}


@pytest.mark.parametrize("expression", LATE.values(), ids=LATE)
def test_a_family_that_few_programs_need_is_imported_when_it_is_named(expression: str) -> None:
    program = f"import sys, numpy as np, autograd as ag; from autograd import ops; late = ops.LATER; " \
              f"print([m for m in late if 'autograd.ops.' + m in sys.modules], {expression} == 1)"  # fmt: skip
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[] True"


def test_the_methods_that_wait_are_those_that_the_later_families_add() -> None:
    program = """
from autograd import ops
from autograd.base import TensorBase
before = dict(vars(TensorBase))
ops.load()
added = [name for name, method in vars(TensorBase).items() if method is not before.get(name)]
print(sorted(added) == sorted(ops.METHODS))
"""
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "True"


def test_every_public_thing_has_a_docstring() -> None:
    missing = []
    for path in FILES:
        if path.relative_to(ROOT).parts[0] not in ("autograd", "nn") or path.name.startswith("numba_"):
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        if not ast.get_docstring(tree):
            missing.append(module(path))
        for node in tree.body:
            if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and not node.name.startswith("_"):
                if not ast.get_docstring(node):
                    missing.append(f"{module(path)}.{node.name}")
    assert not missing


def test_the_map_in_the_design_lists_every_module_of_the_engine() -> None:
    design = (ROOT / "docs" / "design.md").read_text("utf-8")
    layout = design.partition("## 1. Layout")[2].partition("    nn/ ")[0]
    packages = ("kernels", "draw", "distributions", "compat", "checking", "testing", "hips")  # one line each
    listed = set(re.findall(r"[a-z_/]+\.py", layout)) | {f"{name}/" for name in packages if f"{name}/" in layout}
    tree = set()
    for path in FILES:
        package, *rest = path.relative_to(ROOT).parts
        if package == "autograd" and path.name != "__init__.py":
            tree.add(f"{rest[0]}/" if rest[0] in packages else rest[-1])
    assert {name.removeprefix("ops/") for name in listed} == tree
