"""Who may ask the counting door, and how often."""

import hashlib
import hmac
import ipaddress
from collections import OrderedDict

import structlog

from domain.clock import Clock
from integrations.etaal.models import EtaalSettings

_WINDOW_SECONDS = 60.0
_MOST_KEYS = 1_000

_log = structlog.get_logger()


class Meter:
    """Counts events by key within a minute. It remembers the last thousand keys only."""

    def __init__(self, most: int, clock: Clock) -> None:
        self._most = most
        self._clock = clock
        self._windows: OrderedDict[str, tuple[float, int]] = OrderedDict()

    def full(self, key: str) -> bool:
        """Whether no more of the key fits into its minute."""
        return self._window(key)[1] >= self._most

    def add(self, key: str) -> int:
        """Count one, and return how many there are in the minute."""
        began, number = self._window(key)
        self._windows[key] = (began, number + 1)
        self._windows.move_to_end(key)
        if len(self._windows) > _MOST_KEYS:
            self._windows.popitem(last=False)
        return number + 1

    def seconds_left(self, key: str) -> int:
        """Whole seconds until the minute of the key ends; at least 1."""
        return max(1, int(self._window(key)[0] + _WINDOW_SECONDS - self._clock.monotonic()) + 1)

    def _window(self, key: str) -> tuple[float, int]:
        now = self._clock.monotonic()
        began, number = self._windows.get(key, (now, 0))
        return (now, 0) if now - began >= _WINDOW_SECONDS else (began, number)


class Turnstile:
    """Checks address, credentials and rate, in this order.

    An address with too many wrong credentials is locked out for the rest of its minute, and a line in
    the log says so.
    """

    def __init__(self, settings: EtaalSettings, clock: Clock) -> None:
        self._settings = settings
        self._networks = tuple(map(ipaddress.ip_network, settings.networks))
        self._calls = Meter(settings.calls_a_minute, clock)
        self._failures = Meter(settings.failures_a_minute, clock)

    def admits(self, address: str) -> bool:
        """Whether the address is on the list agreed at enrolment."""
        if not self._networks:
            return True
        try:
            asking = ipaddress.ip_address(address)
        except ValueError:
            return False
        return any(asking in network for network in self._networks)

    def wait_seconds(self, address: str) -> int | None:
        """How long the address must wait, or None; it is waiting after too many calls or failures."""
        meters = ((self._failures, address), (self._calls, _CREDENTIAL))
        return next((meter.seconds_left(key) for meter, key in meters if meter.full(key)), None)

    def knows_user(self, address: str, username: str, password: str) -> bool:
        """Whether name and password are right; both are compared in full, in constant time."""
        name_right = _same(username, self._settings.username)
        password_right = _same(password, self._settings.password)
        return self._counted(address, right=name_right & password_right)

    def knows_bearer(self, address: str, authorization: str | None) -> bool:
        """Whether the Authorization header brings the agreed token."""
        scheme, _, token = (authorization or "").partition(" ")
        return self._counted(address, right=_same(token.strip(), self._settings.bearer) & (scheme.lower() == "bearer"))

    def _counted(self, address: str, *, right: bool) -> bool:
        if right:
            self._calls.add(_CREDENTIAL)
        elif self._failures.add(address) == self._settings.failures_a_minute:
            _log.error("etaal.locked_out")
        else:
            _log.warning("etaal.credentials_refused")
        return right


_CREDENTIAL = "etaal"
"""There is one credential, so its calls are counted under one key."""


def _same(given: str, expected: str) -> bool:
    digests = (hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest() for text in (given, expected))
    return hmac.compare_digest(*digests)
