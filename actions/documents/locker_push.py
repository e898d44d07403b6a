"""Pushes our certificates into lockers when they are issued, and updates them on correction or revocation.

A certificate is put into a locker only where the citizen's consent is on record when it is issued and
still when it is sent. What is in a locker already, by us or by her own pull, is updated or deleted
whatever her consent is now: a locker must not show as valid what the state has taken back.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

import structlog

from actions.consents.consent_ledger import recorded_consents
from actions.kernel import Environment, UnitOfWork, of_certificate, require
from domain.applications.lifecycle import Status
from domain.certificates.certificates import CertificateStatus, IssuedCertificate
from domain.consents.consents import ConsentPurpose, ConsentStatus, ConsentStep, present_of
from domain.identity.policy import ObjectKind, Purpose
from domain.kernel import SYSTEM, Role, Source, Subject
from integrations.calling.errors import Refused
from integrations.digilocker import NOT_HELD, PushAction, PushedUri
from store.applications import applications
from store.certificates import certificate_endings, certificates
from store.database import NotThere, Transaction, TryAgain, require_there
from store.documents import locker_copies
from store.documents.locker_copies import LockerCopy, Via
from store.identity import identities
from store.platform import outbox

PUSH = "locker.push"
"""The outbox topic of a URI that is to be put into a locker, updated or deleted."""

ASKED = "locker.push_asked"
"""The outbox topic of a certificate that a locker asked for before it was made."""

OUTSIDE_TOPICS: Mapping[str, Source] = {PUSH: Source.DIGILOCKER, ASKED: Source.DIGILOCKER}
"""Topics that reach an outside system on behalf of an application."""

_CORRECTING = timedelta(seconds=5)
"""A correction takes about a second once a worker has it."""

_log = structlog.get_logger(__name__)


_BEING_MADE = frozenset({Status.APPROVED, Status.CERTIFICATE_ISSUED, Status.DELIVERED})
"""The states of an application while its certificate, or its replacement, is made."""


@dataclass(frozen=True, slots=True)
class _PushTask:
    """What is sent: the URI that the locker knows, and the certificate that it leads to."""

    in_locker: IssuedCertificate
    certificate: IssuedCertificate
    locker_id: str


async def plan_add(acting: UnitOfWork, certificate: IssuedCertificate) -> None:
    """Have a new certificate put into the holder's locker, where her consent is on record."""
    if await locker_allowed(acting, certificate.citizen_id) is not None:
        await _plan(acting, certificate, certificate.id, PushAction.ADD)


async def follow_consent(acting: UnitOfWork, citizen_id: str, purpose: ConsentPurpose, step: ConsentStep) -> None:
    """What a consent for her locker means for the certificates that were issued before."""
    if purpose is ConsentPurpose.ISSUE_TO_LOCKER and step is ConsentStep.GRANT:
        await plan_earlier(acting, citizen_id)


async def plan_earlier(acting: UnitOfWork, citizen_id: str) -> int:
    """Have her locker get what was issued before she consented, or before she linked it; returns how many.

    Certificates that stand, are not past their last day, and lie in no locker yet.
    """
    consent = present_of(await recorded_consents(acting.tx, citizen_id), ConsentPurpose.ISSUE_TO_LOCKER)
    if consent is None or await locker_allowed(acting, citizen_id) is None:
        return 0
    found = [one for one in await certificates.of_citizen(acting.tx, citizen_id) if _still_good(one, acting.today)]
    held = await locker_copies.held_copies(acting.tx, [one.id for one in found])
    missing = [one for one in found if one.id not in held]
    for certificate in missing:
        await _plan(acting, certificate, certificate.id, PushAction.ADD, occasion=consent.records[-1].id)
    return len(missing)


def _still_good(certificate: IssuedCertificate, today: date) -> bool:
    """Whether it holds today."""
    stands = certificate.status is CertificateStatus.ACTIVE
    return stands and (certificate.valid_until is None or certificate.valid_until >= today)


async def plan_update(acting: UnitOfWork, certificate: IssuedCertificate) -> None:
    """Have the URIs of what it corrects lead to it in the locker; one that holds none of them gets its own URI."""
    before = await certificate_endings.forebears(acting.tx, certificate.id)
    copies = await locker_copies.held_copies(acting.tx, before)
    for certificate_id in copies:
        await _plan(acting, certificate, certificate_id, PushAction.UPDATE)
    if not copies:
        await plan_add(acting, certificate)


async def plan_delete(acting: UnitOfWork, certificate: IssuedCertificate) -> None:
    """Have a revoked certificate taken out of the locker, under every URI that leads to it."""
    ids = [certificate.id, *await certificate_endings.forebears(acting.tx, certificate.id)]
    for certificate_id in await locker_copies.held_copies(acting.tx, ids):
        await _plan(acting, certificate, certificate_id, PushAction.DELETE)


async def locker_allowed(acting: UnitOfWork, citizen_id: str) -> str | None:
    """The locker that a citizen lets us put certificates into; None without her consent on record."""
    present = present_of(await recorded_consents(acting.tx, citizen_id), ConsentPurpose.ISSUE_TO_LOCKER)
    if present is None or present.status(acting.now) is not ConsentStatus.GIVEN:
        return None
    return await identities.locker_of(acting.tx, citizen_id)


async def send_to_locker(env: Environment, certificate_id: str, action: PushAction) -> None:
    """Carry out what was planned; may be run again. Raises Unavailable (the outbox asks again) and Refused."""
    await _send(env, action, lambda acting: _prepare_push(acting, certificate_id, action))


async def send_as_asked(env: Environment, application_id: str, locker_id: str) -> None:
    """Put the certificate of an application into the locker that asked for it; may be run again.

    Raises as `send_to_locker`, and NotThere while the certificate is still being made.
    """
    await _send(env, PushAction.ADD, lambda acting: _awaited_push(acting, application_id, locker_id))


async def plan_as_asked(tx: Transaction, application_id: str, locker_id: str, instead_of: str | None = None) -> None:
    """Have a certificate that is being made put into the locker whose owner pulled it.

    Source: docs/contracts/digilocker.md section 7.1, Status 9. Her pull is her consent to this one. `instead_of` is the
    certificate whose correction is awaited. A first certificate is made by a message of the same application, which
    comes before this one.
    """
    payload = {"application_id": application_id, "locker_id": locker_id}
    key = f"{application_id}:{instead_of or ''}"
    due_at = tx.clock.now() + (_CORRECTING if instead_of else timedelta())
    await outbox.add(tx, ASKED, key, payload, application_id=application_id, due_at=due_at)


async def note_pulled(tx: Transaction, certificate: IssuedCertificate, locker_id: str) -> None:
    """A copy that the holder pulled into her locker, in the transaction of the release.

    Raises TryAgain where the certificate was ended since it was read.
    """
    held = await certificates.lock_certificate(tx, certificate.id)
    if held is None or held.status is not certificate.status:
        raise TryAgain
    await locker_copies.place(
        tx, LockerCopy(certificate.id, certificate.citizen_id, locker_id, Via.PULL, tx.clock.now())
    )


async def _plan(
    acting: UnitOfWork, about: IssuedCertificate, certificate_id: str, action: PushAction, occasion: str = ""
) -> None:
    """A message for each occasion: one that went by before she consented does not stand in the way of a later one."""
    await outbox.add(
        acting.tx,
        PUSH,
        ":".join((certificate_id, action.value, about.id, *([occasion] if occasion else []))),
        {"certificate_id": certificate_id, "action": action.value},
        application_id=about.application_id,
    )


async def _send(
    env: Environment, action: PushAction, prepare: Callable[[UnitOfWork], Awaitable[_PushTask | None]]
) -> None:
    """Prepare, send, note. The copy is noted before it is sent, so that a lost answer hides none.

    A locker that does not hold the URI, or that nobody has any more, settles the matter: there is nothing to repeat.
    """
    errand = await env.store.carry_out(lambda tx: prepare(UnitOfWork(env, tx, SYSTEM)))
    if errand is None:
        return
    refusal: str | None = None
    try:
        await env.partners.digilocker.pushing.push(await _push_request(env, errand, action))
    except Refused as refused:
        if refused.code not in NOT_HELD:
            raise
        refusal = refused.code
    await env.store.carry_out(lambda tx: _note_push(UnitOfWork(env, tx, SYSTEM), errand, action, refusal))


async def _awaited_push(acting: UnitOfWork, application_id: str, locker_id: str) -> _PushTask | None:
    standing = (await certificates.of_applications(acting.tx, [application_id])).get(application_id)
    if standing is None:
        application = await applications.get(acting.tx, application_id)
        if application is not None and application.status in _BEING_MADE:
            raise NotThere("the certificate")
        return None
    held = await certificates.lock_certificate(acting.tx, standing.id)
    if held is None or held.status is not CertificateStatus.ACTIVE:
        return None
    await locker_copies.place(acting.tx, LockerCopy(held.id, held.citizen_id, locker_id, Via.PUSH, acting.now))
    return _PushTask(held, held, locker_id)


async def _prepare_push(acting: UnitOfWork, certificate_id: str, action: PushAction) -> _PushTask | None:
    """What is to be sent now, or None where it has no object any more.

    The certificate is held: who ends it afterwards sees the copy that is noted here.
    """
    known = require_there(await certificates.lock_certificate(acting.tx, certificate_id), "the certificate")
    if action is PushAction.ADD:
        locker_id = await locker_allowed(acting, known.citizen_id)
        if locker_id is None or known.status is not CertificateStatus.ACTIVE:
            return None
        copy = LockerCopy(known.id, known.citizen_id, locker_id, Via.PUSH, acting.now)
        await locker_copies.place(acting.tx, copy)
        return _PushTask(known, known, locker_id)
    held = (await locker_copies.held_copies(acting.tx, [known.id])).get(known.id)
    if held is None:
        return None
    shown = await certificate_endings.latest(acting.tx, known)
    if action is PushAction.UPDATE and shown.status is not CertificateStatus.ACTIVE:
        return None  # revoked meanwhile, or corrected again: the message after this one says so
    return _PushTask(known, shown, held.locker_id)


async def _push_request(env: Environment, errand: _PushTask, action: PushAction) -> PushedUri:
    pdf: bytes | None = None
    xml: bytes | None = None
    if action is not PushAction.DELETE:
        pdf = await env.objects.get(errand.certificate.pdf_sha256)
        xml = await env.objects.get(errand.certificate.xml_sha256)
        if pdf is None or xml is None:
            raise NotThere("the file of a certificate")
    return PushedUri(
        locker_id=errand.locker_id,
        uri=errand.in_locker.uri,
        description=errand.certificate.name.en,
        issued_on=errand.certificate.issued_on,
        valid_until=errand.certificate.valid_until,
        action=action,
        pdf=pdf,
        xml=xml,
    )


async def _note_push(acting: UnitOfWork, errand: _PushTask, action: PushAction, refusal: str | None) -> None:
    if refusal is None and action is not PushAction.DELETE:
        # The same receipt as of a pull: she sees that it was given out, to whom and why.
        owner = Subject(frozenset({Role.DIGILOCKER}), person_id=errand.in_locker.citizen_id)
        await require(acting.env, acting.tx, owner, of_certificate(errand.certificate), Purpose.ISSUE_TO_LOCKER)
    if action is PushAction.DELETE or refusal is not None:
        await locker_copies.remove(acting.tx, errand.in_locker.id, acting.now)
    if action is PushAction.UPDATE and refusal is not None:
        # She deleted the old entry, or it never came there: the new certificate goes by its own URI.
        await plan_add(acting, errand.certificate)
    detail = {"source": Source.DIGILOCKER.value} | ({"refusal": refusal} if refusal else {})
    await acting.record(
        f"locker.push_{action.name.lower()}" + (".refused" if refusal else ""),
        ObjectKind.CERTIFICATE,
        errand.in_locker.id,
        Purpose.ISSUE_TO_LOCKER,
        **detail,
    )
    log = _log.warning if refusal else _log.info
    log("certificate_pushed", action=action.value, doctype=errand.in_locker.doctype, refusal=refusal)
