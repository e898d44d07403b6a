"""The append-only ledger of consents, with a hash chain for each citizen.

What a record says is hashed, the artefact by its own hash, so that an erased artefact leaves the chain whole.
The audit log, which keeps the link of every record, shows whether the end of a chain is there. What is deleted
after its years leaves its place and its link (store/consents/consent_deletions.py).
"""

import hashlib
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Index, LargeBinary, UniqueConstraint, delete, select

from domain.consents.consents import ConsentRecord, ConsentStep
from store.consents import consent_deletions
from store.consents.consent_deletions import DeletedRecord
from store.database import Records, Transaction, TryAgain, canonical_json, first_row, row_pages
from store.database.metadata import table_of

GENESIS = "0" * 64
"""What the first record of a citizen is linked to."""

PAGE = 500

consent_records_table = table_of(
    ConsentRecord,
    "consent_records",
    Column("artefact", LargeBinary, nullable=False),
    UniqueConstraint("citizen_id", "sequence"),
    Index(None, "step", "at"),
)

_T = consent_records_table.c
_RECORDS = Records(ConsentRecord, consent_records_table, "the consent")
of_citizen = _RECORDS.list_reader_by(_T.citizen_id, _T.sequence)
"""Every record of a citizen, the oldest first."""


async def add(tx: Transaction, record: ConsentRecord) -> ConsentRecord:
    """Put a record at the end of its citizen's chain, and give it back with its place and link.

    Raises TryAgain where another process was first.
    """
    sequence, before = await _end_of_chain(tx, record.citizen_id)
    placed = replace(record, sequence=sequence + 1, artefact_hash=hash_of(record.artefact))
    placed = replace(placed, link=link_of(before, placed))
    if not await _RECORDS.insert(tx, placed):
        raise TryAgain("the chain of consents went on")
    return placed


async def _end_of_chain(tx: Transaction, citizen_id: str) -> tuple[int, str]:
    """The place and the link of the last record of a citizen, also where that one was deleted."""
    mine = select(_T.sequence, _T.link).where(_T.citizen_id == citizen_id)
    here = await first_row(tx, mine.order_by(_T.sequence.desc()).limit(1))
    gone = await consent_deletions.last_of(tx, citizen_id)
    ends = [(one.sequence, one.link) for one in (here, gone) if one is not None]
    return max(ends, default=(0, GENESIS))


async def citizens_with_records_before(tx: Transaction, moment: datetime, after: str | None) -> Sequence[str]:
    """Citizens who have records of before a moment, by id, at most a page of them behind `after`."""
    statement = select(_T.citizen_id).where(_T.at < moment).distinct().order_by(_T.citizen_id).limit(PAGE)
    if after is not None:
        statement = statement.where(_T.citizen_id > after)
    return list((await tx.connection.execute(statement)).scalars().all())


async def delete_records(tx: Transaction, records: Sequence[ConsentRecord], at: datetime) -> None:
    """Delete records with all that they say; where each stood is kept."""
    places = [DeletedRecord(one.id, one.citizen_id, one.sequence, one.link) for one in records]
    await consent_deletions.keep(tx, places, at)
    await tx.connection.execute(delete(consent_records_table).where(_T.id.in_([one.id for one in records])))


async def ended_since(tx: Transaction, moment: datetime) -> dict[str, str]:
    """The citizens who withdrew a consent at or after a moment, by the ids of the records."""
    statement = select(_T.id, _T.citizen_id).where(_T.step == ConsentStep.WITHDRAW.value, _T.at >= moment)
    return {row.id: row.citizen_id for row in (await tx.connection.execute(statement)).all()}


async def all_records(tx: Transaction) -> AsyncIterator[ConsentRecord]:
    """All records, citizen by citizen, each chain from its start."""
    async for rows in row_pages(tx, select(consent_records_table), (_T.citizen_id, _T.sequence), PAGE):
        for row in rows:
            yield _RECORDS.read(tx, row)


def link_of(before: str, record: ConsentRecord) -> str:
    """SHA-256 over the link before and everything that the record says."""
    said = {
        "id": record.id,
        "citizenId": record.citizen_id,
        "sequence": record.sequence,
        "consentId": record.consent_id,
        "step": record.step.value,
        "purpose": record.purpose.value,
        "source": record.source.value,
        "scope": list(record.scope),
        "until": _instant(record.until),
        "at": _instant(record.at),
        "actor": record.actor,
        "role": record.role,
        "notice": record.notice_hash,
        "artefact": record.artefact_hash,
    }
    return hashlib.sha256(f"{before}{canonical_json(said)}".encode()).hexdigest()


def hash_of(artefact: Mapping[str, Any]) -> str:
    """SHA-256 of the canonical JSON of an artefact."""
    return hashlib.sha256(canonical_json(dict(artefact)).encode()).hexdigest()


def _instant(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat(timespec="microseconds")
