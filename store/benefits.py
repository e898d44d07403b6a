"""Sanctions, their instalments, and where each payment stood when."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import datetime

from sqlalchemy import (
    BigInteger,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    Table,
    UniqueConstraint,
    insert,
    select,
    update,
)

from domain.benefits import Instalment, PaymentStatus, Sanction
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
    UniqueConstraint("number"),
    UniqueConstraint("application_id"),
    Index(None, "citizen_id", "sanctioned_at"),
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
