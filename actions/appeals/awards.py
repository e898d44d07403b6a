"""Records penalties recovered and compensation paid after an order, and reports them to citizen and Commission."""

from dataclasses import asdict, dataclass, replace
from datetime import date
from typing import Any

from actions.appeals.commission_filing import note_award
from actions.appeals.steps import step
from actions.feedback.notices import tell_of_award
from actions.kernel import Environment, UnitOfWork, require_postings, require_thing, run_idempotently
from domain.appeals.appeals import SETTLED, Appeal, AppealMove, Award, AwardKind, AwardState
from domain.identity.policy import ObjectKind, Purpose, Resource
from domain.kernel import ErrorCode, Posting, Problem, Problems, Remedy, Subject, holds_aadhaar, ist_date
from store.appeals import appeal_course, appeals, hearing_calendar
from store.database import StoredList, Transaction

LONGEST_REFERENCE = 40
_APPEAL = ("input", "appealId")
_PURPOSES = (Purpose.PAY_BENEFIT, Purpose.RESPOND, Purpose.HEAR_APPEAL)


@dataclass(frozen=True, slots=True)
class SettleAward:
    """That a penalty was recovered or a compensation paid: the day, and the number of the challan or voucher."""

    appeal_id: str
    kind: AwardKind
    settled_on: date
    reference: str
    idempotency_key: str


async def settle_award(env: Environment, subject: Subject, request: SettleAward) -> tuple[Award, bool]:
    """Record it; True where it is a replay.

    Raises Problems: NOT_FOUND outside of one's jurisdiction, BAD_INPUT without such an award or for a number that is
    none, DATE_NOT_ALLOWED for a day before the order or ahead, CONFLICT where it is settled already.
    """

    async def work(tx: Transaction) -> dict[str, Any]:
        await settle(UnitOfWork(env, tx, subject), request)
        return {"appeal_id": request.appeal_id}

    _, replayed = await run_idempotently(
        env, subject, "settleAward", key=request.idempotency_key, body=asdict(request), work=work
    )
    found = await env.store.read(lambda tx: appeal_course.awards(tx, [request.appeal_id]))
    return next(one for one in found[request.appeal_id] if one.kind is request.kind), replayed


async def settle(acting: UnitOfWork, request: SettleAward) -> Award:
    """The inner step, in the caller's transaction."""
    found = await appeals.get(acting.tx, request.appeal_id)
    appeal = await require_thing(acting, found, of_award, *_PURPOSES, path=_APPEAL)
    award = await appeal_course.award(acting.tx, appeal.id, request.kind)
    if award is None:
        raise Problems(Problem(ErrorCode.BAD_INPUT, ("input", "kind"), Remedy.REFRESH))
    reference = request.reference.strip()
    if not 1 <= len(reference) <= LONGEST_REFERENCE or not reference.isprintable() or holds_aadhaar(reference):
        raise Problems(Problem(ErrorCode.BAD_INPUT, ("input", "reference"), params={"longest": str(LONGEST_REFERENCE)}))
    if not ist_date(award.ordered_at) <= request.settled_on <= acting.today:
        raise Problems(Problem(ErrorCode.DATE_NOT_ALLOWED, ("input", "settledOn")))
    if award.state is not AwardState.ORDERED:
        params = {"version": str(appeal.version), "status": award.state.value}
        raise Problems(Problem(ErrorCode.CONFLICT, ("input", "kind"), params=params))
    settled = replace(award, state=SETTLED[award.kind], settled_on=request.settled_on, settlement=reference)
    changed = await step(acting, appeal, AppealMove.AMEND)
    await appeal_course.set_award(acting.tx, settled)
    await note_award(acting, changed, settled)
    if settled.kind is AwardKind.COMPENSATION:
        await tell_of_award(acting, changed, settled)
    return settled


def of_award(appeal: Appeal) -> Resource:
    """What access to the money of an order depends on: the department and the place of the appeal."""
    return Resource.of(ObjectKind.AWARD, appeal.id, appeal)


def award_postings(subject: Subject) -> list[Posting]:
    """The postings under which the subject settles awards; raises NotSignedIn, NOT_FOUND where there is none."""
    return require_postings(subject, ObjectKind.AWARD, *_PURPOSES)


def awards_of(subject: Subject, states: frozenset[AwardState]) -> StoredList[Award]:
    """The awards of the subject's jurisdictions, the oldest order first; raises as `award_postings`."""
    return hearing_calendar.awards(award_postings(subject), states)
