"""Named locks that exclude concurrent transactions and end with the transaction."""

from sqlalchemy import func, literal, select

from store.database.engine import Transaction


async def lock_exclusive(tx: Transaction, *names: str) -> None:
    """Wait until no other write transaction holds the same name.

    On SQLite there is only one write transaction, so there is nothing to wait for.
    """
    if tx.writable and tx.dialect == "postgresql":
        name = literal(":".join(names))
        await tx.connection.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(name, 0))))


async def lock_shared(tx: Transaction, *names: str) -> None:
    """Wait until no other write transaction holds the same name; others may share it, and nobody may hold it."""
    if tx.writable and tx.dialect == "postgresql":
        name = literal(":".join(names))
        await tx.connection.execute(select(func.pg_advisory_xact_lock_shared(func.hashtextextended(name, 0))))
