"""What is drawn of a graph while some of its groups are open: boxes in order, and the edges between them."""

from __future__ import annotations

from collections.abc import Callable

from autograd.draw.fold import Group, Tree


class View:
    """What is drawn while some groups are open: `shown` are the numbers of steps and folded groups, in order.

    `edges` are (from, to) with the number of a step whose value flows there; `open` are the groups around all that.
    """

    def __init__(self, tree: Tree, is_open: Callable[[Group], bool], hidden: int = 0) -> None:
        self.tree = tree
        self.open: set[int] = set()
        self.shown: list[int] = []
        ends: dict[int, int | None] = {}  # of groups: the folded group that they are in, None for one not drawn
        for group in tree.walk():
            if group.parent is not None and group.parent.number in ends:
                ends[group.number] = ends[group.parent.number]
            elif group.stand_in is not None:
                ends[group.number] = None
            elif group.foldable and not is_open(group):
                ends[group.number] = group.number
            else:
                self.open.add(group.number)
        self._place = [self._find(ends, i) for i in range(len(tree.steps))]
        order = {place: i for i, place in reversed([*enumerate(self._place)]) if place is not None}
        self.cut: set[int] = set(sorted(order, key=order.__getitem__)[:hidden])
        self.shown = [place for place in sorted(order, key=order.__getitem__) if place not in self.cut]
        self.edges = self._edges()

    def _find(self, ends: dict[int, int | None], step: int) -> int | None:
        stand = self.tree.stand[step]
        return ends.get(self.tree.parents[stand].number, stand)

    def _edges(self) -> dict[tuple[int, int], int]:
        """Edges between what is shown; one that leads from a group of a stack into the next is left out."""
        edges: dict[tuple[int, int], int] = {}
        stand = self.tree.stand
        stacked: dict[int, bool] = {}
        for group in self.tree.walk():
            around = group.parent is not None and stacked[group.parent.number]
            stacked[group.number] = around or len(group.stack) > 1 or group.stand_in is not None
        for i, step in enumerate(self.tree.steps):
            for operand in step.operands:
                tail, head = self._place[operand], self._place[i]
                backwards = stand[operand] > stand[i] and stacked[self.tree.parents[operand].number]
                if tail is None or head is None or tail == head or backwards:
                    continue
                if head not in self.cut:
                    key = (-1 if tail in self.cut else tail, head)
                    if key not in edges or self.tree.steps[edges[key]].bytes < step.bytes:
                        edges[key] = stand[operand]
        return edges


def view_of(tree: Tree, depth: int | None, comfortable: int, most: int) -> tuple[View, int | None]:
    """What to draw at this depth, or without one as deep as a picture of `comfortable` size can go; and how deep it is.

    Of more than `most` boxes the oldest are left out. The depth is None where nothing but functions is folded.
    """

    unfolded: set[int] = set()
    for group in tree.groups:
        if tree.is_called(group, tree.unfold):
            while group.parent is not None:
                unfolded.add(group.number)
                group = group.parent

    def at(level: int, hidden: int = 0) -> View:
        def is_open(group: Group) -> bool:
            return group.number in unfolded or (group.call.kind != "function" and group.depth <= level)

        return View(tree, is_open, hidden)

    deepest = max((g.depth for g in tree.groups if g.call.kind != "function"), default=0)
    if depth is None:
        depth = deepest
        while depth and len((view := at(depth)).shown) > comfortable:
            depth -= 1
    view = at(depth)
    if len(view.shown) > most:
        view = at(depth, len(view.shown) - most)
    return view, None if depth >= deepest else depth
