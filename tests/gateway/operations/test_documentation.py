"""docs/clients.md: its documents fit the graph, its JSON is JSON, its codes, scalars and commands are there."""

import json
import re
from pathlib import Path

import pytest
from graphql import GraphQLScalarType, is_specified_scalar_type, parse, validate
from typer.testing import CliRunner

from domain.kernel import ErrorCode, Language, Retry
from domain.kernel.messages import message
from domain.platform.manifests import document_id
from gateway.cli import app as cli
from gateway.commands.operations import graph
from gateway.graphql.trusted import NAME_HEADERS, VERSION_HEADERS
from tests.support.operations import snippets

ROOT = Path(__file__).parents[3]
TEXT = (ROOT / "docs" / "clients.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("document", [text for kind, _, text in snippets(TEXT) if kind == "graphql"])
def test_the_documents_fit_the_graph(document: str):
    assert validate(graph()._schema, parse(document)) == []


def test_the_json_is_json():
    texts = [text for kind, _, text in snippets(TEXT) if kind == "json"]

    assert len(texts) == 2
    for text in texts:
        json.loads(text)


def test_the_answer_to_an_unknown_id_is_what_we_say():
    answer = json.loads(next(text for _, name, text in snippets(TEXT) if name == "answer"))
    error = answer["errors"][0]

    assert error["message"] == message(ErrorCode.PERSISTED_DOCUMENT_NOT_FOUND, Language.EN, {})
    assert error["extensions"]["action"] == ErrorCode.PERSISTED_DOCUMENT_NOT_FOUND.remedy.value


def test_the_codes_of_the_table_of_retries_exist_and_are_retried_as_the_reference_says():
    table = TEXT[TEXT.index("## When to try again") : TEXT.index("## Offline")]
    rows = [line.split("|") for line in table.splitlines() if line.startswith("| `")]
    codes = {code: row[2] for row in rows for code in re.findall(r"`([A-Z_]{5,})`", row[1])}

    assert set(codes) <= set(ErrorCode)
    assert len(codes) >= 15
    said = {code for code, todo in codes.items() if todo.strip().startswith(("never", "not by itself"))}
    assert {code for code in said if ErrorCode(code).retry is Retry.LATER} == set()


def test_every_scalar_of_the_graph_is_in_the_table_and_in_the_configurations():
    own = {
        name
        for name, one in graph()._schema.type_map.items()
        if isinstance(one, GraphQLScalarType) and not is_specified_scalar_type(one) and not _of_federation(name)
    }
    configuration = next(text for _, name, text in snippets(TEXT) if name == "codegen.yml")
    kotlin = next(text for kind, _, text in snippets(TEXT) if kind == "kotlin")

    assert own == {"Paise", "Long", "DateTime", "Date", "JSON"}
    for name in own:
        assert f"| `{name}` |" in TEXT
        assert f"{name}:" in configuration
        assert f'("{name}"' in kotlin


def test_the_headers_are_those_that_are_read():
    assert all(f"`{name}`" in TEXT for name in (*NAME_HEADERS, *VERSION_HEADERS))


def test_every_command_is_one():
    named = set(re.findall(r"apuni ((?:operations|client) [a-z]+)", TEXT))

    assert len(named) >= 7
    for words in named:
        assert CliRunner().invoke(cli, [*words.split(), "--help"]).exit_code == 0, words


def test_the_folders_of_the_configurations_are_there():
    for path in re.findall(r"\"gateway/((?:operations|schema)/[a-z_.]+)", TEXT):
        assert (ROOT / path).exists()


def test_the_id_of_a_document_is_as_it_is_explained():
    assert document_id("query TestQuery { test }").startswith("8ed9fcbb")


def _of_federation(name: str) -> bool:
    return name.startswith("_") or "__" in name
