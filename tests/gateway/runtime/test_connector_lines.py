"""The lines on which this process reaches systems that joined by a file."""

import asyncio

import pytest

from domain.kernel import ManualClock, SeededIds
from gateway.runtime.partners import open_clients
from gateway.settings.settings import Settings
from integrations.calling.errors import Unavailable
from integrations.connectors import read_connector
from integrations.registry import OutsideSystems
from tests.support.connector_calls import NOON
from tests.support.connectors import city_file
from tests.support.remotes import shared_resilience

pytestmark = pytest.mark.integration
PLACE = "https://city.example.gov.in"


@pytest.mark.parametrize(("network", "is_called"), [("internet", False), ("swan", True)])
async def test_an_address_on_the_state_network_is_called_only_for_a_system_that_is_on_it(network: str, is_called: bool):
    connector = read_connector(city_file().replace(PLACE, f"{PLACE}, network: {network}").encode())
    callers: list[str] = []

    async def close(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        callers.append("somebody")
        writer.close()

    server = await asyncio.start_server(close, "127.0.0.1", 0)
    partner = {"base_url": f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}", "given": {}}
    settings = Settings.model_validate(
        {"profile": "production", "state_networks": ["127.0.0.0/8"], "partners": {"city": partner}}
    )
    clock = ManualClock(NOON)

    async with (
        server,
        open_clients(settings, shared_resilience(clock), SeededIds(clock, "7"), OutsideSystems(())) as all_,
    ):
        with pytest.raises(Unavailable):
            await all_["connectors"].client(connector).read(connector.calls["sensors"], {})

    assert bool(callers) is is_called
