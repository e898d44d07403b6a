"""Importing holidays: what is refused, what changes, and that open due dates stay."""

from datetime import date, timedelta

import pytest

from actions.catalogue.calendar_import import import_calendar
from actions.catalogue.catalogue_import import import_catalogue
from domain.applications.applications import Application
from domain.applications.deadline import Fixed, deadline_at
from domain.kernel import ErrorCode, Problems, ist_date
from gateway.runtime.heartbeat import refresh_calendar
from store.catalogue import calendar
from tests.support.actions import World, catalogue_rows
from tests.support.law import present


def row(day: str, name: str = "Holiday", district: str = "", hindi: str = "अवकाश") -> dict[str, str]:
    kind = f"district:{district}" if district else "general"
    return {"date": day, "name_hi": hindi, "name_en": name, "kind": kind, "source": "the gazette", "verified": "yes"}


async def test_a_later_holiday_counts_for_new_applications_and_never_moves_an_open_date(peopled: World):
    before = await peopled.submit(peopled.asha)
    assert before.due_at is not None
    peopled.clock.advance(timedelta(seconds=1))
    first_day = peopled.env.rules.calendar.add_working_days(ist_date(peopled.clock.now()), 1, "49")
    imported = await import_calendar(peopled.env.store, [row(first_day.isoformat(), district="49")], dry_run=False)
    assert [holiday.day for holiday in imported.added] == [first_day]
    after = await peopled.submit(peopled.sunil, idempotency_key="sunil")
    assert after.due_at is not None
    assert after.limit is not None
    assert after.limit.calendar_version == imported.version
    assert after.due_at > before.due_at
    assert (await present(peopled.env, before.id)).due_at == before.due_at


async def test_a_dry_run_and_a_repeated_import_change_nothing(peopled: World):
    rows = [row("2027-03-04", "Holi"), row("2027-03-05", "Fair", district="51")]
    shown = await import_calendar(peopled.env.store, rows, dry_run=True)
    async with peopled.env.store.read_transaction() as tx:
        assert await calendar.latest_version(tx) == peopled.env.rules.calendar.version
    peopled.clock.advance(timedelta(seconds=1))
    done = await import_calendar(peopled.env.store, rows, dry_run=False)
    assert (done.version, list(done.added)) == (shown.version, list(shown.added))
    again = await import_calendar(peopled.env.store, rows, dry_run=False)
    assert (again.version, again.added, again.removed) == (done.version, [], [])
    await import_catalogue(peopled.env, catalogue_rows())
    async with peopled.env.store.read_transaction() as tx:
        assert await calendar.latest_version(tx) == done.version
        held = await calendar.work_calendar(tx)
    assert not held.is_working(date(2027, 3, 4), "49")
    assert held.is_working(date(2027, 3, 5), "49")
    assert not held.is_working(date(2027, 3, 5), "51")


@pytest.mark.parametrize(
    ("rows", "line", "fault"),
    [
        ([], "1", "NO_ROWS"),
        ([{"day": "2027-03-04"}], "2", "COLUMNS"),
        ([row("04/03/2027")], "2", "DATE"),
        ([row("2027-02-29")], "2", "DATE"),
        ([row("2027-03-04", " ")], "2", "NAME"),
        ([row("2027-03-04", district="999")], "2", "DISTRICT"),
        ([row("2027-03-04") | {"kind": "restricted"}], "2", "KIND"),
        ([row("2027-03-04") | {"kind": "district"}], "2", "KIND"),
        ([row("2027-03-04") | {"kind": "general:49"}], "2", "KIND"),
        ([row("2027-03-04") | {"kind": ""}], "2", "KIND"),
        ([row("2027-03-04") | {"source": " "}], "2", "SOURCE"),
        ([row("2027-03-04") | {"verified": "perhaps"}], "2", "VERIFIED"),
        ([row("2027-03-04"), row("2027-03-04", "Holi again")], "3", "TWICE"),
        ([row("2027-03-04"), row("2027-03-04") | {"kind": "six_day"}], "3", "TWICE"),
        ([row("2024-03-25", "Holi")], "2", "WHOLLY_PAST"),
    ],
)
async def test_a_past_or_malformed_calendar_is_refused_with_its_line(peopled: World, rows, line, fault):
    with pytest.raises(Problems) as caught:
        await import_calendar(peopled.env.store, rows, dry_run=False)
    problem = caught.value.problems[0]
    assert (problem.code, problem.params) == (ErrorCode.CALENDAR_REFUSED, {"row": line, "fault": fault})
    async with peopled.env.store.read_transaction() as tx:
        assert await calendar.latest_version(tx) == peopled.env.rules.calendar.version


async def test_shown_day_counts_follow_the_last_calendar_and_the_due_date_stays(peopled: World):
    case = await peopled.submit(peopled.asha)
    assert case.due_at is not None
    shown = [days_left(peopled, case)]
    peopled.clock.advance(timedelta(seconds=1))
    holiday = peopled.env.rules.calendar.add_working_days(ist_date(peopled.clock.now()), 2, "49")
    await import_calendar(peopled.env.store, [row(holiday.isoformat(), district="49")], dry_run=False)
    shown.append(days_left(peopled, case))
    assert await refresh_calendar(peopled.env)
    shown.append(days_left(peopled, case))
    assert shown == [shown[0], shown[0], shown[0] - 1]
    assert (await present(peopled.env, case.id)).due_at == case.due_at


def days_left(world: World, case: Application) -> int:
    at = deadline_at(
        world.clock.now(),
        started_at=case.clock_started_at,
        limit=case.limit,
        calendar=world.env.work_calendar,
        district=case.district,
        fixed=Fixed(case.due_at),
    )
    assert at.due_at == case.due_at
    assert at.working_days_left is not None
    return at.working_days_left
