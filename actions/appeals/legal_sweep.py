"""The legal clock's job: records absences, breaches, lapses and ignored orders, then sends warnings; repeatable.

Each batch is one transaction with the fence of its leader, so that a worker that lost the lead writes nothing.
That nothing is filed twice rests on the unique key of appeals, not on the clock: it may step as it likes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from actions.appeals.due_dates import recount_due_dates
from actions.appeals.steps import Filing, file_many, may_be_appealed, step_many
from actions.clearances.rounds import escalate_clearances, remind_of_clearances
from actions.feedback.notices import tell_of_breaches
from actions.kernel import (
    BATCH,
    Environment,
    Fence,
    Place,
    UnitOfWork,
    at_level,
    calendar_of,
    escalation,
    furthest,
    in_batches,
    office_calendar,
    place_of,
    run_fenced,
)
from actions.officers.staff_rounds import sweep_staff
from domain.appeals.appeals import Appeal, AppealGround, AppealLevel, AppealMove, AppealOrigin, AppealState
from domain.applications.applications import Application
from domain.applications.deadline import WorkCalendar, end_of_day
from domain.clearances import Escalation, EscalationKind
from domain.kernel import OfficerLevel, ist_date
from store import clearances
from store.appeals import appeals
from store.applications import applications
from store.database import NotThere

_LONG_AGO = timedelta(days=3650)
_ONE_SECOND = timedelta(seconds=1)
OF_BREACH = Filing(AppealLevel.FIRST, AppealGround.TIME_LIMIT_BREACHED, AppealOrigin.AUTO)
"""The first appeal of a breached application, which files itself."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Swept:
    """What a round did: first appeals filed, appeals that went to the next level, warnings.

    `moved` counts cases and appeals that went to a stand-in or came back.
    """

    filed: int
    raised: int
    warned: int
    moved: int = 0


async def sweep(env: Environment, fence: Fence | None = None) -> Swept:
    """Go round once. Raises what the fence raises; a round that was cut off is finished by the next one."""
    moved = await sweep_staff(env, fence)
    counted = await recount_due_dates(env, fence)
    filed = await in_batches(env, fence, _file_breaches)
    raised = await in_batches(env, fence, _raise_levels)
    warned = 0
    for kind in (EscalationKind.OVERDUE, EscalationKind.DUE_TOMORROW, EscalationKind.DUE_SOON):
        warned += await _warn(env, fence, kind)
    for round_ in (_warn_authorities, remind_of_clearances, escalate_clearances):
        warned += await in_batches(env, fence, round_)
    _log.info("legal_sweep", filed=filed, raised=raised, warned=warned, moved=moved, counted=counted)
    return Swept(filed, raised, warned, moved)


async def raise_levels(acting: UnitOfWork, found: Sequence[Appeal]) -> list[Appeal]:
    """Let appeals lapse, or note that their orders were ignored, and file the next ones; gives those that follow.

    A batch takes as many statements as one appeal.
    """
    out = await appeals.opted_out(acting.tx, {appeal.citizen_id for appeal in found})
    final = {appeal.id for appeal in found if appeal.level.above is None or appeal.citizen_id in out}
    steps = [(appeal, AppealMove.IGNORE_ORDER if _is_ignored(appeal) else AppealMove.LAPSE) for appeal in found]
    lapsed = await step_many(acting, steps, stays_down=final)
    cases = await applications.by_ids(acting.tx, {one.application_id for one in lapsed if one.id not in final})
    wanted = []
    for before, previous in zip(found, lapsed, strict=True):
        above = previous.level.above
        if above is not None and previous.id not in final:
            ground = AppealGround.DO_IGNORED_ORDER if _is_ignored(before) else before.ground
            filing = Filing(above, ground, AppealOrigin.AUTO, previous=previous)
            wanted.append((_case_of(previous, cases), filing))
    return await file_many(acting, wanted)


def _is_ignored(appeal: Appeal) -> bool:
    """Its order named a day, and that day is over without the service."""
    return appeal.state is AppealState.DIRECTED


def _case_of(appeal: Appeal, cases: Mapping[str, Application]) -> Application:
    if appeal.application_id not in cases:
        raise NotThere("the application of an appeal")
    return cases[appeal.application_id]


async def _file_breaches(acting: UnitOfWork) -> tuple[int, int]:
    # A due instant is the last second of its day: the breach is the first second after it.
    found = await appeals.breached_applications(
        acting.tx, acting.now - _ONE_SECOND + timedelta(microseconds=1), limit=BATCH
    )
    filed = await file_many(acting.with_cache(), [(application, OF_BREACH) for application in found])
    return len(found), len(filed)


async def _raise_levels(acting: UnitOfWork) -> tuple[int, int]:
    found = await appeals.due(acting.tx, acting.now, BATCH)
    await raise_levels(acting.with_cache(), found)
    return len(found), len(found)


async def _warn(env: Environment, fence: Fence | None, kind: EscalationKind) -> int:
    total, after = 0, None
    while True:
        batch = _Warning(kind, after)
        _, done = await run_fenced(env, fence, batch.write)
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
    authorities: dict[Place, str | None] = field(default_factory=dict)
    """First authorities by place: a batch has many cases of few places."""

    async def write(self, acting: UnitOfWork) -> tuple[int, int]:
        acting = acting.with_cache()
        since, until, days = self._span(acting, await calendar_of(acting))
        unless = {self.kind, EscalationKind.DUE_TOMORROW} if self.kind is EscalationKind.DUE_SOON else {self.kind}
        found = await clearances.to_be_warned(
            acting.tx, since=since, until=until, unless=unless, after=self.after, limit=BATCH
        )
        self.last = (found[-1].due_at or until, found[-1].id) if len(found) == BATCH else None
        warnings = [
            await self._escalation_for(acting, application)
            for application in found
            if await self._is_due(acting, application, days)
        ]
        new = await clearances.warn_many(acting.tx, warnings)
        if self.kind is EscalationKind.OVERDUE:
            await _tell_them(acting, [application for application in found if application.id in new])
        return len(found), len(new)

    async def _appellate_officer(self, acting: UnitOfWork, place: Place) -> str | None:
        if place not in self.authorities:
            self.authorities[place] = await at_level(acting, place, OfficerLevel.FIRST_APPELLATE)
        return self.authorities[place]

    def _span(self, acting: UnitOfWork, calendar: WorkCalendar) -> tuple[datetime, datetime, int | None]:
        now, law = acting.now, acting.env.rules.law
        match self.kind:
            case EscalationKind.OVERDUE:
                return now - _LONG_AGO, now - _ONE_SECOND, None
            case EscalationKind.DUE_TOMORROW:
                days = law.last_warning_working_days.value
            case _:
                days = law.first_warning_working_days.value
        return now, end_of_day(furthest(calendar, acting.today, days)), days

    async def _is_due(self, acting: UnitOfWork, application: Application, days: int | None) -> bool:
        if application.due_at is None:
            return False
        calendar = await office_calendar(acting, application)
        left = calendar.working_days_between(acting.today, ist_date(application.due_at), application.district)
        return days is None or left <= days

    async def _escalation_for(self, acting: UnitOfWork, application: Application) -> Escalation:
        above = None
        if self.kind is not EscalationKind.DUE_SOON:
            above = await self._appellate_officer(acting, place_of(application))
        due_at = application.due_at or acting.now
        return escalation(acting, application, self.kind, application.officer_id, above, due_at=due_at)


async def _tell_them(acting: UnitOfWork, breached: Sequence[Application]) -> None:
    """They learn of the breach and of their right, where the service is notified under the Act."""
    theirs = [application for application in breached if await may_be_appealed(acting, application)]
    filed = await appeals.of_applications(acting.tx, [application.id for application in theirs])
    told = [(one, any(_is_of_breach(appeal) for appeal in filed.get(one.id, ()))) for one in theirs]
    await tell_of_breaches(acting, told)


def _is_of_breach(appeal: Appeal) -> bool:
    return appeal.level is OF_BREACH.level and appeal.ground is OF_BREACH.ground


async def _warn_authorities(acting: UnitOfWork) -> tuple[int, int]:
    calendar, law = await calendar_of(acting), acting.env.rules.law
    days = max(law.decide_working_days.value - law.warn_authority_working_days.value, 1)
    until = end_of_day(furthest(calendar, acting.today, days))
    found = await clearances.appeals_to_be_warned(acting.tx, since=acting.now, until=until, limit=BATCH)
    done = 0
    for appeal in found:
        moment = appeal.decide_by or acting.now
        above = appeal.second_id if appeal.level is AppealLevel.FIRST else None
        kind = EscalationKind.APPEAL_DUE_SOON
        warning = escalation(acting, appeal, kind, appeal.authority_id, above, due_at=moment)
        done += await clearances.warn(acting.tx, warning)
    return len(found), done
