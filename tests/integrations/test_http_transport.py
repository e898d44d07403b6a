"""Our own transport against raw servers on loopback, on asyncio's loop and on uvloop."""

import asyncio
import gzip
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from ipaddress import ip_address

import httpx
import pytest
import uvloop
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from domain.clock import SystemClock
from integrations.http_transport import Limits, OwnTransport

pytestmark = pytest.mark.integration
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nyes"
Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@pytest.fixture(params=["asyncio", "uvloop"])
def run(request):
    """Run a coroutine on a loop of each kind, and see that no connection stays open."""

    def runner(coroutine):
        factory = uvloop.new_event_loop if request.param == "uvloop" else asyncio.new_event_loop
        with asyncio.Runner(loop_factory=factory) as loop:
            return loop.run(coroutine)

    return runner


class Server:
    """A server that answers as its script says and counts connections and requests."""

    def __init__(self, *answers: bytes | None, each: Callable[[bytes], bytes] | None = None, hold: float = 0.0):
        self.answers = list(answers)
        self.each = each
        self.hold = hold
        self.connections = self.ended = 0
        self.heads: list[bytes] = []
        self.bodies: list[bytes] = []
        self.port = 0

    async def __call__(self, reader, writer):
        self.connections += 1
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                self.heads.append(head)
                self.bodies.append(await _body(reader, head))
                await asyncio.sleep(self.hold)
                answer = self.each(head) if self.each else self.answers.pop(0) if self.answers else OK
                if answer is None:
                    return
                writer.write(answer)
                await writer.drain()
                if b"Connection: close" in answer or answer.endswith(b"<EOF>"):
                    return
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self.ended += 1
            writer.close()

    def url(self, path: str = "/") -> str:
        return f"http://127.0.0.1:{self.port}{path}"


async def _body(reader, head):
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return await reader.readexactly(int(value))
        if name.lower() == b"transfer-encoding":
            return await reader.readuntil(b"0\r\n\r\n")
    return b""


@asynccontextmanager
async def serving(handler, tls: ssl.SSLContext | None = None) -> AsyncIterator[Server]:
    tasks = set()

    async def handled(reader, writer):
        tasks.add(asyncio.current_task())
        try:
            await handler(reader, writer)
        finally:
            writer.close()
            tasks.discard(asyncio.current_task())

    server = await asyncio.start_server(handled, "127.0.0.1", 0, ssl=tls)
    handler.port = server.sockets[0].getsockname()[1]
    try:
        yield handler
    finally:
        server.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.sleep(0.01)  # the loop closes the sockets


def client(**options) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=OwnTransport(**options), timeout=5)


def closing(body: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + body


CHUNKED = (
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nyes\r\n5;x=y\r\n and \r\n2\r\nno\r\n0\r\nT: 1\r\n\r\n"
)


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


# TLS.


@pytest.fixture(scope="module")
def authority():
    return Authority()


class Authority:
    """A certificate authority of this test."""

    def __init__(self):
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test authority")])
        self.certificate = self._signed(self._name, self._key.public_key(), None, 1)

    def context(self, folder, *names: str, days: int = 1) -> ssl.SSLContext:
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
        certificate = self._signed(subject, key.public_key(), names, days)
        file = folder / "server.pem"
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        file.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        return context

    def trusted(self) -> ssl.SSLContext:
        pem = self.certificate.public_bytes(serialization.Encoding.PEM).decode()
        return ssl.create_default_context(cadata=pem)

    def _signed(self, subject, key, names, days):
        now = SystemClock().now()
        until = now + timedelta(days=days)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(min(now, until) - timedelta(days=2))
            .not_valid_after(until)
            .add_extension(x509.BasicConstraints(ca=names is None, path_length=None), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False)
        )
        if names is not None:
            alternatives = [
                x509.IPAddress(ip_address(name)) if name[0].isdigit() else x509.DNSName(name) for name in names
            ]
            builder = builder.add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        else:
            usage = x509.KeyUsage(
                digital_signature=True, key_cert_sign=True, crl_sign=True, content_commitment=False,
                key_encipherment=False, data_encipherment=False, key_agreement=False, encipher_only=False,
                decipher_only=False,
            )  # fmt: skip
            builder = builder.add_extension(usage, critical=True)
        return builder.sign(self._key, hashes.SHA256())


async def to_loopback(host, port):
    return ["127.0.0.1"]


def test_tls_checks_the_certificate_and_keeps_the_connection(run, authority, tmp_path):
    context = authority.context(tmp_path, "partner.test")

    async def main():
        async with serving(Server(), context) as server:
            async with client(tls=authority.trusted(), resolver=to_loopback) as http:
                got = [(await http.get(f"https://partner.test:{server.port}/")).content for _ in range(3)]
            return got, server.connections

    assert run(main()) == ([b"yes"] * 3, 1)


def test_tls_bodies_of_every_kind(run, authority, tmp_path):
    context = authority.context(tmp_path, "partner.test")

    async def main():
        async with serving(Server(CHUNKED, closing(b"end"), OK), context) as server:
            http = client(tls=authority.trusted(), resolver=to_loopback)
            got = [(await http.get(f"https://partner.test:{server.port}/")).content for _ in range(3)]
            await http.aclose()
            return got

    assert run(main()) == [b"yes and no", b"end", b"yes"]


@pytest.mark.parametrize(
    ("names", "days", "trusted"),
    [(["other.test"], 1, True), (["partner.test"], -1, True), (["partner.test"], 1, False), (["127.0.0.1"], 1, True)],
    ids=["wrong_name", "expired", "unknown_authority", "name_of_the_address"],
)
def test_tls_refuses_a_certificate_that_is_not_the_partners(run, authority, tmp_path, names, days, trusted):
    context = authority.context(tmp_path, *names, days=days)

    async def main():
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda *_: None)  # the server complains that we hung up
        tls = authority.trusted() if trusted else None
        async with serving(Server(), context) as server, client(tls=tls, resolver=to_loopback) as http:
            with pytest.raises(httpx.ConnectError):
                await http.get(f"https://partner.test:{server.port}/")
            return server.heads

    assert run(main()) == []


def test_a_handshake_that_hangs_ends_at_the_connect_timeout(run, authority):
    async def silent(reader, writer):
        await reader.read()
        writer.close()

    async def main():
        async with serving(silent), client(tls=authority.trusted(), resolver=to_loopback) as http:
            with pytest.raises(httpx.ConnectTimeout):
                await http.get(f"https://partner.test:{silent.port}/", timeout=httpx.Timeout(5, connect=0.1))

    run(main())
