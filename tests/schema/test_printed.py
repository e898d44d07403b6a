"""The printed graph: it is what the code says, and it describes itself."""

import re
from pathlib import Path

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    build_schema,
    is_specified_scalar_type,
    parse,
    validate,
)

from integrations.apisetu.client import FETCH_KEPT
from integrations.dbt_finance.client import PAYMENT_STATUSES
from integrations.digilocker.client import LIST_ISSUED
from integrations.umang.client import RATION_CARD
from schema.entities import TYPES
from schema.loading import METADATA_KEY, Loaders
from schema.printing import printed_schema

ROOT = Path(__file__).parents[2]
OPERATIONS = sorted((ROOT / "operations").glob("*.graphql"))


def test_the_committed_file_is_what_the_code_prints():
    assert (ROOT / "schema" / "schema.graphql").read_text(encoding="utf-8") == printed_schema()


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
        assert f'type {name} implements Node @key(fields: "id") @key(fields: "number")' in printed


def test_own_scalars_say_by_what_they_are_specified(graph):
    for name in ("Paise", "Long", "DateTime", "Date"):
        assert graph._schema.type_map[name].specified_by_url


def test_there_are_no_floats(graph):
    assert "Float" not in graph._schema.type_map


def test_fields_that_load_by_key_name_a_loader(graph):
    declared = [
        field.metadata[METADATA_KEY].loader
        for one in graph.schema_converter.type_map.values()
        for field in getattr(one.definition, "fields", ())
        if METADATA_KEY in (field.metadata or {})
    ]
    loaders = vars(Loaders(None, None))
    assert len(declared) >= 10
    assert set(declared) <= set(loaders)


@pytest.mark.parametrize("path", OPERATIONS, ids=lambda path: path.stem)
def test_each_example_operation_is_valid(path, graph):
    assert validate(graph._schema, parse(path.read_text(encoding="utf-8"))) == []


def test_the_printed_graph_can_be_read_back():
    without_links = re.sub(r"^schema .*?\n}\n", "", printed_schema(), flags=re.MULTILINE | re.DOTALL)
    known = without_links.replace("directive @oneOf on INPUT_OBJECT", "")
    assert build_schema("directive @key(fields: String!) repeatable on OBJECT\n" + known)


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
