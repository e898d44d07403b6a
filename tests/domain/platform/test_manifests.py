"""Manifests of Apollo's generators, in the words of their own documentation and tests, and what is refused."""

import json
from typing import Any

import pytest

from domain.platform.manifests import InvalidManifest, Manifest, Operation, document_id, manifest_of, read_operations

UNIVERSAL = "query UniversalQuery { __typename }"
UNIVERSAL_ID = "dc67510fb4289672bea757e862d6b00e83db5d3cbbcfb15260601b6f29bb2b8f"
ALL_FILMS = "query AllFilms { allFilms(first: 100) { totalCount films { title releaseDate } } }"
ALL_FILMS_ID = "e772cb55495ad5becc0c804ca3de7d5a5f31f145552bc33529f025d6cb0a8ce6"
SET_NAME = "mutation SetNameMutation($name: String!) { setName($name) }"
SET_NAME_ID = "04649073787db6f24b495d49e5e87526734335a002edbd6e06e7315e302af5ac"
IOS = "query TestQuery { test }"
IOS_ID = "8ed9fcbb8ef3c853ad0ecdc920eb8216608bd7c3b32258744e9289ec0372eb30"


def apollo(*operations: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {"format": "apollo-persisted-query-manifest", "version": 1, "operations": list(operations), **changes}


def entry(id_: str, body: str, name: str, kind: str) -> dict[str, Any]:
    return {"id": id_, "body": body, "name": name, "type": kind}


def test_apollo_kotlins_persisted_query_manifest_is_read():
    """The example of Apollo Kotlin's reference (Service.operationManifestFormat)."""
    given = apollo(
        entry(UNIVERSAL_ID, UNIVERSAL, "UniversalQuery", "query"),
        entry(SET_NAME_ID, SET_NAME, "SetNameMutation", "mutation"),
    )

    found = read_operations(given)

    assert [(one.id, one.name, one.kind) for one in found] == [
        (UNIVERSAL_ID, "UniversalQuery", "query"),
        (SET_NAME_ID, "SetNameMutation", "mutation"),
    ]


def test_apollo_kotlins_operation_output_is_read():
    given = {ALL_FILMS_ID: {"name": "AllFilms", "source": ALL_FILMS}}

    assert [(one.id, one.body, one.name, one.kind) for one in read_operations(given)] == [
        (ALL_FILMS_ID, ALL_FILMS, "AllFilms", None)
    ]


def test_apollo_ios_manifests_are_read_in_both_forms():
    """The golden files of apollo-ios-codegen's tests."""
    persisted = apollo({"id": IOS_ID, "body": "query TestQuery { test }", "name": "TestQuery", "type": "query"})
    legacy = {IOS_ID: {"name": "TestQuery", "source": IOS}}

    assert [one.body for one in read_operations(persisted)] == [IOS]
    assert [one.body for one in read_operations(legacy)] == [IOS]


def test_the_plain_map_from_id_to_document_is_read():
    assert [(one.id, one.name) for one in read_operations({IOS_ID: IOS})] == [(IOS_ID, None)]


def test_an_id_is_the_sha_256_of_the_text_as_in_the_appendix_of_graphql_over_http():
    document = "query ($id: ID!) {\n  user(id: $id) {\n    name\n  }\n}"

    assert document_id(document) == "7dba4bd717b41f10434822356a93c32b1fb4907b983e854300ad839f84cdcd6e"


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ([], "not a JSON object"),
        ({}, "no operations"),
        (apollo(), "no operations"),
        (apollo(entry(IOS_ID, IOS, "TestQuery", "query"), version=2), "format"),
        ({"format": "relay", "version": 1, "operations": []}, "format"),
        (apollo(operations="x"), "no list"),
        (apollo("x"), "operation 1 is not"),  # type: ignore[arg-type]
        (apollo({"id": IOS_ID, "name": "TestQuery"}), "TestQuery: the document is missing"),
        (apollo(entry("f" * 64, IOS, "TestQuery", "query")), "TestQuery: the id is not the SHA-256"),
        (apollo(entry("short", IOS, "TestQuery", "query")), "64 lower-case"),
        (apollo(entry(IOS_ID.upper(), IOS, "TestQuery", "query")), "64 lower-case"),
        ({IOS_ID: 3}, "holds neither"),
        ({IOS_ID: "x" * 50_001}, "more than 50000"),
        ({f"{number:064x}": "{a}" for number in range(1001)}, "more than 1000"),
    ],
)
def test_what_cannot_be_taken_is_refused_with_a_line(given: Any, reason: str):
    with pytest.raises(InvalidManifest, match=reason):
        read_operations(given)


@pytest.mark.parametrize(
    ("app", "version"), [("Citizen", "1"), ("x", "1"), ("citizen_app", ""), ("citizen_app", "1 0")]
)
def test_names_that_cannot_be_are_refused(app: str, version: str):
    with pytest.raises(InvalidManifest):
        Manifest(app, version, ())


def test_a_manifest_survives_its_own_content():
    manifest = Manifest("citizen_app", "1.0.0", (Operation(IOS_ID, "TestQuery", "query", IOS),))

    assert manifest_of(json.loads(json.dumps(manifest.content()))) == manifest
