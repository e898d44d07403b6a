"""The desk's rules for a verdict: a colleague's claim, and the second officer that some services require."""

from actions.clearances.steps import refuse_while_pending
from actions.kernel import PATH, UnitOfWork, refuse_out_of_turn, service_of
from actions.officers.claim import note, refuse_if_claimed
from domain.applications.applications import Application
from domain.applications.lifecycle import Move, Status, advance
from domain.kernel import ErrorCode, Problem, Problems
from domain.officers.desk import Draft, OpinionState, Proposal
from store.officers import desk

WEIGHED = frozenset({Move.APPROVE.value, Move.REJECT.value})
"""Verdicts that a second officer must confirm where the service asks for it."""

_LAST = WEIGHED | {Move.RETURN_AS_INCOMPLETE.value}


async def propose_if_needed(acting: UnitOfWork, application: Application, draft: Draft) -> bool:
    """Whether the verdict waits for a second officer, in which case it is kept as a proposal.

    Raises CASE_CLAIMED, PROPOSAL_WAITS where one waits already, TRANSITION_NOT_ALLOWED and
    CLEARANCE_PENDING for a verdict that could not be carried out.
    """
    claim = await refuse_if_claimed(acting, application)
    await refuse_if_proposed(acting, application)
    if claim is not None and draft.verdict in _LAST:
        await desk.release(acting.tx, application.id)
    if draft.verdict not in WEIGHED or not (await service_of(acting, application)).needs_second_pair:
        return False
    _refuse_unlawful(application, draft)
    await refuse_out_of_turn(acting, application, Move(draft.verdict))
    if draft.verdict == Move.APPROVE:
        await refuse_while_pending(acting, application, draft.reason)
    await desk.add_proposal(acting.tx, _proposal(acting, application, draft))
    await note(acting, "propose", application.id, verdict=draft.verdict, version=application.version)
    return True


async def refuse_if_proposed(acting: UnitOfWork, application: Application) -> None:
    """Raises PROPOSAL_WAITS where a verdict on the present version waits for a second officer."""
    proposal = (await desk.proposals(acting.tx, [application.id])).get(application.id)
    if proposal is not None and proposal.waits(application.version):
        raise Problems(Problem(ErrorCode.PROPOSAL_WAITS, PATH))


def _refuse_unlawful(application: Application, draft: Draft) -> None:
    """The verdict itself takes an untouched submission into scrutiny, unless its fee is due."""
    lies_still = application.status is Status.SUBMITTED and not application.fee_paise
    advance(Status.IN_SCRUTINY if lies_still else application.status, Move(draft.verdict))


def _proposal(acting: UnitOfWork, application: Application, draft: Draft) -> Proposal:
    return Proposal(
        id=acting.env.ids.key(),
        application_id=application.id,
        citizen_id=application.citizen_id,
        version=application.version,
        state=OpinionState.PROPOSED,
        verdict=draft.verdict,
        ground=draft.ground,
        reason=draft.reason,
        proposed_by=acting.actor,
        proposed_at=acting.now,
        documents=draft.documents,
    )
