"""Reads a citizen's certificates from our store, the citizen's DigiLocker, and departments through API Setu."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import TypeAlias

from actions.documents import locker
from actions.documents.department_documents import (
    DepartmentAnswer,
    ask_departments,
    asked_of,
    department_certificates_of,
    held_by_departments,
)
from actions.kernel import Environment, of_citizen, read_at_sources
from domain.certificates.certificates import IssuedCertificate
from domain.documents.documents import key_of, key_of_uri, name_of
from domain.identity.policy import ObjectKind
from domain.kernel import Bilingual, Language, Source, Sourced, SourceState, Subject, ist_date
from domain.kernel.messages import label
from integrations.apisetu import issuer_id_of
from integrations.calling.errors import Refused, RemoteError, is_corrected_by_citizen
from integrations.digilocker import IssuedDocument
from store.certificates import certificates

MOST = 200
"""The longest list from sources (ADR 0025)."""

EVERYWHERE = frozenset({Source.STORE, Source.DIGILOCKER, Source.API_SETU})
"""Where certificates lie."""

Provenance: TypeAlias = tuple[Source, SourceState, datetime | None]

_OWN_MEDIA_TYPES = ("application/pdf", "application/xml")
_WORST_LAST = (SourceState.LIVE, SourceState.CACHED, SourceState.STALE, SourceState.QUEUED, SourceState.DOWN)


@dataclass(frozen=True, slots=True)
class CertificateView:
    """One certificate from any source. `issued` is set for one of ours; `uri` is None where a source gives none.

    `also_at` are the other places that have the same one (domain/documents/documents.py has the rule). `state` and
    `as_of` say how the line was had. `answer` is set for a department's: what was asked for it and what came.
    """

    uri: str | None
    name: Bilingual
    doctype: str
    issuer: str
    issued_on: date | None
    number: str | None
    origin: Source
    media_types: tuple[str, ...]
    issued: IssuedCertificate | None = None
    issuer_id: str | None = None
    also_at: tuple[Source, ...] = ()
    state: SourceState = SourceState.LIVE
    as_of: datetime | None = None
    answer: DepartmentAnswer | None = None

    @property
    def keys(self) -> tuple[str, ...]:
        """What the rule of sameness compares: one key, or several where the source tells neither URI nor number."""
        if self.uri:
            return (key_of_uri(self.uri),)
        asked = self.answer.document.parameters.values() if self.answer else ()
        numbers = [self.number] if self.number else sorted(asked)
        return tuple(key_of(self.issuer_id or self.issuer, self.doctype, number) for number in numbers if number)


@dataclass(frozen=True, slots=True)
class CertificatesView:
    """The merged list. `complete` is False where a source did not answer or was not asked, or the list was cut.

    Without her consent a source is not asked: that is a failure Refused(consent_needed). A department that answers that
    it has nothing under her number leaves nothing out: the failure is hers to correct.
    """

    nodes: tuple[CertificateView, ...]
    complete: bool
    provenances: tuple[Provenance, ...]
    failures: tuple[RemoteError, ...]


@dataclass(frozen=True, slots=True)
class _Locker:
    listing: Sourced[tuple[IssuedDocument, ...]] | None
    failure: RemoteError | None


async def certificates_of(
    env: Environment, subject: Subject, citizen_id: str, among: frozenset[Source] = EVERYWHERE
) -> CertificatesView:
    """Gather and merge; one found at two sources is shown once, ours before the locker's before a department's.

    Of the outside systems only those `among` are asked; our own store always is. Leaves a receipt for each source.
    Raises NOT_FOUND where the subject may not see them; a dead source never raises.
    """
    held = await held_by_departments(env, citizen_id) if Source.API_SETU in among else []
    asked = [*({Source.DIGILOCKER} & among), *asked_of(env, held)]
    await read_at_sources(env, subject, of_citizen(citizen_id, ObjectKind.CERTIFICATE), asked)
    own, in_locker, answers = await asyncio.gather(
        _own_certificates(env, citizen_id), _in_locker(env, citizen_id, among), ask_departments(env, citizen_id, held)
    )
    return _merge_sources(env, own, in_locker, answers)


async def department_certificates(env: Environment, subject: Subject, citizen_id: str) -> CertificatesView:
    """What departments hold, asked through API Setu alone; receipts and errors as for `certificates_of`."""
    answers = await department_certificates_of(env, subject, citizen_id)
    views = _each_once(_of_departments_each(env, answers))
    failures = tuple(answer.failure for answer in answers if answer.failure is not None)
    provenances = tuple(_of_departments(answers, env.clock.now()))
    heard_all = all(map(is_corrected_by_citizen, failures))
    return CertificatesView(views[:MOST], heard_all and len(views) <= MOST, provenances, failures)


async def _own_certificates(env: Environment, citizen_id: str) -> list[IssuedCertificate]:
    return await env.store.read(lambda tx: certificates.of_citizen(tx, citizen_id))


async def _in_locker(env: Environment, citizen_id: str, among: frozenset[Source]) -> _Locker:
    if Source.DIGILOCKER not in among:
        return _Locker(None, None)
    try:
        return _Locker(await locker.list_documents(env, citizen_id), None)
    except RemoteError as error:
        return _Locker(None, error)


def _merge_sources(
    env: Environment, own: Sequence[IssuedCertificate], in_locker: _Locker, answers: Sequence[DepartmentAnswer]
) -> CertificatesView:
    views = [view_of_ours(certificate, env.clock.now()) for certificate in own]
    if in_locker.listing is not None:
        views += [_of_locker(item, in_locker.listing) for item in in_locker.listing.value]
    views += _of_departments_each(env, answers)
    once = _each_once(views)
    failures = [in_locker.failure, *(answer.failure for answer in answers)]
    told = tuple(failure for failure in failures if failure is not None)
    heard_all = all(map(is_corrected_by_citizen, told))
    now = env.clock.now()
    provenances: list[Provenance] = [(Source.STORE, SourceState.LIVE, now)]
    if in_locker.listing is not None:
        provenances.append((Source.DIGILOCKER, in_locker.listing.state, in_locker.listing.as_of))
    elif in_locker.failure is not None and in_locker.failure.code != locker.CONSENT_NEEDED:
        refused = isinstance(in_locker.failure, Refused)
        state, as_of = (SourceState.LIVE, now) if refused else (SourceState.DOWN, None)
        provenances.append((Source.DIGILOCKER, state, as_of))
    provenances += _of_departments(answers, now)
    return CertificatesView(once[:MOST], heard_all and len(once) <= MOST, tuple(provenances), told)


def _each_once(views: Iterable[CertificateView]) -> tuple[CertificateView, ...]:
    """Each document once, the first of the same ones with the places of the others."""
    kept: list[CertificateView] = []
    places: dict[str, int] = {}
    for view in views:
        place = next((places[key] for key in view.keys if key in places), None)
        if place is None:
            place = len(kept)
            kept.append(view)
        elif view.origin not in (kept[place].origin, *kept[place].also_at):
            kept[place] = replace(kept[place], also_at=(*kept[place].also_at, view.origin))
        places |= {key: place for key in view.keys if key not in places}
    return tuple(kept)


def view_of_ours(certificate: IssuedCertificate, as_of: datetime | None = None) -> CertificateView:
    """One of ours as a line of the list, as it was read at an instant."""
    return CertificateView(
        uri=certificate.uri,
        name=certificate.name,
        doctype=certificate.doctype,
        issuer=label("source.STORE", Language.EN),
        issued_on=certificate.issued_on,
        number=certificate.number,
        origin=Source.STORE,
        media_types=_OWN_MEDIA_TYPES,
        issued=certificate,
        issuer_id=certificate.uri.partition("-")[0],
        as_of=as_of,
    )


def _of_locker(item: IssuedDocument, listed: Sourced[tuple[IssuedDocument, ...]]) -> CertificateView:
    return CertificateView(
        uri=item.uri,
        name=Bilingual(name_of(item.doctype).hi, item.name),
        doctype=item.doctype,
        issuer=item.issuer,
        issued_on=ist_date(item.issued_at) if item.issued_at else None,
        number=None,
        origin=Source.DIGILOCKER,
        media_types=item.media_types,
        issuer_id=item.issuer_id,
        state=listed.state,
        as_of=listed.as_of,
    )


def _of_departments_each(env: Environment, answers: Sequence[DepartmentAnswer]) -> list[CertificateView]:
    """What departments gave, each under the IssuerId that its publisher has from onboarding, else the inferred one."""
    offered = env.partners.apisetu.publishers()
    given = [one for one in answers if one.certificate is not None]
    return [_of_department(one, issuer_id_of(one.document.publisher, offered)) for one in given]


def _of_department(answer: DepartmentAnswer, issuer_id: str) -> CertificateView:
    if answer.certificate is None:
        raise AssertionError("only answers with a certificate are shown")
    found = answer.certificate.value
    return CertificateView(
        uri=found.uri,
        name=answer.document.name,
        doctype=found.doctype,
        issuer=found.issuer or answer.document.publisher,
        issued_on=found.issued_on,
        number=found.number,
        origin=Source.API_SETU,
        media_types=(found.media_type,),
        issuer_id=issuer_id,
        state=answer.certificate.state,
        as_of=answer.certificate.as_of,
        answer=answer,
    )


def _of_departments(all_answers: Sequence[DepartmentAnswer], now: datetime) -> list[Provenance]:
    """The state of the worst answer and the age of the oldest one; nothing where none was asked for want of consent.

    A refusal is an answer of now: the system is there.
    """
    answers = [one for one in all_answers if one.failure is None or one.failure.code != locker.CONSENT_NEEDED]
    if not answers:
        return []
    heard = [(found.state, found.as_of) for one in answers if (found := one.certificate) is not None]
    if any(answer.failure is not None and not isinstance(answer.failure, Refused) for answer in answers):
        return [(Source.API_SETU, SourceState.DOWN, min((as_of for _, as_of in heard), default=None))]
    heard += [(SourceState.LIVE, now)] * (len(answers) - len(heard))
    state = max((state for state, _ in heard), key=_WORST_LAST.index)
    return [(Source.API_SETU, state, min(as_of for _, as_of in heard))]
