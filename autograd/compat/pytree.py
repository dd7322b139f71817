"""`torch.utils._pytree`: functions of nests of dicts, lists and tuples."""

from __future__ import annotations

from collections import OrderedDict, namedtuple
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from autograd.nests import leaves as tree_leaves
from autograd.nests import mapped as tree_map
from autograd.nests import rebuilt
from autograd.nests import register as register_pytree_node

__all__ = ["LeafSpec", "PyTree", "SUPPORTED_NODES", "TreeSpec", "register_pytree_node"]
__all__ += ["tree_flatten", "tree_leaves", "tree_map", "tree_unflatten"]

PyTree = Any


@dataclass
class TreeSpec:
    """The form of a nest, for programs that take nests apart themselves."""

    type: Any
    context: Any
    children_specs: list[TreeSpec] = field(default_factory=list)


class LeafSpec(TreeSpec):
    """The form of a leaf."""

    def __init__(self) -> None:
        super().__init__(None, None)


class NodeDef(NamedTuple):
    """How to take a kind of nest apart, into parts and a context, and how to make one of them."""

    type: Any
    flatten_fn: Callable[[Any], tuple[list[Any], Any]]
    unflatten_fn: Callable[[Any, Any], Any]


_dict_flatten_with_keys = None  # an argument of `register_pytree_node`, which does not use it


def _of_dicts(kind: type) -> NodeDef:
    return NodeDef(kind, lambda nest: (list(nest.values()), list(nest)), lambda parts, keys: kind(zip(keys, parts)))


def _of_sequences(kind: type) -> NodeDef:
    return NodeDef(kind, lambda nest: (list(nest), None), lambda parts, _: kind(parts))


SUPPORTED_NODES: dict[Any, NodeDef] = {
    dict: _of_dicts(dict),
    OrderedDict: _of_dicts(OrderedDict),
    list: _of_sequences(list),
    tuple: _of_sequences(tuple),
    namedtuple: NodeDef(namedtuple, lambda nest: (list(nest), type(nest)), lambda parts, of: of(*parts)),
}


def _get_node_type(tree: Any) -> Any:
    """The key of SUPPORTED_NODES for a nest."""
    return namedtuple if isinstance(tree, tuple) and hasattr(tree, "_fields") else type(tree)


def tree_flatten(tree: Any, is_leaf: Callable[[Any], bool] | None = None) -> tuple[list[Any], Any]:
    """The leaves, and the form of the nest, for `tree_unflatten`."""
    return tree_leaves(tree, is_leaf), tree_map(lambda leaf: None, tree, is_leaf=is_leaf)


def tree_unflatten(leaves: Sequence[Any], treespec: Any) -> Any:
    """The nest of this form that has these leaves."""
    return _made(treespec, iter(leaves)) if isinstance(treespec, TreeSpec) else rebuilt(treespec, leaves)


def _made(spec: TreeSpec, leaves: Iterator[Any]) -> Any:
    if isinstance(spec, LeafSpec):
        return next(leaves)
    parts = [_made(child, leaves) for child in spec.children_specs]
    return SUPPORTED_NODES[spec.type].unflatten_fn(parts, spec.context)
