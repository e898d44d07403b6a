"""Carries out an order on appeal: reopens the application, sets the due date, records penalty and compensation."""

from dataclasses import replace
from datetime import date, datetime
from typing import Any, Protocol

from actions.appeals.commission_filing import note_award
from actions.appeals.grounds import AFTER_DELIVERY
from actions.appeals.steps import step
from actions.feedback.notices import tell_of_award
from actions.kernel import Holder, Step, UnitOfWork, apply_transition, designated_for, note_holder, place_of
from actions.officers.involved import hearing
from domain.appeals.appeals import (
    Appeal,
    AppealLevel,
    AppealMove,
    AppealState,
    Award,
    AwardKind,
    AwardState,
    HearingState,
    Order,
)
from domain.appeals.law import Period
from domain.applications.deadline import ORDER, DayUnit, TimeLimit, breaches_at, end_of_day
from domain.applications.lifecycle import FINAL, REFUSED, Move, Status
from domain.kernel import ErrorCode, Problem, Problems, Remedy, ist_date, mask_aadhaar_in
from store.appeals import appeal_course
from store.applications import applications
from store.database import NotThere


class Amount(Protocol):
    """What is imposed, with its reason."""

    @property
    def amount_paise(self) -> int:
        """Whole paise."""

    @property
    def reason(self) -> str:
        """Why."""


async def direct(acting: UnitOfWork, appeal: Appeal, order: Order, until: date) -> Appeal:
    """Order that the service be given by a day; an application that was refused goes back to the officer.

    She has until that day, also where the old limit is long over. Where the citizen was not satisfied with
    what was delivered, the application stays closed and the officer reports that she obeyed. Raises
    NOT_APPEALABLE where the service was given already and the appeal is about something else.
    """
    application = await applications.get(acting.tx, appeal.application_id)
    if application is None:
        raise NotThere("the application of an appeal")
    unsatisfied = application.status is Status.DELIVERED and appeal.ground in AFTER_DELIVERY
    if application.status in FINAL and not unsatisfied:
        raise Problems(Problem(ErrorCode.NOT_APPEALABLE, ("input", "verdict"), Remedy.REFRESH))
    changes = {"order": order, "next_at": breaches_at(end_of_day(until))}
    directed = await step(acting, appeal, AppealMove.DIRECT, note=order.text, changes=changes)
    if application.status in REFUSED:
        heard_by = {one for one in (appeal.authority_id, order.decided_by) if one is not None}
        without = await hearing(acting, application.id) | heard_by
        holder = await designated_for(acting, place_of(application), without=without)
        changed = _fresh_start(acting, directed, until, holder)
        reopened = await apply_transition(acting, application, Step(Move.REOPEN, note=order.text, changes=changed))
        await note_holder(acting, reopened, holder)
    return directed


def _fresh_start(acting: UnitOfWork, appeal: Appeal, until: date, holder: Holder) -> dict[str, Any]:
    """The changes of an application that an order opens again."""
    days = max((until - ist_date(acting.now)).days, 0)
    return {
        "decision": None,
        "officer_id": holder.officer_id,
        "limit": TimeLimit(days, DayUnit.CALENDAR_DAYS, f"{ORDER}{appeal.number}"),
        "clock_started_at": acting.now,
        "paused_since": None,
        "paused_left": None,
        "paused_days": 0,
        "clock_ended_at": None,
        "due_at": end_of_day(until),
        "lawful_due_at": None,
    }


async def impose(
    acting: UnitOfWork,
    appeal: Appeal,
    *,
    penalty: Amount | None,
    compensation: Amount | None,
    at: datetime | None = None,
) -> None:
    """Record what the order imposes; never by itself, and only after a hearing. `at` is when, where it was not now.

    Raises PENALTY_NOT_ALLOWED at the first level and above the cap, HEARING_REQUIRED.
    """
    if penalty is None and compensation is None:
        return
    name = "penalty" if penalty else "compensation"
    if appeal.level is AppealLevel.FIRST or appeal.state is AppealState.DISMISSED:
        raise Problems(Problem(ErrorCode.PENALTY_NOT_ALLOWED, ("input", name)))
    held = (await appeal_course.hearings(acting.tx, [appeal.id])).get(appeal.id, [])
    if not any(one.at <= acting.now for one in held if one.state is HearingState.FIXED):
        raise Problems(Problem(ErrorCode.HEARING_REQUIRED, ("input", name)))
    law = acting.env.rules.law
    cap = replace(law.penalty_per_day_paise, value=law.penalty_cap_paise.value)
    if penalty:
        await _award(acting, appeal, AwardKind.PENALTY, penalty, cap, at or acting.now)
    if compensation:
        await _award(acting, appeal, AwardKind.COMPENSATION, compensation, law.compensation_cap_paise, at or acting.now)


async def _award(
    acting: UnitOfWork, appeal: Appeal, kind: AwardKind, imposed: Amount, most: Period, at: datetime
) -> None:
    name = kind.value.lower()
    if not 1 <= imposed.amount_paise <= most.value:
        params = {"most": str(most.value)}
        raise Problems(Problem(ErrorCode.PENALTY_NOT_ALLOWED, ("input", name, "amount"), Remedy.CORRECT_INPUT, params))
    reason = imposed.reason.strip()
    if not reason:
        raise Problems(Problem(ErrorCode.REASON_REQUIRED, ("input", name, "reason")))
    before = await appeal_course.award(acting.tx, appeal.id, kind)
    award = Award(
        id=before.id if before else acting.env.ids.key(),
        appeal_id=appeal.id,
        kind=kind,
        officer_id=appeal.designated_id if kind is AwardKind.PENALTY else None,
        amount_paise=imposed.amount_paise,
        reason=mask_aadhaar_in(reason),
        section=most.section,
        ordered_by=acting.subject.person_id,
        ordered_at=at,
    )
    if before is None:
        await appeal_course.add_award(acting.tx, appeal.citizen_id, award)
    elif before.state is AwardState.ORDERED:
        await appeal_course.set_award(acting.tx, award)  # a later order mends it
    else:
        raise Problems(Problem(ErrorCode.PENALTY_NOT_ALLOWED, ("input", name)))
    await note_award(acting, appeal, award)
    await tell_of_award(acting, appeal, award)
