"""Shared state of all streams of a process: operations, admission, sessions, shutdown."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from actions.platform.change_feed import Feed
from gateway.graphql.pipeline import Pipeline
from gateway.http.edge import Edge
from gateway.runtime.background import run_in_background
from gateway.settings.subscriptions import Streams
from gateway.streams.fanout import Fanout, open_bus
from gateway.streams.operations import Operations
from gateway.streams.sessions import Sessions
from store.database import Store

LOOK_SECONDS = 0.2
"""How often is looked whether the process is about to end."""


class Dropped(StrEnum):
    """Why a reader was dropped that may come back with its last cursor; label values of /metrics."""

    BEHIND = "behind"
    """More events waited for the reader than are kept."""

    UNREAD = "unread"
    """The reader did not take what was sent in time."""


@dataclass
class Streaming:
    """Made once for a process; `open` is how many streams there are now."""

    settings: Streams
    sessions: Sessions
    feed: Feed
    open: int = 0
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the process is about to end: streams end themselves, so that their readers go elsewhere at once."""

    served: Operations | None = None
    dropped: Callable[[Dropped], None] | None = None
    """Called for each dropped reader."""

    def drop(self, why: Dropped) -> None:
        """Tell of a reader who is dropped."""
        if self.dropped is not None:
            self.dropped(why)

    def serve(self, pipeline: Pipeline) -> None:
        """Run operations behind a pipeline, that of the endpoint for HTTP."""
        self.served = Operations(pipeline, behind=lambda: self.drop(Dropped.BEHIND))

    @property
    def operations(self) -> Operations:
        """Runs the operations. Raises LookupError before `serve`."""
        if self.served is None:
            raise LookupError("the streams serve nothing yet")
        return self.served

    @property
    def edge(self) -> Edge:
        """How the endpoint behaves."""
        return self.operations.pipeline.edge

    @property
    def full(self) -> bool:
        """Whether no more streams may be opened in this process."""
        return self.open >= self.settings.connections or self.stopping.is_set()

    @contextmanager
    def count_stream(self) -> Iterator[None]:
        """Count a stream while it is open; who opens one asks `full` before."""
        self.open += 1
        try:
            yield
        finally:
            self.open -= 1

    @contextmanager
    def watch_session(self, context: Any, ended: Callable[[], None]) -> Iterator[None]:
        """Have `ended` called once the session of a context has ended; somebody without a session has none to lose."""
        session_id = getattr(getattr(context, "subject", None), "session_id", None)
        if session_id is None:
            yield
            return
        with self.sessions.watch_session(session_id, ended):
            yield


@asynccontextmanager
async def open_streams(
    settings: Streams, store: Store, cache_url: str | None, is_ready: Callable[[], bool]
) -> AsyncIterator[Streaming]:
    """The streams of one process; they end once the process was ready and is so no more. Raises StoreError."""
    fanout = Fanout(store, settings, open_bus(cache_url))
    sessions = Sessions(store, settings.session_seconds)
    async with fanout.run(), sessions.run():
        streaming = Streaming(settings, sessions, fanout)
        async with run_in_background(_until_the_end(streaming, is_ready)):
            try:
                yield streaming
            finally:
                streaming.stopping.set()


async def _until_the_end(streaming: Streaming, is_ready: Callable[[], bool]) -> None:
    was_ready = False
    while not was_ready or is_ready():
        was_ready = was_ready or is_ready()
        await asyncio.sleep(LOOK_SECONDS)
    streaming.stopping.set()
