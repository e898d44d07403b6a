"""What each field of a schema costs and how long its lists are, read once from `@cost` and `@listSize`.

The directives are those of Federation 2.9, which follow the cost directives specification of IBM
(https://ibm.github.io/graphql-specs/cost-spec.html): an object costs 1 point, a leaf 0; `@cost` on a field goes
before `@cost` on its type; a list costs its length times what one row costs.
"""

from dataclasses import dataclass
from functools import cache
from typing import Any, TypeAlias

from graphql import (
    GraphQLArgument,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
    get_nullable_type,
    is_composite_type,
    is_list_type,
)
from strawberry.federation.schema_directives import Cost, ListSize

from schema.directives import UPSTREAM_POINTS, declared
from schema.source_policies import SourcePolicy

DEFAULT_SIZE = 5
"""How long a list is taken to be that declares nothing: such lists are short by nature, like steps or papers."""

MOST_ROWS = 100
"""No page is longer; a larger size is refused where it is asked for (docs/graph.md section 1)."""

Name: TypeAlias = str


@dataclass(frozen=True, slots=True)
class FieldCost:
    """The declarations of one field, ready for use.

    `weight` is what the field costs for each object that it gives; `upstream` the part of it that stands for calls
    of outside systems. A list is as long as one of `slicing` says, or as `keys`, the argument whose entries it
    answers one by one, has entries, else `assumed`; None is the default. With `sized`, the length is that of the
    lists of these names one level below.
    """

    type_name: Name
    is_list: bool
    weight: int
    upstream: int = 0
    arguments: tuple[tuple[Name, int], ...] = ()
    assumed: int | None = None
    slicing: tuple[Name, ...] = ()
    sized: frozenset[Name] = frozenset()
    keys: Name | None = None

    @property
    def says_own_length(self) -> bool:
        """Whether the field itself says how long its list is, and not the field above it."""
        return bool(self.assumed is not None or self.slicing or self.keys) and not self.sized


class CostTable:
    """The costs of a schema. Fields that the schema does not have cost nothing: validation tells of them."""

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

    def _field(self, parent: Name, name: Name) -> FieldCost | None:
        owner = self._schema.type_map.get(parent)
        if not isinstance(owner, GraphQLObjectType | GraphQLInterfaceType) or name not in owner.fields:
            return None
        return _cost_of(owner.fields[name])


def _cost_of(field: GraphQLField) -> FieldCost:
    named = get_named_type(field.type)
    is_list = is_list_type(get_nullable_type(field.type))
    weights = [one.weight for of in (field, named) for one in declared(of, Cost)]
    weight = weights[0] if weights else int(is_composite_type(named))
    size: Any = next(iter(declared(field, ListSize)), None)
    return FieldCost(
        type_name=named.name,
        is_list=is_list,
        weight=weight,
        upstream=UPSTREAM_POINTS * len(declared(field, SourcePolicy)),
        arguments=tuple(_weights(field)),
        assumed=(size.assumed_size or None) if size else None,
        slicing=tuple(size.slicing_arguments or ()) if size else (),
        sized=frozenset(size.sized_fields or ()) if size else frozenset(),
        keys=_keys(field) if is_list else None,
    )


def _weights(field: GraphQLField) -> list[tuple[Name, int]]:
    return [(name, one.weight) for name, argument in field.args.items() for one in declared(argument, Cost)]


def _keys(field: GraphQLField) -> Name | None:
    """The one argument that must be a list: the field answers its entries at their places."""
    names = [name for name, argument in field.args.items() if _is_required_list(argument)]
    return names[0] if len(names) == 1 else None


def _is_required_list(argument: GraphQLArgument) -> bool:
    return isinstance(argument.type, GraphQLNonNull) and is_list_type(argument.type.of_type)
