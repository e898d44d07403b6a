"""Each connector of this repository asks its sandbox over a real socket: proofs, rows, refusals, an ended token."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from domain.kernel import ManualClock, SystemIds
from integrations.calling.errors import NotLetIn
from integrations.calling.remote import Remote
from integrations.calling.transport import Transports
from integrations.connectors import Connector, ConnectorClient, read_connector
from tests.support.connecting import FILES, NOON, Partner, partner_of
from tests.support.remotes import shared_resilience
from tests.support.served import served

pytestmark = pytest.mark.integration


@asynccontextmanager
async def connected(name: str, folder: Path, **wrong: Any) -> AsyncIterator[tuple[Connector, ConnectorClient, Partner]]:
    """A connector's client and its sandbox, on a port of loopback."""
    file = next(one for one in FILES if one.stem == name)
    clock = ManualClock(NOON)
    connector = read_connector(file.read_bytes())
    partner = partner_of(import_module(f"sandbox.{name}.server").create_sandbox, name, folder, clock)
    shared = shared_resilience(clock)
    async with served(partner.sandbox.app) as url:
        line = Transports(clock, demo=True).client_for([url])
        remote = Remote(connector.source, url, client=line, shared=shared)
        try:
            yield connector, ConnectorClient(connector, remote, partner.given | wrong, SystemIds(clock)), partner
        finally:
            await line.aclose()
            partner.sandbox.close()


async def test_vacancies_are_read_from_the_national_career_service(tmp_path: Path):
    async with connected("ncs", tmp_path) as (connector, client, _):
        found = await client.read(connector.calls["vacancies"], {})

    assert found.rows
    assert all(isinstance(row["last_on"], date) for row in found.rows)


async def test_a_licence_is_read_with_a_token_and_one_that_is_unknown_is_absent(tmp_path: Path):
    async with connected("transport", tmp_path) as (connector, client, _):
        call = connector.calls["licence"]
        found = await client.read(call, {"mobile": "9800000001", "born_on": "1984-03-14"}, citizen_id="asha")
        none = await client.read(call, {"mobile": "9800000001", "born_on": "1990-01-01"}, citizen_id="bimla")

    assert (found.rows[0]["holder"], none.rows) == ("Asha Negi", ())


async def test_a_holding_is_read_by_soap_with_a_digest_that_is_taken_once_each(tmp_path: Path):
    async with connected("land", tmp_path) as (connector, client, _):
        call = connector.calls["khata"]
        for citizen in ("asha", "bimla"):
            found = await client.read(call, {"village": "800123", "khata": "71"}, citizen_id=citizen)

    assert found.rows[0]["number"] == "71"


async def test_a_wrong_password_says_that_we_are_not_let_in(tmp_path: Path):
    async with connected("land", tmp_path, user={"username": "apuni", "password": "x"}) as (connector, client, _):
        with pytest.raises(NotLetIn):
            await client.read(connector.calls["khata"], {"village": "800123", "khata": "71"}, citizen_id="asha")


async def test_a_complaint_is_written_once_for_its_key_and_found_by_it(tmp_path: Path):
    inputs = {"category": "ROAD", "text": "गड्ढा", "place": {"lat": "30.3165", "long": "78.0322"}}
    async with connected("smart_city", tmp_path) as (connector, client, _):
        call = connector.calls["complain"]
        row = await client.write(call, inputs, "K7654321")
        found = await client.enquire(call, inputs, "K7654321")
        state = await client.read(connector.calls["state"], {"number": row["number"]})

    assert found == row
    assert state.rows[0]["number"] == row["number"]
