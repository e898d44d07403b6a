"""Who may knock at the Commission's door, and how often."""

import hashlib
import hmac
from collections import OrderedDict

import structlog

from domain.clock import Clock
from integrations.right_to_service.models import RightToServiceSettings

_WINDOW_SECONDS = 60.0
_MOST_KEYS = 1_000
_COMMISSION = "commission"
"""There is one credential, so its calls are counted under one key; no address is spelt so."""

_log = structlog.get_logger(__name__)


class Turnstile:
    """Counts calls of the credential and failures of each address within a minute."""

    def __init__(self, settings: RightToServiceSettings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._windows: OrderedDict[str, tuple[float, int]] = OrderedDict()

    def wait_seconds(self, address: str) -> int | None:
        """How long the address must wait, or None: after too many failures of its own, or too many calls."""
        limits = ((f"@{address}", self._settings.failures_a_minute), (_COMMISSION, self._settings.calls_a_minute))
        for key, most in limits:
            began, number = self._window(key)
            if number >= most:
                return max(1, int(began + _WINDOW_SECONDS - self._clock.monotonic()) + 1)
        return None

    def knows(self, address: str, authorization: str) -> bool:
        """Whether the Authorization header brings the agreed token; compared in constant time."""
        scheme, _, token = authorization.partition(" ")
        digests = [
            hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
            for text in (token.strip(), self._settings.hook_token)
        ]
        right = hmac.compare_digest(*digests) and scheme.lower() == "bearer"
        if right:
            self._add(_COMMISSION)
        else:
            self.failed(address)
        return right

    def failed(self, address: str) -> None:
        """Count a request that was not let in; a line in the log says so once the address is locked out."""
        if self._add(f"@{address}") == self._settings.failures_a_minute:
            _log.error("commission.locked_out")

    def _add(self, key: str) -> int:
        began, number = self._window(key)
        self._windows[key] = (began, number + 1)
        self._windows.move_to_end(key)
        if len(self._windows) > _MOST_KEYS:
            self._windows.popitem(last=False)
        return number + 1

    def _window(self, key: str) -> tuple[float, int]:
        now = self._clock.monotonic()
        began, number = self._windows.get(key, (now, 0))
        return (now, 0) if now - began >= _WINDOW_SECONDS else (began, number)
