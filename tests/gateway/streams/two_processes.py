"""Two gateway processes on PostgreSQL with Valkey between them, which alone wakes them (`make ws`).

The same within one process is in tests/gateway/streams/test_fanout.py, a part of `make test`.
"""

import pytest

from tests.gateway.streams.test_real_sockets import (
    CHANGES,
    DECIDE,
    MINE,
    a_socket,
    an_office,
    ask,
    hear,
    subscribe,
)
from tests.support.gateway_process import WAKES_ONLY, gateway_here, gateway_process
from tests.support.running import free_port

pytestmark = pytest.mark.integration


async def test_a_decision_through_one_process_arrives_at_a_subscriber_of_another(
    postgres_server, valkey_server, store_keyrings, store_cipher, tmp_path
):
    name = postgres_server.migrated_database()
    url, cache = postgres_server.url(name), valkey_server.url()
    async with an_office(url, store_keyrings, store_cipher, tmp_path) as office:
        with gateway_process(url, store_keyrings._folder, free_port(), cache, look_seconds=WAKES_ONLY) as a:
            async with gateway_here(url, store_keyrings._folder, free_port(), cache, look_seconds=WAKES_ONLY) as b:
                before = (await ask(b, CHANGES, office.citizen))["data"]["changes"]
                other = await office.world.submit("ES90")
                async with a_socket(b, office.citizen) as socket:
                    await subscribe(socket, MINE, since=before["nextCursor"])
                    first = (await hear(socket))["payload"]["data"]["applicationChanged"]
                    assert first["application"]["number"] == other.number  # it follows now; only a word wakes it again
                    done = await ask(a, DECIDE, office.officer, **office.decision())
                    assert done["data"]["decideApplication"]["userErrors"] == []
                    told = (await hear(socket))["payload"]["data"]["applicationChanged"]
                    assert told["application"] == {"number": office.application.number, "status": "APPROVED"}
                async with a_socket(a, office.citizen) as socket:  # what was missed is told by the other process too
                    await subscribe(socket, MINE, since=first["cursor"])
                    assert (await hear(socket))["payload"]["data"]["applicationChanged"] == told
    postgres_server.drop(name)
