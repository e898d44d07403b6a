"""The HTTP client of a system, for the life of the process: no environment, redirects or cookies."""

import asyncio
import ssl
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Literal, Self

import httpx

from domain.kernel import Clock
from integrations.calling.http_transport import Limits, OwnTransport
from integrations.calling.ssrf_guard import GuardedTransport, Network, PinningTransport, SsrfGuard, origin_of

POOL_SIZE = 20
"""Connections to one system; the bulkhead in front keeps a queue from forming in the pool."""

KEEPALIVE_SECONDS = 20.0
TIMEOUT = {"connect": 1.0, "read": 10.0, "write": 10.0, "pool": 1.0}
"""Seconds for each phase (docs/reliability.md section 4); the time of the whole call is bounded by its policy."""

LARGE_BODY = 65_536
"""Bytes; a request with more to send may take longer than a phase, since it waits behind itself on a slow line."""

REACH_SECONDS = 1.0
"""A connection that is not there after this is not there."""

PROBE_HOLDS = 5.0
"""Seconds for which everybody who is sent to a system goes by one try."""

TransportKind = Literal["own", "httpcore"]


class Client:
    """httpx's requests and responses straight over a transport.

    httpx.AsyncClient puts cookies, authentication, redirects and event hooks between, of which a partner's
    line wants none, at five times the cost of the call itself (benchmarks/README.md).
    """

    def __init__(self, transport: httpx.AsyncBaseTransport) -> None:
        self._transport = transport

    def request(  # noqa: PLR0913 - what a request is made of
        self,
        method: str,
        url: str,
        *,
        headers: dict[str, str],
        params: Any = None,
        json: Any = None,
        form: Any = None,
        content: bytes | None = None,
        repeatable: bool = False,
        patience: float = 0.0,
    ) -> httpx.Request:
        """A request. `repeatable` lets the transport send it again where a persistent connection had died.

        `patience` are the seconds that a large body may take on its way, and its answer with it.
        """
        sent = {"User-Agent": "apuni-sarkar-gateway", "Accept": "*/*", "Accept-Encoding": "identity", **headers}
        large = len(content or b"") > LARGE_BODY
        timeout = TIMEOUT | {phase: max(TIMEOUT[phase], patience) for phase in ("read", "write") if large}
        extensions = {"timeout": timeout, "repeatable": repeatable}
        return httpx.Request(
            method, url, params=params, headers=sent, json=json, data=form, content=content, extensions=extensions
        )

    async def send(self, request: httpx.Request) -> httpx.Response:
        """The answer, its body not yet read; close it."""
        return await self._transport.handle_async_request(request)

    async def __aenter__(self) -> Self:
        await self._transport.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None = None,
        error: BaseException | None = None,
        trace: TracebackType | None = None,
    ) -> None:
        await self._transport.__aexit__(kind, error, trace)

    async def aclose(self) -> None:
        """Close all connections."""
        await self._transport.aclose()


def open_client(transport: httpx.AsyncBaseTransport | None = None) -> Client:
    """A client over a transport; without one over httpx's own, which respx patches."""
    return Client(transport or open_httpcore())


@dataclass(frozen=True, slots=True)
class Transports:
    """How this process reaches outside systems: the transport by its kind, the profile, and whom TLS trusts."""

    clock: Clock
    kind: TransportKind = "own"
    demo: bool = False
    tls: ssl.SSLContext | None = None
    own_tls: Mapping[str, ssl.SSLContext] = field(default_factory=dict)
    """By address, where a system wants a certificate of ours, or may show none but those of named authorities."""
    state_networks: tuple[Network, ...] = ()
    """The state's own networks, whose private addresses the operator lets systems have that are on them."""

    def client_for(
        self, origins: Iterable[str] | None, *, on_state_network: bool = False, http2: ssl.SSLContext | None = None
    ) -> Client:
        """A line to the configured origins and to nowhere else; None for URLs that come from data.

        Private addresses are refused but for those of the state's networks where the system is `on_state_network`.
        With a context `http2` it speaks HTTP/2 alone, and trusts whom that trusts.
        """
        origins = None if origins is None else list(origins)
        tls = self._tls_of(*(origins or ()))
        networks = self.state_networks if on_state_network else ()
        guard = SsrfGuard(origins, clock=self.clock, demo=self.demo, networks=networks)
        if http2 is not None:
            return Client(GuardedTransport(PinningTransport(open_httpcore(http2, http2=True), guard), guard))
        if self.kind == "own" or origins is None:  # the other reuses a connection by address, not by name
            limits = Limits(connections=POOL_SIZE, idle=POOL_SIZE, idle_seconds=KEEPALIVE_SECONDS)
            own = OwnTransport(tls=tls, limits=limits, resolver=guard.addresses)
            return Client(GuardedTransport(own, guard))
        return Client(GuardedTransport(PinningTransport(open_httpcore(tls), guard), guard))

    async def is_reachable(self, url: str, seconds: float) -> bool:
        """Whether a configured origin takes a connection, for https with the handshake, within so many seconds."""
        try:
            async with asyncio.timeout(seconds):
                await _probe_connection(SsrfGuard([url], clock=self.clock, demo=self.demo), url, self._tls_of(url))
        except (OSError, TimeoutError):  # TLS trouble is an OSError too
            return False
        return True

    async def certificate_end(self, url: str, seconds: float) -> float | None:
        """When the certificate of a configured origin ends, in seconds since 1970; None where it has no TLS.

        Raises OSError, of which SSLCertVerificationError is one, and TimeoutError where it takes no connection.
        """
        async with asyncio.timeout(seconds):
            guard = SsrfGuard([url], clock=self.clock, demo=self.demo, networks=self.state_networks)
            return await _probe_connection(guard, url, self._tls_of(url))

    def _tls_of(self, *origins: str) -> ssl.SSLContext | None:
        """The TLS of the first of some URLs that is a configured address or begins with one, as a second host's may."""
        own = (tls for each in origins for url, tls in self.own_tls.items() if _is_under(each, url))
        return next(own, self.tls)


def _is_under(url: str, base: str) -> bool:
    return f"{url}/".startswith(f"{base.rstrip('/')}/")


class RecentProbe:
    """Whether one address takes connections, found out once for all who ask within a few seconds."""

    def __init__(self, lines: Transports, address: str) -> None:
        self._lines = lines
        self._address = address
        self._turn = asyncio.Lock()
        self._found: tuple[bool, float] | None = None

    async def is_reachable(self) -> bool:
        """What the last try found, or a new one, which takes a second at most."""
        async with self._turn:
            now = self._lines.clock.monotonic()
            if self._found is None or now - self._found[1] >= PROBE_HOLDS:
                self._found = await self._lines.is_reachable(self._address, REACH_SECONDS), now
            return self._found[0]


async def _probe_connection(guard: SsrfGuard, url: str, tls: ssl.SSLContext | None) -> float | None:
    """Open a connection to a checked address, and close it; gives the end of its certificate. Raises OSError."""
    scheme, host, port = origin_of(url)
    context = (tls or httpx.create_ssl_context(trust_env=False)) if scheme == "https" else None
    for address in await guard.addresses(host, port):
        _, writer = await asyncio.open_connection(
            address, port, ssl=context, server_hostname=host if context is not None else None
        )
        shown = writer.get_extra_info("peercert")
        writer.transport.abort()
        return ssl.cert_time_to_seconds(shown["notAfter"]) if shown else None
    return None


def open_httpcore(tls: ssl.SSLContext | None = None, *, http2: bool = False) -> httpx.AsyncHTTPTransport:
    """The transport that comes with httpx, with a bounded pool and nothing from the environment; HTTP/2 or HTTP/1.1."""
    limits = httpx.Limits(
        max_connections=POOL_SIZE, max_keepalive_connections=POOL_SIZE, keepalive_expiry=KEEPALIVE_SECONDS
    )
    return httpx.AsyncHTTPTransport(verify=tls or True, limits=limits, trust_env=False, http1=not http2, http2=http2)
