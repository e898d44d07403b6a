"""The ledger of e-transactions, the source of the figures for e-Taal (docs/contracts/etaal.md section 6).

A row is only added, in the transaction of its event, and waits for nobody. The sealer (store/etaal/ledger_seal.py)
numbers the rows of a day, links them by hashes and adds them up; only what is sealed is reported. The number of the
last sealed row is the day's revision, so the same day and revision always give the same counts.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, Column, Date, Index, Integer, Table, func, select

from domain.etaal.counting import MAPPED, UNMAPPED, Correction, CorrectionReason, CountingEvent, TransactionCount
from domain.etaal.counting import Transaction as ETransaction
from store.database import AnyRow, Instant, Key, Transaction, first_row, insert_new, rows_of
from store.database.bulk import insert_rows
from store.database.metadata import metadata, partial_index, table_of

ledger_table = Table(
    "e_transactions",
    metadata,
    Column("event_key", Key, primary_key=True),
    Column("event", Key, nullable=False),
    Column("day", Date, nullable=False),
    Column("service_code", Key, nullable=False),
    Column("district", Key, nullable=False),
    Column("channel", Key, nullable=False),
    Column("category", Key, nullable=False),
    Column("count", Integer, nullable=False),
    Column("rules_version", Key, nullable=False),
    Column("recorded_at", Instant, nullable=False),
    Column("corrects", Key),
    Column("reason", Key),
    Column("sequence", Integer),
    Column("stands", Key),
    Column("link", Key),
    Index("uq_e_transactions_day_sequence", "day", "sequence", unique=True),
    partial_index("ix_e_transactions_waiting", "day", where="sequence IS NULL"),
    partial_index("ix_e_transactions_corrections", "day", where="reason IS NOT NULL"),
)

day_totals_table = Table(
    "e_transaction_totals",
    metadata,
    Column("day", Date, primary_key=True),
    Column("service_code", Key, primary_key=True),
    Column("district", Key, primary_key=True),
    Column("channel", Key, primary_key=True),
    Column("category", Key, primary_key=True),
    Column("total", BigInteger, nullable=False),
    Column("entries", BigInteger, nullable=False),
    Column("stands", Key),
    Index(None, "service_code", "day"),
)


@dataclass(frozen=True, slots=True)
class SealedDay:
    """How far the ledger of a day is sealed: `link` is that of its last row, which proves all of them."""

    day: date
    revision: int
    link: str
    total: int
    sealed_at: datetime
    closed_revision: int | None = None
    closed_at: datetime | None = None


days_table = table_of(
    SealedDay,
    "e_transaction_days",
    Column("day", Date, primary_key=True),
    Column("total", BigInteger, nullable=False),
)

_L, _D, _DAY = ledger_table.c, day_totals_table.c, days_table.c
PLACE = ("day", "service_code", "district", "channel", "category")
AMOUNT = _L["count"].label("amount")
"""A row's count under a name that no row has as a method."""

ROW = (*(column for column in _L if column.name != "count"), AMOUNT)
"""What is read of a row of the ledger."""

REVERSED = "REVERSED"


async def record(tx: Transaction, event: ETransaction) -> bool:
    """Enter an event once: a second row with the same `event_key` changes nothing and gives False."""
    return await insert_new(tx, ledger_table, _row_of(tx, event))


async def record_many(tx: Transaction, events: Sequence[ETransaction]) -> None:
    """Enter events of which each is entered once, in one statement."""
    await insert_rows(tx, ledger_table, [_row_of(tx, event) for event in events], once=True)


def _row_of(tx: Transaction, event: ETransaction) -> dict[str, Any]:
    return {
        **{name: getattr(event, name) for name in ("event_key", *PLACE, "count", "rules_version", "corrects")},
        "event": event.event.value,
        "reason": event.reason.value if event.reason else None,
        "recorded_at": tx.clock.now(),
    }


async def reverse(tx: Transaction, event_key: str, reason: CorrectionReason) -> bool:
    """Take an event back on its original day, once; False where it was never counted, or was taken back before."""
    row = await first_row(tx, select(*ROW).where(_L.event_key == event_key))
    if row is None:
        return False
    values = {name: getattr(row, name) for name in ("event", *PLACE, "rules_version")}
    values |= {
        "event_key": f"{REVERSED}:{event_key}",
        "count": -row.amount,
        "corrects": event_key,
        "reason": reason.value,
        "recorded_at": tx.clock.now(),
    }
    return await insert_new(tx, ledger_table, values)


async def sealed_day(tx: Transaction, day: date) -> SealedDay | None:
    """How far a day is sealed; None before its first row."""
    row = await first_row(tx, select(days_table).where(_DAY.day == day))
    return _day_of_row(row) if row else None


async def sealed_days(tx: Transaction, first_day: date, last_day: date) -> list[SealedDay]:
    """The days of a range that have rows, the oldest first."""
    statement = select(days_table).where(_DAY.day.between(first_day, last_day)).order_by(_DAY.day)
    return [_day_of_row(row) for row in (await tx.connection.execute(statement)).all()]


async def open_days(tx: Transaction, before: date, limit: int) -> list[SealedDay]:
    """Days before one that are not closed yet, the oldest first."""
    statement = select(days_table).where(_DAY.closed_at.is_(None), _DAY.day < before).order_by(_DAY.day).limit(limit)
    return [_day_of_row(row) for row in (await tx.connection.execute(statement)).all()]


async def revision(tx: Transaction, day: date) -> int:
    """The revision of a day: 0 before its first row is sealed, and one more with every row, corrections too."""
    found = await sealed_day(tx, day)
    return found.revision if found else 0


async def count_unsealed(tx: Transaction, day: date) -> int:
    """How many rows of a day wait for the sealer."""
    statement = select(func.count()).where(_L.sequence.is_(None), _L.day == day)
    return int((await tx.connection.execute(statement)).scalar_one())


async def counts_on(tx: Transaction, day: date) -> list[TransactionCount]:
    """The counts of an IST day by service, district, channel and category; those that are zero are left out."""
    statement = select(day_totals_table).where(_D.day == day, _D.total != 0).order_by(*(_D[name] for name in PLACE))
    return [_count(row, row.total, row.stands) for row in (await tx.connection.execute(statement)).all()]


async def counts_at(tx: Transaction, day: date, revision: int) -> list[TransactionCount]:
    """As `counts_on`, as they were at an earlier revision: added up from the rows of the ledger."""
    places: Counter[tuple[str, str, str, str]] = Counter()
    stands: dict[str, str] = {}
    statement = select(*ROW).where(_L.day == day, _L.sequence <= revision).order_by(_L.sequence)
    for row in (await tx.connection.execute(statement)).all():
        stands[row.service_code] = row.stands or UNMAPPED
        if row.event != MAPPED:
            places[row.service_code, row.district, row.channel, row.category] += row.amount
    return [
        TransactionCount(day, service, district, channel, category, total, stands[service])
        for (service, district, channel, category), total in sorted(places.items())
        if total
    ]


async def counts_of(tx: Transaction, day: date, revision: int) -> list[TransactionCount]:
    """The counts of a day at a revision: the sums where it is the present one, else as `counts_at`."""
    sealed = await sealed_day(tx, day)
    present = sealed is not None and sealed.revision == revision
    return await (counts_on(tx, day) if present else counts_at(tx, day, revision))


async def total_at(tx: Transaction, day: date, revision: int) -> int:
    """The sum of the rows of a day up to a revision."""
    statement = select(func.coalesce(func.sum(_L["count"]), 0)).where(_L.day == day, _L.sequence <= revision)
    return int((await tx.connection.execute(statement)).scalar_one())


async def link_at(tx: Transaction, day: date, revision: int) -> str | None:
    """The link of the last row of a revision; None before the first."""
    row = await first_row(tx, select(_L.link).where(_L.day == day, _L.sequence == revision))
    return row.link if row else None


async def corrections(tx: Transaction, day: date, revision: int, limit: int) -> list[Correction]:
    """The rows of a day up to a revision that changed what was reported before, the latest first."""
    # Sorted here: with an order the database would rather read the whole day than its few corrections.
    statement = select(*ROW).where(_L.day == day, _L.reason.is_not(None))
    found = [row for row in (await tx.connection.execute(statement)).all() if row.sequence and row.sequence <= revision]
    rows = sorted(found, key=lambda row: -row.sequence)[:limit]
    return [
        Correction(
            row.sequence, CorrectionReason(row.reason), row.service_code, row.district, row.amount, row.recorded_at
        )
        for row in rows
    ]


async def days_of_service(tx: Transaction, service_code: str) -> list[tuple[date, str]]:
    """The days that a service has counts on, with what its rows bear there, the oldest first."""
    statement = (
        select(_D.day, func.max(_D.stands).label("stands"))
        .where(_D.service_code == service_code)
        .group_by(_D.day)
        .order_by(_D.day)
    )
    return [(row.day, row.stands or UNMAPPED) for row in (await tx.connection.execute(statement)).all()]


async def counted_services(tx: Transaction, codes: Collection[str]) -> set[str]:
    """Those of the services that anything was counted of."""
    column = day_totals_table.c.service_code
    return {row.service_code for row in await rows_of(tx, select(column).distinct(), column, sorted(codes))}


async def unmapped_services(tx: Transaction) -> dict[str, tuple[int, date]]:
    """Counts without a code of e-Taal: by service, how much was counted and since which day."""
    statement = (
        select(_D.service_code, func.sum(_D.total).label("total"), func.min(_D.day).label("since"))
        .where(func.coalesce(_D.stands, UNMAPPED) == UNMAPPED)
        .group_by(_D.service_code)
    )
    rows = (await tx.connection.execute(statement)).all()
    return {row.service_code: (int(row.total), row.since) for row in rows}


def _count(row: AnyRow, total: int, stands: str | None) -> TransactionCount:
    return TransactionCount(
        day=row.day,
        service_code=row.service_code,
        district=row.district,
        channel=row.channel,
        category=row.category,
        count=total,
        stands=stands or UNMAPPED,
    )


def _day_of_row(row: AnyRow) -> SealedDay:
    return SealedDay(row.day, row.revision, row.link, row.total, row.sealed_at, row.closed_revision, row.closed_at)


def event_key(event: CountingEvent, key: str) -> str:
    """What makes an event count once: its kind and the id of what it happened to."""
    return f"{event.value}:{key}"
