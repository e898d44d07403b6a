"""Queries for the worker's rounds: benefits due, unscheduled, uncertified, withheld or undelivered."""

from collections.abc import Collection, Iterable
from datetime import date, datetime

from sqlalchemy import exists, or_, select

from domain.applications.lifecycle import Status
from domain.benefits.benefits import Hold, Instalment, Sanction, SanctionState
from domain.kernel import IST
from store.benefits.benefits import INSTALMENTS, SANCTIONS, instalments_table, sanctions_table
from store.database import Transaction, rows_of
from store.database.metadata import metadata

_PAYING = (SanctionState.ACTIVE.value, SanctionState.ENDED.value)
"""States in which what is due is paid; of one that has ended, up to its last day."""


async def due_sanctions(tx: Transaction, today: date, limit: int) -> list[Sanction]:
    """Sanctions whose next instalment is due and that cover its first day, the longest due first; rows are locked."""
    table = sanctions_table
    covered = or_(table.c.ended_on.is_(None), table.c.ended_on >= table.c.next_due_on)
    active = or_(table.c.state.is_(None), table.c.state.in_(_PAYING))
    due = select(table).where(table.c.next_due_on <= today, covered, active)
    statement = due.order_by(table.c.next_due_on, table.c.id)
    return await SANCTIONS.select_all(tx, statement.limit(limit).with_for_update())


async def unscheduled_sanctions(tx: Transaction, periods: Collection[str], limit: int) -> list[Sanction]:
    """Repeated sanctions with an instalment but no next day: an older release, which knew none, made them."""
    table, paid = sanctions_table, instalments_table
    statement = select(table).where(
        table.c.next_due_on.is_(None),
        table.c.ended_on.is_(None),
        table.c.period.in_(sorted(periods)),
        exists().where(paid.c.sanction_id == table.c.id),
    )
    return await SANCTIONS.select_all(tx, statement.order_by(table.c.id).limit(limit).with_for_update())


async def uncertified_sanctions(
    tx: Transaction, scheme_codes: Collection[str], *, since: date, reminded_before: date, limit: int
) -> list[Sanction]:
    """Sanctions of some schemes, made before a day, without a life certificate since it; rows are locked.

    Left out are those that have ended, and those that were reminded on that day or later.
    """
    table = sanctions_table
    statement = select(table).where(
        table.c.scheme_code.in_(sorted(scheme_codes)),
        table.c.ended_on.is_(None),
        table.c.amount_paise.is_not(None),
        table.c.sanctioned_at < datetime.combine(since, datetime.min.time(), IST),
        or_(table.c.certified_on.is_(None), table.c.certified_on < since),
        or_(table.c.reminded_on.is_(None), table.c.reminded_on < reminded_before),
    )
    return await SANCTIONS.select_all(
        tx, statement.order_by(table.c.scheme_code, table.c.id).limit(limit).with_for_update()
    )


async def held_instalments(tx: Transaction, hold: Hold, after: str | None, limit: int) -> list[Instalment]:
    """Instalments that are kept back for a reason, in the order of their ids, from behind one."""
    table = instalments_table
    statement = select(table).where(table.c.hold.is_not(None), table.c.hold == hold.value)
    if after is not None:
        statement = statement.where(table.c.id > after)
    return await INSTALMENTS.select_all(tx, statement.order_by(table.c.id).limit(limit))


async def undelivered_applications(tx: Transaction, sanction_ids: Iterable[str]) -> list[str]:
    """The applications of sanctions whose order was not out before."""
    table, applied = sanctions_table, metadata.tables["applications"].c
    statement = select(applied.id).join(table, table.c.application_id == applied.id)
    waiting = statement.where(applied.status == Status.BENEFIT_SANCTIONED.value)
    return [row.id for row in await rows_of(tx, waiting, table.c.id, sanction_ids)]
