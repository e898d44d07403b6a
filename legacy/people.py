"""Finds the record for an old application: one for each person whom the former system distinguishes.

Rows are of one person where they bear the same id of the former system, or the same Aadhaar number, and the same date
of birth. A name or a mobile number never joins two of them, and nobody's record here is ever added to by an import:
a person who signs in comes to hers by proving that it is hers.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from actions.identity.imported_records import AADHAAR, BORN, born_indexes, person_indexes
from domain.kernel import Citizen, state_language
from legacy.applications import Fault, LegacyPerson, LegacyRow
from legacy.scratch import Scratch
from store.applications import imports
from store.applications.imports import KnownPerson
from store.database import FieldCipher, Transaction
from store.database.vault import Vault, VaultReference

OLD_ID = "ID"

Sign = tuple[str, str]
"""What tells a person: its kind, and the id or number itself, which stays in memory."""


@dataclass(slots=True)
class Slot:
    """The record of one person in a batch; `citizen` is set where it is new, `known_id` where it is there."""

    person: LegacyPerson
    row: LegacyRow
    known_id: str | None = None
    citizen: Citizen | None = None

    @property
    def citizen_id(self) -> str:
        """The id of the record."""
        return self.known_id or (self.citizen.id if self.citizen else "")


@dataclass
class People:
    """The persons of a batch, found by their signs."""

    cipher: FieldCipher
    known: dict[Sign, tuple[str, str]] = field(default_factory=dict)
    """Records that are there: by sign the date of birth as an index, and the record's id, empty in a dry run."""
    slots: dict[Sign, Slot] = field(default_factory=dict)

    def place(self, row: LegacyRow) -> Slot | Fault:
        """The record that a row goes to, or PERSON_DIFFERS."""
        signs = signs_of(row.person)
        found: Slot | None = None
        for sign in signs:
            slot = self._slot(sign, row)
            if slot is None:
                continue
            if not self._same_birth(sign, slot, row.person):
                return Fault.PERSON_DIFFERS
            found = found or slot
        slot = found or Slot(row.person, row)
        for sign in signs:
            if sign not in self.known:
                self.slots.setdefault(sign, slot)
        return slot

    def _slot(self, sign: Sign, row: LegacyRow) -> Slot | None:
        there = self.known.get(sign)
        return self.slots.get(sign) if there is None else Slot(row.person, row, known_id=there[1])

    def _same_birth(self, sign: Sign, slot: Slot, person: LegacyPerson) -> bool:
        if sign in self.known:
            return person.born_on is not None and self.known[sign][0] in born_indexes(self.cipher, person.born_on)
        return slot.person.born_on == person.born_on

    def birth_index(self, person: LegacyPerson) -> str:
        """The date of birth as it is kept for comparing."""
        return self.cipher.blind_index(BORN, str(person.born_on))

    def new_signs(self, references: Mapping[str, VaultReference]) -> dict[str, KnownPerson]:
        """What is to be kept of the persons of this batch; every Aadhaar number has its reference by now."""
        return {
            indexes_of(self.cipher, sign, references)[0]: KnownPerson(slot.citizen_id, self.birth_index(slot.person))
            for sign, slot in self.slots.items()
        }


def signs_of(person: LegacyPerson) -> list[Sign]:
    """What identifies a person; nothing where the date of birth is not known, so that it cannot be compared."""
    if person.born_on is None:
        return []
    pairs = ((AADHAAR, person.aadhaar), (OLD_ID, person.old_id))
    return [(kind, value) for kind, value in pairs if value is not None]


def numbers_in(rows: Iterable[LegacyRow]) -> set[str]:
    """The Aadhaar numbers of rows."""
    return {row.person.aadhaar for row in rows if row.person.aadhaar is not None}


async def people_of(
    tx: Transaction,
    rows: Sequence[LegacyRow],
    references: Mapping[str, VaultReference],
    cipher: FieldCipher,
) -> People:
    """What the store knows of the persons of a batch; `references` are those that the vault has already."""
    people = People(cipher)
    signs = {sign for row in rows for sign in signs_of(row.person)}
    owners = {index: sign for sign in signs for index in indexes_of(cipher, sign, references)}
    for index, there in (await imports.persons(tx, owners)).items():
        people.known[owners[index]] = (there.born_index, there.citizen_id)
    return people


def indexes_of(cipher: FieldCipher, sign: Sign, references: Mapping[str, VaultReference]) -> tuple[str, ...]:
    """A sign as the store keeps it, by every key; an Aadhaar number by its reference, and not at all without one."""
    kind, value = sign
    if kind == AADHAAR:
        return person_indexes(cipher, kind, references[value].reference) if value in references else ()
    return person_indexes(cipher, kind, value)


def recall(people: People, rows: Sequence[LegacyRow], scratch: Scratch, vault: Vault) -> None:
    """In a dry run: add the persons of the batches before."""
    signs = {sign for row in rows for sign in signs_of(row.person)} - people.known.keys()
    keys = {sign: scratch_key(people.cipher, sign, vault) for sign in signs}
    seen = scratch.find_values(keys.values())
    people.known.update({sign: (seen[key], "") for sign, key in keys.items() if key in seen})


def persons_to_remember(people: People, vault: Vault) -> dict[str, str]:
    """In a dry run: what is remembered of the persons of this batch."""
    return {
        scratch_key(people.cipher, sign, vault): people.birth_index(slot.person) for sign, slot in people.slots.items()
    }


def scratch_key(cipher: FieldCipher, sign: Sign, vault: Vault) -> str:
    """A sign as a dry run remembers it."""
    kind, value = sign
    return f"{kind}:{vault.blind(value) if kind == AADHAAR else person_indexes(cipher, kind, value)[0]}"


def new_citizen(slot: Slot, citizen_id: str, tx: Transaction, references: Mapping[str, VaultReference]) -> Citizen:
    """The record of a person of the former system, whom nobody signs in as yet."""
    person, reference = slot.person, references.get(slot.person.aadhaar or "")
    return Citizen(
        id=citizen_id,
        name=person.name,
        born_on=person.born_on,
        gender=person.gender,
        mobile=person.mobile,
        email=person.email,
        district=slot.row.district,
        tehsil=slot.row.tehsil,
        language=state_language(),
        aadhaar_last4=reference.last4 if reference else None,
        aadhaar_reference=reference.reference if reference else None,
        created_at=tx.clock.now(),
    )
