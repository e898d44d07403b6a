"""Monitors the sessions of open streams, and those that this process keeps, with one query to the store.

So a sign-out, an erasure or an expiry in another process ends a stream within five seconds
(docs/reliability.md section 5.12), whether or not there is an event on it, and a token within one.
"""

from collections.abc import AsyncIterator, Callable, Collection, Iterator
from contextlib import asynccontextmanager, contextmanager

from domain.identity.kept_sessions import HOLDS_SECONDS, KeptSessions
from gateway.runtime.background import run_periodically
from store.database import OUTDATED, Store
from store.identity import sessions


class Sessions:
    """Calls back when the session of an open stream ends, and confirms or drops the kept ones."""

    def __init__(self, store: Store, seconds: float, kept: KeptSessions | None = None) -> None:
        self._store = store
        self._seconds = seconds if kept is None else min(seconds, HOLDS_SECONDS / 2)
        self._kept = KeptSessions() if kept is None else kept
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
        began = self._store.clock.monotonic()
        kept, told = self._kept.session_ids(began), set(self._told)
        if not kept and not told:
            return
        holding = await self._store.read(lambda tx: sessions.holding_sessions(tx, kept | told))
        self._kept.confirm(kept, holding, began)
        for session_id in told - holding.keys():
            for ended in self._told.pop(session_id, []):
                ended()

    def note_commit(self, marks: Collection[str]) -> None:
        """Listen to the store of this process: what it commits holds here at once."""
        outdated = {mark.removeprefix(OUTDATED) for mark in marks if mark.startswith(OUTDATED)}
        if outdated:
            self._kept.drop(outdated)

    @asynccontextmanager
    async def run(self) -> AsyncIterator["Sessions"]:
        """Look again and again, until the end of the context.

        While the store is unavailable no event can be sent either, and what is kept ends by itself; the next look finds
        what ended.
        """
        self._store.after_commit.append(self.note_commit)
        self._kept.watched = True
        try:
            async with run_periodically((self._seconds, self.look)):
                yield self
        finally:
            self._kept.watched = False
            self._store.after_commit.remove(self.note_commit)
