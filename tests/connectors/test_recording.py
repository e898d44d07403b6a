"""A real answer becomes an example without what is personal or secret (docs/connectors.md section 6)."""

import re
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from domain.kernel import SystemIds
from integrations.calling.errors import RemoteError
from integrations.connectors import ConnectorClient, read_connector
from integrations.connectors.checks import example_faults, rows_of, spoilt_faults
from integrations.connectors.file import Example
from integrations.connectors.recording import (
    NotRecorded,
    RecordingRemote,
    recorded_example,
    require_right,
    with_example,
)
from sandbox.server import connector_factories
from tests.support.connecting import FILE, ConnectedCity, a_city
from tests.support.remotes import shared_resilience

pytestmark = pytest.mark.integration


@pytest.fixture
async def city(tmp_path: Path) -> AsyncIterator[ConnectedCity]:
    started = await a_city(tmp_path, connector_factories())
    yield started
    await started.stop()


async def recorded(city: ConnectedCity, name: str, call: str, inputs: dict[str, Any], expected: Any) -> Example:
    """The example of a call at the sandbox of the system's contract."""
    connector = read_connector(FILE[name].read_bytes())
    line = city.remote(connector)
    remote = RecordingRemote(connector.source, line.base_url, client=line._client, shared=shared_resilience(city.clock))
    client = ConnectorClient(connector, remote, city.given(connector), SystemIds(city.clock))
    asked = Example(call, "invented", inputs, {}, {}, expected, 1)
    with suppress(RemoteError):  # what it means is asserted by the tests
        await rows_of(client, connector.calls[call], asked)
    return await recorded_example(connector, asked, remote.exchanges, city.given(connector))


LICENCE = {"mobile": "9800000001", "born_on": "1984-03-14"}
KHATA = {"village": "800123", "khata": "71"}
CASES = [
    ("transport", "licence", LICENCE, ("9800000001", "1984-03-14", "14-03-1984", "Asha", "Negi")),
    ("land", "khata", KHATA, ("आशा", "नेगी", ">71<", "७१")),
]


@pytest.mark.parametrize(("name", "call", "inputs", "personal"), CASES)
async def test_a_real_answer_is_an_example_without_its_personal_values_and_secrets(
    city: ConnectedCity, name: str, call: str, inputs: dict[str, str], personal: tuple[str, ...]
):
    made = await recorded(city, name, call, inputs, [])

    text = with_example(FILE[name].read_text("utf-8"), made)
    added = text[len(FILE[name].read_text("utf-8")) :]
    secrets = re.findall(r"sandbox-[\w-]+", str(city.given(read_connector(FILE[name].read_bytes()))))
    assert "origin: recorded" in added
    assert [one for one in (*personal, *secrets) if one in added] == []
    assert secrets


@pytest.mark.parametrize(("name", "call", "inputs", "personal"), CASES)
async def test_a_file_with_its_recorded_example_passes_every_check(
    city: ConnectedCity, name: str, call: str, inputs: dict[str, str], personal: tuple[str, ...]
):
    made = await recorded(city, name, call, inputs, [])

    connector = read_connector(with_example(FILE[name].read_text("utf-8"), made).encode())

    assert connector.examples[-1].origin == "recorded"
    assert len(connector.examples[-1].expected) == 1
    assert [*await example_faults(connector), *spoilt_faults(connector, 100)] == []


async def test_what_nobody_calls_personal_stays_as_it_was_answered(city: ConnectedCity):
    made = await recorded(city, "ncs", "vacancies", {"district": "56", "skill": "2221.0200"}, [])

    assert {row["skill"] for row in made.expected} == {"2221.0200"}
    assert "नर्स" in {row["title"] for row in made.expected}
    assert made.sent == {"GET": "/vacancies?state=5&district=56&nco=2221.0200&page=1&size=50"}


async def test_an_answer_of_several_pages_is_not_recorded(city: ConnectedCity):
    with pytest.raises(NotRecorded, match="several pages"):
        await recorded(city, "ncs", "vacancies", {"district": "56"}, [])


async def test_a_record_that_is_not_there_is_recorded_as_absent(city: ConnectedCity):
    made = await recorded(city, "transport", "licence", {**LICENCE, "born_on": "1990-01-01"}, [])

    await require_right(with_example(FILE["transport"].read_text("utf-8"), made))
    assert made.expected == "absent"


async def test_an_answer_that_the_file_cannot_read_is_told_and_not_recorded(city: ConnectedCity):
    city.city.sandboxes["transport"].faults.set(
        [{"kind": "malformed", "route": "/v1/*", "params": {"shape": "missing"}}]
    )

    with pytest.raises(NotRecorded, match="garbled"):
        await recorded(city, "transport", "licence", LICENCE, "absent")


async def test_the_same_answer_is_recorded_once(city: ConnectedCity):
    text = FILE["transport"].read_text("utf-8")
    once = with_example(text, await recorded(city, "transport", "licence", LICENCE, []))

    again = with_example(once, await recorded(city, "transport", "licence", LICENCE, []))

    assert again == once != text
