"""Recoveries of payments that were not due, and their repayments."""

from sqlalchemy import Column, ForeignKey, Index, UniqueConstraint, update

from domain.benefits.recoveries import Recovery, RecoveryPart, RecoveryState
from store.database import Key, Records, Serial, Transaction, require_there
from store.database.metadata import table_of

recoveries_table = table_of(
    Recovery, "recoveries", UniqueConstraint("sanction_id", "number"), Index(None, "citizen_id")
)

recovery_parts_table = table_of(
    RecoveryPart,
    "recovery_parts",
    Column("id", Serial, primary_key=True),
    Column("recovery_id", Key, ForeignKey("recoveries.id"), nullable=False),
    UniqueConstraint("recovery_id", "reference"),
    Index(None, "citizen_id"),
    sqlite_autoincrement=True,
)


_RECOVERIES = Records(Recovery, recoveries_table, "the recovery")
add = _RECOVERIES.add
"""Keep a new recovery. Raises AlreadyThere for its place in the sanction."""
of_sanctions = _RECOVERIES.groups_reader_by(
    recoveries_table.c.sanction_id, recoveries_table.c.sanction_id, recoveries_table.c.number
)
"""The recoveries of each sanction in their order; a sanction without any is left out."""

_PARTS = Records(RecoveryPart, recovery_parts_table, "the part")
parts = _PARTS.groups_reader_by(recovery_parts_table.c.recovery_id, recovery_parts_table.c.id)
"""What came back of each recovery, the earliest first."""


async def get(tx: Transaction, recovery_id: str) -> Recovery | None:
    """The recovery with an id, or None; its row is locked."""
    return await _RECOVERIES.find(tx, recoveries_table.c.id == recovery_id, lock=True)


async def add_part(tx: Transaction, part: RecoveryPart) -> bool:
    """Note a part that came back, and with the last one that all has; False where that reference was noted before.

    Raises NotThere, and ValueError where more comes back than is outstanding.
    """
    recovery = require_there(await get(tx, part.recovery_id), "the recovery")
    if not await _PARTS.insert(tx, part):
        return False
    if not 0 < part.amount_paise <= recovery.outstanding_paise:
        raise ValueError("a part must be more than nothing and no more than is outstanding")
    come = recovery.recovered_paise + part.amount_paise
    state = RecoveryState.RECOVERED if come == recovery.amount_paise else recovery.state
    await _change(tx, part.recovery_id, recovered_paise=come, state=state.value)
    return True


async def set_state(tx: Transaction, recovery_id: str, state: RecoveryState) -> None:
    """Note how far a recovery has come."""
    await _change(tx, recovery_id, state=state.value)


async def _change(tx: Transaction, recovery_id: str, **values: object) -> None:
    table = recoveries_table
    await tx.connection.execute(update(table).where(table.c.id == recovery_id).values(values))
