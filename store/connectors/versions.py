"""Versions of connectors: proposed, approved, refused or withdrawn; those in force rarely change and are kept."""

from collections.abc import Collection, Mapping

import sqlalchemy as sa

from domain.connectors import ConnectorVersion, ConnectorVersionState
from store.database import Board, Records, Transaction, raise_version, read_kept
from store.database.metadata import table_of
from store.database.types import Instant, Key

_RENAMED = {"confirmed_by": "answered_by", "confirmed_at": "answered_at"}
"""Columns that are older than the name that all proposals have for a second person's answer."""

connector_versions_table = table_of(
    ConnectorVersion,
    "connector_versions",
    sa.Column("content", sa.Text, nullable=False),
    sa.Column("answered_by", Key),
    sa.Column("answered_at", Instant),
    sa.UniqueConstraint("name", "version"),
    sa.Index(None, "state", "name"),
    sa.Index(None, "proposed_at"),
    apart=_RENAMED,
)

_T = connector_versions_table.c
_VERSIONS = Records(ConnectorVersion, connector_versions_table, "the connector", renamed=_RENAMED)
add, get = _VERSIONS.add, _VERSIONS.get
_STEPS = ("state", "answered_by", "answered_at", "withdrawn_by", "withdrawn_at")
"""The columns that change. Name, number, bytes and hash never do."""


async def move_on(tx: Transaction, version: ConnectorVersion, before: ConnectorVersionState) -> bool:
    """Keep the next state of a version; False where it is not in the state before any more."""
    await raise_version(tx, Board.CATALOGUE)  # with which processes keep the versions in force
    values = _VERSIONS.values(tx, version)
    here = (_T.id == version.id, _T.state == before.value)
    changed = sa.update(connector_versions_table).where(*here).values({name: values[name] for name in _STEPS})
    return (await tx.connection.execute(changed.returning(_T.id))).first() is not None


async def of_name(tx: Transaction, name: str) -> list[ConnectorVersion]:
    """Every version of a connector, the highest number first."""
    rows = sa.select(connector_versions_table).where(_T.name == name).order_by(_T.version.desc())
    return await _VERSIONS.select_all(tx, rows)


async def in_force(tx: Transaction) -> Mapping[str, ConnectorVersion]:
    """The version in force of each connector by its name; of another process's change within a second."""

    async def read() -> Mapping[str, ConnectorVersion]:
        approved = _T.state == ConnectorVersionState.APPROVED.value
        rows = sa.select(connector_versions_table).where(approved).order_by(_T.name, _T.version)
        return {one.name: one for one in await _VERSIONS.select_all(tx, rows)}

    return await read_kept(tx, (in_force,), read)


async def latest(tx: Transaction, departments: Collection[str] | None, limit: int) -> list[ConnectorVersion]:
    """The latest versions of departments, of all connectors where None."""
    rows = sa.select(connector_versions_table).order_by(_T.proposed_at.desc(), _T.id.desc()).limit(limit)
    if departments is not None:
        rows = rows.where(_T.department.in_(sorted(departments)))
    return await _VERSIONS.select_all(tx, rows)
