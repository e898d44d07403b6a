"""The inner steps of appeals, which write row, event and audit line in the caller's transaction."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from actions.appeals.commission_filing import note_filings, note_steps
from actions.feedback.notices import tell_of_appeal, tell_of_appeals, tell_of_filings
from actions.kernel import (
    Holder,
    Transition,
    UnitOfWork,
    at_level,
    authority_for,
    draw_numbers,
    has_breached,
    office_calendar,
    place_of,
)
from actions.officers.involved import barred_from, pasts
from domain.appeals.appeals import (
    OPEN,
    PENDING,
    Appeal,
    AppealEvent,
    AppealGround,
    AppealLevel,
    AppealMove,
    AppealOrigin,
    AppealState,
    correct,
)
from domain.applications.applications import Application, clock_end_of
from domain.applications.deadline import breaches_at, end_of_day
from domain.applications.lifecycle import Move, Status
from domain.kernel import NumberKind, OfficerLevel, ist_date, mask_aadhaar_in
from domain.officers.staff import CoveredCase, CoverKind
from store.appeals import appeal_course, appeals
from store.catalogue import catalogue
from store.database import audit
from store.officers import cover

_GIVES_SERVICE = frozenset({Move.ISSUE_CERTIFICATE, Move.SANCTION_BENEFIT, Move.DELIVER})
_REFUSES = frozenset({Move.REJECT, Move.RETURN_AS_INCOMPLETE})
_NOTHING: Mapping[str, Any] = {}


@dataclass(frozen=True, slots=True)
class Filing:
    """What a new appeal is about; `previous` is the one below, from which it came."""

    level: AppealLevel
    ground: AppealGround
    origin: AppealOrigin
    text: str | None = None
    late_reason: str | None = None
    previous: Appeal | None = None


@dataclass(frozen=True, slots=True)
class _Taken:
    """A step that was taken: the state before, the appeal after it, and what was written."""

    before: AppealState | None
    appeal: Appeal
    move: AppealMove
    note: str | None


async def file(acting: UnitOfWork, application: Application, filing: Filing) -> Appeal | None:
    """Keep a new appeal with its first event; None where there is one for the level and ground already."""
    return next(iter(await file_many(acting, [(application, filing)])), None)


async def file_many(acting: UnitOfWork, wanted: Sequence[tuple[Application, Filing]]) -> list[Appeal]:
    """Keep new appeals with their first events, each kind of row in one statement; those that are there are left out.

    The officers of the three levels are written down as they are now; later transfers do not change them.
    """
    past = await pasts(acting, [application.id for application, _ in wanted])
    numbers = await draw_numbers(acting.tx, acting.env.ids, NumberKind.APPEAL, len(wanted))
    made: list[tuple[Appeal, Holder]] = []
    for (application, filing), number in zip(wanted, numbers, strict=True):
        barred = await barred_from(acting, application, filing.level, past[application.id])
        holder = await authority_for(acting, place_of(application), filing.level, without=barred)
        made.append((await _new(acting, application, filing, holder, number), holder))
    new = await appeals.add(acting.tx, [appeal for appeal, _ in made])
    filed = [(appeal, holder) for appeal, holder in made if appeal.id in new]
    for appeal, holder in filed:
        if holder.absence_id is not None:
            await cover.add(acting.tx, in_cover(acting, appeal, holder.absence_id))
    await _record(acting, [_Taken(None, appeal, AppealMove.FILE, appeal.text) for appeal, _ in filed])
    await tell_of_filings(acting, [appeal for appeal, _ in filed])
    await note_filings(acting, [appeal for appeal, _ in filed])
    return [appeal for appeal, _ in filed]


async def step(
    acting: UnitOfWork,
    appeal: Appeal,
    move: AppealMove,
    *,
    note: str | None = None,
    changes: Mapping[str, Any] = _NOTHING,
) -> Appeal:
    """Take one lawful step. Raises Problems(TRANSITION_NOT_ALLOWED), store.database.errors.VersionConflict."""
    saved = await appeals.save(acting.tx, _appeal_after(appeal, move, changes))
    await _record(acting, [_Taken(appeal.state, saved, move, note)])
    await tell_of_appeal(acting, saved, move)
    return saved


async def step_many(
    acting: UnitOfWork, steps: Sequence[tuple[Appeal, AppealMove]], *, stays_down: Collection[str]
) -> list[Appeal]:
    """Take one step of each of several appeals; beside their own rows each kind of row is one statement.

    `stays_down` are the ids of those that no other one follows, of which the citizen is notified. Raises as `step`.
    """
    changed = [_appeal_after(appeal, move, _NOTHING) for appeal, move in steps]
    await appeals.save_many(acting.tx, changed)
    taken = [_Taken(before.state, after, move, None) for (before, move), after in zip(steps, changed, strict=True)]
    await _record(acting, taken)
    await tell_of_appeals(acting, [(one.appeal, one.move) for one in taken if one.appeal.id in stays_down])
    return changed


async def reassign(acting: UnitOfWork, appeal: Appeal, holder: Holder) -> bool:
    """Give an appeal to the officer who hears it from now on; False where that officer has it already."""
    if holder.officer_id == appeal.authority_id:
        return False
    changes = {"authority_id": holder.officer_id, "vacant": holder.vacant}
    moved = await step(acting, appeal, AppealMove.REASSIGN, changes=changes)
    await cover.change_holder(acting.tx, appeal.id, from_id=appeal.authority_id, to_id=holder.officer_id)
    if holder.absence_id is not None:
        await cover.add(acting.tx, in_cover(acting, moved, holder.absence_id))
    return True


def _appeal_after(appeal: Appeal, move: AppealMove, changes: Mapping[str, Any]) -> Appeal:
    after = correct(appeal.state, move)
    changed = replace(appeal, state=after, version=appeal.version + 1, **changes)
    waits = after in PENDING or after is AppealState.DIRECTED
    return changed if waits else replace(changed, next_at=None)


async def follow(acting: UnitOfWork, transition: Transition) -> None:
    """What a step of the application means for its open appeals.

    Service given or refused within the limit voids them, also when it is recorded later; service given late keeps the
    question of a penalty with the authority, and so does a late refusal; an order that was obeyed closes its appeal.
    An officer who approved has obeyed it, also where the result waits for a fee that the citizen has not paid.
    """
    application, move = transition.after, transition.move
    asked = move is Move.ASK_FEE and transition.before is not None and transition.before.status is Status.APPROVED
    if move not in _GIVES_SERVICE | _REFUSES and move is not Move.WITHDRAW and not asked:
        return
    for appeal in (await appeals.of_applications(acting.tx, [application.id])).get(application.id, []):
        if appeal.state is AppealState.DIRECTED if asked else appeal.state in OPEN:
            await _follow(acting, application, appeal, move)


async def _follow(acting: UnitOfWork, application: Application, appeal: Appeal, move: Move) -> None:
    ended_at = clock_end_of(application) or acting.now
    in_time = appeal.due_at is not None and not has_breached(ended_at, appeal.due_at)
    if move is Move.WITHDRAW or (appeal.ground is AppealGround.TIME_LIMIT_BREACHED and in_time):
        await step(acting, appeal, AppealMove.VOID)
    elif move in _REFUSES:
        return
    elif appeal.state is AppealState.DIRECTED:
        await step(acting, appeal, AppealMove.COMPLY)
    elif appeal.state in PENDING:
        await step(acting, appeal, AppealMove.DELIVER_LATE)


async def may_be_appealed(acting: UnitOfWork, application: Application) -> bool:
    """Whether the Act gives an appeal: not for a service of which it is known that it is not notified."""
    filed = (application.service_code, application.service_version)
    service = await acting.load_once(("service", *filed), lambda: catalogue.service_as_filed(acting.tx, *filed))
    return service is None or service.rts_notified is not False


async def decide_by(
    acting: UnitOfWork, level: AppealLevel, received_at: datetime, about: Application | Appeal
) -> datetime | None:
    """The last second in which an appeal may be decided before it lapses; None for the Commission."""
    if level.above is None:
        return None
    calendar = await office_calendar(acting, about)
    days = acting.env.rules.law.decide_working_days.value
    return end_of_day(calendar.add_working_days(ist_date(received_at), days, about.district))


def in_cover(acting: UnitOfWork, appeal: Appeal, absence_id: str) -> CoveredCase:
    """An appeal that is with its present authority because of an absence."""
    return CoveredCase(
        absence_id=absence_id,
        kind=CoverKind.APPEAL,
        case_id=appeal.id,
        citizen_id=appeal.citizen_id,
        application_id=appeal.application_id,
        holder_id=appeal.authority_id,
        since=acting.now,
    )


async def _new(acting: UnitOfWork, application: Application, filing: Filing, holder: Holder, number: str) -> Appeal:
    place = place_of(application)
    designated = application.officer_id or await at_level(acting, place, OfficerLevel.DESIGNATED)
    received_at = await _received_at(acting, application, filing)
    last = await decide_by(acting, filing.level, received_at, application)
    limit = application.limit
    return Appeal(
        id=acting.env.ids.key(),
        number=number,
        citizen_id=application.citizen_id,
        application_id=application.id,
        service_code=application.service_code,
        department=application.department,
        district=application.district,
        tehsil=application.tehsil,
        level=filing.level,
        ground=filing.ground,
        origin=filing.origin,
        state=AppealState.FILED,
        version=1,
        text=filing.text,
        late_reason=filing.late_reason,
        received_at=received_at,
        due_at=application.due_at,
        breached_on=_breached_on(acting, application),
        limit_days=limit.days if limit else None,
        limit_unit=limit.unit if limit else None,
        paused_days=application.paused_days,
        designated_id=designated,
        first_id=await at_level(acting, place, OfficerLevel.FIRST_APPELLATE),
        second_id=await at_level(acting, place, OfficerLevel.SECOND_APPELLATE),
        authority_id=holder.officer_id,
        vacant=holder.vacant,
        decide_by=last,
        next_at=None if last is None else breaches_at(last),
        order=None,
        previous_id=filing.previous.id if filing.previous else None,
    )


async def _received_at(acting: UnitOfWork, application: Application, filing: Filing) -> datetime:
    """The legal time of filing: of one that files itself the instant of the breach or lapse, whenever the round runs.

    Where the authority's time has run out since, which no outage lasts for but an import or a citizen who chose
    automatic appeals later may bring, it is now: no appeal is filed that has lapsed already.
    """
    if filing.origin is not AppealOrigin.AUTO:
        return acting.now
    since = _due_before(application, filing)
    if since is None or (at := breaches_at(since)) > acting.now:
        return acting.now
    last = await decide_by(acting, filing.level, at, application)
    return at if last is None or not has_breached(acting.now, last) else acting.now


def _due_before(application: Application, filing: Filing) -> datetime | None:
    """The last second in which what an automatic appeal is about was still in time."""
    previous = filing.previous
    if previous is None:
        return application.due_at
    until = previous.order.direct_until if previous.order else None
    ignored = filing.ground is AppealGround.DO_IGNORED_ORDER and until is not None
    return end_of_day(until) if ignored and until is not None else previous.decide_by


def _breached_on(acting: UnitOfWork, application: Application) -> date | None:
    """The day after the due date, where the limit was breached before the clock ended."""
    ended_at = clock_end_of(application) or acting.now
    if application.due_at is None or not has_breached(ended_at, application.due_at):
        return None
    return ist_date(application.due_at) + timedelta(days=1)


async def _record(acting: UnitOfWork, steps: Sequence[_Taken]) -> None:
    await appeal_course.add_events(acting.tx, [(one.appeal.citizen_id, _event(acting, one)) for one in steps])
    await audit.append_many(acting.tx, [_line(acting, one) for one in steps])
    await note_steps(acting, [(one.appeal, one.move) for one in steps])


def _event(acting: UnitOfWork, taken: _Taken) -> AppealEvent:
    """Each version has exactly one event, so the version is the event's sequence."""
    return AppealEvent(
        id=acting.env.ids.key(),
        appeal_id=taken.appeal.id,
        sequence=taken.appeal.version,
        move=taken.move,
        before=taken.before,
        after=taken.appeal.state,
        actor_role=acting.role.value,
        actor_id=acting.subject.person_id,
        note=mask_aadhaar_in(taken.note) if taken.note else None,
        at=acting.now,
    )


def _line(acting: UnitOfWork, taken: _Taken) -> audit.AuditLine:
    appeal = taken.appeal
    return audit.AuditLine(
        actor_label=acting.subject.label,
        action=f"appeal.{taken.move.value.lower()}",
        object_kind="APPEAL",
        object_id=appeal.id,
        purpose=None,
        detail={"version": appeal.version, "state": appeal.state.value, "level": appeal.level.value},
    )
