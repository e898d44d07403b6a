"""The HTTP server: its settings, and heads and bodies that are too long or too slow, over a real port."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
import uvicorn

from gateway.graphql.endpoint import Edge
from gateway.http.protocol import server_options
from gateway.settings.limits import Server
from tests.gateway.http.conftest import application

pytestmark = pytest.mark.integration


@asynccontextmanager
async def serving(edge: Edge, server: Server, hosts: frozenset[str] | None = None) -> AsyncIterator[int]:
    async with serving_app(application(edge), **server_options(server, hosts)) as port:
        yield port


@asynccontextmanager
async def serving_app(app: Any, **options: Any) -> AsyncIterator[int]:
    config = uvicorn.Config(app, port=0, lifespan="off", loop="uvloop", **options)
    running = uvicorn.Server(config)
    task = asyncio.create_task(running.serve())
    while not running.started:
        await asyncio.sleep(0.01)
    try:
        yield running.servers[0].sockets[0].getsockname()[1]
    finally:
        running.should_exit = True
        await task


async def exchange(port: int, *parts: bytes, pause: float = 0.0) -> bytes:
    """Send the parts and read until the server closes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    answer = b""
    try:
        for part in parts:
            writer.write(part)
            await writer.drain()
            await asyncio.sleep(pause)
        async with asyncio.timeout(5):
            answer = await reader.read()
    except ConnectionError:
        pass
    writer.close()
    return answer


def head(*lines: bytes, close: bool = True) -> bytes:
    ending = [b"Connection: close"] if close else []
    return b"\r\n".join([b"GET /graphql?query={hello} HTTP/1.1", b"Host: gateway.test", *lines, *ending, b"", b""])


def test_every_number_of_the_server_is_as_decided():
    options = server_options(Server())

    assert {name: options[name] for name in options if name not in {"http", "ws"}} == {
        "access_log": False,
        "log_config": None,
        "server_header": False,
        "proxy_headers": False,
        "forwarded_allow_ips": [],
        "backlog": 512,
        "timeout_keep_alive": 5,
        "timeout_graceful_shutdown": 20,
        "ws_max_size": 65_536,
        "ws_max_queue": 8,
        "ws_ping_interval": 20.0,
        "ws_ping_timeout": 20.0,
        "ws_per_message_deflate": False,
    }
    assert options["http"].bounds.concurrency == 400
    assert options["http"].bounds.headers == 100
    assert options["http"].bounds.head_bytes == 32_768


@pytest.fixture
async def port(make_edge: Callable[..., Edge]) -> AsyncIterator[int]:
    async with serving(make_edge(), Server(head_seconds=0.2, body_seconds=0.2)) as listening:
        yield listening


async def test_an_ordinary_head_is_answered_and_names_no_server(port: int):
    answer = await exchange(port, head(*(b"X-%d: y" % number for number in range(90))))

    assert answer.startswith(b"HTTP/1.1 200 ")
    assert b"\r\nserver:" not in answer.lower()


@pytest.mark.parametrize(
    "lines",
    [
        [b"X-%d: y" % number for number in range(101)],
        [b"X: " + b"y" * 33_000],
        [b"X-%d: " % number + b"y" * 500 for number in range(90)],
    ],
    ids=["many", "long", "many and long"],
)
async def test_a_head_out_of_bounds_is_431(port: int, lines: list[bytes]):
    answer = await exchange(port, head(*lines))

    assert answer.startswith(b"HTTP/1.1 431 ")
    assert answer.endswith(b'{"code":"BAD_INPUT"}')


async def test_a_head_that_never_ends_is_cut_off_at_its_bound(port: int):
    parts = [b"GET /graphql HTTP/1.1\r\nX: "] + [b"y" * 8000] * 8

    assert (await exchange(port, *parts)).startswith((b"HTTP/1.1 431 ", b""))


async def test_a_head_that_comes_byte_by_byte_is_408(port: int):
    answer = await exchange(port, *(bytes([byte]) for byte in b"GET"), pause=0.05)

    assert answer.startswith(b"HTTP/1.1 408 ")


async def test_a_head_that_begins_in_one_piece_with_a_whole_request_and_never_ends_is_408(port: int):
    answer = await exchange(port, head(close=False) + b"GET /graphql")

    assert re.findall(rb"HTTP/1.1 (\d+) ", answer) == [b"200", b"408"]


async def test_a_body_that_never_comes_is_408(port: int):
    post = b"POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 50\r\n\r\n{"

    assert (await exchange(port, post)).startswith(b"HTTP/1.1 408 ")


@pytest.mark.parametrize(
    "garbage", [b"\x16\x03\x01\x02\x00", b"GET\r\n\r\n", b"GET /%\xff HTTP/1.1\r\n\r\n", b"\0" * 50]
)
async def test_what_is_no_http_is_400(port: int, garbage: bytes):
    answer = await exchange(port, garbage)

    assert answer == b"" or answer.startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 408 "))


async def test_requests_on_one_connection_have_their_heads_counted_apart(port: int):
    one = head(*(b"X-%d: " % number + b"y" * 300 for number in range(60)), close=False)

    answer = await exchange(port, one + one, one, head())

    assert answer.count(b"HTTP/1.1 200 ") == 4


def asked(*hosts: bytes, version: bytes = b"1.1", target: bytes = b"/graphql?query={hello}") -> bytes:
    lines = [b"GET " + target + b" HTTP/" + version, *(b"Host: " + host for host in hosts), b"Connection: close"]
    return b"\r\n".join([*lines, b"", b""])


@pytest.mark.parametrize(
    "hosts",
    [
        (),
        (b"gateway.test", b"gateway.test"),
        (b"gateway.test", b"other.test"),
        (b"",),
        (b"a b",),
        (b"a@b",),
        (b"[::1",),
    ],
    ids=["none", "twice", "two", "empty", "space", "user", "bracket"],
)
async def test_a_request_without_exactly_one_well_formed_host_is_400(port: int, hosts: tuple[bytes, ...]):
    assert (await exchange(port, asked(*hosts))).startswith(b"HTTP/1.1 400 ")


@pytest.mark.parametrize("host", [b"gateway.test", b"GATEWAY.test:8443", b"127.0.0.1:80", b"[::1]:8000"])
async def test_a_request_with_one_well_formed_host_is_answered(port: int, host: bytes):
    assert (await exchange(port, asked(host))).startswith(b"HTTP/1.1 200 ")


async def test_a_request_of_http_1_0_needs_no_host(port: int):
    assert (await exchange(port, asked(version=b"1.0"))).startswith(b"HTTP/1.1 200 ")


async def test_a_target_that_names_another_host_than_the_header_is_400(port: int):
    answer = await exchange(port, asked(b"gateway.test", target=b"http://other.test/graphql?query={hello}"))

    assert answer.startswith(b"HTTP/1.1 400 ")


@pytest.mark.parametrize(
    ("host", "target", "status"),
    [
        (b"gateway.test", b"/graphql?query={hello}", b"200"),
        (b"Gateway.Test", b"/graphql?query={hello}", b"200"),
        (b"evil.example", b"/graphql?query={hello}", b"421"),
        (b"10.0.0.7:8000", b"/health/live", b"404"),  # this small application has none, but it was asked
        (b"10.0.0.7:8000", b"/metrics", b"404"),
        (b"10.0.0.7:8000", b"/metrics/more", b"421"),
    ],
)
async def test_where_hosts_are_named_any_other_is_misdirected_but_for_probes_and_metrics(
    make_edge: Callable[..., Edge], host: bytes, target: bytes, status: bytes
):
    async with serving(make_edge(), Server(), hosts=frozenset({"gateway.test"})) as port:
        answer = await exchange(port, asked(host, target=target))

    assert answer.split()[1] == status


async def test_a_client_that_goes_on_sending_after_413_reads_the_answer(port: int):
    size = 4_000_000
    post = b"POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % size
    parts = [post, *[b" " * 500_000] * (size // 500_000)]

    answer = await exchange(port, *parts, pause=0.01)

    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b'"BODY_TOO_LARGE"' in answer


async def test_a_connection_that_is_refused_is_closed_though_the_client_never_stops(port: int):
    post = b"POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 900000000\r\n\r\n"

    async def send_for_ever() -> None:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(post)
        while True:
            writer.write(b" " * 500_000)
            await writer.drain()

    async with asyncio.timeout(30):
        with pytest.raises(ConnectionError):
            await send_for_ever()


def noting_writes(written: list[bytes]) -> dict[str, Any]:
    """The options of a server that notes what each write to a connection was."""
    options = server_options(Server())

    class Noting(options["http"]):
        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            self.transport = _NotingTransport(transport, written)

    return options | {"http": Noting}


class _NotingTransport:
    def __init__(self, transport: Any, written: list[bytes]) -> None:
        self._transport, self._written = transport, written

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        self._written.append(data)
        self._transport.write(data)


async def test_an_answer_goes_out_by_one_write(edge: Edge):
    written: list[bytes] = []

    async with serving_app(application(edge), **noting_writes(written)) as port:
        answer = await exchange(port, head())

    assert written == [answer]


async def test_the_head_of_a_stream_does_not_wait_for_its_first_part():
    head_was_read = asyncio.Event()

    async def stream(_scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await head_was_read.wait()
        await send({"type": "http.response.body", "body": b"first part"})

    async with serving_app(stream, **server_options(Server())) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(head())
        async with asyncio.timeout(5):
            started = await reader.readuntil(b"\r\n\r\n")
            head_was_read.set()
            rest = await reader.read()
        writer.close()

    assert started.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"first part" in rest


async def test_the_answer_to_head_has_a_head_alone(port: int):
    answer = await exchange(port, head().replace(b"GET", b"HEAD", 1))

    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert answer.endswith(b"\r\n\r\n")
