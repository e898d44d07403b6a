"""What an answered operation did cost: the objects that are in the answer, by the weights of their fields.

The part of a weight that stands for outside systems is left out; the calls that were really made are counted
beside it (integrations/calls.py).
"""

from collections.abc import Sequence
from typing import Any, TypeAlias

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
)

from gateway.http.cost_table import CostTable, FieldCost, Name

Level: TypeAlias = tuple[tuple[SelectionSetNode, Name], ...]
"""The selections that apply to an object, each with the type that it selects from."""


class Answered:
    """Counts the answer to one operation."""

    def __init__(self, table: CostTable, document: DocumentNode, operation: OperationDefinitionNode) -> None:
        self._table = table
        self._operation = operation
        self._fragments = {
            node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)
        }
        self._levels: dict[tuple[int, ...], dict[str, tuple[FieldCost, Level]]] = {}

    def points(self, data: Any) -> int:
        """The cost of what is in the answer."""
        root = self._table.root(self._operation.operation.value)
        return self._below(data, ((self._operation.selection_set, root),)) if isinstance(data, dict) else 0

    def _below(self, data: dict[str, Any], level: Level) -> int:
        fields = self._fields(level)
        points = 0
        for key, value in data.items():
            known = fields.get(key)
            if known is not None and value is not None:
                points += self._value(value, *known)
        return points

    def _value(self, value: Any, cost: FieldCost, level: Level) -> int:
        if isinstance(value, list):
            return sum(self._value(one, cost, level) for one in value)
        if value is None:
            return 0
        own = max(cost.weight - cost.upstream, 0)
        return own + self._below(value, level) if isinstance(value, dict) and level else own

    def _fields(self, level: Level) -> dict[str, tuple[FieldCost, Level]]:
        key = tuple(id(selections) for selections, _ in level)
        found = self._levels.get(key)
        if found is None:
            found = self._levels[key] = self._collected(level)
        return found

    def _collected(self, level: Level) -> dict[str, tuple[FieldCost, Level]]:
        """The fields of a level by their keys in the answer; a fragment is looked into once for each level."""
        nodes: dict[str, list[tuple[FieldNode, FieldCost]]] = {}
        pending, seen = list(level), set[Name]()
        while pending:
            selections, parent = pending.pop()
            for selection in selections.selections:
                if isinstance(selection, FieldNode):
                    cost = self._table.field(parent, selection.name.value)
                    if cost is not None:
                        alias = selection.alias or selection.name
                        nodes.setdefault(alias.value, []).append((selection, cost))
                elif isinstance(selection, InlineFragmentNode):
                    condition = selection.type_condition
                    pending.append((selection.selection_set, condition.name.value if condition else parent))
                elif isinstance(selection, FragmentSpreadNode) and selection.name.value not in seen:
                    seen.add(selection.name.value)
                    fragment = self._fragments[selection.name.value]
                    pending.append((fragment.selection_set, fragment.type_condition.name.value))
        return {key: (found[0][1], _level(found)) for key, found in nodes.items()}


def _level(found: Sequence[tuple[FieldNode, FieldCost]]) -> Level:
    return tuple((node.selection_set, cost.type_name) for node, cost in found if node.selection_set is not None)
