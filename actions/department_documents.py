"""Documents that departments hold about a citizen, asked for through API Setu with her recorded consent."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from actions.access import of_citizen, read_at_sources
from actions.environment import Environment
from domain.people import Subject
from domain.policy import ObjectKind
from domain.sources import Source, Sourced
from integrations.apisetu import CertificateRequest, DepartmentCertificate
from integrations.errors import IntegrationError, Refused
from store import department_documents, people
from store.department_documents import DepartmentDocument

CONSENT_NEEDED = "consent_needed"
RATION_CARD = "onorc"
"""The publisher under which the number of a ration card is kept; it is asked for through UMANG, not here."""


@dataclass(frozen=True, slots=True)
class DepartmentAnswer:
    """What came of asking for one document: the certificate, or why there is none."""

    document: DepartmentDocument
    certificate: Sourced[DepartmentCertificate] | None
    failure: IntegrationError | None


async def department_certificates_of(
    env: Environment, subject: Subject, citizen_id: str
) -> tuple[DepartmentAnswer, ...]:
    """Ask for every department document of a citizen, together; leaves a receipt. Raises NOT_FOUND where denied."""
    held = await held_by_departments(env, citizen_id)
    if held:
        await read_at_sources(env, subject, of_citizen(citizen_id, ObjectKind.CERTIFICATE), [Source.API_SETU])
    return await ask_departments(env, citizen_id, held)


async def held_by_departments(env: Environment, citizen_id: str) -> list[DepartmentDocument]:
    """The documents that API Setu may be asked for."""
    async with env.store.reading() as tx:
        held = await department_documents.of_citizen(tx, citizen_id)
    return [document for document in held if document.publisher != RATION_CARD]


async def ask_departments(
    env: Environment, citizen_id: str, held: Sequence[DepartmentDocument]
) -> tuple[DepartmentAnswer, ...]:
    """Ask for documents together, for a caller that has decided access; one failure never hides another answer."""
    if not held:
        return ()
    async with env.store.reading() as tx:
        citizen = (await people.citizens(tx, [citizen_id])).get(citizen_id)
    names = tuple(name for name in (citizen.name.en, citizen.name.hi) if name) if citizen else ()
    return tuple(await asyncio.gather(*(_ask(env, document, names) for document in held)))


async def _ask(env: Environment, document: DepartmentDocument, holder_names: tuple[str, ...]) -> DepartmentAnswer:
    if document.valid_until is not None and document.valid_until <= env.clock.now():
        return DepartmentAnswer(document, None, Refused(Source.API_SETU, CONSENT_NEEDED))
    request = CertificateRequest(
        citizen_id=document.citizen_id,
        publisher=document.publisher,
        doctype=document.doctype,
        parameters=document.parameters,
        consent_artefact=document.consent,
        transaction_id=env.ids.key(),
        holder_names=holder_names,
    )
    try:
        return DepartmentAnswer(document, await env.partners.apisetu.certificate(request), None)
    except IntegrationError as error:
        return DepartmentAnswer(document, None, error)
