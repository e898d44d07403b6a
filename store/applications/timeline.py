"""The step-by-step history of applications, and their attached documents."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from domain.applications.applications import AttachedDocument, RejectionGround, TimelineEntry
from domain.applications.lifecycle import Move, Status
from domain.certificates.signatures import SignatureState
from domain.platform.changes import ChangeKind
from store.applications.application_rows import applications_table
from store.database import (
    AlreadyThere,
    AnyRow,
    Instant,
    Json,
    Key,
    NotThere,
    Transaction,
    change_feed,
    first_row,
    group_rows,
    insert_new,
    rows_of,
)
from store.database.metadata import metadata

timeline_table = sa.Table(
    "timeline_entries",
    metadata,
    sa.Column("id", Key, primary_key=True),
    sa.Column("citizen_id", Key, sa.ForeignKey("citizens.citizen_id"), nullable=False),
    sa.Column("application_id", Key, sa.ForeignKey("applications.id"), nullable=False),
    sa.Column("sequence", sa.Integer, nullable=False),
    sa.Column("move", Key, nullable=False),
    sa.Column("status_before", Key),
    sa.Column("status_after", Key, nullable=False),
    sa.Column("actor_role", Key, nullable=False),
    sa.Column("actor_id", Key),
    sa.Column("ground", Key),
    sa.Column("note", sa.LargeBinary),
    sa.Column("at", Instant, nullable=False),
    sa.Column("documents", Json),
    sa.Column("holder_id", Key),
    sa.UniqueConstraint("application_id", "sequence"),
)

documents_table = sa.Table(
    "application_documents",
    metadata,
    sa.Column("id", Key, primary_key=True),
    sa.Column("citizen_id", Key, sa.ForeignKey("citizens.citizen_id"), nullable=False),
    sa.Column("application_id", Key, sa.ForeignKey("applications.id"), nullable=False),
    sa.Column("key", Key, nullable=False),
    sa.Column("source", Key, nullable=False),
    sa.Column("reference", sa.LargeBinary, nullable=False),
    sa.Column("sha256", Key),
    sa.Column("attached_at", Instant, nullable=False),
    sa.Column("verified_at", Instant),
    sa.Index(None, "application_id"),
)


async def add_entry(tx: Transaction, entry: TimelineEntry) -> None:
    """Add a step; the note is encrypted. Raises AlreadyThere for its sequence, NotThere for its application."""
    if not await insert_new(tx, timeline_table, values_of(tx, entry, await _citizen_of(tx, entry.application_id))):
        raise AlreadyThere("the timeline entry")


async def add_entries(tx: Transaction, entries: Sequence[tuple[TimelineEntry, str]]) -> None:
    """Add steps of many applications at once, each with the applicant's id; raises AlreadyThere as `add_entry`."""
    if entries:
        await tx.connection.execute(sa.insert(timeline_table), [values_of(tx, one, hers) for one, hers in entries])


def values_of(tx: Transaction, entry: TimelineEntry, citizen_id: str) -> dict[str, Any]:
    """The row of a step; the note encrypted."""
    return {
        "id": entry.id,
        "citizen_id": citizen_id,
        "application_id": entry.application_id,
        "sequence": entry.sequence,
        "move": entry.move.value,
        "status_before": entry.before.value if entry.before else None,
        "status_after": entry.after.value,
        "actor_role": entry.actor_role,
        "actor_id": entry.actor_id,
        "ground": entry.ground.value if entry.ground else None,
        "note": None if entry.note is None else tx.cipher.encrypt(entry.note.encode(), _note_place(entry.id)),
        "at": entry.at,
        "documents": list(entry.documents) or None,
        "holder_id": entry.holder_id,
    }


async def timelines(tx: Transaction, application_ids: Iterable[str]) -> dict[str, list[TimelineEntry]]:
    """The steps of each application in their order; an application without steps is left out."""
    statement = sa.select(timeline_table).order_by(timeline_table.c.application_id, timeline_table.c.sequence)
    return await group_rows(
        tx, statement, timeline_table.c.application_id, application_ids, lambda row: _entry(tx, row)
    )


async def workers(tx: Transaction, application_ids: Iterable[str], moves: Collection[Move]) -> dict[str, set[str]]:
    """Who took one of these steps of each application, and who had it after any step."""
    table, wanted = timeline_table, {move.value for move in moves}
    steps = sa.select(table.c.application_id, table.c.move, table.c.actor_id, table.c.holder_id)
    found: dict[str, set[str]] = {}
    for row in await rows_of(tx, steps, table.c.application_id, application_ids):
        named = (row.actor_id if row.move in wanted else None, row.holder_id)
        found.setdefault(row.application_id, set()).update(one for one in named if one is not None)
    return found


async def add_documents(tx: Transaction, application_id: str, attached: Sequence[AttachedDocument]) -> None:
    """Attach papers; their names and addresses are encrypted. Raises NotThere for the application."""
    if not attached:
        return
    citizen_id = await _citizen_of(tx, application_id)
    values = [
        {
            "id": paper.id,
            "citizen_id": citizen_id,
            "application_id": application_id,
            "key": paper.key,
            "source": paper.source,
            "reference": tx.cipher.encrypt_json({"uri": paper.uri, "name": paper.name}, _reference_place(paper.id)),
            "sha256": paper.sha256,
            "attached_at": paper.attached_at,
            "verified_at": paper.verified_at,
        }
        for paper in attached
    ]
    await tx.connection.execute(sa.insert(documents_table), values)


async def documents(tx: Transaction, application_ids: Iterable[str]) -> dict[str, list[AttachedDocument]]:
    """The papers of each application, the oldest first; an application without papers is left out."""
    table = documents_table
    statement = sa.select(table).order_by(table.c.application_id, table.c.attached_at, table.c.id)
    return await group_rows(tx, statement, table.c.application_id, application_ids, lambda row: _document(tx, row))


async def remove_documents(tx: Transaction, application_id: str) -> None:
    """Take all papers from a draft, whose papers are replaced as a whole."""
    await tx.connection.execute(sa.delete(documents_table).where(documents_table.c.application_id == application_id))


async def freeze_document(tx: Transaction, paper: AttachedDocument, sha256: str, signature: SignatureState) -> bool:
    """Bind a paper to the bytes that we keep of it; the first binding is kept. False where it is gone or bound."""
    table = documents_table
    told = {"uri": paper.uri, "name": paper.name, "signature": signature.value}
    values = {"sha256": sha256, "reference": tx.cipher.encrypt_json(told, _reference_place(paper.id))}
    statement = sa.update(table).where(table.c.id == paper.id, table.c.sha256.is_(None)).values(**values)
    changed = (await tx.connection.execute(statement.returning(table.c.application_id))).first()
    if changed is None:
        return False
    await change_feed.touch(tx, ChangeKind.APPLICATION, changed.application_id)
    return True


async def mark_document_verified(tx: Transaction, document_id: str, at: datetime) -> bool:
    """Note when a paper was seen at its source; the first time is kept. False where it is gone or was seen already."""
    table = documents_table
    statement = sa.update(table).where(table.c.id == document_id, table.c.verified_at.is_(None))
    changed = (await tx.connection.execute(statement.values(verified_at=at).returning(table.c.application_id))).first()
    if changed is None:
        return False
    await change_feed.touch(tx, ChangeKind.APPLICATION, changed.application_id)
    return True


async def _citizen_of(tx: Transaction, application_id: str) -> str:
    table = applications_table
    row = await first_row(tx, sa.select(table.c.citizen_id).where(table.c.id == application_id))
    if row is None:
        raise NotThere("the application")
    return str(row.citizen_id)


def _entry(tx: Transaction, row: AnyRow) -> TimelineEntry:
    return TimelineEntry(
        id=row.id,
        application_id=row.application_id,
        sequence=row.sequence,
        move=Move(row.move),
        before=Status(row.status_before) if row.status_before else None,
        after=Status(row.status_after),
        actor_role=row.actor_role,
        actor_id=row.actor_id,
        ground=RejectionGround(row.ground) if row.ground else None,
        note=None if row.note is None else tx.cipher.decrypt(row.note, _note_place(row.id)).decode(),
        at=row.at,
        documents=tuple(row.documents or ()),
        holder_id=row.holder_id,
    )


def _document(tx: Transaction, row: AnyRow) -> AttachedDocument:
    reference: Mapping[str, Any] = tx.cipher.decrypt_json(row.reference, _reference_place(row.id))
    return AttachedDocument(
        id=row.id,
        key=row.key,
        source=row.source,
        uri=reference["uri"],
        name=reference["name"],
        sha256=row.sha256,
        attached_at=row.attached_at,
        verified_at=row.verified_at,
        signature=SignatureState(reference["signature"]) if reference.get("signature") else None,
    )


def _note_place(entry_id: str) -> str:
    return f"timeline_entries:note:{entry_id}"


def _reference_place(document_id: str) -> str:
    return f"application_documents:reference:{document_id}"
