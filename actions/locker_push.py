"""Certificates of ours in lockers: put there when they are issued, and followed when they are corrected or revoked.

A certificate is put into a locker only where the citizen's consent is on record when it is issued and
still when it is sent. What lies in a locker already, by us or by her own pull, is updated or deleted
whatever her consent is now: a locker must not show as valid what the state has taken back.
"""

from dataclasses import dataclass

import structlog

from actions.acting import Acting
from actions.consent_ledger import recorded
from actions.environment import Environment
from domain.certificates import CertificateStatus, IssuedCertificate
from domain.consents import ConsentPurpose, ConsentStatus, present_of
from domain.people import SYSTEM
from domain.policy import ObjectKind, Purpose
from domain.sources import Source
from integrations.digilocker import URI_UNKNOWN, PushAction, PushedUri
from integrations.errors import Refused
from store import audit, certificate_endings, certificates, identities, locker_copies, outbox
from store.engine import Transaction
from store.errors import NotThere
from store.locker_copies import LockerCopy, Via

PUSH = "locker.push"
"""The outbox topic of a URI that is to be put into a locker, updated or deleted."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Errand:
    """What is sent: the URI that the locker knows, and the certificate that it leads to."""

    known: IssuedCertificate
    shown: IssuedCertificate
    locker_id: str


async def plan_add(acting: Acting, certificate: IssuedCertificate) -> None:
    """Have a new certificate put into the holder's locker, where her consent is on record."""
    if await locker_allowed(acting, certificate.citizen_id) is not None:
        await _plan(acting, certificate, certificate.id, PushAction.ADD)


async def plan_update(acting: Acting, certificate: IssuedCertificate) -> None:
    """Have the URIs of what it corrects lead to it in the locker; one that holds none of them gets its own URI."""
    before = await certificate_endings.forebears(acting.tx, certificate.id)
    copies = await locker_copies.held(acting.tx, before)
    for certificate_id in copies:
        await _plan(acting, certificate, certificate_id, PushAction.UPDATE)
    if not copies:
        await plan_add(acting, certificate)


async def plan_delete(acting: Acting, certificate: IssuedCertificate) -> None:
    """Have a revoked certificate taken out of the locker, under every URI that leads to it."""
    ids = [certificate.id, *await certificate_endings.forebears(acting.tx, certificate.id)]
    for certificate_id in await locker_copies.held(acting.tx, ids):
        await _plan(acting, certificate, certificate_id, PushAction.DELETE)


async def locker_allowed(acting: Acting, citizen_id: str) -> str | None:
    """The locker that a citizen lets us put certificates into; None without her consent on record."""
    present = present_of(await recorded(acting.tx, citizen_id), ConsentPurpose.ISSUE_TO_LOCKER)
    if present is None or present.status(acting.now) is not ConsentStatus.GIVEN:
        return None
    grant = await identities.locker_grant(acting.tx, citizen_id)
    return grant.locker_id if grant is not None else None


async def send_to_locker(env: Environment, certificate_id: str, action: PushAction) -> None:
    """Carry out what was planned; may be run again. Raises Unavailable (the outbox asks again) and Refused.

    The copy is noted before it is sent, so that a lost answer hides none.
    """
    errand = await env.store.carry_out(lambda tx: _prepared(Acting(env, tx, SYSTEM), certificate_id, action))
    if errand is None:
        return
    try:
        await env.partners.digilocker.pushing.push(await _pushed(env, errand, action))
    except Refused as refusal:
        if refusal.code != URI_UNKNOWN:
            raise
        if action is PushAction.UPDATE:
            # She deleted the old entry, or it never came there: the new certificate goes by its own URI.
            await env.store.carry_out(lambda tx: _gone(Acting(env, tx, SYSTEM), errand))
    await env.store.carry_out(lambda tx: _noted(Acting(env, tx, SYSTEM), errand, action))


async def note_pulled(tx: Transaction, certificate: IssuedCertificate, locker_id: str) -> None:
    """A copy that the holder pulled into her locker, in the transaction of the release."""
    await locker_copies.place(
        tx, LockerCopy(certificate.id, certificate.citizen_id, locker_id, Via.PULL, tx.clock.now())
    )


async def _plan(acting: Acting, about: IssuedCertificate, certificate_id: str, action: PushAction) -> None:
    await outbox.add(
        acting.tx,
        PUSH,
        f"{certificate_id}:{action.value}:{about.id}",
        {"certificate_id": certificate_id, "action": action.value},
        application_id=about.application_id,
    )


async def _prepared(acting: Acting, certificate_id: str, action: PushAction) -> _Errand | None:
    """What is to be sent now, or None where it has no object any more."""
    known = (await certificates.many(acting.tx, [certificate_id])).get(certificate_id)
    if known is None:
        raise NotThere("the certificate")
    if action is PushAction.ADD:
        locker_id = await locker_allowed(acting, known.citizen_id)
        if locker_id is None or known.status is not CertificateStatus.ACTIVE:
            return None
        copy = LockerCopy(known.id, known.citizen_id, locker_id, Via.PUSH, acting.now)
        await locker_copies.place(acting.tx, copy)
        return _Errand(known, known, locker_id)
    held = (await locker_copies.held(acting.tx, [known.id])).get(known.id)
    if held is None:
        return None
    shown = await certificate_endings.latest(acting.tx, known)
    if action is PushAction.UPDATE and shown.status is not CertificateStatus.ACTIVE:
        return None  # revoked meanwhile, or corrected again: the message after this one says so
    return _Errand(known, shown, held.locker_id)


async def _pushed(env: Environment, errand: _Errand, action: PushAction) -> PushedUri:
    pdf: bytes | None = None
    xml: bytes | None = None
    if action is not PushAction.DELETE:
        pdf = await env.objects.get(errand.shown.pdf_sha256)
        xml = await env.objects.get(errand.shown.xml_sha256)
        if pdf is None or xml is None:
            raise NotThere("the file of a certificate")
    return PushedUri(
        locker_id=errand.locker_id,
        uri=errand.known.uri,
        description=errand.shown.name.en,
        issued_on=errand.shown.issued_on,
        valid_until=errand.shown.valid_until,
        action=action,
        pdf=pdf,
        xml=xml,
    )


async def _gone(acting: Acting, errand: _Errand) -> None:
    await locker_copies.remove(acting.tx, errand.known.id, acting.now)
    await plan_add(acting, errand.shown)


async def _noted(acting: Acting, errand: _Errand, action: PushAction) -> None:
    if action is PushAction.DELETE:
        await locker_copies.remove(acting.tx, errand.known.id, acting.now)
    line = audit.AuditLine(
        acting.subject.label,
        f"locker.push_{action.name.lower()}",
        ObjectKind.CERTIFICATE.value,
        errand.known.id,
        Purpose.ISSUE_TO_LOCKER.value,
        {"source": Source.DIGILOCKER.value},
    )
    await audit.append(acting.tx, line)
    _log.info("certificate_pushed", action=action.value, doctype=errand.known.doctype)
