"""Creates the instalments that fall due, one for each period, while the sanction is active."""

from collections.abc import Sequence
from datetime import date, timedelta

import structlog

from actions.benefits.sanction import add_instalment, anchor_of, plan_of
from actions.benefits.sanction_stops import add_stop, note, stops_of
from actions.kernel import Environment, UnitOfWork
from domain.benefits.benefits import Instalment, Sanction, SanctionState
from domain.benefits.plans import REPEATED, certified_enough, review_due_on
from domain.benefits.sanction_course import Stop, StopGround, StopKind, payable_from
from domain.catalogue.catalogue import Scheme
from domain.kernel import SYSTEM, ist_date
from store.benefits import benefit_rounds, benefits, sanction_course
from store.catalogue import catalogue
from store.database import Transaction

BATCH = 50
_log = structlog.get_logger(__name__)


async def release_due(env: Environment) -> int:
    """Make every instalment whose period has begun and ask for its payment; returns how many sanctions it moved on.

    A batch is one transaction: its instalments, their outbox messages and the next days stand or fall
    together. Its sanctions are locked, and (sanction, sequence) and (sanction, first day) are unique, so
    however many workers run it, each period is paid once. A worker that was away makes up for what it missed.
    """
    await _schedule_older(env)
    released = 0
    while done := await env.store.carry_out(lambda tx: _release(UnitOfWork(env, tx, SYSTEM))):
        released += done
    if released:
        _log.info("instalments_released", count=released)
    return released


async def stop(
    acting: UnitOfWork, sanction: Sanction, last_day: date, ground: StopGround = StopGround.NO_LONGER_ELIGIBLE
) -> bool:
    """End a sanction, in the caller's transaction: no period that begins after that day is paid.

    A period that began by then is paid whole, the one in which somebody dies too. Periods that were missed
    under another stop stay unpaid. False where it was ended before; the first end stays.
    """
    if not await benefits.end_sanction(acting.tx, sanction.id, last_day):
        return False
    due = sanction.next_due_on
    missed = due is not None and any(one.open and one.keeps_back(due) for one in await stops_of(acting, sanction.id))
    await add_stop(acting, sanction, StopKind.CESSATION, ground, last_day + timedelta(days=1))
    if missed:  # as the next round would find; one of an older release looks at no stop
        await benefits.set_next_due(acting.tx, sanction.id, None)
    await note(acting, sanction, "sanction.ended", lastDay=last_day.isoformat(), ground=ground.value)
    return True


async def _release(acting: UnitOfWork) -> int:
    """One instalment for each sanction of the batch; a day within a period that is already paid is only moved forward.

    Where a life certificate or the yearly review is wanting for that period, the sanction is stopped instead.
    """
    due = await benefit_rounds.due_sanctions(acting.tx, acting.today, BATCH)
    schemes = await catalogue.schemes(acting.tx, {sanction.scheme_code for sanction in due})
    stops = await sanction_course.stops(acting.tx, [sanction.id for sanction in due])
    for sanction in due:
        made = (await benefits.instalments(acting.tx, [sanction.id]))[sanction.id]
        free = _free_from(made)
        begins = sanction.next_due_on
        if begins is None or begins < free:
            await benefits.set_next_due(acting.tx, sanction.id, free)
        elif (payable := _payable(sanction, made, stops.get(sanction.id, ()), begins)) != begins:
            await benefits.set_next_due(acting.tx, sanction.id, payable)
        elif (wanting := _stop_reason(acting, sanction, schemes.get(sanction.scheme_code), made, begins)) is not None:
            await add_stop(acting, sanction, *wanting, begins)
        else:
            await add_instalment(acting, sanction, begins=begins)
    return len(due)


def _payable(sanction: Sanction, made: list[Instalment], stops: Sequence[Stop], begins: date) -> date | None:
    """The day from which something is paid next: that one unless something stops it; None where nothing is paid.

    Of what has ended nothing is made up for that another stop kept back, as that is lifted no more.
    """
    if any(one.open and one.keeps_back(begins) for one in stops):
        return None
    return payable_from(plan_of(sanction, anchor_of(sanction, made)), begins, stops)


def _stop_reason(
    acting: UnitOfWork, sanction: Sanction, scheme: Scheme | None, made: Sequence[Instalment], begins: date
) -> tuple[StopKind, StopGround] | None:
    """What keeps the period that begins on a day from being paid by the calendar, if anything does.

    Nothing does once it has ended: up to her last day she lived, and nobody reviews what is over.
    Of a sanction that an older release made nobody wrote down when she showed that she lives: it was paid, so
    she had by then.
    """
    if scheme is None or sanction.state is SanctionState.ENDED:
        return None
    sanctioned_on, law = ist_date(sanction.sanctioned_at), acting.env.rules.law
    vouched = max(one.period_from for one in made) if sanction.anchor_on is None else None
    given_on = sanction.certified_on or vouched
    month = law.life_certificate_month.value
    if scheme.life_certificate and not certified_enough(begins, month, given_on, sanctioned_on):
        return StopKind.LIFE_CERTIFICATE, StopGround.CERTIFICATE_NOT_GIVEN
    review_by = review_due_on(sanction.reviewed_on or vouched, sanctioned_on)
    if scheme.annual_review and begins > review_by + timedelta(days=law.review_grace_days.value):
        return StopKind.ANNUAL_REVIEW, StopGround.REVIEW_NOT_DONE
    return None


async def _schedule_older(env: Environment) -> None:
    """Give sanctions of an older release their next day."""

    async def work(tx: Transaction) -> int:
        acting = UnitOfWork(env, tx, SYSTEM)
        found = await benefit_rounds.unscheduled_sanctions(tx, REPEATED, BATCH)
        for sanction in found:
            await benefits.set_next_due(tx, sanction.id, await _next_day(acting, sanction))
        return len(found)

    while await env.store.carry_out(work) == BATCH:
        pass


async def _next_day(acting: UnitOfWork, sanction: Sanction) -> date:
    return _free_from((await benefits.instalments(acting.tx, [sanction.id]))[sanction.id])


def _free_from(made: Sequence[Instalment]) -> date:
    """The day after the last period that was paid for."""
    return max(one.period_to for one in made) + timedelta(days=1)
