"""What an operation would cost before it runs, and what it did cost once it was answered.

Source: docs/reliability.md section 4. Each fragment is counted once, whatever lies above it: a selection comes to a
fixed sum and, for each of its lists whose length the field above it gives, to the cost of one row. So the work grows
with the length of the document and never with what its fragments come to when they are spread out.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    IntValueNode,
    ListValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    ValueNode,
    VariableNode,
    get_operation_ast,
    value_from_ast_untyped,
)

from gateway.http.cost_table import DEFAULT_SIZE, MOST_ROWS, CostTable, FieldCost, Name

LARGEST_TOLD = 2**31 - 1
"""Larger costs are told as this one, so that they fit into an Int."""

Variables: TypeAlias = Mapping[str, Any] | None


@dataclass(slots=True)
class Measure:
    """What a selection comes to: a sum, and the cost of a row of each list whose length the field above gives."""

    fixed: int = 0
    rows: dict[Name, int] = field(default_factory=dict)

    def add(self, other: "Measure") -> None:
        """Take in what another selection at the same level comes to."""
        self.fixed += other.fixed
        for name, row in other.rows.items():
            self.rows[name] = self.rows.get(name, 0) + row

    def total(self, size: int, sized: Iterable[Name]) -> int:
        """The sum where the lists `sized` are `size` long."""
        return self.fixed + sum(row * (size if name in sized else DEFAULT_SIZE) for name, row in self.rows.items())


def requested_cost(table: CostTable, document: DocumentNode, name: str | None, variables: Variables) -> int:
    """The most that an operation of a document can cost, by its declared sizes.

    `variables` None means that they are not known: then each page whose size is a variable is a full one.
    """
    operation = get_operation_ast(document, name)
    return 0 if operation is None else Requested(table, document, operation, variables).points()


class Requested:
    """One count of one operation. `steps` is how many parts of the document were looked at."""

    def __init__(
        self, table: CostTable, document: DocumentNode, operation: OperationDefinitionNode, variables: Variables
    ) -> None:
        self._table = table
        self._operation = operation
        self._fragments = _fragments(document)
        self._variables = None if variables is None else {**_defaults(operation), **variables}
        self._known: dict[Name, Measure] = {}
        self._open: set[Name] = set()
        self.steps = 0

    def points(self) -> int:
        """The cost."""
        root = self._table.root(self._operation.operation.value)
        return min(self._selection(self._operation.selection_set, root).total(0, ()), LARGEST_TOLD)

    def _selection(self, selections: SelectionSetNode, parent: Name) -> Measure:
        measure = Measure()
        for selection in selections.selections:
            self.steps += 1
            if isinstance(selection, FieldNode):
                self._field(measure, selection, parent)
            elif isinstance(selection, InlineFragmentNode):
                condition = selection.type_condition
                measure.add(self._selection(selection.selection_set, condition.name.value if condition else parent))
            elif isinstance(selection, FragmentSpreadNode):
                measure.add(self._fragment(selection.name.value))
        return measure

    def _fragment(self, name: Name) -> Measure:
        found = self._known.get(name)
        if found is not None:
            return found
        fragment = self._fragments.get(name)
        if fragment is None or name in self._open:
            return Measure()  # unknown or circular: validation tells which
        self._open.add(name)
        measure = self._selection(fragment.selection_set, fragment.type_condition.name.value)
        self._open.discard(name)
        self._known[name] = measure
        return measure

    def _field(self, measure: Measure, node: FieldNode, parent: Name) -> None:
        cost = self._table.field(parent, node.name.value)
        if cost is None:
            return
        size = self._size(cost, node)
        below = self._selection(node.selection_set, cost.type_name) if node.selection_set else Measure()
        once = cost.weight + below.total(size, cost.sized)
        measure.fixed += self._of_arguments(cost, node)
        if not cost.is_list:
            measure.fixed += once
        elif cost.says_own_length:
            measure.fixed += size * once
        else:
            measure.rows[node.name.value] = measure.rows.get(node.name.value, 0) + once

    def _size(self, cost: FieldCost, node: FieldNode) -> int:
        given = {argument.name.value: argument.value for argument in node.arguments or ()}
        if cost.keys is not None:
            entries = self._length(given.get(cost.keys))
            return entries if cost.assumed is None else min(entries, cost.assumed)
        pages = [page for name in cost.slicing if (page := self._page(given.get(name))) is not None]
        if pages:
            return max(pages)
        # Without a page the field is refused where it is resolved, so that nothing is read.
        fallback = 1 if cost.slicing else DEFAULT_SIZE
        return fallback if cost.assumed is None else cost.assumed

    def _page(self, value: ValueNode | None) -> int | None:
        if isinstance(value, VariableNode):
            if self._variables is None:
                return MOST_ROWS
            number = self._variables.get(value.name.value)
            return _bounded(number) if isinstance(number, int) and not isinstance(number, bool) else None
        return _bounded(int(value.value)) if isinstance(value, IntValueNode) else None

    def _length(self, value: ValueNode | None) -> int:
        if isinstance(value, VariableNode):
            if self._variables is None:
                return MOST_ROWS
            entries = self._variables.get(value.name.value)
            return len(entries) if isinstance(entries, list) else int(entries is not None)
        return len(value.values) if isinstance(value, ListValueNode) else int(value is not None)

    @staticmethod
    def _of_arguments(cost: FieldCost, node: FieldNode) -> int:
        if not cost.arguments:
            return 0
        given = {argument.name.value for argument in node.arguments or ()}
        return sum(weight for name, weight in cost.arguments if name in given)


def _bounded(number: int) -> int:
    return min(max(number, 0), MOST_ROWS)


def _fragments(document: DocumentNode) -> dict[Name, FragmentDefinitionNode]:
    return {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}


def _defaults(operation: OperationDefinitionNode) -> dict[str, Any]:
    return {
        definition.variable.name.value: value_from_ast_untyped(definition.default_value)
        for definition in operation.variable_definitions or ()
        if definition.default_value is not None
    }
