"""The applications behind the tiles of a dashboard, page by page in their order."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Column, ColumnElement, Select, func, select

from domain.applications import Application
from domain.delays import DUE_SOON_DAYS, CaseFilter, CaseList
from domain.lifecycle import ON_THE_CLOCK, OPEN
from domain.people import Posting
from store.application_rows import application_of, applications_table, in_states
from store.applications import covered
from store.delays import delay_reasons_table
from store.engine import Transaction
from store.sql import count, keyset_window

_T, _R = applications_table.c, delay_reasons_table.c


def column_of(wanted: CaseList) -> Column[Any]:
    """What a list is ordered by, before the id."""
    return _T.submitted_at if wanted is CaseList.PENDING else _T.due_at


async def page(
    tx: Transaction,
    postings: Sequence[Posting],
    wanted: CaseList,
    filtered: CaseFilter,
    *,
    place: tuple[datetime, str] | None,
    backward: bool = False,
    limit: int,
) -> list[Application]:
    """Cases of a list that the postings cover: after a place, or before it."""
    statement = _cases(postings, wanted, filtered, tx.clock.now())
    rows = await keyset_window(tx, statement, (column_of(wanted), _T.id), place=place, backward=backward, limit=limit)
    return [application_of(tx, row) for row in rows]


async def size(tx: Transaction, postings: Sequence[Posting], wanted: CaseList, filtered: CaseFilter) -> int:
    """How many cases the list has."""
    return await count(tx, _cases(postings, wanted, filtered, tx.clock.now()))


def _cases(postings: Sequence[Posting], wanted: CaseList, filtered: CaseFilter, now: datetime) -> Select[Any]:
    states = OPEN if wanted is CaseList.PENDING else ON_THE_CLOCK
    statement = select(applications_table).where(*in_states(states), covered(postings), *_when(wanted, now))
    names = ("department", "service_code", "district", "tehsil")
    exact = {name: getattr(filtered, name) for name in names}
    statement = statement.where(*(_T[name] == value for name, value in exact.items() if value is not None))
    if filtered.explained is not None or filtered.cause is not None:
        statement = statement.where(*_explained(filtered))
    return statement


def _when(wanted: CaseList, now: datetime) -> list[ColumnElement[bool]]:
    running = [_T.paused_since.is_(None), _T.due_at.is_not(None)]
    match wanted:
        case CaseList.PENDING:
            return [_T.submitted_at.is_not(None)]
        case CaseList.DUE_SOON:
            return [*running, _T.due_at >= now, _T.due_at < now + timedelta(days=DUE_SOON_DAYS)]
        case CaseList.OVERDUE:
            return [*running, _T.due_at < now]


def _explained(filtered: CaseFilter) -> list[ColumnElement[bool]]:
    """By the reason that was recorded last; earlier ones do not count."""
    cause = (
        select(_R.cause)
        .where(_R.application_id == _T.id)
        .order_by(_R.recorded_at.desc(), _R.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    conditions: list[ColumnElement[bool]] = []
    if filtered.explained is not None:
        conditions.append(cause.is_not(None) if filtered.explained else cause.is_(None))
    if filtered.cause is not None:
        conditions.append(func.coalesce(cause, "") == filtered.cause.value)
    return conditions
