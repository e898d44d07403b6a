"""Stops and resumes a sanction in the caller's transaction; the caller has checked access."""

from collections.abc import Sequence
from datetime import date, timedelta

from actions.benefits.budget import INSTRUCT
from actions.feedback.notices import About, tell
from actions.kernel import UnitOfWork
from domain.benefits.benefits import UNSENT, Hold, Instalment, Rail, Sanction, SanctionState
from domain.benefits.plans import Plan
from domain.benefits.sanction_course import (
    ApprovalKind,
    Stop,
    StopGround,
    StopKind,
    given_up,
    payable_from,
    state_under,
)
from domain.feedback.notices import MISSED, NoticeKind, Topic
from domain.identity.policy import Purpose
from store.benefits import benefits, sanction_course
from store.database import require_there
from store.platform import outbox


async def add_stop(
    acting: UnitOfWork, sanction: Sanction, kind: StopKind, ground: StopGround, from_on: date
) -> Stop | None:
    """Pay no period that begins on or after a day until it is lifted; None where such a stop holds already.

    Payments made for such a period and not yet sent are withheld. The citizen is notified, with the ground.
    """
    stop = Stop(
        id=acting.env.ids.key(),
        citizen_id=sanction.citizen_id,
        sanction_id=sanction.id,
        kind=kind,
        ground=ground,
        from_on=from_on,
        made_by=acting.actor,
        made_at=acting.now,
    )
    if not await sanction_course.add_stop(acting.tx, stop):
        return None
    await set_state(acting, sanction.id)
    for one in await _unsent(acting, sanction.id):
        if one.period_from >= from_on and one.hold is not Hold.STOPPED:
            await sanction_course.release_budget(acting.tx, one.id, acting.now)
            await benefits.set_hold(acting.tx, one.id, Hold.STOPPED)
    await note(acting, sanction, f"sanction.{kind.value.lower()}", ground=ground.value, fromOn=from_on.isoformat())
    params = {"number": sanction.number, "on": from_on.isoformat(), "stop_ground": ground.value}
    await tell(acting, NoticeKind.BENEFIT_STOPPED, about_sanction(sanction, stop.id), **params)
    return stop


async def lift_stop(acting: UnitOfWork, sanction: Sanction, stop: Stop, ground: str, *, arrears: bool = True) -> bool:
    """End a stop; what was kept back for it continues where nothing else holds. False where it was lifted before.

    The periods that were missed are paid by the next round, one instalment for each: they are its arrears. Without
    arrears those of its periods that began before today are never paid, what was kept back included: no other stop
    that is lifted later brings them back.
    """
    by = acting.actor
    until = None if arrears or stop.from_on >= acting.today else acting.today - timedelta(days=1)
    if not await sanction_course.lift_stop(acting.tx, stop.id, by=by, at=acting.now, ground=ground, unpaid_until=until):
        return False
    stops = await stops_of(acting, sanction.id)
    await set_state(acting, sanction.id)
    for one in await _unsent(acting, sanction.id):
        kept_back = any(other.keeps_back(one.period_from) for other in stops)
        if one.hold is Hold.STOPPED and one.period_from >= stop.from_on and not kept_back:
            await _go_on(acting, one)
    said = {"unpaidUntil": until.isoformat()} if until else {}
    await note(acting, sanction, f"sanction.{stop.kind.value.lower()}_lifted", ground=ground, **said)
    if not any(other.open for other in stops):
        params = {"number": sanction.number} | ({MISSED: "NEVER_PAID"} if until else {})
        await tell(acting, NoticeKind.BENEFIT_RESUMED, about_sanction(sanction, stop.id), **params)
    return True


async def skip_unpaid_periods(acting: UnitOfWork, sanction: Sanction, plan: Plan | None) -> None:
    """Move the next period to one that is paid, where the planned one is not paid any more."""
    following = payable_from(plan, sanction.next_due_on, await stops_of(acting, sanction.id))
    if following != sanction.next_due_on:
        await benefits.set_next_due(acting.tx, sanction.id, following)


def missed_paise(sanction: Sanction, plan: Plan | None, stops: Sequence[Stop], today: date) -> int:
    """What the periods come to that began and were not paid, without those that are never paid."""
    if plan is None or sanction.next_due_on is None or sanction.next_due_on > today:
        return 0
    total, begins = 0, sanction.next_due_on
    here = plan.period_on(begins)
    for period in plan.periods(here.index if here else 0):
        if period.begins > today:
            break
        total += 0 if given_up(stops, period.begins) else period.amount_paise
    return total


async def stops_of(acting: UnitOfWork, sanction_id: str) -> list[Stop]:
    """All stops of a sanction, the earliest first."""
    return (await sanction_course.stops(acting.tx, [sanction_id])).get(sanction_id, [])


async def set_state(acting: UnitOfWork, sanction_id: str) -> None:
    """The state that follows from the open stops, and from a second approval that it waits for."""
    state = state_under(await stops_of(acting, sanction_id))
    if state is SanctionState.ACTIVE:
        asked = (await sanction_course.approvals(acting.tx, [sanction_id])).get(sanction_id, [])
        if any(one.kind is ApprovalKind.SANCTION and one.decided_at is None for one in asked):
            state = SanctionState.AWAITING_APPROVAL
    await benefits.change_sanction(acting.tx, sanction_id, state=state)


async def note(acting: UnitOfWork, sanction: Sanction, action: str, **detail: str) -> None:
    """The audit line of a step of a sanction; `detail` holds codes, days and amounts."""
    said: dict[str, str | int] = dict(detail)
    purpose = Purpose.PAY_BENEFIT.value
    await acting.record(action, "BENEFIT", sanction.id, purpose, **said)


def about_sanction(sanction: Sanction, event: str) -> About:
    """What a message about a sanction is about."""
    return About(Topic.BENEFIT, sanction.id, sanction.citizen_id, sanction.application_id, event)


async def lock_sanction(acting: UnitOfWork, sanction_id: str) -> Sanction:
    """The sanction, locked. Raises NotThere."""
    return require_there(await benefits.lock_sanction(acting.tx, sanction_id), "the sanction")


async def _go_on(acting: UnitOfWork, one: Instalment) -> None:
    """Have a withheld instalment sent: by its message, or when its budget is set aside."""
    by_file = one.rail is Rail.PFMS
    await benefits.set_hold(acting.tx, one.id, Hold.BUDGET if by_file else None)
    if not by_file and not await outbox.reopen(acting.tx, INSTRUCT, one.id):
        await outbox.add(acting.tx, INSTRUCT, one.id, {"instalment_id": one.id})


async def _unsent(acting: UnitOfWork, sanction_id: str) -> list[Instalment]:
    """Payments made and not yet sent, locked, so that a concurrent status is applied before or sees this change."""
    made = (await benefits.instalments(acting.tx, [sanction_id])).get(sanction_id, [])
    locked_now = await benefits.lock_instalments(acting.tx, [one.id for one in made if one.status in UNSENT])
    return [one for one in locked_now.values() if one.status in UNSENT]
