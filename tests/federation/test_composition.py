"""The graph composes in three composers, alone and with the subgraph of a department."""

import json
from typing import Any

import pytest
from graphql import ObjectTypeDefinitionNode, parse

from schema.printing import printed_schema
from tests.support.departments import department
from tests.support.node import run_node

CARRIED = {
    ("Query", "transactionCounts"): {"authenticated", "requiresScopes"},
    ("Query", "services"): {"tag", "listSize"},
    ("Mutation", "submitApplication"): {"authenticated", "cost"},
    ("Citizen", "certificates"): {"source", "cost", "listSize"},
    ("Citizen", "rationCard"): {"source", "consent", "cost"},
}
"""What must be on a field of the supergraph, where a router and its tools read it."""


@pytest.fixture(scope="module")
def department_sdl() -> str:
    """What the example of a department prints."""
    sdl: str = department().SCHEMA.as_str()
    return sdl


async def composed(*sets: dict[str, str]) -> list[dict[str, Any]]:
    given = [
        [{"name": name, "url": f"http://{name}.example/graphql", "sdl": sdl} for name, sdl in subgraphs.items()]
        for subgraphs in sets
    ]
    found: list[dict[str, Any]] = json.loads(await run_node("compose.mjs", stdin=json.dumps(given).encode()))
    return found


def directives_of(supergraph: str, kind: str, name: str) -> set[str]:
    for node in parse(supergraph).definitions:
        if isinstance(node, ObjectTypeDefinitionNode) and node.name.value == kind:
            field = next(field for field in node.fields if field.name.value == name)
            return {directive.name.value.removeprefix("federation__") for directive in field.directives}
    raise LookupError(kind)


@pytest.mark.long
@pytest.mark.integration
async def test_the_graph_composes_alone_and_with_a_department_and_keeps_its_directives(department_sdl):
    printed = printed_schema()

    answers = await composed({"apuni": printed}, {"apuni": printed, "forest": department_sdl})

    none = {"apollo": [], "guild": [], "wundergraph": []}
    assert [{name: told["errors"] for name, told in answer.items()} for answer in answers] == [none, none]
    for composer in ("apollo", "guild"):
        supergraph = answers[1][composer]["supergraph"]
        for field, wanted in CARRIED.items():
            assert wanted <= directives_of(supergraph, *field), (composer, field)
        assert directives_of(supergraph, "Citizen", "fellingPermits") >= {"authenticated"}
        assert directives_of(supergraph, "Application", "siteInspections")


def test_a_department_extends_entities_by_our_keys(department_sdl):
    assert 'type Citizen @key(fields: "id")' in department_sdl
    assert 'type Application @key(fields: "number")' in department_sdl
