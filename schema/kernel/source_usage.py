"""The outside systems behind one response, how fresh their data is, and what failed."""

import math
from collections.abc import Awaitable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from graphql.pyutils import Path

from actions.documents.locker import CONSENT_NEEDED
from domain.kernel import Clock, Source, Sourced, SourceState
from integrations.calling.errors import Refused, RemoteError
from schema.kernel.scalars import show_instant

A = TypeVar("A")
S = TypeVar("S", bound=Sourced[Any] | None)

_WORST_FIRST = (SourceState.DOWN, SourceState.STALE, SourceState.QUEUED, SourceState.CACHED, SourceState.LIVE)

ResponsePath = tuple[str | int, ...]


@dataclass(slots=True)
class SourceRead:
    """All reads of one system for one answer: the worst state, the oldest copy, the places it went to."""

    source: Source
    state: SourceState
    as_of: datetime | None
    retry_after: float | None
    system: str = ""
    paths: list[ResponsePath] = field(default_factory=list)

    def merge(self, state: SourceState, as_of: datetime | None, retry_after: float | None) -> None:
        """Add one more read of the same system."""
        self.state = min(self.state, state, key=_WORST_FIRST.index)
        self.as_of = min((instant for instant in (self.as_of, as_of) if instant), default=None)
        self.retry_after = max((wait for wait in (self.retry_after, retry_after) if wait is not None), default=None)


@dataclass(frozen=True, slots=True)
class PartialFailure:
    """A source that is missing from a merged list which is otherwise answered."""

    error: RemoteError
    path: ResponsePath


class SourceUsage:
    """Collects the reads of one request; written by resolvers, read once at the end."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._reads: dict[tuple[Source, str], SourceRead] = {}
        self.failures: list[PartialFailure] = []
        self.ages: list[ResponsePath] = []
        """Places of the answer that tell only how fresh it is: they change although nothing else does."""

    @property
    def touched(self) -> bool:
        """Whether an outside system was asked for this answer, and not only a cached copy read."""
        return any(read.state is not SourceState.CACHED for read in self._reads.values())

    def note(
        self,
        path: Path,
        source: Source,
        state: SourceState,
        as_of: datetime | None,
        retry_after: float | None = None,
        system: str = "",
    ) -> None:
        """Record one read; our own store is not an outside system and is left out.

        `system` names one of several of the source.
        """
        if source is Source.STORE:
            return
        read = self._reads.setdefault((source, system), SourceRead(source, state, as_of, retry_after, system))
        read.merge(state, as_of, retry_after)
        place = tuple(path.as_list())
        if place not in read.paths:
            read.paths.append(place)

    def note_failure(self, path: Path, error: RemoteError) -> None:
        """Record a read that gave nothing. A refusal is an answer: the system is up; without consent none was asked."""
        if error.code == CONSENT_NEEDED:
            return
        if isinstance(error, Refused):
            self.note(path, error.source, SourceState.LIVE, self._clock.now())
        else:
            self.note(path, error.source, SourceState.DOWN, None, error.retry_after)

    def note_age(self, path: Path) -> None:
        """Record a place of the answer that tells only how fresh it is."""
        self.ages.append(tuple(path.as_list()))

    def note_missing(self, path: Path, error: RemoteError) -> None:
        """Record a source that is missing from a merged list, so that it is reported with the list.

        Its state was noted with the provenance of the list.
        """
        read = self._reads.get((error.source, ""))
        if read is not None:
            read.merge(read.state, read.as_of, error.retry_after)
        self.failures.append(PartialFailure(error, tuple(path.as_list())))

    async def ask(self, path: Path, answer: Awaitable[S]) -> S:
        """Wait for one source-backed answer and record how it was had; errors pass through.

        None stands for a source that had not to be asked.
        """
        sourced = await self.await_answer(path, answer)
        if sourced is not None:
            self.note(path, sourced.source, sourced.state, sourced.as_of)
        return sourced

    async def await_answer(self, path: Path, answer: Awaitable[A]) -> A:
        """Wait for an answer whose caller records how it was had; that it failed is recorded here."""
        try:
            return await answer
        except RemoteError as error:
            self.note_failure(path, error)
            raise

    def age_seconds(self, as_of: datetime | None) -> int | None:
        """Whole seconds since an answer was had from its system."""
        return None if as_of is None else max(0, int((self._clock.now() - as_of).total_seconds()))

    def to_extension(self) -> list[dict[str, Any]]:
        """`extensions.sources`, in the order of the first read."""
        return [self._describe_read(read) for read in self._reads.values()]

    def _describe_read(self, read: SourceRead) -> dict[str, Any]:
        facts = {
            "name": read.source.value,
            "system": read.system or None,
            "state": read.state.value,
            "asOf": show_instant(read.as_of) if read.as_of else None,
            "ageSeconds": self.age_seconds(read.as_of),
            "retryAfterSeconds": math.ceil(read.retry_after) if read.retry_after is not None else None,
        }
        present: dict[str, Any] = {name: value for name, value in facts.items() if value is not None}
        return present | {"paths": [list(path) for path in read.paths]}
