"""An officer's queue: its cases, and how many are waiting."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from actions.kernel import Environment, may_read_all
from actions.kernel.case_reads import own_cases
from domain.applications.applications import Application
from domain.applications.lifecycle import Status
from domain.identity.policy import ObjectKind, Resource
from domain.kernel import ErrorCode, Officer, Posting, Problem, Problems, Subject, latin_digits
from domain.officers.desk import QueueCounts, QueueFilter, QueueSort
from store.officers import desk_queue

MOST_DIGITS = 14


async def queue_postings(env: Environment, subject: Subject, officer: Officer) -> list[Posting]:
    """The postings whose queue the subject may read, those held as substitute too; only officers read their own."""
    if subject.person_id != officer.id:
        return []
    resources = [Resource.of_post(ObjectKind.QUEUE, posting) for posting in subject.postings]
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
    postings = await _postings(env, subject, officer, wanted)
    async with env.store.read_transaction() as tx:
        rows = await desk_queue.page(
            tx, officer.id, postings, _without_drafts(wanted), sort=sort, place=place, backward=backward, limit=limit
        )
        own = await own_cases(tx, officer.id, rows)
    return [(row, row.id not in own) for row in rows]


async def queue_size(env: Environment, subject: Subject, officer: Officer, wanted: QueueFilter) -> int:
    """How many cases the filter lets through."""
    postings = await _postings(env, subject, officer, wanted)
    return await env.store.read(lambda tx: desk_queue.size(tx, officer.id, postings, _without_drafts(wanted)))


async def queue_counts(env: Environment, subject: Subject, officer: Officer, wanted: QueueFilter) -> QueueCounts:
    """How many cases the filter lets through, by state and by days left."""
    postings = await _postings(env, subject, officer, wanted)
    return await env.store.read(lambda tx: desk_queue.counts(tx, officer.id, postings, _without_drafts(wanted)))


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


async def _postings(env: Environment, subject: Subject, officer: Officer, wanted: QueueFilter) -> list[Posting]:
    """Those of the queue; for papers that were drawn those of a whole district."""
    postings = await queue_postings(env, subject, officer)
    return [one for one in postings if not (wanted.paper_to_check and one.tehsil)]
