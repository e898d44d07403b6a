"""Checks that reference numbers are well-formed, of the right kind and unique (I1), and match their bills (I2)."""

from collections.abc import AsyncIterator

from sqlalchemy import Column, func, select

from domain.benefits.bills import bill_number, end_to_end_id
from domain.kernel import MistypedNumber, NumberKind, parse_number
from store.benefits.benefits import instalments_table, payment_events_table, sanctions_table
from store.checks.finding import PAGE, Finding, in_turn
from store.database import Transaction, pages
from store.database.dump import present
from store.tables import metadata

_KINDS = {
    ("applications", "number"): NumberKind.APPLICATION,
    ("applications", "acknowledgement"): NumberKind.ACKNOWLEDGEMENT,
    ("certificates", "number"): NumberKind.CERTIFICATE,
    ("sanctions", "number"): NumberKind.PAYMENT,
    ("appeals", "number"): NumberKind.APPEAL,
    ("grievances", "number"): NumberKind.GRIEVANCE,
}
"""The columns that hold a reference number; a table that this release does not have is passed over."""


async def numbers(tx: Transaction) -> AsyncIterator[Finding]:
    """Every reference number can be keyed and spoken, and none is there twice."""
    for part in await present(tx, metadata):
        for column in part.columns:
            kind = _KINDS.get((part.table.name, column.name))
            if kind is not None:
                async for finding in _of_column(tx, column, kind):
                    yield finding


async def orders(tx: Transaction) -> AsyncIterator[Finding]:
    """One order for each instalment: sequences without gaps, names that follow from the sanction, the last status."""
    joined = select(instalments_table, sanctions_table.c.number, sanctions_table.c.citizen_id.label("owner")).join(
        sanctions_table, sanctions_table.c.id == instalments_table.c.sanction_id
    )
    async for row in pages(tx, joined, instalments_table.c.id, PAGE):
        if row.bill_number != bill_number(row.number, row.sequence):
            yield Finding("BILL_NUMBER_IS_ANOTHER", f"instalment:{row.id}")
        if row.end_to_end_id != end_to_end_id(row.number, row.sequence):
            yield Finding("END_TO_END_ID_IS_ANOTHER", f"instalment:{row.id}")
        if row.owner != row.citizen_id:
            yield Finding("CITIZEN_IS_ANOTHER", f"instalment:{row.id}")
    async for finding in in_turn(_gaps(tx), _last_statuses(tx)):
        yield finding


async def _of_column(tx: Transaction, column: Column[str], kind: NumberKind) -> AsyncIterator[Finding]:
    place = f"{column.table.name}.{column.name}"
    key = next(iter(column.table.primary_key.columns))
    there = select(key, column.label("number_to_check")).where(column.is_not(None))
    async for row in pages(tx, there, key, PAGE):
        try:
            parse_number(row.number_to_check, kind)
        except MistypedNumber:
            yield Finding("NUMBER_NOT_WELL_FORMED", f"{place}:{row[0]}")
    twice = select(func.count()).select_from(
        select(column).where(column.is_not(None)).group_by(column).having(func.count() > 1).subquery()
    )
    if (await tx.connection.execute(twice)).scalar_one():
        yield Finding("NUMBER_USED_TWICE", place)


async def _gaps(tx: Transaction) -> AsyncIterator[Finding]:
    table = instalments_table
    highest, many = func.max(table.c.sequence), func.count(func.distinct(table.c.sequence))
    gaps = select(table.c.sanction_id).group_by(table.c.sanction_id).having(highest != many)
    for row in (await tx.connection.execute(gaps)).all():
        yield Finding("INSTALMENTS_HAVE_A_GAP", f"sanction:{row.sanction_id}")


async def _last_statuses(tx: Transaction) -> AsyncIterator[Finding]:
    """The status of a payment is the one that its last event says."""
    events, table = payment_events_table, instalments_table
    last = select(events.c.instalment_id, func.max(events.c.id).label("id")).group_by(events.c.instalment_id).subquery()
    statement = (
        select(table.c.id, table.c.status, events.c.status.label("told"))
        .outerjoin_from(table, last, last.c.instalment_id == table.c.id)
        .outerjoin(events, events.c.id == last.c.id)
    )
    async for row in pages(tx, statement, table.c.id, PAGE):
        if row.status != row.told:
            yield Finding("PAYMENT_STATUS_IS_NOT_THE_LAST", f"instalment:{row.id}")
