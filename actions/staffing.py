"""Who is posted where: transfers, leave with a substitute, and posts that fall vacant."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date

from actions.access import require
from actions.acting import Acting
from actions.appeal_steps import step
from actions.environment import Environment
from actions.jurisdiction import NOBODY, authority_for, designated_for, flag_vacancy, place_of
from actions.moves import Step, move
from domain.appeals import Appeal, AppealMove
from domain.applications import Application
from domain.errors import ErrorCode, Problem, Problems, not_found
from domain.lifecycle import UNDECIDED, Move
from domain.people import Officer, Posting, Subject
from domain.policy import ObjectKind, Purpose, Resource
from store import appeals, applications, audit, leave, people
from store.engine import Transaction
from store.leave import Leave

BATCH = 100
LONGEST_LEAVE = 366


@dataclass(frozen=True, slots=True)
class Transfer:
    """An officer leaves her postings; `successor_id` takes them, or None leaves them vacant."""

    officer_id: str
    successor_id: str | None


@dataclass(frozen=True, slots=True)
class RecordLeave:
    """A leave, both days included; without a substitute the work goes to the level above."""

    officer_id: str
    from_on: date
    until_on: date
    substitute_id: str | None = None


@dataclass(frozen=True, slots=True)
class Moved:
    """How many open cases and appeals went to others."""

    cases: int
    appeals: int


async def transfer(env: Environment, subject: Subject, request: Transfer) -> Moved:
    """Move an officer's postings and all that is open with her; may be run again where it was cut off.

    The postings go in one transaction, cases in batches after it. Raises NOT_FOUND for officers who are
    absent or not of the subject's department.
    """
    await env.store.carry_out(lambda tx: _hand_postings_on(Acting(env, tx, subject), request))
    return await pass_on(env, subject, request.officer_id)


async def record_leave(env: Environment, subject: Subject, request: RecordLeave) -> Moved:
    """Enter a leave; what is open with the officer goes to who stands in for her from its first day.

    A leave that begins later moves nothing yet: `pass_on` is run on its first day, and new cases go to the
    substitute by themselves. Raises NOT_FOUND, DATE_NOT_ALLOWED.
    """

    async def work(tx: Transaction) -> bool:
        return await _enter_leave(Acting(env, tx, subject), request)

    begun = await env.store.carry_out(work)
    return await pass_on(env, subject, request.officer_id) if begun else Moved(0, 0)


async def pass_on(env: Environment, subject: Subject, officer_id: str) -> Moved:
    """Give what is open with an officer to those who now have the work of its places."""
    cases = hearings = 0
    after: str | None = None
    while True:
        place = after

        async def batch(tx: Transaction, place: str | None = place) -> tuple[int, str | None]:
            return await _pass_cases_on(Acting(env, tx, subject), officer_id, place)

        done, after = await env.store.carry_out(batch)
        cases += done
        if after is None:
            break
    hearings = await env.store.carry_out(lambda tx: _pass_appeals_on(Acting(env, tx, subject), officer_id))
    return Moved(cases, hearings)


async def _hand_postings_on(acting: Acting, request: Transfer) -> None:
    found = await people.officers(acting.tx, [request.officer_id, *([request.successor_id or ""])])
    officer, successor = found.get(request.officer_id), found.get(request.successor_id or "")
    if officer is None:
        raise not_found("officerId")
    if request.successor_id is not None and successor is None:
        raise not_found("successorId")
    for posting in officer.postings:
        await _require(acting, officer, posting)
    if successor is not None:
        taken = tuple(posting for posting in officer.postings if posting not in successor.postings)
        await people.update_officer(acting.tx, replace(successor, postings=(*successor.postings, *taken)))
    await people.update_officer(acting.tx, replace(officer, postings=()))
    await _note(acting, "staff.transfer", officer, {"vacant": successor is None, "postings": len(officer.postings)})


async def _enter_leave(acting: Acting, request: RecordLeave) -> bool:
    days = (request.until_on - request.from_on).days
    if not 0 <= days <= LONGEST_LEAVE or request.until_on < acting.today:
        raise Problems(Problem(ErrorCode.DATE_NOT_ALLOWED, ("untilOn",)))
    found = await people.officers(acting.tx, [request.officer_id, request.substitute_id or ""])
    officer = found.get(request.officer_id)
    if officer is None:
        raise not_found("officerId")
    if request.substitute_id is not None and (
        request.substitute_id not in found or request.substitute_id == request.officer_id
    ):
        raise not_found("substituteId")
    for posting in officer.postings:
        await _require(acting, officer, posting)
    entry = Leave(
        acting.env.ids.key(),
        request.officer_id,
        request.substitute_id,
        request.from_on,
        request.until_on,
        acting.subject.person_id,
        acting.now,
    )
    await leave.add(acting.tx, entry)
    detail = {"from": request.from_on.isoformat(), "until": request.until_on.isoformat()}
    await _note(acting, "staff.leave", officer, detail)
    return request.from_on <= acting.today


async def _pass_cases_on(acting: Acting, officer_id: str, after: str | None) -> tuple[int, str | None]:
    held = await applications.held_by(acting.tx, officer_id, statuses=UNDECIDED, after=after, limit=BATCH)
    done = 0
    for application in held:
        done += await _pass_case_on(acting, application)
    return done, held[-1].id if len(held) == BATCH else None


async def _pass_case_on(acting: Acting, application: Application) -> bool:
    holder = await designated_for(acting, place_of(application))
    if holder.officer_id == application.officer_id:
        return False
    moved = await move(acting, application, Step(Move.REASSIGN, changes={"officer_id": holder.officer_id}))
    await flag_vacancy(acting, moved, holder)
    return True


async def _pass_appeals_on(acting: Acting, officer_id: str) -> int:
    held = await appeals.with_authority(acting.tx, officer_id, 10 * BATCH)
    return sum([await _pass_appeal_on(acting, appeal) for appeal in held])


async def _pass_appeal_on(acting: Acting, appeal: Appeal) -> bool:
    place = (appeal.department, appeal.district, appeal.tehsil)
    without = frozenset({appeal.designated_id}) if appeal.designated_id else NOBODY
    holder = await authority_for(acting, place, appeal.level, without=without)
    if holder.officer_id == appeal.authority_id:
        return False
    changes = {"authority_id": holder.officer_id, "vacant": holder.vacant}
    await step(acting, appeal, AppealMove.REASSIGN, changes=changes)
    return True


async def _require(acting: Acting, officer: Officer, posting: Posting) -> None:
    resource = Resource(ObjectKind.POSTING, officer.id, None, posting.department, posting.district, posting.tehsil)
    await require(acting.env, acting.tx, acting.subject, resource, Purpose.OPERATE, path=("officerId",))


async def _note(acting: Acting, action: str, officer: Officer, detail: Mapping[str, object]) -> None:
    line = audit.AuditLine(acting.subject.label, action, "OFFICER", officer.id, Purpose.OPERATE.value, detail)
    await audit.append(acting.tx, line)
