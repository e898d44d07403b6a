"""Reads of applications: a case that lies with a colleague needs a purpose, which the citizen sees.

Unusually many such reads within an hour raise an alarm: an audit line, and a row that `store.desk.unusual_reads` gives.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import TypeAlias

from actions.access import leave_receipt, of_another, of_application
from actions.acting import Acting
from actions.environment import Environment
from actions.queue import own_cases, own_work_first
from domain.applications import Application
from domain.desk import ReadPurpose
from domain.errors import ErrorCode, Problem, Problems, Remedy
from domain.people import Subject
from domain.policy import Purpose, purpose_for
from store import audit, desk
from store.engine import Transaction

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

    Reads of another person's data leave their receipts, all in one transaction of their own.
    """
    purposes = [purpose_for(subject, of_application(application)) for application, _ in asked]
    outside = await _outside(env, subject, asked, purposes)
    answers: list[Application | Problems | None] = []
    reads: list[tuple[Application, Purpose, bool]] = []
    for (application, stated), purpose in zip(asked, purposes, strict=True):
        far = application.id in outside
        if purpose is None:
            answers.append(None)
        elif far and stated is None:
            answers.append(Problems(Problem(ErrorCode.PURPOSE_REQUIRED, ("purpose",), Remedy.STATE_PURPOSE)))
        else:
            answers.append(application)
            told = stated.purpose if stated and own_work_first(subject, purpose) else purpose
            reads.append((application, told, far))
    await _note(env, subject, reads)
    return answers


async def _outside(
    env: Environment, subject: Subject, asked: Sequence[Asked], purposes: Sequence[Purpose | None]
) -> set[str]:
    """The ids of cases that lie with a colleague of the subject."""
    cases = [
        application
        for (application, _), purpose in zip(asked, purposes, strict=True)
        if own_work_first(subject, purpose) and application.officer_id not in (None, subject.person_id)
    ]
    if not cases:
        return set()
    async with env.store.reading() as tx:
        own = await own_cases(tx, subject.person_id, cases)
    return {case.id for case in cases} - own


async def _note(env: Environment, subject: Subject, reads: Sequence[tuple[Application, Purpose, bool]]) -> None:
    foreign = [read for read in reads if of_another(subject, of_application(read[0]))]
    if not foreign:
        return

    async def work(tx: Transaction) -> None:
        acting = Acting(env, tx, subject)
        for application, purpose, far in foreign:
            await leave_receipt(acting, of_application(application), purpose)
            if far:
                await _note_outside(acting, application, purpose)
        if any(far for _, _, far in foreign):
            await _raise_alarm(acting)

    await env.store.carry_out(work)


async def _note_outside(acting: Acting, application: Application, purpose: Purpose) -> None:
    officer_id = acting.subject.person_id or acting.subject.label
    await desk.note_read(acting.tx, officer_id, application.id, application.citizen_id, purpose.value)


async def _raise_alarm(acting: Acting) -> None:
    """One alarm for each officer and hour."""
    officer_id, since = acting.subject.person_id or acting.subject.label, acting.now - HOUR
    count = await desk.reads_since(acting.tx, officer_id, since)
    if count <= acting.env.desk.outside_reads_an_hour or await desk.unusual_since(acting.tx, officer_id, since):
        return
    await desk.record_unusual(acting.tx, officer_id, count)
    line = audit.AuditLine(
        acting.subject.label, "desk.unusual_reads", "OFFICER", officer_id, Purpose.AUDIT.value, {"reads": count}
    )
    await audit.append(acting.tx, line)
