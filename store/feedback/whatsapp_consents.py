"""Who agreed to WhatsApp, when, how and to which words; and which numbers are not there for now.

The agreement is one to a number: it counts no more when the citizen has another.
"""

from collections.abc import Collection
from datetime import datetime

import sqlalchemy as sa

from domain.feedback.whatsapp import WhatsAppConsent
from domain.kernel import Citizen
from store.database import Key, Records, Transaction, rows_of
from store.database.metadata import table_of

consents_table = table_of(
    WhatsAppConsent,
    "whatsapp_consents",
    sa.Column("citizen_id", Key, sa.ForeignKey("citizens.citizen_id"), primary_key=True),
    sa.Column("mobile_index", Key, nullable=False),
    sa.Index(None, "mobile_index"),
)
_T = consents_table.c
_PURPOSE = "whatsapp_consent"
_CONSENTS = Records(WhatsAppConsent, consents_table, "the consent")


async def keep(tx: Transaction, citizen: Citizen, consent: WhatsAppConsent) -> None:
    """Keep what a citizen said last about WhatsApp at her present number."""
    index = tx.cipher.blind_index(_PURPOSE, citizen.mobile or "")
    await _CONSENTS.upsert(tx, [consent], keys=("citizen_id",), mobile_index=index)


async def of_citizens(tx: Transaction, citizens: Collection[Citizen]) -> dict[str, WhatsAppConsent]:
    """What these citizens said of the numbers that they have now; who said nothing is left out."""
    numbers = {each.id: tx.cipher.blind_indexes(_PURPOSE, each.mobile) for each in citizens if each.mobile}
    rows = await rows_of(tx, sa.select(consents_table), _T.citizen_id, numbers)
    return {row.citizen_id: _CONSENTS.read(tx, row) for row in rows if row.mobile_index in numbers[row.citizen_id]}


async def note_not_there(tx: Transaction, mobiles: Collection[str], until: datetime) -> None:
    """Note that numbers are not on WhatsApp; nothing goes there until a moment."""
    indexes = [index for each in mobiles for index in tx.cipher.blind_indexes(_PURPOSE, each)]
    found = sa.update(consents_table).where(_T.mobile_index.in_(indexes))
    await tx.connection.execute(found.values(not_there_until=until))
