"""Providers' tokens of sign-ins, sealed, and stored until the sign-in can no longer be ended at the provider."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Boolean, Column, ForeignKey, LargeBinary, Table, delete, select, update

from domain.kernel import PersonKind, Provider
from store.database import Instant, Key, Transaction, cell_name, first_row, insert_new, rows_of
from store.database.metadata import metadata
from store.identity.sessions import sessions_table

session_tokens_table = Table(
    "session_tokens",
    metadata,
    Column("session_id", Key, ForeignKey("sessions.id", ondelete="CASCADE"), primary_key=True),
    Column("tokens", LargeBinary, nullable=False),
    Column("serves_locker", Boolean, nullable=False),
    Column("until", Instant, nullable=False),
)

_T, _S = session_tokens_table.c, sessions_table.c


@dataclass(frozen=True, slots=True)
class SessionToken:
    """A token of a provider. Where it `serves_locker` it goes with that consent, not with the session."""

    session_id: str
    provider: Provider
    token: str = field(repr=False)
    serves_locker: bool


async def add(tx: Transaction, session_id: str, token: str, *, serves_locker: bool, until: datetime) -> None:
    """Keep the token of a new session."""
    values = {
        "session_id": session_id,
        "tokens": tx.cipher.encrypt_json({"token": token}, cell_name(_T.tokens, session_id)),
        "serves_locker": serves_locker,
        "until": until,
    }
    await insert_new(tx, session_tokens_table, values)


async def get(tx: Transaction, session_id: str) -> SessionToken | None:
    """The token of a session; None where there is none, or it went with an erasure."""
    joined = select(session_tokens_table, _S.provider).join(sessions_table, _S.id == _T.session_id)
    row = await first_row(tx, joined.where(_T.session_id == session_id))
    if row is None:
        return None
    token = tx.cipher.decrypt_json(row.tokens, cell_name(_T.tokens, session_id)).get("token")
    return SessionToken(session_id, Provider(row.provider), token, row.serves_locker) if token else None


async def kept_for(tx: Transaction, session_ids: Iterable[str]) -> list[str]:
    """Those of the sessions whose token is kept, and ends with them."""
    statement = select(_T.session_id).where(_T.serves_locker.is_(False)).order_by(_T.session_id)
    return [row.session_id for row in await rows_of(tx, statement, _T.session_id, session_ids)]


async def locker_is_anothers(tx: Transaction, citizen_id: str) -> list[str]:
    """Note that none of a citizen's tokens so far serves the locker: another sign-in's does.

    Gives those of the sessions that are over, whose tokens nothing keeps any more.
    """
    hers = select(_S.id).where(_S.kind == PersonKind.CITIZEN.value, _S.person_id == citizen_id)
    statement = update(session_tokens_table).where(_T.session_id.in_(hers), _T.serves_locker.is_(True))
    freed = (await tx.connection.execute(statement.values(serves_locker=False).returning(_T.session_id))).scalars()
    over = select(_S.id).where(_S.revoked_at.is_not(None)).order_by(_S.id)
    return [row.id for row in await rows_of(tx, over, _S.id, freed.all())]


async def forget(tx: Transaction, session_id: str) -> None:
    """Delete the token of a session."""
    await tx.connection.execute(delete(session_tokens_table).where(_T.session_id == session_id))


async def forget_expired(tx: Transaction) -> None:
    """Delete the tokens of sessions that could not be refreshed any more."""
    await tx.connection.execute(delete(session_tokens_table).where(_T.until < tx.clock.now()))
