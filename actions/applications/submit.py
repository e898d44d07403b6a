"""Saves drafts, submits applications, and starts the legal clock."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any

from actions.applications.strength import note_strength, refuse_weak_bank_change, require_strength
from actions.catalogue.prefilled_answers import Filled, Given, fill_in, keep
from actions.catalogue.submit_checks import (
    NewDocument,
    document_problems,
    each_once,
    open_service,
    place_problems,
    unasked_documents,
)
from actions.documents import attachments
from actions.documents.attachments import Finding
from actions.kernel import (
    ROUNDS,
    Environment,
    Step,
    UnitOfWork,
    apply_transition,
    conflict_problem,
    designated_for,
    draw_number,
    note_holder,
    of_citizen,
    register,
    require,
    run_request,
    start_changes,
)
from domain.applications.applications import Application, Channel, DeliveryMode, filed_through
from domain.applications.lifecycle import Move, Status
from domain.catalogue.catalogue import Service
from domain.catalogue.renewals import refuse_renewal_out_of_time
from domain.identity.policy import ObjectKind, Purpose, Resource, decide
from domain.kernel import (
    ErrorCode,
    NumberKind,
    PersonKind,
    Problem,
    Problems,
    Remedy,
    Role,
    Subject,
    make_number,
    not_found,
)
from store import umang
from store.applications import applications
from store.certificates import certificate_endings, certificates
from store.database import AlreadyThere, locks

__all__ = ["NewDocument", "SaveDraft", "SubmitApplication", "file", "open_case", "save_draft", "submit_application"]


@dataclass(frozen=True, slots=True)
class SubmitApplication:
    """What is handed in. `district` and `tehsil` are codes of the catalogue, `draft_id` an own draft it replaces.

    `on_behalf_of` is the citizen whom an operator serves; left out, it is the one of her session. `sources` are the
    tokens of prefilled answers by question, `form_version` the version of the form that was drawn.
    """

    service_code: str
    district: str
    tehsil: str | None
    channel: Channel
    delivery: DeliveryMode
    form: Mapping[str, str]
    documents: tuple[NewDocument, ...]
    idempotency_key: str
    on_behalf_of: str | None = None
    draft_id: str | None = None
    sources: Mapping[str, str] = field(default_factory=dict)
    form_version: str | None = None


@dataclass(frozen=True, slots=True)
class SaveDraft:
    """A draft to keep, or with `draft_id` to change; `expected_version` is the draft's that was seen.

    `documents` are the papers so far; None leaves those that the draft has.
    """

    service_code: str
    district: str
    tehsil: str | None
    channel: Channel
    delivery: DeliveryMode
    form: Mapping[str, str]
    idempotency_key: str
    on_behalf_of: str | None = None
    draft_id: str | None = None
    expected_version: int | None = None
    documents: tuple[NewDocument, ...] | None = None
    sources: Mapping[str, str] = field(default_factory=dict)
    form_version: str | None = None


async def submit_application(
    env: Environment, subject: Subject, request: SubmitApplication
) -> tuple[Application, bool]:
    """Hand in an application, once for each idempotency key; True where it is a replay.

    Raises Problems with every cause found: SERVICE_UNKNOWN, SERVICE_CLOSED, PLACE_UNKNOWN,
    DOCUMENT_MISSING, DOCUMENT_UNKNOWN, CONSENT_REQUIRED, BAD_INPUT, ALREADY_APPLIED, NOT_FOUND for a
    draft that is not hers, FORBIDDEN for one who cannot apply, and the FORM_ codes for its answers.
    """
    citizen_id = applicant(subject, request.on_behalf_of, request.service_code)
    findings = await attachments.check_documents(env, subject, citizen_id, request.documents)

    async def hand_in(acting: UnitOfWork, _: SubmitApplication) -> Application:
        application, service = await file(acting, request, findings)
        return await open_case(acting, application, service)

    return await run_request(
        env, subject, "submitApplication", request, hand_in, body=_body(request), read=applications.get, complete=True
    )


async def save_draft(env: Environment, subject: Subject, request: SaveDraft) -> tuple[Application, bool]:
    """Keep a draft, or change one; raises as `submit_application`, but no paper need be there yet.

    CONFLICT with the present version where it was changed since, as on another device. A new one is refused with
    ALREADY_APPLIED where there is a draft for the same matter, with DRAFTS_FULL beyond `drafts_per_person`.
    """
    citizen_id = applicant(subject, request.on_behalf_of, request.service_code)
    findings = await attachments.check_documents(env, subject, citizen_id, request.documents or (), draft=True)
    return await run_request(
        env,
        subject,
        "saveDraft",
        request,
        lambda acting, _: draft(acting, request, findings),
        read=applications.get,
        body=_body(request),
        complete=True,
    )


def applicant(subject: Subject, on_behalf_of: str | None, service_code: str) -> str:
    """The citizen who applies for a service; raises NotSignedIn, FORBIDDEN for those who cannot apply, or NOT_FOUND."""
    subject.require_signed_in()
    own = subject.person_id if Role.CITIZEN in subject.roles else subject.on_behalf_of
    citizen_id = on_behalf_of or own
    if citizen_id is None:
        raise Problems(Problem(ErrorCode.FORBIDDEN, ("input",), Remedy.NONE))
    if not decide(subject, _to_apply(citizen_id, service_code), Purpose.APPLY):
        raise not_found("input", "onBehalfOf")
    return citizen_id


async def file(
    acting: UnitOfWork, request: SubmitApplication, findings: Sequence[Finding]
) -> tuple[Application, Service]:
    """The inner step of a submission, in the caller's transaction: checked and SUBMITTED.

    `findings` has one entry for each document of the request.
    """
    citizen_id = applicant(acting.subject, request.on_behalf_of, request.service_code)
    await require(acting.env, acting.tx, acting.subject, _to_apply(citizen_id, request.service_code), Purpose.APPLY)
    service = await open_service(acting.tx, request.service_code)
    held = await _own_draft(acting, citizen_id, request.draft_id)
    filled = await fill_in(acting, _given_answers(request), service.code, citizen_id, complete=True, held=held)
    await _refuse_if_wrong(acting, request, service, [*filled.problems, *_wrong(findings)])
    await require_strength(acting, service.code)
    await refuse_weak_bank_change(acting, citizen_id, filled.answers)
    held = await _in_time(acting, service, held) if held else None
    renews = held.renews if held else None
    _refuse_same_matter(filled, renews, await applications.of_service(acting.tx, citizen_id, service.code))
    application = await _submit_application(acting, request, service, held, filled)
    await keep(acting, application, filled)
    await note_strength(acting, application)
    if acting.subject.partner_request is not None:
        await umang.note_filed(acting.tx, acting.subject.partner_request, application.id)
    if held is not None:
        await attachments.detach(acting, application)
    await attachments.attach(acting, application, service, request.documents, findings)
    return application, service


async def open_case(acting: UnitOfWork, application: Application, service: Service) -> Application:
    """What follows a submission: ask for the fee, or begin scrutiny and start the legal clock."""
    if service.fee_paise and not service.fee_after_approval:
        return await apply_transition(acting, application, Step(Move.ASK_FEE))
    changes = await start_changes(acting, application, service)
    return await apply_transition(acting, application, Step(Move.BEGIN_SCRUTINY, changes=changes))


async def draft(
    acting: UnitOfWork, request: SaveDraft, findings: Sequence[Finding] = (), *, renews: str | None = None
) -> Application:
    """The inner step of saving a draft, in the caller's transaction; `findings` has one entry for each document.

    `renews` is the number of the certificate that a new one renews.
    """
    citizen_id = applicant(acting.subject, request.on_behalf_of, request.service_code)
    await require(acting.env, acting.tx, acting.subject, _to_apply(citizen_id, request.service_code), Purpose.APPLY)
    service = await open_service(acting.tx, request.service_code)
    held = await _own_draft(acting, citizen_id, request.draft_id)
    filled = await fill_in(acting, _given_answers(request), service.code, citizen_id, complete=False, held=held)
    problems = [
        *filled.problems,
        *await place_problems(acting.tx, request.district, request.tehsil),
        *unasked_documents(service, request.documents or ()),
        *_wrong(findings),
    ]
    if problems:
        raise Problems(*each_once(problems))
    await refuse_weak_bank_change(acting, citizen_id, filled.answers)
    if held is None:
        await _refuse_more_drafts(acting, citizen_id, service.code, filled, renews)
    saved = await _save_draft(acting, request, service, held, filled, renews)
    await keep(acting, saved, filled)
    if request.documents is not None:
        await attachments.attach_to_draft(acting, saved, service, request.documents, findings)
    return saved


async def _save_draft(
    acting: UnitOfWork,
    request: SaveDraft,
    service: Service,
    held: Application | None,
    filled: Filled,
    renews: str | None,
) -> Application:
    if held is None:
        new = replace(_blank(acting, request, service, filled), renews=renews)
        return await _enter(acting, new, Step(Move.SAVE_DRAFT))
    if request.expected_version not in (None, held.version):
        raise conflict_problem(held.version, held.status.value)
    return await apply_transition(acting, held, Step(Move.SAVE_DRAFT, changes=_filled_in(request, service, filled)))


async def _refuse_if_wrong(
    acting: UnitOfWork, request: SubmitApplication, service: Service, found: Sequence[Problem]
) -> None:
    problems = [
        *found,
        *await place_problems(acting.tx, request.district, request.tehsil),
        *document_problems(service, request.documents),
    ]
    if problems:
        raise Problems(*each_once(problems))


def _wrong(findings: Sequence[Finding]) -> list[Problem]:
    return [finding.problem for finding in findings if finding.problem is not None]


async def _in_time(acting: UnitOfWork, service: Service, held: Application) -> Application:
    """The draft, of the certificate that stands today after corrections; it renews nothing if its service changed.

    Raises RENEWAL_NOT_OPEN.
    """
    renewed = await certificates.by_number(acting.tx, held.renews) if held.renews else None
    if renewed is None or renewed.service_code != service.code:
        return replace(held, renews=None)
    renewed = await certificate_endings.latest(acting.tx, renewed)
    refuse_renewal_out_of_time(renewed, service, acting.today)
    return replace(held, renews=renewed.number)


async def _refuse_more_drafts(
    acting: UnitOfWork, citizen_id: str, service_code: str, filled: Filled, renews: str | None
) -> None:
    """Raise ALREADY_APPLIED where she has a draft for the same matter, DRAFTS_FULL where she has too many."""
    most = acting.env.rules.care.drafts_per_person
    await locks.lock_exclusive(acting.tx, "drafts", citizen_id)
    drafts = await applications.of_service(acting.tx, citizen_id, service_code, {Status.DRAFT})
    _refuse_same_matter(filled, renews, drafts, sentence="draft.same_matter")
    if await applications.count_of_citizen(acting.tx, citizen_id, {Status.DRAFT}) >= most:
        raise Problems(Problem(ErrorCode.DRAFTS_FULL, ("input",), params={"most": str(most)}))


def _refuse_same_matter(
    filled: Filled, renews: str | None, others: Sequence[Application], sentence: str | None = None
) -> None:
    """A renewal is the same as another one of the same certificate, and as no other application."""
    for other in others:
        if other.renews == renews and (renews is not None or filled.same_matter(other)):
            path, params = ("input", "serviceCode"), {"number": other.number}
            raise Problems(Problem(ErrorCode.ALREADY_APPLIED, path, params=params, sentence=sentence))


async def _own_draft(acting: UnitOfWork, citizen_id: str, draft_id: str | None) -> Application | None:
    """The draft to go on with; raises NOT_FOUND where there is none of hers under that id."""
    if draft_id is None:
        return None
    held = await applications.get(acting.tx, draft_id)
    if held is None or held.citizen_id != citizen_id or held.status is not Status.DRAFT:
        raise not_found("input", "draftId")
    return held


async def _submit_application(
    acting: UnitOfWork, request: SubmitApplication, service: Service, held: Application | None, filled: Filled
) -> Application:
    now = acting.now
    holder = await designated_for(acting, (service.department, request.district, request.tehsil, service.code))
    changes = {
        **_filled_in(request, service, filled),
        "officer_id": holder.officer_id,
        "submitted_at": now,
        "channel": _channel(acting, request),
    }
    if held is not None:
        changes["acknowledgement"] = await draw_number(acting.tx, acting.env.ids, NumberKind.ACKNOWLEDGEMENT)
        submitted = await apply_transition(acting, held, Step(Move.SUBMIT, changes=changes))
    else:
        changes["acknowledgement"] = _random_number(acting, NumberKind.ACKNOWLEDGEMENT)
        application = replace(_blank(acting, request, service, filled), status=Status.SUBMITTED, **changes)
        submitted = await _enter(acting, application, Step(Move.SUBMIT))
    await note_holder(acting, submitted, holder)
    return submitted


async def _enter(acting: UnitOfWork, application: Application, step: Step) -> Application:
    """Register an application under numbers that nothing has, which their unique indexes tell as it is written."""
    for _ in range(ROUNDS):
        application = replace(application, number=_random_number(acting, NumberKind.APPLICATION))
        with suppress(AlreadyThere):
            return await register(acting, application, step)
        if application.acknowledgement is not None:
            acknowledgement = _random_number(acting, NumberKind.ACKNOWLEDGEMENT)
            application = replace(application, acknowledgement=acknowledgement)
    raise AlreadyThere("a reference number")


def _random_number(acting: UnitOfWork, kind: NumberKind) -> str:
    return make_number(kind, acting.today.year, acting.env.ids.digits(10))


def _blank(acting: UnitOfWork, request: SubmitApplication | SaveDraft, service: Service, filled: Filled) -> Application:
    now = acting.now
    return Application(
        id=acting.env.ids.key(),
        number="",
        citizen_id=applicant(acting.subject, request.on_behalf_of, request.service_code),
        channel=_channel(acting, request),
        operator_id=acting.subject.person_id if acting.subject.kind is PersonKind.OPERATOR else None,
        status=Status.DRAFT,
        version=1,
        created_at=now,
        updated_at=now,
        **_filled_in(request, service, filled),
    )


def _channel(acting: UnitOfWork, request: SubmitApplication | SaveDraft) -> Channel:
    """The channel that is recorded; raises Problems with CHANNEL_NOT_CONNECTED for one that it does not come in by.

    What comes in by WhatsApp has no session: an app that says so does not tell the truth.
    """
    subject = acting.subject
    if request.channel is Channel.WHATSAPP and (acting.env.partners.whatsapp is None or subject.session_id is not None):
        raise Problems(Problem(ErrorCode.CHANNEL_NOT_CONNECTED, ("input", "channel")))
    return filed_through(
        request.channel,
        assisted=subject.kind is PersonKind.OPERATOR,
        umang=subject.partner_request is not None,
        roster=bool(subject.places),
    )


def _filled_in(request: SubmitApplication | SaveDraft, service: Service, filled: Filled) -> dict[str, Any]:
    """What the applicant chose, and what the catalogue says to it."""
    return {
        "service_code": service.code,
        "department": service.department,
        "district": request.district,
        "tehsil": request.tehsil,
        "delivery": request.delivery,
        "form": filled.answers,
        "fee_paise": service.fee_paise,
        "service_version": service.version,
    }


def _given_answers(request: SubmitApplication | SaveDraft) -> Given:
    return Given(request.form, request.sources, request.form_version)


def _body(request: SubmitApplication | SaveDraft) -> dict[str, Any]:
    """What the key stands for; what earlier releases did not know is left out where it was not given."""
    later = ("expected_version", "sources", "form_version")
    given = {each.name: getattr(request, each.name) for each in fields(request)}
    body = {name: value for name, value in given.items() if value or name not in later}
    if request.documents is None:
        del body["documents"]
    else:
        body["documents"] = [asdict(paper) for paper in request.documents]
    return body


def _to_apply(citizen_id: str, service_code: str) -> Resource:
    return replace(of_citizen(citizen_id, ObjectKind.APPLICATION), service=service_code)
