"""Computes the estimated cost of an operation, its actual cost, and the limit.

Source: docs/reliability.md section 4. The directives `@cost` and `@listSize` are those of Federation 2.9, which follow
the cost directives specification of IBM (https://ibm.github.io/graphql-specs/cost-spec.html): an object costs 1 point,
a leaf 0; `@cost` on a field goes before `@cost` on its type; a list costs its length times what one row costs.

Before it runs, each fragment is counted once, whatever lies above it: a selection comes to a fixed sum and, for each of
its lists whose length the field above it gives, to the cost of one row. So the work grows with the length of the
document and never with what its fragments come to when they are spread out.

Once it was answered, the objects in the answer are counted by the weights of their fields. The part of a weight that
stands for outside systems is left out; the calls that were really made are counted separately
(integrations/calling/calls.py).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, cached_property, partial
from typing import Any, TypeAlias

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLArgument,
    GraphQLError,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    ListValueNode,
    NullValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    ValueNode,
    VariableNode,
    get_named_type,
    get_nullable_type,
    get_operation_ast,
    get_variable_values,
    is_composite_type,
    is_list_type,
)
from strawberry.federation.schema_directives import Cost, ListSize

from domain.kernel import ErrorCode, Problem
from integrations.calling.calls import CallCounts
from schema.kernel import UPSTREAM_POINTS, Context, SourcePolicy, directives_of
from schema.kernel.errors import extensions_of, text_of

DEFAULT_SIZE = 5
"""How long a list is taken to be that declares nothing: such lists are short by nature, like steps or papers."""

MOST_ROWS = 100
"""No page is longer; a larger size is refused where it is asked for (docs/graph.md section 1). What says no size that
is understood counts as so many."""

ENTITY_POINTS = 10
"""What a reference of `_entities` costs, also one that leads nowhere: each is looked up and judged by itself."""

Name: TypeAlias = str


@dataclass(frozen=True, slots=True)
class FieldCost:
    """The declarations of one field, ready for use.

    `weight` is what the field costs for each object that it gives; `upstream` the part of it that stands for calls
    of outside systems. A list is as long as one of `slicing` says, or as `keys`, the argument whose entries it
    answers one by one, has entries, else `usual`, the default of such an argument, else `assumed`; None is the
    default. With `sized`, the length is that of the lists of these names one level below.
    """

    type_name: Name
    is_list: bool
    weight: int
    upstream: int = 0
    arguments: tuple[tuple[Name, int], ...] = ()
    assumed: int | None = None
    slicing: tuple[Name, ...] = ()
    usual: int | None = None
    sized: frozenset[Name] = frozenset()
    keys: Name | None = None

    @property
    def says_own_length(self) -> bool:
        """Whether the field itself says how long its list is, and not the field above it."""
        return bool(self.assumed is not None or self.slicing or self.keys) and not self.sized


class CostTable:
    """The costs of a schema. Fields that the schema does not have cost nothing: validation reports them."""

    def __init__(self, schema: GraphQLSchema) -> None:
        self._schema = schema
        self.field = cache(self._field)

    def root(self, operation: str) -> Name:
        """The name of the type where operations of this kind begin; empty where there is none."""
        roots = {
            "query": self._schema.query_type,
            "mutation": self._schema.mutation_type,
            "subscription": self._schema.subscription_type,
        }
        root = roots[operation]
        return root.name if root is not None else ""

    def coerce_variables(self, operation: OperationDefinitionNode, given: "Variables") -> "Variables":
        """The variables as the resolvers get them, with defaults; None where they are not known or not understood."""
        if given is None:
            return None
        values = get_variable_values(self._schema, operation.variable_definitions or (), dict(given), max_errors=1)
        return None if isinstance(values, list) else values.coerced

    def _field(self, parent: Name, name: Name) -> FieldCost | None:
        owner = self._schema.type_map.get(parent)
        if not isinstance(owner, GraphQLObjectType | GraphQLInterfaceType) or name not in owner.fields:
            return None
        cost = _cost_of(owner.fields[name])
        return replace(cost, weight=ENTITY_POINTS) if name == "_entities" else cost


def _cost_of(field: GraphQLField) -> FieldCost:
    named = get_named_type(field.type)
    is_list = is_list_type(get_nullable_type(field.type))
    weights = [one.weight for of in (field, named) for one in directives_of(of, Cost)]
    weight = weights[0] if weights else int(is_composite_type(named))
    size: Any = next(iter(directives_of(field, ListSize)), None)
    slicing = tuple(size.slicing_arguments or ()) if size else ()
    usual = [rows for name in slicing if isinstance(rows := field.args[name].default_value, int)]
    return FieldCost(
        type_name=named.name,
        is_list=is_list,
        weight=weight,
        upstream=UPSTREAM_POINTS * len(directives_of(field, SourcePolicy)),
        arguments=tuple(_weights(field)),
        assumed=(size.assumed_size or None) if size else None,
        slicing=slicing,
        usual=max(usual, default=None),
        sized=frozenset(size.sized_fields or ()) if size else frozenset(),
        keys=_keys(field) if is_list else None,
    )


def _weights(field: GraphQLField) -> list[tuple[Name, int]]:
    return [(name, one.weight) for name, argument in field.args.items() for one in directives_of(argument, Cost)]


def _keys(field: GraphQLField) -> Name | None:
    """The one argument that must be a list: the field answers its entries at their places."""
    names = [name for name, argument in field.args.items() if _is_required_list(argument)]
    return names[0] if len(names) == 1 else None


def _is_required_list(argument: GraphQLArgument) -> bool:
    return isinstance(argument.type, GraphQLNonNull) and is_list_type(argument.type.of_type)


LARGEST_TOLD = 2**31 - 1
"""Costs are capped here to fit an Int."""

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

    `variables` None means that they are not known: then each page whose size is a variable is a full one, as where
    they are not understood.
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
        self._given = variables
        self._known: dict[Name, Measure] = {}
        self._open: set[Name] = set()
        self.steps = 0

    @cached_property
    def _variables(self) -> Variables:
        """Coerced only where the length of a list depends on one: mostly none does, and a form has many answers."""
        return self._table.coerce_variables(self._operation, self._given)

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
            return Measure()  # unknown or circular: validation reports which
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
        if cost.usual is not None:
            return cost.usual
        # Without a page the field is refused where it is resolved, so that nothing is read.
        fallback = 1 if cost.slicing else DEFAULT_SIZE
        return fallback if cost.assumed is None else cost.assumed

    def _page(self, value: ValueNode | None) -> int | None:
        number: Any = None if isinstance(value, NullValueNode) else value
        if isinstance(value, VariableNode):
            number = MOST_ROWS if self._variables is None else self._variables.get(value.name.value)
        elif isinstance(value, IntValueNode):
            number = int(value.value)
        if number is None:
            return None
        return min(max(number, 0), MOST_ROWS) if isinstance(number, int) else MOST_ROWS

    def _length(self, value: ValueNode | None) -> int:
        if isinstance(value, VariableNode):
            if self._variables is None:
                return MOST_ROWS
            entries = self._variables.get(value.name.value)
            return len(entries or ())
        return len(value.values) if isinstance(value, ListValueNode) else int(value is not None)

    @staticmethod
    def _of_arguments(cost: FieldCost, node: FieldNode) -> int:
        if not cost.arguments:
            return 0
        given = {argument.name.value for argument in node.arguments or ()}
        return sum(weight for name, weight in cost.arguments if name in given)


def _fragments(document: DocumentNode) -> dict[Name, FragmentDefinitionNode]:
    return {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}


Level: TypeAlias = tuple[tuple[SelectionSetNode, Name], ...]
"""The selections that apply to an object, each with the type that it selects from."""

Counted: TypeAlias = list[tuple[str, int, Level]]
"""What counts of an object, by its key in the answer: the points of each value, and what is selected of it."""


class AnswerCost:
    """Counts the answer to one operation."""

    def __init__(self, table: CostTable, document: DocumentNode, operation: OperationDefinitionNode) -> None:
        self._table = table
        self._operation = operation
        self._fragments = _fragments(document)
        self._levels: dict[tuple[int, ...], Counted] = {}

    def points(self, data: Any) -> int:
        root = self._table.root(self._operation.operation.value)
        return self._object_points(data, ((self._operation.selection_set, root),)) if isinstance(data, dict) else 0

    def _object_points(self, data: dict[str, Any], level: Level) -> int:
        points = 0
        for key, own, below in self._fields(level):
            value = data.get(key)
            if value is not None:
                points += self._value(value, own, below)
        return points

    def _value(self, value: Any, own: int, level: Level) -> int:
        if isinstance(value, list):
            return sum([self._value(one, own, level) for one in value])
        if value is None:
            return 0
        return own + self._object_points(value, level) if level and isinstance(value, dict) else own

    def _fields(self, level: Level) -> Counted:
        key = tuple([id(selections) for selections, _ in level])
        found = self._levels.get(key)
        if found is None:
            found = self._levels[key] = self._collect_fields(level)
        return found

    def _collect_fields(self, level: Level) -> Counted:
        """The fields of a level that cost anything; a fragment is looked into once for each level."""
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
        priced = (
            (key, max(found[0][1].weight - found[0][1].upstream, 0), _level(found)) for key, found in nodes.items()
        )
        return [(key, own, below) for key, own, below in priced if own or below]


def _level(found: Sequence[tuple[FieldNode, FieldCost]]) -> Level:
    return tuple((node.selection_set, cost.type_name) for node, cost in found if node.selection_set is not None)


class OperationCost:
    """The costs of one operation; what does not hang on its variables is counted once."""

    def __init__(self, table: CostTable, document: DocumentNode, operation: OperationDefinitionNode) -> None:
        self._count = partial(Requested, table, document, operation)
        self._fixed = None if operation.variable_definitions else self._count({}).points()
        self._answer = AnswerCost(table, document, operation)

    def requested_points(self, variables: Variables) -> int:
        """The most that it can cost with these variables."""
        return self._count(variables or {}).points() if self._fixed is None else self._fixed

    def to_extension(self, context: Context, requested: int, data: Any, counts: CallCounts) -> dict[str, Any]:
        """`cost` for the extensions of the answer with this data, for which these calls were made."""
        actual = self._answer.points(data) + UPSTREAM_POINTS * counts.calls.total()
        told: dict[str, Any] = {"requestedQueryCost": requested, "actualQueryCost": actual}
        if context.cost_limit is not None:
            told["maximumQueryCost"] = context.cost_limit
        if context.throttle is not None:
            told["throttleStatus"] = dict(context.throttle)
        told["upstream"] = [
            {
                "source": source.value,
                "calls": number,
                "paise": counts.paise[source],
                "callsLeftToday": counts.left.get(source),
            }
            for source, number in sorted(counts.calls.items())
        ]
        return told


def too_dear(context: Context) -> GraphQLError:
    """The refusal of an operation that costs more than the context allows."""
    problem = Problem(ErrorCode.TOO_COMPLEX, detail="COST")
    return GraphQLError(text_of(problem, context.language), extensions=extensions_of(problem, context.request_id))
