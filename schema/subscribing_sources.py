"""Events about the outside systems: what this process hears of them, and what switches let through."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from datetime import datetime
from typing import Annotated

import strawberry

from domain.errors import ErrorCode, Problem, Problems
from domain.sources import Source, SourceState
from domain.switches import SwitchState
from schema.changes import SinceEvent
from schema.context import Context, Info
from schema.cursors import Cursors
from schema.directives import PUBLIC
from schema.fields import subscription
from schema.sources import SourceHealth

_STATES: Sequence[SourceState | None] = (None, *SourceState)
_SWITCHES = tuple(SwitchState)
Known = tuple[SourceState | None, SwitchState]


@strawberry.type(description="An outside system went away or came back, or its switch was set.")
class SourceChanged:
    cursor: str = strawberry.field(description="Where to go on: it holds what was known, and only differences follow.")
    at: datetime = strawberry.field(description="When this process saw it.")
    source: SourceHealth = strawberry.field(description="The system as it is now.")


@strawberry.type
class SourceSubscription:
    """Root fields about outside systems."""

    @subscription(
        description="Tells when an outside system goes away or comes back, as the answering process sees it, and when "
        "its switch is set.",
        directives=[PUBLIC],
    )
    async def source_changed(
        self,
        info: Info,
        names: Annotated[
            list[Source] | None, strawberry.argument(description="Only these systems; left out, all of them.")
        ] = None,
        since: SinceEvent = None,
    ) -> AsyncGenerator[SourceChanged | None, None]:
        context = info.context
        cursors = Cursors(context.environment.keyrings, "sources")
        wanted = frozenset(Source if names is None else names)
        since = context.resume or since
        known = dict(_seen(context)) if since is None else _read(cursors, since)
        if since is not None:
            for event in _differences(context, cursors, known, wanted):
                yield event
        async with aclosing(context.the_feed.looks()) as looks:
            async for _ in looks:
                for event in _differences(context, cursors, known, wanted):
                    yield event


def _differences(
    context: Context, cursors: Cursors, known: dict[Source, Known], wanted: frozenset[Source]
) -> list[SourceChanged]:
    """Events for what is not as it was known; `known` is brought up to date."""
    now, told = context.environment.clock.now(), []
    for item in context.monitor.statuses():
        health = SourceHealth.of(item, context.switches.system(item.source, now))
        if known.get(item.source) != (health.state, health.switched) and item.source in wanted:
            known[item.source] = (health.state, health.switched)
            told.append(SourceChanged(cursor=_write(cursors, known), at=now, source=health))
    return told


def _seen(context: Context) -> Mapping[Source, Known]:
    now = context.environment.clock.now()
    return {item.source: (item.state, context.switches.system(item.source, now)) for item in context.monitor.statuses()}


def _write(cursors: Cursors, known: Mapping[Source, Known]) -> str:
    said = (f"{source.value}:{_STATES.index(state)}:{_SWITCHES.index(way)}" for source, (state, way) in known.items())
    return cursors.write((None, ",".join(said)))


def _read(cursors: Cursors, cursor: str) -> dict[Source, Known]:
    """What was known; raises BAD_INPUT. A system that this release does not know is left out."""
    _, text = cursors.read(cursor, "since")
    known: dict[Source, Known] = {}
    try:
        for part in text.split(","):
            name, state, way = part.split(":")
            if name in set(Source):
                known[Source(name)] = (_STATES[int(state)], _SWITCHES[int(way)])
    except (ValueError, IndexError):
        raise Problems(Problem(ErrorCode.BAD_INPUT, ("since",))) from None
    return known
