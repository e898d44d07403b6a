"""Sessions: the signed-in person, the assurance level and the expiry."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Index, Select, bindparam, delete, func, select, update

from domain.kernel import Language, PersonKind, Provider
from store.database import Records, Transaction, first_row, rows_of
from store.database.metadata import table_of
from store.identity.people import citizens_table


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
_JOINED = citizens_table.alias("joined")


_SESSIONS = Records(Session, sessions_table, "the session")
add_session = _SESSIONS.add
session = _SESSIONS.get
"""The session, also where it has expired or was revoked: the caller judges."""


async def session_and_language(tx: Transaction, session_id: str) -> tuple[Session, Language | None] | None:
    """The session as `session` gives it, with the language that its person has saved, where that is a citizen."""
    row = await first_row(tx, _one_with_language(), session=session_id)
    return None if row is None else (_SESSIONS.read(tx, row), Language(row.language) if row.language else None)


async def holding_sessions(tx: Transaction, session_ids: Iterable[str]) -> dict[str, Language | None]:
    """Those of the sessions that hold, not revoked and not expired, with the languages. One query for many."""
    table = sessions_table
    holding = _with_language(table.c.id).where(table.c.revoked_at.is_(None), table.c.expires_at > tx.clock.now())
    rows = await rows_of(tx, holding, table.c.id, set(session_ids))
    return {row.id: Language(row.language) if row.language else None for row in rows}


@cache
def _one_with_language() -> Select[Any]:
    which = sessions_table.c.id == bindparam("session", None, sessions_table.c.id.type)
    return _with_language(*sessions_table.c).where(which)


def _with_language(*columns: ColumnElement[Any]) -> Select[Any]:
    """Sessions with the `language` of the citizen; of a record that was joined into another, that of the other."""
    own, other = citizens_table, _JOINED
    language = func.coalesce(other.c.language, own.c.language).label("language")
    named = sessions_table.outerjoin(own, own.c.citizen_id == sessions_table.c.person_id)
    return select(*columns, language).select_from(named.outerjoin(other, other.c.citizen_id == own.c.alias_of))


async def revoke_session(tx: Transaction, session_id: str, at: datetime) -> None:
    """End a session; the first revocation is kept."""
    table = sessions_table
    tx.outdate(session_id)
    await tx.connection.execute(
        update(table).where(table.c.id == session_id, table.c.revoked_at.is_(None)).values(revoked_at=at)
    )


async def forget_before(tx: Transaction, moment: datetime) -> None:
    """Delete sessions that ended before a moment; how long they are kept is a setting that names its rule."""
    await tx.connection.execute(delete(sessions_table).where(sessions_table.c.expires_at < moment))
