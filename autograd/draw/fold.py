"""Modules, functions and loops as groups of steps that can be folded; identical groups in a row are one stack.

Steps are numbered, and so are groups: their numbers follow those of the steps. The root, which has everything, is last.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from autograd.draw.steps import Path, Step
from autograd.tracing import Call

LONGEST_LOOP = 256  # steps in the body of a loop that is found
SHORTEST_STRETCH = 24  # steps of all its turns


class Group:
    """A call of a module or a function, or one turn of a loop: its `children` are steps and groups, by number."""

    __slots__ = ("call", "number", "parent", "children", "depth", "name", "stack", "stand_in", "token", "first")

    def __init__(self, call: Call, number: int, parent: Group | None) -> None:
        self.call = call
        self.number = number
        self.parent = parent
        self.children: list[int] = []
        self.depth: int = 0 if parent is None else parent.depth + 1
        self.name = ""
        self.first = -1  # its first operation: where it stands among the children of its parent
        self.stack: list[Group] = [self]  # the identical groups that it stands for
        self.stand_in: Group | None = None  # the group that stands for it
        self.token = 0

    @property
    def foldable(self) -> bool:
        """Is it more than the root?"""
        return self.parent is not None


class Tree:
    """The steps of a graph, and the groups that they are in; those that `unfold` names are on no stack.

    Without `stacks` no group is, and without `loops` none is made of the turns of a loop.
    """

    def __init__(self, steps: list[Step], loops: bool, unfold: Sequence[str] = (), stacks: bool = True) -> None:
        self.steps, self.unfold = steps, unfold
        self.groups: list[Group] = []
        self.parents: list[Group] = []  # of each step
        self._tokens: dict[tuple, int] = {}
        self.root = self._build()
        for group in sorted(self.groups, key=lambda group: -group.depth):
            if stacks:
                self._stack_repeats(group, loops)
            group.token = self._token_of_group(group)
        self._set_depths()
        self.stand = self._stand_ins()

    def _build(self) -> Group:
        made: dict[Path, Group] = {}

        def group_at(path: Path) -> Group:
            missing = len(path)
            while path[:missing] not in made:
                missing -= 1
            for i in range(missing, len(path)):
                outer = made[path[:i]]
                made[path[: i + 1]] = inner = self._new_group(path[i], outer)
                outer.children.append(inner.number)
            return made[path]

        made[()] = self._new_group(Call("", "graph"), None)
        for i, step in enumerate(self.steps):
            group = group_at(step.path)
            group.children.append(i)
            self.parents.append(group)
            if step.path and step.path[-1].kind == "function":
                group.name = step.name
            while step.kind == "op" and group.first < 0 and group.parent is not None:
                group.first = i
                group = group.parent
        for group in self.groups:
            group.children.sort(key=lambda child: child if self.is_step(child) else self.group(child).first)
        return made[()]

    def _new_group(self, call: Call, parent: Group | None) -> Group:
        group = Group(call, len(self.steps) + len(self.groups), parent)
        self.groups.append(group)
        return group

    def group(self, number: int) -> Group:
        """The group of this number."""
        return self.groups[number - len(self.steps)]

    def is_called(self, group: Group, names: Sequence[str]) -> bool:
        """Whether one of the names is that of a group, as much of its dotted path as it says."""
        path, outer = "", group
        while names and outer.parent is not None:
            path, outer = f".{outer.call.name}{path}", outer.parent
        return any(path.endswith(f".{name}") for name in names)

    def is_step(self, number: int) -> bool:
        """Does the number mean a step?"""
        return number < len(self.steps)

    def _token(self, *what: object) -> int:
        return self._tokens.setdefault(what, len(self._tokens))

    def _token_of_group(self, group: Group) -> int:
        """The same for identical groups. Inputs do not count: the first of some modules may have data that none has."""
        children = [child for child in group.children if not self._is_input(child)]
        alone = group.number if self.is_called(group, self.unfold) else -1
        return self._token("group", group.call.kind, alone, *map(self._token_of, children))

    def _is_input(self, number: int) -> bool:
        return self.is_step(number) and self.steps[number].kind == "input"

    def _token_of(self, number: int) -> int:
        if not self.is_step(number):
            return self.group(number).token
        step = self.steps[number]
        name = step.name if step.record is not None else ""  # q, k and v are no loop
        return self._token(step.kind, step.title, step.shape, step.dtype, name)

    def _stack_repeats(self, group: Group, loops: bool) -> None:
        """Put identical groups in a row on a stack; with `loops`, turns of a loop become such groups."""
        tokens = np.array([self._token_of(child) for child in group.children])
        children: list[int] = []
        end = 0
        grouped = np.array([not self.is_step(child) for child in group.children])
        for start, period, count in repeats(tokens, grouped, LONGEST_LOOP if loops else 1):
            children += group.children[end:start]
            end = start + period * count
            body = group.children[start:end]
            groups = [self.group(child) for child in body if not self.is_step(child)]
            if period > 1 or not groups:
                if not loops:
                    children += body
                    continue
                turns = [body[i : i + period] for i in range(0, len(body), period)]
                groups = [self._turn(turn, group, i) for i, turn in enumerate(turns)]
            shown = groups[-1 if groups[0].call.kind == "loop" else 0]
            for member in groups:
                member.stand_in = shown
            shown.stand_in, shown.stack = None, groups
            children += [member.number for member in groups]
        group.children = children + group.children[end:]

    def _turn(self, children: list[int], outer: Group, i: int) -> Group:
        turn = self._new_group(Call("turn", "loop", i), outer)
        turn.children = children
        for child in children:
            if self.is_step(child):
                self.parents[child] = turn
            else:
                self.group(child).parent = turn
        turn.token = self._token_of_group(turn)
        return turn

    def _set_depths(self) -> None:
        for group in self.walk():
            group.depth = 0 if group.parent is None else group.parent.depth + 1

    def walk(self) -> Iterator[Group]:
        """All groups, each after the one that it is in."""
        waiting = [self.root]
        for group in waiting:
            yield group
            waiting += [self.group(child) for child in group.children if not self.is_step(child)]

    def steps_in(self, group: Group) -> list[int]:
        """The numbers of all steps in a group, in an order that is the same in identical groups."""
        found, waiting = [], [group.number]
        while waiting:
            number = waiting.pop()
            if self.is_step(number):
                found.append(number)
            else:
                waiting += reversed(self.group(number).children)
        return found

    def _stand_ins(self) -> list[int]:
        """The step that stands for each step: itself, unless it is in a group for which another one stands."""
        stand = [*range(len(self.steps))]
        for group in self.walk():  # the outer stacks first: an inner one is then that of the group that stands
            if len(group.stack) > 1:
                shown, *others = [
                    [i for i in self.steps_in(member) if not self._is_input(i)] for member in (group, *group.stack)
                ]
                for other in others:
                    for i, j in zip(other, shown, strict=True):
                        stand[i] = j
        for i in range(len(stand)):
            while stand[stand[i]] != stand[i]:
                stand[i] = stand[stand[i]]
        return stand


def repeats(tokens: np.ndarray, grouped: np.ndarray, longest: int) -> list[tuple[int, int, int]]:
    """Where a sequence repeats itself: (start, period, count), from left to right, without overlaps.

    The longest stretch is taken first; of stretches equally long, that of the shortest period. What is not `grouped`
    already must repeat itself for a while.
    """
    found: list[tuple[int, int, int]] = []
    parts = [(0, len(tokens))]
    for begin, end in parts:
        part = tokens[begin:end]
        best = (0, 0, 0)
        periods = min(longest if len(part) >= SHORTEST_STRETCH else 1, len(part) // 2)
        for period in range(1, periods + 1):
            start, length = _longest_run(part[period:] == part[:-period])
            count = length // period + 1
            covered = count * period
            enough = covered >= SHORTEST_STRETCH or (period == 1 and grouped[begin + start])
            if count >= 3 and covered > best[1] * best[2] and enough:
                best = (start, period, count)
        start, period, count = best
        if count:
            found.append((begin + start, period, count))
            parts += [(begin, begin + start), (begin + start + period * count, end)]
    return sorted(found)


def _longest_run(same: np.ndarray) -> tuple[int, int]:
    """Where the longest run of True begins, and how long it is."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], same, [False])).astype(np.int8)))
    if not len(edges):
        return 0, 0
    lengths = edges[1::2] - edges[::2]
    i = int(lengths.argmax())
    return int(edges[2 * i]), int(lengths[i])


def stack_name(tree: Tree, group: Group) -> str:
    """What a group is called: its name, its variable, or the first and the last name of a stack."""
    names: Sequence[str] = [member.call.name for member in group.stack]
    if group.call.kind == "loop":
        return "loop"
    return names[0] if names[0] == names[-1] else f"{names[0]} … {names[-1]}"
