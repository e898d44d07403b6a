"""Account links in progress: started, proven at the provider, then confirmed by a code."""

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

from sqlalchemy import Column, Index, LargeBinary, delete, update

from domain.kernel import Provider
from store.database import AnyRow, Instant, Key, Records, Transaction, cell_name
from store.database.metadata import table_of


@dataclass(frozen=True, slots=True)
class AccountLink:
    """A link under way. `subject` and `assurance` are known once the provider vouched for the account."""

    id: str
    citizen_id: str
    provider: Provider
    subject: str | None
    assurance: str | None
    expires_at: datetime
    browser_hash: str | None = None
    """Of the secret of the one browser that may go on with it."""


links_table = table_of(
    AccountLink,
    "account_links",
    Column("ticket_hash", Key, nullable=False),
    Column("proven", LargeBinary),
    Column("created_at", Instant, nullable=False),
    Index(None, "citizen_id", "created_at"),
    Index(None, "ticket_hash"),
    Index(None, "expires_at"),
    apart=("subject", "assurance"),
)

_T = links_table.c


def _outcome(tx: Transaction, row: AnyRow) -> dict[str, Any]:
    proven = tx.cipher.decrypt_json(row.proven, cell_name(_T.proven, row.id)) if row.proven else {}
    return {name: proven.get(name) for name in ("subject", "assurance")}


_LINKS = Records(AccountLink, links_table, "the link", apart=("subject", "assurance"), read=_outcome)


async def begin(tx: Transaction, link: AccountLink, ticket: str) -> None:
    """Keep a link that begins; one that was begun before ends. The ticket itself is kept as a hash."""
    await tx.connection.execute(delete(links_table).where(_T.citizen_id == link.citizen_id))
    await _LINKS.insert(tx, link, ticket_hash=_hash(ticket), created_at=tx.clock.now())


async def by_ticket(tx: Transaction, ticket: str, browser_hash: str) -> AccountLink | None:
    """The link of a ticket, bound to one browser and the ticket used up; None where there is none, or it is over."""
    spent = update(links_table).where(_T.ticket_hash == _hash(ticket), _T.expires_at > tx.clock.now())
    taken = spent.values(ticket_hash="", browser_hash=browser_hash).returning(links_table)
    row = (await tx.connection.execute(taken)).first()
    return None if row is None else _LINKS.read(tx, row)


async def get(tx: Transaction, link_id: str) -> AccountLink | None:
    """A link by its id; None where there is none or its time is over."""
    return await _LINKS.find(tx, _T.id == link_id, _T.expires_at > tx.clock.now())


async def prove(tx: Transaction, link_id: str, subject: str, assurance: str) -> None:
    """Note for whom the provider vouched."""
    sealed = tx.cipher.encrypt_json({"subject": subject, "assurance": assurance}, cell_name(_T.proven, link_id))
    await tx.connection.execute(update(links_table).where(_T.id == link_id).values(proven=sealed))


async def finish(tx: Transaction, link_id: str) -> None:
    """Forget a link that is done or given up."""
    await tx.connection.execute(delete(links_table).where(_T.id == link_id))


async def forget_expired(tx: Transaction) -> None:
    """Forget links that nobody came back for."""
    await tx.connection.execute(delete(links_table).where(_T.expires_at <= tx.clock.now()))


def _hash(ticket: str) -> str:
    return sha256(ticket.encode()).hexdigest()
