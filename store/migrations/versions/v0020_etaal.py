"""The ledger of e-transactions is numbered and linked day by day; services under e-Taal's codes; what it was told.

Every row of before is sealed here, in the order in which it was recorded, so that a day keeps its revision.
"""

import hashlib
import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from itertools import groupby
from typing import Any

from alembic import op
from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Date,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    Row,
    Table,
    Text,
    bindparam,
    insert,
    select,
    text,
    update,
)

from store.migrations.first.types import Instant, Key

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

_GENESIS = "0" * 64
_BATCH = 5_000
_OF_BEFORE = date(2013, 1, 1)
_INSTANT = datetime(2013, 1, 1, tzinfo=UTC)
"""When the codes of before were set is not known."""

_TEXTS = ("event_key", "event", "service_code", "district", "channel", "category", "corrects", "reason")
_ROWS = Table(
    "e_transactions",
    MetaData(),
    *(Column(name, Key) for name in _TEXTS),
    Column("day", Date),
    Column("count", Integer, key="amount"),
    Column("rules_version", Key),
    Column("recorded_at", Instant),
    Column("sequence", Integer),
    Column("stands", Key),
    Column("link", Key),
)
_READ = (*(column for column in _ROWS.c if column.key != "amount"), _ROWS.c.amount.label("amount"))
_DAYS = Table(
    "e_transaction_days",
    MetaData(),
    Column("day", Date),
    Column("revision", Integer),
    Column("link", Key),
    Column("total", BigInteger),
    Column("sealed_at", Instant),
)


def upgrade() -> None:
    """Make the tables, take over the codes, and seal what was counted before."""
    for name in ("corrects", "reason", "stands", "link"):
        op.add_column("e_transactions", Column(name, Key, nullable=True))
    op.add_column("e_transactions", Column("sequence", Integer(), nullable=True))
    op.add_column("e_transaction_totals", Column("stands", Key, nullable=True))
    op.drop_index("ix_e_transactions_day", "e_transactions")
    _tables()
    _take_over(op.get_bind())
    # Revocations of before are taken back on the days of their deliveries, as they are from now on.
    op.execute(
        "INSERT INTO e_transactions (event_key, event, day, service_code, district, channel, category, count, "
        "rules_version, recorded_at, corrects, reason) SELECT 'REVERSED:' || l.event_key, l.event, l.day, "
        "l.service_code, l.district, l.channel, l.category, -l.count, l.rules_version, t.at, l.event_key, "
        "'CERTIFICATE_REVOKED' FROM e_transactions l "
        "JOIN (SELECT application_id, MAX(at) AS at FROM timeline_entries WHERE move = 'REVOKE_CERTIFICATE' "
        "GROUP BY application_id) t ON l.event_key = 'DELIVERED:' || t.application_id"
    )
    _seal(op.get_bind())
    _add_up()
    op.create_index("uq_e_transactions_day_sequence", "e_transactions", ["day", "sequence"], unique=True)
    op.create_index(
        "ix_e_transactions_waiting",
        "e_transactions",
        ["day"],
        sqlite_where=text("sequence IS NULL"),
        postgresql_where=text("sequence IS NULL"),
    )
    op.create_index(
        "ix_e_transactions_corrections",
        "e_transactions",
        ["day"],
        sqlite_where=text("reason IS NOT NULL"),
        postgresql_where=text("reason IS NOT NULL"),
    )
    op.create_index("ix_e_transaction_totals_service_code_day", "e_transaction_totals", ["service_code", "day"])


def downgrade() -> None:
    """Drop them; the latest code of each service stays."""
    op.execute("DELETE FROM etaal_codes")
    op.execute(
        "INSERT INTO etaal_codes (service_code, etaal_code) SELECT service_code, etaal_code FROM etaal_services s "
        "WHERE starts_on = (SELECT MAX(starts_on) FROM etaal_services o WHERE o.service_code = s.service_code)"
    )
    # Deliveries that were taken back are so again by their revocations, should this revision come back.
    op.execute(
        "DELETE FROM e_transactions WHERE event = 'SERVICE_MAPPED' OR "
        "(reason = 'CERTIFICATE_REVOKED' AND event_key LIKE 'REVERSED:DELIVERED:%')"
    )
    _add_up()  # rows that nobody sealed yet too, which the release before does not know of
    op.drop_index("ix_e_transaction_totals_service_code_day", "e_transaction_totals")
    op.drop_index("ix_e_transactions_corrections", "e_transactions")
    op.drop_index("ix_e_transactions_waiting", "e_transactions")
    op.drop_index("uq_e_transactions_day_sequence", "e_transactions")
    op.create_index("ix_e_transactions_day", "e_transactions", ["day"])
    for name in ("etaal_pushes", "etaal_pulls", "etaal_services", "e_transaction_days"):
        op.drop_table(name)
    op.drop_column("e_transaction_totals", "stands")
    for name in ("link", "stands", "sequence", "reason", "corrects"):
        op.drop_column("e_transactions", name)


def _add_up() -> None:
    """The totals anew from every row."""
    op.execute("DELETE FROM e_transaction_totals")
    op.execute(
        "INSERT INTO e_transaction_totals (day, service_code, district, channel, category, total, entries, stands) "
        "SELECT day, service_code, district, channel, category, SUM(count), COUNT(*), MAX(stands) FROM e_transactions "
        "GROUP BY day, service_code, district, channel, category"
    )


def _tables() -> None:
    op.create_table(
        "e_transaction_days",
        Column("day", Date(), nullable=False),
        Column("revision", Integer(), nullable=False),
        Column("link", Key, nullable=False),
        Column("total", BigInteger(), nullable=False),
        Column("sealed_at", Instant, nullable=False),
        Column("closed_revision", Integer(), nullable=True),
        Column("closed_at", Instant, nullable=True),
        PrimaryKeyConstraint("day", name="pk_e_transaction_days"),
    )
    op.create_table(
        "etaal_services",
        Column("service_code", Key, nullable=False),
        Column("starts_on", Date(), nullable=False),
        Column("etaal_code", Key, nullable=False),
        Column("category", Key, nullable=False),
        Column("level", Key, nullable=False),
        Column("standard_service", Text(), nullable=True),
        Column("set_by", Key, nullable=False),
        Column("set_at", Instant, nullable=False),
        PrimaryKeyConstraint("service_code", "starts_on", name="pk_etaal_services"),
    )
    op.create_table(
        "etaal_pulls",
        Column("day", Date(), nullable=False),
        Column("revision", Integer(), nullable=False),
        Column("total", BigInteger(), nullable=False),
        Column("rows_hash", Key, nullable=False),
        Column("first_at", Instant, nullable=False),
        PrimaryKeyConstraint("day", "revision", name="pk_etaal_pulls"),
    )
    op.create_table(
        "etaal_pushes",
        Column("day", Date(), nullable=False),
        Column("revision", Integer(), nullable=False),
        Column("state", Key, nullable=False),
        Column("total", BigInteger(), nullable=True),
        Column("rows_hash", Key, nullable=True),
        Column("batch_id", Key, nullable=True),
        Column("rejected", Text(), nullable=True),
        Column("queued_at", Instant, nullable=False),
        Column("settled_at", Instant, nullable=True),
        PrimaryKeyConstraint("day", "revision", name="pk_etaal_pushes"),
    )


def _take_over(connection: Connection) -> None:
    """The codes of before hold from the first day of e-Taal on, category A, by district."""
    services = Table(
        "etaal_services",
        MetaData(),
        *(Column(name, Key) for name in ("service_code", "etaal_code", "category", "level", "set_by")),
        Column("starts_on", Date),
        Column("set_at", Instant),
    )
    fixed = {
        "starts_on": _OF_BEFORE,
        "category": "A",
        "level": "DISTRICT",
        "set_by": "SYSTEM",
        "set_at": _INSTANT,
    }
    known = connection.execute(text("SELECT service_code, etaal_code FROM etaal_codes")).mappings().all()
    if known:
        connection.execute(insert(services), [{**row, **fixed} for row in known])


def _seal(connection: Connection) -> None:
    """Number and link the rows of each day; the link is that of store/ledger_seal.py as it is at this revision."""
    codes = {row.service_code: row.etaal_code for row in connection.execute(text("SELECT * FROM etaal_codes"))}
    for day, rows in groupby(_rows(connection), key=lambda row: row.day):
        _seal_day(connection, day, rows, codes)


def _rows(connection: Connection) -> Iterator[Row[Any]]:
    """Every row in the order of the days, a day at a time so that memory stays flat."""
    days = connection.execute(select(_ROWS.c.day).distinct().order_by(_ROWS.c.day)).scalars().all()
    for day in days:
        statement = select(*_READ).where(_ROWS.c.day == day).order_by(_ROWS.c.recorded_at, _ROWS.c.event_key)
        yield from connection.execute(statement).all()


def _seal_day(connection: Connection, day: date, rows: Iterator[Row[Any]], codes: dict[str, str]) -> None:
    link, number, total, marks, latest = _GENESIS, 0, 0, [], None
    for row in rows:
        number += 1
        latest = row.recorded_at
        total += row.amount
        stands = f"{codes[row.service_code]}|A|DISTRICT" if row.service_code in codes else ""
        link = _hash(link + _said(row, number, stands))
        marks.append({"key": row.event_key, "number": number, "bears": stands, "linked": link})
    numbering = update(_ROWS).where(_ROWS.c.event_key == bindparam("key"))
    numbering = numbering.values(sequence=bindparam("number"), stands=bindparam("bears"), link=bindparam("linked"))
    for start in range(0, len(marks), _BATCH):
        connection.execute(numbering, marks[start : start + _BATCH])
    values = {"day": day, "revision": number, "link": link, "total": total, "sealed_at": latest}
    connection.execute(insert(_DAYS).values(values))


def _said(row: Row[Any], number: int, stands: str) -> str:
    at = row.recorded_at if row.recorded_at.tzinfo else row.recorded_at.replace(tzinfo=UTC)
    said = {
        "sequence": number,
        "day": row.day.isoformat(),
        "event": row.event,
        "service": row.service_code,
        "district": row.district,
        "channel": row.channel,
        "category": row.category,
        "count": row.amount,
        "rules": row.rules_version,
        "recordedAt": at.astimezone(UTC).isoformat(timespec="microseconds"),
        "key": _hash(row.event_key),
        "corrects": _hash(row.corrects) if row.corrects else None,
        "reason": row.reason,
        "stands": stands,
    }
    return json.dumps(said, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _hash(words: str) -> str:
    return hashlib.sha256(words.encode()).hexdigest()
