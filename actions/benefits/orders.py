"""An officer's orders about a sanction: suspend, resume, cease, record a life certificate, complete the review."""

from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import Any

from actions.benefits.instalments import stop as end_sanction
from actions.benefits.life_certificates import take_certificate
from actions.benefits.recovery_orders import recover_overpaid
from actions.benefits.sanction import plan_of
from actions.benefits.sanction_stops import add_stop, lift_stop, missed_paise, note, skip_unpaid_periods, stops_of
from actions.benefits.second_approvals import ask, needs_second
from actions.kernel import Environment, UnitOfWork, of_sanction, require_thing, verb
from domain.benefits.benefits import Sanction
from domain.benefits.sanction_course import (
    CESSATION_GROUNDS,
    SUSPENSION_GROUNDS,
    ApprovalKind,
    LifeProof,
    ResumeGround,
    Stop,
    StopGround,
    StopKind,
)
from domain.identity.policy import Purpose
from domain.kernel import ErrorCode, Problem, Problems, ist_date
from store.benefits import benefits

_BENEFIT, _GROUND = ("input", "benefitId"), ("input", "ground")


@dataclass(frozen=True, slots=True)
class SuspendBenefit:
    """That nothing is paid for periods that begin on or after a day (None: today)."""

    sanction_id: str
    ground: StopGround
    idempotency_key: str
    from_on: date | None = None


@dataclass(frozen=True, slots=True)
class ResumeBenefit:
    """That a suspended sanction pays again; `arrears` also for the periods that were missed."""

    sanction_id: str
    ground: ResumeGround
    arrears: bool
    idempotency_key: str


@dataclass(frozen=True, slots=True)
class EndBenefit:
    """That a sanction covers its last day and ends: by death, on the day of the death."""

    sanction_id: str
    ground: StopGround
    last_day: date
    idempotency_key: str


@dataclass(frozen=True, slots=True)
class TakeLifeCertificate:
    """That the citizen showed on a day that she lives."""

    sanction_id: str
    given_on: date
    proof: LifeProof
    idempotency_key: str


@dataclass(frozen=True, slots=True)
class CompleteReview:
    """That the department reviewed the grant today and found it in order."""

    sanction_id: str
    idempotency_key: str


def body_of(_: Environment, request: Any) -> dict[str, Any]:
    """What the key of an order stands for: all of the request but the key itself."""
    return {name: value for name, value in asdict(request).items() if name != "idempotency_key"}


@verb(benefits.SANCTIONS.get, body=body_of, for_ever=True)
async def suspend_benefit(acting: UnitOfWork, request: SuspendBenefit) -> Sanction:
    """Suspend a sanction on a coded ground; True where it is a replay.

    Raises Problems: NOT_FOUND outside of one's jurisdiction, BAD_INPUT for another ground, STEP_NOT_ALLOWED
    where it is suspended or ended, DATE_NOT_ALLOWED for a day before the sanction.
    """
    sanction = await take_up(acting, request.sanction_id, Purpose.DECIDE, *_BENEFIT)
    if request.ground not in SUSPENSION_GROUNDS:
        raise Problems(Problem(ErrorCode.BAD_INPUT, _GROUND))
    await _refuse_ended(acting, sanction)
    from_on = request.from_on or acting.today
    if from_on < ist_date(sanction.sanctioned_at):
        raise Problems(Problem(ErrorCode.DATE_NOT_ALLOWED, ("input", "fromOn")))
    if await add_stop(acting, sanction, StopKind.SUSPENSION, request.ground, from_on) is None:
        raise refuse_step(*_BENEFIT, state=sanction.state.value)
    return sanction


@verb(benefits.SANCTIONS.get, body=body_of, for_ever=True)
async def resume_benefit(acting: UnitOfWork, request: ResumeBenefit) -> Sanction:
    """Lift the suspension. Arrears above the set amount wait for another person's approval, and all with them.

    Raises as `suspend_benefit`, and PROPOSAL_WAITS where the approval is asked for already.
    """
    sanction = await take_up(acting, request.sanction_id, Purpose.DECIDE, *_BENEFIT)
    await _refuse_ended(acting, sanction)
    stop = await _open_stop(acting, sanction, StopKind.SUSPENSION)
    if stop is None:
        raise refuse_step(*_BENEFIT, state=sanction.state.value)
    stops = await stops_of(acting, sanction.id)
    owed = missed_paise(sanction, plan_of(sanction), stops, acting.today) if request.arrears else 0
    if needs_second(acting, owed):
        await ask(acting, sanction, ApprovalKind.RESUMPTION, stop.id, owed, {"ground": request.ground.value})
        return sanction
    await resume(acting, sanction, stop, request.ground.value, arrears=request.arrears)
    return sanction


@verb(benefits.SANCTIONS.get, body=body_of, for_ever=True)
async def end_benefit(acting: UnitOfWork, request: EndBenefit) -> Sanction:
    """End a sanction. A period that began by the last day is paid whole; what was paid for later ones is recovered.

    Raises Problems: NOT_FOUND, BAD_INPUT for another ground, STEP_NOT_ALLOWED where it has ended,
    DATE_NOT_ALLOWED for a day ahead or before the sanction.
    """
    sanction = await take_up(acting, request.sanction_id, Purpose.DECIDE, *_BENEFIT)
    if request.ground not in CESSATION_GROUNDS:
        raise Problems(Problem(ErrorCode.BAD_INPUT, _GROUND))
    await _refuse_ended(acting, sanction)
    if not ist_date(sanction.sanctioned_at) <= request.last_day <= acting.today:
        raise Problems(Problem(ErrorCode.DATE_NOT_ALLOWED, ("input", "lastDay")))
    if not await end_sanction(acting, sanction, request.last_day, request.ground):
        granted_until = sanction.ended_on or request.last_day  # a scholarship: an end behind its year adds no term
        await benefits.change_sanction(acting.tx, sanction.id, ended_on=min(granted_until, request.last_day))
        await add_stop(acting, sanction, StopKind.CESSATION, request.ground, request.last_day + timedelta(days=1))
    await recover_overpaid(acting, sanction, request.ground, request.last_day)
    return sanction


@verb(benefits.SANCTIONS.get, body=body_of, for_ever=True)
async def take_life_certificate(acting: UnitOfWork, request: TakeLifeCertificate) -> Sanction:
    """Note the life certificate, and let a sanction that was stopped for the want of it pay again with its arrears.

    Raises Problems: NOT_FOUND, STEP_NOT_ALLOWED where it has ended, DATE_NOT_ALLOWED for a day ahead, or a year ago.
    """
    sanction = await take_up(acting, request.sanction_id, Purpose.DECIDE, *_BENEFIT)
    await _refuse_ended(acting, sanction)
    if not acting.today - timedelta(days=365) <= request.given_on <= acting.today:
        raise Problems(Problem(ErrorCode.DATE_NOT_ALLOWED, ("input", "givenOn")))
    await take_certificate(acting, sanction, request.given_on, request.proof)
    return sanction


@verb(benefits.SANCTIONS.get, operation="completeBenefitReview", body=body_of, for_ever=True)
async def complete_review(acting: UnitOfWork, request: CompleteReview) -> Sanction:
    """Note the yearly review, and lift its stop. Raises Problems: NOT_FOUND, STEP_NOT_ALLOWED where it has ended."""
    sanction = await take_up(acting, request.sanction_id, Purpose.DECIDE, *_BENEFIT)
    await _refuse_ended(acting, sanction)
    await benefits.change_sanction(acting.tx, sanction.id, reviewed_on=acting.today)
    await note(acting, sanction, "sanction.reviewed")
    stop = await _open_stop(acting, sanction, StopKind.ANNUAL_REVIEW)
    if stop is not None:
        await lift_stop(acting, sanction, stop, "REVIEW_DONE")
    return sanction


async def resume(acting: UnitOfWork, sanction: Sanction, stop: Stop, ground: str, *, arrears: bool) -> None:
    """Lift a suspension, in the caller's transaction; without arrears the periods that it kept back stay unpaid."""
    await lift_stop(acting, sanction, stop, ground, arrears=arrears)
    await skip_unpaid_periods(acting, sanction, plan_of(sanction))


async def take_up(acting: UnitOfWork, sanction_id: str, purpose: Purpose, *path: str) -> Sanction:
    """The sanction, locked, for one who may do that to it; raises NOT_FOUND."""
    return await require_thing(
        acting, await benefits.lock_sanction(acting.tx, sanction_id), of_sanction, purpose, path=path
    )


def refuse_step(*path: str, state: str) -> Problems:
    """A step that the present state does not allow."""
    return Problems(Problem(ErrorCode.STEP_NOT_ALLOWED, path, params={"state": state}))


async def _refuse_ended(acting: UnitOfWork, sanction: Sanction) -> None:
    if await _open_stop(acting, sanction, StopKind.CESSATION) is not None:
        raise refuse_step(*_BENEFIT, state=sanction.state.value)


async def _open_stop(acting: UnitOfWork, sanction: Sanction, kind: StopKind) -> Stop | None:
    found = await stops_of(acting, sanction.id)
    return next((one for one in found if one.open and one.kind is kind), None)
