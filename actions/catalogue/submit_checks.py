"""Checks that an application may be submitted, and reports all problems at once."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from domain.catalogue.catalogue import Service
from domain.kernel import ErrorCode, Problem, Problems, hidden_character_problem, mask_aadhaar_in
from store.catalogue import catalogue
from store.database import Transaction

LONGEST_VALUE = 2000
MOST_FIELDS = 100
MOST_DOCUMENTS = 50


class DocumentSource(StrEnum):
    """Where an attached document is stored: the citizen's locker, our own store, or an upload of hers."""

    DIGILOCKER = "DIGILOCKER"
    STORE = "STORE"
    UPLOAD = "UPLOAD"


@dataclass(frozen=True, slots=True)
class NewDocument:
    """A paper that the citizen attaches by reference. `key` names the required document.

    `uri` is a document URI for DIGILOCKER and STORE, and a SHA-256 in hexadecimal for UPLOAD.
    """

    key: str
    uri: str
    source: str = DocumentSource.DIGILOCKER.value


async def open_service(tx: Transaction, code: str) -> Service:
    """The service with a code; raises SERVICE_UNKNOWN, APPLY_ELSEWHERE or SERVICE_CLOSED."""
    path = ("input", "serviceCode")
    service = await catalogue.service(tx, code)
    if service is None:
        raise Problems(Problem(ErrorCode.SERVICE_UNKNOWN, path))
    if service.hand_over is not None:
        raise Problems(Problem(ErrorCode.APPLY_ELSEWHERE, path, params={"address": service.hand_over.address}))
    if not service.open:
        raise Problems(Problem(ErrorCode.SERVICE_CLOSED, path, params={"service": service.code}))
    return service


async def place_problems(tx: Transaction, district: str, tehsil: str | None) -> list[Problem]:
    """PLACE_UNKNOWN for a district that the state does not have, or a tehsil that the district does not have."""
    if not any(known.code == district for known in await catalogue.districts(tx)):
        return [Problem(ErrorCode.PLACE_UNKNOWN, ("input", "district"))]
    if tehsil is not None and not any(known.code == tehsil for known in await catalogue.tehsils(tx, district)):
        return [Problem(ErrorCode.PLACE_UNKNOWN, ("input", "tehsil"))]
    return []


def document_problems(service: Service, documents: Sequence[NewDocument]) -> list[Problem]:
    """DOCUMENT_MISSING for each required paper that is not there, DOCUMENT_UNKNOWN for each that nobody asked for."""
    if len(documents) > MOST_DOCUMENTS:
        return unasked_documents(service, documents)
    path, given = ("input", "documents"), {document.key for document in documents}
    missing = [
        Problem(ErrorCode.DOCUMENT_MISSING, path, params={"key": paper.key, "paper": paper.name})
        for paper in service.documents
        if paper.required and paper.key not in given
    ]
    return missing + unasked_documents(service, documents)


def unasked_documents(service: Service, documents: Sequence[NewDocument]) -> list[Problem]:
    """DOCUMENT_UNKNOWN for each paper that is not on the service's list, or BAD_INPUT for too many of them."""
    if len(documents) > MOST_DOCUMENTS:
        return [Problem(ErrorCode.BAD_INPUT, ("input", "documents"), params={"most": str(MOST_DOCUMENTS)})]
    known = {paper.key for paper in service.documents}
    return [unknown_document(place) for place, document in enumerate(documents) if document.key not in known]


def each_once(problems: Iterable[Problem]) -> list[Problem]:
    """The problems without those already reported: a document may be unknown for two reasons."""
    return list({(one.code, one.path, str(one.params)): one for one in problems}.values())


def unknown_document(place: int) -> Problem:
    """The document at a place of the input is not one that can be attached."""
    return Problem(ErrorCode.DOCUMENT_UNKNOWN, ("input", "documents", str(place)), params={"position": str(place + 1)})


def form_problems(form: Mapping[str, str]) -> list[Problem]:
    """BAD_INPUT for a form that is too large, TEXT_HIDDEN_CHARACTER for each answer with what nobody sees."""
    path = ("input", "form")
    if len(form) > MOST_FIELDS:
        return [Problem(ErrorCode.BAD_INPUT, path, params={"most": str(MOST_FIELDS)})]
    if any(len(name) > 100 or len(value) > LONGEST_VALUE for name, value in form.items()):
        return [Problem(ErrorCode.BAD_INPUT, path, params={"longest": str(LONGEST_VALUE)})]
    hidden = (hidden_character_problem(value, *path, *name.split(".")) for name, value in form.items())
    return [problem for problem in hidden if problem is not None]


def clean_form(form: Mapping[str, str]) -> dict[str, str]:
    """The form as it is stored: values trimmed, and Aadhaar numbers hidden but for their last digits.

    Aadhaar numbers exist only in the vault (ADR 0015).
    """
    return {name: mask_aadhaar_in(value.strip()) for name, value in form.items()}
