"""Who may knock at the Commission's door, and how often."""

import hashlib
import hmac

import structlog

from integrations.right_to_service.models import RightToServiceSettings
from integrations.tallies import Tallies, wait_of

_WINDOW_SECONDS = 60.0
_COMMISSION = "commission"
"""There is one credential, so its calls are counted under one key; failures are under it and the address."""

_log = structlog.get_logger(__name__)


class Turnstile:
    """Counts calls of the credential and failures of each address within a minute."""

    def __init__(self, settings: RightToServiceSettings, tallies: Tallies) -> None:
        self._settings = settings
        self._tallies = tallies

    async def wait_seconds(self, address: str) -> int | None:
        """How long the address must wait, or None: after too many failures of its own, or too many calls."""
        limits = ((_failures(address), self._settings.failures_a_minute), (_COMMISSION, self._settings.calls_a_minute))
        return await wait_of(self._tallies, limits, _WINDOW_SECONDS)

    async def knows(self, address: str, authorization: str) -> bool:
        """Whether the Authorization header brings the agreed token; compared in constant time."""
        scheme, _, token = authorization.partition(" ")
        digests = [
            hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
            for text in (token.strip(), self._settings.hook_token)
        ]
        right = hmac.compare_digest(*digests) and scheme.lower() == "bearer"
        if right:
            await self._tallies.add(_COMMISSION, _WINDOW_SECONDS)
        else:
            await self.failed(address)
        return right

    async def failed(self, address: str) -> None:
        """Count a request that was not let in; a line in the log says so once the address is locked out."""
        counted = await self._tallies.add(_failures(address), _WINDOW_SECONDS)
        if counted.number == self._settings.failures_a_minute:
            _log.error("commission.locked_out")


def _failures(address: str) -> str:
    """The key of an address's requests that were not let in."""
    return f"{_COMMISSION}@{address}"
