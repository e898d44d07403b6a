"""Taking in an application: drafts, submission, and the start of the legal clock."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from actions import attachments
from actions.access import leave_receipt, of_citizen, require
from actions.acting import Acting
from actions.attachments import Finding
from actions.cases import present
from actions.environment import Environment
from actions.idempotent import once
from actions.jurisdiction import designated_for, note_holder
from actions.legal_clock import started
from actions.moves import Step, move, register
from actions.submit_checks import (
    DocumentSource,
    NewDocument,
    clean_form,
    document_problems,
    form_problems,
    open_service,
    place_problems,
)
from domain.applications import Application, AttachedDocument, Channel, DeliveryMode
from domain.catalogue import Service
from domain.errors import ErrorCode, NotSignedIn, Problem, Problems, Remedy, not_found
from domain.lifecycle import Move, Status
from domain.numbers import NumberKind, make_number
from domain.people import PersonKind, Role, Subject
from domain.policy import ObjectKind, Purpose, Resource, decide
from domain.sources import Source
from store import applications
from store.engine import Transaction

__all__ = ["NewDocument", "SaveDraft", "SubmitApplication", "file", "open_case", "save_draft", "submit_application"]


@dataclass(frozen=True, slots=True)
class SubmitApplication:
    """What is handed in. `district` and `tehsil` are codes of the catalogue, `draft_id` an own draft it replaces.

    `on_behalf_of` is the citizen whom an operator serves; left out, it is the one of her session.
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


@dataclass(frozen=True, slots=True)
class SaveDraft:
    """A draft to keep, or with `draft_id` to change."""

    service_code: str
    district: str
    tehsil: str | None
    channel: Channel
    delivery: DeliveryMode
    form: Mapping[str, str]
    idempotency_key: str
    on_behalf_of: str | None = None
    draft_id: str | None = None


async def submit_application(
    env: Environment, subject: Subject, request: SubmitApplication
) -> tuple[Application, bool]:
    """Hand in an application, once for each idempotency key; True where it is a replay.

    Raises Problems with every cause found: SERVICE_UNKNOWN, SERVICE_CLOSED, PLACE_UNKNOWN,
    DOCUMENT_MISSING, DOCUMENT_UNKNOWN, CONSENT_REQUIRED, BAD_INPUT, ALREADY_APPLIED, NOT_FOUND for a
    draft that is not hers, FORBIDDEN for one who cannot apply.
    """
    citizen_id = applicant(subject, request.on_behalf_of)
    findings = await attachments.check_documents(env, subject, citizen_id, request.documents)

    async def work(tx: Transaction) -> dict[str, Any]:
        acting = Acting(env, tx, subject)
        application, service = await file(acting, request, findings)
        return {"id": (await open_case(acting, application, service)).id}

    body = asdict(request)
    answer, replayed = await once(env, subject, "submitApplication", key=request.idempotency_key, body=body, work=work)
    return await present(env, answer["id"]), replayed


async def save_draft(env: Environment, subject: Subject, request: SaveDraft) -> tuple[Application, bool]:
    """Keep a draft, or change one; raises as `submit_application`, but asks for no documents yet."""
    applicant(subject, request.on_behalf_of)

    async def work(tx: Transaction) -> dict[str, Any]:
        return {"id": (await draft(Acting(env, tx, subject), request)).id}

    body = asdict(request)
    answer, replayed = await once(env, subject, "saveDraft", key=request.idempotency_key, body=body, work=work)
    return await present(env, answer["id"]), replayed


def applicant(subject: Subject, on_behalf_of: str | None) -> str:
    """The citizen who applies; raises NotSignedIn, FORBIDDEN for a role that cannot apply, or NOT_FOUND."""
    if not subject.signed_in:
        raise NotSignedIn
    own = subject.person_id if Role.CITIZEN in subject.roles else subject.on_behalf_of
    citizen_id = on_behalf_of or own
    if citizen_id is None:
        raise Problems(Problem(ErrorCode.FORBIDDEN, ("input",), Remedy.NONE))
    if not decide(subject, _to_apply(citizen_id), Purpose.APPLY):
        raise not_found("input", "onBehalfOf")
    return citizen_id


async def file(acting: Acting, request: SubmitApplication, findings: Sequence[Finding]) -> tuple[Application, Service]:
    """The inner step of a submission, in the caller's transaction: checked and SUBMITTED.

    `findings` has one entry for each document of the request.
    """
    citizen_id = applicant(acting.subject, request.on_behalf_of)
    await require(acting.env, acting.tx, acting.subject, _to_apply(citizen_id), Purpose.APPLY)
    service = await open_service(acting.tx, request.service_code)
    await _refuse_if_wrong(acting, request, service, findings)
    held = await _own_draft(acting, citizen_id, request.draft_id)
    await _refuse_duplicate(acting, citizen_id, service.code)
    application = await _submitted(acting, request, service, held)
    names = {paper.key: paper.name for paper in service.documents}
    findings = [
        _named(finding, names[document.key]) for document, finding in zip(request.documents, findings, strict=True)
    ]
    await _attach(acting, application, request.documents, findings)
    return application, service


async def open_case(acting: Acting, application: Application, service: Service) -> Application:
    """What follows a submission: ask for the fee, or begin scrutiny and start the legal clock."""
    if service.fee_paise:
        return await move(acting, application, Step(Move.ASK_FEE))
    changes = await started(acting, application, service)
    return await move(acting, application, Step(Move.BEGIN_SCRUTINY, changes=changes))


async def draft(acting: Acting, request: SaveDraft) -> Application:
    """The inner step of saving a draft, in the caller's transaction."""
    citizen_id = applicant(acting.subject, request.on_behalf_of)
    await require(acting.env, acting.tx, acting.subject, _to_apply(citizen_id), Purpose.APPLY)
    service = await open_service(acting.tx, request.service_code)
    problems = [*form_problems(request.form), *await place_problems(acting.tx, request.district, request.tehsil)]
    if problems:
        raise Problems(*problems)
    held = await _own_draft(acting, citizen_id, request.draft_id)
    if held is None:
        return await register(acting, _blank(acting, request, service), Step(Move.SAVE_DRAFT))
    return await move(acting, held, Step(Move.SAVE_DRAFT, changes=_filled_in(request, service)))


async def _refuse_if_wrong(
    acting: Acting, request: SubmitApplication, service: Service, findings: Sequence[Finding]
) -> None:
    problems = [
        *form_problems(request.form),
        *await place_problems(acting.tx, request.district, request.tehsil),
        *document_problems(service, request.documents),
        *(finding.problem for finding in findings if finding.problem is not None),
    ]
    if problems:
        # A document may be unknown for two reasons; it is told once.
        raise Problems(*{(problem.code, problem.path, str(problem.params)): problem for problem in problems}.values())


async def _refuse_duplicate(acting: Acting, citizen_id: str, service_code: str) -> None:
    twin = await applications.open_duplicate(acting.tx, citizen_id, service_code)
    if twin is not None:
        params = {"number": twin.number}
        raise Problems(Problem(ErrorCode.ALREADY_APPLIED, ("input", "serviceCode"), Remedy.SEE_APPLICATION, params))


async def _own_draft(acting: Acting, citizen_id: str, draft_id: str | None) -> Application | None:
    """The draft to go on with; raises NOT_FOUND where there is none of hers under that id."""
    if draft_id is None:
        return None
    held = await applications.get(acting.tx, draft_id)
    if held is None or held.citizen_id != citizen_id or held.status is not Status.DRAFT:
        raise not_found("input", "draftId")
    return held


async def _submitted(
    acting: Acting, request: SubmitApplication, service: Service, held: Application | None
) -> Application:
    now = acting.now
    holder = await designated_for(acting, (service.department, request.district, request.tehsil))
    changes = {
        **_filled_in(request, service),
        "acknowledgement": _number(acting, NumberKind.ACKNOWLEDGEMENT),
        "officer_id": holder.officer_id,
        "submitted_at": now,
    }
    if held is not None:
        submitted = await move(acting, held, Step(Move.SUBMIT, changes=changes))
    else:
        application = replace(_blank(acting, request, service), status=Status.SUBMITTED, **changes)
        submitted = await register(acting, application, Step(Move.SUBMIT))
    await note_holder(acting, submitted, holder)
    return submitted


def _blank(acting: Acting, request: SubmitApplication | SaveDraft, service: Service) -> Application:
    now = acting.now
    return Application(
        id=acting.env.ids.key(),
        number=_number(acting, NumberKind.APPLICATION),
        acknowledgement=None,
        citizen_id=applicant(acting.subject, request.on_behalf_of),
        channel=request.channel,
        operator_id=acting.subject.person_id if acting.subject.kind is PersonKind.OPERATOR else None,
        status=Status.DRAFT,
        version=1,
        fee_receipt=None,
        officer_id=None,
        limit=None,
        clock_started_at=None,
        paused_since=None,
        paused_days=0,
        due_at=None,
        decision=None,
        created_at=now,
        submitted_at=None,
        delivered_at=None,
        updated_at=now,
        **_filled_in(request, service),
    )


def _filled_in(request: SubmitApplication | SaveDraft, service: Service) -> dict[str, Any]:
    """What the applicant chose, and what the catalogue says to it."""
    return {
        "service_code": service.code,
        "department": service.department,
        "district": request.district,
        "tehsil": request.tehsil,
        "delivery": request.delivery,
        "form": clean_form(request.form),
        "fee_paise": service.fee_paise,
    }


def _named(finding: Finding, paper: str) -> Finding:
    """A document without a name of its own bears the name of the paper that it answers."""
    return finding if finding.name else replace(finding, name=paper)


async def _attach(
    acting: Acting, application: Application, documents: Sequence[NewDocument], findings: Sequence[Finding]
) -> None:
    attached = [
        AttachedDocument(
            id=acting.env.ids.key(),
            key=document.key,
            source=document.source,
            uri=document.uri,
            name=finding.name or document.key,
            sha256=document.uri if document.source == DocumentSource.UPLOAD else None,
            attached_at=acting.now,
            verified_at=acting.now if finding.verified else None,
        )
        for document, finding in zip(documents, findings, strict=True)
    ]
    await applications.add_documents(acting.tx, application.id, attached)
    await attachments.name_uploads(acting, application, documents)
    for paper, finding in zip(attached, findings, strict=True):
        if finding.freeze or not finding.verified:
            await attachments.ask_later(acting.tx, application.id, paper.id)
    if any(document.source == DocumentSource.DIGILOCKER for document in documents):
        resource = of_citizen(application.citizen_id, ObjectKind.DOCUMENT)
        await leave_receipt(acting, resource, Purpose.APPLY, Source.DIGILOCKER)


def _number(acting: Acting, kind: NumberKind) -> str:
    return make_number(kind, acting.today.year, acting.env.ids.digits(10))


def _to_apply(citizen_id: str) -> Resource:
    return of_citizen(citizen_id, ObjectKind.APPLICATION)
