"""Definitions of services that are drafted, wait for a second administrator or for their day, or were published."""

from collections.abc import Collection
from datetime import date

import sqlalchemy as sa

from domain.catalogue.definitions import DraftState, ServiceDraft
from store.database import Records, Transaction
from store.database.metadata import table_of

service_drafts_table = table_of(
    ServiceDraft, "service_drafts", sa.Index(None, "service_code", "drafted_at"), sa.Index(None, "state", "publish_on")
)

_T = service_drafts_table.c
_DRAFTS = Records(ServiceDraft, service_drafts_table, "the definition")
add, get, by_ids = _DRAFTS.add, _DRAFTS.get, _DRAFTS.by_ids


async def move_on(tx: Transaction, draft: ServiceDraft, *before: DraftState) -> bool:
    """Keep a definition that was in one of the states before; False where it is not any more."""
    here = (_T.id == draft.id, _T.state.in_([one.value for one in before]))
    statement = sa.update(service_drafts_table).where(*here).values(_DRAFTS.values(tx, draft))
    return (await tx.connection.execute(statement.returning(_T.id))).first() is not None


async def to_be_published(tx: Transaction, day: date, limit: int) -> list[ServiceDraft]:
    """Confirmed definitions whose day has come, the earliest first."""
    due = (_T.state == DraftState.CONFIRMED.value, _T.publish_on <= day)
    statement = sa.select(service_drafts_table).where(*due).order_by(_T.publish_on, _T.id).limit(limit)
    return await _DRAFTS.select_all(tx, statement)


async def latest(tx: Transaction, departments: Collection[str] | None, limit: int) -> list[ServiceDraft]:
    """The latest definitions of departments, of all of them where None."""
    statement = sa.select(service_drafts_table).order_by(_T.drafted_at.desc(), _T.id.desc()).limit(limit)
    if departments is not None:
        statement = statement.where(_T.department.in_(sorted(departments)))
    return await _DRAFTS.select_all(tx, statement)
