"""Imports a calendar of holidays; existing due dates do not change, new ones use the new calendar."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from domain.applications.deadline import WorkCalendar
from domain.identity.policy import Purpose
from domain.kernel import SYSTEM, Bilingual, ErrorCode, Problem, Problems, ist_date
from store.catalogue import calendar, catalogue
from store.catalogue.calendar import Holiday
from store.database import Store, Transaction, audit

COLUMNS = ("date", "name_hi", "name_en", "district")
MOST_ROWS = 2000
MOST_PROBLEMS = 20

Row = Mapping[str, str | None]


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import does, or would do: days that become and cease to be holidays, and the calendar's new version."""

    version: str
    added: Sequence[Holiday]
    removed: Sequence[Holiday]


async def import_calendar(store: Store, rows: Sequence[Row], *, dry_run: bool, by: str = SYSTEM.label) -> Imported:
    """Take over the holidays of the years that the rows name; other years stay as they are.

    With `dry_run` nothing is written. `by` is whom the audit line names.
    Raises Problems(CALENDAR_REFUSED), one for each row that is wrong: `row` is its line in the file and `fault` what
    is wrong; also for a file that is empty or wholly in the past.
    """

    async def work(tx: Transaction) -> Imported:
        return await _take_over(tx, rows, dry_run=dry_run, by=by)

    return await store.carry_out(work)


async def _take_over(tx: Transaction, rows: Sequence[Row], *, dry_run: bool, by: str) -> Imported:
    districts = {district.code for district in await catalogue.districts(tx)}
    given = _read(rows, districts, ist_date(tx.clock.now()))
    before = await _present(tx)
    years = {holiday.day.year for holiday in given}
    kept = [holiday for holiday in before if holiday.day.year not in years]
    merged = sorted([*kept, *given], key=lambda holiday: (holiday.day, holiday.district or ""))
    places = {_key(holiday) for holiday in before}
    imported = Imported(
        version=_version(merged),
        added=[holiday for holiday in given if _key(holiday) not in places],
        removed=[one for one in before if one.day.year in years and _key(one) not in {_key(new) for new in given}],
    )
    if not dry_run:
        await calendar.save_calendar(tx, WorkCalendar(imported.version, calendar.by_day(merged)), merged)
        detail = {"version": imported.version, "added": len(imported.added), "removed": len(imported.removed)}
        line = audit.AuditLine(by, "calendar.import", "CALENDAR", None, Purpose.OPERATE.value, detail)
        await audit.append(tx, line)
    return imported


async def _present(tx: Transaction) -> list[Holiday]:
    version = await calendar.latest_version(tx)
    return [] if version is None else await calendar.holidays(tx, version)


def _read(rows: Sequence[Row], districts: set[str], today: date) -> list[Holiday]:
    """The rows as holidays; every error is reported with its line."""
    if not rows or len(rows) > MOST_ROWS:
        raise Problems(_row_problem(1, "NO_ROWS" if not rows else "TOO_MANY_ROWS"))
    holidays: list[Holiday] = []
    problems: list[Problem] = []
    seen: set[tuple[date, str | None]] = set()
    for line, row in enumerate(rows, start=2):
        fault, holiday = _holiday(row, districts)
        if holiday is not None and _key(holiday) in seen:
            fault = "TWICE"
        if fault or holiday is None:
            problems.append(_row_problem(line, fault or "COLUMNS"))
            continue
        seen.add(_key(holiday))
        holidays.append(holiday)
    if not problems and max(holiday.day for holiday in holidays) < today:
        problems.append(_row_problem(len(rows) + 1, "WHOLLY_PAST"))
    if problems:
        raise Problems(*problems[:MOST_PROBLEMS])
    return holidays


def _holiday(row: Row, districts: set[str]) -> tuple[str | None, Holiday | None]:
    values = {name: (row.get(name) or "").strip() for name in COLUMNS}
    if any(name not in row for name in COLUMNS):
        return "COLUMNS", None
    try:
        day = date.fromisoformat(values["date"])
    except ValueError:
        return "DATE", None
    if not values["name_en"]:
        return "NAME", None
    district = values["district"] or None
    if district is not None and district not in districts:
        return "DISTRICT", None
    return None, Holiday(day, Bilingual(values["name_hi"] or None, values["name_en"]), district, verified=True)


def _row_problem(line: int, fault: str) -> Problem:
    return Problem(ErrorCode.CALENDAR_REFUSED, ("row", str(line)), params={"row": str(line), "fault": fault})


def _key(holiday: Holiday) -> tuple[date, str | None]:
    return holiday.day, holiday.district


def _version(holidays: Iterable[Holiday]) -> str:
    """A name for the content, so that a stored due date can be recomputed and a repeated import changes nothing."""
    content = ";".join(f"{holiday.day}:{holiday.district or ''}" for holiday in holidays)
    return f"UK-{hashlib.sha256(content.encode()).hexdigest()[:8]}"
