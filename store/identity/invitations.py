"""One-time links by which an officer's account at the provider is tied to her entry on the register."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Column, ForeignKey, Index, LargeBinary, delete, select, update

from store.database import Key, Records, Transaction
from store.database.metadata import table_of


@dataclass(frozen=True, slots=True)
class Invitation:
    """A link: `id` is the hash of its `token`, which is sealed so that whoever ordered it can see it until it is used.

    `made_by` is the administrator who ordered it; None for a command on the host.
    """

    id: str
    officer_id: str
    token: str = field(repr=False)
    made_by: str | None
    made_at: datetime
    expires_at: datetime
    used_at: datetime | None = None


invitations_table = table_of(
    Invitation,
    "invitations",
    Column("officer_id", Key, ForeignKey("officers.officer_id", ondelete="CASCADE"), nullable=False),
    Column("token", LargeBinary, nullable=False),
    Index(None, "officer_id"),
)

_T = invitations_table.c
_INVITATIONS = Records(Invitation, invitations_table, "the invitation")
get = _INVITATIONS.get


async def add(tx: Transaction, invitation: Invitation) -> None:
    """Keep a link; one that the officer had before opens nothing any more."""
    mine = (_T.officer_id == invitation.officer_id, _T.used_at.is_(None))
    await tx.connection.execute(delete(invitations_table).where(*mine))
    await _INVITATIONS.add(tx, invitation)


async def use(tx: Transaction, invitation_id: str) -> bool:
    """Note that a link was used; False where it was used before or another one took its place."""
    unused = update(invitations_table).where(_T.id == invitation_id, _T.used_at.is_(None))
    return (await tx.connection.execute(unused.values(used_at=tx.clock.now()).returning(_T.id))).first() is not None


async def unused_links(tx: Transaction, officer_id: str | None = None) -> Sequence[Invitation]:
    """The links that nobody used yet, also those that have expired; of one officer, or of all."""
    mine = () if officer_id is None else (_T.officer_id == officer_id,)
    return await _INVITATIONS.select_all(tx, select(invitations_table).where(_T.used_at.is_(None), *mine))
