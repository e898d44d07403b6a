"""The table of the change feed, read in commit order.

A row is written in the transaction of the change. On PostgreSQL transactions commit in another order than they
begin, and a number taken early may become visible late. So a row also holds the number of its transaction, and a
reader sees only rows of transactions below the oldest that still runs (`pg_snapshot_xmin`): nothing can come to
be before a place that was read. A transaction that writes for long delays the feed but cannot tear it.

Rows are not part of backups: a restored store begins another feed under another name.
"""

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any

import sqlalchemy as sa

from domain.platform.changes import START, Change, ChangeKind, FeedState, Position, Wanted
from store.database.engine import Transaction
from store.database.metadata import NOT_KEPT_ELSEWHERE, metadata
from store.database.reading.statements import SHORT, fetch_rows
from store.database.sql import AnyRow, any_posting_covers, equals_given, first_row, insert_new
from store.database.types import Instant, Key, Serial

CHANGED = "changes"
"""The mark of a transaction that wrote to the feed (Transaction.marks)."""

changes_table = sa.Table(
    "changes",
    metadata,
    sa.Column("id", Serial, primary_key=True),
    sa.Column("tx_number", sa.BigInteger, nullable=False),
    sa.Column("kind", Key, nullable=False),
    sa.Column("object_id", Key, nullable=False),
    sa.Column("citizen_id", Key, nullable=False),
    sa.Column("application_id", Key),
    sa.Column("department", Key),
    sa.Column("district", Key, nullable=False),
    sa.Column("tehsil", Key),
    sa.Column("at", Instant, nullable=False),
    sa.Index(None, "tx_number", "id"),
    sa.Index(None, "citizen_id", "tx_number", "id"),
    sa.Index(None, "application_id", "tx_number", "id"),
    sa.Index(None, "district", "tx_number", "id"),
    sa.Index(None, "at"),
    sqlite_autoincrement=True,
    info={NOT_KEPT_ELSEWHERE: True},
)

change_feeds_table = sa.Table(
    "change_feeds",
    metadata,
    sa.Column("feed", Key, primary_key=True),
    sa.Column("name", Key, nullable=False),
    sa.Column("swept_transaction", sa.BigInteger, nullable=False),
    sa.Column("swept_row", sa.BigInteger, nullable=False),
    info={NOT_KEPT_ELSEWHERE: True},
)

_T, _F = changes_table.c, change_feeds_table.c
_FEED = "changes"
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


async def touch(tx: Transaction, kind: ChangeKind, application_id: str) -> None:
    """Tell that an application changed, or who works on it; once in a transaction, for the state after it."""
    mark = f"{CHANGED}:{kind.value}:{application_id}"
    if mark not in tx.marks:
        tx.marks.add(mark)
        await _append(tx, _of_one_application(tx.dialect), kind, about=application_id)


async def touch_many(tx: Transaction, kind: ChangeKind, application_ids: Sequence[str]) -> None:
    """The same for some applications at once, at most a batch of them."""
    marks = {key: f"{CHANGED}:{kind.value}:{key}" for key in application_ids}
    fresh = [key for key, mark in marks.items() if mark not in tx.marks]
    if fresh:
        tx.marks.update(marks[key] for key in fresh)
        one = _applications()
        await _append(tx, _insert_of(_of_applications(tx.dialect).where(one.id.in_(fresh)).order_by(one.id)), kind)


async def touch_all_of(tx: Transaction, citizen_id: str) -> None:
    """Tell that every application of a citizen changed."""
    one = _applications()
    chosen = _of_applications(tx.dialect).where(one.citizen_id == citizen_id)
    await _append(tx, _insert_of(chosen.order_by(one.id)), ChangeKind.APPLICATION)


async def touch_clearance(tx: Transaction, clearance_id: str) -> None:
    """Tell that a clearance was asked, as a row of the department that was asked."""
    asked = metadata.tables["clearances"].c
    columns = (*_first_columns(tx.dialect, asked.id, asked.application_id), asked.citizen_id, asked.department)
    chosen = sa.select(*columns, asked.district, asked.tehsil).where(asked.id == clearance_id)
    await _append(tx, _insert_of(chosen), ChangeKind.CLEARANCE_ASKED)


async def touch_payment(tx: Transaction, instalment_id: str) -> None:
    """Tell that a payment changed."""
    await touch_payments(tx, [instalment_id])


async def touch_payments(tx: Transaction, instalment_ids: Sequence[str]) -> None:
    """The same for some payments at once, at most a batch of them."""
    paid, granted = metadata.tables["instalments"].c, metadata.tables["sanctions"].c
    chosen = (
        sa.select(
            *_first_columns(tx.dialect, paid.id, granted.application_id),
            granted.citizen_id,
            granted.department,
            granted.district,
            sa.literal(None, Key),
        )
        .join_from(paid.id.table, granted.id.table, paid.sanction_id == granted.id)
        .where(paid.id.in_(instalment_ids))
        .order_by(paid.id)
    )
    await _append(tx, _insert_of(chosen), ChangeKind.PAYMENT)


async def state(tx: Transaction) -> FeedState:
    """The feed as this transaction sees it; a reader that has read nothing yet begins at its `end`."""
    row = await first_row(tx, sa.select(change_feeds_table).where(_F.feed == _FEED))
    name, swept = (row.name, Position(row.swept_transaction, row.swept_row)) if row else ("", START)
    if tx.dialect == "sqlite":
        last = (await tx.connection.execute(sa.select(sa.func.max(_T.id)))).scalar_one_or_none()
        return FeedState(name, swept, Position(0, max(last or 0, swept.row)))
    # The time line of the write-ahead log grows with each fail-over, which may have lost the last commits.
    time_line = sa.func.left(sa.func.pg_walfile_name(sa.func.pg_current_wal_lsn()), 8)
    horizon, line = (await tx.connection.execute(sa.select(_horizon(), time_line))).one()
    return FeedState(f"{name}-{int(line, 16)}", swept, Position(horizon, 0))


async def is_open(tx: Transaction) -> bool:
    """Whether the feed has its name."""
    return await first_row(tx, sa.select(_F.name).where(_F.feed == _FEED)) is not None


async def open_feed(tx: Transaction) -> None:
    """Give the feed its name, where it has none: after the first start and after a restoration."""
    name, left = "", int(tx.clock.now().timestamp() * 1000)
    while left:
        left, digit = divmod(left, len(_DIGITS))
        name = _DIGITS[digit] + name
    values = {"feed": _FEED, "name": name, "swept_transaction": START.transaction, "swept_row": START.row}
    await insert_new(tx, change_feeds_table, values)


async def page(tx: Transaction, after: Position, limit: int, wanted: Wanted | None = None) -> list[Change]:
    """Rows behind a place, in the order of commits; without `wanted` all of them."""
    statement = _rows_behind(tx.dialect)
    if wanted is not None:
        statement = statement.where(*_conditions(wanted))
    rows = await fetch_rows(tx, statement, transaction=after.transaction, row=after.row, most=limit)
    return [_change(row) for row in rows]


async def has_unsettled_rows(tx: Transaction) -> bool:
    """Whether there are rows that may not be read yet, because an older transaction still runs."""
    if tx.dialect == "sqlite":
        return False
    return await first_row(tx, sa.select(sa.true()).where(_T.tx_number >= _horizon()).limit(1)) is not None


async def sweep(tx: Transaction, before: datetime) -> int:
    """Delete older rows, record up to which position, and return how many were deleted."""
    await open_feed(tx)
    conditions: list[sa.ColumnElement[bool]] = [_T.at < before]
    if tx.dialect == "postgresql":
        conditions.append(_T.tx_number < _horizon())
    statement = sa.select(_T.tx_number, _T.id).where(*conditions)
    row = await first_row(tx, statement.order_by(_T.tx_number.desc(), _T.id.desc()).limit(1))
    if row is None:
        return 0
    swept = sa.tuple_(_T.tx_number, _T.id) <= sa.tuple_(sa.literal(row.tx_number), sa.literal(row.id))
    gone = await tx.connection.execute(sa.delete(changes_table).where(swept))
    await tx.connection.execute(
        sa.update(change_feeds_table).where(_F.feed == _FEED).values(swept_transaction=row.tx_number, swept_row=row.id)
    )
    return gone.rowcount


def _applications() -> Any:
    """The columns of applications; their own module writes to this feed, so it cannot be imported here."""
    return metadata.tables["applications"].c


@cache
def _of_applications(dialect: str) -> sa.Select[Any]:
    one = _applications()
    return sa.select(*_first_columns(dialect, one.id, one.id), one.citizen_id, one.department, one.district, one.tehsil)


@cache
def _of_one_application(dialect: str) -> sa.Insert:
    chosen = _of_applications(dialect).where(_applications().id == sa.bindparam("about", None, Key))
    return _insert_of(chosen).execution_options(**{SHORT: True})


@cache
def _rows_behind(dialect: str) -> sa.Select[Any]:
    """The first rows behind a place, which SQLite finds by its row alone: there each transaction has the number 0."""
    transaction, row = (sa.bindparam(name, None, sa.BigInteger) for name in ("transaction", "row"))
    if dialect == "sqlite":
        behind = sa.and_(_T.tx_number == 0, _T.id > row)
    else:
        behind = sa.and_(sa.tuple_(_T.tx_number, _T.id) > sa.tuple_(transaction, row), _T.tx_number < _horizon())
    most = sa.bindparam("most", None, sa.Integer)
    return sa.select(changes_table).where(behind).order_by(_T.tx_number, _T.id).limit(most)


def _first_columns(
    dialect: str, key: sa.ColumnElement[Any], application_id: sa.ColumnElement[Any]
) -> Sequence[sa.ColumnElement[Any]]:
    """The first columns of a row, in the order of `_insert_of`; `_append` gives the parameters."""
    number = _number(sa.func.pg_current_xact_id()) if dialect == "postgresql" else sa.literal(0)
    return (
        number.label("tx_number"),
        sa.bindparam("given_kind", None, Key).label("kind"),
        sa.bindparam("given_at", None, Instant()).label("at"),
        key.label("object_id"),
        application_id.label("application"),
    )


def _insert_of(rows: sa.Select[Any]) -> sa.Insert:
    names = ("tx_number", "kind", "at", "object_id", "application_id", "citizen_id", "department", "district", "tehsil")
    return sa.insert(changes_table).from_select(names, rows, include_defaults=False)


async def _append(tx: Transaction, insert: sa.Insert, kind: ChangeKind, **given: Any) -> None:
    await fetch_rows(tx, insert, given_kind=kind.value, given_at=tx.clock.now(), **given)
    tx.marks.add(CHANGED)


def _number(xid: sa.ColumnElement[Any]) -> sa.ColumnElement[int]:
    """A PostgreSQL transaction number (xid8, with its epoch) as a whole number."""
    return sa.cast(sa.cast(xid, sa.Text), sa.BigInteger)


def _horizon() -> sa.ColumnElement[int]:
    """The number of the oldest transaction that still runs; all below are committed or gone."""
    return _number(sa.func.pg_snapshot_xmin(sa.func.pg_current_snapshot()))


def _conditions(wanted: Wanted) -> list[sa.ColumnElement[bool]]:
    found: list[sa.ColumnElement[bool]] = [_T.kind.in_(sorted(kind.value for kind in wanted.kinds))]
    found += equals_given({_T.application_id: wanted.application_id, _T.citizen_id: wanted.citizen_id})
    if wanted.postings is not None:
        found.append(any_posting_covers(changes_table, wanted.postings))
    return found


def _change(row: AnyRow) -> Change:
    return Change(
        Position(row.tx_number, row.id),
        ChangeKind(row.kind),
        row.object_id,
        row.citizen_id,
        row.application_id,
        row.department,
        row.district,
        row.tehsil,
        row.at,
    )
