"""Kill switches for systems and mutations, with a version number that grows with every change.

Each process asks for the numbers of changes twice a second, and for the switches only when theirs has grown.
"""

from datetime import datetime

from sqlalchemy import Column, Text, delete, select

from domain.platform.switches import Switch, SwitchKind
from store.database import Board, Key, Records, Transaction, all_versions, raise_version
from store.database.metadata import table_of

switches_table = table_of(
    Switch,
    "switches",
    Column("kind", Key, primary_key=True),
    Column("name", Key, primary_key=True),
    Column("reason", Text, nullable=False),
)

_S = switches_table.c
_SWITCHES = Records(Switch, switches_table, "the switch")


async def version(tx: Transaction) -> int:
    """The number of changes so far."""
    return (await all_versions(tx)).get(Board.SWITCHES, 0)


async def all_switches(tx: Transaction) -> list[Switch]:
    """Every switch that was ever set, by kind and name; also those that were set back to ON."""
    return await _SWITCHES.select_all(tx, select(switches_table).order_by(_S.kind, _S.name))


async def find_switch(tx: Transaction, kind: SwitchKind, name: str) -> Switch | None:
    """The switch of a system or mutation, or None where it was never set."""
    return await _SWITCHES.find(tx, _S.kind == kind.value, _S.name == name)


async def drop_before(tx: Transaction, kind: SwitchKind, before: datetime) -> None:
    """Drop the switches of a kind that were set earlier."""
    await tx.connection.execute(delete(switches_table).where(_S.kind == kind.value, _S.set_at < before))


async def save(tx: Transaction, switch: Switch) -> int:
    """Keep a switch and give the new number. Changes wait for one another, so that no number is given twice."""
    grown = await raise_version(tx, Board.SWITCHES)
    await _SWITCHES.upsert(tx, [switch], keys=("kind", "name"))
    return grown
