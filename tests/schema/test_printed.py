"""The printed graph: it is what the code says, and it describes itself."""

import re
from pathlib import Path

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    build_schema,
    is_specified_scalar_type,
    specified_directives,
)

from integrations.apisetu.client import FETCH_KEPT
from integrations.dbt_finance.jit.client import PAYMENT_STATUSES
from integrations.digilocker.requester.client import LIST_ISSUED
from integrations.umang.client import RATION_CARD
from schema.entities import TYPES
from schema.printing import printed_api, printed_schema

ROOT = Path(__file__).parents[2]
OF_FEDERATION = """
directive @key(fields: String!) repeatable on OBJECT
directive @tag(name: String!) repeatable on FIELD_DEFINITION
directive @authenticated on FIELD_DEFINITION | OBJECT
directive @requiresScopes(scopes: [[String!]!]!) on FIELD_DEFINITION | OBJECT
directive @cost(weight: Int!) on FIELD_DEFINITION | OBJECT
directive @listSize(assumedSize: Int, slicingArguments: [String!], sizedFields: [String!],
  requireOneSlicingArgument: Boolean = true) on FIELD_DEFINITION
"""
"""Definitions that Federation brings along, for a reader that knows nothing of it."""


def test_the_committed_file_is_what_the_code_prints():
    assert (ROOT / "schema" / "schema.graphql").read_text(encoding="utf-8") == printed_schema()


def test_what_clients_see_is_printed_beside_it_without_what_is_for_routers(graph):
    printed = printed_api()
    seen = build_schema(printed)

    assert (ROOT / "schema" / "api.graphql").read_text(encoding="utf-8") == printed
    assert set(graph._schema.query_type.fields) - set(seen.query_type.fields) == {"_entities", "_service"}
    assert {one.name for one in seen.directives} == {one.name for one in specified_directives}
    assert [name for name in seen.type_map if name.startswith("_") and not name.startswith("__")] == []


def test_every_type_field_and_value_is_described(graph):
    missing = [name for name, thing in described(graph) if not thing.description]
    assert missing == []


def test_every_argument_is_described(graph):
    missing = [
        f"{name}({argument})"
        for name, thing in described(graph)
        for argument, definition in getattr(thing, "args", {}).items()
        if not definition.description
    ]
    assert missing == []


def test_entities_are_those_that_references_are_resolved_for(graph):
    assert {one.name for one in graph._schema.type_map["_Entity"].types} == set(TYPES)


def test_federation_is_2_9_and_numbers_are_keys():
    printed = printed_schema()
    assert '@link(url: "https://specs.apollo.dev/federation/v2.9"' in printed
    for name in ("Application", "Certificate"):
        assert f'type {name} implements Node @authenticated @key(fields: "id") @key(fields: "number")' in printed


def test_own_scalars_say_by_what_they_are_specified(graph):
    for name in ("Paise", "Long", "DateTime", "Date"):
        assert graph._schema.type_map[name].specified_by_url


def test_there_are_no_floats(graph):
    assert "Float" not in graph._schema.type_map


def test_the_printed_graph_can_be_read_back():
    without_links = re.sub(r"^schema .*?\n}\n", "", printed_schema(), flags=re.MULTILINE | re.DOTALL)
    known = without_links.replace("directive @oneOf on INPUT_OBJECT", "")
    assert build_schema(OF_FEDERATION + known)


def test_source_backed_fields_print_the_policy_of_their_call():
    printed = printed_schema()
    assert '@composeDirective(name: "@source")' in printed
    for policy in (LIST_ISSUED, PAYMENT_STATUSES, RATION_CARD, FETCH_KEPT):
        assert (
            f'@source(name: "{policy.source.value}", call: "{policy.name}", freshSeconds: {policy.fresh:.0f}, '
            f"staleWhileRevalidateSeconds: {policy.revalidate:.0f}, staleIfErrorSeconds: {policy.stale:.0f}, "
            f"timeoutMs: {policy.total * 1000:.0f}, attempts: {policy.attempts}, "
            f'scope: "{policy.scope.value}")'
        ) in printed


def described(graph):
    for name, one in graph._schema.type_map.items():
        if "__" in name or name.startswith("_") or is_specified_scalar_type(one):
            continue
        yield name, one
        for member, definition in members(one).items():
            if not member.startswith("_"):
                yield f"{name}.{member}", definition


def members(one):
    if isinstance(one, GraphQLObjectType | GraphQLInterfaceType | GraphQLInputObjectType):
        return one.fields
    return one.values if isinstance(one, GraphQLEnumType) else {}
