"""Certificates of ours that DigiLocker pulls into a citizen's locker (contracts/digilocker.md section 7).

A certificate is released only to the locker that is linked to its holder, and only where the name and
the date of birth that DigiLocker sends are the holder's. Each release leaves a receipt and an audit line.
"""

import re
import unicodedata
from collections.abc import Awaitable, Callable, Mapping
from datetime import date
from typing import Any

import structlog

from actions import access
from actions.environment import Environment
from actions.idempotent import once
from domain.certificates import CertificateStatus, IssuedCertificate
from domain.errors import Problems
from domain.numbers import MistypedNumber, NumberKind, parse_number
from domain.people import Citizen, PersonKind, Provider, Role, Subject
from domain.policy import ObjectKind, Purpose
from integrations.digilocker import IssuedCopy, PullDocRequest, PullRequest
from store import audit, certificates, identities, people
from store.engine import Transaction

log = structlog.get_logger(__name__)

Find = Callable[[Transaction], Awaitable[IssuedCertificate | None]]

_DIGILOCKER = Subject(frozenset({Role.DIGILOCKER}))
_SSO_PREFIX = "DL-"
"""MeriPehchaan's `user_sso_id` of a DigiLocker account: this and the `DigiLockerId` (contracts/sso.md section 2.1)."""

_TITLES = frozenset({"mr", "mrs", "ms", "dr", "shri", "smt", "kumari", "km", "श्री", "श्रीमती", "कुमारी", "सुश्री", "डॉ"})


class CertificateIssuer:
    """The issuer behind the door of integrations/digilocker: finds, decides, releases."""

    def __init__(self, env: Environment) -> None:
        self._env = env

    async def find(self, request: PullRequest) -> IssuedCopy | None:
        """The certificate whose number was keyed in DigiLocker, or None.

        The same transaction number gives the same certificate again, and nothing to another question.
        """
        body = {"doctype": request.doctype, "search": dict(request.search), **_holder_of(request)}

        async def by_number(tx: Transaction) -> IssuedCertificate | None:
            number = _certificate_number(request.search)
            found = await certificates.by_number(tx, number) if number else None
            return found if found and found.doctype.upper() == request.doctype else None

        return await self._release("digilocker.pull_uri", request, body, by_number)

    async def fetch(self, request: PullDocRequest) -> IssuedCopy | None:
        """The certificate of a URI that is in the locker already, or None."""

        async def by_uri(tx: Transaction) -> IssuedCertificate | None:
            return await certificates.by_uri(tx, request.uri)

        return await self._release("digilocker.pull_doc", request, {"uri": request.uri, **_holder_of(request)}, by_uri)

    async def _release(
        self, operation: str, request: PullRequest | PullDocRequest, body: Mapping[str, Any], find: Find
    ) -> IssuedCopy | None:
        async def work(tx: Transaction) -> Mapping[str, Any]:
            certificate = await find(tx)
            released = certificate is not None and await self._allowed(tx, certificate, request, operation)
            return {"certificateId": certificate.id if certificate and released else None}

        key = f"{request.org_id}:{request.txn}"
        try:
            answer, _ = await once(self._env, _DIGILOCKER, operation, key=key, body=body, work=work)
        except Problems as problems:
            log.warning("digilocker_pull_not_answered", operation=operation, code=problems.code.value)
            return None
        return await self._copy(answer["certificateId"]) if answer["certificateId"] else None

    async def _allowed(
        self, tx: Transaction, certificate: IssuedCertificate, request: PullRequest | PullDocRequest, operation: str
    ) -> bool:
        """Ask the access table as the locker's owner, compare the holder, and write down how it went."""
        owner = await _linked_citizen(tx, request.locker_id, certificate.citizen_id)
        subject = Subject(frozenset({Role.DIGILOCKER}), person_id=owner)
        citizen = (await people.citizens(tx, [certificate.citizen_id])).get(certificate.citizen_id)
        refusal = None
        if certificate.status is not CertificateStatus.ACTIVE:
            refusal = "NOT_ACTIVE"
        elif citizen is None or not _is_holder(request, citizen, certificate):
            refusal = "HOLDER_DIFFERS"
        else:
            try:
                resource = access.of_certificate(certificate)
                await access.require(self._env, tx, subject, resource, Purpose.ISSUE_TO_LOCKER)
            except Problems:
                refusal = "LOCKER_NOT_LINKED"
        line = audit.AuditLine(
            actor_label=subject.label,
            action=operation if refusal is None else f"{operation}.refused",
            object_kind=ObjectKind.CERTIFICATE.value,
            object_id=certificate.id,
            purpose=Purpose.ISSUE_TO_LOCKER.value,
            detail={"refusal": refusal} if refusal else {},
        )
        await audit.append(tx, line)
        return refusal is None

    async def _copy(self, certificate_id: str) -> IssuedCopy | None:
        """The files of a released certificate; None where it has been revoked since, or a file is gone."""
        async with self._env.store.reading() as tx:
            certificate = (await certificates.many(tx, [certificate_id])).get(certificate_id)
            if certificate is None or certificate.status is not CertificateStatus.ACTIVE:
                return None
            citizen = (await people.citizens(tx, [certificate.citizen_id]))[certificate.citizen_id]
        pdf = await self._env.objects.get(certificate.pdf_sha256)
        xml = await self._env.objects.get(certificate.xml_sha256)
        if pdf is None or xml is None:
            log.error("certificate_file_missing", certificate_id=certificate.id)
            return None
        return IssuedCopy(certificate.uri, certificate.holder.en, citizen.born_on, citizen.gender, pdf, xml)


def same_name(one: str, other: str) -> bool:
    """Whether two spellings are one name: letter case, spaces, punctuation and titles do not count."""
    left, right = _bare(one), _bare(other)
    return bool(left) and left == right


def _bare(name: str) -> tuple[str, ...]:
    text = unicodedata.normalize("NFKC", name).casefold()
    words = re.sub(r"[\s.,'’`_-]+", " ", text).split()
    return tuple(word for word in words if word not in _TITLES)


def _certificate_number(search: Mapping[str, str]) -> str | None:
    """The first search value that is one of our certificate numbers, typed in any usual way."""
    for text in search.values():
        try:
            return parse_number(text, NumberKind.CERTIFICATE)
        except MistypedNumber:
            continue
    return None


def _holder_of(request: PullRequest | PullDocRequest) -> dict[str, str | None]:
    born_on = request.born_on.isoformat() if request.born_on else None
    return {"lockerId": request.locker_id.lower(), "name": request.name, "bornOn": born_on}


def _is_holder(request: PullRequest | PullDocRequest, citizen: Citizen, certificate: IssuedCertificate) -> bool:
    """Name and date of birth as DigiLocker knows them. A pull must send both; a later fetch may leave them out."""
    if isinstance(request, PullDocRequest) and request.name is None and request.born_on is None:
        return True
    names = (certificate.holder.en, certificate.holder.hi, citizen.name.en, citizen.name.hi)
    known = any(same_name(request.name or "", name) for name in names if name)
    return known and _same_day(request.born_on, citizen.born_on)


def _same_day(asked: date | None, known: date | None) -> bool:
    return asked is not None and asked == known


async def _linked_citizen(tx: Transaction, locker_id: str, citizen_id: str) -> str | None:
    """Whose locker it is: by sign-in with MeriPehchaan, or by the consent on file of the certificate's citizen."""
    known = await identities.identity(tx, Provider.MERI_PEHCHAAN, _SSO_PREFIX + locker_id.lower())
    if known is not None and known[0] is PersonKind.CITIZEN:
        return known[1]
    grant = await identities.locker_grant(tx, citizen_id)
    return citizen_id if grant is not None and grant.locker_id.lower() == locker_id.lower() else None
