"""Adds and removes the documents that a citizen names as held by a department, and lists what may be named.

Naming one asks nobody. It is read at API Setu, a ration card through UMANG, once she gives the consent for it
(actions/consents/consents.py).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from actions.kernel import Environment, UnitOfWork, hash_of, of_citizen, require, run_idempotently
from domain.documents.documents import CARD_NUMBER, RATION_CARD, RATION_CARD_DOCTYPE, name_of, ration_card_number
from domain.identity.policy import ObjectKind, Purpose
from domain.kernel import ErrorCode, PersonKind, Problem, Problems, Subject, mask_aadhaar_in, not_found, require_found
from integrations.apisetu import DocumentSpecification
from store.database import Transaction, locks
from store.documents import department_documents
from store.documents.department_documents import DepartmentDocument

MOST_HELD = 50
"""Documents of departments that one citizen may name."""

LONGEST_VALUE = 100


@dataclass(frozen=True, slots=True)
class Offer:
    """A document that a publisher gives, and what it wants to know to find it."""

    publisher: str
    doctype: str
    parameters: tuple[str, ...]
    formats: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AddDocument:
    """The publisher, the doctype, and the values of its parameters by name."""

    publisher: str
    doctype: str
    parameters: Mapping[str, str] = field(repr=False)
    idempotency_key: str


def offers_of(env: Environment) -> list[Offer]:
    """The ration card, then every document of every publisher that let us in, in their order.

    Parameters that are never sent are left out. A ration card is no file: it has no format.
    """
    at_departments = [
        Offer(publisher, doctype, tuple(name for name in known.parameters if name not in known.withheld), known.formats)
        for publisher, settings in sorted(env.partners.apisetu.publishers().items())
        for doctype, known in sorted(settings.documents.items())
    ]
    return [Offer(RATION_CARD, RATION_CARD_DOCTYPE, (CARD_NUMBER,), ()), *at_departments]


async def add_document(env: Environment, subject: Subject, request: AddDocument) -> tuple[DepartmentDocument, bool]:
    """Name a document; the same one is stored once. True where it is a replay.

    She has one ration card: another number takes the place of the earlier one and is read with the same consent.

    Raises Problems: NOT_FOUND for others than citizens, DOCUMENT_UNKNOWN for what no publisher offers, BAD_INPUT for
    parameters that are missing, unknown, too long or hold an Aadhaar number, and for more than MOST_HELD.
    """
    citizen_id = _citizen(subject)
    doctype = request.doctype.upper()
    parameters = _validated_parameters(env, request.publisher, doctype, request.parameters)
    added: dict[str, DepartmentDocument] = {}

    async def work(tx: Transaction) -> dict[str, Any]:
        await require(env, tx, subject, of_citizen(citizen_id, ObjectKind.DOCUMENT), Purpose.APPLY)
        document = await _add_document(UnitOfWork(env, tx, subject), citizen_id, request.publisher, doctype, parameters)
        added[document.id] = document
        return {"document": document.id}

    body = {"publisher": request.publisher, "doctype": doctype, "parameters": hash_of(dict(parameters))}
    answer, replayed = await run_idempotently(
        env, subject, "addDepartmentDocument", key=request.idempotency_key, body=body, work=work
    )
    async with env.store.read_transaction() as tx:
        found = (await department_documents.by_ids(tx, [answer["document"]])).get(answer["document"])
    # Another number, named at the same time, may have taken the place of the one that this call added.
    found = require_found(found or added.get(answer["document"]), "input")
    if request.publisher == RATION_CARD:
        await env.partners.forget_citizen(citizen_id)
    return found, replayed


async def remove_document(env: Environment, subject: Subject, document_id: str, key: str) -> tuple[str, bool]:
    """Forget a document that she named, with its consent; what was kept of it is dropped. Gives its id."""
    citizen_id = _citizen(subject)

    async def work(tx: Transaction) -> dict[str, Any]:
        await require(env, tx, subject, of_citizen(citizen_id, ObjectKind.DOCUMENT), Purpose.APPLY)
        held = (await department_documents.by_ids(tx, [document_id])).get(document_id)
        if held is None or held.citizen_id != citizen_id:
            raise not_found("input", "documentId")
        await department_documents.remove(tx, document_id)
        acting = UnitOfWork(env, tx, subject)
        await acting.record("department_document.removed", ObjectKind.DOCUMENT, document_id, Purpose.APPLY)
        return {"document": document_id}

    answer, replayed = await run_idempotently(
        env, subject, "removeDepartmentDocument", key=key, body={"document": document_id}, work=work
    )
    await env.partners.forget_citizen(citizen_id)
    return str(answer["document"]), replayed


async def documents_named(env: Environment, subject: Subject, citizen_id: str) -> list[DepartmentDocument]:
    """What she named, by doctype; raises NOT_FOUND where the subject may not see it."""
    async with env.store.read_transaction() as tx:
        await require(env, tx, subject, of_citizen(citizen_id, ObjectKind.DOCUMENT), Purpose.VIEW)
        return await department_documents.of_citizen(tx, citizen_id)


def is_open(document: DepartmentDocument, now: datetime) -> bool:
    """Whether her consent lets it be read now."""
    return bool(document.consent) and (document.valid_until is None or document.valid_until > now)


async def _add_document(
    acting: UnitOfWork, citizen_id: str, publisher: str, doctype: str, parameters: Mapping[str, str]
) -> DepartmentDocument:
    await locks.lock_exclusive(acting.tx, "department-documents", citizen_id)
    held = await department_documents.of_citizen(acting.tx, citizen_id)
    for each in held:
        if (each.publisher, each.doctype, dict(each.parameters)) == (publisher, doctype, dict(parameters)):
            return each
    earlier = next((one for one in held if one.publisher == publisher == RATION_CARD), None)
    if len(held) >= MOST_HELD and earlier is None:
        raise Problems(Problem(ErrorCode.BAD_INPUT, ("input",), params={"most": str(MOST_HELD)}))
    document = DepartmentDocument(
        id=acting.env.ids.key(),
        citizen_id=citizen_id,
        publisher=publisher,
        doctype=doctype,
        name=name_of(doctype),
        parameters=parameters,
        consent={} if earlier is None else earlier.consent,
        valid_until=acting.now if earlier is None else earlier.valid_until,  # now: until she consents
    )
    if earlier is not None:
        await department_documents.remove(acting.tx, earlier.id)
        await acting.record("department_document.removed", ObjectKind.DOCUMENT, earlier.id, Purpose.APPLY)
    await department_documents.add(acting.tx, document)
    await acting.record("department_document.added", ObjectKind.DOCUMENT, document.id, Purpose.APPLY)
    return document


def _validated_parameters(env: Environment, publisher: str, doctype: str, given: Mapping[str, str]) -> dict[str, str]:
    if publisher == RATION_CARD:
        return _card_parameters(doctype, given)
    known = _specification(env, publisher, doctype)
    wanted = [name for name in known.parameters if name not in known.withheld]
    values = {name: value.strip() for name, value in given.items()}
    if set(values) != set(wanted) or not all(0 < len(value) <= LONGEST_VALUE for value in values.values()):
        raise _wrong_parameters()
    if any(mask_aadhaar_in(value) != value for value in values.values()):
        raise _wrong_parameters()
    return values


def _card_parameters(doctype: str, given: Mapping[str, str]) -> dict[str, str]:
    if doctype != RATION_CARD_DOCTYPE:
        raise Problems(Problem(ErrorCode.DOCUMENT_UNKNOWN, ("input", "doctype")))
    number = ration_card_number(given.get(CARD_NUMBER, ""))
    if set(given) != {CARD_NUMBER} or number is None or mask_aadhaar_in(number) != number:
        raise _wrong_parameters()
    return {CARD_NUMBER: number}


def _specification(env: Environment, publisher: str, doctype: str) -> DocumentSpecification:
    settings = env.partners.apisetu.publishers().get(publisher)
    known = settings.documents.get(doctype) if settings else None
    if known is None:
        raise Problems(Problem(ErrorCode.DOCUMENT_UNKNOWN, ("input", "doctype")))
    return known


def _wrong_parameters() -> Problems:
    return Problems(Problem(ErrorCode.BAD_INPUT, ("input", "parameters")))


def _citizen(subject: Subject) -> str:
    if subject.kind is not PersonKind.CITIZEN or subject.person_id is None:
        raise not_found("input")
    return subject.person_id
