"""Reads a citizen's e-Aadhaar from the locker, masked; a clear number goes to the vault, nothing else is stored."""

from dataclasses import dataclass, field, replace
from datetime import date, datetime

import structlog

from actions.documents import locker
from actions.documents.holder_match import is_holder
from actions.identity.imported_records import take_in_by_aadhaar
from actions.kernel import Environment, of_citizen, read_at_sources
from domain.certificates.signatures import SignatureState
from domain.identity.policy import ObjectKind
from domain.kernel import Citizen, PersonKind, Source, Sourced, SourceState, Subject
from integrations.calling.errors import IntegrityFailure
from integrations.digilocker import EAadhaar
from store.database import Transaction
from store.identity import people

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class MaskedAadhaar:
    """What is shown: the last four digits, and whose card it is."""

    last4: str
    name: str = field(repr=False)
    born_on: date | None = field(repr=False)
    gender: str | None
    signature: SignatureState
    fetched_at: datetime


async def masked_aadhaar(env: Environment, subject: Subject, citizen_id: str) -> Sourced[MaskedAadhaar]:
    """Fetch it now; leaves a receipt. Nothing of the document is stored.

    Raises NOT_FOUND where the subject may not see it, Refused with `aadhaar_not_linked`, `aadhaar_not_available` or
    consent_needed, IntegrityFailure where it is another person's, and what the locker's client raises.
    """
    await read_at_sources(env, subject, of_citizen(citizen_id, ObjectKind.DOCUMENT), [Source.DIGILOCKER])

    async def keep(number: str) -> str:
        return (await env.vault.put(number)).reference

    reader = env.partners.digilocker.eaadhaar
    card = await locker.ask(env, citizen_id, lambda grant: reader.read(grant, keep))
    await env.store.carry_out(lambda tx: bind_card(tx, citizen_id, card))
    shown = MaskedAadhaar(card.last4, card.name, card.born_on, card.gender, card.signature, card.fetched_at)
    return Sourced(shown, Source.DIGILOCKER, SourceState.LIVE, card.fetched_at)


async def bind_card(tx: Transaction, citizen_id: str, card: EAadhaar) -> None:
    """Note the vault's reference with the citizen, where the card is hers and she has none yet."""
    citizen = await people.hold_citizen(tx, citizen_id)
    if citizen is None or not _is_card_holder(citizen, card):
        raise IntegrityFailure(Source.DIGILOCKER, "another_holder")
    if card.reference is None:
        return
    if await take_in_by_aadhaar(tx, citizen, card.reference, f"{PersonKind.CITIZEN}:{citizen.id}"):
        citizen = (await people.citizens(tx, [citizen_id]))[citizen_id]
    if card.reference == citizen.aadhaar_reference:
        return
    if citizen.aadhaar_reference is not None:
        _log.warning("another_aadhaar_than_known")  # somebody must look; what payments use is not changed by a read
        return
    await people.update_citizen(tx, replace(citizen, aadhaar_last4=card.last4, aadhaar_reference=card.reference))


def _is_card_holder(citizen: Citizen, card: EAadhaar) -> bool:
    names = tuple(name for name in (citizen.name.hi, citizen.name.en) if name)
    return is_holder(card.name, card.born_on, names, citizen.born_on)
