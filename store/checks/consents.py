"""The ledger of consents is as it was written: every chain is whole, and nothing is missing at its end."""

from collections.abc import AsyncIterator

from sqlalchemy import select

from domain.consents import ConsentRecord
from store import audit
from store.checks.finding import Finding, paged
from store.consents import GENESIS, consent_records_table, everything, hash_of, link_of
from store.engine import Transaction
from store.sql import rows_of

LEDGER = "CONSENT"
"""The kind of object that audit lines of the ledger name."""


async def consents(tx: Transaction) -> AsyncIterator[Finding]:
    """Links and artefacts hold, and each record that the audit log tells of is there, as it tells."""
    last: ConsentRecord | None = None
    async for record in everything(tx):
        same = last is not None and last.citizen_id == record.citizen_id
        before, expected = (last.link, last.sequence + 1) if last is not None and same else (GENESIS, 1)
        if record.sequence != expected or record.link != link_of(before, record):
            yield Finding("CONSENT_CHAIN_IS_BROKEN", f"consent_record:{record.id}")
        if record.artefact and hash_of(record.artefact) != record.artefact_hash:  # an erased one is empty
            yield Finding("CONSENT_ARTEFACT_WAS_CHANGED", f"consent_record:{record.id}")
        last = record
    async for finding in _told_by_the_audit_log(tx):
        yield finding


async def _told_by_the_audit_log(tx: Transaction) -> AsyncIterator[Finding]:
    lines = audit.audit_lines_table
    statement = select(lines.c.id, lines.c.detail).where(lines.c.object_kind == LEDGER)
    column = consent_records_table.c.id
    async for rows in paged(tx, statement, lines.c.id):
        told = {row.detail["record"]: row.detail["link"] for row in rows if "record" in row.detail}
        found = await rows_of(tx, select(column, consent_records_table.c.link), column, told)
        links = {row.id: row.link for row in found}
        for record, link in told.items():
            if links.get(record) != link:
                yield Finding("CONSENT_RECORD_IS_MISSING", f"consent_record:{record}")
