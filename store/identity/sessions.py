"""Sessions: the signed-in person, the assurance level and the expiry."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Index, delete, select, update

from domain.kernel import PersonKind, Provider
from store.database import Records, Transaction, rows_of
from store.database.metadata import table_of


@dataclass(frozen=True, slots=True)
class Session:
    """A session; `on_behalf_of` is the citizen whom an operator assists."""

    id: str
    kind: PersonKind
    person_id: str
    provider: Provider
    assurance: str
    on_behalf_of: str | None
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None = None


sessions_table = table_of(Session, "sessions", Index(None, "person_id"))


_SESSIONS = Records(Session, sessions_table, "the session")
add_session = _SESSIONS.add
session = _SESSIONS.get
"""The session, also where it has expired or was revoked: the caller judges."""


async def ended_sessions(tx: Transaction, session_ids: Iterable[str]) -> set[str]:
    """Those of the sessions that hold no more: revoked, expired, or not there. One query for many."""
    asked, table = set(session_ids), sessions_table
    holding = select(table.c.id).where(table.c.revoked_at.is_(None), table.c.expires_at > tx.clock.now())
    return asked - {row.id for row in await rows_of(tx, holding, table.c.id, asked)}


async def revoke_session(tx: Transaction, session_id: str, at: datetime) -> None:
    """End a session; the first revocation is kept."""
    table = sessions_table
    await tx.connection.execute(
        update(table).where(table.c.id == session_id, table.c.revoked_at.is_(None)).values(revoked_at=at)
    )


async def forget_before(tx: Transaction, moment: datetime) -> None:
    """Delete sessions that ended before a moment; how long they are kept is a setting that names its rule."""
    await tx.connection.execute(delete(sessions_table).where(sessions_table.c.expires_at < moment))
