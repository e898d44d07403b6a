"""Who may ask the counting door, and how often."""

import hashlib
import hmac
import ipaddress

import structlog

from integrations.etaal.models import EtaalSettings
from integrations.tallies import Tallies, wait_of

_WINDOW_SECONDS = 60.0

_log = structlog.get_logger()


class Turnstile:
    """Checks address, credentials and rate, in this order.

    An address with too many wrong credentials is locked out for the rest of its minute, and a line in
    the log says so.
    """

    def __init__(self, settings: EtaalSettings, tallies: Tallies) -> None:
        self._settings = settings
        self._networks = tuple(map(ipaddress.ip_network, settings.networks))
        self._tallies = tallies

    def admits(self, address: str) -> bool:
        """Whether the address is on the list agreed at enrolment."""
        if not self._networks:
            return True
        try:
            asking = ipaddress.ip_address(address)
        except ValueError:
            return False
        return any(asking in network for network in self._networks)

    async def wait_seconds(self, address: str) -> int | None:
        """How long the address must wait, or None; it is waiting after too many calls or failures."""
        limits = ((_failures(address), self._settings.failures_a_minute), (_CREDENTIAL, self._settings.calls_a_minute))
        return await wait_of(self._tallies, limits, _WINDOW_SECONDS)

    async def knows_user(self, address: str, username: str, password: str) -> bool:
        """Whether name and password are right; both are compared in full, in constant time."""
        name_right = _same(username, self._settings.username)
        password_right = _same(password, self._settings.password)
        return await self._counted(address, right=name_right & password_right)

    async def knows_bearer(self, address: str, authorization: str | None) -> bool:
        """Whether the Authorization header brings the agreed token."""
        scheme, _, token = (authorization or "").partition(" ")
        right = _same(token.strip(), self._settings.bearer) & (scheme.lower() == "bearer")
        return await self._counted(address, right=right)

    async def _counted(self, address: str, *, right: bool) -> bool:
        counted = await self._tallies.add(_CREDENTIAL if right else _failures(address), _WINDOW_SECONDS)
        if not right and counted.number == self._settings.failures_a_minute:
            _log.error("etaal.locked_out")
        elif not right:
            _log.warning("etaal.credentials_refused")
        return right


def _failures(address: str) -> str:
    """The key of an address's wrong credentials."""
    return f"{_CREDENTIAL}@{address}"


_CREDENTIAL = "etaal"
"""There is one credential, so its calls are counted under one key."""


def _same(given: str, expected: str) -> bool:
    digests = (hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest() for text in (given, expected))
    return hmac.compare_digest(*digests)
