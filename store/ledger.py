"""The ledger of e-transactions and its daily totals, which e-Taal asks for (contracts/etaal.md section 6).

The ledger is append-only; the totals change in the same transaction. The revision of a day is the
number of its ledger rows: it grows with every row, and the same revision always gives the same counts.
"""

from datetime import date

from sqlalchemy import BigInteger, Column, Date, Index, Integer, Table, func, select

from domain.counting import Transaction as ETransaction
from domain.counting import TransactionCount
from store.engine import Transaction
from store.metadata import metadata
from store.sql import insert_into, insert_new, upsert
from store.types import Instant, Key

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
    Index(None, "day"),
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
)

etaal_codes_table = Table(
    "etaal_codes",
    metadata,
    Column("service_code", Key, primary_key=True),
    Column("etaal_code", Key, nullable=False),
)

_D = day_totals_table.c
_PLACE = ("day", "service_code", "district", "channel", "category")


async def record(tx: Transaction, event: ETransaction) -> bool:
    """Count an event once: a second row with the same `event_key` changes nothing and gives False."""
    place = {
        "day": event.day,
        "service_code": event.service_code,
        "district": event.district,
        "channel": event.channel,
        "category": event.category,
    }
    row = {
        "event_key": event.event_key,
        "event": event.event.value,
        "count": event.count,
        "rules_version": event.rules_version,
        "recorded_at": tx.clock.now(),
    }
    if not await insert_new(tx, ledger_table, place | row):
        return False
    statement = insert_into(tx, day_totals_table)
    grown = {"total": _D.total + statement.excluded.total, "entries": _D.entries + statement.excluded.entries}
    adding = statement.values(place | {"total": event.count, "entries": 1})
    await tx.connection.execute(adding.on_conflict_do_update(index_elements=_PLACE, set_=grown))
    return True


async def counts_on(tx: Transaction, day: date) -> list[TransactionCount]:
    """The counts of an IST day by service, district, channel and category; those that are zero are left out."""
    statement = select(day_totals_table).where(_D.day == day, _D.total != 0).order_by(*(_D[name] for name in _PLACE))
    return [
        TransactionCount(
            day=row.day,
            service_code=row.service_code,
            district=row.district,
            channel=row.channel,
            category=row.category,
            count=row.total,
        )
        for row in (await tx.connection.execute(statement)).all()
    ]


async def revision(tx: Transaction, day: date) -> int:
    """The revision of a day: 0 before its first row, and one more with every row, corrections too."""
    statement = select(func.coalesce(func.sum(_D.entries), 0)).where(_D.day == day)
    return int((await tx.connection.execute(statement)).scalar_one())


async def etaal_codes(tx: Transaction) -> dict[str, str]:
    """The e-Taal code of each enrolled service, by our service code."""
    rows = (await tx.connection.execute(select(etaal_codes_table))).all()
    return {row.service_code: row.etaal_code for row in rows}


async def save_etaal_code(tx: Transaction, service_code: str, etaal_code: str) -> None:
    """Enrol a service under an e-Taal code, or change its code."""
    values = {"service_code": service_code, "etaal_code": etaal_code}
    await upsert(tx, etaal_codes_table, [values], keys=("service_code",))
