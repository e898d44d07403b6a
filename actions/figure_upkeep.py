"""Counting figures anew: by command, and once for a store whose applications are older than its counters."""

from domain.people import SYSTEM
from domain.policy import ObjectKind, Purpose
from store import audit, figure_recount, seeds
from store.engine import Store, Transaction

COUNTED = "figures-counted"
"""The mark of a store whose applications were all counted; without it the worker counts them when it starts."""


async def rebuild(store: Store, by: str = SYSTEM.label) -> int:
    """Count every application and grievance anew; gives the number of sums that are kept.

    Steps that would count wait meanwhile, on PostgreSQL for at most its lock timeout; so do it at a quiet hour.
    """

    async def work(tx: Transaction) -> int:
        return await _counted_anew(tx, by)

    return await store.carry_out(work)


async def count_once(store: Store) -> int | None:
    """Count everything where it never was; gives the number of sums, or None where it was done before."""
    async with store.reading() as tx:
        if await seeds.seeded(tx, COUNTED):
            return None

    async def work(tx: Transaction) -> int | None:
        return await _counted_anew(tx, SYSTEM.label) if await seeds.mark(tx, COUNTED) else None

    return await store.carry_out(work)


async def _counted_anew(tx: Transaction, by: str) -> int:
    await seeds.mark(tx, COUNTED)
    many = await figure_recount.rebuild(tx)
    line = audit.AuditLine(by, "figures.rebuild", ObjectKind.COUNTS.value, None, Purpose.OPERATE.value, {"sums": many})
    await audit.append(tx, line)
    return many
