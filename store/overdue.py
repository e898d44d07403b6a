"""The Commission's review: applications that run beyond their due instant."""

from datetime import datetime
from typing import Any

from sqlalchemy import Select, literal, select, tuple_

from domain.applications import Application
from domain.lifecycle import ON_THE_CLOCK
from store.application_rows import application_of, applications_table
from store.engine import Transaction
from store.sql import count
from store.types import Key

_T = applications_table.c


async def overdue(
    tx: Transaction,
    now: datetime,
    *,
    department: str | None,
    district: str | None,
    after: tuple[datetime, str] | None = None,
    limit: int,
) -> list[Application]:
    """Applications that run beyond their due instant, the latest ones last, by (due_at, id)."""
    statement = _overdue(now, department, district)
    if after is not None:
        statement = statement.where(
            tuple_(_T.due_at, _T.id) > tuple_(literal(after[0], _T.due_at.type), literal(after[1], Key))
        )
    rows = (await tx.connection.execute(statement.order_by(_T.due_at, _T.id).limit(limit))).all()
    return [application_of(tx, row) for row in rows]


async def count_overdue(tx: Transaction, now: datetime, department: str | None, district: str | None) -> int:
    """How many applications run beyond their due instant."""
    return await count(tx, _overdue(now, department, district))


def _overdue(now: datetime, department: str | None, district: str | None) -> Select[Any]:
    statement = select(applications_table).where(
        _T.status.in_(sorted(status.value for status in ON_THE_CLOCK)), _T.paused_since.is_(None), _T.due_at < now
    )
    for column, value in ((_T.department, department), (_T.district, district)):
        statement = statement if value is None else statement.where(column == value)
    return statement
