"""`torch.utils._pytree`: functions of nests of dicts, lists and tuples."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from autograd.nests import leaves as tree_leaves
from autograd.nests import mapped as tree_map
from autograd.nests import rebuilt

__all__ = ["tree_flatten", "tree_leaves", "tree_map", "tree_unflatten"]


def tree_flatten(tree: Any, is_leaf: Callable[[Any], bool] | None = None) -> tuple[list[Any], Any]:
    """The leaves, and the form of the nest, for `tree_unflatten`."""
    return tree_leaves(tree, is_leaf), tree_map(lambda leaf: None, tree, is_leaf=is_leaf)


def tree_unflatten(leaves: Sequence[Any], treespec: Any) -> Any:
    """The nest of this form that has these leaves."""
    return rebuilt(treespec, leaves)
