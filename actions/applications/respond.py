"""Actions of the citizen, or of an operator for the citizen, after submission: answer, withdraw, pay the fee."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from typing import Any

from actions.applications.strength import refuse_weak_bank_change
from actions.catalogue.prefilled_answers import amend, keep
from actions.catalogue.submit_checks import NewDocument, clean_form, each_once, unasked_documents
from actions.clearances.steps import let_lapse
from actions.documents.attachments import Finding, attach, check_documents
from actions.kernel import (
    PATH,
    Environment,
    Step,
    UnitOfWork,
    apply_transition,
    legal_clock,
    of_application,
    receive_fee,
    run_request,
    service_of,
    take_up,
    verb,
)
from domain.applications.applications import Application
from domain.applications.lifecycle import Move, advance
from domain.identity.policy import Purpose, decide
from domain.kernel import ErrorCode, Problem, Problems, Subject, ist_date, ist_midnight, not_found, short_word
from store.applications import applications

LONGEST_ANSWER = 4000
LONGEST_RECEIPT = 40


@dataclass(frozen=True, slots=True)
class AnswerQuery:
    """An answer to an officer's query; `form` holds only the fields that change, `documents` the papers asked for."""

    application_id: str
    answer: str
    form: dict[str, str]
    idempotency_key: str
    expected_version: int | None = None
    documents: tuple[NewDocument, ...] = ()
    sources: dict[str, str] = field(default_factory=dict)
    """The tokens of those fields that were prefilled."""


@dataclass(frozen=True, slots=True)
class Withdraw:
    """An application taken back by the citizen."""

    application_id: str
    idempotency_key: str
    reason: str | None = None
    expected_version: int | None = None


@dataclass(frozen=True, slots=True)
class RecordFee:
    """A fee that was taken at a centre or an office: the number of its receipt and the amount in paise.

    `paid_on` is the day on which it was paid, in India, where it is entered later; None is today.
    """

    application_id: str
    receipt: str
    amount_paise: int
    idempotency_key: str
    expected_version: int | None = None
    paid_on: date | None = None


async def answer_query(env: Environment, subject: Subject, request: AnswerQuery) -> tuple[Application, bool]:
    """Answer a query; the legal clock continues. True where it is a replay.

    Raises Problems: NOT_FOUND, CONFLICT, REASON_REQUIRED for an empty answer, TRANSITION_NOT_ALLOWED, BAD_INPUT,
    DOCUMENT_UNKNOWN for a paper that is not on the service's list or not where it is said to lie, CONSENT_REQUIRED.
    """
    findings = await _look_up(env, subject, request)
    body = asdict(request)
    if not request.documents:  # the body of an answer in words alone is that of releases that knew no other
        del body["documents"]
    if not request.sources:
        del body["sources"]
    return await run_request(
        env,
        subject,
        "answerQuery",
        request,
        lambda acting, _: give_answer(acting, request, findings),
        read=applications.get,
        body=body,
    )


@verb(applications.get)
async def withdraw_application(acting: UnitOfWork, request: Withdraw) -> Application:
    """Take an application back, if it is not decided yet or its fee after approval is not paid. True for a replay.

    Raises Problems: NOT_FOUND, CONFLICT, TRANSITION_NOT_ALLOWED.
    """
    application = await take_up(
        acting, request.application_id, Purpose.APPLY, expected_version=request.expected_version
    )
    problems = _too_long(request.reason or "", "reason")
    if problems:
        raise Problems(*problems)
    step = Step(
        Move.WITHDRAW, note=(request.reason or "").strip() or None, changes={"paused_since": None, "paused_left": None}
    )
    withdrawn = await apply_transition(acting, application, step)
    await let_lapse(acting, withdrawn)
    return withdrawn


def _fee_body(_: Environment, request: RecordFee) -> dict[str, Any]:
    """What the key stands for; that of a fee of today is as releases had it that knew no other."""
    return {name: value for name, value in asdict(request).items() if name != "paid_on" or value is not None}


@verb(applications.get, for_ever=True, body=_fee_body)
async def record_fee(acting: UnitOfWork, request: RecordFee) -> Application:
    """Enter a fee that was taken, which has the effect of `actions.kernel.transitions.receive_fee`. True for a replay.

    For the operator whom the citizen let serve her, and for officers of the place. Raises Problems:
    NOT_FOUND, CONFLICT, FEE_MISMATCH, BAD_INPUT, TRANSITION_NOT_ALLOWED, DATE_NOT_ALLOWED for a day to come or one
    before the fee was asked: before the submission, or before the approval with which it fell due.
    """
    application = await take_up(
        acting, request.application_id, Purpose.COLLECT_FEE, expected_version=request.expected_version
    )
    receipt = short_word(request.receipt, "input", "receipt", longest=LONGEST_RECEIPT)
    advance(application.status, Move.RECEIVE_FEE)
    service = await service_of(acting, application)
    paid_at = _paid_at(acting, application, request)
    if request.amount_paise != application.fee_paise:
        raise Problems(Problem(ErrorCode.FEE_MISMATCH, ("input", "amount"), params=_fee(application)))
    return await receive_fee(acting, application, service, receipt, paid_at)


async def give_answer(acting: UnitOfWork, request: AnswerQuery, findings: Sequence[Finding] = ()) -> Application:
    """The inner step of an answer, in the caller's transaction; `findings` has one entry for each document."""
    application = await take_up(
        acting, request.application_id, Purpose.APPLY, expected_version=request.expected_version
    )
    if not request.answer.strip():
        raise Problems(Problem(ErrorCode.REASON_REQUIRED, ("input", "answer"), sentence="lacking.text"))
    filled = await amend(acting, application, request.form, request.sources)
    service = await service_of(acting, application)
    papers = [*unasked_documents(service, request.documents), *(one.problem for one in findings if one.problem)]
    problems = [*filled.problems, *_too_long(request.answer, "answer"), *each_once(papers)]
    if problems:
        raise Problems(*problems)
    await refuse_weak_bank_change(acting, application.citizen_id, clean_form(request.form))
    await keep(acting, application, filled)
    changes = {"form": filled.answers, **await legal_clock.resume_changes(acting, application)}
    keys = tuple(dict.fromkeys(document.key for document in request.documents))
    step = Step(Move.ANSWER_QUERY, note=request.answer.strip(), changes=changes, documents=keys)
    answered = await apply_transition(acting, application, step)
    await attach(acting, answered, service, request.documents, findings)
    return answered


def _paid_at(acting: UnitOfWork, application: Application, request: RecordFee) -> datetime | None:
    """The first second of the day on which it was paid; None for today."""
    day = request.paid_on
    if day is None:
        return None
    submitted_at, decision = application.submitted_at or application.created_at, application.decision
    if not ist_date(decision.decided_at if decision else submitted_at) <= day <= acting.today:
        raise Problems(Problem(ErrorCode.DATE_NOT_ALLOWED, ("input", "paidOn")))
    return ist_midnight(day)


async def _look_up(env: Environment, subject: Subject, request: AnswerQuery) -> list[Finding]:
    """What is known of the papers of an answer; the case is hers, or the locker is not asked."""
    if not request.documents:
        return []
    subject.require_signed_in()
    application = await env.store.read(lambda tx: applications.get(tx, request.application_id))
    if application is None or not decide(subject, of_application(application), Purpose.APPLY):
        raise not_found(*PATH)
    return await check_documents(env, subject, application.citizen_id, request.documents)


def _fee(application: Application) -> dict[str, str]:
    return {} if application.fee_paise is None else {"feePaise": str(application.fee_paise)}


def _too_long(text: str, name: str) -> list[Problem]:
    if len(text) <= LONGEST_ANSWER:
        return []
    return [Problem(ErrorCode.BAD_INPUT, ("input", name), params={"longest": str(LONGEST_ANSWER)})]
