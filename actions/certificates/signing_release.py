"""What the worker does for officers' signatures: prepares documents, fills signatures in, raises their level.

Each step may be run again: what was prepared is used once, by its digest (docs/contracts/signatures.md section 8).
"""

import asyncio
import base64
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime
from functools import partial
from typing import Any

import structlog

from actions.certificates.certificate_endings import Correction, enter_corrected, load_correction
from actions.certificates.content import (
    CertificateContent,
    OfficerRenderer,
    PreparedPdf,
    RenderedCertificate,
    SignatureUnfit,
    SignerChain,
)
from actions.certificates.issue import Issue, Minted, certificate_of, content_of, enter, load_issue, mint
from actions.certificates.signing_queue import holds_office, with_failure
from actions.certificates.token_enrolments import trust_services
from actions.kernel import Environment, UnitOfWork, with_cover
from domain.certificates.certificates import IssuedCertificate
from domain.certificates.officer_signatures import (
    PREPARED_FOR,
    CertificateSignature,
    CertificateSigning,
    Signatory,
    SignatureLevel,
    SigningFailure,
    SigningState,
    TokenEnrolment,
)
from domain.identity.policy import ObjectKind, Purpose
from domain.kernel import SYSTEM, Bilingual, Officer, Problems
from integrations.trust_services import CertificateUnfit, Checked, Evidence
from store.applications import applications
from store.certificates import certificates
from store.certificates import officer_signatures as kept
from store.database import Transaction, require_there
from store.identity import people
from store.platform import outbox

RAISE = "certificate.raise_level"
"""The outbox topic of a released certificate that is to be provable for long (PAdES B-LT)."""

_PDF = "application/pdf"
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Subject:
    """A signing with everything that it is made from."""

    row: CertificateSigning
    enrolment: TokenEnrolment
    issue: Issue
    correction: Correction | None
    officers: Mapping[str, Officer]
    in_office: bool

    @property
    def der(self) -> bytes:
        return base64.b64decode(self.enrolment.certificate)

    def signatory(self, officer_id: str) -> Signatory:
        """Who signs, in which post and office."""
        officer, issue = self.officers[officer_id], self.issue
        place, department = issue.tehsil.name if issue.tehsil else issue.district.name, issue.department
        if department is None:
            return Signatory(officer.name, officer.designation, place)
        hi = f"{department.name.hi or department.name.en}, {place.hi or place.en}"
        return Signatory(officer.name, officer.designation, Bilingual(hi, f"{department.name.en}, {place.en}"))


async def prepare_signing(env: Environment, signing_id: str, batch_id: str, renderer: OfficerRenderer) -> None:
    """Make the exact bytes that a token signs, and keep them for half an hour.

    Nothing where it is not in that batch any more. Raises RemoteError where nobody tells whether the token was revoked.
    """
    async with env.store.read_transaction() as tx:
        subject = await _load(tx, signing_id, SigningState.CHOSEN)
        if subject is None or subject.row.batch_id != batch_id:
            return
        signing = subject.row
        minted = Minted(**signing.minted) if signing.minted else await mint(env, tx, subject.issue)
    checked = await _check_token(env, subject)
    if isinstance(checked, SigningFailure):
        await _fail(env, signing, checked)
        return
    now = env.clock.now().replace(microsecond=0)
    chain = SignerChain(subject.der, checked.authorities)
    if signing.place == 1:
        try:
            content = _content_of(env, subject, minted, now)
        except Problems:
            await _fail(env, signing, SigningFailure.FACT_MISSING)
            return
        document, facts = await asyncio.to_thread(_lay_out, renderer, content)
    else:
        facts = dict(signing.prepared or {})
        document = base64.b64decode(facts["document"])
    prepared = await asyncio.to_thread(
        renderer.prepare,
        document,
        chain,
        now,
        subject.issue.service.name.en,
        place=signing.place,
        places=len(signing.signers),
    )
    ready = replace(
        signing,
        state=SigningState.PREPARED,
        minted=asdict(minted),
        digest=prepared.to_sign,
        expires_at=env.clock.now() + PREPARED_FOR,
        prepared={**facts, **_values_of(prepared), "signed_at": now.isoformat()},
    )
    await env.store.carry_out(lambda tx: kept.save_state(tx, ready, prepared=True))


async def release_signing(env: Environment, signing_id: str, digest: str, renderer: OfficerRenderer) -> None:
    """Fill a token's signature in, check the whole, and release the certificate, or let the second officer sign.

    What does not hold waits again, with its code. Raises RemoteError, to be tried again.
    """
    async with env.store.read_transaction() as tx:
        subject = await _load(tx, signing_id, SigningState.SIGNED)
    if subject is None or subject.row.digest != digest:
        return
    signing, facts = subject.row, dict(subject.row.prepared or {})
    checked = await _check_token(env, subject)
    if isinstance(checked, SigningFailure):
        await _fail(env, signing, checked)
        return
    chain = SignerChain(subject.der, checked.authorities)
    signature = base64.b64decode(signing.signature or "")
    try:
        pdf = await asyncio.to_thread(renderer.finish, _read(facts), chain, signature)
    except SignatureUnfit:
        await _fail(env, signing, SigningFailure.SIGNATURE_WRONG)
        return
    record = _record_of(env, subject, checked, datetime.fromisoformat(facts["signed_at"]))
    if signing.place < len(signing.signers):
        await env.store.carry_out(lambda tx: _pass_on(UnitOfWork(env, tx, SYSTEM), signing, facts, pdf, record))
        return
    made = await _certificate_of(env, subject, facts, pdf)
    await env.store.carry_out(lambda tx: _release(UnitOfWork(env, tx, SYSTEM), subject, made, record))
    _log.info("certificate_released", doctype=made.doctype, signatures=len(signing.signers))


async def raise_level(env: Environment, signing_id: str, renderer: OfficerRenderer) -> None:
    """Give a released certificate what proves it for long: revocation answers and a time stamp (PAdES B-LT).

    The file that was handed out before stays valid. Raises RemoteError, and StampUnfit, to be tried again.
    """
    trust = trust_services(env)
    async with env.store.read_transaction() as tx:
        signing = require_there(await kept.SIGNINGS.get(tx, signing_id), "the signing")
        records = (await kept.signatures_of(tx, [signing_id])).get(signing_id, [])
        certificate = (await certificates.by_ids(tx, [signing.certificate_id or ""])).get(signing.certificate_id or "")
    if certificate is None or signing.level is not SignatureLevel.B_B:
        return
    pdf = await env.objects.get(certificate.pdf_sha256)
    evidence = [Evidence(one.evidence_kind, base64.b64decode(one.evidence)) for one in records]
    held = require_there(pdf, "the file")
    raised = await renderer.raise_level(held, trust.settings, evidence, partial(trust.stamp, clock=env.clock))
    values = {"level": SignatureLevel.B_LT.value, "pdf_sha256": await env.objects.put(raised, _PDF)}
    await env.store.carry_out(lambda tx: kept.raise_level(tx, signing_id, certificate.id, values))


async def _load(tx: Transaction, signing_id: str, state: SigningState) -> _Subject | None:
    """A signing in a state; None where it is in another one, or what it corrects has its successor already."""
    signing = await kept.SIGNINGS.get(tx, signing_id)
    if signing is None or signing.state is not state or signing.enrolment_id is None:
        return None
    enrolment = require_there(await kept.ENROLMENTS.get(tx, signing.enrolment_id), "the enrolment")
    application = require_there(await applications.get(tx, signing.application_id), "the application")
    correction = await load_correction(tx, signing.corrects) if signing.corrects else None
    if isinstance(correction, IssuedCertificate):
        return None
    issue = correction.issue if correction else await load_issue(tx, application)
    officers = await people.officers(tx, signing.signers)
    posts = await with_cover(tx, officers[signing.signer_id])
    in_office = holds_office([one for one in posts if enrolment.is_for(one)], application)
    return _Subject(signing, enrolment, issue, correction, officers, in_office)


async def _check_token(env: Environment, subject: _Subject) -> Checked | SigningFailure:
    """The token's certificate as its authority says now, of an officer in office; else why she may not sign."""
    if not subject.in_office:
        return SigningFailure.OFFICE_NOT_HELD
    try:
        return await trust_services(env).check(subject.der, env.clock.now())
    except CertificateUnfit:
        return SigningFailure.TOKEN_UNFIT


def _content_of(env: Environment, subject: _Subject, minted: Minted, now: datetime) -> CertificateContent:
    signing, issue = subject.row, replace(subject.issue, officer=subject.officers[subject.row.signer_id])
    correction = replace(subject.correction, issue=issue) if subject.correction else None
    said = correction.content_of(env, minted) if correction else content_of(env, issue, minted)
    return replace(said, signers=tuple(map(subject.signatory, filter(None, signing.signers))), signed_at=now)


def _lay_out(renderer: OfficerRenderer, content: CertificateContent) -> tuple[bytes, dict[str, Any]]:
    """The page without a signature, and what is known of the certificate from now on."""
    facts = {
        "xml": base64.b64encode(renderer.data(content)).decode(),
        "holder": {"hi": content.holder.hi, "en": content.holder.en},
        "issued_on": content.issued_on.isoformat(),
        "valid_until": content.valid_until.isoformat() if content.valid_until else None,
    }
    return renderer.lay_out(content), facts


def _values_of(prepared: PreparedPdf) -> dict[str, Any]:
    octets = {"pdf": prepared.pdf, "digest": prepared.digest, "attributes": prepared.attributes}
    return {**{name: base64.b64encode(one).decode() for name, one in octets.items()}, "region": list(prepared.region)}


def _read(facts: Mapping[str, Any]) -> PreparedPdf:
    pdf, digest, attributes = (base64.b64decode(facts[name]) for name in ("pdf", "digest", "attributes"))
    start, end = facts["region"]
    return PreparedPdf(pdf, digest, (start, end), attributes)


async def _certificate_of(
    env: Environment, subject: _Subject, facts: Mapping[str, Any], pdf: bytes
) -> IssuedCertificate:
    """The certificate as it was prepared, with its files in the object store."""
    signing = subject.row
    content = content_of(env, subject.issue, Minted(**(signing.minted or {})))
    until = facts["valid_until"]
    content = replace(
        content,
        holder=Bilingual(**facts["holder"]),
        issued_on=date.fromisoformat(facts["issued_on"]),
        valid_until=date.fromisoformat(until) if until else None,
    )
    rendered = RenderedCertificate(pdf, base64.b64decode(facts["xml"]))
    return replace(await certificate_of(env, subject.issue, content, rendered), issued_by=signing.signers[0])


def _record_of(env: Environment, subject: _Subject, checked: Checked, signed_at: datetime) -> CertificateSignature:
    signing, who = subject.row, subject.signatory(subject.row.signer_id)
    return CertificateSignature(
        id=env.ids.key(),
        application_id=signing.application_id,
        signing_id=signing.id,
        place=signing.place,
        officer_id=signing.signer_id,
        enrolment_id=subject.enrolment.id,
        name=who.name,
        designation=who.designation,
        office=who.office,
        signed_at=signed_at,
        evidence=base64.b64encode(checked.evidence.content).decode(),
        evidence_kind=checked.evidence.kind,
    )


async def _pass_on(
    acting: UnitOfWork,
    signing: CertificateSigning,
    facts: dict[str, Any],
    pdf: bytes,
    record: CertificateSignature,
) -> None:
    """The first signature is there: the next officer's turn."""
    kept_facts = {name: facts[name] for name in ("xml", "holder", "issued_on", "valid_until")}
    next_one = replace(
        with_failure(signing, None),
        place=signing.place + 1,
        signer_id=signing.signers[signing.place],
        batch_id=None,
        enrolment_id=None,
        prepared={**kept_facts, "document": base64.b64encode(pdf).decode()},
    )
    await kept.save_state(acting.tx, next_one, prepared=True)
    await kept.SIGNATURES.add(acting.tx, record)
    await _note(acting, signing, "signed")


async def _release(
    acting: UnitOfWork, subject: _Subject, made: IssuedCertificate, record: CertificateSignature
) -> None:
    """Keep the certificate with who signed it, in one transaction. Raises AlreadyThere, VersionConflict."""
    signing = subject.row
    if subject.correction is None:
        made = require_there(await enter(acting, made), "the approved application")
    else:
        await enter_corrected(acting, subject.correction.old, made)
    released = replace(
        with_failure(signing, None),
        state=SigningState.RELEASED,
        prepared=None,
        certificate_id=made.id,
        level=SignatureLevel.B_B,
        released_sha256=made.pdf_sha256,
    )
    await kept.save_state(acting.tx, released, prepared=True)
    await kept.SIGNATURES.add(acting.tx, record)
    await _note(acting, signing, "released")
    if trust_services(acting.env).stamps:
        await outbox.add(acting.tx, RAISE, signing.id, {"signing_id": signing.id})


async def _fail(env: Environment, signing: CertificateSigning, failure: SigningFailure) -> None:
    await env.store.carry_out(lambda tx: kept.save_state(tx, with_failure(signing, failure)))


async def _note(acting: UnitOfWork, signing: CertificateSigning, step: str) -> None:
    detail = {"place": signing.place, "enrolment": signing.enrolment_id}
    await acting.record(f"signature.{step}", ObjectKind.APPLICATION, signing.application_id, Purpose.DECIDE, **detail)
