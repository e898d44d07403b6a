"""Leases that elect one leader among workers, by the database's clock and with fencing numbers."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import BigInteger, Column, ColumnElement, delete, select, update

from store.database.engine import Transaction
from store.database.metadata import table_of
from store.database.sql import database_now, first_row, insert_into
from store.database.types import Key


@dataclass(frozen=True, slots=True)
class Lease:
    """A lease that somebody holds. `fence` grows with every new holder and is checked in each leader's transaction."""

    name: str
    holder: str
    fence: int
    until: datetime


leases_table = table_of(
    Lease, "leases", Column("name", Key, primary_key=True), Column("fence", BigInteger, nullable=False)
)
_T = leases_table.c


async def acquire(tx: Transaction, name: str, holder: str, seconds: float) -> Lease | None:
    """Take a lease that is free or has run out; None where somebody holds it, be it the same holder."""
    now = await database_now(tx)
    until = now + timedelta(seconds=seconds)
    statement = insert_into(tx, leases_table).values(name=name, holder=holder, fence=1, until=until)
    taking = statement.on_conflict_do_update(
        index_elements=("name",), set_={"holder": holder, "fence": _T.fence + 1, "until": until}, where=_T.until <= now
    )
    row = (await tx.connection.execute(taking.returning(_T.fence))).first()
    return Lease(name, holder, row.fence, until) if row else None


async def renew(tx: Transaction, lease: Lease, seconds: float) -> Lease | None:
    """Hold a lease longer; None where it ran out or passed to another, and the leader must stop."""
    now = await database_now(tx)
    until = now + timedelta(seconds=seconds)
    renewing = update(leases_table).where(*_is(lease), _T.until > now).values(until=until)
    row = (await tx.connection.execute(renewing.returning(_T.fence))).first()
    return Lease(lease.name, lease.holder, lease.fence, until) if row else None


async def release(tx: Transaction, lease: Lease) -> None:
    """Give a lease back, so that another need not wait for its end."""
    now = await database_now(tx)
    await tx.connection.execute(update(leases_table).where(*_is(lease)).values(until=now))


async def drop(tx: Transaction, lease: Lease) -> None:
    """Give a lease back for good: for leases with so many names that their rows would pile up. Fences begin anew."""
    await tx.connection.execute(delete(leases_table).where(*_is(lease)))


async def still_held(tx: Transaction, lease: Lease) -> bool:
    """Whether this leader still leads; asked in each of its transactions, which nobody then overtakes."""
    now = await database_now(tx)
    statement = select(_T.fence).where(*_is(lease), _T.until > now).with_for_update(read=True)
    return await first_row(tx, statement) is not None


def _is(lease: Lease) -> tuple[ColumnElement[bool], ...]:
    return (_T.name == lease.name, _T.holder == lease.holder, _T.fence == lease.fence)
