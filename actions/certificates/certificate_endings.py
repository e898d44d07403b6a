"""Ends the validity of a certificate: an officer corrects it, which issues a new one, or revokes it.

A correction is a document of its own, with its own number and URI; the old one leads to it for ever. From
the officer's word until the new one is made, the old one holds no longer and a pull of it is answered with "pending".
"""

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import partial
from typing import Any

import structlog

from actions.certificates.content import CertificateContent, Renderer
from actions.certificates.fields import CORRECTABLE
from actions.certificates.issue import Issue, Minted, certificate_of, content_of, load_issue, mint
from actions.certificates.signing_queue import open_signing, signed_by
from actions.documents.locker_push import plan_delete, plan_update
from actions.kernel import (
    Environment,
    Step,
    UnitOfWork,
    apply_transition,
    of_application,
    refuse_other_version,
    require,
    run_request,
)
from actions.privacy.personal_data import ERASED_ACTION
from domain.applications.applications import Application
from domain.applications.lifecycle import Move
from domain.catalogue.definitions import SignedBy
from domain.certificates.certificates import CertificateEnding, CertificateStatus, EndGround, IssuedCertificate
from domain.identity.policy import ObjectKind, Purpose
from domain.kernel import SYSTEM, ErrorCode, Problem, Problems, Subject, ist_date, not_found, written_text
from domain.platform.changes import ChangeKind
from store.applications import applications
from store.catalogue import forms
from store.certificates import certificate_endings, certificates
from store.database import AlreadyThere, NotThere, Transaction, audit, change_feed, require_there
from store.identity import people
from store.platform import outbox

CORRECT = "certificate.correct"
"""The outbox topic of a corrected certificate that is to be made."""

LONGEST_REASON = 2000
LONGEST_FACT = 500
_PATH = ("input", "certificateId")
_MOVES = {CertificateStatus.CORRECTED: Move.CORRECT_CERTIFICATE, CertificateStatus.REVOKED: Move.REVOKE_CERTIFICATE}
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class EndCertificate:
    """What both verbs need: which certificate, the coded ground and the reasons in writing."""

    certificate_id: str
    ground: EndGround
    reason: str
    idempotency_key: str
    expected_version: int | None = None
    """The version of its application that the officer saw; None takes the present one."""


@dataclass(frozen=True, slots=True)
class CorrectCertificate(EndCertificate):
    """A correction. `facts` are the right values of printed fields; the holder is written as her record now says."""

    facts: Mapping[str, str] = field(default_factory=dict)


async def correct_certificate(
    env: Environment, subject: Subject, request: CorrectCertificate
) -> tuple[Application, bool]:
    """Have a certificate replaced by a right one; True where it is a replay. For officers of the place.

    Raises Problems: NOT_FOUND, CONFLICT, REASON_REQUIRED, BAD_INPUT for a fact that is not printed,
    TRANSITION_NOT_ALLOWED where it does not hold any more, or its holder was erased.
    """

    async def work(acting: UnitOfWork, _: EndCertificate) -> Application:
        certificate, application = await _taken_up(acting, request)
        await _still_written(acting, certificate)
        form = await _right_form(acting, application, request)
        after = await _end(acting, application, certificate, request, CertificateStatus.CORRECTED, {"form": form})
        # Named for no application: a locker that is away must not hold back the right certificate.
        await outbox.add(acting.tx, CORRECT, certificate.id, {"certificate_id": certificate.id})
        return after

    return await run_request(env, subject, "correctCertificate", request, work, read=applications.get)


async def revoke_certificate(env: Environment, subject: Subject, request: EndCertificate) -> tuple[Application, bool]:
    """Revoke a certificate; it is taken out of lockers. Raises as `correct_certificate`."""

    async def work(acting: UnitOfWork, _: EndCertificate) -> Application:
        certificate, application = await _taken_up(acting, request)
        after = await _end(acting, application, certificate, request, CertificateStatus.REVOKED, {})
        await plan_delete(acting, certificate)
        return after

    return await run_request(env, subject, "revokeCertificate", request, work, read=applications.get)


async def make_corrected(env: Environment, certificate_id: str, renderer: Renderer) -> IssuedCertificate | None:
    """Make, sign and keep the certificate that stands in the place of a corrected one; may be run again.

    None where officers are to sign it, for whom it then waits. The document is made outside of the transaction. Raises
    NotThere, and AlreadyThere where its number was taken meanwhile: to be tried again.
    """
    async with env.store.read_transaction() as tx:
        correction = await load_correction(tx, certificate_id)
        if isinstance(correction, IssuedCertificate):
            return correction
        minted = await mint(env, tx, correction.issue)
    old, issue, officer_id = correction.old, correction.issue, correction.officer_id
    if signed_by(issue.service) is not SignedBy.SYSTEM:
        waiting = partial(open_signing, application=issue.application, service=issue.service, first=officer_id)
        await env.store.carry_out(lambda tx: waiting(UnitOfWork(env, tx, SYSTEM), corrects=old.id))
        return None
    content = correction.content_of(env, minted)
    rendered = await asyncio.to_thread(renderer.render, content)
    made = replace(await certificate_of(env, issue, content, rendered), issued_by=officer_id)
    try:
        await env.store.carry_out(lambda tx: enter_corrected(UnitOfWork(env, tx, SYSTEM), old, made))
    except AlreadyThere:
        latest = await env.store.read(lambda tx: certificate_endings.latest(tx, old))
        if latest.id == old.id:  # another certificate was given the number in the same moment
            raise
        return latest
    _log.info("certificate_corrected", doctype=made.doctype)
    return made


@dataclass(frozen=True, slots=True)
class Correction:
    """A certificate that was corrected, and what the one in its place is made from."""

    old: IssuedCertificate
    issue: Issue
    officer_id: str | None

    def content_of(self, env: Environment, minted: Minted) -> CertificateContent:
        """What the new one says; it holds as long as the old one would have."""
        said = content_of(env, self.issue, minted)
        return replace(said, previous_number=self.old.number, valid_until=self.old.valid_until)


async def load_correction(tx: Transaction, certificate_id: str) -> Correction | IssuedCertificate:
    """What the certificate in the place of a corrected one is made from, or that one. Raises NotThere."""
    old = (await certificates.by_ids(tx, [certificate_id])).get(certificate_id)
    ending = await certificate_endings.of_certificate(tx, certificate_id)
    if old is None or ending is None or ending.status is not CertificateStatus.CORRECTED:
        raise NotThere("the correction of a certificate")
    if ending.successor_id is not None:
        return (await certificates.by_ids(tx, [ending.successor_id]))[ending.successor_id]
    application = require_there(await applications.get(tx, old.application_id), "the application")
    issue = await load_issue(tx, application)
    officer = (await people.officers(tx, [ending.officer_id])).get(ending.officer_id) if ending.officer_id else None
    return Correction(old, replace(issue, officer=officer or issue.officer), ending.officer_id)


@dataclass(frozen=True, slots=True)
class Ended:
    """What anybody may know of the end of a certificate. `successor` is the number of the one in its place."""

    ended_on: date
    successor: str | None


async def end_of(env: Environment, certificate: IssuedCertificate) -> Ended | None:
    """How a certificate ended; None while it holds."""
    if certificate.status not in _MOVES:
        return None
    async with env.store.read_transaction() as tx:
        ending = await certificate_endings.of_certificate(tx, certificate.id)
        latest = await certificate_endings.latest(tx, certificate)
    if ending is None:
        return None
    return Ended(ist_date(ending.ended_at), latest.number if latest.id != certificate.id else None)


async def enter_corrected(acting: UnitOfWork, old: IssuedCertificate, made: IssuedCertificate) -> None:
    """Keep the certificate in the place of a corrected one. Raises AlreadyThere where a twin was first."""
    await certificates.add(acting.tx, made)
    if not await certificate_endings.succeed(acting.tx, old.id, made.id):
        raise AlreadyThere("the corrected certificate")
    await change_feed.touch(acting.tx, ChangeKind.CERTIFICATE_ISSUED, made.application_id)
    await _tell_audit(acting, "certificate.corrected", made.id, {"instead": old.id})
    await plan_update(acting, made)


async def _taken_up(acting: UnitOfWork, request: EndCertificate) -> tuple[IssuedCertificate, Application]:
    certificate = (await certificates.by_ids(acting.tx, [request.certificate_id])).get(request.certificate_id)
    application = await applications.get(acting.tx, certificate.application_id) if certificate else None
    if certificate is None or application is None:
        raise not_found(*_PATH)
    await require(acting.env, acting.tx, acting.subject, of_application(application), Purpose.DECIDE, path=_PATH)
    refuse_other_version(request.expected_version, application.version, application.status)
    return certificate, application


async def _still_written(acting: UnitOfWork, certificate: IssuedCertificate) -> None:
    """Refuse to correct what is known of an erased person: there is nothing left to write into a new one."""
    if await audit.was_done(acting.tx, ObjectKind.CITIZEN.value, certificate.citizen_id, ERASED_ACTION):
        params = {"status": certificate.status.value, "move": Move.CORRECT_CERTIFICATE.value}
        raise Problems(Problem(ErrorCode.TRANSITION_NOT_ALLOWED, _PATH, params=params))


async def _end(
    acting: UnitOfWork,
    application: Application,
    certificate: IssuedCertificate,
    request: EndCertificate,
    status: CertificateStatus,
    changes: Mapping[str, Any],
) -> Application:
    """The certificate holds no longer: its state, the reasons, the timeline's entry and the audit line."""
    reason = written_text(request.reason, "input", "reason", longest=LONGEST_REASON) or ""
    if not await certificates.end(acting.tx, certificate.id, status):
        params = {"status": certificate.status.value, "move": _MOVES[status].value}
        raise Problems(Problem(ErrorCode.TRANSITION_NOT_ALLOWED, _PATH, params=params))
    ending = CertificateEnding(certificate.id, status, request.ground, reason, acting.subject.person_id, acting.now)
    await certificate_endings.add(acting.tx, ending)
    detail = {"ground": request.ground.value}
    await _tell_audit(acting, f"certificate.{status.value.lower()}_by_officer", certificate.id, detail)
    return await apply_transition(acting, application, Step(_MOVES[status], note=reason, changes=changes))


async def _right_form(acting: UnitOfWork, application: Application, request: CorrectCertificate) -> dict[str, str]:
    """The answers with the right values. A name put right in one script is dropped in the other, unless given too."""
    correctable = CORRECTABLE | acting.env.rules.certificate_kinds.facts
    filed = (await forms.filed_forms(acting.tx, [application.id])).get(application.id)
    asked = filed.form.by_name.values() if filed else ()
    in_script = {one.name: one.script_of for one in asked if one.script_of in correctable}
    facts = _facts(request, correctable | in_script.keys())
    stale = {name for name, of in in_script.items() if of in facts}
    return {name: text for name, text in application.form.items() if name not in stale} | facts


def _facts(request: CorrectCertificate, correctable: Collection[str]) -> dict[str, str]:
    """The right values; raises BAD_INPUT for a field that no certificate prints, or a value that is too long."""
    facts = {key: value.strip() for key, value in request.facts.items()}
    if any(key not in correctable for key in facts) or any(len(value) > LONGEST_FACT for value in facts.values()):
        raise Problems(Problem(ErrorCode.BAD_INPUT, ("input", "facts"), params={"longest": str(LONGEST_FACT)}))
    return facts


async def _tell_audit(acting: UnitOfWork, action: str, certificate_id: str, detail: Mapping[str, str]) -> None:
    purpose = Purpose.OPERATE if acting.subject is SYSTEM else Purpose.DECIDE
    await acting.record(action, ObjectKind.CERTIFICATE, certificate_id, purpose, **detail)
