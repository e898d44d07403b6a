"""Finds suppressed numbers that can be recovered from published totals, for tables whose sums form a network.

Each number is an arc between two sums: it is part of the one and makes up the other. A hidden number follows from what
is shown exactly where its arc is a bridge of the hidden ones: where it is on a cycle, all numbers of the cycle may
be greater and smaller in turn, and every sum stays the same.
"""

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, TypeVar

Node = Hashable
_Key = TypeVar("_Key", bound=Hashable)
Arcs = Mapping[_Key, tuple[Node, Node]]
"""The two sums of each number."""

_Around = Mapping[Node, Sequence[tuple[Hashable, Node]]]


def recoverable_numbers(arcs: Arcs[_Key], hidden: AbstractSet[_Key]) -> set[_Key]:
    """Those of the hidden numbers that follow from the others: the bridges."""
    around = _around(arcs, hidden)
    search = _Search(around)
    for node in around:
        search.begin(node)
    return {key for key in hidden if key in search.bridges}


def numbers_to_hide(arcs: Arcs[_Key], hidden: AbstractSet[_Key], shown: Iterable[_Key]) -> list[_Key]:
    """Of the shown numbers, taken in their order, those that must be hidden too so that as few as can be follow."""
    bridges = recoverable_numbers(arcs, hidden)
    if not bridges:
        return []
    parts = _Parts(arcs, hidden - bridges, bridges)
    return [key for key in shown if parts.join(*arcs[key])]


def crossing_numbers(arcs: Arcs[_Key], hidden: AbstractSet[_Key], key: _Key) -> list[_Key]:
    """The shown numbers that lead from the one side of a number that follows to the other, or on the way there."""
    around = _around(arcs, hidden - {key})
    side, waiting = {arcs[key][0]}, [arcs[key][0]]
    while waiting:
        for _, other in around.get(waiting.pop(), ()):
            if other not in side:
                side.add(other)
                waiting.append(other)
    return [each for each, (one, other) in arcs.items() if each not in hidden and (one in side) is not (other in side)]


class _Search:
    """Goes through the arcs as deep as it can, and marks how far back each sum is reached another way (Tarjan)."""

    def __init__(self, around: _Around) -> None:
        self.bridges: set[Hashable] = set()
        self._around = around
        self._entered: dict[Node, int] = {}
        self._lowest: dict[Node, int] = {}

    def begin(self, root: Node) -> None:
        """Everything that hangs together with a sum, once."""
        if root in self._entered:
            return
        path: list[tuple[Node, Hashable, Iterator[tuple[Hashable, Node]]]] = [(root, None, self._enter(root))]
        while path:
            node, by, arcs = path[-1]
            step = next(((key, other) for key, other in arcs if key != by), None)
            if step is None:
                path.pop()
                if path:
                    self._leave(node, path[-1][0], by)
            elif step[1] in self._entered:
                self._lowest[node] = min(self._lowest[node], self._entered[step[1]])
            else:
                path.append((step[1], step[0], self._enter(step[1])))

    def _enter(self, node: Node) -> Iterator[tuple[Hashable, Node]]:
        self._entered[node] = self._lowest[node] = len(self._entered)
        return iter(self._around[node])

    def _leave(self, node: Node, above: Node, by: Hashable) -> None:
        self._lowest[above] = min(self._lowest[above], self._lowest[node])
        if self._lowest[node] > self._entered[above]:
            self.bridges.add(by)


class _Parts:
    """Sums between which nothing follows, as parts, and the bridges between the parts, which form trees."""

    def __init__(self, arcs: Arcs[Any], safe: Iterable[Hashable], bridges: Iterable[Hashable]) -> None:
        self._part: dict[Node, Node] = {}
        for key in (*safe, *bridges):
            for node in arcs[key]:
                self._part.setdefault(node, node)
        for key in safe:
            one, other = (self._root_of(node) for node in arcs[key])
            self._part[one] = other
        between: dict[Hashable, tuple[Node, Node]] = {}
        for key in bridges:
            one, other = arcs[key]
            between[key] = (self._root_of(one), self._root_of(other))
        self._above: dict[Node, tuple[Node, int]] = {}
        self._tree: dict[Node, Node] = {}
        around = _around(between, between)
        for root in around:
            self._plant(root, around)

    def join(self, one: Node, other: Node) -> bool:
        """Close the cycle between two sums; False where there is none to close."""
        if one not in self._part or other not in self._part:
            return False
        one, other = self._root_of(one), self._root_of(other)
        if one == other or self._tree.get(one, one) != self._tree.get(other, other):
            return False
        while one != other:
            if self._above[one][1] < self._above[other][1]:
                one, other = other, one
            upper = self._root_of(self._above[one][0])
            self._part[one] = upper
            one = upper
        return True

    def _root_of(self, node: Node) -> Node:
        while self._part[node] != node:
            self._part[node] = self._part[self._part[node]]
            node = self._part[node]
        return node

    def _plant(self, root: Node, around: _Around) -> None:
        """Find the parent of each part of a tree, and its depth."""
        if root in self._above:
            return
        self._above[root], self._tree[root] = (root, 0), root
        waiting = [root]
        while waiting:
            node = waiting.pop()
            for _, other in around[node]:
                if other not in self._above:
                    self._above[other], self._tree[other] = (node, self._above[node][1] + 1), root
                    waiting.append(other)


def _around(arcs: Arcs[Any], keys: Iterable[Hashable]) -> _Around:
    found: dict[Node, list[tuple[Hashable, Node]]] = {}
    for key in keys:
        one, other = arcs[key]
        found.setdefault(one, []).append((key, other))
        found.setdefault(other, []).append((key, one))
    return found
