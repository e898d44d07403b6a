"""Additional accounts with which an officer signs in, besides the official e-mail on the register."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Column, ForeignKey, Index, Table, delete, select

from domain.kernel import Officer, PersonKind, Provider
from store.database import AlreadyThere, Instant, Key, Transaction, first_row, group_rows, insert_new
from store.database.metadata import metadata
from store.identity import people
from store.identity.identities import remove_identity
from store.identity.people import officers_table

officer_accounts_table = Table(
    "officer_accounts",
    metadata,
    Column("email", Key, primary_key=True),
    Column("officer_id", Key, ForeignKey("officers.officer_id"), nullable=False),
    Column("added_at", Instant, nullable=False),
    Index(None, "officer_id"),
)

_T = officer_accounts_table.c


async def add(tx: Transaction, officer_id: str, email: str, at: datetime) -> None:
    """Enter a further account. Raises AlreadyThere where an officer has that address, in whatever case."""
    written = _normalize_email(email)
    on_register = await first_row(tx, select(officers_table.c.officer_id).where(officers_table.c.email == written))
    values = {"email": written, "officer_id": officer_id, "added_at": at}
    if on_register is not None or not await insert_new(tx, officer_accounts_table, values):
        raise AlreadyThere("the account")


async def remove(tx: Transaction, officer_id: str, email: str) -> bool:
    """Remove an account of the officer, and unlink it; False where there is none under that address."""
    mine = delete(officer_accounts_table).where(_T.officer_id == officer_id, _T.email == _normalize_email(email))
    if (await tx.connection.execute(mine.returning(_T.email))).first() is None:
        return False
    await remove_identity(tx, Provider.PARICHAY, _normalize_email(email), PersonKind.OFFICER, officer_id)
    return True


async def officer_of(tx: Transaction, email: str) -> Officer | None:
    """The officer with that address: the one of the register first, else one to whom it was added."""
    registered = await people.officer_by_email(tx, email)
    if registered is not None:
        return registered
    row = await first_row(tx, select(_T.officer_id).where(_T.email == _normalize_email(email)))
    return None if row is None else (await people.officers(tx, [row.officer_id])).get(row.officer_id)


async def of_officers(tx: Transaction, ids: Iterable[str]) -> dict[str, list[str]]:
    """The further addresses of officers, by officer; those without any are left out."""
    statement = select(officer_accounts_table).order_by(_T.officer_id, _T.email)
    return await group_rows(tx, statement, _T.officer_id, ids, lambda row: row.email)


def _normalize_email(email: str) -> str:
    return email.strip().lower()
