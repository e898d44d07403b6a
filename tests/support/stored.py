"""What tests read from the store, or change in it, and no verb ever does."""

import hashlib
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from sqlalchemy import MetaData, Table, func, select

from domain.benefits.benefits import Instalment, PaymentNews, PaymentStatus
from domain.benefits.sanction_course import LifeCertificate, LifeProof
from domain.catalogue.catalogue import Service
from store.benefits import benefits
from store.benefits.payment_enquiries import enquiries_table
from store.benefits.sanction_course import life_certificates_table
from store.catalogue.catalogue_rows import service_from, service_versions_table
from store.database import AnyRow, NotThere, Transaction, audit, canonical_json, dump
from store.fees.fee_orders import messages_table
from store.identity.people import citizens_table
from store.platform import outbox
from store.platform.outbox import OutboxMessage, OutboxState, outbox_table
from store.tables import metadata


async def audit_lines_of(
    tx: Transaction, object_kind: str, object_id: str | None, limit: int = 100
) -> list[audit.AuditLine]:
    """The lines about one object, the oldest first."""
    table = audit.audit_lines_table
    statement = select(table).where(table.c.object_kind == object_kind, table.c.object_id == object_id)
    rows = (await tx.connection.execute(statement.order_by(table.c.id).limit(limit))).all()
    return [audit._line(row) for row in rows]


async def outbox_listing(tx: Transaction, state: OutboxState, limit: int) -> list[OutboxMessage]:
    """Messages in a state, the oldest first."""
    table = outbox_table
    statement = select(table).where(table.c.state == state.value).order_by(table.c.id).limit(limit)
    return [outbox.message_of(tx, row) for row in (await tx.connection.execute(statement)).all()]


async def versions_of(tx: Transaction, code: str) -> list[Service]:
    """Every entry that a service had, the first one first; a service that never changed may have none."""
    versions = service_versions_table
    statement = select(versions).where(versions.c.service_code == code).order_by(versions.c.version)
    return [service_from(tx, row.content) for row in (await tx.connection.execute(statement)).all()]


async def fee_messages(tx: Transaction, order_id: str) -> int:
    """How many different messages came about an order."""
    statement = select(func.count()).where(messages_table.c.order_id == order_id)
    return int((await tx.connection.execute(statement)).scalar_one())


async def enquiry_of(tx: Transaction, instalment_id: str) -> AnyRow | None:
    """The whole entry of an instalment of which the treasury is asked, or None."""
    found = await tx.connection.execute(select(enquiries_table).where(enquiries_table.c.instalment_id == instalment_id))
    row: AnyRow | None = found.first()
    return row


async def aliases_of(tx: Transaction, citizen_id: str) -> list[str]:
    """The ids of the records that were joined into one."""
    table = citizens_table
    statement = select(table.c.citizen_id).where(table.c.alias_of == citizen_id).order_by(table.c.citizen_id)
    return list((await tx.connection.execute(statement)).scalars().all())


async def life_certificates(tx: Transaction, sanction_id: str) -> list[LifeCertificate]:
    """The life certificates of a sanction, the earliest first."""
    table = life_certificates_table
    statement = select(table).where(table.c.sanction_id == sanction_id).order_by(table.c.given_on, table.c.id)
    return [
        LifeCertificate(
            row.id, row.citizen_id, row.sanction_id, row.given_on, LifeProof(row.proof), row.taken_by, row.at
        )
        for row in (await tx.connection.execute(statement)).all()
    ]


async def record_payment_status(tx: Transaction, instalment_id: str, status: PaymentStatus, at: datetime) -> Instalment:
    """Note where a payment stands, whatever it was before, and give the instalment back. Raises NotThere."""
    present = await benefits.instalment(tx, instalment_id)
    if present is None:
        raise NotThere("the instalment")
    if present.status is status:
        return present
    await benefits._record_all(tx, [(present, PaymentNews(status, at, rail=present.rail))], at)
    return replace(present, status=status, status_at=at)


async def tables_there(tx: Transaction) -> MetaData:
    """The tables and columns that we declare and the database has: a schema of an earlier release has fewer."""
    there = MetaData()
    for part in await dump.present(tx, metadata):
        Table(part.table.name, there, *(column._copy() for column in part.columns), info=part.table.info)
    return there


async def digest(tx: Transaction, tables: MetaData | Iterable[Table]) -> str:
    """The SHA-256 of the whole dump: two stores with the same data have the same."""
    await dump.begin(tx)
    sums = hashlib.sha256()
    for part in sorted(await dump.present(tx, tables), key=lambda part: part.table.name):
        sums.update(f"{part.table.name}\n".encode())
        async for batch in dump.batches(tx, part):
            for row in batch.rows:
                sums.update(canonical_json(list(row)).encode() + b"\n")
    return sums.hexdigest()
