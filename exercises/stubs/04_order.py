"""The order of the backward pass.

A node may hand its gradient on only when that gradient is complete: when every node that was computed from it has
handed on its own. So the backward pass needs the nodes in an order in which each one comes before all of its parents.

    x → a → c         c before a and b, and both before x
     ↘   ↗
      b

Return that order for all nodes that the root was computed from, each of them once, the root first. A graph can be a
chain of 100,000 nodes, and Python does not like functions that call themselves that often.
"""


class Node:
    """A number in a graph; `parents` are the nodes that it was computed from, of which one may occur twice."""

    def __init__(self, *parents: "Node") -> None:
        self.parents = parents


def backward_order(root: Node) -> list[Node]:
    """The root and all its ancestors, each before its parents."""
    raise NotImplementedError
