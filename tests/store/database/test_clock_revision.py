"""What the revision of the legal clock makes of rows that the release before it wrote."""

from datetime import date, datetime, time
from typing import Any

from sqlalchemy import Connection, insert, select
from sqlalchemy.ext.asyncio import create_async_engine

from domain.applications.deadline import end_of_day
from domain.kernel import IST
from store.applications.application_rows import applications_table
from store.applications.timeline import timeline_table
from store.catalogue.calendar import calendars_table, holidays_table
from store.database.migration_runner import upgrade
from store.identity.people import citizens_table

BEFORE, AFTER = "1002", "1003"


def at(day: date) -> datetime:
    return datetime.combine(day, time(11), tzinfo=IST)


def one(case: str, status: str, started: date, due: date, **more: Any) -> dict[str, Any]:
    """A row of an application with nine working days."""
    places = {"service_code": "ES09", "district": "49", "channel": "WEB", "delivery": "COUNTER"}
    limit = {"limit_days": 9, "limit_unit": "WORKING_DAYS", "calendar_version": "2027"}
    times = {name: at(started) for name in ("created_at", "updated_at", "submitted_at", "clock_started_at")}
    fixed = {
        "id": case,
        "number": case,
        "citizen_id": "c1",
        "status": status,
        "version": 9,
        "form": b"",
        "paused_days": 0,
    }
    return {
        **places,
        **limit,
        **times,
        **fixed,
        "due_at": end_of_day(due),
        "paused_since": None,
        "delivered_at": None,
    } | more


def step(case: str, sequence: int, move: str, day: date) -> dict[str, Any]:
    named = {"id": f"{case}-{sequence}", "application_id": case, "citizen_id": "c1", "sequence": sequence}
    return {**named, "move": move, "status_after": "ANY", "actor_role": "OFFICER", "at": at(day)}


async def migrated(url: str, cases: list[dict[str, Any]], steps: list[dict[str, Any]]) -> dict[str, Any]:
    """The applications as they are once rows of before have been migrated."""
    await upgrade(url, BEFORE)
    engine = create_async_engine(url)

    def fill(connection: Connection) -> None:
        person = {"citizen_id": "c1", "personal": b"", "language": "en", "created_at": at(date(2026, 1, 1))}
        connection.execute(insert(citizens_table), [person])
        connection.execute(insert(calendars_table), [{"version": "2027", "saved_at": at(date(2026, 1, 1))}])
        holiday = {"version": "2027", "sequence": 1, "day": date(2098, 12, 10), "name_en": "Fair", "verified": False}
        connection.execute(insert(holidays_table), [holiday])
        connection.execute(insert(applications_table), cases)
        connection.execute(insert(timeline_table), steps)

    try:
        async with engine.begin() as connection:
            await connection.run_sync(fill)
        await upgrade(url, AFTER)
        async with engine.connect() as connection:
            kept = select(*(applications_table.c[name] for name in ("id", "due_at", "clock_ended_at")))
            return {row.id: row for row in (await connection.execute(kept)).all()}
    finally:
        await engine.dispose()


async def test_the_issue_ends_the_clock_of_what_waits_and_of_what_was_collected_late(empty_url: str) -> None:
    begun, issued, due = date(2026, 3, 2), date(2026, 3, 5), date(2026, 3, 13)
    cases = [
        one("waits", "CERTIFICATE_ISSUED", begun, due),
        one("collected-late", "DELIVERED", begun, due, delivered_at=at(date(2026, 3, 25))),
        one("collected", "DELIVERED", begun, due, delivered_at=at(date(2026, 3, 6))),
        one("open", "IN_SCRUTINY", begun, due),
    ]
    steps = [step(case["id"], 3, "ISSUE_CERTIFICATE", issued) for case in cases[:3]]
    found = await migrated(empty_url, cases, [*steps, step("open", 3, "BEGIN_SCRUTINY", begun)])
    ends = {case: row.clock_ended_at for case, row in found.items()}
    assert ends == {"waits": at(issued), "collected-late": at(issued), "collected": None, "open": None}


async def test_a_running_due_date_that_a_query_cut_short_moves_later_and_no_date_moves_earlier(empty_url: str) -> None:
    begun, asked, answered = date(2098, 12, 1), date(2098, 12, 8), date(2098, 12, 9)
    due, shut, long = date(2098, 12, 15), date(2098, 12, 13), date(2098, 12, 30)
    cases = [
        one("cut-short", "IN_SCRUTINY", begun, shut, paused_days=1),
        one("long", "IN_SCRUTINY", begun, long, paused_days=1),
        one("never-asked", "IN_SCRUTINY", begun, shut),
        one("paused", "QUERY_RAISED", begun, shut, paused_days=1, paused_since=at(answered)),
        one("by-order", "IN_SCRUTINY", begun, shut, paused_days=1, calendar_version="ORDER:3"),
        one("breached", "IN_SCRUTINY", date(2026, 1, 5), date(2026, 1, 20), paused_days=1),
    ]
    steps = [
        entry
        for case in cases
        for entry in (step(case["id"], 4, "RAISE_QUERY", asked), step(case["id"], 5, "ANSWER_QUERY", answered))
    ]
    found = await migrated(empty_url, cases, steps)
    moved = {
        case for case, row in found.items() if row.due_at != next(one for one in cases if one["id"] == case)["due_at"]
    }
    assert moved == {"cut-short"}
    assert found["cut-short"].due_at == end_of_day(due)
