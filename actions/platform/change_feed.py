"""The change feed: first what was missed since a bookmark, then changes as they happen.

Who may follow what is decided here when it begins, and again for each event with the session as it is then.
"""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import Protocol

from actions.kernel import Environment, of_application, of_sanction, place_of, with_cases
from actions.kernel.case_reads import own_cases
from actions.platform.changes import Bookmark, begin, check, in_queue, name_of, queue_postings, resync
from domain.applications.applications import Application
from domain.applications.lifecycle import Status
from domain.identity.policy import purpose_for
from domain.kernel import ErrorCode, PersonKind, Problem, Problems, Subject, not_found
from domain.platform.changes import OF_APPLICATIONS, OF_QUEUES, Change, ChangeKind, FeedState, Wanted
from store.applications import applications
from store.benefits import benefits
from store.database import change_feed

BACKLOG_PAGE = 200
"""Rows that are read at once of what was missed."""


class Follower(Protocol):
    """The rows for one reader, in the order of commits; several about one thing may be merged into the last."""

    def __aiter__(self) -> AsyncIterator[Change]:
        """Wait for each row. Raises TooSlow where more waited than are kept."""


class Feed(Protocol):
    """The changes delivered in this process, wherever they were committed."""

    def follow(self, wanted: Wanted) -> AbstractContextManager[Follower]:
        """Have rows kept from now on, until the end of the context."""

    def looks(self) -> AsyncGenerator[None, None]:
        """Come back whenever what this process knows of the outside systems may have changed."""


class TooSlow(Problems):
    """A reader that does not take its events in time; it may come back with its last cursor."""

    standard = (Problem(ErrorCode.READER_TOO_SLOW),)


async def feed_state(env: Environment) -> FeedState:
    """The feed as it is now."""
    return await env.store.read(change_feed.state)


async def follow(
    env: Environment, feed: Feed, wanted: Wanted, since: Bookmark | None
) -> AsyncGenerator[tuple[Change, Bookmark], None]:
    """Each change with the bookmark behind it, without an end; without `since` only what is committed from now on.

    What comes is kept from before the missed rows are read, so that there is no gap between them. Raises TooSlow.
    """
    mark = begin(env, await feed_state(env), scope=scope_of(wanted))
    if since is not None:
        mark = replace(mark, position=since.position)
    with feed.follow(wanted) as coming:
        async for change in _missed_changes(env, wanted, mark):
            mark = replace(mark, position=change.position)
            yield change, mark
        async for change in coming:
            if change.position > mark.position:
                mark = replace(mark, position=change.position)
                yield change, mark


def scope_of(wanted: Wanted) -> str:
    """What a bookmark depends on beside its reader: the postings of a queue."""
    return "" if wanted.postings is None else name_of(wanted.postings)


async def check_bookmark(env: Environment, wanted: Wanted, since: Bookmark | None) -> None:
    """Raise RESYNC where a reader cannot go on from a bookmark, also because its listing is not at its end."""
    if since is not None:
        check(await feed_state(env), since, scope_of(wanted))
        if since.place is not None:
            raise resync("since")


async def _missed_changes(env: Environment, wanted: Wanted, since: Bookmark) -> AsyncGenerator[Change, None]:
    position = since.position
    while True:
        async with env.store.read_transaction() as tx:
            rows = await change_feed.page(tx, position, BACKLOG_PAGE, wanted)
        latest = {(row.kind, row.object_id): row for row in rows}
        for row in rows:
            if latest[row.kind, row.object_id] is row:
                yield row
        if len(rows) < BACKLOG_PAGE:
            return
        position = rows[-1].position


async def wanted_applications(env: Environment, subject: Subject, application_id: str | None) -> Wanted:
    """What a subject follows: one application that she may read, or all of hers.

    Raises NotSignedIn, NOT_FOUND, and BAD_INPUT where nothing is named and none is hers.
    """
    return await _change_filter(env, subject, application_id, OF_APPLICATIONS)


async def wanted_payments(env: Environment, subject: Subject, application_id: str | None) -> Wanted:
    """As `wanted_applications`, for the payments of benefits."""
    return await _change_filter(env, subject, application_id, (ChangeKind.PAYMENT,))


async def _change_filter(
    env: Environment, subject: Subject, application_id: str | None, kinds: tuple[ChangeKind, ...]
) -> Wanted:
    subject.require_signed_in()
    if application_id is not None:
        if await readable(env, subject, application_id) is None:
            raise not_found("applicationId")
        return Wanted(kinds, application_id=application_id)
    hers = subject.person_id if subject.kind is PersonKind.CITIZEN else subject.on_behalf_of
    if hers is None:
        raise Problems(Problem(ErrorCode.BAD_INPUT, ("applicationId",)))
    return Wanted(kinds, citizen_id=hers)


def wanted_queue(subject: Subject) -> Wanted:
    """An officer's places. Raises NotSignedIn, NOT_FOUND where she may read no queue."""
    subject.require_signed_in()
    postings = queue_postings(subject)
    if not postings:
        raise not_found()
    return Wanted(OF_QUEUES, postings=postings)


async def readable(env: Environment, subject: Subject, application_id: str) -> Application | None:
    """The application where the table lets the subject read it; what is shown of it leaves its receipts by itself."""
    found = await env.store.read(lambda tx: applications.get(tx, application_id))
    return found if found is not None and purpose_for(subject, of_application(found)) is not None else None


@dataclass(frozen=True, slots=True)
class QueueRow:
    """A case as an officer's queue shows it; `withheld` where a colleague holds it."""

    case: Application
    in_queue: bool
    withheld: bool


async def queue_row(env: Environment, subject: Subject, application_id: str) -> QueueRow | None:
    """A case of the officer's places, None where it is none or a draft."""
    async with env.store.read_transaction() as tx:
        case = await applications.get(tx, application_id)
        if case is None or case.status is Status.DRAFT:
            return None
        postings = queue_postings(subject)
        if not any(posting.covers(*place_of(case)) for posting in postings):
            return None
        own = await own_cases(tx, subject.person_id, [case])
    return QueueRow(case, in_queue(postings, case), withheld=not own)


async def payment_readable(env: Environment, subject: Subject, change: Change) -> bool:
    """Whether the table lets the subject read the benefit of a payment."""
    async with env.store.read_transaction() as tx:
        paid = await benefits.instalment(tx, change.object_id)
        found = await benefits.sanctions(tx, [paid.sanction_id]) if paid else {}
    known = await with_cases(env, subject, [of_sanction(one) for one in found.values()])
    return any(purpose_for(subject, one) is not None for one in known)


async def sanction_of(env: Environment, change: Change) -> str | None:
    """The sanction that a payment belongs to."""
    paid = await env.store.read(lambda tx: benefits.instalment(tx, change.object_id))
    return paid.sanction_id if paid else None
