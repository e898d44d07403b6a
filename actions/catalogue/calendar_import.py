"""Imports a calendar of holidays, by which actions/appeals/due_dates.py counts open applications anew."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from actions.catalogue.cells import FileRow, Row, read_whole
from actions.catalogue.rows import key_of_holiday, read_holiday
from domain.applications.deadline import ListState
from domain.applications.holidays import Holiday, HolidayKind, in_order, list_states, version_of
from domain.identity.policy import Purpose
from domain.kernel import SYSTEM, ErrorCode, Problem, Problems, ist_date
from store.catalogue import calendar, catalogue
from store.database import Store, Transaction, audit

COLUMNS = ("date", "name_hi", "name_en", "kind", "source", "verified")
MOST_ROWS = 2000
_FAULTS = {
    "date": "DATE",
    "name_en": "NAME",
    "name_hi": "NAME",
    "kind": "KIND",
    "district": "DISTRICT",
    "source": "SOURCE",
    "verified": "VERIFIED",
}


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import does, or would do: days that become and cease to be holidays, and the calendar's new version."""

    version: str
    added: Sequence[Holiday]
    removed: Sequence[Holiday]
    in_doubt: Mapping[int, ListState]
    """The years of the file whose list is missing or not verified after it."""


async def import_calendar(store: Store, rows: Sequence[FileRow], *, dry_run: bool, by: str = SYSTEM.label) -> Imported:
    """Take over the holidays of the years that the rows name; other years stay as they are.

    With `dry_run` nothing is written. `by` is whom the audit line names.
    Raises Problems(CALENDAR_REFUSED), one for each row that is wrong: `row` is its line in the file and `fault` what
    is wrong; also for a file that is empty or wholly in the past.
    """

    async def work(tx: Transaction) -> Imported:
        return await _take_over(tx, rows, dry_run=dry_run, by=by)

    return await store.carry_out(work)


async def _take_over(tx: Transaction, rows: Sequence[FileRow], *, dry_run: bool, by: str) -> Imported:
    districts = {district.code for district in await catalogue.districts(tx)}
    given = _read(rows, districts, ist_date(tx.clock.now()))
    before = await _present(tx)
    years = {holiday.day.year for holiday in given}
    kept = [holiday for holiday in before if holiday.day.year not in years]
    merged = in_order([*kept, *given])
    places = {_key(holiday) for holiday in before}
    imported = Imported(
        version=version_of(merged),
        added=[holiday for holiday in given if _key(holiday) not in places],
        removed=[one for one in before if one.day.year in years and _key(one) not in {_key(new) for new in given}],
        in_doubt={year: state for year, state in list_states(given).items() if state is not ListState.VERIFIED},
    )
    if not dry_run:
        await calendar.save_calendar(tx, imported.version, merged)
        detail = {"version": imported.version, "added": len(imported.added), "removed": len(imported.removed)}
        await audit.record(tx, by, "calendar.import", "CALENDAR", None, Purpose.OPERATE, **detail)
    return imported


async def _present(tx: Transaction) -> list[Holiday]:
    version = await calendar.latest_version(tx)
    return [] if version is None else await calendar.holidays(tx, version)


def _read(rows: Sequence[FileRow], districts: set[str], today: date) -> list[Holiday]:
    """The rows as holidays; every error is reported with its line."""
    if not rows or len(rows) > MOST_ROWS:
        raise Problems(_row_problem(1, "NO_ROWS" if not rows else "TOO_MANY_ROWS"))

    def read(row: Row) -> Holiday:
        return read_holiday(row, districts)

    holidays = read_whole(rows, key_of_holiday, read, columns=COLUMNS, faults=_FAULTS, problem=_row_problem)
    if max(holiday.day for holiday in holidays) < today:
        raise Problems(_row_problem(len(rows) + 1, "WHOLLY_PAST"))
    return holidays


def _row_problem(line: int, fault: str) -> Problem:
    return Problem(ErrorCode.CALENDAR_REFUSED, ("row", str(line)), params={"row": str(line), "fault": fault})


def _key(holiday: Holiday) -> tuple[date, HolidayKind, str | None]:
    return holiday.day, holiday.kind, holiday.district
