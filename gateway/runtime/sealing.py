"""Stops audited actions while the audit log cannot be sealed, and resumes them afterwards.

Source: docs/reliability.md section 4. Every process looks for itself, so that no process needs another one to be
stopped or to go on.
"""

import structlog

from domain.kernel import Clock
from store.database import Store, audit

SEEN_SECONDS = 150.0
"""For how long, by the clock that never steps, a process must have seen it: more than two rounds of the sealer.

Without it a wall clock that steps ahead by hours would stop every write until the next round.
"""

_log = structlog.get_logger(__name__)


class SealWatch:
    """Checks at each heartbeat since when audit lines wait for sealing; `limit_seconds` is how long they may."""

    def __init__(self, store: Store, clock: Clock, limit_seconds: float) -> None:
        self._store = store
        self._clock = clock
        self._limit = limit_seconds
        self._seen_since: float | None = None

    async def look(self) -> bool:
        """Stop or free the store, and return whether it is stopped. Raises StoreError."""
        since = await self._store.read(audit.unsealed_since)
        now = self._clock.monotonic()
        late = since is not None and (self._clock.now() - since).total_seconds() >= self._limit
        if not late:
            self._seen_since = None
        elif self._seen_since is None:
            self._seen_since = now
        stopped = self._seen_since is not None and now - self._seen_since >= min(SEEN_SECONDS, self._limit)
        if stopped != self._store.audit_stopped:
            (_log.error if stopped else _log.info)("writes_stopped" if stopped else "writes_go_on")
        self._store.audit_stopped = stopped
        return stopped
