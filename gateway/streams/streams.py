"""Shared state of all streams of a process: operations, admission, sessions, shutdown."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from actions.platform.change_feed import Feed
from domain.identity.kept_sessions import KeptSessions
from domain.kernel import ErrorCode, Problem, Remedy
from gateway.graphql.pipeline import Pipeline
from gateway.http.admission import overload_refusal
from gateway.http.callers import Caller, CallerKind
from gateway.http.edge import Edge
from gateway.http.problems import RequestProblem
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


@dataclass(eq=False)
class OpenStream:
    """One open stream. `operations` is how many it carries; `end` ends it because it must give way."""

    caller: Caller
    end: Callable[[], None]
    introduced: bool = False
    """Whether it is known who reads it; before that a socket may be anybody's at its address."""
    operations: int = 0


@dataclass
class Streaming:
    """Made once for a process."""

    settings: Streams
    sessions: Sessions
    feed: Feed
    streams: list[OpenStream] = field(default_factory=list)
    """The open ones, the oldest first."""
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
    def open(self) -> int:
        """How many streams there are now."""
        return len(self.streams)

    def enter(self, caller: Caller, end: Callable[[], None]) -> OpenStream:
        """Count a stream from now on, until `leave`. In a full process the oldest of a stranger gives way.

        Raises RequestProblem with 503 where none can, or the process is about to end.
        """
        if self.stopping.is_set() or (self.open >= self.settings.connections and not self.end_stranger()):
            raise overload_refusal()
        stream = OpenStream(caller, end)
        self.streams.append(stream)
        return stream

    def introduce(self, stream: OpenStream, caller: Caller) -> None:
        """Note who reads a stream. Raises RequestProblem with 429 where the caller has as many as allowed.

        A router's are those of many people, whom it bounds itself.
        """
        own = [one for one in self._streams_of(caller) if one.introduced and one is not stream]
        if len(own) >= self.settings.per_caller and caller.kind is not CallerKind.ROUTER:
            raise _too_many("STREAMS")
        stream.caller, stream.introduced = caller, True

    def count_operations(self, stream: OpenStream, number: int) -> None:
        """Note how many operations a stream carries. Raises RequestProblem with 429 where they are too many."""
        stream.operations = number
        every = sum(one.operations for one in self._streams_of(stream.caller))
        router = stream.caller.kind is CallerKind.ROUTER
        if number > self.settings.subscriptions or (every > self.settings.subscriptions_per_caller and not router):
            raise _too_many("SUBSCRIPTIONS")

    def leave(self, stream: OpenStream) -> None:
        """Count a stream no more."""
        if stream in self.streams:
            self.streams.remove(stream)

    def end_stranger(self) -> bool:
        """End the oldest stream at the address from which strangers have the most; False where there is none."""
        strangers = [one for one in self.streams if one.caller.kind is CallerKind.ANONYMOUS]
        if not strangers:
            return False
        [(most, _)] = Counter(one.caller.key for one in strangers).most_common(1)
        oldest = next(one for one in strangers if one.caller.key == most)
        self.leave(oldest)
        oldest.end()
        return True

    def _streams_of(self, caller: Caller) -> list[OpenStream]:
        return [one for one in self.streams if one.caller == caller]

    @contextmanager
    def watch_session(self, context: Any, ended: Callable[[], None]) -> Iterator[None]:
        """Have `ended` called once the session of a context has ended; somebody without a session has none to lose."""
        session_id = getattr(getattr(context, "subject", None), "session_id", None)
        if session_id is None:
            yield
            return
        with self.sessions.watch_session(session_id, ended):
            yield


def _too_many(detail: str) -> RequestProblem:
    return RequestProblem(429, Problem(ErrorCode.RATE_LIMITED, action=Remedy.NONE, detail=detail, retryable=False))


@asynccontextmanager
async def open_streams(
    settings: Streams,
    store: Store,
    cache_url: str | None,
    is_ready: Callable[[], bool],
    kept: KeptSessions | None = None,
) -> AsyncIterator[Streaming]:
    """The streams of one process; they end once the process was ready and is so no more. Raises StoreError."""
    fanout = Fanout(store, settings, open_bus(cache_url))
    sessions = Sessions(store, settings.session_seconds, kept)
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
