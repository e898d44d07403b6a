"""Subscriptions: an event says that something changed and where to go on; what it is now is read when it is told.

A root field gives events; for each of them the gateway makes a new context, with the session as it is then, asks
`seen_by`, and runs the operation with the event as its root. So nothing is kept from one event to the next.
"""

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from datetime import datetime
from typing import Annotated, Any, TypeAlias, TypeVar

import strawberry

from actions import following
from actions.following import check_bookmark, follow, wanted_applications, wanted_payments, wanted_queue
from domain.changes import Change, Wanted
from domain.errors import ErrorCode, Problem, Problems
from domain.global_ids import TypeCode
from domain.people import PersonKind, Subject
from domain.scopes import Scope
from schema import bookmarks
from schema.application_loaders import application_by_id
from schema.applications import Application
from schema.benefits import Benefit, Instalment, sanction_by_id
from schema.changes import SinceEvent
from schema.context import Context, Info
from schema.directives import AUTHENTICATED, scoped
from schema.fields import resolved, subscription
from schema.mutating import key_of_type
from schema.node import node_id
from schema.subscribing_queue import QueueChanged
from schema.subscribing_sources import SourceSubscription

E = TypeVar("E")

ApplicationId: TypeAlias = Annotated[
    strawberry.ID | None,
    strawberry.argument(
        description="Only this application; left out, all of the citizen who is signed in or is being helped."
    ),
]


@strawberry.type(description="An application changed, or something that belongs to it.")
class ApplicationChanged:
    change: strawberry.Private[Change]
    cursor: str = strawberry.field(description="Where to go on: give it as `since` after a break.")
    at: datetime = strawberry.field(description="When it changed.")
    application_id: strawberry.ID = strawberry.field(description="Which application.")

    @classmethod
    def of(cls, change: Change, cursor: str) -> "ApplicationChanged":
        """The graph's view of a change."""
        key = node_id(TypeCode.APPLICATION, str(change.application_id))
        return cls(change=change, cursor=cursor, at=change.at, application_id=key)

    async def seen_by(self, context: Context) -> bool:
        """Whether the subject may know of it now; an owner is also told of what is gone."""
        if _owns(context.subject, self.change):
            return True
        key = str(self.change.application_id)
        return await following.readable(context.environment, context.subject, key) is not None

    @resolved(description="The application as it is now; null where it is gone: take it out of a copy.")
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
        """The graph's view of a change."""
        key = None if change.application_id is None else node_id(TypeCode.APPLICATION, change.application_id)
        return cls(change=change, cursor=cursor, at=change.at, application_id=key)

    async def seen_by(self, context: Context) -> bool:
        """Whether the subject may see the benefit now."""
        return _owns(context.subject, self.change) or await following.payment_readable(
            context.environment, context.subject, self.change
        )

    @resolved(description="The benefit as our own store knows it now; null where it is gone.")
    async def benefit(self, info: Info) -> Benefit | None:
        key = await following.sanction_of(info.context.environment, self.change)
        sanction = None if key is None else await info.context.load(sanction_by_id, key)
        return None if sanction is None else await Benefit.of_sanction(info, sanction)

    @resolved(description="The payment that changed; null where it is gone.")
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
        directives=[AUTHENTICATED, scoped(Scope.CASES, Scope.APPEALS)],
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
