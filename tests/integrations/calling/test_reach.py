"""A system that nobody asks: LIVE where it takes connections, DOWN where it does not, without a request."""

import asyncio

import pytest

from domain.kernel import Source, SourceState, SystemClock
from integrations.calling.monitor import PROBE_AFTER, SourceMonitor
from integrations.calling.reachability_probes import ReachabilityProbes
from integrations.calling.transport import Transports
from tests.support.running import free_port

pytestmark = pytest.mark.integration
CLOCK = SystemClock()
LONG_AGO = PROBE_AFTER * 2


class Listener:
    """Takes connections and notes what is said."""

    def __init__(self):
        self.connections, self.heard = 0, b""

    async def __aenter__(self):
        self._server = await asyncio.start_server(self._take, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/umang"
        return self

    async def __aexit__(self, *_):
        self._server.close()
        await self._server.wait_closed()

    async def _take(self, reader, writer):
        self.connections += 1
        try:
            self.heard += await reader.read()
        except ConnectionError:
            pass
        finally:
            writer.close()


def watch(monitor, demo=True, **addresses):
    return ReachabilityProbes(
        Transports(CLOCK, demo=demo), {Source[name]: urls for name, urls in addresses.items()}, monitor
    )


def states(monitor):
    return {status.source: status.state for status in monitor.statuses() if status.state is not None}


async def test_a_system_that_takes_connections_is_live_and_is_asked_nothing():
    monitor = SourceMonitor(Source)
    async with Listener() as there:
        await watch(monitor, UMANG=[there.url]).probe_all()
        await asyncio.sleep(0.01)

        assert states(monitor) == {Source.UMANG: SourceState.LIVE}
        assert (there.connections, there.heard) == (1, b"")
    [status] = [status for status in monitor.statuses() if status.state]
    assert (status.last_success_at, status.last_failure_at) == (None, None)


async def test_a_closed_port_a_name_without_address_and_a_guarded_address_are_down():
    monitor, closed = SourceMonitor(Source), f"http://127.0.0.1:{free_port()}/"
    async with Listener() as there:
        await watch(monitor, UMANG=[closed], CSC=["http://no-such-host.invalid/"], SSO=[there.url, closed]).probe_all()
        production = SourceMonitor(Source)
        await watch(production, demo=False, UMANG=[there.url]).probe_all()

        assert there.connections == 1
    assert states(monitor) == dict.fromkeys((Source.UMANG, Source.CSC, Source.SSO), SourceState.DOWN)
    assert states(production) == {Source.UMANG: SourceState.DOWN}


async def test_a_port_that_speaks_no_tls_is_down_for_https():
    monitor = SourceMonitor(Source)
    async with Listener() as there:
        await watch(monitor, UMANG=[there.url.replace("http:", "https:")]).probe_all()

    assert states(monitor) == {Source.UMANG: SourceState.DOWN}


async def test_what_a_call_found_out_goes_before_and_ends_the_trying():
    monitor = SourceMonitor(Source)
    async with Listener() as there:
        trying = watch(monitor, UMANG=[there.url])
        await trying.probe_all()
        monitor.record_failure(Source.UMANG, "umang.getrationcard", CLOCK.now(), 3.0, None)
        await trying.probe_all()
        await asyncio.sleep(0.01)

        assert there.connections == 1
    assert states(monitor) == {Source.UMANG: SourceState.DOWN}


async def test_a_system_that_comes_up_later_is_found():
    monitor, port = SourceMonitor(Source), free_port()
    trying = watch(monitor, UMANG=[f"http://127.0.0.1:{port}/"])
    await trying.probe_all()
    before = states(monitor)
    server = await asyncio.start_server(lambda reader, writer: writer.close(), "127.0.0.1", port)
    await trying.probe_all()
    server.close()
    await server.wait_closed()

    assert (before, states(monitor)) == ({Source.UMANG: SourceState.DOWN}, {Source.UMANG: SourceState.LIVE})


@pytest.mark.parametrize("source", ["SSO", "CSC"])
async def test_a_system_that_answered_once_is_down_when_its_port_is_closed_and_live_when_it_is_open_again(source):
    monitor, port = SourceMonitor(Source), free_port()
    trying = watch(monitor, **{source: [f"http://127.0.0.1:{port}/"]})
    monitor.record_success(Source[source], "sign_in", CLOCK.now() - LONG_AGO, 0.1)
    before = states(monitor)
    await trying.probe_all()
    closed = states(monitor)
    server = await asyncio.start_server(lambda reader, writer: writer.close(), "127.0.0.1", port)
    await trying.probe_all()
    server.close()
    await server.wait_closed()

    assert (before, closed) == ({Source[source]: SourceState.LIVE}, {Source[source]: SourceState.DOWN})
    assert states(monitor) == {Source[source]: SourceState.LIVE}


async def test_a_system_that_answered_lately_or_took_a_connection_lately_is_not_tried_again():
    monitor = SourceMonitor(Source)
    async with Listener() as there:
        trying = watch(monitor, UMANG=[there.url], SSO=[there.url])
        monitor.record_success(Source.UMANG, "umang.getrationcard", CLOCK.now(), 0.1)
        monitor.record_success(Source.SSO, "sso.token", CLOCK.now() - LONG_AGO, 0.1)
        await trying.probe_all()
        await trying.probe_all()
        await asyncio.sleep(0.01)

        assert there.connections == 1


async def test_an_answer_that_comes_after_a_closed_port_was_found_makes_it_live_again():
    monitor = SourceMonitor(Source)
    monitor.record_success(Source.CSC, "csc.token", CLOCK.now() - LONG_AGO, 0.1)
    await watch(monitor, CSC=[f"http://127.0.0.1:{free_port()}/"]).probe_all()

    monitor.record_success(Source.CSC, "csc.token", CLOCK.now(), 0.1)

    assert states(monitor) == {Source.CSC: SourceState.LIVE}


async def test_a_host_of_sftp_is_tried_once_at_the_start_and_never_again_without_a_login():
    monitor = SourceMonitor(Source)
    async with Listener() as there:
        trying = watch(monitor, PFMS=[there.url.replace("http:", "sftp:")])
        await trying.probe_all()
        await trying.probe_all()
        await asyncio.sleep(0.01)

        assert (there.connections, there.heard) == (1, b"")
    assert states(monitor) == {Source.PFMS: SourceState.LIVE}


async def test_what_a_worker_tells_of_a_host_of_sftp_goes_before_the_first_try():
    monitor = SourceMonitor(Source)
    async with Listener() as there:
        await watch(monitor, PFMS=[there.url.replace("http:", "sftp:")]).probe_all()
    monitor.take_reports({(Source.PFMS, ""): (None, CLOCK.now())})

    assert states(monitor) == {Source.PFMS: SourceState.DOWN}
