"""The designated officer's actions on an application, each verdict in one transaction."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from functools import partial
from typing import Any

from actions.applications.grounds import refuse_more_pauses, refuse_unfounded
from actions.benefits.sanction import grant
from actions.benefits.sanction_budgets import Balances, balances_before
from actions.clearances.steps import enter_report, let_lapse, refuse_while_pending
from actions.kernel import (
    Environment,
    Step,
    Transition,
    UnitOfWork,
    apply_transition,
    legal_clock,
    run_request,
    service_of,
    take_up,
)
from domain.applications.applications import Application, Decision, RejectionGround
from domain.applications.lifecycle import Move, Status, advance
from domain.catalogue.catalogue import Outcome, Service
from domain.identity.policy import Purpose
from domain.kernel import ErrorCode, Problem, Problems, Subject, mask_aadhaar_in
from domain.officers.desk import Draft
from store.applications import applications
from store.officers.desk import lock_application
from store.platform import outbox

ISSUE = "certificate.issue"
"""The outbox topic of an approved application whose certificate is to be made."""

LONGEST_REASON = 4000


class Verdict(StrEnum):
    """What an officer can do."""

    APPROVE = "APPROVE"
    REJECT = "REJECT"
    RETURN_AS_INCOMPLETE = "RETURN_AS_INCOMPLETE"
    RAISE_QUERY = "RAISE_QUERY"
    SEND_FOR_VERIFICATION = "SEND_FOR_VERIFICATION"
    REPORT_VERIFICATION = "REPORT_VERIFICATION"


@dataclass(frozen=True, slots=True)
class Decide:
    """A verdict on the version of an application that the officer saw; None takes the present one."""

    application_id: str
    verdict: Verdict
    idempotency_key: str
    expected_version: int | None = None
    ground: RejectionGround | None = None
    reason: str | None = None
    documents: tuple[str, ...] = ()
    """Keys of the notified papers that a query or refusal is about."""


@dataclass(frozen=True, slots=True)
class Seeding:
    """What seeding fixes about an approval: the sanction's number, and when the worker may take the outcome up."""

    sanction_number: str | None = None
    due_at: datetime | None = None


_ORDINARY = Seeding()


async def decide_application(env: Environment, subject: Subject, request: Decide) -> tuple[Application, bool]:
    """Pass a verdict, once for each idempotency key; True where it is a replay.

    Raises Problems: NOT_FOUND (absent, or not in her jurisdiction), CONFLICT, REASON_REQUIRED,
    TRANSITION_NOT_ALLOWED, BAD_INPUT.
    """
    approved = [request.application_id] if request.verdict is Verdict.APPROVE else []
    return await decide_with(env, subject, request, await balances_before(env, subject, approved))


async def decide_with(
    env: Environment, subject: Subject, request: Decide, balances: Balances
) -> tuple[Application, bool]:
    """As `decide_application`, with the balances reported before (actions/benefits/sanction_budgets.py)."""
    return await run_request(
        env,
        subject,
        "decideApplication",
        request,
        lambda acting, _: pass_verdict(replace(acting, balances=balances), request, at_desk=True),
        read=applications.get,
    )


async def pass_verdict(
    acting: UnitOfWork, request: Decide, seeding: Seeding = _ORDINARY, *, at_desk: bool = False
) -> Application:
    """The inner step of a verdict, in the caller's transaction.

    `at_desk` asks the rules of the desk too: a colleague's claim is refused with CASE_CLAIMED, and where
    the service needs a second officer the verdict waits as a proposal and the application stays as it is.
    """
    if at_desk:
        await lock_application(acting.tx, request.application_id)
    application = await take_up(
        acting, request.application_id, Purpose.DECIDE, expected_version=request.expected_version
    )
    _refuse_without_reason(request)
    await refuse_unfounded(acting, application, request.ground, request.documents)
    if at_desk and await acting.env.registry.wait_for_second_officer(acting, application, _draft(request)):
        return application
    return await carry_out(acting, application, request, seeding)


async def carry_out(
    acting: UnitOfWork, application: Application, request: Decide, seeding: Seeding = _ORDINARY
) -> Application:
    """The verdict itself, on an application that was taken up."""
    application = await _begin_scrutiny(acting, application, request.verdict)
    if request.verdict is Verdict.APPROVE:
        return await _approve(acting, application, request, seeding)
    return await _VERDICTS[request.verdict](acting, application, request)


def _refuse_without_reason(request: Decide) -> None:
    """A rejection, return or query needs a coded ground and a reason in writing (section 5(2) of the Act)."""
    founded = request.verdict in (Verdict.REJECT, Verdict.RETURN_AS_INCOMPLETE, Verdict.RAISE_QUERY)
    problems = []
    if founded and request.ground is None:
        problems.append(Problem(ErrorCode.REASON_REQUIRED, ("input", "ground"), sentence="lacking.ground"))
    reason = (request.reason or "").strip()
    if founded and not reason:
        problems.append(Problem(ErrorCode.REASON_REQUIRED, ("input", "reason")))
    if len(reason) > LONGEST_REASON:
        params = {"longest": str(LONGEST_REASON)}
        problems.append(Problem(ErrorCode.BAD_INPUT, ("input", "reason"), params=params))
    if problems:
        raise Problems(*problems)


async def _begin_scrutiny(acting: UnitOfWork, application: Application, verdict: Verdict) -> Application:
    """The officer's first verdict on an untouched submission takes it into scrutiny."""
    if application.status is not Status.SUBMITTED or verdict is Verdict.RETURN_AS_INCOMPLETE or application.fee_paise:
        return application
    changes = await legal_clock.start_changes(acting, application, await service_of(acting, application))
    return await apply_transition(acting, application, Step(Move.BEGIN_SCRUTINY, changes=changes))


async def _approve(acting: UnitOfWork, application: Application, request: Decide, seeding: Seeding) -> Application:
    service = await service_of(acting, application)
    await refuse_while_pending(acting, application, request.reason)
    changes = {"decision": _decision(acting, request, approved=True)}
    approved = await apply_transition(acting, application, Step(Move.APPROVE, note=_text(request), changes=changes))
    await let_lapse(acting, approved)
    if service.fee_after_approval and approved.fee_paise and approved.fee_receipt is None:
        paused = await legal_clock.pause_changes(acting, approved, for_fee=True)
        return await apply_transition(acting, approved, Step(Move.ASK_FEE, changes=paused))
    return await _bring_result(acting, approved, service, seeding)


async def bring_result_after_fee(acting: UnitOfWork, transition: Transition) -> None:
    """Bring the result of an approval once the fee that fell due with it was paid."""
    if transition.move is Move.RECEIVE_FINAL_FEE:
        await _bring_result(acting, transition.after, await service_of(acting, transition.after), _ORDINARY)


async def _bring_result(acting: UnitOfWork, approved: Application, service: Service, seeding: Seeding) -> Application:
    match service.outcome:
        case Outcome.CERTIFICATE | Outcome.LICENCE:
            await outbox.add(
                acting.tx,
                ISSUE,
                approved.id,
                {"application_id": approved.id},
                application_id=approved.id,
                due_at=seeding.due_at,
            )
            return approved
        case Outcome.BENEFIT:
            return await grant(acting, approved, service, number=seeding.sanction_number)
        case Outcome.ORDER:
            return await apply_transition(acting, approved, Step(Move.DELIVER, changes={"delivered_at": acting.now}))


async def _decline(move: Move, acting: UnitOfWork, application: Application, request: Decide) -> Application:
    changes = {"decision": _decision(acting, request, approved=False)}
    declined = await apply_transition(acting, application, _step(move, request, changes))
    await let_lapse(acting, declined)
    return declined


async def _raise_query(acting: UnitOfWork, application: Application, request: Decide) -> Application:
    advance(application.status, Move.RAISE_QUERY)
    await refuse_more_pauses(acting, application)
    changes = await legal_clock.pause_changes(acting, application)
    return await apply_transition(acting, application, _step(Move.RAISE_QUERY, request, changes))


async def _send(acting: UnitOfWork, application: Application, request: Decide) -> Application:
    return await apply_transition(acting, application, Step(Move.SEND_FOR_VERIFICATION, request.ground, _text(request)))


async def _report(acting: UnitOfWork, application: Application, request: Decide) -> Application:
    reported = await apply_transition(
        acting, application, Step(Move.REPORT_VERIFICATION, request.ground, _text(request))
    )
    text = _text(request)
    if text:
        await enter_report(acting, reported, text)
    return reported


_VERDICTS: Mapping[Verdict, Callable[[UnitOfWork, Application, Decide], Awaitable[Application]]] = {
    Verdict.REJECT: partial(_decline, Move.REJECT),
    Verdict.RETURN_AS_INCOMPLETE: partial(_decline, Move.RETURN_AS_INCOMPLETE),
    Verdict.RAISE_QUERY: _raise_query,
    Verdict.SEND_FOR_VERIFICATION: _send,
    Verdict.REPORT_VERIFICATION: _report,
}


def _decision(acting: UnitOfWork, request: Decide, *, approved: bool) -> Decision:
    return Decision(
        approved=approved,
        ground=request.ground,
        reason=_text(request),
        officer_id=acting.decides_for or acting.subject.person_id,
        decided_at=acting.now,
        signed_at=acting.signed_at,
    )


def _draft(request: Decide) -> Draft:
    return Draft(request.verdict.value, request.ground, _text(request), request.documents)


def _step(kind: Move, request: Decide, changes: Mapping[str, Any]) -> Step:
    """The step of a verdict with its ground, its text and the notified papers that it is about."""
    return Step(kind, request.ground, _text(request), changes, request.documents)


def _text(request: Decide) -> str | None:
    reason = (request.reason or "").strip()
    return mask_aadhaar_in(reason) if reason else None
