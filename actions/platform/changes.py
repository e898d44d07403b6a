"""Reads what changed since a cursor, for phones with a local copy and for returning readers.

A copy begins with a listing and continues with the feed from where the feed stood when the listing began. So what
changes between two pages of the listing is delivered again, and a phone that reads to the end holds the whole list.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from actions.kernel import Environment, of_application, place_of
from actions.kernel.case_reads import own_cases
from domain.applications.applications import Application
from domain.applications.lifecycle import WITH_OFFICER, Status
from domain.identity.policy import ObjectKind, Resource, purpose_for
from domain.kernel import ErrorCode, PersonKind, Posting, Problem, Problems, Role, Subject
from domain.kernel.closed_to_roles import only_for
from domain.officers.desk import QueueFilter, QueueSort
from domain.platform.changes import OF_APPLICATIONS, OF_QUEUES, Change, FeedState, Position, Wanted
from store.applications import applications
from store.database import Transaction, change_feed
from store.officers import desk_queue

ROWS_FOR_ONE = 5
"""Rows of the feed that are read for each thing that may be delivered: one thing often changes several times."""

Place = tuple[str | None, str]
"""The sort value of a listed row as text, and its key."""

LISTING_BEGINS: Place = (None, "")


@dataclass(frozen=True, slots=True)
class Bookmark:
    """How far a reader has come: in the feed and, while the first listing is not at its end, in that.

    `day` counts days since 1970: a bookmark of another day is given anew, so that it never gets older than the
    feed is kept. `scope` names what the list depends on beside its reader.
    """

    feed: str
    position: Position
    day: int
    place: Place | None = None
    scope: str = ""


@dataclass(frozen=True, slots=True)
class Delta:
    """What to put in a copy (True: a colleague holds it), what to take out, and where to go on."""

    present: Sequence[tuple[Application, bool]]
    removed: Sequence[str]
    next: Bookmark
    complete: bool


def resync(*path: str) -> Problems:
    """A place that means nothing any more: the reader begins anew."""
    return Problems(Problem(ErrorCode.RESYNC, path))


def check(state: FeedState, bookmark: Bookmark, scope: str = "") -> None:
    """Raise RESYNC for a bookmark of another feed, of another scope, or of before what was swept."""
    known = bookmark.feed == state.name and bookmark.scope == scope
    if not known or bookmark.position < state.swept:
        raise resync("since")


def day_of(now: datetime) -> int:
    """The day of a bookmark."""
    return (now.astimezone(UTC).date() - datetime.fromtimestamp(0, UTC).date()).days


def begin(env: Environment, state: FeedState, *, scope: str = "", place: Place | None = None) -> Bookmark:
    """The bookmark of a reader that has everything until now."""
    return Bookmark(state.name, state.end, day_of(env.clock.now()), place, scope)


def queue_postings(subject: Subject) -> list[Posting]:
    """The postings whose queue the subject may read."""
    return [one for one in subject.postings if purpose_for(subject, Resource.of_post(ObjectKind.QUEUE, one))]


def name_of(postings: Sequence[Posting]) -> str:
    """A short name of a set of postings."""
    said = sorted(repr((one.role, one.department, one.district, one.tehsil, *one.services)) for one in postings)
    return hashlib.sha256("\n".join(said).encode()).hexdigest()[:12]


async def changed_applications(env: Environment, subject: Subject, since: Bookmark | None, first: int) -> Delta:
    """A citizen's applications that changed. Raises NotSignedIn, NOT_FOUND for others than citizens, RESYNC."""
    subject.require_signed_in()
    if subject.kind is not PersonKind.CITIZEN or subject.person_id is None:
        raise only_for([Role.CITIZEN])
    citizen_id = subject.person_id

    async def listing(tx: Transaction, place: Place, limit: int) -> Sequence[Application]:
        after = (datetime.fromisoformat(place[0]), place[1]) if place[0] else None
        return await applications.page_of_citizen(tx, citizen_id, after=after, limit=limit)

    def may_view(application: Application) -> bool:
        return purpose_for(subject, of_application(application)) is not None

    reading = _Reading(
        env, Wanted(OF_APPLICATIONS, citizen_id=citizen_id), listing, lambda one: one.created_at, may_view
    )
    return await env.store.read(lambda tx: reading.delta(tx, since, first))


async def changed_queue(
    env: Environment, subject: Subject, officer_id: str, since: Bookmark | None, first: int
) -> Delta:
    """What came into an officer's own queue, changed in it, or left it. Raises RESYNC, also for other postings."""
    postings = queue_postings(subject) if subject.person_id == officer_id else []

    async def listing(tx: Transaction, place: Place, limit: int) -> Sequence[Application]:
        at = datetime.fromisoformat(place[0]) if place[0] else None
        after = (at, place[1]) if place[1] else None
        wanted = QueueFilter()
        return await desk_queue.page(tx, officer_id, postings, wanted, sort=QueueSort.DUE, place=after, limit=limit)

    wanted = Wanted(OF_QUEUES, postings=postings)
    reading = _Reading(
        env, wanted, listing, lambda one: one.due_at, lambda one: in_queue(postings, one), name_of(postings)
    )
    async with env.store.read_transaction() as tx:
        delta = await reading.delta(tx, since, first)
        cases = [application for application, _ in delta.present]
        own = await own_cases(tx, officer_id, cases)
        hidden = await _drafts(tx, delta.removed)
    return replace(
        delta,
        present=[(case, case.id not in own) for case in cases],
        removed=[one for one in delta.removed if one not in hidden],
    )


def in_queue(postings: Sequence[Posting], application: Application) -> bool:
    """Whether a case is in the queue of those postings."""
    return application.status in WITH_OFFICER and any(posting.covers(*place_of(application)) for posting in postings)


async def _drafts(tx: Transaction, application_ids: Sequence[str]) -> set[str]:
    """Those that are drafts: that there is one is the citizen's own business."""
    found = await applications.by_ids(tx, application_ids)
    return {key for key, one in found.items() if one.status is Status.DRAFT}


@dataclass(frozen=True, slots=True)
class _Reading:
    """One reader's way through a listing and then through the feed."""

    env: Environment
    feed_filter: Wanted
    listing: Callable[..., object]
    sorted_by: Callable[[Application], datetime | None]
    is_shown: Callable[[Application], bool]
    scope: str = ""

    async def delta(self, tx: Transaction, since: Bookmark | None, first: int) -> Delta:
        state = await change_feed.state(tx)
        if since is None:
            since = begin(self.env, state, scope=self.scope, place=LISTING_BEGINS)
        check(state, since, self.scope)
        if since.place is not None:
            return await self._read_listing(tx, since, since.place, first)
        return await self._read_changes(tx, state, since, first)

    async def _read_listing(self, tx: Transaction, since: Bookmark, place: Place, first: int) -> Delta:
        rows: Sequence[Application] = await self.listing(tx, place, first + 1)  # type: ignore[misc]
        page, more = rows[:first], len(rows) > first
        if not more:
            behind = await change_feed.page(tx, since.position, 1, self.feed_filter)
            return Delta([(row, False) for row in page], (), replace(since, place=None), complete=not behind)
        at = self.sorted_by(page[-1])
        going_on = replace(since, place=(at.isoformat() if at else None, page[-1].id))
        return Delta([(row, False) for row in page], (), going_on, complete=False)

    async def _read_changes(self, tx: Transaction, state: FeedState, since: Bookmark, first: int) -> Delta:
        limit = first * ROWS_FOR_ONE
        rows = await change_feed.page(tx, since.position, limit, self.feed_filter)
        taken = _limit_rows(rows, first)
        keys = list(dict.fromkeys(str(row.application_id) for row in taken))
        found: Mapping[str, Application] = await applications.by_ids(tx, keys)
        there = [found[key] for key in keys if key in found and self.is_shown(found[key])]
        shown = {one.id for one in there}
        complete = len(taken) == len(rows) < limit
        return Delta(
            [(one, False) for one in there],
            [key for key in keys if key not in shown],
            self._next_bookmark(state, since, taken, complete=complete),
            complete,
        )

    def _next_bookmark(self, state: FeedState, since: Bookmark, taken: Sequence[Change], *, complete: bool) -> Bookmark:
        """The same bookmark where nothing happened, so that the answer is the same to the octet; anew each day."""
        today = day_of(self.env.clock.now())
        if not complete:
            return replace(since, position=taken[-1].position, day=today)
        if not taken and since.day == today:
            return since
        return replace(since, position=state.end, day=today)


def _limit_rows(rows: Sequence[Change], first: int) -> Sequence[Change]:
    """The first rows that are about at most so many things."""
    seen: set[str] = set()
    for count, row in enumerate(rows):
        seen.add(str(row.application_id))
        if len(seen) > first:
            return rows[:count]
    return rows
