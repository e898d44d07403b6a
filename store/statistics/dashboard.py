"""The summary of applications on a citizen's first page, each part in one query."""

from collections.abc import Collection

from sqlalchemy import func, select

from domain.applications.applications import Application
from domain.applications.lifecycle import Status
from store.applications.application_rows import APPLICATIONS, applications_table
from store.applications.shown_status import shown_status
from store.database import Transaction

_T = applications_table.c


async def counts(tx: Transaction, citizen_id: str) -> dict[Status, int]:
    """How many applications the citizen has in each state that they are shown in."""
    shown = select(shown_status().label("status")).where(_T.citizen_id == citizen_id).subquery()
    statement = select(shown.c.status, func.count().label("many")).group_by(shown.c.status)
    return {Status(row.status): int(row.many) for row in (await tx.connection.execute(statement)).all()}


async def in_states(tx: Transaction, citizen_id: str, statuses: Collection[Status], limit: int) -> list[Application]:
    """The citizen's applications in those states, the one that changed longest ago first."""
    wanted = sorted(status.value for status in statuses)
    statement = select(applications_table).where(_T.citizen_id == citizen_id, _T.status.in_(wanted))
    return await APPLICATIONS.select_all(tx, statement.order_by(_T.updated_at, _T.id).limit(limit))


async def next_due(tx: Transaction, citizen_id: str, statuses: Collection[Status], limit: int) -> list[Application]:
    """The citizen's applications in those states that have a due date, the soonest first."""
    wanted = sorted(status.value for status in statuses)
    statement = select(applications_table).where(
        _T.citizen_id == citizen_id, _T.status.in_(wanted), _T.due_at.is_not(None)
    )
    return await APPLICATIONS.select_all(tx, statement.order_by(_T.due_at, _T.id).limit(limit))


async def latest(tx: Transaction, citizen_id: str, limit: int) -> list[Application]:
    """The citizen's applications, the one that changed last first."""
    statement = select(applications_table).where(_T.citizen_id == citizen_id)
    return await APPLICATIONS.select_all(tx, statement.order_by(_T.updated_at.desc(), _T.id.desc()).limit(limit))
