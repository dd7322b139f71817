"""Reads a program written for PyTorch and finds the names that it would miss here."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from types import ModuleType
from typing import Any

from autograd import compat
from autograd.compat.refused import Refused
from autograd.tensor import Tensor

# Methods of torch's tensors alone: called on whatever object, they can only be meant for a tensor.
METHODS = """
addbmm addmv addr aminmax as_strided bitwise_left_shift bitwise_right_shift clamp_max clamp_max_ clamp_min clamp_min_
copysign cummax cummin diag_embed diagonal_scatter digamma erfc erfinv erfinv_ float_power frexp geqrf index_copy
index_fill index_put index_put_ index_reduce istft kthvalue lgamma logaddexp2 logcumsumexp logdet lu_solve map_
masked_scatter masked_scatter_ matrix_exp matrix_power mvlgamma nanmean nanmedian nanquantile nansum narrow_copy
new_empty_strided nextafter orgqr ormqr pinverse polygamma prelu record_stream register_post_accumulate_grad_hook
renorm renorm_ reshape_as resize_as_ scatter_reduce scatter_reduce_ select_scatter sgn share_memory_ slice_scatter
slogdet split_with_sizes sspaddmm squeeze_ stft sum_to_size t_ tensor_split to_dense to_mkldnn to_sparse to_sparse_coo
to_sparse_csr transpose_ triangular_solve unique_consecutive unsqueeze_ vdot xlogy
""".split()


def misses(source: str) -> list[tuple[int, str]]:
    """The line and the name of all that a program uses of torch and that is not here.

    Names are followed from the imports through attributes, `torch.nn.functional.relu`; `import autograd` counts as
    well. What is reached in another way (getattr, variables) is not seen. Raises SyntaxError.
    """
    tree = ast.parse(source)
    # A name that is also a variable (`optim = optim.Adam(...)`) is not followed.
    assigned = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    aliases: dict[str, str] = {}
    found: set[tuple[int, str]] = set()
    for node, path, name in _imports(tree):
        if name not in assigned:
            aliases[name] = path
        if missed := _first_missing(path):
            found.add((node.lineno, f"torch.{missed}"))
    imported = [a for node in ast.walk(tree) if isinstance(node, (ast.Import, ast.ImportFrom)) for a in node.names]
    others = {(alias.asname or alias.name).partition(".")[0] for alias in imported}  # numpy has functions of such names
    inner: set[ast.AST] = set()  # attributes that are part of a longer chain
    for node in ast.walk(tree):
        if not isinstance(node, ast.Attribute) or isinstance(node.ctx, ast.Store):
            continue
        chain = _chain(node)
        if chain and chain[0] in aliases:
            if node not in inner and (missed := _first_missing(".".join((aliases[chain[0]], *chain[1:])).lstrip("."))):
                found.add((node.lineno, f"torch.{missed}"))
            inner.update(child for child in ast.walk(node.value) if isinstance(child, ast.Attribute))
        elif chain[:-1] == ["self"] or chain and chain[0] in others:
            continue  # what a class has itself, or another library
        elif node.attr in METHODS and not hasattr(Tensor, node.attr):
            found.add((node.lineno, f"torch.Tensor.{node.attr}"))
    return sorted(found)


def _imports(tree: ast.AST) -> Iterator[tuple[Any, str, str]]:
    """Each import of torch, or of autograd: the statement, torch's path, and the name that it is bound to."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                root, _, path = alias.name.partition(".")
                if root in ("torch", "autograd"):
                    yield node, path, alias.asname or f"import of {alias.name}"
                    if not alias.asname:
                        yield node, "", root
        elif isinstance(node, ast.ImportFrom) and not node.level:
            root, _, path = (node.module or "").partition(".")
            if root in ("torch", "autograd"):
                for alias in node.names:
                    whole = f"{path}.{alias.name}".strip(".") if alias.name != "*" else path
                    yield node, whole, alias.asname or alias.name


def _chain(node: ast.expr) -> list[str]:
    """The names of `a.b.c`; empty for what does not begin with a name."""
    names: list[str] = []
    while isinstance(node, ast.Attribute):
        names.append(node.attr)
        node = node.value
    return [node.id, *reversed(names)] if isinstance(node, ast.Name) else []


def _first_missing(path: str) -> str | None:
    """The part of a path up to the first name that is not here; None where all are."""
    found: Any = compat.namespace("")
    names = path.split(".") if path else []
    for i, name in enumerate(names):
        if not isinstance(found, (ModuleType, type)):
            return None  # an attribute of an object
        try:
            found = getattr(found, name)
        except AttributeError:
            start = ".".join(names[: i + 1])
            if start not in compat.TABLE:  # a module of torch's within a package of ours
                return start
            found = compat.namespace(start)
        except ImportError:
            return None  # it is here, and needs a package that is not installed
        if isinstance(found, type) and issubclass(found, Refused):
            return ".".join(names[: i + 1])
    return None


def code(text: str, notebook: bool) -> str:
    """The program in a file: of a notebook its code, without the lines that are commands to the notebook."""
    if not notebook:
        return text
    cells = [cell["source"] for cell in json.loads(text)["cells"] if cell["cell_type"] == "code"]
    lines = [line for cell in cells for line in ("".join(cell) + "\n").splitlines()]
    return "\n".join(re.sub(r"^(\s*)(%+[a-z]|!).*", r"\1pass", line) for line in lines)
