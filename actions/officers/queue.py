"""An officer's queue: its cases, and how many are waiting."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from actions.kernel import Environment, may_read_all
from domain.applications.applications import Application
from domain.applications.lifecycle import Status
from domain.identity.policy import ObjectKind, Purpose, Resource
from domain.kernel import ErrorCode, Officer, Posting, Problem, Problems, Subject, ist_date, latin_digits
from domain.officers.desk import Claim, Proposal, QueueCounts, QueueFilter, QueueSort, in_own_queue
from store.database import Transaction
from store.officers import cover, desk, desk_queue, leave

MOST_DIGITS = 14


async def queue_postings(env: Environment, subject: Subject, officer: Officer) -> list[Posting]:
    """The postings whose queue the subject may read, those held as substitute too; only officers read their own."""
    if subject.person_id != officer.id:
        return []
    resources = [
        Resource(ObjectKind.QUEUE, None, None, posting.department, posting.district, posting.tehsil)
        for posting in subject.postings
    ]
    purposes = await may_read_all(env, subject, resources)
    return [posting for posting, purpose in zip(subject.postings, purposes, strict=True) if purpose]


async def queue_page(
    env: Environment,
    subject: Subject,
    officer: Officer,
    wanted: QueueFilter,
    *,
    sort: QueueSort,
    place: tuple[datetime | None, str] | None,
    backward: bool = False,
    limit: int,
) -> list[tuple[Application, bool]]:
    """A page of the queue after a place, or, `backward`, before it.

    True marks a case that a colleague holds, whose personal parts are not shown.
    """
    postings = await queue_postings(env, subject, officer)
    async with env.store.read_transaction() as tx:
        rows = await desk_queue.page(
            tx, officer.id, postings, _without_drafts(wanted), sort=sort, place=place, backward=backward, limit=limit
        )
        own = await own_cases(tx, officer.id, rows)
    return [(row, row.id not in own) for row in rows]


async def queue_size(env: Environment, subject: Subject, officer: Officer, wanted: QueueFilter) -> int:
    """How many cases the filter lets through."""
    postings = await queue_postings(env, subject, officer)
    async with env.store.read_transaction() as tx:
        return await desk_queue.size(tx, officer.id, postings, _without_drafts(wanted))


async def queue_counts(env: Environment, subject: Subject, officer: Officer, wanted: QueueFilter) -> QueueCounts:
    """How many cases the filter lets through, by state and by days left."""
    postings = await queue_postings(env, subject, officer)
    async with env.store.read_transaction() as tx:
        return await desk_queue.counts(tx, officer.id, postings, _without_drafts(wanted))


async def own_cases(tx: Transaction, officer_id: str | None, cases: Sequence[Application]) -> set[str]:
    """The ids of those cases that are the officer's own work, that held as a colleague's substitute included.

    Asks for claims, proposals and leaves only where there are others.
    """
    others = [case for case in cases if not in_own_queue(officer_id, case, None, None)]
    claims: dict[str, Claim] = {}
    proposals: dict[str, Proposal] = {}
    colleagues: frozenset[str] = frozenset()
    if others:
        ids = [case.id for case in others]
        claims, proposals = await desk.claims(tx, ids, tx.clock.now()), await desk.proposals(tx, ids)
        colleagues = await standing_in_for(tx, officer_id)
    return {
        case.id
        for case in cases
        if case.officer_id in colleagues or in_own_queue(officer_id, case, claims.get(case.id), proposals.get(case.id))
    }


async def standing_in_for(tx: Transaction, officer_id: str | None) -> frozenset[str]:
    """The officers whose work somebody has today because they are on leave."""
    if officer_id is None:
        return frozenset()
    return frozenset(await leave.stood_in_for(tx, officer_id, ist_date(tx.clock.now())))


async def in_cover(tx: Transaction, officer_id: str | None, cases: Mapping[str, str | None]) -> set[str]:
    """The ids of those cases that an officer has in place of a colleague who is away, or of a vacant post.

    `cases` gives the officer who has each by its id.
    """
    if officer_id is None or not cases:
        return set()
    held = [key for key, holder in cases.items() if holder == officer_id]
    colleagues = await standing_in_for(tx, officer_id)
    with_colleagues = {key for key, holder in cases.items() if holder in colleagues}
    return with_colleagues | await cover.held_in_cover(tx, officer_id, held)


def own_work_first(subject: Subject, purpose: Purpose | None) -> bool:
    """Whether reads under that purpose are bound to one's own queue: those of officers who decide."""
    return purpose is Purpose.DECIDE and subject.person_id is not None


def digits_of(text: str, *path: str) -> str:
    """The first digits of a number as keyed, for a search; raises NUMBER_MISTYPED for anything else."""
    digits = latin_digits("".join(text.split()).replace("-", ""))
    if not (digits.isascii() and digits.isdigit() and len(digits) <= MOST_DIGITS):
        raise Problems(Problem(ErrorCode.NUMBER_MISTYPED, path))
    return digits


def states(given: Iterable[Status] | None, otherwise: frozenset[Status]) -> frozenset[Status]:
    """The states of a filter; none given, or an empty list, asks for the usual ones."""
    return frozenset(given or ()) or otherwise


def _without_drafts(wanted: QueueFilter) -> QueueFilter:
    """A draft is the citizen's own until she submits it."""
    return replace(wanted, statuses=wanted.statuses - {Status.DRAFT})
