"""The second approval (maker–checker): another officer confirms a proposed verdict, or sends it back."""

from dataclasses import dataclass, replace

from actions.applications.decide import LONGEST_REASON, Decide, Verdict, carry_out
from actions.applications.grounds import refuse_unfounded
from actions.benefits.sanction_budgets import balances_before
from actions.clearances.steps import refuse_while_pending
from actions.kernel import PATH, Environment, UnitOfWork, conflict_problem, run_request, take_up
from actions.officers.claim import note, refuse_if_claimed
from domain.applications.applications import Application
from domain.identity.policy import Purpose
from domain.kernel import ErrorCode, Problem, Problems, Subject, written_text
from domain.officers.desk import OpinionState, Proposal
from store.applications import applications
from store.officers import desk


@dataclass(frozen=True, slots=True)
class ConfirmDecision:
    """A proposed verdict to confirm; `expected_version` is the application's that was seen."""

    application_id: str
    idempotency_key: str
    expected_version: int | None = None


@dataclass(frozen=True, slots=True)
class SendBackDecision:
    """A proposed verdict to send back to the first officer, with the reason."""

    application_id: str
    reason: str
    idempotency_key: str
    expected_version: int | None = None


async def confirm_decision(env: Environment, subject: Subject, request: ConfirmDecision) -> tuple[Application, bool]:
    """Carry out a proposed verdict as the first officer's decision; True where it is a replay.

    Raises Problems: NOT_FOUND, CONFLICT, PROPOSAL_MISSING, SECOND_OFFICER_NEEDED for the first officer
    herself, CASE_CLAIMED, CLEARANCE_PENDING where a department still has time to answer.
    """
    balances = await balances_before(env, subject, [request.application_id], confirming=True)

    return await run_request(
        env,
        subject,
        "confirmDecision",
        request,
        lambda acting, _: _confirm(replace(acting, balances=balances), request),
        read=applications.get,
    )


async def send_back_decision(env: Environment, subject: Subject, request: SendBackDecision) -> tuple[Application, bool]:
    """End a proposal without carrying it out; raises as `confirm_decision`, and REASON_REQUIRED."""
    return await run_request(env, subject, "sendBackDecision", request, _send_back, read=applications.get)


async def _confirm(acting: UnitOfWork, request: ConfirmDecision) -> Application:
    application, proposal = await _waiting_proposal(acting, request.application_id, request.expected_version)
    await _refuse_what_no_longer_holds(acting, application, proposal)
    officer_id = acting.subject.person_id or acting.subject.label
    await desk.answer_proposal(acting.tx, proposal, OpinionState.CONFIRMED, by=officer_id)
    await desk.release(acting.tx, application.id)
    await note(acting, "confirm", application.id, verdict=proposal.verdict, proposed_by=proposal.proposed_by)
    verdict = Decide(
        application.id,
        Verdict(proposal.verdict),
        request.idempotency_key,
        application.version,
        proposal.ground,
        proposal.reason,
        proposal.documents,
    )
    return await carry_out(replace(acting, decides_for=proposal.proposed_by), application, verdict)


async def _refuse_what_no_longer_holds(acting: UnitOfWork, application: Application, proposal: Proposal) -> None:
    """What was checked when the verdict was proposed is checked again: clearances, and the notified list of papers.

    Raises CLEARANCE_PENDING, REASON_REQUIRED, DOCUMENT_NOT_NOTIFIED; the proposal continues waiting.
    """
    if proposal.verdict == Verdict.APPROVE:
        await refuse_while_pending(acting, application, proposal.reason, PATH)
    await refuse_unfounded(acting, application, proposal.ground, proposal.documents)


async def _send_back(acting: UnitOfWork, request: SendBackDecision) -> Application:
    application, proposal = await _waiting_proposal(acting, request.application_id, request.expected_version)
    reason = written_text(request.reason, "input", "reason", longest=LONGEST_REASON) or ""
    officer_id = acting.subject.person_id or acting.subject.label
    await desk.answer_proposal(acting.tx, proposal, OpinionState.SENT_BACK, by=officer_id, note=reason)
    await note(acting, "send_back", application.id, verdict=proposal.verdict, proposed_by=proposal.proposed_by)
    return application


async def _waiting_proposal(
    acting: UnitOfWork, application_id: str, expected_version: int | None
) -> tuple[Application, Proposal]:
    """The application with the proposal that waits for this officer."""
    await desk.lock_application(acting.tx, application_id)
    application = await take_up(acting, application_id, Purpose.DECIDE, expected_version=expected_version)
    proposal = (await desk.proposals(acting.tx, [application.id])).get(application.id)
    if proposal is None or proposal.state is not OpinionState.PROPOSED:
        raise Problems(Problem(ErrorCode.PROPOSAL_MISSING, PATH))
    if not proposal.waits(application.version):
        raise conflict_problem(application.version, application.status.value)
    if proposal.proposed_by == acting.subject.person_id:
        raise Problems(Problem(ErrorCode.SECOND_OFFICER_NEEDED, PATH))
    await refuse_if_claimed(acting, application)
    return application, proposal
