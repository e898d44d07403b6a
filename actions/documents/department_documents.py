"""Fetches a citizen's documents from departments through API Setu, with the citizen's recorded consent."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from actions.kernel import Environment, of_citizen, read_at_sources
from domain.documents.documents import RATION_CARD
from domain.identity.policy import ObjectKind
from domain.kernel import Source, Sourced, Subject
from integrations.apisetu import CertificateRequest, DepartmentCertificate, DepartmentFile
from integrations.calling.errors import Refused, RemoteError
from store.documents import department_documents
from store.documents.department_documents import DepartmentDocument
from store.identity import people

CONSENT_NEEDED = "consent_needed"


@dataclass(frozen=True, slots=True)
class DepartmentAnswer:
    """The outcome of asking for one document: the certificate, or why there is none."""

    document: DepartmentDocument
    certificate: Sourced[DepartmentCertificate] | None
    failure: RemoteError | None


async def department_certificates_of(
    env: Environment, subject: Subject, citizen_id: str
) -> tuple[DepartmentAnswer, ...]:
    """Ask for every department document of a citizen, together; leaves a receipt. Raises NOT_FOUND where denied."""
    held = await held_by_departments(env, citizen_id)
    # Also where nothing is held: who may not see them must not learn that there are none.
    asked = asked_of(env, held)
    await read_at_sources(env, subject, of_citizen(citizen_id, ObjectKind.CERTIFICATE), asked)
    return await ask_departments(env, citizen_id, held)


async def held_by_departments(env: Environment, citizen_id: str) -> list[DepartmentDocument]:
    """The documents that API Setu may be asked for."""
    held = await env.store.read(lambda tx: department_documents.of_citizen(tx, citizen_id))
    return [document for document in held if document.publisher != RATION_CARD]


async def ask_departments(
    env: Environment, citizen_id: str, held: Sequence[DepartmentDocument]
) -> tuple[DepartmentAnswer, ...]:
    """Ask for documents together, for a caller that has decided access; one failure never hides another answer.

    What was answered while the citizen withdrew her consent is dropped, and so is what was kept of it. A consent that
    had ended before drops nothing: its document was not asked for.
    """
    if not held:
        return ()
    names, began = await _names(env, citizen_id), env.clock.now()
    answers = await asyncio.gather(*(_ask(env, document, names) for document in held))
    async with env.store.read_transaction() as tx:
        present = {document.id: document for document in await department_documents.of_citizen(tx, citizen_id)}
    now = env.clock.now()
    withdrawn = [not still_held(answer.document, present.get(answer.document.id), now) for answer in answers]
    if any(gone and not has_lapsed(one.document, began) for one, gone in zip(answers, withdrawn, strict=True)):
        await env.partners.forget_citizen(citizen_id)
    return tuple(
        DepartmentAnswer(answer.document, None, Refused(Source.API_SETU, CONSENT_NEEDED)) if gone else answer
        for answer, gone in zip(answers, withdrawn, strict=True)
    )


async def fetch_document(env: Environment, citizen_id: str, document_id: str, media_type: str) -> DepartmentFile | None:
    """The bytes of one document, for a caller that has decided access; None where she has no such document.

    Raises Refused(consent_needed) where the consent has ended, also where that happened meanwhile, and what the
    client raises.
    """
    document = await _find_document(env, citizen_id, document_id)
    if document is None:
        return None
    if has_lapsed(document, env.clock.now()):
        raise Refused(Source.API_SETU, CONSENT_NEEDED)
    request = _request(env, document, await _names(env, citizen_id))
    fetched = await env.partners.apisetu.document(replace(request, format=media_type.partition("/")[2]))
    if not still_held(document, await _find_document(env, citizen_id, document_id), env.clock.now()):
        await env.partners.forget_citizen(citizen_id)
        raise Refused(Source.API_SETU, CONSENT_NEEDED)
    return fetched


async def _find_document(env: Environment, citizen_id: str, document_id: str) -> DepartmentDocument | None:
    return next((one for one in await held_by_departments(env, citizen_id) if one.id == document_id), None)


async def _names(env: Environment, citizen_id: str) -> tuple[str, ...]:
    """The spellings under which the holder is known."""
    async with env.store.read_transaction() as tx:
        citizen = (await people.citizens(tx, [citizen_id])).get(citizen_id)
    return tuple(name for name in (citizen.name.en, citizen.name.hi) if name) if citizen else ()


def asked_of(env: Environment, held: Sequence[DepartmentDocument]) -> list[Source]:
    """The sources that are asked for these documents: none where no consent holds, so that no receipt says so."""
    now = env.clock.now()
    return [Source.API_SETU] if any(not has_lapsed(document, now) for document in held) else []


def still_held(asked: DepartmentDocument, present: DepartmentDocument | None, now: datetime) -> bool:
    """Whether the consent that a document was asked with holds after the answer too; one renewed meanwhile does."""
    if present is None or (asked.consent and not present.consent):
        return False
    return not has_lapsed(present, now)


def has_lapsed(document: DepartmentDocument, now: datetime) -> bool:
    """Whether the consent for a document has ended."""
    return document.valid_until is not None and document.valid_until <= now


async def _ask(env: Environment, document: DepartmentDocument, holder_names: tuple[str, ...]) -> DepartmentAnswer:
    if has_lapsed(document, env.clock.now()):
        return DepartmentAnswer(document, None, Refused(Source.API_SETU, CONSENT_NEEDED))
    request = _request(env, document, holder_names)
    try:
        return DepartmentAnswer(document, await env.partners.apisetu.certificate(request), None)
    except RemoteError as error:
        return DepartmentAnswer(document, None, error)


def _request(env: Environment, document: DepartmentDocument, holder_names: tuple[str, ...]) -> CertificateRequest:
    return CertificateRequest(
        citizen_id=document.citizen_id,
        publisher=document.publisher,
        doctype=document.doctype,
        parameters=document.parameters,
        consent_artefact=document.consent,
        transaction_id=env.ids.key(),
        holder_names=holder_names,
    )
