"""What our own transport makes of broken answers, silence, refusal and cancelled calls."""

import asyncio

import httpx
import pytest

from integrations.calling.http_transport import Limits
from tests.support.raw_servers import OK, Server, client, serving

pytestmark = pytest.mark.integration


@pytest.mark.parametrize(
    "answer",
    [
        b"SSH-2.0-OpenSSH\r\n\r\n",
        b"HTTP/1.1 abc OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nyes",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 300 + b"\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * 100_000 + b"\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\nConnection: close\r\n\r\nyes",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n3\r\nyes\r\n",
        b"HTTP/1.1 200 OK<EOF>",
        None,
    ],
    ids=[
        "other_protocol", "status", "two_lengths", "negative_length", "bad_chunk", "many_headers", "large_head",
        "upgrade", "cut_body", "cut_chunks", "cut_head", "nothing",
    ],
)  # fmt: skip
def test_what_is_not_whole_http_is_a_protocol_error_and_closes(run, answer):
    async def main():
        async with serving(Server(answer, OK)) as server, client() as http:
            with pytest.raises(httpx.RemoteProtocolError):
                await http.post(server.url())
            return (await http.get(server.url())).content

    assert run(main()) == b"yes"


def test_a_reset_while_the_body_comes_is_an_error(run):
    async def reset(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npart")
        await writer.drain()
        writer.transport.abort()

    async def main():
        async with serving(reset), client() as http:
            with pytest.raises(httpx.TransportError):
                await http.get(f"http://127.0.0.1:{reset.port}/")

    run(main())


def test_silence_ends_at_the_read_timeout(run):
    async def main():
        async with serving(Server(hold=30)) as server, client() as http:
            with pytest.raises(httpx.ReadTimeout):
                await http.get(server.url(), timeout=httpx.Timeout(5, read=0.05))
            await asyncio.sleep(0.02)
            return len(http._transport._pools.popitem()[1]._open)

    assert run(main()) == 0


def test_silence_after_the_head_ends_there_too(run):
    async def main():
        answer = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npart"
        async with serving(Server(answer)) as server, client() as http:
            with pytest.raises(httpx.ReadTimeout):
                await http.get(server.url(), timeout=httpx.Timeout(5, read=0.05))

    run(main())


def test_a_refused_connection_is_a_connect_error(run):
    async def main():
        async with serving(Server()) as server:
            url = server.url()
        await asyncio.sleep(0.02)
        async with client() as http:
            with pytest.raises(httpx.ConnectError):
                await http.get(url)

    run(main())


def test_a_cancelled_call_closes_its_connection_and_frees_its_place(run):
    async def main():
        async with serving(Server(hold=0.2)) as server, client(limits=Limits(connections=1)) as http:
            call = asyncio.create_task(http.get(server.url()))
            while not server.heads:
                await asyncio.sleep(0.001)
            call.cancel()
            await asyncio.gather(call, return_exceptions=True)
            server.hold = 0
            return (await http.get(server.url())).content, server.connections

    assert run(main()) == (b"yes", 2)


def test_closing_ends_what_is_under_way_and_takes_no_more(run):
    async def main():
        async with serving(Server(hold=30)) as server:
            http = client()
            call = asyncio.create_task(http.get(server.url()))
            while not server.heads:
                await asyncio.sleep(0.001)
            await http._transport.aclose()
            done = (await asyncio.gather(call, return_exceptions=True))[0]
            with pytest.raises(httpx.LocalProtocolError):
                await http.get(server.url())
            await http.aclose()
            return done

    assert isinstance(run(main()), httpx.TransportError)


@pytest.mark.parametrize(
    ("headers", "method"), [({"X": "a\r\nEvil: 1"}, "GET"), ({"X": "a\nb"}, "GET"), ({}, "GET / HTTP/1.1\r\nX: y")]
)
def test_nothing_breaks_out_of_its_line(run, headers, method):
    async def main():
        async with serving(Server()) as server, client() as http:
            with pytest.raises(httpx.LocalProtocolError):
                await http.request(method, server.url(), headers=headers)
            return server.connections

    assert run(main()) == 0


def test_other_schemes_are_refused(run):
    async def main():
        async with client() as http:
            with pytest.raises(httpx.UnsupportedProtocol):
                await http.get("ftp://127.0.0.1/")

    run(main())


def test_the_resolver_says_where_to_connect(run):
    async def resolver(host, port):
        return ["127.0.0.1"] if host == "partner.test" else []

    async def main():
        async with serving(Server()) as server, client(resolver=resolver) as http:
            got = await http.get(f"http://partner.test:{server.port}/")
            with pytest.raises(httpx.ConnectError):
                await http.get("http://other.test/")
            return got.content, server.heads[0]

    body, head = run(main())

    assert body == b"yes"
    assert b"Host: partner.test:" in head
