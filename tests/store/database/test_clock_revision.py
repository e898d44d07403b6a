"""What the revision of the legal clock makes of rows that the release before it wrote."""

from datetime import date, datetime, time
from typing import Any

from sqlalchemy import Connection, insert, select
from sqlalchemy.ext.asyncio import create_async_engine

from domain.applications.deadline import end_of_day
from domain.kernel import IST
from store.applications.application_rows import applications_table
from store.applications.timeline import timeline_table
from store.database.migration_runner import upgrade
from store.identity.people import citizens_table

BEFORE, AFTER = "1001", "1026"


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


async def test_a_due_date_that_was_shown_is_not_moved(empty_url: str) -> None:
    begun, due = date(2098, 12, 1), date(2098, 12, 13)
    cases = [
        one("answered", "IN_SCRUTINY", begun, due, paused_days=1),
        one("paused", "QUERY_RAISED", begun, due, paused_days=1, paused_since=at(date(2098, 12, 9))),
    ]
    steps = [step(case["id"], 4, "RAISE_QUERY", date(2098, 12, 8)) for case in cases]
    found = await migrated(empty_url, cases, steps)
    assert {row.due_at for row in found.values()} == {end_of_day(due)}
