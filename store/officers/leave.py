"""Leave of officers, and their substitutes."""

from collections.abc import Collection, Iterable
from datetime import date, datetime
from functools import cache
from typing import Any

from sqlalchemy import (
    BindParameter,
    Column,
    ColumnElement,
    ForeignKey,
    Index,
    Select,
    and_,
    bindparam,
    or_,
    select,
    update,
)

from domain.officers.staff import Confirmation, Leave
from store.database import Key, Records, StoredList, Transaction, each_once, fetch_rows
from store.database.metadata import table_of

leaves_table = table_of(
    Leave,
    "leaves",
    Column("officer_id", Key, ForeignKey("officers.officer_id", ondelete="CASCADE"), nullable=False),
    Column("substitute_id", Key, ForeignKey("officers.officer_id", ondelete="CASCADE")),
    Index(None, "officer_id", "from_on"),
    Index(None, "substitute_id", "from_on"),
    Index(None, "ended_at", "from_on"),
)

_T = leaves_table.c
_LEAVES = Records(Leave, leaves_table, "the leave")
add, get = _LEAVES.add, _LEAVES.get


async def on_leave(tx: Transaction, officer_ids: Iterable[str], day: date) -> dict[str, Leave]:
    """The leave of each of these officers that is in force on a day; the others are left out."""
    return await _LEAVES.by_keys(tx, _T.officer_id, officer_ids, _on_leave(), day=day)


async def away_between(tx: Transaction, officer_id: str, first: date, last: date) -> list[Leave]:
    """The leaves that an officer has on one of these days, those that wait for a second administrator left out."""
    shared = (_T.officer_id == officer_id, _T.from_on <= last, _T.until_on >= first)
    return await _LEAVES.select_all(tx, select(leaves_table).where(*shared, *_holds()))


async def stood_in_for(tx: Transaction, substitute_id: str, day: date) -> list[str]:
    """The officers for whom somebody stands in on a day."""

    async def read(substitutes: list[str]) -> dict[str, tuple[str, ...]]:
        rows = await fetch_rows(tx, _stood_in_for(), substitute=substitutes[0], day=day)
        return {substitutes[0]: tuple(dict.fromkeys(row.officer_id for row in rows))}

    return list((await each_once(tx, ("stood_in_for", day), [substitute_id], read))[substitute_id])


@cache
def _stood_in_for() -> Select[Any]:
    whose = _T.substitute_id == bindparam("substitute", None, _T.substitute_id.type)
    return (
        select(_T.officer_id).where(whose, _in_force(bindparam("day", None, _T.from_on.type))).order_by(_T.officer_id)
    )


async def overlapping_leave(tx: Transaction, officer_id: str, from_on: date, until_on: date) -> Leave | None:
    """A leave of the officer that shares a day with these and is neither cancelled nor over."""
    shared = (_T.officer_id == officer_id, _T.from_on <= until_on, _T.until_on >= from_on)
    return await _LEAVES.find(tx, *shared, _T.cancelled_at.is_(None), _T.ended_at.is_(None))


def of_officer(officer_id: str) -> StoredList[Leave]:
    """Leaves of an officer, the latest first."""
    statement = select(leaves_table).where(_T.officer_id == officer_id)
    return StoredList(_LEAVES, statement, (_T.from_on, _T.id), descending=True)


async def leaves_in_force(tx: Transaction, day: date, *, after: str | None, limit: int) -> list[Leave]:
    """Leaves in force on a day, by id."""
    return await _by_id(tx, (_in_force(day),), after, limit)


async def ended_leaves(
    tx: Transaction, day: date, *, unsettled: Collection[str], after: str | None, limit: int
) -> list[Leave]:
    """Leaves that were cancelled or whose last day is past, and that are not settled, by id.

    Not settled is what is not marked as ended, and, of those that are, what `unsettled` names.
    """
    ended = or_(_T.cancelled_at.is_not(None), _T.until_on < day)
    return await _by_id(tx, (ended, or_(_T.ended_at.is_(None), _T.id.in_(sorted(unsettled)))), after, limit)


async def note(tx: Transaction, leave_id: str, **changes: datetime | str | None) -> None:
    """Write down that a leave began, ended or was cancelled."""
    await tx.connection.execute(update(leaves_table).where(_T.id == leave_id).values(changes))


async def moved_since(tx: Transaction, moment: datetime) -> list[Leave]:
    """Leaves with a substitute that began or ended since a moment."""
    lately = or_(_T.begun_at >= moment, _T.ended_at >= moment)
    return await _LEAVES.select_all(tx, select(leaves_table).where(lately, _T.substitute_id.is_not(None)))


async def confirm(tx: Transaction, leave_id: str, *, by: str) -> bool:
    """Note who confirmed a leave that waits; False where it does not wait."""
    waits = (_T.id == leave_id, _T.confirmation == Confirmation.WAITING.value, _T.cancelled_at.is_(None))
    values = {"confirmation": Confirmation.CONFIRMED.value, "confirmed_by": by, "confirmed_at": tx.clock.now()}
    return (
        await tx.connection.execute(update(leaves_table).where(*waits).values(values).returning(_T.id))
    ).first() is not None


async def waiting_leaves(tx: Transaction, limit: int) -> list[Leave]:
    """Leaves that wait for a second administrator, the oldest first."""
    waits = (_T.confirmation == Confirmation.WAITING.value, _T.cancelled_at.is_(None))
    statement = select(leaves_table).where(*waits).order_by(_T.recorded_at, _T.id)
    return await _LEAVES.select_all(tx, statement.limit(limit))


async def _by_id(
    tx: Transaction, conditions: Iterable[ColumnElement[bool]], after: str | None, limit: int
) -> list[Leave]:
    statement = select(leaves_table).where(*conditions)
    if after is not None:
        statement = statement.where(_T.id > after)
    return await _LEAVES.select_all(tx, statement.order_by(_T.id).limit(limit))


@cache
def _on_leave() -> Select[Any]:
    on_day = select(leaves_table).where(_in_force(bindparam("day", None, _T.from_on.type)))
    return on_day.order_by(_T.recorded_at, _T.id)


def _in_force(day: date | BindParameter[date]) -> ColumnElement[bool]:
    """As Leave.state_on gives RUNNING, in SQL."""
    begun = or_(_T.from_on <= day, _T.begun_at.is_not(None))
    return and_(*_holds(), _T.until_on >= day, begun)


def _holds() -> tuple[ColumnElement[bool], ...]:
    confirmed = or_(_T.confirmation.is_(None), _T.confirmation == Confirmation.CONFIRMED.value)
    return confirmed, _T.cancelled_at.is_(None), _T.ended_at.is_(None)
