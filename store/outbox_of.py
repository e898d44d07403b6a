"""What of one application is still on its way to the outside."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, or_, select

from store.engine import Transaction
from store.outbox import OutboxState, outbox_table
from store.timeline import documents_table

_T = outbox_table.c


@dataclass(frozen=True, slots=True)
class Errand:
    """A message's way to the outside: `error_code` is why it is not there yet, where it was tried or put off."""

    topic: str
    state: OutboxState
    due_at: datetime
    error_code: str | None


async def errands(tx: Transaction, application_id: str, topics: Collection[str]) -> list[Errand]:
    """The messages of these topics about an application or about one of its documents, the oldest first.

    Their payloads are not opened.
    """
    papers = select(documents_table.c.id).where(documents_table.c.application_id == application_id)
    statement = (
        select(_T.topic, _T.state, _T.due_at, _T.error_code)
        .where(
            or_(
                and_(_T.application_id == application_id, _T.topic.in_(topics)),
                and_(_T.topic.in_(topics), _T.key.in_(papers)),
            )
        )
        .order_by(_T.id)
    )
    rows = (await tx.connection.execute(statement)).all()
    return [Errand(row.topic, OutboxState(row.state), row.due_at, row.error_code) for row in rows]
