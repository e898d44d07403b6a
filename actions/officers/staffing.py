"""Posts officers: transfers, leave with a substitute, and posts that fall vacant."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from typing import Any

from actions.catalogue.submit_checks import place_problems
from actions.kernel import Environment, UnitOfWork, require, run_idempotently, with_cover
from actions.officers.administrators import ADMINISTRATOR, note_changed, require_two, stands_alone
from actions.officers.staff_rounds import finish_leave, finish_transfer, settle_vacancies, start_leave
from domain.identity.policy import ObjectKind, Purpose, Resource
from domain.kernel import (
    ErrorCode,
    Officer,
    OfficerLevel,
    PersonKind,
    Posting,
    Problem,
    Problems,
    Role,
    Subject,
    not_found,
    require_found,
)
from domain.officers.postings import WHOLE_STATE, service_codes, watched_roles, with_taken
from domain.officers.staff import LONGEST_COVER_ALONE, Confirmation, CoverKind, Leave, LeaveState, Transfer, Vacancy
from store.catalogue import catalogue
from store.database import NotThere, Transaction, require_there
from store.identity import people
from store.officers import cover, leave, posts

MOST_POSTINGS = 20

LEVELS_OF = {
    Role.OFFICER: frozenset({OfficerLevel.DESIGNATED}),
    Role.APPELLATE: frozenset({OfficerLevel.FIRST_APPELLATE, OfficerLevel.SECOND_APPELLATE}),
    Role.FINANCE_OFFICER: frozenset({None}),
    Role.HELPLINE: frozenset({None}),
    Role.ADMIN: frozenset({None}),
}
"""The posts that are given, with their levels. Nobody is made an auditor or Commissioner this way."""

LONGEST_LEAVE = 366
"""Days from the first to the last one of a leave."""


async def refuse_wrong_postings(acting: UnitOfWork, postings: Sequence[Posting]) -> None:
    """Raises NOT_FOUND for a post that is not the subject's to give, BAD_INPUT for one that there is not.

    DEPARTMENT_UNKNOWN and PLACE_UNKNOWN name a department, district or tehsil that the state does not have.
    """
    if len(postings) > MOST_POSTINGS or len(set(postings)) < len(postings):
        raise Problems(Problem(ErrorCode.BAD_INPUT, ("input", "postings"), params={"most": str(MOST_POSTINGS)}))
    for number, posting in enumerate(postings):
        path = ("input", "postings", str(number))
        resource = Resource.of_post(ObjectKind.POSTING, posting)
        await require(acting.env, acting.tx, acting.subject, resource, Purpose.OPERATE, path=path)
        problems = [*_impossible(posting, path), *await _unknown(acting, posting, path)]
        if problems:
            raise Problems(*problems)


def _impossible(posting: Posting, path: tuple[str, ...]) -> Iterator[Problem]:
    if posting.level not in LEVELS_OF.get(posting.role, frozenset()):
        yield Problem(ErrorCode.BAD_INPUT, (*path, "level"))
    if posting.role in WHOLE_STATE and posting != Posting(posting.role):
        yield Problem(ErrorCode.BAD_INPUT, (*path, "role"))
    if posting.tehsil is not None and posting.district is None:
        yield Problem(ErrorCode.BAD_INPUT, (*path, "district"))
    if posting.services and (posting.level is None or posting.department is None):
        yield Problem(ErrorCode.BAD_INPUT, (*path, "services"))


async def _unknown(acting: UnitOfWork, posting: Posting, path: tuple[str, ...]) -> list[Problem]:
    known = {department.slug for department in await catalogue.departments(acting.tx)}
    problems = []
    if posting.department is not None and posting.department not in known:
        problems.append(Problem(ErrorCode.DEPARTMENT_UNKNOWN, (*path, "department")))
    if posting.district is not None:
        found = await place_problems(acting.tx, posting.district, posting.tehsil)
        problems += [Problem(one.code, (*path, one.path[-1])) for one in found]
    if posting.services:
        departments = {one.code: one.department for one in await catalogue.all_services(acting.tx)}
        if any(departments.get(code) != posting.department for code in posting.services):
            problems.append(Problem(ErrorCode.SERVICE_UNKNOWN, (*path, "services")))
    return problems


@dataclass(frozen=True, slots=True)
class TransferOfficer:
    """An officer leaves her postings and takes `postings` instead, which may be none.

    `successor_id` takes what she leaves. Without a successor it is vacant, and `cover_id` may have its work.
    """

    officer_id: str
    idempotency_key: str
    successor_id: str | None = None
    cover_id: str | None = None
    postings: tuple[Posting, ...] = ()


@dataclass(frozen=True, slots=True)
class RecordLeave:
    """A leave, both days included; without a substitute the work goes to the level above."""

    officer_id: str
    from_on: date
    until_on: date
    idempotency_key: str
    substitute_id: str | None = None


@dataclass(frozen=True, slots=True)
class CancelLeave:
    """A leave that does not begin, or ends before its last day."""

    leave_id: str
    idempotency_key: str


@dataclass(frozen=True, slots=True)
class Moved:
    """How many open cases and appeals went to others."""

    cases: int
    appeals: int


async def transfer_officer(
    env: Environment, subject: Subject, request: TransferOfficer
) -> tuple[tuple[Transfer, Moved], bool]:
    """Move an officer and all that is open with her in the posts that she leaves; True where it is a replay.

    What gives somebody a post, or charge of one, or concerns a watched post, waits for a second administrator
    (`confirm_transfer`); whoever is the only one may but make the second one, which waits for nobody. Else the
    postings change in one transaction and cases follow in batches; the legal clock's round finishes what was cut off.
    Raises Problems: NOT_FOUND for officers who are absent or not of the subject's department,
    SECOND_ADMINISTRATOR_NEEDED, OFFICER_UNSUITABLE where she or whoever orders it would take a post,
    POSTS_INCOMPATIBLE, BAD_INPUT, DEPARTMENT_UNKNOWN and PLACE_UNKNOWN for a posting.
    """
    postings = tuple(replace(one, services=service_codes(*one.services)) for one in request.postings)

    async def work(tx: Transaction) -> dict[str, Any]:
        return {"id": await _order_transfer(UnitOfWork(env, tx, subject), replace(request, postings=postings))}

    answer, replayed = await run_idempotently(
        env, subject, "transferOfficer", key=request.idempotency_key, body=asdict(request), work=work
    )
    return await finished_transfer(env, subject, answer["id"]), replayed


async def record_leave(env: Environment, subject: Subject, request: RecordLeave) -> tuple[tuple[Leave, Moved], bool]:
    """Enter a leave; the officer's open work goes to the substitute on its first day.

    A leave that begins later moves nothing yet: the legal clock's round does it on that day, and brings it back
    after the last one. A substitute for more than 15 days, or in a watched post, waits for a second administrator
    (`confirm_leave`). Raises Problems: NOT_FOUND, SECOND_ADMINISTRATOR_NEEDED for a substitute, DATE_NOT_ALLOWED,
    LEAVE_OVERLAPS, OFFICER_UNSUITABLE, POSTS_INCOMPATIBLE.
    """

    async def work(tx: Transaction) -> dict[str, Any]:
        return {"id": await _enter_leave(UnitOfWork(env, tx, subject), request)}

    body = {**asdict(request), "from_on": request.from_on.isoformat(), "until_on": request.until_on.isoformat()}
    answer, replayed = await run_idempotently(
        env, subject, "recordLeave", key=request.idempotency_key, body=body, work=work
    )
    await start_leave(env, subject, answer["id"])
    return await present_leave(env, answer["id"]), replayed


async def cancel_leave(env: Environment, subject: Subject, request: CancelLeave) -> tuple[tuple[Leave, Moved], bool]:
    """End a leave that is planned or running; work with the substitute returns at once.

    Raises Problems: NOT_FOUND, STEP_NOT_ALLOWED for one that is over or cancelled.
    """

    async def work(tx: Transaction) -> dict[str, Any]:
        return {"id": await _cancel(UnitOfWork(env, tx, subject), request)}

    answer, replayed = await run_idempotently(
        env, subject, "cancelLeave", key=request.idempotency_key, body=asdict(request), work=work
    )
    await finish_leave(env, subject, answer["id"])
    return await present_leave(env, answer["id"]), replayed


async def require_staff(acting: UnitOfWork, officer: Officer, *path: str) -> None:
    """Let those go on who may post the officer: in every post that she has. Raises NOT_FOUND at the path."""
    for posting in officer.postings or (Posting(Role.OFFICER),):
        await require(
            acting.env, acting.tx, acting.subject, of_posting(officer.id, posting), Purpose.OPERATE, path=path
        )


def of_posting(officer_id: str | None, posting: Posting) -> Resource:
    """What access to a post depends on."""
    return Resource.of_post(ObjectKind.POSTING, posting, officer_id)


async def _order_transfer(acting: UnitOfWork, request: TransferOfficer) -> str:
    others = {"successorId": request.successor_id, "coverId": request.cover_id}
    officer, named = await _officers(acting, request.officer_id, others)
    if officer.postings or not request.postings:
        await require_staff(acting, officer, "input", "officerId")
    await refuse_wrong_postings(acting, request.postings)
    successor = named.get("successorId")
    await _refuse_own_post(acting, officer, request.postings)
    left = tuple(one for one in officer.postings if one not in request.postings)
    await refuse_incompatible(acting, replace(officer, postings=()), request.postings, "input", "postings")
    for field, taker in named.items():
        await refuse_incompatible(acting, taker, left, "input", field)
    taken = tuple(one for one in request.postings if one not in officer.postings)
    makes_second = acting.subject.kind is PersonKind.OFFICER and not (named or left) and taken == (ADMINISTRATOR,)
    alone = await stands_alone(acting.tx)
    if not makes_second:
        await require_two(acting.tx, "input", "officerId")
    waits = bool(named or taken or watched_roles(left)) and not alone
    transfer = Transfer(
        id=acting.env.ids.key(),
        officer_id=officer.id,
        successor_id=request.successor_id,
        cover_id=None if successor else request.cover_id,
        left=left,
        taken=taken,
        recorded_by=acting.subject.person_id,
        recorded_at=acting.now,
        confirmation=Confirmation.WAITING if waits else None,
    )
    await posts.add_transfer(acting.tx, transfer)
    detail = {"vacant": successor is None, "left": len(left), "taken": len(taken), "successor": request.successor_id}
    if transfer.confirmation is Confirmation.WAITING:
        await note_of(acting, "staff.transfer_ordered", officer.id, **detail)
        return transfer.id
    await carry_out_order(acting, transfer, "input", "officerId")
    await note_of(acting, "staff.transfer", officer.id, **detail)
    return transfer.id


async def carry_out_order(acting: UnitOfWork, transfer: Transfer, *path: str) -> None:
    """Change the postings as a transfer orders it.

    Raises STEP_NOT_ALLOWED where the officer has no more what she is to leave, POSTS_INCOMPATIBLE, and
    SECOND_ADMINISTRATOR_NEEDED where fewer than two administrators would be left.
    """
    found = await people.officers(
        acting.tx, [transfer.officer_id, transfer.successor_id or "", transfer.cover_id or ""]
    )
    officer = found[transfer.officer_id]
    if set(transfer.left) - set(officer.postings):
        raise Problems(Problem(ErrorCode.STEP_NOT_ALLOWED, path, params={"state": "CHANGED"}))
    kept = tuple(one for one in officer.postings if one not in transfer.left)
    await refuse_incompatible(acting, replace(officer, postings=kept), transfer.taken, *path)
    await _post(acting, replace(officer, postings=(*kept, *transfer.taken)), transfer.taken)
    for taker in (found.get(transfer.successor_id or ""), found.get(transfer.cover_id or "")):
        if taker is not None:
            await refuse_incompatible(acting, taker, transfer.left, *path)
    successor = found.get(transfer.successor_id or "")
    if successor is not None:
        taken = tuple(one for one in transfer.left if one not in successor.postings)
        await _post(acting, replace(successor, postings=(*successor.postings, *taken)), taken)
    else:
        await _leave_vacant(acting, transfer)
    await note_changed(acting, transfer.officer_id, (*transfer.left, *transfer.taken))
    if ADMINISTRATOR in transfer.left:
        await require_two(acting.tx, *path)


async def _refuse_own_post(acting: UnitOfWork, officer: Officer, postings: Sequence[Posting]) -> None:
    """Raise OFFICER_UNSUITABLE for a new post that somebody orders for herself."""
    if officer.id == acting.subject.person_id and set(postings) - set(officer.postings):
        raise Problems(Problem(ErrorCode.OFFICER_UNSUITABLE, ("input", "officerId")))


async def refuse_incompatible(acting: UnitOfWork, taker: Officer, offered: Sequence[Posting], *path: str) -> None:
    """Raise POSTS_INCOMPATIBLE for posts that may not be held beside all that the taker holds, own and covered."""
    held = await with_cover(acting.tx, taker)
    if set(offered) - set(with_taken(held, offered)):
        raise Problems(Problem(ErrorCode.POSTS_INCOMPATIBLE, path))


async def _post(acting: UnitOfWork, officer: Officer, taken: tuple[Posting, ...]) -> None:
    """Write an officer's postings; a post that was vacant is filled by them."""
    await people.update_officer(acting.tx, officer)
    for posting in taken:
        await posts.fill(acting.tx, posting, by=officer.id, at=acting.now)


async def _leave_vacant(acting: UnitOfWork, transfer: Transfer) -> None:
    for posting in transfer.left:
        vacancy = Vacancy(
            id=acting.env.ids.key(),
            transfer_id=transfer.id,
            posting=posting,
            former_id=transfer.officer_id,
            cover_id=transfer.cover_id,
            since=acting.now,
        )
        await posts.add_vacancy(acting.tx, vacancy)


async def _enter_leave(acting: UnitOfWork, request: RecordLeave) -> str:
    days = (request.until_on - request.from_on).days
    if not 0 <= days < LONGEST_LEAVE or request.until_on < acting.today:
        raise Problems(Problem(ErrorCode.DATE_NOT_ALLOWED, ("input", "untilOn")))
    officer, named = await _officers(acting, request.officer_id, {"substituteId": request.substitute_id})
    await require_staff(acting, officer, "input", "officerId")
    for field, taker in named.items():
        await require_two(acting.tx, "input", field)
        await refuse_incompatible(acting, taker, officer.postings, "input", field)
    waits = bool(named) and (days >= LONGEST_COVER_ALONE or watched_roles(officer.postings))
    if await leave.overlapping_leave(acting.tx, officer.id, request.from_on, request.until_on):
        raise Problems(Problem(ErrorCode.LEAVE_OVERLAPS, ("input", "fromOn")))
    entry = Leave(
        id=acting.env.ids.key(),
        officer_id=officer.id,
        substitute_id=request.substitute_id,
        from_on=request.from_on,
        until_on=request.until_on,
        recorded_by=acting.subject.person_id,
        recorded_at=acting.now,
        confirmation=Confirmation.WAITING if waits else None,
    )
    await leave.add(acting.tx, entry)
    detail = {"leave": entry.id, "from": request.from_on.isoformat(), "until": request.until_on.isoformat()}
    await note_of(acting, "staff.leave", officer.id, **detail, substitute=request.substitute_id)
    return entry.id


async def _cancel(acting: UnitOfWork, request: CancelLeave) -> str:
    entry = require_found(await leave.get(acting.tx, request.leave_id), "input", "leaveId")
    officer, _ = await _officers(acting, entry.officer_id, {})
    await require_staff(acting, officer, "input", "leaveId")
    if entry.state_on(acting.today) in (LeaveState.OVER, LeaveState.CANCELLED):
        raise Problems(Problem(ErrorCode.STEP_NOT_ALLOWED, ("input", "leaveId")))
    await leave.note(acting.tx, entry.id, cancelled_at=acting.now, cancelled_by=acting.subject.person_id)
    await note_of(acting, "staff.cancel_leave", officer.id, leave=entry.id)
    return entry.id


async def _officers(
    acting: UnitOfWork, officer_id: str, others: Mapping[str, str | None]
) -> tuple[Officer, dict[str, Officer]]:
    """The officer, and the further officers, each by the field that names them.

    Raises NOT_FOUND, and OFFICER_UNSUITABLE for the officer herself and for whoever orders it.
    """
    named = {field: key for field, key in others.items() if key is not None}
    found = await people.officers(acting.tx, [officer_id, *named.values()])
    if officer_id not in found:
        raise not_found("input", "officerId")
    for field, key in named.items():
        if key not in found:
            raise not_found("input", field)
        if key in (officer_id, acting.subject.person_id):
            raise Problems(Problem(ErrorCode.OFFICER_UNSUITABLE, ("input", field)))
    return found[officer_id], {field: found[key] for field, key in named.items()}


async def finished_transfer(env: Environment, subject: Subject, transfer_id: str) -> tuple[Transfer, Moved]:
    """Carry a transfer on as far as it may go now; the transfer as it then is, with what it moved."""
    await finish_transfer(env, subject, transfer_id)
    await settle_vacancies(env, subject)
    done = require_there(await env.store.read(lambda tx: posts.transfer(tx, transfer_id)), "the transfer")
    return done, Moved(done.moved_cases, done.moved_appeals)


async def present_leave(env: Environment, leave_id: str) -> tuple[Leave, Moved]:
    """A leave as it now is, with what it moved."""
    async with env.store.read_transaction() as tx:
        entry, went = await leave.get(tx, leave_id), await cover.counts(tx, leave_id)
    if entry is None:
        raise NotThere("the leave")
    return entry, Moved(went.get(CoverKind.CASE, 0), went.get(CoverKind.APPEAL, 0))


async def note_of(acting: UnitOfWork, action: str, officer_id: str, **detail: Any) -> None:
    """Write the audit line of an order about an officer."""
    await acting.record(action, "OFFICER", officer_id, Purpose.OPERATE, **detail)
