"""Checks the ledger of consents: every hash chain is intact and none is cut off at its end."""

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence

from sqlalchemy import select

from domain.consents.consents import ConsentRecord
from store.checks.finding import PAGE, Finding, in_turn
from store.consents import consent_deletions
from store.consents.consent_deletions import DELETED, DeletedRecord
from store.consents.consents import GENESIS, all_records, consent_records_table, hash_of, link_of
from store.database import Transaction, audit, pages, row_pages, rows_of

LEDGER = "CONSENT"
"""The kind of object that audit lines of the ledger name."""


_CHAINS = 200
"""Chains whose deleted places are asked for in one query."""


async def consents(tx: Transaction) -> AsyncIterator[Finding]:
    """Links and artefacts hold, and each record in the audit log exists as it was logged."""
    async for chain in _chains(tx):
        for finding in _chain_findings(chain):
            yield finding
    async for finding in in_turn(_told_by_the_audit_log(tx), _deleted_by_the_audit_log(tx)):
        yield finding


async def _chains(tx: Transaction) -> AsyncIterator[list[ConsentRecord | DeletedRecord]]:
    """The chain of each citizen who has a record, with the places of what was deleted, in its order."""
    held: dict[str, list[ConsentRecord | DeletedRecord]] = {}
    async for record in all_records(tx):
        if record.citizen_id not in held and len(held) == _CHAINS:
            for chain in await _complete_chains(tx, held):
                yield chain
            held = {}
        held.setdefault(record.citizen_id, []).append(record)
    for chain in await _complete_chains(tx, held):
        yield chain


async def _complete_chains(
    tx: Transaction, held: Mapping[str, list[ConsentRecord | DeletedRecord]]
) -> list[list[ConsentRecord | DeletedRecord]]:
    for gone in await consent_deletions.of_citizens(tx, held):
        held[gone.citizen_id].append(gone)
    return [sorted(chain, key=lambda one: one.sequence) for chain in held.values()]


def _chain_findings(chain: Sequence[ConsentRecord | DeletedRecord]) -> Iterator[Finding]:
    before, expected = GENESIS, 1
    for record in chain:
        where = f"consent_record:{record.id}"
        # What a deleted record said is gone: its link is compared with the one in the audit log.
        linked = isinstance(record, DeletedRecord) or record.link == link_of(before, record)
        if record.sequence != expected or not linked:
            yield Finding("CONSENT_CHAIN_IS_BROKEN", where)
        if isinstance(record, ConsentRecord) and _artefact_changed(record):
            yield Finding("CONSENT_ARTEFACT_WAS_CHANGED", where)
        before, expected = record.link, record.sequence + 1


def _artefact_changed(record: ConsentRecord) -> bool:
    """Whether the artefact is another than the one that was hashed; an erased one is empty."""
    return bool(record.artefact) and hash_of(record.artefact) != record.artefact_hash


async def _told_by_the_audit_log(tx: Transaction) -> AsyncIterator[Finding]:
    lines = audit.audit_lines_table
    statement = select(lines.c.id, lines.c.detail).where(lines.c.object_kind == LEDGER)
    async for rows in row_pages(tx, statement, (lines.c.id,), PAGE):
        told = {row.detail["record"]: row.detail["link"] for row in rows if "record" in row.detail}
        links: dict[str, str] = {}
        for table in (consent_records_table, consent_deletions.consent_deletions_table):
            found = await rows_of(tx, select(table.c.id, table.c.link), table.c.id, told)
            links |= {row.id: row.link for row in found}
        for record, link in told.items():
            if links.get(record) != link:
                yield Finding("CONSENT_RECORD_IS_MISSING", f"consent_record:{record}")


async def _deleted_by_the_audit_log(tx: Transaction) -> AsyncIterator[Finding]:
    """Each missing record has a logged deletion."""
    lines, gone = audit.audit_lines_table, consent_deletions.consent_deletions_table
    said = select(lines.c.id, lines.c.detail).where(lines.c.object_kind == LEDGER, lines.c.action == DELETED)
    told: set[str] = set()
    async for row in pages(tx, said, lines.c.id, PAGE):
        told.update(row.detail["records"])
    async for row in pages(tx, select(gone.c.id), gone.c.id, PAGE):
        if row.id not in told:
            yield Finding("CONSENT_DELETED_IN_SILENCE", f"consent_record:{row.id}")
