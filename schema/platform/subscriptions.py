"""Subscriptions: an event names what changed and a cursor; its data is read when the event is delivered.

A root field gives events; for each of them the gateway makes a new context, with the session as it is then, asks
`seen_by`, and runs the operation with the event as its root. So no state is carried from one event to the next.
"""

from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing
from datetime import datetime
from typing import Annotated, Any, Self, TypeAlias, TypeVar

import strawberry

from actions.platform import change_feed
from actions.platform.change_feed import (
    QueueRow,
    check_bookmark,
    follow,
    queue_row,
    wanted_applications,
    wanted_payments,
    wanted_queue,
)
from domain.kernel import ErrorCode, PersonKind, Problem, Problems, Scope, Source, SourceState, Subject, TypeCode
from domain.platform.changes import Change, Wanted
from domain.platform.switches import SwitchState
from schema.applications.loaders import application_by_id
from schema.applications.types import Application
from schema.benefits.types import Benefit, Instalment, sanction_by_id
from schema.kernel import (
    AUTHENTICATED,
    PUBLIC,
    Context,
    Cursors,
    Info,
    node_id,
    requires_scopes,
    resolver_field,
    subscription,
)
from schema.kernel.mutations import key_of_type
from schema.platform import bookmarks
from schema.platform.changes import SinceEvent
from schema.platform.sources import SourceHealth

_STATES: Sequence[SourceState | None] = (None, *SourceState)
_SWITCHES = tuple(SwitchState)
Known = tuple[SourceState | None, SwitchState]
E = TypeVar("E")

ApplicationId: TypeAlias = Annotated[
    strawberry.ID | None,
    strawberry.argument(
        description="Only this application; left out, all of the citizen who is signed in or is being helped."
    ),
]


@strawberry.type(description="A case came into the officer's queue, changed in it, or left it.")
class QueueChanged:
    change: strawberry.Private[Change]
    read: strawberry.Private[list[QueueRow | None]]
    """The case, once it was read for this event."""
    cursor: str = strawberry.field(description="Where to go on: give it as `since` after a break.")
    at: datetime = strawberry.field(description="When it changed.")
    application_id: strawberry.ID = strawberry.field(description="Which case.")

    @classmethod
    def of(cls, change: Change, cursor: str) -> Self:
        key = node_id(TypeCode.APPLICATION, str(change.application_id))
        return cls(change=change, read=[], cursor=cursor, at=change.at, application_id=key)

    async def seen_by(self, context: Context) -> bool:
        """Whether the case belongs to the officer's places now; drafts are the citizens' own business."""
        return await self._row(context) is not None

    @resolver_field(description="Whether the case stands in the queue now; else take it out of a copy.")
    async def in_queue(self, info: Info) -> bool:
        row = await self._row(info.context)
        return row is not None and row.in_queue

    @resolver_field(description="The case as it is now; null where it left the queue.")
    async def application(self, info: Info) -> Application | None:
        row = await self._row(info.context)
        return Application.of(row.case, withheld=row.withheld) if row is not None and row.in_queue else None

    async def _row(self, context: Context) -> QueueRow | None:
        if not self.read:
            key = str(self.change.application_id)
            self.read.append(await queue_row(context.environment, context.subject, key))
        return self.read[0]


@strawberry.type(description="An outside system went away or came back, or its switch was set.")
class SourceChanged:
    change: strawberry.Private[tuple[Source, Known]]
    cursor: str = strawberry.field(description="Where to go on: it holds what was known, and only differences follow.")
    at: datetime = strawberry.field(description="When this process saw it.")
    source: SourceHealth = strawberry.field(description="The system as it is now.")


@strawberry.type
class SourceSubscription:
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
        known = dict(_current_states(context)) if since is None else _read(cursors, since)
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
            change = (item.source, known[item.source])
            told.append(SourceChanged(change=change, cursor=_write(cursors, known), at=now, source=health))
    return told


def _current_states(context: Context) -> Mapping[Source, Known]:
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


@strawberry.type(description="An application changed, or something that belongs to it.")
class ApplicationChanged:
    change: strawberry.Private[Change]
    cursor: str = strawberry.field(description="Where to go on: give it as `since` after a break.")
    at: datetime = strawberry.field(description="When it changed.")
    application_id: strawberry.ID = strawberry.field(description="Which application.")

    @classmethod
    def of(cls, change: Change, cursor: str) -> "ApplicationChanged":
        key = node_id(TypeCode.APPLICATION, str(change.application_id))
        return cls(change=change, cursor=cursor, at=change.at, application_id=key)

    async def seen_by(self, context: Context) -> bool:
        """Whether the subject may know of it now; an owner is also notified of deletions."""
        if _owns(context.subject, self.change):
            return True
        key = str(self.change.application_id)
        return await change_feed.readable(context.environment, context.subject, key) is not None

    @resolver_field(description="The application as it is now; null where it is gone: take it out of a copy.")
    async def application(self, info: Info) -> Application | None:
        item = await info.context.load(application_by_id, str(self.change.application_id))
        return None if item is None else Application.of(item)


@strawberry.type(description="A payment of a benefit changed.")
class PaymentChanged:
    change: strawberry.Private[Change]
    cursor: str = strawberry.field(description="Where to go on: give it as `since` after a break.")
    at: datetime = strawberry.field(description="When it changed.")
    application_id: strawberry.ID | None = strawberry.field(description="The application that led to the benefit.")

    @classmethod
    def of(cls, change: Change, cursor: str) -> "PaymentChanged":
        key = None if change.application_id is None else node_id(TypeCode.APPLICATION, change.application_id)
        return cls(change=change, cursor=cursor, at=change.at, application_id=key)

    async def seen_by(self, context: Context) -> bool:
        """Whether the subject may see the benefit now."""
        return _owns(context.subject, self.change) or await change_feed.payment_readable(
            context.environment, context.subject, self.change
        )

    @resolver_field(description="The benefit as our own store knows it now; null where it is gone.")
    async def benefit(self, info: Info) -> Benefit | None:
        key = await change_feed.sanction_of(info.context.environment, self.change)
        sanction = None if key is None else await info.context.load(sanction_by_id, key)
        return None if sanction is None else await Benefit.of_sanction(info, sanction)

    @resolver_field(description="The payment that changed; null where it is gone.")
    async def instalment(self, info: Info) -> Instalment | None:
        benefit = await self.benefit(info)
        made = benefit.instalments if benefit else []
        return next((one for one in made if one.view.instalment.id == self.change.object_id), None)


@strawberry.type(description="What can be followed as it happens.")
class Subscription(SourceSubscription):
    @subscription(
        description="Tells each change of an application, or of all of the citizen's. Quick changes of one application "
        "may be told as the last of them.",
        directives=[AUTHENTICATED],
    )
    async def application_changed(
        self, info: Info, application_id: ApplicationId = None, since: SinceEvent = None
    ) -> AsyncGenerator[ApplicationChanged | None, None]:
        context = info.context
        wanted = await wanted_applications(context.environment, context.subject, _key(application_id))
        async with aclosing(events(context, wanted, since, ApplicationChanged.of)) as told:
            async for event in told:
                yield event

    @subscription(
        description="Tells each change in the officer's queue: what came in, changed or left, claims and proposals.",
        directives=[AUTHENTICATED, requires_scopes(Scope.CASES, Scope.APPEALS)],
    )
    async def officer_queue_changed(
        self, info: Info, since: SinceEvent = None
    ) -> AsyncGenerator[QueueChanged | None, None]:
        context = info.context
        if context.subject.kind is not PersonKind.OFFICER:
            raise Problems(Problem(ErrorCode.NOT_FOUND))
        async with aclosing(events(context, wanted_queue(context.subject), since, QueueChanged.of)) as told:
            async for event in told:
                yield event

    @subscription(
        description="Tells each change of the payments of a benefit, or of all of the citizen's.",
        directives=[AUTHENTICATED],
    )
    async def payment_changed(
        self, info: Info, application_id: ApplicationId = None, since: SinceEvent = None
    ) -> AsyncGenerator[PaymentChanged | None, None]:
        context = info.context
        wanted = await wanted_payments(context.environment, context.subject, _key(application_id))
        async with aclosing(events(context, wanted, since, PaymentChanged.of)) as told:
            async for event in told:
                yield event


async def events(
    context: Context, wanted: Wanted, since: str | None, make: Callable[[Change, str], E]
) -> AsyncGenerator[E, None]:
    """Each change as an event with its cursor, until the subscriber leaves. Raises RESYNC and TooSlow."""
    cursors = bookmarks.cursors_of(context.environment.keyrings, context.subject)
    mark = bookmarks.read(cursors, context.resume or since)
    await check_bookmark(context.environment, wanted, mark)
    changes: AsyncGenerator[Any, None] = follow(context.environment, context.the_feed, wanted, mark)
    async with aclosing(changes) as told:
        async for change, behind in told:
            yield make(change, bookmarks.write(cursors, behind))


def _key(opaque: strawberry.ID | None) -> str | None:
    return None if opaque is None else key_of_type(TypeCode.APPLICATION, opaque, "applicationId")


def _owns(subject: Subject, change: Change) -> bool:
    return subject.kind is PersonKind.CITIZEN and subject.person_id == change.citizen_id
