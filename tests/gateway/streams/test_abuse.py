"""Abuse of streams over real sockets (docs/reliability.md section 5.12): many, idle, slow, big, malformed."""

import asyncio
import base64
import contextlib
import json
import socket
import struct

import httpx
import pytest
import uvicorn
import websockets

from gateway.http.protocol import server_options
from gateway.runtime.ports import STUCK_MILLISECONDS, bind_socket
from gateway.settings.limits import Server
from tests.support.streams import small_house

pytestmark = pytest.mark.integration

MANY = 200
PATIENCE = 20.0
FLOOD = "subscription { count(to: 100000) { padding(size: 20000) } }"
FOREVER = "subscription { forever { number } }"
INIT = {"type": "connection_init"}


@contextlib.asynccontextmanager
async def serving(house):
    place = bind_socket("127.0.0.1", 0, "none")
    server = uvicorn.Server(uvicorn.Config(house.app, lifespan="off", **server_options(Server())))
    task = asyncio.create_task(server.serve([place]))
    while not server.started:
        await asyncio.sleep(0.01)
    try:
        yield place.getsockname()[1], server
    finally:
        server.should_exit = True
        server.force_exit = True
        await task


@contextlib.asynccontextmanager
async def a_socket(port, *, introduce=True):
    url = f"ws://127.0.0.1:{port}/graphql"
    async with websockets.connect(url, subprotocols=["graphql-transport-ws"], compression=None) as opened:
        if introduce:
            await opened.send(json.dumps(INIT))
            assert json.loads(await opened.recv())["type"] == "connection_ack"
        yield opened


async def closed_with(opened):
    async with asyncio.timeout(PATIENCE):
        await opened.wait_closed()
    return opened.close_code


async def until(look):
    async with asyncio.timeout(PATIENCE):
        while not look():
            await asyncio.sleep(0.01)


async def test_two_hundred_idle_sockets_keep_nobody_out_and_leave_nothing_behind():
    house = small_house(per_caller=MANY)
    async with serving(house) as (port, _), httpx.AsyncClient(timeout=PATIENCE) as client:
        before = len(asyncio.all_tasks())
        async with contextlib.AsyncExitStack() as stack:
            opened = [await stack.enter_async_context(a_socket(port)) for _ in range(MANY)]
            for each in opened[::10]:
                await each.send(json.dumps({"id": "1", "type": "subscribe", "payload": {"query": FOREVER}}))
            await until(lambda: house.small.running == MANY // 10)
            assert house.streaming.open == MANY
            answer = await client.post(f"http://127.0.0.1:{port}/graphql", json={"query": "{ hello }"})
            assert answer.json()["data"] == {"hello": "नमस्ते अपुणी"}
        await until(lambda: (house.streaming.open, house.small.running) == (0, 0))
        await client.aclose()
        await until(lambda: len(asyncio.all_tasks()) <= before)


async def test_sockets_that_say_nothing_are_closed():
    house = small_house(init_seconds=0.2)
    async with serving(house) as (port, _), contextlib.AsyncExitStack() as stack:
        opened = [await stack.enter_async_context(a_socket(port, introduce=False)) for _ in range(20)]
        assert [await closed_with(each) for each in opened] == [4408] * 20


def raw_client(port, receive_buffer=4096):
    """A connection whose client does not read, with as little room as the system gives it."""
    place = socket.socket()
    place.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    place.connect(("127.0.0.1", port))
    return place


def frame(message):
    """A masked text frame."""
    text = json.dumps(message).encode()
    return struct.pack("!BB4s", 0x81, 0x80 | len(text), b"\0" * 4) + text


def handshake():
    key = base64.b64encode(b"0123456789abcdef").decode()
    head = ["GET /graphql HTTP/1.1", "Host: gateway.test", "Connection: Upgrade", "Upgrade: websocket"]
    head += [f"Sec-WebSocket-Key: {key}", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Protocol: graphql-transport-ws"]
    return "\r\n".join([*head, "", ""]).encode()


async def test_a_slow_socket_holds_less_than_a_mebibyte_and_is_dropped():
    house, dropped = small_house(send_seconds=0.5), []
    house.streaming.dropped = dropped.append
    async with serving(house) as (port, server):
        with contextlib.closing(raw_client(port)) as client:
            payload = {"id": "1", "type": "subscribe", "payload": {"query": FLOOD}}
            await asyncio.to_thread(client.sendall, handshake())
            assert b" 101 " in await asyncio.to_thread(client.recv, 2048)
            await asyncio.to_thread(client.sendall, frame(INIT) + frame(payload))
            await until(lambda: house.streaming.open == 1)
            held = 0
            while house.streaming.open:
                held = max(held, *(each.transport.get_write_buffer_size() for each in server.server_state.connections))
                await asyncio.sleep(0.02)
            assert 0 < held < 1024 * 1024
            assert dropped == ["unread"]


async def test_a_slow_reader_of_events_is_dropped_too():
    house, dropped = small_house(send_seconds=0.5), []
    house.streaming.dropped = dropped.append
    async with serving(house) as (port, server):
        with contextlib.closing(raw_client(port)) as client:
            body = json.dumps({"query": FLOOD}).encode()
            head = "POST /graphql HTTP/1.1\r\nHost: gateway.test\r\nAccept: text/event-stream\r\n"
            head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
            await asyncio.to_thread(client.sendall, head.encode() + body)
            await until(lambda: house.streaming.open == 1)
            held = 0
            while house.streaming.open:
                held = max(held, *(each.transport.get_write_buffer_size() for each in server.server_state.connections))
                await asyncio.sleep(0.02)
            assert 0 < held < 1024 * 1024
            assert dropped == ["unread"]


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        ("x" * 70_000, 1009),
        ("not json", 4400),
        (b"\x00\x01", 4400),
        ('{"type": "subscribe", "id": "1", "payload": {"query": "{ hello }", "variables": []}}', None),
        ("[" * 5000 + "]" * 5000, 4400),
        ('{"type": "ping", "n": ' + "9" * 5000 + "}", 4400),
    ],
    ids=["big", "no json", "binary", "variables of a list", "deep", "long number"],
)
async def test_what_is_big_or_malformed_ends_that_socket_only(sent, code):
    house = small_house()
    async with serving(house) as (port, _), a_socket(port) as bad, a_socket(port) as good:
        await bad.send(sent)
        if code is None:
            assert json.loads(await bad.recv())["type"] == "error"
        else:
            assert await closed_with(bad) == code
        await good.send(json.dumps({"type": "ping"}))
        assert json.loads(await good.recv()) == {"type": "pong"}


async def test_compression_is_not_agreed_upon():
    async with (
        serving(small_house()) as (port, _),
        websockets.connect(f"ws://127.0.0.1:{port}/graphql", subprotocols=["graphql-transport-ws"]) as opened,
    ):
        assert "sec-websocket-extensions" not in opened.response.headers


def test_a_connection_that_takes_nothing_is_ended_by_the_system():
    with contextlib.closing(bind_socket("127.0.0.1", 0, "none")) as place:
        assert place.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == STUCK_MILLISECONDS
