"""Listening sockets: whoever comes in a rush is accepted although the event loop turns seldom."""

import asyncio
import socket
from typing import Any

import pytest
import uvicorn
import uvloop

from domain.kernel import SystemClock
from gateway.runtime.ports import ACCEPTED_AT_ONCE, PortTaken, bind_socket, handles_of
from gateway.runtime.serving import DrainingServer

pytestmark = pytest.mark.integration
MANY = 48


async def turns_to_accept(handles: list[socket.socket]) -> int:
    """How often the event loop turned until so many waiting connections were accepted; 500 where it never did."""
    loop, accepted, turns = asyncio.get_running_loop(), 0, 0

    class Counting(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            nonlocal accepted
            accepted += 1
            transport.close()

    servers = [await loop.create_server(Counting, sock=each) for each in handles]
    clients = [socket.create_connection(handles[0].getsockname()) for _ in range(MANY)]
    while accepted < MANY and turns < 500:
        await asyncio.sleep(0)
        turns += 1
    for each in (*servers, *clients):
        each.close()
    return turns


def test_a_turn_of_the_event_loop_accepts_as_many_connections_as_there_are_handles():
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        by_one = runner.run(turns_to_accept([bind_socket("127.0.0.1", 0, "none")]))
        by_all = runner.run(turns_to_accept(handles_of(bind_socket("127.0.0.1", 0, "none"))))

    assert MANY <= by_one < 500
    assert by_all <= MANY / ACCEPTED_AT_ONCE + 5


def test_a_bound_port_refuses_everybody_until_its_server_listens():
    with bind_socket("127.0.0.1", 0, "none") as place:
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(place.getsockname())
        place.listen()
        socket.create_connection(place.getsockname()).close()


def test_a_port_on_which_another_process_listens_is_told_with_the_setting_of_another():
    with bind_socket("127.0.0.1", 0, "none") as place:
        place.listen()
        port = place.getsockname()[1]
        with pytest.raises(PortTaken) as told:
            bind_socket("127.0.0.1", port, "APUNI_PORT")
    assert str(told.value) == f"port {port} on 127.0.0.1: Address already in use; choose another with APUNI_PORT"


async def test_a_port_that_another_process_took_during_the_start_ends_the_application_and_is_told():
    events: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "lifespan.startup.complete"})
        events.append((await receive())["type"])
        await send({"type": "lifespan.shutdown.complete"})

    with bind_socket("127.0.0.1", 0, "none") as place:
        port = place.getsockname()[1]
        config = uvicorn.Config(app, port=port, lifespan="on", log_config=None)
        server = DrainingServer(config, SystemClock(), started=list, unready=list, notice_seconds=0)
        with bind_socket("127.0.0.1", port, "none") as another:
            another.listen()
            with pytest.raises(PortTaken, match="in use; choose others with APUNI_PORT and METRICS_PORT"):
                await server._serve([place])
    assert events == ["lifespan.shutdown"]
