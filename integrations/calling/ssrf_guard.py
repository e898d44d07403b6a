"""The SSRF guard: calls go only to configured origins, and to no address of our own network.

A name is resolved here, every address is checked, and the connection is made to a checked address, so that
an answer of the name service that changes between check and call opens nothing (ADR 0016).
"""

import asyncio
import contextlib
import socket
import threading
from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from urllib.parse import urlsplit

import httpx
import structlog

from domain.kernel import Clock

log = structlog.get_logger(__name__)

REMEMBERED_SECONDS = 30.0
"""How long checked addresses of a name are used without asking again."""

MOST_LOOKUPS = 32
"""Names that one guard looks up at the same time; it counts only where URLs come from data."""

_PORTS = {"http": 80, "https": 443, "sftp": 22}
Origin = tuple[str, str, int]
Network = IPv4Network | IPv6Network
Lookup = Callable[[str, int], Awaitable[Sequence[str]]]


class NotAllowed(OSError):
    """The place is not one that we may call."""


def origin_of(url: str) -> Origin:
    """Scheme, host and port of an address; raises NotAllowed where it is not plain http, https or sftp."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise NotAllowed("not an address") from None
    if parts.scheme not in _PORTS or not parts.hostname or parts.username is not None or parts.password is not None:
        raise NotAllowed("not an address")
    return parts.scheme, parts.hostname.lower(), port or _PORTS[parts.scheme]


class SsrfGuard:
    """Lets calls go to the configured origins only, or (None) to any https origin, for URLs that come from data.

    `demo` lets loopback and private addresses through, but only for an origin that is configured as one. `networks` are
    private networks that the operator opened for these origins, such as the state's own.
    """

    def __init__(
        self,
        origins: Iterable[str] | None,
        *,
        clock: Clock,
        demo: bool = False,
        lookup: Lookup | None = None,
        networks: Collection[Network] = (),
    ) -> None:
        self._origins = None if origins is None else frozenset(map(origin_of, origins))
        configured = self._origins or ()
        self._own_network = frozenset(host for _, host, _ in configured if demo and names_own_network(host))
        self._clock = clock
        self._networks = () if origins is None else tuple(networks)
        self._lookup = lookup or NameLookups()
        self._known: dict[tuple[str, int], tuple[float, Sequence[str]]] = {}

    def check(self, url: str) -> None:
        """Raise NotAllowed where a URL leads elsewhere."""
        self.check_origin(origin_of(url))

    def check_origin(self, origin: Origin) -> None:
        """Raise NotAllowed where an origin is another one than those allowed."""
        allowed = origin[0] == "https" if self._origins is None else origin in self._origins
        if not allowed:
            log.warning("call_to_other_origin_refused")
            raise NotAllowed("origin")

    async def addresses(self, host: str, port: int) -> Sequence[str]:
        """The addresses at which a host may be connected; raises OSError, NotAllowed where one is our own network's.

        One bad address among good ones refuses the name: nobody with an honest name has it.
        """
        known = self._known.get((host, port))
        if known is not None and self._clock.monotonic() < known[0]:
            return known[1]
        found = [host] if _literal(host) is not None else await self._lookup(host, port)
        if not found:
            raise NotAllowed("no address")
        if host.lower() not in self._own_network and not all(map(self._may_be_called, found)):
            log.warning("call_to_own_network_refused")
            raise NotAllowed("own network")
        self._known[host, port] = (self._clock.monotonic() + REMEMBERED_SECONDS, found)
        return found

    def _may_be_called(self, address: str) -> bool:
        found = _literal(address)
        return is_public(address) or any(found in network for network in self._networks if found is not None)


class NameLookups:
    """Asks the machine's resolver, which blocks, in a thread for each name.

    The event loop's common threads are few: while the name service is silent for one partner, they would all wait
    for it, and the names of the healthy partners behind them. However many ask for a name, one thread asks, and
    continues when they have given up; daemon threads, so that the process need not wait for them to end.
    """

    def __init__(self) -> None:
        self._under_way: dict[tuple[str, int], asyncio.Future[Sequence[str]]] = {}

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        """The addresses of a host; raises OSError where there are none."""
        return await asyncio.shield(self._under_way.get((host, port)) or self._start_lookup(host, port))

    def _start_lookup(self, host: str, port: int) -> asyncio.Future[Sequence[str]]:
        if len(self._under_way) >= MOST_LOOKUPS:
            raise OSError("too many names are being looked up")
        loop = asyncio.get_running_loop()
        found: asyncio.Future[Sequence[str]] = loop.create_future()

        def deliver(addresses: Sequence[str], error: Exception | None) -> None:
            del self._under_way[host, port]
            if error is None:
                found.set_result(addresses)
            else:
                found.set_exception(error)
                found.exception()  # it counts as seen, for all who asked may have given up

        def tell(addresses: Sequence[str], error: Exception | None) -> None:
            loop.call_soon_threadsafe(deliver, addresses, error)

        threading.Thread(target=_look_up, args=(host, port, tell), name="name-lookup", daemon=True).start()
        self._under_way[host, port] = found
        return found


class _Around(httpx.AsyncBaseTransport):
    """A transport around another one, and the guard that it asks."""

    def __init__(self, inner: httpx.AsyncBaseTransport, guard: SsrfGuard) -> None:
        self._inner = inner
        self._guard = guard

    async def aclose(self) -> None:
        await self._inner.aclose()


class GuardedTransport(_Around):
    """Checks the origin of every request before a transport that connects through `Guard.addresses`."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Pass the request on; raises httpx.ConnectError where it must not go there."""
        url = request.url
        try:
            self._guard.check_origin((url.scheme, url.host, url.port or _PORTS.get(url.scheme, 0)))
        except NotAllowed as error:
            raise httpx.ConnectError("not allowed", request=request) from error
        return await self._inner.handle_async_request(request)


class PinningTransport(_Around):
    """For a transport that resolves names itself: gives it the checked address, and the name for TLS and Host."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send the request to a checked address; raises httpx.ConnectError where there is none."""
        url = request.url
        try:
            found = await self._guard.addresses(url.host, url.port or _PORTS.get(url.scheme, 0))
        except OSError as error:
            raise httpx.ConnectError("no allowed address", request=request) from error
        request.extensions = {**request.extensions, "sni_hostname": url.host}
        request.url = url.copy_with(host=found[0])
        return await self._inner.handle_async_request(request)


def is_public(address: str) -> bool:
    """Whether an IP address belongs to the public Internet, also through the forms of IPv6 that carry an IPv4."""
    found = _literal(address)
    if found is None:
        return False
    if isinstance(found, IPv6Address):
        carried = found.ipv4_mapped or found.sixtofour or (found.teredo[1] if found.teredo else None) or _nat64(found)
        if carried is not None:
            return carried.is_global and not carried.is_multicast
    return found.is_global and not found.is_multicast and not found.is_reserved


def _nat64(address: IPv6Address) -> IPv4Address | None:
    prefix = int(IPv6Address("64:ff9b::")) >> 32
    return IPv4Address(int(address) & 0xFFFFFFFF) if int(address) >> 32 == prefix else None


def _literal(host: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(host.partition("%")[0])
    except ValueError:
        return None


def names_own_network(host: str) -> bool:
    """Whether a host, by its name alone, is this machine or an address that is not public."""
    literal = _literal(host)
    return not is_public(host) if literal is not None else host == "localhost" or host.endswith(".localhost")


def _look_up(host: str, port: int, tell: Callable[[Sequence[str], Exception | None], None]) -> None:
    """Look a name up, and tell the loop that waits for it."""
    addresses: list[str] = []
    trouble: Exception | None = None
    try:
        known = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        addresses = list(dict.fromkeys(str(address[0]) for *_, address in known))
    except Exception as error:  # noqa: BLE001 - whatever it is, it belongs to those who asked
        trouble = error
    with contextlib.suppress(RuntimeError):  # the loop has been closed meanwhile
        tell(addresses, trouble)
