"""Merges one record of a citizen into another of the same citizen, and leaves an alias behind."""

from collections.abc import Mapping

from sqlalchemy import or_, update

from domain.kernel import PersonKind, Subject
from store.database import Transaction, change_feed
from store.identity import identities
from store.identity.people import citizens_table
from store.identity.record_claims import drop_open_of
from store.privacy import personal
from store.privacy.personal_rules import THROUGH, person_tables
from store.uploads.uploads import uploads_table

_C = citizens_table.c

LEFT: Mapping[str, str] = {
    "citizens": "the record itself, which becomes the alias; its data are erased",
    "citizen_contacts": "by what it was found; erased",
    "identities": "moved by itself: a person has accounts with several kinds of records",
    "sessions": "a log; they end, and she signs in anew",
    "consent_records": "a chain of its own, which names the citizen in each link; what still holds is carried over",
    "consent_deletions": "places in that chain",
    "locker_grants": "sealed for that record; the kept one's locker holds, or she links it anew",
    "appeal_opt_outs": "what the kept record chose holds",
    "message_settings": "what the kept record chose holds",
    "push_devices": "they go with that record's sessions; the app registers them anew",
    "whatsapp_consents": "what the kept record said holds",
    "record_claims": "the history of that record's own claims; those that wait end",
    "sent_codes": "passes within minutes",
    "account_links": "passes within minutes",
    "partial_uploads": "a file on its way; it is begun anew",
    "quarantined_files": "nobody's to use",
    "changes": "the feed of that record; the kept one's tells of what came to it",
}
"""Tables whose rows do not move, and why. Every other table of a citizen moves, whichever is added later too."""


def tables_to_move() -> list[str]:
    """The tables whose rows go to the kept record; those that belong to a row of another table go with it."""
    return [name for name in person_tables() if name not in LEFT and name not in THROUGH]


async def join(tx: Transaction, record_id: str, kept_id: str) -> dict[str, int]:
    """Move everything of a record to the kept one, empty it, and let it lead there. Tells how many rows moved."""
    counted: dict[str, int] = {}
    tables = person_tables()
    for name in tables_to_move():
        column = tables[name]
        moving = update(column.table).where(column == record_id).values({column.name: kept_id})
        counted[name] = (await tx.connection.execute(moving)).rowcount
    await _own_uploads(tx, record_id, kept_id)
    await identities.move_person(tx, PersonKind.CITIZEN, record_id, kept_id)
    await drop_open_of(tx, record_id)
    await change_feed.touch_all_of(tx, kept_id)
    await personal.erase(tx, record_id)
    await _become_alias(tx, record_id, kept_id)
    return {name: many for name, many in counted.items() if many}


async def _become_alias(tx: Transaction, record_id: str, kept_id: str) -> None:
    """Let a record, and those that were joined into it before, lead to the kept one from now on."""
    leads = or_(_C.citizen_id == record_id, _C.alias_of == record_id)
    await tx.connection.execute(update(citizens_table).where(leads).values(alias_of=kept_id))


async def _own_uploads(tx: Transaction, record_id: str, kept_id: str) -> None:
    """The citizen's own uploads may be used under the remaining record too."""
    before, after = (Subject(frozenset(), PersonKind.CITIZEN, one) for one in (record_id, kept_id))
    table = uploads_table
    mine = update(table).where(table.c.owner == before.label)
    await tx.connection.execute(mine.values(owner=after.label, person_id=kept_id))
