"""Enrols officers' tokens: the officer or an administrator enters one, another administrator confirms it."""

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass, replace

from actions.kernel import Environment, UnitOfWork, require, run_request
from domain.certificates.officer_signatures import TokenEnrolment, TokenState, post_values
from domain.identity.policy import ObjectKind, Purpose, Resource, decide
from domain.kernel import (
    ErrorCode,
    Officer,
    PersonKind,
    Posting,
    Problem,
    Problems,
    Role,
    Subject,
    not_found,
    require_found,
)
from integrations.trust_services import CertificateUnfit, TrustServices, UnfitReason
from store.certificates import officer_signatures as kept
from store.identity import people

LONGEST_CERTIFICATE = 10_000
"""Characters of a certificate in base64."""
MOST_ENROLMENTS = 50
_PATH = ("input", "enrolmentId")
_CERTIFICATE = ("input", "certificate")


@dataclass(frozen=True, slots=True)
class EnrolToken:
    """A certificate on a token, its DER in base64 or PEM, and for which of an officer's posts, counted from 1.

    Without `officer_id` it is that of whoever enters it.
    """

    certificate: str
    idempotency_key: str
    post: int = 1
    officer_id: str | None = None


@dataclass(frozen=True, slots=True)
class AnswerToken:
    """An enrolment that waits: confirmed or refused by another administrator; one that holds is withdrawn by false."""

    enrolment_id: str
    confirm: bool
    idempotency_key: str


async def enrol_token(env: Environment, subject: Subject, request: EnrolToken) -> tuple[TokenEnrolment, bool]:
    """Enter the certificate that an officer will sign with; it waits for an administrator.

    Raises Problems: NOT_FOUND, BAD_INPUT, SIGNING_NOT_CONNECTED, TOKEN_UNFIT with the reason, TOKEN_ENROLLED.
    """
    _require_officer(subject, "input")
    trust, der = trust_services(env), _der_of(request.certificate)
    try:
        await trust.examine(der, env.clock.now())
        said = trust.describe(der)
    except CertificateUnfit as unfit:
        raise unfit_token(unfit.reason, *_CERTIFICATE) from None

    async def enter(acting: UnitOfWork, _: EnrolToken) -> TokenEnrolment:
        officer, posting = await _officer_in_post(acting, request)
        if await kept.enrolment_with(acting.tx, said.sha256) is not None:
            raise Problems(Problem(ErrorCode.TOKEN_ENROLLED, _CERTIFICATE))
        enrolment = TokenEnrolment(
            id=acting.env.ids.key(),
            officer_id=officer.id,
            post=post_values(posting),
            sha256=said.sha256,
            subject=said.subject,
            issuer=said.issuer,
            serial=said.serial,
            certificate=base64.b64encode(der).decode(),
            begins_at=said.valid_from,
            expires_at=said.valid_until,
            state=TokenState.WAITING,
            entered_by=acting.subject.person_id or acting.subject.label,
            entered_at=acting.now,
        )
        await kept.ENROLMENTS.add(acting.tx, enrolment)
        await _note(acting, enrolment, "entered")
        return enrolment

    return await run_request(env, subject, "enrolToken", request, enter, read=kept.ENROLMENTS.get)


async def answer_token(env: Environment, subject: Subject, request: AnswerToken) -> tuple[TokenEnrolment, bool]:
    """Confirm or refuse a token that waits, or withdraw one that holds.

    Raises Problems: NOT_FOUND, SECOND_OFFICER_NEEDED for whoever entered it and for its officer, who may withdraw
    it, STEP_NOT_ALLOWED where it neither waits nor holds.
    """
    return await run_request(env, subject, "answerToken", request, _answer, read=kept.ENROLMENTS.get)


async def enrolments_for(env: Environment, subject: Subject) -> Sequence[TokenEnrolment]:
    """Her own tokens, and for an administrator those that wait for her word.

    Raises NotSignedIn, NOT_FOUND for all but officers.
    """
    _require_officer(subject)
    async with env.store.read_transaction() as tx:
        own = await kept.enrolments_of(tx, subject.person_id or "")
        waiting = await kept.waiting_enrolments(tx, MOST_ENROLMENTS)
    others = [one for one in waiting if one.officer_id != subject.person_id]
    return [*own, *(one for one in others if decide(subject, _resource(one), Purpose.OPERATE))]


def _require_officer(subject: Subject, *path: str) -> None:
    subject.require_signed_in()
    if subject.kind is not PersonKind.OFFICER:
        raise not_found(*path)


def trust_services(env: Environment) -> TrustServices:
    """The authorities. Raises SIGNING_NOT_CONNECTED where none is connected."""
    found = env.partners.find(TrustServices)
    if found is None:
        raise Problems(Problem(ErrorCode.SIGNING_NOT_CONNECTED, ("input",)))
    return found


def unfit_token(reason: UnfitReason, *path: str) -> Problems:
    """The problem that says why a certificate is not taken."""
    return Problems(Problem(ErrorCode.TOKEN_UNFIT, path, sentence=f"token_unfit.{reason.value}"))


def _der_of(text: str) -> bytes:
    body = "".join(text.replace("-----BEGIN CERTIFICATE-----", "").replace("-----END CERTIFICATE-----", "").split())
    try:
        found = base64.b64decode(body, validate=True) if len(body) <= LONGEST_CERTIFICATE else b""
    except (ValueError, binascii.Error):
        found = b""
    if not found:
        raise Problems(Problem(ErrorCode.BAD_INPUT, _CERTIFICATE))
    return found


async def _officer_in_post(acting: UnitOfWork, request: EnrolToken) -> tuple[Officer, Posting]:
    """The officer and her post, for herself or for who may post her there."""
    key = request.officer_id or acting.subject.person_id or ""
    officer = require_found((await people.officers(acting.tx, [key])).get(key), "input", "officerId")
    posts = [one for one in officer.postings if one.role is Role.OFFICER]
    if officer.id != acting.subject.person_id:
        first = posts[0] if posts else Posting(Role.OFFICER)
        resource = Resource.of_post(ObjectKind.POSTING, first, officer.id)
        await require(acting.env, acting.tx, acting.subject, resource, Purpose.OPERATE, path=("input", "officerId"))
    if not 1 <= request.post <= len(posts):
        raise Problems(Problem(ErrorCode.BAD_INPUT, ("input", "post")))
    return officer, posts[request.post - 1]


async def _answer(acting: UnitOfWork, request: AnswerToken) -> TokenEnrolment:
    enrolment = require_found(await kept.ENROLMENTS.get(acting.tx, request.enrolment_id, lock=True), *_PATH)
    by = acting.subject.person_id or acting.subject.label
    own = by == enrolment.officer_id
    if not own:
        resource = _resource(enrolment)
        await require(acting.env, acting.tx, acting.subject, resource, Purpose.OPERATE, path=_PATH)
    waits = enrolment.state is TokenState.WAITING
    if (enrolment.state is not TokenState.ACTIVE and not waits) or (request.confirm and not waits):
        raise Problems(Problem(ErrorCode.STEP_NOT_ALLOWED, _PATH, params={"state": enrolment.state.value}))
    if request.confirm and (own or by == enrolment.entered_by):
        raise Problems(Problem(ErrorCode.SECOND_OFFICER_NEEDED, _PATH))
    refused = TokenState.REFUSED if waits else TokenState.WITHDRAWN
    answered = replace(
        enrolment,
        state=TokenState.ACTIVE if request.confirm else refused,
        confirmed_by=by,
        confirmed_at=acting.now,
    )
    saved = await kept.ENROLMENTS.save(acting.tx, answered, enrolment.version)
    await _note(acting, saved, saved.state.value.lower())
    return saved


def _resource(enrolment: TokenEnrolment) -> Resource:
    department, district, tehsil = (enrolment.post.get(name) for name in ("department", "district", "tehsil"))
    return Resource.of_post(
        ObjectKind.POSTING, Posting(Role.OFFICER, department, district, tehsil), enrolment.officer_id
    )


async def _note(acting: UnitOfWork, enrolment: TokenEnrolment, step: str) -> None:
    await acting.record(f"token.{step}", "OFFICER", enrolment.officer_id, Purpose.OPERATE, sha256=enrolment.sha256)
