"""A list of holidays that is taken over in a test."""

from datetime import date

from actions.catalogue.calendar_import import import_calendar
from actions.kernel import Environment
from tests.support.actions import NATIONAL_HOLIDAYS

CHRISTMAS = "12-25"


async def take_over(env: Environment, *days: date, district: str | None = None, year: int = 2026) -> None:
    """Take over a list of a year, and of those of the days, with these days besides the national ones and Christmas."""
    kinds = {day.isoformat(): f"district:{district}" if district else "general" for day in days}
    years = {year, *(day.year for day in days)}
    named = {f"{one}-{day}": "general" for one in years for day in (*NATIONAL_HOLIDAYS, CHRISTMAS)} | kinds
    fixed = {"name_hi": "अवकाश", "name_en": "Holiday", "source": "the gazette", "verified": "yes"}
    rows = [{"date": day, "kind": kind, **fixed} for day, kind in sorted(named.items())]
    await import_calendar(env.store, rows, dry_run=False)
