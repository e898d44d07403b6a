"""What the endpoints that outside systems call share: limited bodies, secrets compared in full, limits of callers."""

import hashlib
import hmac
from ipaddress import IPv4Network, IPv6Network, ip_address

import structlog
from starlette.requests import Request

from domain.kernel.networks import network_of
from integrations.calling.request_counters import RequestCounters

NO_STORE = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
"""The headers of every answer that is nobody else's."""

_WINDOW_SECONDS = 60.0
_log = structlog.get_logger(__name__)


class TooLarge(Exception):
    """The body of a request is over its limit."""


async def read_body(request: Request, limit: int) -> bytes:
    """The raw body. Raises TooLarge as soon as it is over the limit, ClientDisconnect where the caller left early."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            raise TooLarge
    return bytes(body)


def is_listed(address: str | None, networks: tuple[IPv4Network | IPv6Network, ...]) -> bool:
    """Whether an address is on the list that was agreed; every one where there is no list."""
    try:
        return not networks or any(ip_address(address or "") in network for network in networks)
    except ValueError:
        return False


def is_same_secret(given: str, expected: str) -> bool:
    """Whether two secrets are equal; both are compared in full, in constant time."""
    digests = (hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest() for text in (given, expected))
    return hmac.compare_digest(*digests)


def brings_bearer(authorization: str | None, token: str) -> bool:
    """Whether an Authorization header brings the agreed token."""
    scheme, _, given = (authorization or "").partition(" ")
    return is_same_secret(given.strip(), token) & (scheme.lower() == "bearer")


class CallerLimits:
    """Counts what comes with the one credential of a system, and the failures of each address, within a minute.

    An address with too many failures is locked out for the rest of its minute. The credential is named for its keys and
    in the log.
    """

    def __init__(self, credential: str, counters: RequestCounters, *, calls: int, failures: int) -> None:
        self._credential = credential
        self._counters = counters
        self._calls = calls
        self._failures = failures

    async def wait_seconds(self, address: str) -> int | None:
        """How long the address must wait, or None: after too many failures of its own, or too many calls."""
        limits = ((f"{self._credential}@{network_of(address)}", self._failures), (self._credential, self._calls))
        for key, most in limits:
            counted = await self._counters.look(key, _WINDOW_SECONDS)
            if counted.number >= most:
                return max(1, int(counted.seconds_left) + 1)
        return None

    async def count(self, address: str, *, right: bool) -> bool:
        """Count a call by whether its credentials were right; the log says so once the address is locked out."""
        key = self._credential if right else f"{self._credential}@{network_of(address)}"
        counted = await self._counters.add(key, _WINDOW_SECONDS)
        if not right and counted.number == self._failures:
            _log.error(f"{self._credential}.locked_out")
        elif not right:
            _log.warning(f"{self._credential}.credentials_refused")
        return right
