"""Which connections our own transport keeps, shares, bounds and closes."""

import asyncio

import httpx
import pytest

from integrations.calling.http_transport import Limits
from tests.support.raw_servers import OK, Server, client, serving

pytestmark = pytest.mark.integration


def test_reads_share_a_kept_connection_and_writes_have_their_own(run):
    async def main():
        async with serving(Server()) as server, client() as http:
            for _ in range(5):
                await http.get(server.url())
            reads = server.connections
            await http.post(server.url())
            await http.post(server.url(), extensions={"repeatable": True})
            return reads, server.connections

    assert run(main()) == (1, 2)


def test_a_kept_connection_that_died_is_replaced_for_what_may_be_sent_twice(run):
    async def main():
        async with serving(Server(OK, None, OK)) as server, client() as http:
            got = [(await http.get(server.url())).content for _ in range(2)]
            return got, server.connections, len(server.heads)

    assert run(main()) == ([b"yes", b"yes"], 2, 3)


def test_a_connection_that_was_closed_while_idle_is_not_used(run):
    async def main():
        async with serving(Server(OK.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"), OK)) as server:
            async with client() as http:
                first = await http.get(server.url())
                await asyncio.sleep(0.02)
                second = await http.get(server.url())
            return first.content, second.content, server.connections

    assert run(main()) == (b"yes", b"yes", 2)


def test_a_half_closed_idle_connection_is_noticed(run):
    async def half(reader, writer):
        half.connections += 1
        while True:
            try:
                await reader.readuntil(b"\r\n\r\n")
            except asyncio.IncompleteReadError:
                break
            writer.write(OK)
            writer.write_eof()
        writer.close()

    half.connections = 0

    async def main():
        async with serving(half), client() as http:
            for _ in range(3):
                assert (await http.get(f"http://127.0.0.1:{half.port}/")).content == b"yes"
                await asyncio.sleep(0.02)
        return half.connections

    assert run(main()) == 3


def test_a_write_is_never_sent_twice(run):
    async def main():
        async with serving(Server(OK, None)) as server, client() as http:
            await http.get(server.url())
            with pytest.raises(httpx.RemoteProtocolError):
                await http.post(server.url(), content=b"pay", extensions={"repeatable": False})
            await asyncio.sleep(0.02)
            server.answers.append(None)
            with pytest.raises(httpx.RemoteProtocolError):
                await http.post(server.url(), content=b"pay")
            return server.bodies.count(b"pay")

    assert run(main()) == 2


def test_bytes_that_nobody_asked_for_end_a_connection(run):
    async def main():
        async with serving(Server(OK + b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil", OK)) as server:
            async with client() as http:
                got = [(await http.get(server.url())).content for _ in range(2)]
            return got, server.connections

    assert run(main()) == ([b"yes", b"yes"], 2)


def test_a_hundred_at_once(run):
    def echo(head: bytes) -> bytes:
        path = head.split(b" ")[1]
        return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(path), path)

    async def main():
        async with serving(Server(each=echo)) as server, client(limits=Limits(connections=20, idle=20)) as http:
            answers = await asyncio.gather(*(http.get(server.url(f"/{number}")) for number in range(100)))
            return [answer.text for answer in answers], server.connections

    texts, connections = run(main())

    assert texts == [f"/{number}" for number in range(100)]
    assert connections == 20


def test_no_free_connection_in_time_is_a_pool_timeout(run):
    async def main():
        async with serving(Server(hold=0.3)) as server, client(limits=Limits(connections=1)) as http:
            timeout = httpx.Timeout(5, pool=0.05)
            done = await asyncio.gather(
                *(http.get(server.url(), timeout=timeout) for _ in range(2)), return_exceptions=True
            )
            again = await http.get(server.url())
            return sorted(type(each).__name__ for each in done), again.status_code

    assert run(main()) == (["PoolTimeout", "Response"], 200)


def test_idle_connections_are_bounded_and_closed_in_time(run):
    async def main():
        limits = Limits(connections=10, idle=3, idle_seconds=0.05)
        async with serving(Server(hold=0.02)) as server, client(limits=limits) as http:
            await asyncio.gather(*(http.get(server.url()) for _ in range(10)))
            await asyncio.sleep(0.02)
            over = server.ended
            await asyncio.sleep(0.2)
            return over, server.ended

    assert run(main()) == (7, 10)


def test_a_body_is_streamed_and_a_reader_that_is_slow_slows_the_other_side(run):
    size = 20_000_000

    async def main():
        answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size + b"x" * size
        async with serving(Server(answer)) as server, client() as http, http.stream("GET", server.url()) as got:
            await asyncio.sleep(0.1)
            buffered = got.stream._stream._exchange._connection._buffered
            return buffered, sum([len(chunk) async for chunk in got.aiter_raw()])

    buffered, read = run(main())

    assert buffered < 2_000_000
    assert read == size


def test_a_body_that_is_left_halfway_closes_its_connection(run):
    async def main():
        answer = b"HTTP/1.1 200 OK\r\nContent-Length: 9000000\r\n\r\n" + b"x" * 9_000_000
        async with serving(Server(answer, OK)) as server, client() as http:
            async with http.stream("GET", server.url()) as got:
                async for _ in got.aiter_raw():
                    break
            after = await http.get(server.url())
            return after.content, server.connections, len(http._transport._pools.popitem()[1]._open)

    assert run(main()) == (b"yes", 2, 1)
