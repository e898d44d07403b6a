"""Records which sets of demo data were seeded, so that seeding runs once."""

from sqlalchemy import Column, Table, select

from store.database import Instant, Key, Transaction, first_row, insert_new
from store.database.metadata import metadata

seeds_table = Table("seeds", metadata, Column("id", Key, primary_key=True), Column("at", Instant, nullable=False))


async def is_seeded(tx: Transaction, seed_id: str) -> bool:
    """Whether the seed was sown."""
    return await first_row(tx, select(seeds_table.c.id).where(seeds_table.c.id == seed_id)) is not None


async def mark(tx: Transaction, seed_id: str) -> bool:
    """Note that the seed is sown; False where it was already."""
    return await insert_new(tx, seeds_table, {"id": seed_id, "at": tx.clock.now()})
