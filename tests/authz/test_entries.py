"""Nothing of the schema is without an entry in the authorisation matrix (`make authz` then asks as everybody)."""

import json
from dataclasses import replace
from typing import Any

from graphql import GraphQLInputObjectType, get_named_type
from strawberry.federation.schema_directives import Authenticated, RequiresScopes, Tag

from domain.kernel import Language
from schema.kernel import directives_of
from schema.nodes import TYPE_NAMES
from tests.authz import rows
from tests.authz.entries import FIELDS, types_with_entries
from tests.support.authz import SUBJECTS
from tests.support.authz_asking import ID_NAMES, STAFF_NAMES, is_required
from tests.support.graph_fields import root_fields

RULES = {
    "public": "anybody may see the thing, or it is about nobody",
    "thing": "whoever sees the thing (THINGS in rows.py)",
    "narrow": "some of those who see the thing (NARROW in rows.py)",
    "part": "whoever got the thing that it is a part of",
    "role": "whoever holds the scope that the field declares (ROOTS in rows.py)",
    "signed in": "whoever is signed in, for what is her own or what she may see",
    "router": "whoever proves itself as a router of a federation; things it then asks for are seen as by `node`",
}
"""What an entry may say. A new field needs one: `python -m tests.authz.entries` proposes it, a person reviews it.

Mutations and their payloads need none: MUTATIONS and OWN in rows.py say who may try each and so gets its payload.
"""


def entries() -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = json.loads(FIELDS.read_text(encoding="utf-8"))
    return found


def shown(graph: Any) -> dict[str, set[str]]:
    """Every field that needs an entry, by its type."""
    return {kind.name: set(kind.fields) for kind in types_with_entries(graph._schema)}


def test_every_field_has_an_entry_and_no_entry_is_left_over(graph):
    schema = {f"{kind}.{field}" for kind, fields in shown(graph).items() for field in fields}
    kept = {f"{kind}.{field}" for kind, fields in entries().items() for field in fields}

    assert sorted(schema - kept) == [], "python -m tests.authz.entries proposes the entries; review them"
    assert sorted(kept - schema) == []


def test_every_entry_says_something_that_is_known():
    assert {rule for fields in entries().values() for rule in fields.values()} <= set(RULES)


def test_entries_agree_with_what_the_schema_declares(graph):
    kept = entries()
    for name, field in root_fields(graph._schema):
        kind, _, own = name.partition(".")
        rule = None if kind == "Mutation" else kept[kind][own]
        if any(tag.name == "public" for tag in directives_of(field, Tag)):
            assert rule == "public", name
        else:
            assert directives_of(field, Authenticated), name
            assert rule in (None, "role", "signed in"), name
        if directives_of(field, RequiresScopes) and kind == "Query":
            assert rule == "role", name
            assert name in rows.ROOTS


async def test_names_of_federation_are_for_routers_alone(world):
    entered = {field for field, rule in entries()["Query"].items() if rule == "router"}
    assert entered == {name for name in world.graph._schema.query_type.fields if name.startswith("_")}
    asked = {"_entities": "_entities(representations: []) { __typename }", "_service": "_service { sdl }"}
    assert set(asked) == entered

    for query in asked.values():
        for subject in SUBJECTS.values():
            context = replace(world.context(subject, Language.EN), federation=False)
            answer = await world.run(f"{{ {query} }}", context, {})
            assert [error["extensions"]["code"] for error in answer["errors"]] == ["FORBIDDEN"]


def test_every_thing_with_an_id_has_a_row(graph):
    assert set(rows.THINGS) == set(TYPE_NAMES.values())


def test_every_mutation_has_a_row(graph):
    assert set(rows.MUTATIONS) | set(rows.OWN) == set(graph._schema.mutation_type.fields)
    assert not set(rows.MUTATIONS) & set(rows.OWN)


def test_the_matrix_knows_what_every_id_that_an_input_needs_is_of(graph):
    """Else it would ask about an officer in its place, and prove nothing (tests/support/authz_asking.py)."""
    inputs = [kind for kind in graph._schema.type_map.values() if isinstance(kind, GraphQLInputObjectType)]
    needed = {
        name
        for kind in inputs
        for name, field in kind.fields.items()
        if get_named_type(field.type).name == "ID" and is_required(field)
    }
    assert sorted(needed - set(ID_NAMES) - set(STAFF_NAMES)) == []


def test_narrow_fields_are_entered_as_such_and_are_narrower_than_their_thing():
    kept = entries()
    assert {
        f"{kind}.{field}" for kind, fields in kept.items() for field, rule in fields.items() if rule == "narrow"
    } == set(rows.NARROW)


def test_rows_name_subjects_that_there_are():
    named = [
        *rows.THINGS.values(),
        *rows.MUTATIONS.values(),
        *rows.OWN.values(),
        *rows.NARROW.values(),
        *rows.ROOTS.values(),
    ]
    assert {who for row in named for who in row} - {"*"} <= set(SUBJECTS)
