"""Everybody asks for everything by every way there is (docs/reliability.md section 5.9; `make authz`).

Whoever is not named in rows.py must be told of a thing that is there exactly what she is told of one that is not:
the same data, codes and places, by the same number of statements of the store.
"""

import json
import os
from typing import Any

import pytest
from graphql import GraphQLEnumType, get_named_type

from domain.kernel import TypeCode
from schema.nodes import TYPE_NAMES
from tests.authz import rows
from tests.support.authz import SUBJECTS, Things
from tests.support.authz_asking import DENIED, Asking, codes_of, leaves_of, mutated, ways

FEWER = (
    "anonymous",
    "citizen",
    "neighbour",
    "assisting operator",
    "principal",
    "officer",
    "officer elsewhere",
    "appellate",
    "admin",
)
WHO = tuple(SUBJECTS) if os.environ.get("BOUND", "full") == "full" else FEWER
"""Everybody, or with BOUND=ci those among whom mistakes are likely."""


def test_there_is_one_thing_of_each_type(things: Things):
    assert set(things.there) == set(TYPE_NAMES)


def named(row: frozenset[str]) -> set[str]:
    return set(SUBJECTS) if row == rows.EVERYBODY else set(row)


async def shown(things: Things, document: str, variables: dict[str, Any], who: str) -> tuple[Any, int]:
    """What an answer tells, and how many statements it took."""
    with things.world.statements() as seen:
        answer = await things.world.ask(document, SUBJECTS[who], **variables)
    errors = [(error["extensions"]["code"], error.get("path"), error["message"]) for error in answer["errors"]]
    return (json.dumps(answer["data"]), errors), len(seen)


async def test_things_are_seen_by_whom_the_matrix_names_and_denied_looks_like_absent(things: Things):
    wrong = []
    for code in things.there:
        allowed = named(rows.THINGS[TYPE_NAMES[code]])
        for who in WHO:
            for there, absent in zip(ways(things, code, there=True), ways(things, code, there=False), strict=True):
                (told, effort), (nothing, other) = (
                    await shown(things, *there[1:], who),
                    await shown(things, *absent[1:], who),
                )
                sees = told != nothing
                if sees != (who in allowed) or (not sees and effort != other):
                    wrong.append((TYPE_NAMES[code], there[0], who, "sees" if sees else "sees not", effort - other))
    assert wrong == []


async def test_mutations_on_a_thing_tell_only_those_whom_the_matrix_names_that_it_is_there(things: Things):
    wrong = []
    for name, row in rows.MUTATIONS.items():
        allowed = named(row)
        for who in sorted(WHO, key=lambda one: one in allowed):  # the denied first: they change nothing
            there = await mutated(things, name, SUBJECTS[who], there=True, key=f"{name}-{who}-there")
            absent = await mutated(things, name, SUBJECTS[who], there=False, key=f"{name}-{who}-absent")
            if (there != absent) != (who in allowed):
                wrong.append((name, who, there, absent))
            if who not in allowed and not codes_of(there) & DENIED:
                wrong.append((name, who, "is told neither of absence nor of signing in", there))
    assert wrong == []


async def test_mutations_of_one_s_own_are_open_to_whom_the_matrix_names(things: Things):
    wrong = []
    for name, row in rows.OWN.items():
        allowed = named(row) - {"anonymous"}
        for who in WHO:
            told = await mutated(things, name, SUBJECTS[who], there=True, key=f"{name}-{who}")
            if bool(codes_of(told) & DENIED) == (who in allowed):
                wrong.append((name, who, told))
    assert wrong == []


async def test_nobody_without_a_session_does_anything(things: Things):
    for name in (*rows.MUTATIONS, *rows.OWN):
        told = await mutated(things, name, SUBJECTS["anonymous"], there=True, key=f"{name}-anonymous")
        assert codes_of(told) == {"UNAUTHENTICATED"}, name


async def test_fields_for_some_are_empty_for_the_others(things: Things):
    graph: Any = things.world.graph
    wrong = []
    for code, opaque in things.there.items():
        kind = graph._schema.type_map[TYPE_NAMES[code]]
        query = f"query ($id: ID!) {{ node(id: $id) {{ ... on {kind.name} {{ {leaves_of(kind)} }} }} }}"
        for who in named(rows.THINGS[kind.name]):
            node = (await things.world.ask(query, SUBJECTS[who], id=opaque))["data"]["node"] or {}
            for field, value in node.items():
                narrow = rows.NARROW.get(f"{kind.name}.{field}")
                if narrow is not None and who not in narrow and value not in (None, []):
                    wrong.append((kind.name, field, who))
    assert wrong == []


async def test_root_fields_of_roles_are_for_these_roles(things: Things):
    graph: Any = things.world.graph
    asking = Asking(things, graph._schema)
    wrong = []
    for name, row in rows.ROOTS.items():
        field = graph._schema.query_type.fields[name.removeprefix("Query.")]
        query = _root_query(name.removeprefix("Query."), field, asking)
        for who, subject in SUBJECTS.items():
            codes = {error["extensions"]["code"] for error in (await things.world.ask(query, subject))["errors"]}
            if bool(codes & DENIED) == (who in row):
                wrong.append((name, who, codes))
            if who == "anonymous" and codes != {"UNAUTHENTICATED"}:
                wrong.append((name, who, codes))
    assert wrong == []


def _root_query(name: str, field: Any, asking: Asking) -> str:
    given = asking.input_of(field, there=True, key="k")
    if "first" in field.args:
        given["first"] = 1
    enums = {key for key, argument in field.args.items() if isinstance(get_named_type(argument.type), GraphQLEnumType)}
    written = {key: value if key in enums else json.dumps(value) for key, value in given.items()}
    arguments = ", ".join(f"{key}: {value}" for key, value in written.items())
    return f"{{ {name}{f'({arguments})' if arguments else ''} {{ __typename }} }}"


LISTS = {
    "queue": "queue(first: 50) { nodes { id } }",
    "appeals": "appeals(first: 50) { nodes { id } }",
    "clearances": "clearances(first: 50) { nodes { id } }",
    "grievances": "grievances(first: 50) { nodes { id } }",
    "suggestions": "suggestions(first: 50) { nodes { id } }",
}
KINDS = {
    "queue": TypeCode.APPLICATION,
    "appeals": TypeCode.APPEAL,
    "clearances": TypeCode.CLEARANCE,
    "grievances": TypeCode.GRIEVANCE,
    "suggestions": TypeCode.SUGGESTION,
}


@pytest.mark.parametrize("name", LISTS)
async def test_lists_hold_only_what_is_seen_by_itself(things: Things, name: str):
    """What an officer finds in a list of hers she must also be allowed to find by its id."""
    query = f"{{ viewer {{ ... on Officer {{ {LISTS[name]} }} }} }}"
    for who, subject in SUBJECTS.items():
        viewer = (await things.world.ask(query, subject))["data"]["viewer"] or {}
        ids = {node["id"] for node in (viewer.get(name) or {"nodes": []})["nodes"]}
        if things.there[KINDS[name]] in ids:
            assert who in rows.THINGS[TYPE_NAMES[KINDS[name]]], who


async def test_a_neighbour_s_own_lists_hold_nothing_of_another(things: Things):
    query = """{ viewer { ... on Citizen {
      applications(first: 50) { nodes { id } } grievances(first: 50) { nodes { id } }
      suggestions(first: 50) { nodes { id } } certificates { nodes { id } } benefits { nodes { id } } } } }"""
    told = json.dumps(await things.world.ask(query, SUBJECTS["neighbour"]))
    assert [opaque for opaque in things.there.values() if opaque in told] == []
