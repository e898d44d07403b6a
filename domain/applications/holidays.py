"""Holidays with their kinds, the calendar that they make, and the years whose list is missing or not verified.

Source: docs/contracts/right_to_service.md section 3.3. Sundays and second Saturdays are not among them.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from domain.applications.deadline import ListState, WorkCalendar
from domain.kernel import Bilingual

_NOTICE_MONTH = 12
"""From this month on the list of the next year is awaited: it is notified in the last days of December."""


class HolidayKind(StrEnum):
    """Who is bound by a holiday, and who declared it."""

    GENERAL = "GENERAL"
    """Annexure 1 of the yearly notification: all offices."""
    SIX_DAY = "SIX_DAY"
    """Annexure 2: not the Secretariat, the Assembly and offices with a five-day week."""
    ADDED = "ADDED"
    """Declared for all offices during the year."""
    DISTRICT = "DISTRICT"
    """Declared by the District Magistrate for the offices of one district."""
    FIXED = "FIXED"
    """A date that does not move, of a year whose list is not notified yet: all offices."""


@dataclass(frozen=True, slots=True)
class Holiday:
    """One day on which offices are shut. `district` is the one that a holiday of the kind DISTRICT binds, else None."""

    day: date
    name: Bilingual
    kind: HolidayKind
    district: str | None
    source: str | None
    verified: bool


def calendar_of(holidays: Sequence[Holiday], version: str | None = None) -> WorkCalendar:
    """The calendar of holidays. Without a version its name is made from its content."""
    by_day: dict[date, frozenset[str]] = {}
    for holiday in holidays:
        before = by_day.get(holiday.day)
        if holiday.kind is HolidayKind.SIX_DAY:
            continue
        if holiday.district is None or before == frozenset():
            by_day[holiday.day] = frozenset()  # a holiday of all districts outweighs one of a district
        else:
            by_day[holiday.day] = (before or frozenset()) | {holiday.district}
    six_day = frozenset(one.day for one in holidays if one.kind is HolidayKind.SIX_DAY)
    return WorkCalendar(version or version_of(holidays), by_day, six_day, list_states(holidays))


def version_of(holidays: Iterable[Holiday]) -> str:
    """A name for the content, so that a stored due date can be recomputed and a repeated import changes nothing."""
    parts = sorted(f"{one.day}:{one.kind}:{one.district or ''}:{one.verified:d}" for one in holidays)
    return f"UK-{hashlib.sha256(';'.join(parts).encode()).hexdigest()[:8]}"


def list_states(holidays: Iterable[Holiday]) -> dict[int, ListState]:
    """What is known of each year that has holidays: without one of the kind GENERAL its notified list is missing."""
    years: dict[int, list[Holiday]] = {}
    for holiday in holidays:
        years.setdefault(holiday.day.year, []).append(holiday)
    return {year: _state(days) for year, days in sorted(years.items())}


def _state(days: Sequence[Holiday]) -> ListState:
    if not any(day.kind is HolidayKind.GENERAL for day in days):
        return ListState.MISSING
    return ListState.VERIFIED if all(day.verified for day in days) else ListState.UNVERIFIED


def years_in_use(today: date) -> tuple[int, ...]:
    """The years whose lists must be there and verified: this one, and from 1 December the next."""
    return (today.year, today.year + 1) if today.month == _NOTICE_MONTH else (today.year,)


def lists_in_doubt(calendar: WorkCalendar, today: date) -> dict[int, ListState]:
    """The years in use whose list is missing or not verified."""
    states = {year: calendar.list_of(year) for year in years_in_use(today)}
    return {year: state for year, state in states.items() if state is not ListState.VERIFIED}


def better_lists(present: Sequence[Holiday], given: Sequence[Holiday]) -> list[Holiday]:
    """Of each year the list that is worth more, the given one where both are alike; by day and district.

    So a list that was verified here is not replaced by one that is not.
    """
    rank = list(ListState).index
    old, new = list_states(present), list_states(given)
    kept = {year for year, state in old.items() if year not in new or rank(state) < rank(new[year])}
    days = [day for day in present if day.day.year in kept] + [day for day in given if day.day.year not in kept]
    return in_order(days)


def in_order(holidays: Iterable[Holiday]) -> list[Holiday]:
    """Holidays by day and district."""
    return sorted(holidays, key=lambda holiday: (holiday.day, holiday.district or ""))
