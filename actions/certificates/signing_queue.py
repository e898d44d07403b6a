"""Certificates that wait for officers' signatures: the queue, batches of it, and signatures that come in.

docs/contracts/signatures.md section 8: what fails stays here, and never falls to the system's seal.
"""

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass, replace

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.x509 import load_der_x509_certificate

from actions.certificates.token_enrolments import trust_services, unfit_token
from actions.kernel import Environment, UnitOfWork, of_application, require, run_request, with_cover
from domain.applications.applications import Application
from domain.catalogue.catalogue import Service
from domain.catalogue.definitions import SignedBy
from domain.certificates.officer_signatures import (
    MOST_IN_BATCH,
    MOST_IN_PART,
    TOLD_BY_BRIDGE,
    CertificateSigning,
    SigningFailure,
    SigningState,
    TokenEnrolment,
    TokenState,
)
from domain.identity.policy import ObjectKind, Purpose
from domain.kernel import ErrorCode, Posting, Problem, Problems, Role, Subject, not_found, require_found
from integrations.calling.errors import RemoteError
from integrations.trust_services import CertificateUnfit
from store.applications import applications
from store.certificates import officer_signatures as kept
from store.database import Transaction
from store.identity import people
from store.officers import desk
from store.platform import outbox

PREPARE = "certificate.prepare"
"""The outbox topic of a certificate in a batch that is to be prepared for its signature."""
RELEASE = "certificate.release"
"""The outbox topic of a certificate whose signature came in."""

_ITEMS, _CERTIFICATE = ("input", "signingIds"), ("input", "certificateSha256")
_OPEN = frozenset({SigningState.WAITING, SigningState.CHOSEN, SigningState.PREPARED})


@dataclass(frozen=True, slots=True)
class PrepareSignatures:
    """Certificates that wait, to be signed together by the token with a certificate, by its SHA-256 in hex."""

    signing_ids: tuple[str, ...]
    certificate_sha256: str
    idempotency_key: str


@dataclass(frozen=True, slots=True)
class TokenSignature:
    """What the bridge gave for one hash: the signature in base64, or why there is none."""

    signing_id: str
    sha256: str
    signature: str | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class HandInSignatures:
    """The answers of the bridge for a batch, or for a part of it."""

    batch_id: str
    signatures: tuple[TokenSignature, ...]
    idempotency_key: str


@dataclass(frozen=True, slots=True)
class SigningBatch:
    """The certificates that are signed together."""

    id: str
    certificate_sha256: str
    items: tuple[CertificateSigning, ...]


def signed_by(service: Service) -> SignedBy:
    """Who signs the certificates of a service; the system where no definition says otherwise."""
    return service.definition.signed_by if service.definition else SignedBy.SYSTEM


async def open_signing(
    acting: UnitOfWork, application: Application, service: Service, first: str | None, corrects: str | None = None
) -> None:
    """Let a certificate wait for the officer who decided, and for whoever confirmed it where two sign; once."""
    signers = [first or ""]
    if signed_by(service) is SignedBy.TWO_OFFICERS:
        proposal = (await desk.proposals(acting.tx, [application.id])).get(application.id)
        others = (proposal.answered_by, proposal.proposed_by) if proposal else ()
        signers.append(next((one for one in others if one and one != first), ""))
    signing = CertificateSigning(
        id=corrects or application.id,
        application_id=application.id,
        signers=tuple(signers),
        state=SigningState.WAITING,
        created_at=acting.now,
        signer_id=signers[0],
        corrects=corrects,
    )
    await kept.SIGNINGS.insert(acting.tx, signing)


async def waiting_for(env: Environment, subject: Subject) -> list[CertificateSigning]:
    """What waits for her signature, the oldest decision first: her own, and that of officers who left the office.

    At most a batch. Raises NOT_FOUND for all but officers.
    """
    postings = _offices_of(subject)
    async with env.store.read_transaction() as tx:
        found = await kept.waiting_for(tx, subject.person_id or "", postings, 5 * MOST_IN_BATCH)
        cases = await applications.by_ids(tx, [one.application_id for one in found])
        officers = await people.officers(tx, {one.signer_id for one in found})
        offices = {key: await with_cover(tx, one) for key, one in officers.items()}
    mine = [
        one
        for one in found
        if one.signer_id == subject.person_id
        or (
            subject.person_id not in one.signers
            and not holds_office(offices.get(one.signer_id, ()), cases[one.application_id])
        )
    ]
    return mine[:MOST_IN_BATCH]


async def batch_of(env: Environment, subject: Subject, batch_id: str) -> SigningBatch:
    """A batch, for the officer whose token it is. Raises NOT_FOUND."""
    async with env.store.read_transaction() as tx:
        batch = await _batch(tx, batch_id)
        enrolment = await _enrolment_of(tx, batch)
    if batch is None or enrolment is None or enrolment.officer_id != subject.person_id:
        raise not_found("batchId")
    return batch


async def prepare_signatures(
    env: Environment, subject: Subject, request: PrepareSignatures
) -> tuple[SigningBatch, bool]:
    """Put certificates that wait into a batch; the worker prepares them. One that was interrupted may go in again.

    Raises Problems: BAD_INPUT for none, too many or the same twice; NOT_FOUND; TOKEN_NOT_ENROLLED, TOKEN_UNFIT,
    REVOCATION_UNKNOWN; OFFICE_NOT_HELD; SIGNER_DIFFERS for one that another has to sign; SIGNATURE_NOT_AWAITED.
    """
    _offices_of(subject, "input")
    if not 1 <= len(request.signing_ids) <= MOST_IN_BATCH or len(set(request.signing_ids)) < len(request.signing_ids):
        raise Problems(Problem(ErrorCode.BAD_INPUT, _ITEMS, params={"most": str(MOST_IN_BATCH)}))
    known = await env.store.read(lambda tx: kept.enrolment_with(tx, request.certificate_sha256.lower()))
    enrolment = _own_token(subject, known, *_CERTIFICATE)
    await _refuse_unfit(env, enrolment, *_CERTIFICATE)

    async def step(acting: UnitOfWork, _: PrepareSignatures) -> str:
        batch_id = acting.env.ids.key()
        for place, key in enumerate(request.signing_ids):
            await _choose(acting, key, enrolment, batch_id, (*_ITEMS, str(place)))
        await acting.record("signature.prepare", "BATCH", batch_id, Purpose.DECIDE, items=len(request.signing_ids))
        return batch_id

    return await run_request(env, subject, "prepareSignatures", request, step, read=_batch)


async def hand_in_signatures(
    env: Environment, subject: Subject, request: HandInSignatures
) -> tuple[SigningBatch, bool]:
    """Take the signatures of a token; the worker fills them in. One that is wrong waits again, with its code.

    Raises Problems: BAD_INPUT; NOT_FOUND for a batch of another; TOKEN_NOT_ENROLLED, TOKEN_UNFIT, REVOCATION_UNKNOWN,
    OFFICE_NOT_HELD; SIGNATURE_NOT_AWAITED for one that is not in the batch, was handed in before, or whose hash is not
    the prepared one.
    """
    given = {one.signing_id: one for one in request.signatures}
    if not given or len(given) < len(request.signatures) or len(given) > MOST_IN_PART:
        path = ("input", "signatures")
        raise Problems(Problem(ErrorCode.BAD_INPUT, path, params={"most": str(MOST_IN_PART)}))
    path = ("input", "batchId")
    batch = await batch_of(env, subject, request.batch_id)
    enrolment = _own_token(subject, await env.store.read(lambda tx: _enrolment_of(tx, batch)), *path)
    await _refuse_unfit(env, enrolment, *path)

    async def step(acting: UnitOfWork, _: HandInSignatures) -> str:
        waiting = {one.id: one for one in await kept.in_batch(acting.tx, request.batch_id, lock=True)}
        for place, one in enumerate(request.signatures):
            signing = waiting.get(one.signing_id)
            own = (
                signing is not None and signing.state is SigningState.PREPARED and signing.digest == one.sha256.lower()
            )
            if signing is None or not own:
                where = ("input", "signatures", str(place))
                raise Problems(Problem(ErrorCode.SIGNATURE_NOT_AWAITED, where))
            await _take(acting, signing, one, enrolment)
        return request.batch_id

    return await run_request(env, subject, "handInSignatures", request, step, read=_batch)


def _offices_of(subject: Subject, *path: str) -> list[Posting]:
    """Her posts as an officer who decides. Raises NotSignedIn, NOT_FOUND where she has none."""
    subject.require_signed_in()
    found = [one for one in subject.postings if one.role is Role.OFFICER]
    if not found:
        raise not_found(*path)
    return found


def holds_office(postings: Sequence[Posting], application: Application) -> bool:
    """Whether one with these posts decides on an application (docs/contracts/signatures.md section 3.3)."""
    place = (application.department, application.district, application.tehsil, application.service_code)
    return any(one.role is Role.OFFICER and one.covers(*place) for one in postings)


async def _choose(
    acting: UnitOfWork, key: str, enrolment: TokenEnrolment, batch_id: str, path: tuple[str, ...]
) -> None:
    signing = require_found(await kept.SIGNINGS.get(acting.tx, key, lock=True), *path)
    application = require_found(await applications.get(acting.tx, signing.application_id), *path)
    await require(acting.env, acting.tx, acting.subject, of_application(application), Purpose.DECIDE, path=path)
    if signing.state not in _OPEN:
        raise Problems(Problem(ErrorCode.SIGNATURE_NOT_AWAITED, path))
    signer = acting.subject.person_id or ""
    if signing.signer_id != signer and not await _may_take_over(acting, signing, application, signer):
        raise Problems(Problem(ErrorCode.SIGNER_DIFFERS, path))
    posts_of_token = [one for one in acting.subject.postings if enrolment.is_for(one)]
    if not holds_office(posts_of_token, application):
        raise Problems(Problem(ErrorCode.OFFICE_NOT_HELD, path))
    signers = tuple(signer if place == signing.place else one for place, one in enumerate(signing.signers, 1))
    if signing.place > 1 and signing.signer_id != signer:
        await _begin_anew(acting, replace(signing, signers=signers, batch_id=batch_id, enrolment_id=enrolment.id))
        return
    chosen = replace(
        signing,
        state=SigningState.CHOSEN,
        signers=signers,
        signer_id=signer,
        batch_id=batch_id,
        enrolment_id=enrolment.id,
        digest=None,
        expires_at=None,
        signature=None,
        failure=None,
    )
    await kept.save_state(acting.tx, chosen)
    payload = {"signing_id": signing.id, "batch_id": batch_id}
    await outbox.add(acting.tx, PREPARE, f"{signing.id}:{batch_id}", payload)


async def _may_take_over(acting: UnitOfWork, signing: CertificateSigning, application: Application, by: str) -> bool:
    """Whether the signature passes to her, a successor, since its officer left the office."""
    if by in signing.signers:
        return False
    found = await people.officers(acting.tx, [signing.signer_id])
    officer = found.get(signing.signer_id)
    return officer is None or not holds_office(await with_cover(acting.tx, officer), application)


async def _begin_anew(acting: UnitOfWork, signing: CertificateSigning) -> None:
    """Let the first officer sign again: the page that she signed names another one as the second."""
    await kept.forget_signatures(acting.tx, signing.id)
    again = replace(with_failure(signing, SigningFailure.SIGNER_CHANGED), place=1, signer_id=signing.signers[0])
    await kept.save_state(acting.tx, replace(again, prepared=None), prepared=True)
    await acting.record("signature.anew", ObjectKind.APPLICATION, signing.application_id, Purpose.DECIDE)


async def _take(acting: UnitOfWork, signing: CertificateSigning, given: TokenSignature, token: TokenEnrolment) -> None:
    failure = _failure_of(acting, signing, given, token)
    if failure is not None:
        await kept.save_state(acting.tx, with_failure(signing, failure))
        return
    taken = replace(signing, state=SigningState.SIGNED, signature=given.signature, failure=None)
    await kept.save_state(acting.tx, taken)
    payload = {"signing_id": signing.id, "digest": signing.digest or ""}
    await outbox.add(acting.tx, RELEASE, f"{signing.id}:{signing.digest}", payload)


def with_failure(signing: CertificateSigning, failure: SigningFailure | None) -> CertificateSigning:
    """It waits again; what was prepared is used up."""
    return replace(signing, state=SigningState.WAITING, failure=failure, digest=None, expires_at=None, signature=None)


def _failure_of(
    acting: UnitOfWork, signing: CertificateSigning, given: TokenSignature, token: TokenEnrolment
) -> SigningFailure | None:
    if signing.expires_at is None or signing.expires_at <= acting.now:
        return SigningFailure.SIGNATURE_EXPIRED
    if given.signature is None:
        told = SigningFailure.__members__.get(given.error or "")
        return told if told in TOLD_BY_BRIDGE else SigningFailure.TOKEN_FAILED
    fits = signature_fits(base64.b64decode(token.certificate), signing.digest or "", given.signature)
    return None if fits else SigningFailure.SIGNATURE_WRONG


def signature_fits(certificate: bytes, digest: str, signature: str) -> bool:
    """Whether a signature in base64 is of the certificate's key over a SHA-256 in hex (RSA, PKCS #1 v1.5)."""
    key = load_der_x509_certificate(certificate).public_key()
    if not isinstance(key, rsa.RSAPublicKey):
        return False
    try:
        octets = base64.b64decode(signature, validate=True)
        key.verify(octets, bytes.fromhex(digest), padding.PKCS1v15(), Prehashed(hashes.SHA256()))
    except (InvalidSignature, ValueError, binascii.Error):
        return False
    return True


def _own_token(subject: Subject, enrolment: TokenEnrolment | None, *path: str) -> TokenEnrolment:
    """Her token, which holds and is of a post that she has. Raises TOKEN_NOT_ENROLLED, OFFICE_NOT_HELD."""
    if enrolment is None or enrolment.state is not TokenState.ACTIVE or enrolment.officer_id != subject.person_id:
        raise Problems(Problem(ErrorCode.TOKEN_NOT_ENROLLED, path))
    if not any(enrolment.is_for(one) for one in subject.postings):
        raise Problems(Problem(ErrorCode.OFFICE_NOT_HELD, path))
    return enrolment


async def _refuse_unfit(env: Environment, enrolment: TokenEnrolment, *path: str) -> None:
    trust = trust_services(env)
    try:
        await trust.check(base64.b64decode(enrolment.certificate), env.clock.now())
    except CertificateUnfit as unfit:
        raise unfit_token(unfit.reason, *path) from None
    except RemoteError as error:
        raise Problems(Problem(ErrorCode.REVOCATION_UNKNOWN, path, retry_after=error.retry_after)) from error


async def _batch(tx: Transaction, batch_id: str) -> SigningBatch | None:
    items = await kept.in_batch(tx, batch_id)
    enrolment = await kept.ENROLMENTS.get(tx, items[0].enrolment_id) if items else None
    return SigningBatch(batch_id, enrolment.sha256, tuple(items)) if enrolment else None


async def _enrolment_of(tx: Transaction, batch: SigningBatch | None) -> TokenEnrolment | None:
    key = batch.items[0].enrolment_id if batch else None
    return await kept.ENROLMENTS.get(tx, key) if key else None
