"""The people of the demo: citizens, officers, operators, their identities and their documents at departments."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from stdnum import verhoeff

from actions.kernel import Environment, UnitOfWork
from domain.catalogue.centres import Binding, Centre, CentreKind
from domain.documents.documents import CARD_NUMBER, RATION_CARD, RATION_CARD_DOCTYPE, name_of
from domain.doorstep import DoorstepAgent
from domain.kernel import (
    Bilingual,
    Citizen,
    Language,
    Officer,
    OfficerLevel,
    Operator,
    PersonKind,
    Posting,
    Provider,
    Role,
    Subject,
)
from integrations.sso import Assurance
from store import doorstep
from store.catalogue import centres
from store.database import Transaction
from store.database.vault import VaultReference
from store.documents import department_documents
from store.documents.department_documents import DepartmentDocument
from store.identity import identities, people

Entry = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class DemoPeople:
    """The demo people by their keys, officers also as subjects by their ids."""

    citizens: Mapping[str, str]
    operators: Mapping[str, str]
    officers: Mapping[str, Subject]


async def fill_vault(env: Environment, demo: Mapping[str, Any]) -> dict[str, VaultReference]:
    """Put a synthetic Aadhaar number for each citizen into the vault, which comes first; may be run again."""
    return {person["key"]: await env.vault.put(synthetic_aadhaar(person["key"])) for person in demo["people"]}


def synthetic_aadhaar(key: str) -> str:
    """A number that is Verhoeff-valid, begins with 9999 and belongs to nobody; it is written to the vault only."""
    digest = int(hashlib.sha256(f"aadhaar/{key}".encode()).hexdigest(), 16)
    body = f"9999{digest % 10**7:07d}"
    return body + str(verhoeff.calc_check_digit(body))


async def add_people(acting: UnitOfWork, demo: Mapping[str, Any], references: Mapping[str, VaultReference]) -> None:
    """Enter everybody, in the caller's transaction. Their consents come by demo/seed/consents.py."""
    for person in demo["people"]:
        citizen = await _add_citizen(acting, person, references[person["key"]])
        for document in _held_of(acting, person, citizen):
            await department_documents.add(acting.tx, document)
    for officer in demo["officers"]:
        await people.add_officer(acting.tx, _officer(acting, officer))
    for operator in demo["operators"]:
        entered = _operator(acting, operator)
        await people.add_operator(acting.tx, entered)
        await _in_a_centre(acting.tx, operator, entered)
        if operator.get("agent"):
            agent = DoorstepAgent(entered.id, entered.district, entered.tehsil)
            await doorstep.add_agent(acting.tx, agent)


async def cast_of(tx: Transaction, demo: Mapping[str, Any]) -> DemoPeople:
    """Find the demo people again by the stable ids that they sign in with."""
    citizens, operators, officers = {}, {}, {}
    for person in demo["people"]:
        known = await identities.identity(tx, Provider.MERI_PEHCHAAN, person["user_sso_id"])
        if known is not None:
            citizens[person["key"]] = known[1]
    for entry in demo["operators"]:
        operator = await people.operator_by_csc_id(tx, entry["csc_id"])
        if operator is not None:
            operators[entry["key"]] = operator.id
    for entry in demo["officers"]:
        officer = await people.officer_by_email(tx, entry["email"])
        if officer is not None:
            officers[officer.id] = officer_subject(officer)
    return DemoPeople(citizens, operators, officers)


def citizen_subject(citizen_id: str) -> Subject:
    """A citizen acting for herself."""
    return Subject(frozenset({Role.CITIZEN}), PersonKind.CITIZEN, citizen_id)


def operator_subject(operator_id: str, citizen_id: str) -> Subject:
    """An operator serving a citizen who let her."""
    return Subject(frozenset({Role.OPERATOR}), PersonKind.OPERATOR, operator_id, on_behalf_of=citizen_id)


def officer_subject(officer: Officer) -> Subject:
    """An officer with the postings held."""
    roles = frozenset(posting.role for posting in officer.postings)
    return Subject(roles, PersonKind.OFFICER, officer.id, officer.postings)


async def _add_citizen(acting: UnitOfWork, person: Entry, reference: VaultReference) -> Citizen:
    citizen = Citizen(
        id=acting.env.ids.key(),
        name=Bilingual(person["name_hi"], person["name_en"]),
        born_on=date.fromisoformat(person["dob"]),
        gender=person["gender"],
        mobile=person["mobile"],
        email=person["email"],
        district=person["district"],
        tehsil=person["tehsil"],
        language=Language.HI,
        aadhaar_last4=reference.last4,
        aadhaar_reference=reference.reference,
        created_at=acting.now,
    )
    await people.add_citizen(acting.tx, citizen)
    await identities.add_identity(
        acting.tx,
        Provider.MERI_PEHCHAAN,
        person["user_sso_id"],
        PersonKind.CITIZEN,
        citizen.id,
        acting.now,
        Assurance.HIGH.value,
    )
    return citizen


def _held_of(acting: UnitOfWork, person: Entry, citizen: Citizen) -> Sequence[DepartmentDocument]:
    held = [_department_document(acting, entry, citizen) for entry in person["department_documents"]]
    card = person["ration_card"]
    if card:
        held.append(
            DepartmentDocument(
                id=acting.env.ids.key(),
                citizen_id=citizen.id,
                publisher=RATION_CARD,
                doctype=RATION_CARD_DOCTYPE,
                name=name_of(RATION_CARD_DOCTYPE),
                parameters={CARD_NUMBER: card["number"]},
                consent={},
                valid_until=acting.now,
            )
        )
    return held


def _department_document(acting: UnitOfWork, entry: Entry, citizen: Citizen) -> DepartmentDocument:
    return DepartmentDocument(
        id=acting.env.ids.key(),
        citizen_id=citizen.id,
        publisher=entry["publisher"],
        doctype=entry["doctype"],
        name=Bilingual(entry["name_hi"], entry["name_en"]),
        parameters=dict(entry["parameters"]),
        consent={},
        valid_until=acting.now,
    )


async def _in_a_centre(tx: Transaction, entry: Entry, operator: Operator) -> None:
    """Each operator of the demo works in a centre of its own, which bears the operator's code."""
    kind = CentreKind(entry.get("kind", CentreKind.CSC))
    centre = Centre(operator.csc_id, kind, operator.centre, operator.district, operator.tehsil, open=True)
    await centres.save_centres(tx, [centre])
    email = None if kind is CentreKind.CSC else entry["email"]
    await centres.bind(tx, [Binding(operator.id, centre.code, email)])


def _officer(acting: UnitOfWork, entry: Entry) -> Officer:
    return Officer(
        id=acting.env.ids.key(),
        name=Bilingual(entry["name_hi"], entry["name_en"]),
        designation=Bilingual(entry["designation_hi"], entry["designation_en"]),
        email=entry["email"],
        postings=tuple(_posting(posting) for posting in entry["postings"]),
    )


def _posting(entry: Entry) -> Posting:
    level = OfficerLevel(entry["level"]) if entry["level"] else None
    return Posting(Role(entry["role"]), entry["department"], entry["district"], entry["tehsil"], level)


def _operator(acting: UnitOfWork, entry: Entry) -> Operator:
    return Operator(
        id=acting.env.ids.key(),
        name=Bilingual(entry["name_hi"], entry["name_en"]),
        csc_id=entry["csc_id"],
        centre=Bilingual(entry["centre_hi"], entry["centre_en"]),
        district=entry["district"],
        tehsil=entry["tehsil"],
    )
