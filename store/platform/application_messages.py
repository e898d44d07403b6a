"""Outbox messages of one application that are not delivered yet."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Select, and_, bindparam, or_, select

from store.applications.timeline import documents_table
from store.database import Key, Transaction, fetch_rows
from store.platform.outbox import OutboxState, outbox_table

_T, _D = outbox_table.c, documents_table.c


@dataclass(frozen=True, slots=True)
class Errand:
    """A message's way to the outside: `error_code` is why it is not there yet, where it was tried or put off.

    `unseen` where it is about a paper whose source was away when it was attached, and has not been seen there since.
    """

    topic: str
    state: OutboxState
    due_at: datetime
    error_code: str | None
    unseen: bool = False


async def errands(tx: Transaction, application_id: str, topics: Collection[str]) -> list[Errand]:
    """The messages of these topics about an application or about one of its documents, the oldest first.

    Their payloads are not opened.
    """
    rows = await fetch_rows(tx, _errands(len(topics)), application=application_id, topics=list(topics))
    return [Errand(row.topic, OutboxState(row.state), row.due_at, row.error_code, bool(row.unseen)) for row in rows]


@cache
def _errands(topics: int) -> Select[Any]:
    application = bindparam("application", None, Key)
    of_topics = _T.topic.in_(bindparam("topics", [None] * topics, Key, expanding=True))
    papers = select(_D.id).where(_D.application_id == application)
    unseen = and_(_D.id.is_not(None), _D.verified_at.is_(None))
    return (
        select(_T.topic, _T.state, _T.due_at, _T.error_code, unseen.label("unseen"))
        .outerjoin(documents_table, and_(_D.id == _T.key, _D.application_id == application))
        .where(or_(and_(_T.application_id == application, of_topics), and_(of_topics, _T.key.in_(papers))))
        .order_by(_T.id)
    )
