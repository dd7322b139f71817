"""A right answer."""


class Node:
    """A number in a graph; `parents` are the nodes that it was computed from, of which one may occur twice."""

    def __init__(self, *parents: "Node") -> None:
        self.parents = parents


def backward_order(root: Node) -> list[Node]:
    """The root and all its ancestors, each before its parents."""
    order, seen, stack = [], set(), [(root, False)]
    while stack:
        node, ready = stack.pop()
        if ready:
            order.append(node)
        elif node not in seen:
            seen.add(node)
            stack.append((node, True))
            stack += [(parent, False) for parent in node.parents]
    return order[::-1]
