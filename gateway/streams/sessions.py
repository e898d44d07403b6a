"""Monitors the sessions of open streams with one query to the store every other second.

So a sign-out, an erasure or an expiry ends a stream within five seconds (docs/reliability.md section 5.12), whether or
not there is an event on it.
"""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager

from gateway.runtime.background import run_periodically
from store.database import Store
from store.identity import sessions


class Sessions:
    """Calls back when the session of an open stream ends."""

    def __init__(self, store: Store, seconds: float) -> None:
        self._store = store
        self._seconds = seconds
        self._told: dict[str, list[Callable[[], None]]] = {}

    @contextmanager
    def watch_session(self, session_id: str, ended: Callable[[], None]) -> Iterator[None]:
        """Have `ended` called once, when the session has ended, until the end of the context."""
        self._told.setdefault(session_id, []).append(ended)
        try:
            yield
        finally:
            left = self._told.get(session_id, [])
            if ended in left:
                left.remove(ended)
            if not left:
                self._told.pop(session_id, None)

    async def look(self) -> None:
        """Ask for all of them. Raises StoreError."""
        if not self._told:
            return
        async with self._store.read_transaction() as tx:
            over = await sessions.ended_sessions(tx, list(self._told))
        for session_id in over:
            for ended in self._told.pop(session_id, []):
                ended()

    @asynccontextmanager
    async def run(self) -> AsyncIterator["Sessions"]:
        """Look again and again, until the end of the context.

        While the store is unavailable no event can be sent either; the next look finds what ended.
        """
        async with run_periodically((self._seconds, self.look)):
            yield self
