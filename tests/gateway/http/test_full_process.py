"""What many connections of one address cost others, over real sockets: nothing, and nothing a person there either."""

import asyncio
import contextlib
import json
import re

import httpx
import pytest
import uvicorn
import websockets

from gateway.http.connections import Connections
from gateway.http.health import health_routes
from gateway.http.protocol import server_options
from gateway.settings.limits import Server
from tests.support.streams import GOOD, small_house

pytestmark = pytest.mark.integration

HERS = {"authorization": f"Bearer {GOOD}"}
BODY = json.dumps({"query": "{ hello }"}).encode()
ELSEWHERE = "127.0.0.2"
PATIENCE = 20.0


@contextlib.asynccontextmanager
async def serving(house, refuses=lambda _: None, **settings):
    bounds = Server(**settings)
    waiting = Connections(bounds.trusted_proxies)
    waiting.callers, waiting.end_stranger = house.streaming.edge.callers, house.streaming.end_stranger
    waiting.refuses = refuses
    house.app.router.routes.extend(health_routes())
    options = server_options(bounds, waiting=waiting)
    server = uvicorn.Server(uvicorn.Config(house.app, port=0, lifespan="off", loop="uvloop", **options))
    task = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    try:
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = server.force_exit = True
        await task


class Slow:
    """A client that has sent the head of a request and a part of its body."""

    def __init__(self, reader, writer):
        self.reader, self.writer = reader, writer

    async def answer(self):
        """Send the rest and read the status."""
        self.writer.write(BODY[1:])
        async with asyncio.timeout(PATIENCE):
            return (await self.reader.readline()).split()[1:2]


@contextlib.asynccontextmanager
async def slow_bodies(port, many, *, source="127.0.0.1", headers=None):
    async with contextlib.AsyncExitStack() as stack:
        opened = []
        for _ in range(many):
            reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(source, 0))
            stack.callback(writer.close)
            head = {"host": "x", "content-type": "application/json", "content-length": len(BODY), **(headers or {})}
            lines = [f"{name}: {value}" for name, value in head.items()]
            writer.write("\r\n".join(["POST /graphql HTTP/1.1", *lines, "", ""]).encode() + BODY[:1])
            opened.append(Slow(reader, writer))
        yield opened


async def status_of(port, *, source="127.0.0.1", path="/graphql?query={hello}", headers=None):
    line = httpx.AsyncHTTPTransport(local_address=source)
    async with httpx.AsyncClient(transport=line, base_url=f"http://127.0.0.1:{port}", timeout=PATIENCE) as client:
        return (await client.get(path, headers=headers)).status_code


async def test_410_slow_bodies_of_one_address_cost_nobody_an_answer_nor_a_person_at_that_address():
    async with serving(small_house()) as port, slow_bodies(port, 410):
        told = [
            await status_of(port, headers=HERS),
            await status_of(port, source=ELSEWHERE),
            await status_of(port, path="/health/live"),
        ]

    assert told == [200, 200, 200]


async def test_what_a_person_is_still_sending_goes_on_while_410_strangers_at_her_address_are_slow():
    async with (
        serving(small_house()) as port,
        slow_bodies(port, 1, headers=HERS) as [hers],
        slow_bodies(port, 410),
    ):
        assert await hers.answer() == [b"200"]


async def test_what_a_stranger_elsewhere_is_still_sending_goes_on_too():
    async with (
        serving(small_house()) as port,
        slow_bodies(port, 1, source=ELSEWHERE) as [other],
        slow_bodies(port, 410),
    ):
        assert await other.answer() == [b"200"]


async def test_410_slow_bodies_of_one_person_cost_a_stranger_nothing_who_is_still_sending():
    async with (
        serving(small_house()) as port,
        slow_bodies(port, 1, source=ELSEWHERE) as [other],
        slow_bodies(port, 410, headers=HERS),
    ):
        assert await other.answer() == [b"200"]


async def test_one_that_gives_way_is_told_so():
    async with serving(small_house(), concurrency=1) as port, slow_bodies(port, 1) as [slow]:
        assert await status_of(port) == 200
        assert await slow.answer() == [b"503"]


async def test_a_full_process_answers_probes_and_refuses_others():
    house = small_house()
    async with serving(house, concurrency=1) as port:
        busy = asyncio.create_task(status_of(port, path="/graphql?query={slow}"))
        while not house.small.contexts:
            await asyncio.sleep(0.01)
        told = [await status_of(port, path=path) for path in ("/health/live", "/graphql?query={hello}")]
        busy.cancel()
        await asyncio.gather(busy, return_exceptions=True)

    assert told == [200, 503]


@contextlib.asynccontextmanager
async def idle_socket(port, source="127.0.0.1", payload=None):
    url = f"ws://127.0.0.1:{port}/graphql"
    opened = websockets.connect(
        url, subprotocols=["graphql-transport-ws"], compression=None, local_addr=(source, 0), ping_interval=None
    )
    async with opened as socket:
        await socket.send(json.dumps({"type": "connection_init", "payload": payload or {}}))
        yield socket


async def test_260_idle_sockets_of_one_address_cost_nobody_a_stream_nor_a_person_at_that_address():
    async with serving(small_house()) as port, contextlib.AsyncExitStack() as stack:
        for _ in range(260):
            await stack.enter_async_context(idle_socket(port))
        hers = await stack.enter_async_context(idle_socket(port, payload=HERS))
        other = await stack.enter_async_context(idle_socket(port, source=ELSEWHERE))
        async with asyncio.timeout(PATIENCE):
            told = [json.loads(await socket.recv())["type"] for socket in (hers, other)]

        assert told == ["connection_ack"] * 2
        assert await status_of(port) == 200


async def test_connections_that_a_trusted_proxy_keeps_do_not_count():
    async with serving(small_house(), concurrency=1, trusted_proxies=["127.0.0.1"]) as port:
        kept = [await asyncio.open_connection("127.0.0.1", port) for _ in range(3)]
        told = await status_of(port, headers={"x-forwarded-for": "10.0.0.1"})
        for reader, writer in kept:
            assert not reader.at_eof()
            writer.close()

    assert told == 200


async def test_behind_a_trusted_proxy_the_forwarded_address_counts():
    async with (
        serving(small_house(), concurrency=5, trusted_proxies=["127.0.0.1"]) as port,
        slow_bodies(port, 1, headers={"x-forwarded-for": "10.0.0.1"}) as [alone],
        slow_bodies(port, 6, headers={"x-forwarded-for": "10.0.0.2"}),
    ):
        assert await alone.answer() == [b"200"]


async def test_an_operation_that_cannot_have_its_turn_is_refused_by_its_head_and_the_next_on_its_connection_is_not():
    asked, refusals = [], [0.0, None]

    def refuses(caller_of):
        asked.append(caller_of().signed_in)
        return refusals.pop(0)

    async with serving(small_house(), refuses) as port:
        line = httpx.AsyncHTTPTransport(limits=httpx.Limits(max_connections=1))
        async with httpx.AsyncClient(transport=line, base_url=f"http://127.0.0.1:{port}", timeout=PATIENCE) as client:
            accepting = {**HERS, "accept": "application/graphql-response+json", "accept-language": "en"}
            refused = await client.post("/graphql", content=b"no JSON", headers=accepting)
            answered = await client.post("/graphql", json={"query": "{ hello }"}, headers=accepting)

    [error] = refused.json()["errors"]
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
    assert refused.headers["content-type"] == "application/graphql-response+json; charset=utf-8"
    assert (error["extensions"]["code"], error["extensions"]["retryAfterSeconds"]) == ("OVERLOADED", 1)
    assert "data" in answered.json()
    assert asked == [True, True]


def head_of(method=b"POST", *lines, body=BODY):
    asked = [method + b" /graphql HTTP/1.1", b"Host: x", b"Content-Type: application/json", *lines]
    return b"\r\n".join([*asked, b"Content-Length: %d" % len(body), b"", b""])


async def answers_to(port, *parts):
    """What is answered until the server closes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.writelines(parts)
    async with asyncio.timeout(PATIENCE):
        answer = await reader.read()
    writer.close()
    return answer


def refuses_first(many):
    """Refuse the first so many operations."""
    left = [0.0] * many
    return lambda _: left.pop() if left else None


LAST = head_of(b"POST", b"Connection: close") + BODY


async def test_a_refusal_comes_before_the_answer_to_what_was_sent_after_it_at_once():
    async with serving(small_house(), refuses_first(1)) as port:
        told = await answers_to(port, head_of() + BODY + LAST)

    assert re.findall(rb"HTTP/1.1 (\d+) ", told) == [b"503", b"200"]


async def test_a_refused_body_that_comes_later_is_no_part_of_the_next_request():
    async with serving(small_house(), refuses_first(1)) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(head_of() + BODY[:1])
        async with asyncio.timeout(PATIENCE):
            refused = await reader.readuntil(b"}]}")
            writer.writelines([BODY[1:], LAST])
            answered = await reader.read()
        writer.close()

    assert (refused.split()[1], answered.split()[1]) == (b"503", b"200")


async def test_a_refusal_of_a_last_request_closes_the_connection_and_that_of_a_head_has_no_body():
    async with serving(small_house(), refuses_first(2)) as port:
        last = await answers_to(port, LAST)
        bare = await answers_to(port, head_of(b"HEAD", b"Connection: close", body=b""))

    assert b"\r\nconnection: close\r\n" in last
    assert last.endswith(b"}]}")
    assert bare.startswith(b"HTTP/1.1 503 ")
    assert bare.endswith(b"\r\n\r\n")


@pytest.mark.long
async def test_a_connection_that_was_refused_and_asks_nothing_more_is_closed():
    async with serving(small_house(), refuses_first(1)) as port:
        told = await answers_to(port, head_of() + BODY)  # the server keeps it for five seconds

    assert told.startswith(b"HTTP/1.1 503 ")


async def test_who_asks_on_and_reads_no_refusal_is_cut_off():
    async with serving(small_house(), lambda _: 0.0) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1)
        with pytest.raises(ConnectionError):
            async with asyncio.timeout(PATIENCE):
                await ask_for_ever(writer)
        writer.close()

    assert reader.exception()


async def ask_for_ever(writer):
    while True:
        writer.write((head_of() + BODY) * 1000)
        await writer.drain()
