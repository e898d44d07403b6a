"""The typed subgraph of the systems that joined by files composes with the graph in three composers."""

import json

import pytest

from integrations.connectors import Connector, read_connector
from integrations.registry import OUTSIDE_SYSTEMS
from schema.department_subgraph import build_typed
from schema.kernel import SourcePolicy, directives_of
from schema.printing import printed_schema
from tests.support.connecting import FILES, SPECIMEN
from tests.support.node import run_node


@pytest.fixture(scope="module")
def connectors() -> list[Connector]:
    """The files of the repository."""
    return [read_connector(file.read_bytes()) for file in (*FILES, SPECIMEN)]


def test_types_are_named_after_the_files_and_each_source_equals_its_file(connectors):
    built = build_typed(connectors)
    assert built is not None
    kinds = built._schema.type_map

    policies = {policy.name: policy for one in connectors for policy in one.policies}
    found = {
        f"{kind}.{name}": directives_of(field, SourcePolicy)
        for kind in ("Query", "Citizen", "Application")
        for name, field in kinds[kind].fields.items()
        if directives_of(field, SourcePolicy)
    }
    assert {"Query.ncsVacancy", "Citizen.transportDrivingLicence", "Application.smartCityComplaint"} <= found.keys()
    assert {"NcsVacancy", "TransportDrivingLicence", "SmartCityComplaint"} <= kinds.keys()
    for (one,) in found.values():
        policy = policies[one.call]
        assert (one.name, one.fresh_seconds, one.timeout_ms, one.attempts) == (
            policy.source.value,
            int(policy.fresh),
            int(policy.total * 1000),
            policy.attempts,
        )


def test_without_systems_there_is_no_typed_subgraph():
    assert build_typed([]) is None


def test_publishing_a_system_changes_no_word_of_the_graph(connectors):
    before = printed_schema()
    build_typed(connectors)

    assert printed_schema() == before
    assert not any(name in before for name in ("NcsVacancy", "connector.ncs"))
    assert not any(policy.name.startswith("connector.") for policy in OUTSIDE_SYSTEMS.policies)


@pytest.mark.long
@pytest.mark.integration
async def test_the_typed_subgraph_composes_with_the_graph_in_three_composers(connectors):
    built = build_typed(connectors)
    assert built is not None
    subgraphs = {"apuni": printed_schema(), "departments": built.as_str()}
    given = [[{"name": name, "url": f"http://{name}.test/graphql", "sdl": sdl} for name, sdl in subgraphs.items()]]

    (answer,) = json.loads(await run_node("compose.mjs", stdin=json.dumps(given).encode()))

    assert {name: told["errors"] for name, told in answer.items()} == {"apollo": [], "guild": [], "wundergraph": []}
    assert "ncsVacancy" in answer["apollo"]["supergraph"]
