"""Listening sockets: whoever comes in a rush is accepted although the event loop turns seldom."""

import asyncio
import socket

import pytest
import uvloop

from gateway.runtime.ports import ACCEPTED_AT_ONCE, bind_socket, handles_of

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
