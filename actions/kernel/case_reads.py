"""Reads of applications: a case that a colleague holds needs a stated purpose, which the citizen sees.

For the Commission that is a case of which no appeal reached it, and the purpose is an inquiry. Unusually many such
reads within an hour raise an alarm: an audit line, and a row that `store.officers.desk_reads.unusual_reads` gives.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import TypeAlias

from actions.kernel.access import may_read_all, of_another, of_application, receipt_of, with_cases
from actions.kernel.environment import Environment
from actions.kernel.operations import leave_receipts
from actions.kernel.unit_of_work import UnitOfWork
from domain.applications.applications import Application
from domain.identity.policy import Purpose, Resource, purpose_for
from domain.kernel import ErrorCode, Problem, Problems, Subject, ist_date
from domain.officers.desk import Claim, Proposal, ReadPurpose, in_own_queue
from store.database import Transaction
from store.officers import cover, desk, desk_reads, leave

HOUR = timedelta(hours=1)

Asked: TypeAlias = tuple[Application, ReadPurpose | None]
"""An application that was found, and the purpose that was stated for reading it."""


async def read_one(
    env: Environment, subject: Subject, application: Application | None, stated: ReadPurpose | None = None
) -> Application | None:
    """The application where the subject may read it, else None; raises PURPOSE_REQUIRED."""
    if application is None:
        return None
    (found,) = await read_all(env, subject, [(application, stated)])
    if isinstance(found, Problems):
        raise found
    return found


async def read_all(env: Environment, subject: Subject, asked: Sequence[Asked]) -> list[Application | Problems | None]:
    """What the subject may see of each: the application, None where denied, or PURPOSE_REQUIRED in its place.

    Reads of another person's data leave their receipts, all in one transaction of their own. Who stands in for a
    colleague states no purpose for what she has of hers: the receipt says COVER_COLLEAGUE.
    """
    known = await with_cases(env, subject, [of_application(application) for application, _ in asked])
    resources = [
        replace(resource, stated=stated.purpose) if stated and not resource.appealed else resource
        for resource, (_, stated) in zip(known, asked, strict=True)
    ]
    purposes = [purpose_for(subject, resource) for resource in resources]
    inquiries = {
        resource.id
        for resource in known
        if purpose_for(subject, resource) is None
        and purpose_for(subject, replace(resource, stated=Purpose.INQUIRY)) is not None
    }
    outside, covering = await _colleague_cases(env, subject, asked, purposes)
    answers: list[Application | Problems | None] = []
    reads: list[tuple[Application, Purpose, bool]] = []
    for (application, stated), purpose in zip(asked, purposes, strict=True):
        inquiry = application.id in inquiries
        far = inquiry or application.id in outside
        if far and (purpose is None or stated is None):
            answers.append(Problems(Problem(ErrorCode.PURPOSE_REQUIRED, ("purpose",))))
        elif purpose is None:
            answers.append(None)
        else:
            answers.append(application)
            told = stated or (ReadPurpose.COVER_COLLEAGUE if application.id in covering else None)
            reads.append(
                (application, told.purpose if told and (inquiry or own_work_first(subject, purpose)) else purpose, far)
            )
    await _note(env, subject, reads)
    return answers


async def read_applicants(
    env: Environment, subject: Subject, asked: Sequence[tuple[str, Resource]]
) -> list[Purpose | None]:
    """The purpose for the applicant of each application, by its id, or None where denied; receipts as `read_all`."""
    free = {
        key: resource.officer_id
        for key, resource in asked
        if resource.officer_id and resource.stated is None and own_work_first(subject, purpose_for(subject, resource))
    }
    covering: set[str] = set()
    if free:
        covering = await env.store.read(lambda tx: in_cover(tx, subject.person_id, free))
    told = [
        replace(resource, stated=Purpose.COVER_COLLEAGUE) if key in covering else resource for key, resource in asked
    ]
    # Several applications of one citizen at one place are one read of her.
    each = list(dict.fromkeys(told))
    purposes = dict(zip(each, await may_read_all(env, subject, each), strict=True))
    return [purposes[resource] for resource in told]


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


async def _colleague_cases(
    env: Environment, subject: Subject, asked: Sequence[Asked], purposes: Sequence[Purpose | None]
) -> tuple[set[str], set[str]]:
    """The ids of cases that lie with a colleague of the subject, and of those that she has in a colleague's place."""
    cases = [
        application
        for (application, _), purpose in zip(asked, purposes, strict=True)
        if own_work_first(subject, purpose) and application.officer_id is not None
    ]
    if not cases:
        return set(), set()
    async with env.store.read_transaction() as tx:
        own = await own_cases(tx, subject.person_id, cases)
        covering = await in_cover(tx, subject.person_id, {case.id: case.officer_id for case in cases if case.id in own})
    return {case.id for case in cases} - own, covering


async def _note(env: Environment, subject: Subject, reads: Sequence[tuple[Application, Purpose, bool]]) -> None:
    foreign = [read for read in reads if of_another(subject, of_application(read[0]))]
    receipts = [receipt_of(env, subject, of_application(application), purpose) for application, purpose, _ in foreign]
    await leave_receipts(env, receipts)
    outside = [(application, purpose) for application, purpose, far in foreign if far]
    if not outside:
        return

    async def work(tx: Transaction) -> None:
        acting = UnitOfWork(env, tx, subject)
        for application, purpose in outside:
            officer_id = acting.actor
            await desk_reads.note_read(acting.tx, officer_id, application.id, application.citizen_id, purpose.value)
        await _raise_alarm(acting)

    await env.store.carry_out(work)


async def _raise_alarm(acting: UnitOfWork) -> None:
    """One alarm for each officer and hour."""
    officer_id, since = acting.actor, acting.now - HOUR
    count = await desk_reads.reads_since(acting.tx, officer_id, since)
    most = acting.env.rules.desk.outside_reads_an_hour
    if count <= most or await desk_reads.unusual_since(acting.tx, officer_id, since):
        return
    await desk_reads.record_unusual(acting.tx, officer_id, count)
    await acting.record("desk.unusual_reads", "OFFICER", officer_id, Purpose.AUDIT, reads=count)
