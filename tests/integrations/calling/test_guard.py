"""Where calls may go."""

import asyncio
import socket
import threading
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network

import httpx
import pytest

from domain.kernel import ManualClock
from integrations.calling.ssrf_guard import (
    MOST_LOOKUPS,
    GuardedTransport,
    NameLookups,
    NotAllowed,
    PinningTransport,
    SsrfGuard,
    is_public,
    origin_of,
)
from integrations.calling.transport import Transports

PUBLIC = "93.184.215.14"


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(datetime(2026, 11, 24, 6, 0, tzinfo=UTC))


def names(**table):
    async def lookup(host, port):
        if host not in table:
            raise socket.gaierror
        return table[host].split()

    return lookup


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",
        "255.255.255.255", "::1", "::", "fe80::1", "fe80::1%eth0", "fd00::1", "ff02::1", "::ffff:127.0.0.1",
        "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe", "2002:7f00:1::", "not an address",
    ],
)  # fmt: skip
def test_our_own_network_in_all_its_forms_is_not_public(address):
    assert not is_public(address)


@pytest.mark.parametrize("address", [PUBLIC, "2606:2800:21f:cb07::1", f"::ffff:{PUBLIC}"])
def test_the_internet_is_public(address):
    assert is_public(address)


@pytest.mark.parametrize(
    "url",
    [
        "http://partner.gov.in/", "https://partner.gov.in:8443/", "https://partner.gov.in.evil.test/",
        "https://evil.test/?https://partner.gov.in", "https://partner.gov.in@evil.test/", "ftp://partner.gov.in/",
        "file:///etc/passwd", "https:///", "https://partner.gov.in:99999/", "//partner.gov.in",
    ],
)  # fmt: skip
def test_only_the_configured_origin_is_called(clock, url):
    with pytest.raises(NotAllowed):
        SsrfGuard(["https://partner.gov.in/api"], clock=clock).check(url)


@pytest.mark.parametrize("url", ["https://partner.gov.in/x", "https://PARTNER.gov.in:443/y?z"])
def test_the_configured_origin_is_called_at_any_path(clock, url):
    SsrfGuard(["https://partner.gov.in/api"], clock=clock).check(url)


@pytest.mark.parametrize("found", ["127.0.0.1", f"{PUBLIC} 10.0.0.1", "169.254.169.254", ""])
async def test_a_name_that_answers_with_an_address_of_our_own_network_is_refused(clock, found):
    guard = SsrfGuard(["https://partner.gov.in"], clock=clock, demo=True, lookup=names(**{"partner.gov.in": found}))

    with pytest.raises(NotAllowed):
        await guard.addresses("partner.gov.in", 443)


@pytest.mark.parametrize(
    ("origin", "demo", "allowed"),
    [
        ("http://127.0.0.1:9000", True, True),
        ("http://localhost:9000", True, True),
        ("http://127.0.0.1:9000", False, False),
        ("http://10.0.0.7", True, True),
    ],
)
async def test_loopback_is_called_only_where_it_is_configured_in_the_demo(clock, origin, demo, allowed):
    guard = SsrfGuard([origin], clock=clock, demo=demo, lookup=names(localhost="127.0.0.1"))
    _, host, port = origin_of(origin)

    if allowed:
        assert await guard.addresses(host, port)
    else:
        with pytest.raises(NotAllowed):
            await guard.addresses(host, port)


async def test_urls_from_data_go_to_https_and_to_the_internet_only(clock):
    guard = SsrfGuard(None, clock=clock, demo=True, lookup=names(**{"media.test": PUBLIC, "inside.test": "10.0.0.1"}))

    guard.check("https://media.test/a")
    assert await guard.addresses("media.test", 443) == [PUBLIC]
    with pytest.raises(NotAllowed):
        guard.check("http://media.test/a")
    for host in ("inside.test", "127.0.0.1", "169.254.169.254"):
        with pytest.raises(NotAllowed):
            await guard.addresses(host, 443)


async def test_the_checked_address_is_used_until_it_is_checked_again(clock):
    table = {"partner.gov.in": PUBLIC}

    async def lookup(host, port):
        return [table[host]]

    guard = SsrfGuard(["https://partner.gov.in"], clock=clock, lookup=lookup)
    await guard.addresses("partner.gov.in", 443)
    table["partner.gov.in"] = "127.0.0.1"  # the name is bound anew between check and call

    assert await guard.addresses("partner.gov.in", 443) == [PUBLIC]
    clock.advance(timedelta(seconds=31))
    with pytest.raises(NotAllowed):
        await guard.addresses("partner.gov.in", 443)


async def test_httpcore_is_given_the_checked_address_and_keeps_name_and_host(clock):
    seen = []

    def answer(request):
        seen.append(request)
        return httpx.Response(200)

    guard = SsrfGuard(["https://partner.gov.in"], clock=clock, lookup=names(**{"partner.gov.in": PUBLIC}))
    transport = GuardedTransport(PinningTransport(httpx.MockTransport(answer), guard), guard)

    await transport.handle_async_request(httpx.Request("GET", "https://partner.gov.in/a"))

    assert str(seen[0].url) == f"https://{PUBLIC}/a"
    assert seen[0].headers["host"] == "partner.gov.in"
    assert seen[0].extensions["sni_hostname"] == "partner.gov.in"


@pytest.mark.parametrize("kind", ["own", "httpcore"])
async def test_a_line_refuses_other_origins_before_it_connects(clock, kind):
    async with Transports(clock, kind=kind, demo=True).client_for(["http://127.0.0.1:1"]) as line:
        request = line.request("GET", "http://127.0.0.1:2/", headers={})
        with pytest.raises(httpx.ConnectError):
            await line.send(request)


class SilentNames:
    """The resolver of the machine, silent about names that end in `.silent` until `answer`: then there are none."""

    def __init__(self, real):
        self._real = real
        self._answered = threading.Event()
        self.asked: list[str] = []

    def getaddrinfo(self, host, *given, **named):
        if not str(host).endswith(".silent"):
            return self._real(host, *given, **named)
        self.asked.append(host)
        self._answered.wait()
        raise socket.gaierror("no such name")

    def answer(self):
        self._answered.set()

    def ended(self):
        """Answer, and wait until every thread that looked a name up has ended."""
        self.answer()
        for thread in threading.enumerate():
            if thread.name == "name-lookup":
                thread.join()


@pytest.fixture
def silent(monkeypatch):
    names = SilentNames(socket.getaddrinfo)
    monkeypatch.setattr(socket, "getaddrinfo", names.getaddrinfo)
    yield names
    names.ended()


@pytest.fixture
async def silent_partners(clock, silent):
    """More partners whose names get no answer, each asked for over its own line, than a loop has common threads."""
    hosts = [f"partner-{number}.silent" for number in range(64)]
    asking = [asyncio.create_task(SsrfGuard([f"https://{host}"], clock=clock).addresses(host, 443)) for host in hosts]
    yield
    silent.answer()
    assert {type(error) for error in await asyncio.gather(*asking, return_exceptions=True)} == {socket.gaierror}


@pytest.mark.usefixtures("silent_partners")
async def test_a_name_that_gets_no_answer_keeps_no_other_partners_name_waiting(clock):
    guard = SsrfGuard(["https://localhost"], clock=clock, demo=True)

    async with asyncio.timeout(5):
        assert "127.0.0.1" in await guard.addresses("localhost", 443)


@pytest.mark.usefixtures("silent_partners")
async def test_a_name_that_gets_no_answer_takes_none_of_the_common_threads():
    async with asyncio.timeout(5):
        assert await asyncio.to_thread(threading.current_thread) is not threading.current_thread()


@pytest.mark.integration
@pytest.mark.usefixtures("silent_partners")
async def test_a_name_that_gets_no_answer_lets_no_other_system_look_unreachable(clock):
    server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0)
    async with server:
        url = f"http://localhost:{server.sockets[0].getsockname()[1]}"

        assert await Transports(clock, demo=True).is_reachable(url, 5)


async def test_a_name_is_looked_up_once_however_many_ask_and_give_up(silent):
    look_up = NameLookups()
    asking = [asyncio.create_task(look_up("partner.silent", 443)) for _ in range(5)]
    async with asyncio.timeout(5):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0):
                await look_up("partner.silent", 443)
        asking[0].cancel()
        silent.answer()
        told = await asyncio.gather(*asking, return_exceptions=True)

    assert [type(error) for error in told] == [asyncio.CancelledError, *[socket.gaierror] * 4]
    assert silent.asked == ["partner.silent"]


async def test_a_name_is_looked_up_anew_after_an_answer(silent):
    look_up = NameLookups()
    silent.answer()
    for _ in range(2):
        with pytest.raises(socket.gaierror):
            await look_up("partner.silent", 443)

    assert silent.asked == ["partner.silent"] * 2


async def test_no_name_is_looked_up_beyond_the_most_at_once(silent):
    look_up = NameLookups()
    asking = [asyncio.create_task(look_up(f"host-{number}.silent", 443)) for number in range(MOST_LOOKUPS)]
    one_more = asyncio.create_task(look_up("one-more.silent", 443))

    with pytest.raises(OSError, match="too many names"):
        await one_more
    silent.answer()
    await asyncio.gather(*asking, return_exceptions=True)
    assert "one-more.silent" not in silent.asked


def test_a_name_that_is_answered_after_the_loop_was_closed_harms_nothing(silent):
    async def given_up():
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0):
                await NameLookups()("partner.silent", 443)

    asyncio.run(given_up())  # an exception in the thread would fail the test as a warning

    silent.ended()
    assert silent.asked == ["partner.silent"]


async def test_what_is_no_name_at_all_is_told_to_who_asked(silent):
    with pytest.raises(UnicodeError):
        await NameLookups()("x" * 64 + ".silent.test", 443)


@pytest.mark.parametrize(("address", "taken"), [("10.130.4.5", True), ("10.1.4.5", False), ("127.0.0.1", False)])
async def test_a_private_address_is_called_on_a_network_that_the_operator_opened_alone(clock, address, taken):
    opened = [ip_network("10.128.0.0/9")]
    guard = SsrfGuard(["https://land.example"], clock=clock, lookup=names(**{"land.example": address}), networks=opened)

    if taken:
        assert await guard.addresses("land.example", 443) == [address]
    else:
        with pytest.raises(NotAllowed):
            await guard.addresses("land.example", 443)


async def test_urls_that_come_from_data_reach_no_network_of_the_state(clock):
    lookup = names(**{"land.example": "10.130.4.5"})
    guard = SsrfGuard(None, clock=clock, lookup=lookup, networks=[ip_network("10.128.0.0/9")])

    with pytest.raises(NotAllowed):
        await guard.addresses("land.example", 443)
