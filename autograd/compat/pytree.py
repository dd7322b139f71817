"""`torch.utils._pytree`: functions of nests of dicts, lists and tuples."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from autograd.nests import leaves as tree_leaves
from autograd.nests import mapped as tree_map
from autograd.nests import rebuilt

__all__ = ["tree_flatten", "tree_leaves", "tree_map", "tree_unflatten"]


def tree_flatten(tree: Any) -> tuple[list[Any], Any]:
    """The leaves, and the form of the nest, for `tree_unflatten`."""
    return tree_leaves(tree), tree_map(lambda leaf: None, tree)


def tree_unflatten(leaves: Sequence[Any], treespec: Any) -> Any:
    """The nest of this form that has these leaves."""
    return rebuilt(treespec, leaves)
