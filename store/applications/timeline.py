"""The step-by-step history of applications, and their attached documents."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from domain.applications.applications import AttachedDocument, TimelineEntry
from domain.applications.lifecycle import Move
from domain.certificates.signatures import PaperJudgement, PdfSignature, SignatureState, SourceCopy
from domain.platform.changes import ChangeKind
from store.applications.application_rows import applications_table
from store.database import AnyRow, Json, Key, NotThere, Records, Transaction, cell_name, change_feed, first_row, rows_of
from store.database.metadata import table_of

timeline_table = table_of(
    TimelineEntry,
    "timeline_entries",
    sa.Column("citizen_id", Key, sa.ForeignKey("citizens.citizen_id"), nullable=False),
    sa.Column("status_before", Key),
    sa.Column("status_after", Key, nullable=False),
    sa.Column("note", sa.LargeBinary),
    sa.Column("documents", Json),
    sa.UniqueConstraint("application_id", "sequence"),
    apart=("before", "after"),
)

documents_table = table_of(
    AttachedDocument,
    "application_documents",
    sa.Column("citizen_id", Key, sa.ForeignKey("citizens.citizen_id"), nullable=False),
    sa.Column("application_id", Key, sa.ForeignKey("applications.id"), nullable=False),
    sa.Column("reference", sa.LargeBinary, nullable=False),
    sa.Index(None, "application_id"),
    apart=("uri", "name", "signature", "judgement"),
)


ENTRIES = Records(
    TimelineEntry, timeline_table, "the timeline entry", renamed={"before": "status_before", "after": "status_after"}
)
timelines = ENTRIES.groups_reader_by(
    timeline_table.c.application_id, timeline_table.c.application_id, timeline_table.c.sequence
)
"""The steps of each application in their order; an application without steps is left out."""


async def add_entry(tx: Transaction, entry: TimelineEntry, citizen_id: str) -> None:
    """Add a step of an application of hers; the note is encrypted. Raises AlreadyThere for its sequence."""
    await ENTRIES.add(tx, entry, citizen_id=citizen_id)


async def add_entries(tx: Transaction, entries: Sequence[tuple[TimelineEntry, str]]) -> None:
    """Add steps of many applications at once, each with the applicant's id; raises AlreadyThere as `add_entry`."""
    if entries:
        await tx.connection.execute(
            sa.insert(timeline_table), [ENTRIES.values(tx, one) | {"citizen_id": hers} for one, hers in entries]
        )


async def moves_taken(tx: Transaction, application_ids: Iterable[str]) -> dict[str, set[Move]]:
    """The moves that each application ever took; an application without steps is left out."""
    found: dict[str, set[Move]] = {}
    steps = sa.select(timeline_table.c.application_id, timeline_table.c.move)
    for row in await rows_of(tx, steps, timeline_table.c.application_id, application_ids):
        found.setdefault(row.application_id, set()).add(Move(row.move))
    return found


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
    table = applications_table
    row = await first_row(tx, sa.select(table.c.citizen_id).where(table.c.id == application_id))
    if row is None:
        raise NotThere("the application")
    citizen_id = str(row.citizen_id)
    await _DOCUMENTS.add_all(tx, attached, citizen_id=citizen_id, application_id=application_id)


async def remove_documents(tx: Transaction, application_id: str) -> None:
    """Take all papers from a draft, whose papers are replaced as a whole."""
    await tx.connection.execute(sa.delete(documents_table).where(documents_table.c.application_id == application_id))


async def freeze_document(tx: Transaction, paper: AttachedDocument, sha256: str, signature: SignatureState) -> bool:
    """Bind a paper to the bytes that we keep of it; the first binding is kept. False where it is gone or bound."""
    table = documents_table
    values = {"sha256": sha256, **_reference_values(tx, replace(paper, signature=signature))}
    unbound = sa.update(table).where(table.c.id == paper.id, table.c.sha256.is_(None))
    return await _change_paper(tx, unbound.values(**values))


async def judge_document(tx: Transaction, paper: AttachedDocument, judgement: PaperJudgement) -> bool:
    """Note what a paper's signatures are worth; False where it is gone, or bound to other bytes."""
    table = documents_table
    bound = sa.update(table).where(table.c.id == paper.id, table.c.sha256 == paper.sha256)
    return await _change_paper(tx, bound.values(_reference_values(tx, replace(paper, judgement=judgement))))


async def mark_document_verified(tx: Transaction, document_id: str, at: datetime) -> bool:
    """Note when a paper was seen at its source; the first time is kept. False where it is gone or was seen already."""
    table = documents_table
    unseen = sa.update(table).where(table.c.id == document_id, table.c.verified_at.is_(None))
    return await _change_paper(tx, unseen.values(verified_at=at))


async def _change_paper(tx: Transaction, change: sa.Update) -> bool:
    """Change one paper and tell those who follow its application; False where no paper is as the change asks."""
    changed = (await tx.connection.execute(change.returning(documents_table.c.application_id))).first()
    if changed is not None:
        await change_feed.touch(tx, ChangeKind.APPLICATION, changed.application_id)
    return changed is not None


def _reference(tx: Transaction, row: AnyRow) -> dict[str, Any]:
    kept: Mapping[str, Any] = tx.cipher.decrypt_json(row.reference, cell_name(documents_table.c.reference, row.id))
    signature = SignatureState(kept["signature"]) if kept.get("signature") else None
    judgement = _read_judgement(kept["judgement"]) if kept.get("judgement") else None
    return {"uri": kept["uri"], "name": kept["name"], "signature": signature, "judgement": judgement}


def _reference_values(tx: Transaction, paper: AttachedDocument) -> dict[str, Any]:
    reference: dict[str, Any] = {"uri": paper.uri, "name": paper.name}
    if paper.signature is not None:
        reference["signature"] = paper.signature.value
    if paper.judgement is not None:
        reference["judgement"] = _judgement_values(paper.judgement)
    return {"reference": tx.cipher.encrypt_json(reference, cell_name(documents_table.c.reference, paper.id))}


def _judgement_values(one: PaperJudgement) -> dict[str, Any]:
    signatures = [
        {
            "state": each.state.value,
            "signer": each.signer,
            "issuer": each.issuer,
            "signed_at": each.signed_at.isoformat() if each.signed_at else None,
        }
        for each in one.signatures
    ]
    told = {"judged_at": one.judged_at.isoformat(), "state": one.state.value, "signatures": signatures}
    return {**told, "at_source": one.at_source.value if one.at_source else None}


def _read_judgement(kept: Mapping[str, Any]) -> PaperJudgement:
    at = datetime.fromisoformat
    signatures = [
        PdfSignature(
            SignatureState(one["state"]),
            one["signer"],
            one["issuer"],
            at(one["signed_at"]) if one["signed_at"] else None,
        )
        for one in kept["signatures"]
    ]
    source = SourceCopy(kept["at_source"]) if kept["at_source"] else None
    return PaperJudgement(at(kept["judged_at"]), SignatureState(kept["state"]), tuple(signatures), source)


_DOCUMENTS = Records(
    AttachedDocument,
    documents_table,
    "the paper",
    apart=("uri", "name", "signature", "judgement"),
    read=_reference,
    write=_reference_values,
)
documents = _DOCUMENTS.groups_reader_by(
    documents_table.c.application_id,
    documents_table.c.application_id,
    documents_table.c.attached_at,
    documents_table.c.id,
)
"""The papers of each application, the oldest first; an application without papers is left out."""
