"""Moves imported data from the record that the import created to the person who proved it is theirs."""

from sqlalchemy import exists, select, update

from domain.kernel import PersonKind
from store.applications.application_rows import applications_table
from store.applications.imports import legacy_applications_table
from store.database import Transaction, change_feed, first_row
from store.identity import identities
from store.privacy import personal
from store.privacy.personal_rules import person_tables

MOVED = (
    "applications",
    "timeline_entries",
    "application_documents",
    "certificates",
    "legacy_applications",
    "legacy_persons",
    "escalations",
    "notices",
    "messages",
    "conversations",
    "data_accesses",
)
"""Tables whose rows move too: each names its citizen in a column of that name, and seals nothing for that name."""

_LEFT = frozenset({"citizens", "citizen_contacts", "changes", "sent_codes", "message_settings"})
"""What every record has, what passes by itself, as the code that proved whose it is, and what somebody chose by SMS."""
_ALONG = frozenset({"conversation_lines", "muted_applications", "certificate_signings", "certificate_signatures"})
"""What belongs to rows that move, and goes with them."""


async def brought_by_an_import(tx: Transaction, citizen_id: str) -> bool:
    """Whether a record holds old applications and what follows from them alone, and nobody signs in to it."""
    if await identities.providers_of(tx, PersonKind.CITIZEN, citizen_id):
        return False
    mine = select(applications_table.c.id).where(applications_table.c.citizen_id == citizen_id)
    old = exists().where(legacy_applications_table.c.application_id == applications_table.c.id)
    if await first_row(tx, mine.limit(1)) is None or await first_row(tx, mine.where(~old).limit(1)) is not None:
        return False
    return not await personal.holds_more_than(tx, citizen_id, _LEFT.union(MOVED, _ALONG))


async def hand_over(tx: Transaction, record_id: str, citizen_id: str) -> None:
    """Move everything of such a record to another citizen, with entries in the change feed, and empty it."""
    tables = person_tables()
    for name in MOVED:
        column = tables[name]
        await tx.connection.execute(update(column.table).where(column == record_id).values({column.name: citizen_id}))
    await change_feed.touch_all_of(tx, citizen_id)
    await personal.erase(tx, record_id)
