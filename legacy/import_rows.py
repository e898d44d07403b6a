"""Reads and writes the progress of an import, what it took over, and the applications that wait for their clock."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import sqlalchemy as sa

from domain.applications.lifecycle import ON_THE_CLOCK
from store.applications.application_rows import applications_table
from store.applications.imports import KnownPerson, imports_table, legacy_applications_table, legacy_persons_table
from store.database import AnyRow, Transaction, first_row, rows_of

_I, _L, _A = imports_table.c, legacy_applications_table.c, applications_table.c
_COUNTS = ("bytes_done", "rows_done", "imported", "skipped", "rejected", "rejects_bytes")


@dataclass(frozen=True, slots=True)
class Bookmark:
    """How far an import of one file has come.

    `bytes_done` is where the next row begins, `rejects_bytes` the length of the list of rejects up to there.
    """

    id: str
    source_digest: str
    bytes_done: int = 0
    rows_done: int = 0
    imported: int = 0
    skipped: int = 0
    rejected: int = 0
    rejects_bytes: int = 0


@dataclass(frozen=True, slots=True)
class TakenOver:
    """One application of an import, to be written down."""

    application_id: str
    citizen_id: str
    content: str
    steps: int
    held: bool


@dataclass(frozen=True, slots=True)
class HeldCounts:
    """How many open applications wait for their clock, and how many of them are beyond their due instant."""

    held: int
    overdue: int


async def unfinished_import(tx: Transaction, source_digest: str) -> Bookmark | None:
    """The bookmark of an import of this very file that has not come to its end; None where there is none."""
    statement = sa.select(imports_table).where(_I.source_digest == source_digest, _I.finished_at.is_(None))
    row = await first_row(tx, statement.order_by(_I.started_at.desc()).limit(1))
    return None if row is None else _bookmark(row)


async def begin(tx: Transaction, bookmark: Bookmark) -> None:
    """Note a new import."""
    now = tx.clock.now()
    counts = {name: getattr(bookmark, name) for name in _COUNTS}
    values = {
        "id": bookmark.id,
        "source_digest": bookmark.source_digest,
        "started_at": now,
        "updated_at": now,
        **counts,
    }
    await tx.connection.execute(sa.insert(imports_table).values(values))


async def move_on(tx: Transaction, before: Bookmark, after: Bookmark, *, finished: bool) -> bool:
    """Set the bookmark in the transaction of a batch; False where another process has moved it since."""
    now = tx.clock.now()
    values = {name: getattr(after, name) for name in _COUNTS}
    statement = (
        sa.update(imports_table)
        .where(_I.id == before.id, _I.rows_done == before.rows_done, _I.finished_at.is_(None))
        .values(**values, updated_at=now, finished_at=now if finished else None)
    )
    return (await tx.connection.execute(statement.returning(_I.id))).first() is not None


async def contents(tx: Transaction, application_ids: Iterable[str]) -> dict[str, str]:
    """The blind index of what each application was taken over with, by application id; empty for an erased one."""
    chosen = sa.select(_L.application_id, _L.content_index)
    rows = await rows_of(tx, chosen, _L.application_id, application_ids)
    return {row.application_id: row.content_index for row in rows}


async def add(tx: Transaction, import_id: str, taken: Sequence[TakenOver]) -> None:
    """Write down what came from an import; raises AlreadyThere for an application that is there."""
    now = tx.clock.now()
    rows = [
        {
            "application_id": one.application_id,
            "citizen_id": one.citizen_id,
            "import_id": import_id,
            "content_index": one.content,
            "steps": one.steps,
            "held": one.held,
            "imported_at": now,
        }
        for one in taken
    ]
    if rows:
        await tx.connection.execute(sa.insert(legacy_applications_table), rows)


async def add_persons(tx: Transaction, found: Mapping[str, KnownPerson]) -> None:
    """Note which record a sign of a person leads to."""
    rows = [
        {"person_index": index, "citizen_id": one.citizen_id, "born_index": one.born_index}
        for index, one in found.items()
    ]
    if rows:
        await tx.connection.execute(sa.insert(legacy_persons_table), rows)


async def count_held(tx: Transaction, now: datetime) -> HeldCounts:
    """How many applications are held, and how many of them file an appeal as soon as they are let go."""
    on_clock = [status.value for status in ON_THE_CLOCK]
    held = sa.select(sa.func.count()).select_from(legacy_applications_table).where(_L.held.is_(True))
    over = held.join(applications_table, _A.id == _L.application_id).where(
        _A.status.in_(on_clock), _A.paused_since.is_(None), _A.due_at < now
    )
    counts = [int((await tx.connection.execute(statement)).scalar_one()) for statement in (held, over)]
    return HeldCounts(*counts)


async def held_applications(tx: Transaction, limit: int) -> list[str]:
    """Some of the applications that are held, by id."""
    statement = sa.select(_L.application_id).where(_L.held.is_(True)).order_by(_L.application_id).limit(limit)
    return [str(row.application_id) for row in (await tx.connection.execute(statement)).all()]


async def release_held(tx: Transaction, application_ids: Sequence[str]) -> None:
    """End the holding of some applications."""
    chosen = sa.update(legacy_applications_table).where(_L.application_id.in_(application_ids))
    await tx.connection.execute(chosen.values(held=False))


def add_counts(bookmark: Bookmark, *, imported: int, skipped: int, rejected: int) -> Bookmark:
    """The bookmark with the counts of one more batch."""
    return replace(
        bookmark,
        imported=bookmark.imported + imported,
        skipped=bookmark.skipped + skipped,
        rejected=bookmark.rejected + rejected,
    )


def _bookmark(row: AnyRow) -> Bookmark:
    return Bookmark(row.id, row.source_digest, **{name: getattr(row, name) for name in _COUNTS})
