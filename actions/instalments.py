"""The instalments that fall due: made by the worker, one for each period, never two, only while the sanction runs."""

from datetime import date, timedelta

import structlog

from actions.acting import Acting
from actions.environment import Environment
from actions.sanction import REPEATED, add_instalment, period_end
from domain.benefits import Sanction
from domain.clock import ist_date
from domain.people import SYSTEM
from domain.policy import Purpose
from store import audit, benefits
from store.engine import Transaction

BATCH = 50
_log = structlog.get_logger(__name__)


async def release_due(env: Environment) -> int:
    """Make every instalment whose period has begun and ask for its payment; tells how many sanctions it moved on.

    A batch is one transaction: its instalments, their outbox messages and the next days stand or fall
    together. Its sanctions are locked, and (sanction, sequence) and (sanction, first day) are unique, so
    however many workers run it, each period is paid once. A worker that was away makes up for what it missed.
    """
    await _schedule_older(env)
    released = 0
    while done := await env.store.carry_out(lambda tx: _release(Acting(env, tx, SYSTEM))):
        released += done
    if released:
        _log.info("instalments_released", count=released)
    return released


async def stop(acting: Acting, sanction: Sanction, last_day: date) -> bool:
    """End a sanction, in the caller's transaction: no period that begins after that day is paid.

    False where it was ended before; the first end stays.
    """
    ended = await benefits.end_sanction(acting.tx, sanction.id, last_day)
    if ended:
        detail = {"lastDay": last_day.isoformat()}
        purpose = Purpose.PAY_BENEFIT.value
        line = audit.AuditLine(acting.subject.label, "sanction.ended", "BENEFIT", sanction.id, purpose, detail)
        await audit.append(acting.tx, line)
    return ended


async def _release(acting: Acting) -> int:
    """One instalment for each sanction of the batch; a day that lies in a period paid already is only moved on."""
    due = await benefits.due_sanctions(acting.tx, acting.today, BATCH)
    for sanction in due:
        free = await _next_day(acting, sanction)
        if sanction.next_due_on is not None and sanction.next_due_on >= free:
            await add_instalment(acting, sanction, begins=sanction.next_due_on)
        else:
            await benefits.set_next_due(acting.tx, sanction.id, free)
    return len(due)


async def _schedule_older(env: Environment) -> None:
    """Give sanctions of an older release their next day."""

    async def work(tx: Transaction) -> int:
        acting = Acting(env, tx, SYSTEM)
        found = await benefits.unscheduled(tx, REPEATED, BATCH)
        for sanction in found:
            await benefits.set_next_due(tx, sanction.id, await _next_day(acting, sanction))
        return len(found)

    while await env.store.carry_out(work) == BATCH:
        pass


async def _next_day(acting: Acting, sanction: Sanction) -> date:
    """The day after the last period that was paid for."""
    made = (await benefits.instalments(acting.tx, [sanction.id]))[sanction.id]
    return max(one.period_to for one in made) + timedelta(days=1)


def next_after(sanction: Sanction, today: date) -> date:
    """The first day of the next period after today, counted on from the day of the sanction; for seeding."""
    day = ist_date(sanction.sanctioned_at)
    while day <= today:
        day = period_end(day, sanction.period) + timedelta(days=1)
    return day
