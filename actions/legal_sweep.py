"""The legal clock's round: breaches, lapses and orders that were ignored, then warnings; may be run again at any time.

Each batch is one transaction with the fence of its leader, so that a worker that lost the lead writes nothing.
That nothing is filed twice rests on the unique key of appeals, not on the clock: it may step as it likes.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import structlog

from actions.acting import Acting
from actions.appeal_steps import Filing, file, step
from actions.environment import Environment
from actions.jurisdiction import at_level, place_of
from actions.legal_clock import calendar_of
from domain.appeals import Appeal, AppealGround, AppealLevel, AppealMove, AppealOrigin, AppealState
from domain.applications import Application
from domain.clearances import Escalation, EscalationKind
from domain.clock import ist_date
from domain.deadline import WorkCalendar, end_of_day
from domain.people import SYSTEM, OfficerLevel
from store import appeals, applications, clearances
from store.engine import Transaction
from store.errors import NotThere

BATCH = 100

Fence = Callable[[Transaction], Awaitable[None]]
"""Checks in each transaction that this leader still leads; raises where it does not."""

_LONG_AGO = timedelta(days=3650)
_ONE_SECOND = timedelta(seconds=1)
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Swept:
    """What a round did: first appeals filed, appeals that went to the next level, warnings."""

    filed: int
    raised: int
    warned: int


async def sweep(env: Environment, fence: Fence | None = None) -> Swept:
    """Go round once. Raises what the fence raises; a round that was cut off is finished by the next one."""
    filed = await _in_batches(env, fence, _file_breaches)
    raised = await _in_batches(env, fence, _raise_levels)
    warned = 0
    for kind in (EscalationKind.OVERDUE, EscalationKind.DUE_TOMORROW, EscalationKind.DUE_SOON):
        warned += await _warn(env, fence, kind)
    warned += await _in_batches(env, fence, _warn_authorities)
    _log.info("legal_sweep", filed=filed, raised=raised, warned=warned)
    return Swept(filed, raised, warned)


async def file_breach(acting: Acting, application: Application) -> Appeal | None:
    """File the first appeal of a breached application by itself; None where it is there."""
    filing = Filing(AppealLevel.FIRST, AppealGround.TIME_LIMIT_BREACHED, AppealOrigin.AUTO)
    return await file(acting, application, filing)


async def raise_level(acting: Acting, appeal: Appeal) -> Appeal | None:
    """Let an appeal lapse, or note that its order was ignored, and file the next one; None where none follows."""
    ignored = appeal.state is AppealState.DIRECTED
    lapsed = await step(acting, appeal, AppealMove.IGNORE_ORDER if ignored else AppealMove.LAPSE)
    out = await appeals.opted_out(acting.tx, [appeal.citizen_id])
    above = appeal.level.above
    if above is None or out:
        return None
    application = await applications.get(acting.tx, appeal.application_id)
    if application is None:
        raise NotThere("the application of an appeal")
    ground = AppealGround.DO_IGNORED_ORDER if ignored else appeal.ground
    return await file(acting, application, Filing(above, ground, AppealOrigin.AUTO, previous=lapsed))


async def _in_batches(
    env: Environment, fence: Fence | None, work: Callable[[Acting], Awaitable[tuple[int, int]]]
) -> int:
    """Repeat a batch until it finds less than it could take; `work` gives how many it found and how many it did."""
    total = 0
    while True:
        found, done = await _fenced(env, fence, work)
        total += done
        if found < BATCH or not done:
            return total


async def _fenced(
    env: Environment, fence: Fence | None, work: Callable[[Acting], Awaitable[tuple[int, int]]]
) -> tuple[int, int]:
    async def in_transaction(tx: Transaction) -> tuple[int, int]:
        if fence is not None:
            await fence(tx)
        return await work(Acting(env, tx, SYSTEM))

    return await env.store.carry_out(in_transaction)


async def _file_breaches(acting: Acting) -> tuple[int, int]:
    # A due instant is the last second of its day: the breach is the first second after it.
    found = await appeals.breached(acting.tx, acting.now - _ONE_SECOND + timedelta(microseconds=1), limit=BATCH)
    filed = [await file_breach(acting, application) for application in found]
    return len(found), sum(appeal is not None for appeal in filed)


async def _raise_levels(acting: Acting) -> tuple[int, int]:
    found = await appeals.due(acting.tx, acting.now, BATCH)
    for appeal in found:
        await raise_level(acting, appeal)
    return len(found), len(found)


async def _warn(env: Environment, fence: Fence | None, kind: EscalationKind) -> int:
    total, after = 0, None
    while True:
        batch = _Warning(kind, after)
        _, done = await _fenced(env, fence, batch.write)
        total += done
        after = batch.last
        if after is None:
            return total


@dataclass
class _Warning:
    """One batch of warnings of a kind, after a place in the order of due dates; `last` is where it stopped."""

    kind: EscalationKind
    after: tuple[datetime, str] | None
    last: tuple[datetime, str] | None = None

    async def write(self, acting: Acting) -> tuple[int, int]:
        calendar = await calendar_of(acting)
        since, until, days = self._span(acting, calendar)
        unless = {self.kind, EscalationKind.DUE_TOMORROW} if self.kind is EscalationKind.DUE_SOON else {self.kind}
        found = await clearances.to_be_warned(
            acting.tx, since=since, until=until, unless=unless, after=self.after, limit=BATCH
        )
        self.last = (found[-1].due_at or until, found[-1].id) if len(found) == BATCH else None
        written = [await self._one(acting, application, calendar, days) for application in found]
        return len(found), sum(written)

    def _span(self, acting: Acting, calendar: WorkCalendar) -> tuple[datetime, datetime, int | None]:
        now, law = acting.now, acting.env.law
        match self.kind:
            case EscalationKind.OVERDUE:
                return now - _LONG_AGO, now - _ONE_SECOND, None
            case EscalationKind.DUE_TOMORROW:
                days = law.last_warning_working_days.value
            case _:
                days = law.first_warning_working_days.value
        return now, end_of_day(_furthest(calendar, acting.today, days)), days

    async def _one(self, acting: Acting, application: Application, calendar: WorkCalendar, days: int | None) -> bool:
        due_at = application.due_at
        if due_at is None:
            return False
        left = calendar.working_days_between(acting.today, ist_date(due_at), application.district)
        if days is not None and left > days:
            return False
        above = None
        if self.kind is not EscalationKind.DUE_SOON:
            above = await at_level(acting, place_of(application), OfficerLevel.FIRST_APPELLATE)
        warning = _escalation(acting, application, self.kind, application.officer_id, above, due_at)
        return await clearances.warn(acting.tx, warning)


async def _warn_authorities(acting: Acting) -> tuple[int, int]:
    calendar, law = await calendar_of(acting), acting.env.law
    days = max(law.decide_working_days.value - law.warn_authority_working_days.value, 1)
    until = end_of_day(_furthest(calendar, acting.today, days))
    found = await clearances.appeals_to_be_warned(acting.tx, since=acting.now, until=until, limit=BATCH)
    done = 0
    for appeal in found:
        moment = appeal.decide_by or acting.now
        above = appeal.second_id if appeal.level is AppealLevel.FIRST else None
        kind = EscalationKind.APPEAL_DUE_SOON
        done += await clearances.warn(acting.tx, _escalation(acting, appeal, kind, appeal.authority_id, above, moment))
    return len(found), done


def _furthest(calendar: WorkCalendar, today: date, days: int) -> date:
    """The latest day that is so many working days ahead in any district."""
    districts = {district for places in calendar.holidays.values() for district in places}
    return max(calendar.add_working_days(today, days, district) for district in (None, *sorted(districts)))


def _escalation(
    acting: Acting,
    about: Application | Appeal,
    kind: EscalationKind,
    officer_id: str | None,
    above_id: str | None,
    due_at: datetime,
) -> Escalation:
    return Escalation(
        id=acting.env.ids.key(),
        citizen_id=about.citizen_id,
        application_id=about.application_id if isinstance(about, Appeal) else about.id,
        kind=kind,
        officer_id=officer_id,
        above_id=above_id,
        due_at=due_at,
        at=acting.now,
    )
