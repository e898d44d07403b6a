"""Imported applications: the tables of imports, their origin, and those that the legal clock skips.

A row of `legacy_applications` says that the first `steps` of an application were taken in the former system: they are
in its timeline and in the figures, and nothing else follows from them. While it is `held` the legal clock's round
passes it by.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import sqlalchemy as sa

from store.database import Instant, Key, Transaction, rows_of
from store.database.metadata import metadata, partial_index

imports_table = sa.Table(
    "legacy_imports",
    metadata,
    sa.Column("id", Key, primary_key=True),
    sa.Column("source_digest", Key, nullable=False),
    sa.Column("bytes_done", sa.BigInteger, nullable=False),
    sa.Column("rows_done", sa.BigInteger, nullable=False),
    sa.Column("imported", sa.BigInteger, nullable=False),
    sa.Column("skipped", sa.BigInteger, nullable=False),
    sa.Column("rejected", sa.BigInteger, nullable=False),
    sa.Column("rejects_bytes", sa.BigInteger, nullable=False),
    sa.Column("started_at", Instant, nullable=False),
    sa.Column("updated_at", Instant, nullable=False),
    sa.Column("finished_at", Instant),
    sa.Index(None, "source_digest"),
)

legacy_applications_table = sa.Table(
    "legacy_applications",
    metadata,
    sa.Column("application_id", Key, sa.ForeignKey("applications.id"), primary_key=True),
    sa.Column("citizen_id", Key, sa.ForeignKey("citizens.citizen_id"), nullable=False),
    sa.Column("import_id", Key, sa.ForeignKey("legacy_imports.id"), nullable=False),
    sa.Column("content_index", Key, nullable=False),
    sa.Column("steps", sa.Integer, nullable=False),
    sa.Column("held", sa.Boolean, nullable=False),
    sa.Column("imported_at", Instant, nullable=False),
    sa.Index(None, "citizen_id"),
    partial_index("ix_legacy_applications_held", "application_id", where="held"),
)

legacy_persons_table = sa.Table(
    "legacy_persons",
    metadata,
    sa.Column("person_index", Key, primary_key=True),
    sa.Column("citizen_id", Key, sa.ForeignKey("citizens.citizen_id"), nullable=False),
    sa.Column("born_index", Key, nullable=False),
    sa.Index(None, "citizen_id"),
)

_L, _P = legacy_applications_table.c, legacy_persons_table.c


@dataclass(frozen=True, slots=True)
class KnownPerson:
    """Whose record a sign of a person leads to, and by which date of birth it was entered, as a blind index."""

    citizen_id: str
    born_index: str


async def imported_steps(tx: Transaction, application_ids: Iterable[str]) -> dict[str, int]:
    """How many of the first steps of each application were taken in the former system; others are left out.

    What happened there is no e-transaction of this gateway: a count of steps leaves these out.
    """
    chosen = sa.select(_L.application_id, _L.steps)
    return {row.application_id: row.steps for row in await rows_of(tx, chosen, _L.application_id, application_ids)}


async def persons(tx: Transaction, indexes: Iterable[str]) -> dict[str, KnownPerson]:
    """The records that signs of persons lead to, by blind index."""
    rows = await rows_of(tx, sa.select(legacy_persons_table), _P.person_index, indexes)
    return {row.person_index: KnownPerson(row.citizen_id, row.born_index) for row in rows}


def is_held(application_id: sa.ColumnElement[str]) -> sa.ColumnElement[bool]:
    """Whether an application waits for the start of its clock."""
    return sa.exists().where(_L.application_id == application_id, _L.held.is_(True))
