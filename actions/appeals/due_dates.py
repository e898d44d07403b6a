"""Counts the dates of open applications anew by a newer list of holidays or another working week of their office.

Source: docs/contracts/right_to_service.md section 3.3. The date that was shown is never moved later; where the newer
list gives more, that is kept beside it, and the officer is measured by it. By which list and week a date was counted is
kept with it, so that a round, which may be ended anywhere, goes on where the last one stopped.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

from actions.kernel import BATCH, Environment, Fence, UnitOfWork, later_than, office_calendar, run_fenced
from actions.statistics.upkeep import count_between
from domain.applications.applications import Application, TimelineEntry, pauses_of
from domain.applications.deadline import FIVE_DAYS, OfficeWeek, WorkCalendar, days_left, end_of_day, recounted_due
from domain.identity.policy import Purpose
from domain.kernel import ist_date
from domain.platform.changes import ChangeKind
from store.appeals import appeals
from store.applications import timeline
from store.catalogue import calendar as calendars
from store.database import audit, change_feed


async def recount_due_dates(
    env: Environment, fence: Fence | None = None, tell: Callable[[int], None] | None = None
) -> int:
    """Count what was counted by another list than the newest, or another week than now; gives how many applications.

    `tell` hears after each full batch how many they are by then. Raises what the fence raises.
    """
    total = 0

    while True:
        done = await run_fenced(env, fence, lambda acting: _recount(acting.with_cache()))
        total += done
        if done < BATCH:
            return total
        if tell is not None:
            tell(total)


async def _recount(acting: UnitOfWork) -> int:
    newest = await calendars.latest_version(acting.tx)
    if newest is None:
        return 0
    found = await appeals.counted_by_others(acting.tx, newest, acting.env.rules.five_day_offices, BATCH)
    steps = await timeline.timelines(acting.tx, [one.id for one in found])
    counted = [await _count_anew(acting, one, steps.get(one.id, [])) for one in found]
    await appeals.set_due_dates(acting.tx, counted)
    moved = [(before, after) for before, after in zip(found, counted, strict=True) if _dates(before) != _dates(after)]
    for before, after in moved:
        await count_between(acting, before, after)
    await audit.append_many(acting.tx, [_line(acting, before, after) for before, after in moved])
    await change_feed.touch_many(acting.tx, ChangeKind.APPLICATION, [after.id for _, after in moved])
    return len(found)


async def _count_anew(acting: UnitOfWork, application: Application, steps: Sequence[TimelineEntry]) -> Application:
    """An application with its dates by the newest calendar; as they are where the days of its limit did not change."""
    limit, started, shown, district = (
        application.limit,
        application.clock_started_at,
        application.due_at,
        application.district,
    )
    newer = await office_calendar(acting, application)
    if limit is None:
        raise AssertionError("what was counted by a calendar has a limit")
    application = replace(application, limit=replace(limit, calendar_version=newer.counted_by))
    if started is None or shown is None:
        return application
    older = await _calendar(acting, limit.calendar_version)
    pauses = pauses_of(application, steps)
    before, due = (recounted_due(started, pauses, limit, one, district=district) for one in (older, newer))
    if due is None or due == before:
        return application
    since, left = application.paused_since, application.paused_left
    earliest = due if since else max(due, newer.add_working_days(acting.today, 1, district))
    promised = min(shown, end_of_day(earliest))
    if since is not None and left is not None:
        by_list = days_left(ist_date(promised), ist_date(since), limit.unit, newer, district=district)
        left = left if promised == shown else min(left, by_list)
    lawful = later_than(promised, end_of_day(due))
    return replace(application, due_at=promised, lawful_due_at=lawful, paused_left=left)


async def _calendar(acting: UnitOfWork, counted_by: str) -> WorkCalendar:
    version = counted_by.removesuffix(FIVE_DAYS)
    kept = await acting.load_once(("calendar", version), lambda: calendars.work_calendar(acting.tx, version))
    return kept.for_week(OfficeWeek.SIX_DAY if version == counted_by else OfficeWeek.FIVE_DAY)


def _dates(application: Application) -> tuple[object, ...]:
    return application.due_at, application.lawful_due_at, application.paused_left


def _line(acting: UnitOfWork, before: Application, after: Application) -> audit.AuditLine:
    days = {"before": before.due_at, "due": after.due_at, "lawful": after.lawful_due_at}
    return audit.AuditLine(
        actor_label=acting.subject.label,
        action="application.recount",
        object_kind="APPLICATION",
        object_id=after.id,
        purpose=Purpose.OPERATE.value,
        detail={
            "calendar": after.limit.calendar_version if after.limit else None,
            **{name: day.isoformat() if day else None for name, day in days.items()},
        },
    )
