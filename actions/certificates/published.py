"""Serves what this state publishes on API Setu: certificates with their holders' consent, and its catalogue.

A certificate is given only where it holds, its number and its holder's name are the ones that were asked for, and
the consent is of the holder by the mobile number that we know of her. Each one leaves a receipt and an audit line.
"""

import re
from collections.abc import Mapping
from typing import Any

import structlog

from actions.certificates.verification import signed_statement
from actions.documents.holder_match import same_name
from actions.kernel import Environment, access, run_idempotently
from domain.catalogue.catalogue import ISSUED, Service
from domain.certificates.certificates import CertificateStatus, IssuedCertificate
from domain.identity.policy import ObjectKind, Purpose
from domain.kernel import (
    Bilingual,
    Citizen,
    ErrorCode,
    MistypedNumber,
    NumberKind,
    Problem,
    Problems,
    Role,
    Subject,
    TemporarilyUnavailable,
    parse_number,
)
from integrations.apisetu import PublishedCall, PublishedDocument, PublishedService
from store.catalogue import catalogue
from store.certificates import certificates
from store.database import KeyReused, Transaction, audit, idempotency
from store.identity import people

log = structlog.get_logger(__name__)

OPERATION = "apisetu.published"
_CONSENTS = idempotency.scope_of(Role.API_SETU.value, "apisetu.consent")
_ALL = 1000
"""More services than the catalogue has."""


class CertificatePublisher:
    """Implements the endpoints of integrations/apisetu/published."""

    def __init__(self, env: Environment) -> None:
        self._env = env

    async def documents(self) -> tuple[PublishedDocument, ...]:
        """The documents that services of ours end in, by national code; raises TemporarilyUnavailable."""
        found: dict[str, list[Service]] = {}
        for service in await self._catalogue():
            if service.outcome in ISSUED and service.doctype:
                found.setdefault(service.doctype.upper(), []).append(service)
        return tuple(
            PublishedDocument(doctype, services[0].name, tuple(service.code for service in services))
            for doctype, services in sorted(found.items())
        )

    async def services(self) -> tuple[PublishedService, ...]:
        """The catalogue in what an outsider may know; raises TemporarilyUnavailable."""
        services = await self._catalogue()
        async with self._env.store.read_transaction() as tx:
            departments = {each.slug: each.name for each in await catalogue.departments(tx)}
        return tuple(_published_service(service, departments) for service in services)

    async def verify(self, client_id: str, text: str, nonce: str | None) -> str | None:
        """As the public page tells, signed for one consumer; None where there is none.

        Raises MistypedNumber, Problems with QR_NOT_GENUINE, TemporarilyUnavailable.
        """
        return await signed_statement(self._env, text, client_id, nonce)

    async def find(self, call: PublishedCall) -> bytes | None:
        """The file of a certificate, or None where it must not be given.

        The same transaction number gives the same certificate again without using the consent once more.
        Raises TemporarilyUnavailable, and Problems: IDEMPOTENCY_KEY_REUSED for another question under the number,
        CONSENT_REQUIRED where the consent allows no more reads.
        """

        async def work(tx: Transaction) -> Mapping[str, Any]:
            certificate = await self._certificate(tx, call)
            given = certificate is not None and await self._decide_release(tx, certificate, call)
            return {"certificateId": certificate.id if certificate and given else None}

        subject, key = Subject(frozenset({Role.API_SETU})), f"{call.client_id}:{call.transaction_id}"
        body = {"call": call.body_sha256}
        answer, _ = await run_idempotently(self._env, subject, OPERATION, key=key, body=body, work=work)
        return await self._file(answer["certificateId"], call.format) if answer["certificateId"] else None

    async def _catalogue(self) -> list[Service]:
        return await self._env.store.read(lambda tx: catalogue.services_page(tx, limit=_ALL))

    async def _certificate(self, tx: Transaction, call: PublishedCall) -> IssuedCertificate | None:
        try:
            number = parse_number(call.number, NumberKind.CERTIFICATE)
        except MistypedNumber:
            return None
        found = await certificates.by_number(tx, number)
        return found if found and found.doctype.upper() == call.doctype else None

    async def _decide_release(self, tx: Transaction, certificate: IssuedCertificate, call: PublishedCall) -> bool:
        """Compare the holder, use the consent, ask the access table, and write down how it went."""
        citizen = (await people.citizens(tx, [certificate.citizen_id])).get(certificate.citizen_id)
        refusal = None
        if certificate.status is not CertificateStatus.ACTIVE:
            refusal = "NOT_ACTIVE"
        elif citizen is None or not _is_holder(call, citizen, certificate):
            refusal = "HOLDER_DIFFERS"
        else:
            await self._use_consent(tx, call)
            subject = Subject(frozenset({Role.API_SETU}), person_id=citizen.id)
            resource = access.of_certificate(certificate)
            await access.require(self._env, tx, subject, resource, Purpose.SHARE_WITH_CONSENT)
        await audit.record(
            tx,
            f"{Role.API_SETU.value}:{call.client_id}",
            OPERATION if refusal is None else f"{OPERATION}.refused",
            ObjectKind.CERTIFICATE,
            certificate.id,
            Purpose.SHARE_WITH_CONSENT,
            **{"consentId": call.consent_id, **({"refusal": refusal} if refusal else {})},
        )
        return refusal is None

    async def _use_consent(self, tx: Transaction, call: PublishedCall) -> None:
        """Count one read of the consent, for ever; raises CONSENT_REQUIRED where it was used up."""
        for number in range(1, call.repeats + 1):
            key = f"{call.client_id}:{call.consent_id}:{number}"
            try:
                await idempotency.begin(tx, _CONSENTS, key, call.transaction_id, self._env.clock.now(), for_ever=True)
            except KeyReused:
                continue
            await idempotency.complete(tx, _CONSENTS, key, {})
            return
        raise Problems(Problem(ErrorCode.CONSENT_REQUIRED))

    async def _file(self, certificate_id: str, form: str) -> bytes | None:
        """The file of a certificate that was given; None where it has been ended since."""
        async with self._env.store.read_transaction() as tx:
            certificate = (await certificates.by_ids(tx, [certificate_id])).get(certificate_id)
        if certificate is None or certificate.status is not CertificateStatus.ACTIVE:
            return None
        content = await self._env.objects.get(certificate.pdf_sha256 if form == "pdf" else certificate.xml_sha256)
        if content is None:
            log.error("certificate_file_missing", certificate_id=certificate.id)
            raise TemporarilyUnavailable
        return content


def _is_holder(call: PublishedCall, citizen: Citizen, certificate: IssuedCertificate) -> bool:
    names = (certificate.holder.en, certificate.holder.hi, citizen.name.en, citizen.name.hi)
    named = any(same_name(call.full_name, name) for name in names if name)
    return named and bool(citizen.mobile) and _digits(call.mobile) == _digits(citizen.mobile or "")


def _digits(mobile: str) -> str:
    """The ten digits of an Indian mobile number, without the country's code."""
    return re.sub(r"\D", "", mobile)[-10:]


def _published_service(service: Service, departments: Mapping[str, Bilingual]) -> PublishedService:
    return PublishedService(
        code=service.code,
        name=service.name,
        department=departments.get(service.department or ""),
        outcome=service.outcome.value,
        doctype=service.doctype,
        limit_days=service.limit_days,
        fee_paise=service.fee_paise,
        open=service.open,
    )
