"""The conventions of the graph, audited from the schema in twenty-two points (docs/graph.md sections 1 and 5)."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
    get_nullable_type,
    is_list_type,
    is_specified_scalar_type,
)

from schema.compatibility import removed_on
from schema.kernel import SourcePolicy, directives_of
from schema.kernel.directives import Consent, SemanticNonNull
from tests.support.graph_fields import root_fields

Point = Callable[[GraphQLSchema], list[str]]
POINTS: dict[str, Point] = {}

WITHOUT_KEY = {"ExportMyDataInput", "RequestErasureInput", "ReplayDecisionsInput"}
"""Inputs of mutations that change nothing when they are repeated, or whose decisions have a key each."""

WITH_NULLS = {"Query.nodes", "Query._entities"}
"""By their specifications these hold null at the place of what cannot be had."""


def point(function: Point) -> Point:
    """A point gives what does not keep to it."""
    POINTS[function.__name__.replace("_", " ")] = function
    return function


def kinds(schema: GraphQLSchema, *of: type) -> Iterator[Any]:
    for kind in schema.type_map.values():
        if isinstance(kind, of) and "_" not in kind.name:
            yield kind


def fields(schema: GraphQLSchema) -> Iterator[tuple[str, GraphQLField]]:
    for kind in kinds(schema, GraphQLObjectType, GraphQLInterfaceType):
        for name, field in kind.fields.items():
            if name != "_service":
                yield f"{kind.name}.{name}", field


def connections(schema: GraphQLSchema) -> list[GraphQLObjectType]:
    return [kind for kind in kinds(schema, GraphQLObjectType) if kind.name.endswith("Connection")]


def inputs(schema: GraphQLSchema) -> Iterator[GraphQLInputObjectType]:
    """The `input` of each mutation."""
    for field in schema.mutation_type.fields.values():
        kind = get_named_type(field.args["input"].type) if "input" in field.args else None
        if isinstance(kind, GraphQLInputObjectType):
            yield kind


@point
def connections_have_edges_nodes_page_info_and_a_count(schema):
    wanted = {"edges", "nodes", "pageInfo", "totalCount"}
    merged = {"complete", "provenance"}  # what a list of several sources tells beside its page (ADR 0003)
    bounded = {"moreThanCounted"}  # what a list says whose count ends at a bound (docs/figures.md)
    return [kind.name for kind in connections(schema) if set(kind.fields) - merged - bounded != wanted]


@point
def a_count_may_fail_without_the_page(schema):
    return [kind.name for kind in connections(schema) if isinstance(kind.fields["totalCount"].type, GraphQLNonNull)]


@point
def edges_have_a_cursor_and_a_node(schema):
    edges = [get_named_type(kind.fields["edges"].type) for kind in connections(schema)]
    return [
        edge.name
        for edge in edges
        if {n: str(f.type)[-1] for n, f in edge.fields.items()} != {"cursor": "!", "node": "!"}
    ]


@point
def page_information_is_that_of_relay(schema):
    wanted = {"hasNextPage": "Boolean!", "hasPreviousPage": "Boolean!", "startCursor": "String", "endCursor": "String"}
    found = {name: str(field.type) for name, field in schema.type_map["PageInfo"].fields.items()}
    return [] if found == wanted else [str(found)]


@point
def fields_with_pages_take_first_and_after(schema):
    paged = [(name, field) for name, field in fields(schema) if get_named_type(field.type) in connections(schema)]
    return [name for name, field in paged if not {"first", "after"} <= set(field.args)]


@point
def whatever_has_an_id_is_found_by_node(schema):
    return [
        kind.name
        for kind in kinds(schema, GraphQLObjectType)
        if schema.type_map["Node"] in kind.interfaces and str(kind.fields["id"].type) != "ID!"
    ]


@point
def what_takes_an_opaque_id_says_so_by_its_name(schema):
    given = [
        (f"{kind.name}.{name}", name, one)
        for kind in kinds(schema, GraphQLInputObjectType)
        for name, one in kind.fields.items()
    ]
    given += [
        (f"{name}({one})", one, argument) for name, field in fields(schema) for one, argument in field.args.items()
    ]
    present = [(place, name, get_named_type(one.type).name) for place, name, one in given if not one.deprecation_reason]
    return [
        place
        for place, name, kind in present
        if (kind == "ID" and not name.endswith(("Id", "Ids")) and name not in {"id", "ids"})
        or (kind != "ID" and name in {"id", "ids"})
        or (name == "ids" and place != "Query.nodes(ids)")
    ]


@point
def the_key_of_a_type_is_called_id(schema):
    """What else ends in `Id` names another type that has one, or stands beside the `id`."""
    every = list(kinds(schema, GraphQLObjectType, GraphQLInterfaceType))
    with_id = {kind.name for kind in every if "id" in kind.fields}
    return [
        f"{kind.name}.{name}"
        for kind in every
        for name in kind.fields
        if kind.name not in with_id and name.endswith("Id") and name[0].upper() + name[1:-2] not in with_id
    ] + [
        f"{kind.name}.{name}"
        for kind in every
        for name, field in kind.fields.items()
        if get_named_type(field.type).name == "ID" and not field.deprecation_reason
        if name != "id" and not name.endswith(("Id", "Ids"))
    ]


@point
def node_and_nodes_are_there(schema):
    roots = schema.query_type.fields
    found = {name: str(roots[name].type) for name in ("node", "nodes")}
    return [] if found == {"node": "Node", "nodes": "[Node]"} else [str(found)]


@point
def look_ups_take_exactly_one_name(schema):
    by = [kind for kind in kinds(schema, GraphQLInputObjectType) if kind.name.endswith("By") and kind.name != "TrackBy"]
    return [kind.name for kind in by if not kind.extensions["strawberry-definition"].is_one_of]


@point
def mutations_take_one_input(schema):
    return [
        name
        for name, field in schema.mutation_type.fields.items()
        if set(field.args) != {"input"} or not isinstance(field.args["input"].type, GraphQLNonNull)
    ]


@point
def mutations_give_one_nullable_payload(schema):
    return [
        f"{name}: {field.type}"
        for name, field in schema.mutation_type.fields.items()
        if not re.fullmatch(r"\w+Payload", str(field.type))
    ]


@point
def payloads_tell_problems_as_data(schema):
    payloads = [get_named_type(field.type) for field in schema.mutation_type.fields.values()]
    return [
        kind.name for kind in payloads if str(getattr(kind.fields.get("userErrors"), "type", "")) != "[UserError!]!"
    ]


@point
def a_problem_has_a_place_a_code_a_message_and_an_action(schema):
    found = {name: str(field.type) for name, field in schema.type_map["UserError"].fields.items()}
    wanted = {"path": "[String!]!", "code": "ErrorCode!", "message": "String!", "action": "Action!"}
    return [] if found == wanted else [str(found)]


@point
def writes_take_a_key(schema):
    return [
        kind.name for kind in inputs(schema) if "idempotencyKey" not in kind.fields and kind.name not in WITHOUT_KEY
    ]


@point
def everything_is_described(schema):
    missing = []
    for kind in kinds(schema, GraphQLNamedType):
        if is_specified_scalar_type(kind):
            continue
        members = getattr(kind, "fields", None) or getattr(kind, "values", None) or {}
        missing += [kind.name] if not kind.description else []
        for name, member in members.items():
            missing += [f"{kind.name}.{name}"] if not member.description and name[0] != "_" else []
            arguments = getattr(member, "args", {}) if name[0] != "_" else {}
            missing += [f"{kind.name}.{name}({one})" for one, given in arguments.items() if not given.description]
    return missing


@point
def what_goes_says_since_when_what_instead_and_until_when(schema):
    members = [
        (f"{kind.name}.{name}", member.deprecation_reason)
        for kind in kinds(schema, GraphQLObjectType, GraphQLInterfaceType, GraphQLInputObjectType, GraphQLEnumType)
        for name, member in (kind.values if isinstance(kind, GraphQLEnumType) else kind.fields).items()
    ]
    return [name for name, reason in members if reason is not None and removed_on(reason) is None]


@point
def lists_hold_no_nulls(schema):
    found = []
    for name, field in fields(schema):
        kind = get_nullable_type(field.type)
        if is_list_type(kind) and not isinstance(kind.of_type, GraphQLNonNull) and name not in WITH_NULLS:
            found.append(name)
    return found


@point
def a_root_field_that_fails_leaves_the_others(schema):
    return [
        name
        for name, field in root_fields(schema)
        if isinstance(field.type, GraphQLNonNull) and not name.startswith("Subscription.")
    ]


@point
def what_a_source_can_fail_is_nullable_and_says_when_it_is_null(schema):
    return [
        name
        for name, field in fields(schema)
        if directives_of(field, SourcePolicy)
        and (
            isinstance(field.type, GraphQLNonNull)
            or not (
                directives_of(field, SemanticNonNull)
                or directives_of(field, Consent)
                or "null where" in field.description
            )
        )
    ]


@point
def instants_and_days_are_named_as_such(schema):
    odd = []
    for name, field in fields(schema):
        kind, own = get_named_type(field.type).name, name.partition(".")[2]
        if kind == "DateTime" and not own.endswith("At") and own not in INSTANTS:
            odd.append(name)
        if kind == "Date" and not own.endswith(("On", "Month")) and own not in DAYS:
            odd.append(name)
    return odd


INSTANTS = {"at", "asOf", "since", "until", "consentUntil", "editableUntil", "expectedBy"}
DAYS = {"on", "day", "month", "validUntil", "periodFrom", "periodTo"}
"""Names that say by a word of their own that they are an instant or a day; a month is told by its first day."""


@point
def names_are_written_as_everywhere(schema):
    odd = [kind.name for kind in kinds(schema, GraphQLNamedType) if not re.fullmatch(r"[A-Z][A-Za-z0-9]*", kind.name)]
    odd += [name for name, _ in fields(schema) if not re.fullmatch(r"\w+\.[a-z][A-Za-z0-9]*", name)]
    for kind in kinds(schema, GraphQLEnumType):
        odd += [f"{kind.name}.{value}" for value in kind.values if not re.fullmatch(r"[A-Z][A-Z0-9_]*", value)]
    return [one for one in odd if not one.endswith("._entities")] + (["Float"] if "Float" in schema.type_map else [])


def test_there_are_twenty_two_points():
    assert len(POINTS) == 22


@pytest.mark.parametrize("name", POINTS)
def test_convention(graph, name):
    assert POINTS[name](graph._schema) == []
