"""Kill switches for systems and mutations, with a version number that grows with every change.

Each process asks for the number each second, which reads one row, and for the switches only when it has grown.
"""

from sqlalchemy import BigInteger, Column, Table, Text, select

from domain.platform.switches import Switch, SwitchKind
from store.database import Instant, Key, Records, Transaction, first_row, insert_into
from store.database.metadata import metadata

switches_table = Table(
    "switches",
    metadata,
    Column("kind", Key, primary_key=True),
    Column("name", Key, primary_key=True),
    Column("state", Key, nullable=False),
    Column("reason", Text, nullable=False),
    Column("set_by", Key, nullable=False),
    Column("set_at", Instant, nullable=False),
    Column("until", Instant),
)

switch_version_table = Table(
    "switch_version",
    metadata,
    Column("board", Key, primary_key=True),
    Column("version", BigInteger, nullable=False),
)

BOARD = "switches"
"""The key of the one row that holds the number."""

_S, _V = switches_table.c, switch_version_table.c
_SWITCHES = Records(Switch, switches_table, "the switch")


async def version(tx: Transaction) -> int:
    """The number of changes so far."""
    row = await first_row(tx, select(_V.version).where(_V.board == BOARD))
    return row.version if row else 0


async def all_switches(tx: Transaction) -> list[Switch]:
    """Every switch that was ever set, by kind and name; also those that were set back to ON."""
    return await _SWITCHES.select_all(tx, select(switches_table).order_by(_S.kind, _S.name))


async def find_switch(tx: Transaction, kind: SwitchKind, name: str) -> Switch | None:
    """The switch of a system or mutation, or None where it was never set."""
    return await _SWITCHES.find(tx, _S.kind == kind.value, _S.name == name)


async def save(tx: Transaction, switch: Switch) -> int:
    """Keep a switch and give the new number. Changes wait for one another, so that no number is given twice."""
    growing = insert_into(tx, switch_version_table).values(board=BOARD, version=1)
    growing = growing.on_conflict_do_update(index_elements=("board",), set_={"version": _V.version + 1})
    grown: int = (await tx.connection.execute(growing.returning(_V.version))).scalar_one()
    await _SWITCHES.upsert(tx, [switch], keys=("kind", "name"))
    return grown
