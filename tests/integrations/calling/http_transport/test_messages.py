"""What our own transport sends and reads: bodies, heads, statuses."""

import gzip

import pytest

from tests.support.raw_servers import CHUNKED, OK, Server, client, closing, serving

pytestmark = pytest.mark.integration


@pytest.mark.parametrize(
    ("answer", "body"),
    [
        (OK, b"yes"),
        (CHUNKED, b"yes and no"),
        (closing(b"until the end"), b"until the end"),
        (closing(b""), b""),
        (b"HTTP/1.1 204 No Content\r\n\r\n", b""),
        (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 10\r\n\r\n", b""),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", b""),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + OK, b"yes"),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nyes", b"yes"),
    ],
    ids=["length", "chunked", "until_closed", "closed_at_once", "204", "304", "empty", "interim", "http10"],
)
def test_a_body_ends_where_it_ends(run, answer, body):
    async def main():
        async with serving(Server(answer)) as server, client() as http:
            return (await http.get(server.url())).content

    assert run(main()) == body


def test_status_headers_and_version_come_through(run):
    answer = b"HTTP/1.1 418 Teapot\r\nContent-Length: 0\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nX-Empty:\r\n\r\n"

    async def main():
        async with serving(Server(answer)) as server, client() as http:
            return await http.get(server.url())

    got = run(main())

    assert (got.status_code, got.http_version) == (418, "HTTP/1.1")
    assert got.headers.get_list("set-cookie") == ["a=1", "b=2"]
    assert got.headers["x-empty"] == ""


def test_httpx_decodes_and_follows_redirects_as_over_its_own_transport(run):
    packed = gzip.compress(b"unpacked")
    moved = b"HTTP/1.1 302 Found\r\nLocation: /b\r\nContent-Length: 0\r\n\r\n"
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(packed)

    async def main():
        async with serving(Server(moved, head + packed)) as server, client() as http:
            return (await http.get(server.url("/a"), follow_redirects=True)).text

    assert run(main()) == "unpacked"


def test_head_has_no_body_whatever_it_says(run):
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"

    async def main():
        async with serving(Server(head, OK)) as server, client() as http:
            first = await http.head(server.url())
            second = await http.get(server.url())
            return first.content, first.headers["content-length"], second.content

    assert run(main()) == (b"", "1000", b"yes")


def test_bodies_are_sent_by_length_and_in_chunks(run):
    async def parts():
        yield b"a" * 10
        yield b"b"

    async def main():
        async with serving(Server()) as server, client() as http:
            await http.post(server.url(), json={"a": 1})
            await http.post(server.url(), content=b"x" * 3_000_000)
            await http.post(server.url(), content=parts())
            return server.bodies

    one, large, chunked = run(main())

    assert (one, len(large)) == (b'{"a":1}', 3_000_000)
    assert chunked == b"b\r\naaaaaaaaaab\r\n0\r\n\r\n"
