"""Figures for the Commission: one day's events, and a month's appeals and reasons for delay."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, or_, select

from domain.appeals.appeals import AppealLevel
from domain.appeals.delays import DelayCause
from domain.applications.lifecycle import ON_THE_CLOCK, OPEN, Status
from store.appeals.appeal_rows import appeals_table
from store.appeals.delays import delay_reasons_table
from store.applications.application_rows import applications_table
from store.database import Transaction

_T, _A, _R = applications_table.c, appeals_table.c, delay_reasons_table.c

Office = tuple[str, str]
"""Department and district; empty where none is known."""


@dataclass(frozen=True, slots=True)
class DayRow:
    """One service in one district on one day (docs/contracts/right_to_service.md section 6.1, daily summary)."""

    service_code: str
    district: str
    received: int
    delivered_in_time: int
    delivered_late: int
    rejected: int
    pending: int
    pending_beyond_limit: int


async def day_rows(tx: Transaction, since: datetime, until: datetime) -> list[DayRow]:
    """The rows of a day, `until` not included. What is pending is counted now.

    What was made available on the lawful due day is in time, whenever it was handed over.
    """
    within = {
        name: and_(_T[name] >= since, _T[name] < until) for name in ("submitted_at", "delivered_at", "decided_at")
    }
    due_at = func.coalesce(_T.lawful_due_at, _T.due_at)
    late = and_(due_at.is_not(None), func.coalesce(_T.clock_ended_at, _T.delivered_at) > due_at)
    running = and_(_T.status.in_(_values(ON_THE_CLOCK)), _T.paused_since.is_(None))
    refused = and_(_T.status == Status.REJECTED.value, within["decided_at"])
    is_open = and_(_T.status.in_(_values(OPEN)), _T.submitted_at.is_not(None))
    statement = (
        select(
            _T.service_code,
            _T.district,
            _count_where(within["submitted_at"]),
            _count_where(and_(within["delivered_at"], ~late)),
            _count_where(and_(within["delivered_at"], late)),
            _count_where(refused),
            _count_where(is_open),
            _count_where(and_(running, _T.due_at < until)),
        )
        .where(or_(is_open, within["submitted_at"], within["delivered_at"], refused))
        .group_by(_T.service_code, _T.district)
        .order_by(_T.service_code, _T.district)
    )
    rows = (await tx.connection.execute(statement)).all()
    return [DayRow(row[0], row[1], *(int(amount or 0) for amount in row[2:])) for row in rows]


async def appeals_filed(tx: Transaction, since: datetime, until: datetime) -> dict[Office, dict[AppealLevel, int]]:
    """How many appeals came in at each level, by department and district; `until` not included."""
    places = (_A.department, _A.district, _A.level)
    statement = select(*places, func.count()).where(_A.received_at >= since, _A.received_at < until).group_by(*places)
    found: dict[Office, dict[AppealLevel, int]] = {}
    for department, district, level, many in (await tx.connection.execute(statement)).all():
        found.setdefault((department or "", district or ""), {})[AppealLevel(level)] = int(many)
    return found


async def reasons_given(tx: Transaction, month: date) -> dict[Office, dict[DelayCause, int]]:
    """How often each cause was recorded for delays of a month, by department and district."""
    places = (_R.department, _R.district, _R.cause)
    statement = select(*places, func.count()).where(_R.month == month).group_by(*places)
    found: dict[Office, dict[DelayCause, int]] = {}
    for department, district, cause, many in (await tx.connection.execute(statement)).all():
        found.setdefault((department or "", district or ""), {})[DelayCause(cause)] = int(many)
    return found


def _count_where(condition: ColumnElement[bool]) -> ColumnElement[Any]:
    return func.sum(case((condition, 1), else_=0))


def _values(statuses: Any) -> list[str]:
    return sorted(status.value for status in statuses)
