"""The second approval (maker–checker), also of a committee: others confirm a proposed verdict, or send it back."""

from dataclasses import dataclass, replace

from actions.applications.decide import LONGEST_REASON, Decide, Verdict, carry_out
from actions.applications.grounds import refuse_unfounded
from actions.benefits.sanction_budgets import balances_before
from actions.clearances.steps import refuse_while_pending
from actions.kernel import PATH, Environment, UnitOfWork, conflict_problem, run_request, service_of, take_up, verb
from actions.officers.claim import note, refuse_if_claimed
from domain.applications.applications import Application
from domain.catalogue.definitions import StepKind
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

    In a committee the verdict is carried out once the quorum agrees. Raises Problems: NOT_FOUND, CONFLICT,
    PROPOSAL_MISSING, SECOND_OFFICER_NEEDED for the first officer herself and for a member who voted, CASE_CLAIMED,
    CLEARANCE_PENDING where a department still has time to answer.
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


@verb(applications.get)
async def send_back_decision(acting: UnitOfWork, request: SendBackDecision) -> Application:
    """End a proposal without carrying it out, in a committee once no quorum is possible any more.

    Raises as `confirm_decision`, and REASON_REQUIRED.
    """
    application, proposal = await _waiting_proposal(acting, request.application_id, request.expected_version)
    reason = written_text(request.reason, "input", "reason", longest=LONGEST_REASON) or ""
    officer_id = acting.actor
    quorum, members = await _committee_of(acting, application)
    against = (*proposal.against, officer_id)
    reason = "\n".join(filter(None, (proposal.answer_note, reason)))
    if len(against) <= members - quorum:
        await desk.keep_vote(acting.tx, replace(proposal, against=against, answer_note=reason))
        await note(acting, "disagree", application.id, verdict=proposal.verdict, against=len(against))
        return application
    await desk.answer_proposal(acting.tx, proposal, OpinionState.SENT_BACK, by=officer_id, note=reason)
    await note(acting, "send_back", application.id, verdict=proposal.verdict, proposed_by=proposal.proposed_by)
    return application


async def _confirm(acting: UnitOfWork, request: ConfirmDecision) -> Application:
    application, proposal = await _waiting_proposal(acting, request.application_id, request.expected_version)
    await _refuse_what_no_longer_holds(acting, application, proposal)
    officer_id = acting.actor
    quorum, _ = await _committee_of(acting, application)
    agreed = (*proposal.agreed_by, officer_id)
    if len(agreed) + 1 < quorum:
        await desk.keep_vote(acting.tx, replace(proposal, agreed_by=agreed))
        await note(acting, "agree", application.id, verdict=proposal.verdict, agreed=len(agreed) + 1)
        return application
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


async def _committee_of(acting: UnitOfWork, application: Application) -> tuple[int, int]:
    """How many officers must agree, and of how many: two of two for a second approval."""
    definition = (await service_of(acting, application)).definition
    committee = definition.step(StepKind.COMMITTEE) if definition else None
    return (2, 2) if committee is None else (committee.quorum or 2, committee.members or 2)


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
    if acting.subject.person_id in (proposal.proposed_by, *proposal.agreed_by, *proposal.against):
        raise Problems(Problem(ErrorCode.SECOND_OFFICER_NEEDED, PATH))
    await refuse_if_claimed(acting, application)
    return application, proposal
