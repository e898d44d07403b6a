"""Sanctions, their instalments, and where each payment stood when."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict
from datetime import date, datetime

from sqlalchemy import (
    BigInteger,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    Table,
    UniqueConstraint,
    exists,
    insert,
    or_,
    select,
    update,
)

from domain.benefits import Instalment, PaymentStatus, Sanction
from store import changes
from store.engine import Transaction
from store.errors import AlreadyThere, NotThere
from store.metadata import metadata
from store.sql import AnyRow, first, insert_new, rows_of
from store.types import Instant, Key, Serial

sanctions_table = Table(
    "sanctions",
    metadata,
    Column("id", Key, primary_key=True),
    Column("citizen_id", Key, ForeignKey("citizens.citizen_id"), nullable=False),
    Column("number", Key, nullable=False),
    Column("application_id", Key, ForeignKey("applications.id")),
    Column("scheme_code", Key, nullable=False),
    Column("department", Key),
    Column("district", Key, nullable=False),
    Column("amount_paise", BigInteger),
    Column("period", Key),
    Column("bank_account_last4", Key),
    Column("sanctioned_at", Instant, nullable=False),
    Column("next_due_on", Date),
    Column("ended_on", Date),
    UniqueConstraint("number"),
    UniqueConstraint("application_id"),
    Index(None, "citizen_id", "sanctioned_at"),
    Index(None, "next_due_on", "period"),
)

instalments_table = Table(
    "instalments",
    metadata,
    Column("id", Key, primary_key=True),
    Column("citizen_id", Key, ForeignKey("citizens.citizen_id"), nullable=False),
    Column("sanction_id", Key, ForeignKey("sanctions.id"), nullable=False),
    Column("sequence", Integer, nullable=False),
    Column("period_from", Date, nullable=False),
    Column("period_to", Date, nullable=False),
    Column("amount_paise", BigInteger, nullable=False),
    Column("bill_number", Key, nullable=False),
    Column("end_to_end_id", Key, nullable=False),
    Column("status", Key, nullable=False),
    Column("status_at", Instant, nullable=False),
    UniqueConstraint("sanction_id", "sequence"),
    Index("uq_instalments_sanction_id_period_from", "sanction_id", "period_from", unique=True),
    UniqueConstraint("bill_number"),
    UniqueConstraint("end_to_end_id"),
)

payment_events_table = Table(
    "payment_events",
    metadata,
    Column("id", Serial, primary_key=True),
    Column("citizen_id", Key, ForeignKey("citizens.citizen_id"), nullable=False),
    Column("instalment_id", Key, ForeignKey("instalments.id"), nullable=False),
    Column("status", Key, nullable=False),
    Column("at", Instant, nullable=False),
    Index(None, "instalment_id"),
    sqlite_autoincrement=True,
)


async def add_sanction(tx: Transaction, sanction: Sanction) -> None:
    """Keep a new sanction. Raises AlreadyThere: one for each application, and for each number."""
    if not await insert_new(tx, sanctions_table, asdict(sanction)):
        raise AlreadyThere("the sanction")


async def add_instalments(tx: Transaction, added: Sequence[Instalment]) -> None:
    """Keep new instalments. Raises AlreadyThere for a bill number, an end-to-end id or a place in the sanction."""
    for one in added:
        if not await insert_new(tx, instalments_table, asdict(one) | {"status": one.status.value}):
            raise AlreadyThere("the instalment")
        await _add_event(tx, one, one.status, one.status_at)
        await changes.touch_payment(tx, one.id)


async def set_next_due(tx: Transaction, sanction_id: str, day: date | None) -> None:
    """Note from when the next instalment pays; None where none follows."""
    table = sanctions_table
    await tx.connection.execute(update(table).where(table.c.id == sanction_id).values(next_due_on=day))


async def end_sanction(tx: Transaction, sanction_id: str, last_day: date) -> bool:
    """Note the last day that a sanction covers; False where it was ended before."""
    table = sanctions_table
    statement = update(table).where(table.c.id == sanction_id, table.c.ended_on.is_(None))
    return (await tx.connection.execute(statement.values(ended_on=last_day).returning(table.c.id))).first() is not None


async def due_sanctions(tx: Transaction, today: date, limit: int) -> list[Sanction]:
    """Sanctions whose next instalment is due and that cover its first day, the longest due first; rows are locked."""
    table = sanctions_table
    covered = or_(table.c.ended_on.is_(None), table.c.ended_on >= table.c.next_due_on)
    statement = select(table).where(table.c.next_due_on <= today, covered).order_by(table.c.next_due_on, table.c.id)
    rows = (await tx.connection.execute(statement.limit(limit).with_for_update())).all()
    return [_sanction(row) for row in rows]


async def unscheduled(tx: Transaction, periods: Collection[str], limit: int) -> list[Sanction]:
    """Repeated sanctions with an instalment but no next day: an older release, which knew none, made them."""
    table, paid = sanctions_table, instalments_table
    statement = select(table).where(
        table.c.next_due_on.is_(None),
        table.c.ended_on.is_(None),
        table.c.period.in_(sorted(periods)),
        exists().where(paid.c.sanction_id == table.c.id),
    )
    rows = (await tx.connection.execute(statement.order_by(table.c.id).limit(limit).with_for_update())).all()
    return [_sanction(row) for row in rows]


async def sanctions_of_citizen(tx: Transaction, citizen_id: str) -> list[Sanction]:
    """Every sanction of a citizen, the newest first."""
    table = sanctions_table
    statement = select(table).where(table.c.citizen_id == citizen_id)
    rows = (await tx.connection.execute(statement.order_by(table.c.sanctioned_at.desc(), table.c.id.desc()))).all()
    return [_sanction(row) for row in rows]


async def sanction_of_applications(tx: Transaction, application_ids: Iterable[str]) -> dict[str, Sanction]:
    """Sanctions by application id; applications without one are left out."""
    table = sanctions_table
    rows = await rows_of(tx, select(table), table.c.application_id, application_ids)
    return {row.application_id: _sanction(row) for row in rows}


async def sanctions(tx: Transaction, ids: Iterable[str]) -> dict[str, Sanction]:
    """Sanctions by id; those that are not there are left out."""
    rows = await rows_of(tx, select(sanctions_table), sanctions_table.c.id, ids)
    return {row.id: _sanction(row) for row in rows}


async def instalments(tx: Transaction, sanction_ids: Iterable[str]) -> dict[str, list[Instalment]]:
    """The instalments of each sanction in their order; a sanction without any is left out."""
    table = instalments_table
    statement = select(table).order_by(table.c.sanction_id, table.c.sequence)
    found: dict[str, list[Instalment]] = {}
    for row in await rows_of(tx, statement, table.c.sanction_id, sanction_ids):
        found.setdefault(row.sanction_id, []).append(_instalment(row))
    return found


async def instalment(tx: Transaction, instalment_id: str) -> Instalment | None:
    """The instalment with an id, or None."""
    row = await first(tx, select(instalments_table).where(instalments_table.c.id == instalment_id))
    return _instalment(row) if row else None


async def instalment_by_bill(tx: Transaction, bill_number: str) -> Instalment | None:
    """The instalment that DBT finance knows by a bill number, or None."""
    row = await first(tx, select(instalments_table).where(instalments_table.c.bill_number == bill_number))
    return _instalment(row) if row else None


async def record_payment_status(tx: Transaction, instalment_id: str, status: PaymentStatus, at: datetime) -> Instalment:
    """Note where a payment stands, keep what it was before, and give the instalment back. Raises NotThere.

    The same status again changes nothing.
    """
    present = await instalment(tx, instalment_id)
    if present is None:
        raise NotThere("the instalment")
    if present.status is status:
        return present
    table = instalments_table
    changed = await tx.connection.execute(
        update(table).where(table.c.id == instalment_id).values(status=status.value, status_at=at).returning(table)
    )
    await _add_event(tx, present, status, at)
    await changes.touch_payment(tx, instalment_id)
    return _instalment(changed.one())


async def payment_history(
    tx: Transaction, instalment_ids: Iterable[str]
) -> dict[str, list[tuple[PaymentStatus, datetime]]]:
    """What each payment's status was and since when, in the order in which we learned it."""
    table = payment_events_table
    found: dict[str, list[tuple[PaymentStatus, datetime]]] = {}
    for row in await rows_of(tx, select(table).order_by(table.c.id), table.c.instalment_id, instalment_ids):
        found.setdefault(row.instalment_id, []).append((PaymentStatus(row.status), row.at))
    return found


async def _add_event(tx: Transaction, one: Instalment, status: PaymentStatus, at: datetime) -> None:
    values = {"citizen_id": one.citizen_id, "instalment_id": one.id, "status": status.value, "at": at}
    await tx.connection.execute(insert(payment_events_table).values(values))


def _sanction(row: AnyRow) -> Sanction:
    return Sanction(
        id=row.id,
        number=row.number,
        application_id=row.application_id,
        citizen_id=row.citizen_id,
        scheme_code=row.scheme_code,
        department=row.department,
        district=row.district,
        amount_paise=row.amount_paise,
        period=row.period,
        bank_account_last4=row.bank_account_last4,
        sanctioned_at=row.sanctioned_at,
        next_due_on=row.next_due_on,
        ended_on=row.ended_on,
    )


def _instalment(row: AnyRow) -> Instalment:
    return Instalment(
        id=row.id,
        sanction_id=row.sanction_id,
        citizen_id=row.citizen_id,
        sequence=row.sequence,
        period_from=row.period_from,
        period_to=row.period_to,
        amount_paise=row.amount_paise,
        bill_number=row.bill_number,
        end_to_end_id=row.end_to_end_id,
        status=PaymentStatus(row.status),
        status_at=row.status_at,
    )
