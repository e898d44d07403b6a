"""Distributes the store's change feed to all subscribers in this process.

One loop reads the feed, whoever wrote to it, and hands each row to the followers that want it. The loop looks every
second; a commit in this process, or a word on the bus, lets it look at once. The feed is the truth: nothing is lost
where the bus is away.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Collection, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING

import structlog

from actions.platform.change_feed import TooSlow
from domain.platform.changes import START, Change, Position, Wanted
from gateway.runtime.background import run_in_background, wait_for_event
from gateway.settings.subscriptions import Streams
from store.database import Store, StoreError, change_feed

if TYPE_CHECKING:
    from gateway.streams.bus import Bus

PAGE = 500
"""Rows that are read at once."""

SOON_SECONDS = 0.05
"""When to look again for rows that a running transaction holds back."""

log = structlog.get_logger(__name__)


def open_bus(url: str | None) -> "Bus | None":
    """The bus at the shared cache; without one there is none, and each process looks for itself."""
    if not url:
        return None
    from gateway.streams.bus import Bus

    return Bus(url)


class ChangeSubscription:
    """The rows that wait for one follower. Of several about one thing only the last waits."""

    def __init__(self, wanted: Wanted, most: int) -> None:
        self._wanted = wanted
        self._most = most
        self._waiting: dict[tuple[str, str], Change] = {}
        self._something = asyncio.Event()
        self._lost = False

    def take(self, change: Change) -> None:
        """Keep a row, where it is wanted. A follower with too many is notified and gets no more."""
        if self._lost or not self._wanted.takes(change):
            return
        key = (change.kind.value, change.object_id)
        self._waiting.pop(key, None)
        self._waiting[key] = change
        if len(self._waiting) > self._most:
            self._waiting.clear()
            self._lost = True
        self._something.set()

    async def __aiter__(self) -> AsyncGenerator[Change, None]:
        """Wait for each row. Raises TooSlow where more waited than are kept."""
        while True:
            await self._something.wait()
            if self._lost:
                raise TooSlow
            while self._waiting:
                yield self._waiting.pop(next(iter(self._waiting)))
            if not self._lost:
                self._something.clear()


class Fanout:
    """The loop and its followers; `actions.platform.change_feed.Feed` for the graph."""

    def __init__(self, store: Store, settings: Streams, bus: "Bus | None" = None) -> None:
        self._store = store
        self._settings = settings
        self._bus = bus
        self._followers: set[ChangeSubscription] = set()
        self._bell = asyncio.Event()
        self._looks: set[asyncio.Event] = set()
        self._position: Position = START

    @property
    def followers(self) -> int:
        """How many follow now, rows of the feed or looks."""
        return len(self._followers) + len(self._looks)

    @contextmanager
    def follow(self, wanted: Wanted) -> Iterator[ChangeSubscription]:
        """Have rows kept from now on, until the end of the context."""
        following = ChangeSubscription(wanted, self._settings.pending_events)
        self._followers.add(following)
        try:
            yield following
        finally:
            self._followers.discard(following)

    async def looks(self) -> AsyncGenerator[None, None]:
        """Come back after each look, at least once in `look_seconds`."""
        looked = asyncio.Event()
        self._looks.add(looked)
        try:
            while True:
                await looked.wait()
                looked.clear()
                yield
        finally:
            self._looks.discard(looked)

    def wake(self) -> None:
        """Look at once."""
        self._bell.set()

    def note_commit(self, marks: Collection[str]) -> None:
        """Listen to the store of this process."""
        if change_feed.CHANGED in marks:
            self.wake()
            if self._bus is not None:
                self._bus.notify_others()

    @asynccontextmanager
    async def run(self) -> AsyncIterator["Fanout"]:
        """Read the feed from now on, until the end of the context. Raises StoreError."""
        await ensure_feed(self._store)
        async with self._store.read_transaction() as tx:
            self._position = (await change_feed.state(tx)).end
        self._store.after_commit.append(self.note_commit)
        works = [self._run()] if self._bus is None else [self._run(), self._bus.run(self.wake)]
        async with run_in_background(*works):
            try:
                yield self
            finally:
                self._store.after_commit.remove(self.note_commit)

    async def look(self) -> bool:
        """Read what is new and hand it on; False where rows are held back and a look soon makes sense."""
        while True:
            async with self._store.read_transaction() as tx:
                rows = await change_feed.page(tx, self._position, PAGE)
                held_back = len(rows) < PAGE and await change_feed.has_unsettled_rows(tx)
            for row in rows:
                for follower in self._followers:
                    follower.take(row)
                self._position = row.position
            if len(rows) < PAGE:
                break
        for looked in self._looks:
            looked.set()
        return not held_back

    async def _run(self) -> None:
        well = True
        while True:
            self._bell.clear()
            settled = True
            try:
                settled = await self.look()
                well = True
            except Exception as error:  # noqa: BLE001 - one bad look must not end the loop
                if well:  # logged once, not at every attempt of an outage
                    log.warning("fanout_missed", kind=type(error).__name__)
                well = False
            seconds = self._settings.look_seconds if settled else SOON_SECONDS
            await wait_for_event(self._bell, seconds)


async def ensure_feed(store: Store) -> None:
    """See to it that the feed has its name. A store that is busy does not hinder a start: cursors are RESYNC later."""
    async with store.read_transaction() as tx:
        if await change_feed.is_open(tx):
            return
    try:
        await store.carry_out(change_feed.open_feed)
    except StoreError as error:
        log.warning("feed_not_named", kind=type(error).__name__)


@asynccontextmanager
async def announce_commits(store: Store, bus: "Bus | None") -> AsyncIterator[None]:
    """Let other processes know of what this one commits; for processes that have no followers of their own."""
    await ensure_feed(store)
    if bus is None:
        yield
        return

    def note_commit(marks: Collection[str]) -> None:
        if change_feed.CHANGED in marks:
            bus.notify_others()

    store.after_commit.append(note_commit)
    async with run_in_background(bus.run(None)):
        try:
            yield
        finally:
            store.after_commit.remove(note_commit)
