"""Serves our certificates that DigiLocker pulls into a citizen's locker (docs/contracts/digilocker.md section 7).

A certificate is released only to the locker that is linked to its holder, and only where the name and
the date of birth that DigiLocker sends are the holder's. Each release leaves a receipt and an audit line.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import date
from typing import Any

import structlog

from actions.certificates.issuer_search import NO_TAGS, Found, SearchTags, search
from actions.documents.holder_match import is_holder, same_number
from actions.documents.locker_push import note_pulled, plan_as_asked
from actions.kernel import Environment, access, run_idempotently
from domain.applications.applications import Application
from domain.catalogue.catalogue import ISSUED
from domain.certificates.certificates import CertificateStatus, IssuedCertificate
from domain.identity.facts import FactKey
from domain.identity.policy import ObjectKind, Purpose
from domain.kernel import Citizen, ErrorCode, PersonKind, Problems, Provider, Role, Subject, TemporarilyUnavailable
from integrations.certificate_facts import read_facts
from integrations.digilocker import PENDING, IssuedCopy, Pending, PullDocRequest, PullRequest
from store.catalogue import catalogue
from store.certificates import certificate_endings, certificates
from store.database import StoreError, Transaction, audit
from store.identity import identities, people

log = structlog.get_logger(__name__)

Find = Callable[[Transaction], Awaitable[Found | None]]

_DIGILOCKER = Subject(frozenset({Role.DIGILOCKER}))
_SSO_PREFIX = "DL-"
"""MeriPehchaan's `user_sso_id` of a DigiLocker account: this and the `DigiLockerId`
(docs/contracts/sso.md section 2.1)."""


class CertificateIssuer:
    """Implements the issuer endpoint of integrations/digilocker: finds, decides, releases."""

    def __init__(self, env: Environment, search_tags: SearchTags = NO_TAGS) -> None:
        """`search_tags` is what the partner account's tags mean, by doctype."""
        self._env = env
        self._tags = search_tags

    async def find(self, request: PullRequest) -> IssuedCopy | Pending | None:
        """The certificate that was asked for by its number, its application's or the doctype's parameters.

        PENDING where it is decided on and being made, None where there is none for this locker. The same
        transaction number gives the same certificate again, and nothing to another question.
        Raises TemporarilyUnavailable.
        """
        body = {"doctype": request.doctype, "search": dict(request.search), **_holder_of(request)}

        async def find(tx: Transaction) -> Found | None:
            owner = await _owner(tx, request.locker_id)
            return await search(tx, request.doctype, request.search, owner, self._tags)

        return await self._release("digilocker.pull_uri", request, body, find)

    async def fetch(self, request: PullDocRequest) -> IssuedCopy | None:
        """The certificate that a URI leads to: for one that was corrected the one in its place. None where revoked.

        Raises TemporarilyUnavailable.
        """

        async def by_uri(tx: Transaction) -> Found | None:
            found = await certificates.by_uri(tx, request.uri)
            return Found(found, exact=True) if found else None

        body = {"uri": request.uri, **_holder_of(request)}
        copy = await self._release("digilocker.pull_doc", request, body, by_uri)
        return copy if isinstance(copy, IssuedCopy) else None

    async def _release(
        self, operation: str, request: PullRequest | PullDocRequest, body: Mapping[str, Any], find: Find
    ) -> IssuedCopy | Pending | None:
        async def work(tx: Transaction) -> Mapping[str, Any]:
            found = await find(tx)
            if found is None:
                return {"certificateId": None}
            if found.certificate is None:
                return {"certificateId": None, "pending": await self._owns(tx, found, request)}
            return await self._release_latest(tx, found.certificate, request, operation, exact=found.exact)

        subject, key = _DIGILOCKER, f"{request.org_id}:{request.txn}"
        try:
            async with _translate_store_errors():
                answer, _ = await run_idempotently(self._env, subject, operation, key=key, body=body, work=work)
        except Problems as problems:
            log.warning("digilocker_pull_not_answered", operation=operation, code=problems.code.value)
            if problems.code is ErrorCode.IDEMPOTENCY_KEY_REUSED:
                return None
            raise TemporarilyUnavailable from None
        if answer.get("pending"):
            return PENDING
        return await self._copy(answer["certificateId"]) if answer["certificateId"] else None

    async def _release_latest(
        self,
        tx: Transaction,
        known: IssuedCertificate,
        request: PullRequest | PullDocRequest,
        operation: str,
        *,
        exact: bool,
    ) -> Mapping[str, Any]:
        """The one that a certificate leads to, where it may be released; and what the locker holds by then is noted."""
        latest = await certificate_endings.latest(tx, known)
        released = await self._decide_release(tx, latest, request, operation, exact=exact)
        waits = released and latest.status is CertificateStatus.CORRECTED
        if released and isinstance(request, PullDocRequest):
            await note_pulled(tx, known, request.locker_id)  # who asks by its URI holds it
        elif released and waits:
            await plan_as_asked(tx, latest.application_id, request.locker_id, instead_of=latest.id)
        elif released:
            await note_pulled(tx, latest, request.locker_id)
        return {"certificateId": latest.id if released and not waits else None, "pending": waits}

    async def _owns(self, tx: Transaction, found: Found, request: PullRequest | PullDocRequest) -> bool:
        """Whether the application whose certificate is being made is that of the locker's owner, by name too.

        Then the certificate is put there once it is made.
        """
        application = found.application
        if application is None:
            return False
        if not isinstance(request, PullRequest) or not await _ends_in(tx, application, request.doctype):
            return False
        if await _linked_citizen(tx, request.locker_id, application.citizen_id) != application.citizen_id:
            return False
        citizen = (await people.citizens(tx, [application.citizen_id]))[application.citizen_id]
        names = (citizen.name.en, citizen.name.hi or "")
        owns = is_holder(request.name, request.born_on, names, citizen.born_on)
        owns = owns and await same_number(self._env.vault, citizen, request.uid)
        if owns:
            await plan_as_asked(tx, application.id, request.locker_id)
            action, actor = "digilocker.pull_uri.pending", _DIGILOCKER.label
            await audit.record(tx, actor, action, ObjectKind.APPLICATION, application.id, Purpose.ISSUE_TO_LOCKER)
        return owns

    async def _decide_release(
        self,
        tx: Transaction,
        certificate: IssuedCertificate,
        request: PullRequest | PullDocRequest,
        operation: str,
        *,
        exact: bool,
    ) -> bool:
        """Ask the access table as the locker's owner, compare the holder, and write down how it went."""
        owner = await _linked_citizen(tx, request.locker_id, certificate.citizen_id)
        subject = Subject(frozenset({Role.DIGILOCKER}), person_id=owner)
        refusal = await self._refusal(tx, certificate, request, subject, exact=exact)
        await audit.record(
            tx,
            subject.label,
            operation if refusal is None else f"{operation}.refused",
            ObjectKind.CERTIFICATE,
            certificate.id,
            Purpose.ISSUE_TO_LOCKER,
            **{"refusal": refusal} if refusal else {},
        )
        return refusal is None

    async def _refusal(
        self,
        tx: Transaction,
        certificate: IssuedCertificate,
        request: PullRequest | PullDocRequest,
        subject: Subject,
        *,
        exact: bool,
    ) -> str | None:
        """Why a certificate is not released, or None. One whose correction is being made is not refused: it waits."""
        if certificate.status in (CertificateStatus.REVOKED, CertificateStatus.EXPIRED):
            return "NOT_ACTIVE"
        citizen = (await people.citizens(tx, [certificate.citizen_id])).get(certificate.citizen_id)
        if citizen is None or not _is_holder(request, citizen, certificate, exact=exact):
            return "HOLDER_DIFFERS"
        if not await same_number(self._env.vault, citizen, request.uid):
            return "NUMBER_DIFFERS"
        try:
            await access.require(self._env, tx, subject, access.of_certificate(certificate), Purpose.ISSUE_TO_LOCKER)
        except Problems:
            return "LOCKER_NOT_LINKED"
        return None

    async def _copy(self, certificate_id: str) -> IssuedCopy | None:
        """The files of a released certificate; None where it has been revoked since, or a file is gone.

        Raises TemporarilyUnavailable.
        """
        async with _translate_store_errors(), self._env.store.read_transaction() as tx:
            certificate = (await certificates.by_ids(tx, [certificate_id])).get(certificate_id)
            if certificate is not None:
                certificate = await certificate_endings.latest(tx, certificate)
            if certificate is None or certificate.status is not CertificateStatus.ACTIVE:
                return None
            citizen = (await people.citizens(tx, [certificate.citizen_id]))[certificate.citizen_id]
        async with _translate_store_errors():
            pdf = await self._env.objects.get(certificate.pdf_sha256)
            xml = await self._env.objects.get(certificate.xml_sha256)
        if pdf is None or xml is None:
            log.error("certificate_file_missing", certificate_id=certificate.id)
            return None
        return IssuedCopy(certificate.uri, certificate.holder.en, *_birth_and_gender(xml, citizen), pdf, xml)


def _birth_and_gender(xml: bytes, citizen: Citizen) -> tuple[date | None, str | None]:
    """What the certificate states of its holder, who need not be the citizen that applied, as of a birth."""
    told = read_facts(xml)
    if told is None or told.holder is None:
        return citizen.born_on, citizen.gender
    return told.born_on, told.facts.get(FactKey.GENDER)


async def _ends_in(tx: Transaction, application: Application, doctype: str) -> bool:
    """Whether the service of an application ends in a certificate of the doctype."""
    service = await catalogue.service(tx, application.service_code)
    return service is not None and service.outcome in ISSUED and (service.doctype or "").upper() == doctype


@asynccontextmanager
async def _translate_store_errors() -> AsyncIterator[None]:
    """Translate an unavailable store into TemporarilyUnavailable."""
    try:
        yield
    except StoreError as error:
        raise TemporarilyUnavailable from error


def _holder_of(request: PullRequest | PullDocRequest) -> dict[str, str | None]:
    born_on = request.born_on.isoformat() if request.born_on else None
    return {"lockerId": request.locker_id.lower(), "name": request.name, "bornOn": born_on}


def _is_holder(
    request: PullRequest | PullDocRequest, citizen: Citizen, certificate: IssuedCertificate, *, exact: bool
) -> bool:
    """Name and date of birth as DigiLocker knows them. A later fetch by URI may leave both out."""
    if isinstance(request, PullDocRequest) and request.name is None and request.born_on is None:
        return True
    if not exact and (request.born_on is None or citizen.born_on is None):
        return False
    names = (certificate.holder.en, certificate.holder.hi or "", citizen.name.en, citizen.name.hi or "")
    return is_holder(request.name, request.born_on, names, citizen.born_on)


async def _owner(tx: Transaction, locker_id: str) -> str | None:
    """The citizen who signs in with MeriPehchaan by this locker."""
    known = await identities.identity(tx, Provider.MERI_PEHCHAAN, _SSO_PREFIX + locker_id.lower())
    return known[1] if known is not None and known[0] is PersonKind.CITIZEN else None


async def _linked_citizen(tx: Transaction, locker_id: str, citizen_id: str) -> str | None:
    """Whose locker it is: by sign-in with MeriPehchaan, or as the certificate's citizen linked it."""
    owner = await _owner(tx, locker_id)
    if owner is not None:
        return owner
    linked = await identities.locker_of(tx, citizen_id)
    return citizen_id if linked is not None and linked.lower() == locker_id.lower() else None
