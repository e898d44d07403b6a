"""Asks for subscriptions as everybody, with a feed that hands each row to each follower, whatever she wanted.

So what is tried is what the graph itself decides: who may begin to follow, and who is told of an event.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import aclosing, contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from domain.kernel import Language, SystemClock, SystemIds
from domain.platform.changes import START, Change, Wanted
from gateway.graphql.body import parameters_in
from gateway.graphql.pipeline import Pipeline
from gateway.http.callers import Caller, CallerKind
from gateway.http.calls import RequestFacts
from gateway.http.edge import Edge
from gateway.streams.operations import OperationRequest, Operations
from schema.kernel import Context
from store.database import change_feed
from tests.support.authz import SUBJECTS, Things

PATIENCE = 10.0
NOBODY = Caller(CallerKind.ANONYMOUS, "test")


@dataclass
class Pushing:
    """A `change_feed.Feed` for one follower: she is given these rows, and `idle` is set once she wants more."""

    rows: list[Change]
    idle: asyncio.Event = field(default_factory=asyncio.Event)

    @contextmanager
    def follow(self, wanted: Wanted) -> Iterator[AsyncIterator[Change]]:
        yield self._rows()

    async def _rows(self) -> AsyncGenerator[Change, None]:
        for row in self.rows:
            yield row
        self.idle.set()
        await asyncio.Event().wait()

    async def looks(self) -> AsyncGenerator[None, None]:
        self.idle.set()
        await asyncio.Event().wait()
        yield


@dataclass(frozen=True)
class Told:
    """What somebody got: errors where she may not follow, else the events; and the statements that it took."""

    errors: list[tuple[Any, ...]]
    events: list[Any]
    effort: int


async def rows_of(things: Things) -> list[Change]:
    """The last row of each kind about each thing, as the verbs wrote them, placed behind all that was."""
    store = things.world.environment.store
    async with store.read_transaction() as tx:
        found = await change_feed.page(tx, START, 500)
        end = (await change_feed.state(tx)).end
    last = {(row.kind, row.application_id): row for row in found}
    return [replace(row, position=end._replace(row=end.row + place)) for place, row in enumerate(last.values(), 1)]


async def follow(things: Things, who: str, query: str, rows: list[Change], **variables: Any) -> Told:
    """Follow as somebody until she was told everything that is for her."""
    feed, clock = Pushing(rows), SystemClock()
    world = things.world

    async def context(facts: RequestFacts) -> Context:
        return Context(facts.request_id, SUBJECTS[who], Language.EN, world.environment, world.monitor, feed=feed)

    pipeline = Pipeline(world.graph, context, Edge(clock, SystemIds(clock), introspection=True))
    ready = await pipeline.ready(parameters_in({"query": query, "variables": variables}), {}, NOBODY)
    asked = OperationRequest(ready, NOBODY, RequestFacts("request-1", None, None), Language.EN, "test")
    told: list[dict[str, Any]] = []

    async def listen() -> None:
        async with aclosing(Operations(pipeline).answers(asked)) as answers:
            async for answer in answers:
                told.append(answer.body)  # noqa: PERF401 - what was told before the end counts too

    with world.statements() as seen:
        listening, idle = asyncio.create_task(listen()), asyncio.create_task(feed.idle.wait())
        try:
            async with asyncio.timeout(PATIENCE):
                await asyncio.wait({listening, idle}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (listening, idle):
                task.cancel()
            await asyncio.gather(listening, idle, return_exceptions=True)
    errors = [
        (error["extensions"]["code"], tuple(error.get("path") or ()), error["message"])
        for body in told
        for error in body.get("errors", [])
    ]
    return Told(errors, [body["data"] for body in told if body.get("data")], len(seen))
