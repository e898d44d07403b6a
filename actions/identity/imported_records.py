"""Assigns imported applications to their person's record by a proven claim or by the citizen's own e-Aadhaar.

Never by a name or a mobile number. Only a record that an import made, and that holds nothing but what follows from
that, is joined to another; it may be joined to one that is in use.
"""

from dataclasses import replace
from datetime import date

from domain.identity.policy import ObjectKind, Purpose
from domain.kernel import Citizen
from store.applications import imports
from store.database import FieldCipher, Transaction, audit
from store.identity import people
from store.privacy.imported_records import brought_by_an_import, hand_over

JOINED = "legacy.joined"
AADHAAR = "AADHAAR"
"""The kind of an index that is made of a reference of the vault."""
_PURPOSE, BORN = "legacy_person", "legacy_person_born"


def person_indexes(cipher: FieldCipher, kind: str, value: str) -> tuple[str, ...]:
    """The blind indexes of an id of the former system, or of a reference of the vault, by every key."""
    return cipher.blind_indexes(_PURPOSE, f"{kind}:{value}")


def born_indexes(cipher: FieldCipher, born_on: date) -> tuple[str, ...]:
    """The blind indexes by which a date of birth is compared, by every key."""
    return cipher.blind_indexes(BORN, str(born_on))


async def take_in(tx: Transaction, record_id: str, citizen_id: str, by: str) -> bool:
    """Join a record that an import made to hers, in the transaction that proves it is hers; False for another one."""
    if record_id == citizen_id or not await brought_by_an_import(tx, record_id):
        return False
    known = await people.citizens(tx, [record_id, citizen_id])
    await people.update_citizen(tx, completed_citizen(known[citizen_id], known[record_id]))
    await hand_over(tx, record_id, citizen_id)
    await audit.record(tx, by, JOINED, ObjectKind.CITIZEN, citizen_id, Purpose.APPLY, record=record_id)
    return True


async def take_in_by_aadhaar(tx: Transaction, citizen: Citizen, reference: str, by: str) -> int:
    """Join the records that bear the number of her own e-Aadhaar and her date of birth; returns how many."""
    indexes = person_indexes(tx.cipher, AADHAAR, reference)
    born = born_indexes(tx.cipher, citizen.born_on) if citizen.born_on else ()
    found = (await imports.persons(tx, indexes)).values()
    hers = {one.citizen_id for one in found if one.born_index in born}
    return sum([await take_in(tx, record_id, citizen.id, by) for record_id in sorted(hers)])


def completed_citizen(citizen: Citizen, record: Citizen) -> Citizen:
    """Hers, with what the old record knows and hers does not; what her provider vouches for stays."""
    aadhaar = citizen if citizen.aadhaar_reference else record
    return replace(
        citizen,
        mobile=citizen.mobile or record.mobile,
        confirmed_email=citizen.confirmed_email or record.confirmed_email,
        born_on=citizen.born_on or record.born_on,
        district=citizen.district or record.district,
        tehsil=citizen.tehsil if citizen.district else record.tehsil,
        aadhaar_last4=aadhaar.aadhaar_last4,
        aadhaar_reference=aadhaar.aadhaar_reference,
    )
