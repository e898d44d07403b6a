"""Every edge of the graph shows what `node(id:)` shows, to the same people, and leaves the same receipts.

An edge is a field whose type, perhaps through connections and parts, leads to a type that has an opaque id. Each is
walked from every thing, and from what a signed-in person sees of herself, by each of those who may see where it begins.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest
from graphql import (
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLUnionType,
    get_named_type,
)
from sqlalchemy import select

from domain.kernel import TypeCode, from_global_id
from schema.nodes import TYPE_NAMES
from store.identity.accesses import accesses_table
from tests.authz import rows
from tests.support.authz import SUBJECTS, Things
from tests.support.authz_asking import DENIED, is_required

THINGS = frozenset(name for name, row in rows.THINGS.items() if row != rows.EVERYBODY)
"""Types with a row of their own that is not everybody's."""

DEEPEST = 4
"""Parts and connections between an edge's beginning and the thing that it leads to."""

ASKED_IN_VAIN = DENIED | {"PURPOSE_REQUIRED", "CONSENT_REQUIRED"}
"""Codes of those who may not see an edge; any other means that the walk asks wrongly."""

VIEWERS = ("Citizen", "Officer", "Operator")


IN_A_QUEUE = frozenset({"queue", "proposals"})
"""Lists of an officer's work, whose rows leave no receipt until more than a row is read."""


def edges_of(kind: GraphQLNamedType, way: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The ways of fields from a type to things: each ends before the thing's own fields."""
    if not isinstance(kind, GraphQLObjectType | GraphQLInterfaceType) or len(way) == DEEPEST:
        return
    for name, field in kind.fields.items():
        target = get_named_type(field.type)
        if any(is_required(argument) for argument in field.args.values()) or target == kind:
            continue
        given = "(first: 20)" if "first" in field.args else ""
        step = (*way, f"{name}{given}")
        if target.name in THINGS:
            yield step
        elif not isinstance(target, GraphQLUnionType) and target.name not in rows.THINGS:
            yield from edges_of(target, step)


def is_queue(way: tuple[str, ...]) -> bool:
    return way[0].split("(")[0] in IN_A_QUEUE


def nested(way: tuple[str, ...]) -> str:
    """The selection along a way, with the type and the id of what it leads to."""
    inner = "__typename ... on Node { id ... on Certificate { origin } }"
    for step in reversed(way):
        inner = f"{step} {{ {inner} }}"
    return inner


def found_in(value: Any) -> Iterator[tuple[str, str]]:
    """Type and opaque id of each thing of ours in an answer; a certificate of a source is no node."""
    if isinstance(value, Mapping):
        if value.get("__typename") in THINGS and value.get("origin", "STORE") == "STORE":
            yield value["__typename"], value["id"]
        for each in value.values():
            yield from found_in(each)
    elif isinstance(value, list):
        for each in value:
            yield from found_in(each)


async def receipts(things: Things) -> dict[str, tuple[str, ...]]:
    """Kind, id and purpose of each receipt, by the key of its row."""
    table = accesses_table.c
    async with things.world.environment.store.read_transaction() as tx:
        rows_ = await tx.connection.execute(select(table.id, table.object_kind, table.object_id, table.purpose))
        return {row.id: (row.object_kind, row.object_id, row.purpose) for row in rows_.all()}


async def read_with_receipts(things: Things, query: str, who: str, **given: Any) -> tuple[Any, set[tuple[str, ...]]]:
    """The data of an answer, and kind, id and purpose of each receipt that it left."""
    before = await receipts(things)
    answer = await things.world.ask(query, SUBJECTS[who], **given)
    assert {error["extensions"]["code"] for error in answer["errors"]} <= ASKED_IN_VAIN, answer["errors"]
    left = (await receipts(things)).items() - before.items()
    return answer["data"], {receipt for _, receipt in left}


async def starts(things: Things, code: TypeCode) -> list[str]:
    """Ids of what edges of a type begin at: of applications every one of hers, for each has other things."""
    if code is not TypeCode.APPLICATION:
        return [things.there[code]]
    query = "{ viewer { ... on Citizen { applications(first: 50) { nodes { id } } } } }"
    data = (await things.world.ask(query, SUBJECTS["citizen"]))["data"]
    return [node["id"] for node in data["viewer"]["applications"]["nodes"]]


def who_sees(kind: str) -> list[str]:
    return sorted(SUBJECTS if rows.THINGS[kind] == rows.EVERYBODY else rows.THINGS[kind])


async def refused_by_node(
    things: Things, shown: set[tuple[str, str]], left: set[tuple[str, ...]], who: str
) -> list[Any]:
    """Of the things that an edge showed, those that `node` does not show, and those without all of its receipts."""
    wrong = []
    for kind, opaque in sorted(shown):
        query = "query ($id: ID!) { node(id: $id) { __typename id } }"
        data, wanted = await read_with_receipts(things, query, who, id=opaque)
        if (data or {}).get("node") is None:
            wrong.append((kind, who, "is not shown by node"))
        elif wanted - left:
            wrong.append((kind, who, "leaves no receipt", sorted(wanted - left)))
    return wrong


async def test_edges_of_things_show_what_node_shows_and_leave_its_receipts(things: Things):
    graph: Any = things.world.graph
    wrong = []
    for code, kind in TYPE_NAMES.items():
        for way in edges_of(graph._schema.type_map[kind]):
            query = f"query ($id: ID!) {{ node(id: $id) {{ ... on {kind} {{ {nested(way)} }} }} }}"
            for opaque in await starts(things, code):
                for who in who_sees(kind) if not is_queue(way) else ():
                    data, left = await read_with_receipts(things, query, who, id=opaque)
                    shown = {one for one in found_in(data) if one[1] != opaque}
                    wrong += [(kind, way, *each) for each in await refused_by_node(things, shown, left, who)]
    assert wrong == []


async def test_edges_of_oneself_and_of_the_root_show_what_node_shows_and_leave_its_receipts(things: Things):
    graph: Any = things.world.graph
    types = graph._schema.type_map
    ways = [
        f"viewer {{ ... on {kind} {{ {nested(way)} }} }}"
        for kind in VIEWERS
        for way in edges_of(types[kind])
        if not is_queue(way)
    ]
    roots = {name: field for name, field in graph._schema.query_type.fields.items() if name != "viewer"}
    ways += [nested(way) for way in edges_of(GraphQLObjectType("Roots", roots))]
    wrong = []
    for way in ways:
        for who in SUBJECTS:
            data, left = await read_with_receipts(things, f"{{ {way} }}", who)
            shown = set(found_in(data))
            wrong += [(way, *each) for each in await refused_by_node(things, shown, left, who)]
    assert wrong == []


@pytest.mark.parametrize("part", ["form { name value }", "documents { key }", "timeline { after }"])
async def test_what_a_case_in_the_queue_holds_leaves_the_receipt_of_the_case(things: Things, part: str):
    row = "{ viewer { ... on Officer { queue(first: 20) { nodes { id withheld %s } } } } }"
    data, left = await read_with_receipts(things, row % "", "officer")
    assert [left, [node["withheld"] for node in data["viewer"]["queue"]["nodes"]]] == [set(), [False]]

    data, left = await read_with_receipts(things, row % part, "officer")

    [node] = data["viewer"]["queue"]["nodes"]
    assert left == {("APPLICATION", from_global_id(node["id"])[1], "DECIDE")}


async def test_an_operator_is_shown_the_applications_of_the_service_that_she_consented_to_and_no_other(things: Things):
    parts = "counts { count } nextDeadlines { service { code } } latest { service { code } }"
    query = "{ node(id: $id) { ... on Citizen { applications(first: 20) { nodes { service { code } } } "
    query = f"query ($id: ID!) {query} dashboard {{ {parts} }} }} }} }}"
    operator = replace(SUBJECTS["assisting operator"], assisted_service="ES90")

    answer = await things.world.ask(query, operator, id=things.there[TypeCode.CITIZEN])

    assert answer["errors"] == []
    assert set(re.findall(r"ES\d\d", str(answer["data"]))) == {"ES90"}


def test_the_walk_reaches_the_things_of_an_application(graph):
    ways = {way[0].split("(")[0] for way in edges_of(graph._schema.type_map["Application"])}
    assert {"appeals", "clearances", "certificate", "benefit", "grievances", "doorstepVisits"} <= ways
