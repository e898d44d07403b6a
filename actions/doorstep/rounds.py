"""Doorstep visits under way: the agent starts, takes the fee, hands over, or records why the visit failed."""

from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from typing import Any

from actions.doorstep.doorstep import number_of, take_up_visit
from actions.feedback.notices import tell_of_visit
from actions.identity.one_time_codes import count_code, count_entry, settle_entry
from actions.kernel import (
    Environment,
    Step,
    UnitOfWork,
    apply_transition,
    note,
    of_visit,
    require_thing,
    run_idempotently,
    verb,
    wrong_code,
)
from actions.uploads.uploads import require_upload, use
from domain import doorstep as rules
from domain.applications.lifecycle import Move
from domain.doorstep import Handover, HandOverProof, Visit, VisitFailure, VisitMove, VisitPurpose
from domain.feedback.feedback import moderate_text
from domain.feedback.notices import NoticeKind
from domain.identity.policy import Purpose
from domain.kernel import SYSTEM, ErrorCode, Problem, Problems, Remedy, Subject, short_word
from domain.kernel.messages import bilingual
from store import doorstep as kept
from store.applications import applications
from store.database import FieldCipher, Transaction, require_there
from store.identity import people

AFTER_SLOT = timedelta(hours=2)
"""How long after its slot the code of a visit still holds."""

LONGEST_RECEIPT, LONGEST_WITNESS = 40, 100
SWEEP = 50
"""Visits that one transaction of the clean-up closes."""
_VISIT, _PAPER = ("input", "visitId"), ("input", "paperSha256")
_PROOF = {"expected": bilingual("expected.code_or_witnessed_paper")}
_WITHOUT_CODE = {"expected": bilingual("expected.paper_or_failed_visit")}


@dataclass(frozen=True, slots=True)
class SetOut:
    """The agent is on the way."""

    visit_id: str
    idempotency_key: str
    expected_version: int | None = None


@dataclass(frozen=True, slots=True)
class HandOver:
    """What proves it: the citizen's code, or a signed paper (SHA-256 of its upload) with a witness."""

    visit_id: str
    idempotency_key: str
    otp: str | None = None
    paper_sha256: str | None = None
    witness: str | None = None
    expected_version: int | None = None


@dataclass(frozen=True, slots=True)
class FailVisit:
    """Why a visit failed."""

    visit_id: str
    reason: VisitFailure
    idempotency_key: str
    expected_version: int | None = None


@dataclass(frozen=True, slots=True)
class RecordVisitFee:
    """The fee of the doorstep service that was taken: receipt and amount in paise."""

    visit_id: str
    receipt: str
    amount_paise: int
    idempotency_key: str


@verb(kept.get, operation="setOutOnVisit")
async def set_out(acting: UnitOfWork, request: SetOut) -> Visit:
    """Set out and make the code that the citizen sees.

    Raises Problems: NOT_FOUND, STEP_NOT_ALLOWED, CONFLICT, RATE_LIMITED where her number had many codes already.
    """
    visit = await take_up_visit(acting, request.visit_id, request.expected_version, Purpose.DELIVER)
    state = rules.advance(visit.state, VisitMove.SET_OUT)
    citizen = (await people.citizens(acting.tx, [visit.citizen_id]))[visit.citizen_id]
    if citizen.mobile:
        await count_code(acting.env, acting.tx, citizen.mobile, _VISIT)
    otp = acting.env.ids.digits(rules.OTP_DIGITS)
    on_the_way = replace(
        visit,
        state=state,
        otp=otp,
        otp_hash=kept.otp_hashes(acting.tx, visit.id, otp)[0],
        otp_tries=0,
        otp_expires_at=max(visit.slot.ends_at, acting.now) + AFTER_SLOT,
    )
    saved = await _save_visit(acting, on_the_way, "visit.set_out")
    await tell_of_visit(acting, saved, NoticeKind.VISIT_STARTED, await number_of(acting, saved))
    return saved


@verb(kept.get, operation="failDoorstepVisit")
async def fail_visit(acting: UnitOfWork, request: FailVisit) -> Visit:
    """Note a failed visit; the citizen may choose a new slot. Raises as `set_out`."""
    visit = await take_up_visit(acting, request.visit_id, request.expected_version, Purpose.DELIVER, Purpose.DECIDE)
    inspection = visit.purpose is VisitPurpose.INSPECTION
    if inspection and request.reason not in rules.OURS and acting.now < visit.slot.starts_at:
        raise Problems(Problem(ErrorCode.STEP_NOT_ALLOWED, _VISIT, params={"state": visit.state.value}))
    if not inspection:
        await require_thing(acting, visit, of_visit, Purpose.DELIVER, path=_VISIT)
    state = rules.advance(visit.state, VisitMove.MISS if inspection else VisitMove.FAIL)
    return await _fail_visit(acting, replace(visit, state=state), request.reason)


@verb(kept.get, for_ever=True)
async def record_visit_fee(acting: UnitOfWork, request: RecordVisitFee) -> Visit:
    """Enter the fee of the doorstep service. Raises Problems: NOT_FOUND, FEE_MISMATCH, BAD_INPUT."""
    visit = await take_up_visit(acting, request.visit_id, None, Purpose.COLLECT_FEE)
    receipt = short_word(request.receipt, "input", "receipt", longest=LONGEST_RECEIPT)
    if visit.state not in rules.OPEN or visit.fee_receipt is not None:
        raise Problems(Problem(ErrorCode.STEP_NOT_ALLOWED, _VISIT, params={"state": visit.state.value}))
    if request.amount_paise != visit.fee_paise:
        params = {} if visit.fee_paise is None else {"feePaise": str(visit.fee_paise)}
        raise Problems(Problem(ErrorCode.FEE_MISMATCH, ("input", "amount"), params=params))
    detail = {"amount": request.amount_paise}
    return await _save_visit(acting, replace(visit, fee_receipt=receipt), "visit.fee", Purpose.COLLECT_FEE, **detail)


async def hand_over(env: Environment, subject: Subject, request: HandOver) -> tuple[Visit, bool]:
    """Hand over; a delivery makes its application DELIVERED. A wrong code is counted though it is refused.

    Raises Problems: NOT_FOUND, STEP_NOT_ALLOWED, CONFLICT, FEE_NOT_PAID, PROOF_MISSING,
    UPLOAD_UNKNOWN for a paper that the agent did not upload, OTP_WRONG, OTP_EXPIRED, RATE_LIMITED.
    """

    async def work(tx: Transaction) -> dict[str, Any]:
        return await give(UnitOfWork(env, tx, subject), request)

    # The code goes into the request's hash only under our key: six digits would be found by trying.
    sealed = FieldCipher(env.keyrings).blind_index("doorstep_request", request.otp) if request.otp else None
    body = asdict(request) | {"otp": sealed}
    answered, replayed = await run_idempotently(
        env, subject, "handOverVisit", key=request.idempotency_key, body=body, work=work
    )
    if "left" in answered:
        raise wrong_code(int(answered["left"]), "input", "otp")
    visit = require_there(await env.store.read(lambda tx: kept.get(tx, answered["id"])), "the visit")
    return visit, replayed


async def give(acting: UnitOfWork, request: HandOver) -> dict[str, Any]:
    """The inner step of a hand-over, in the caller's transaction: the visit's id, or the tries left of a wrong code."""
    visit = await take_up_visit(acting, request.visit_id, request.expected_version, Purpose.DELIVER)
    state = rules.advance(visit.state, VisitMove.HAND_OVER)
    if visit.fee_paise and visit.fee_receipt is None:
        raise Problems(Problem(ErrorCode.FEE_NOT_PAID, _VISIT))
    if request.otp is not None:
        if not visit.otp_holds(acting.now):
            raise Problems(Problem(ErrorCode.OTP_EXPIRED, ("input", "otp"), texts=_WITHOUT_CODE))
        counts = await count_entry(acting, visit.citizen_id, ("input", "otp"))
        right = visit.otp_hash in kept.otp_hashes(acting.tx, visit.id, request.otp.strip())
        await settle_entry(acting, counts, visit.citizen_id, right=right)
        if not right:
            tried = replace(visit, otp_tries=visit.otp_tries + 1)
            await _save_visit(acting, tried, "visit.wrong_code")
            return {"id": visit.id, "left": rules.OTP_TRIES - tried.otp_tries}
        proof = Handover(HandOverProof.OTP)
    else:
        proof = await _signed_paper_proof(acting, request, visit)
    over = replace(_without_otp(visit), state=state, handover=proof, closed_at=acting.now)
    saved = await _save_visit(acting, over, "visit.hand_over", proof=proof.proof.value)
    if visit.purpose is VisitPurpose.DELIVERY:
        await _deliver(acting, visit)
    else:
        await tell_of_visit(acting, saved, NoticeKind.PAPERS_FETCHED, await number_of(acting, saved))
    return {"id": visit.id}


async def close_missed(env: Environment) -> int:
    """Close open visits whose day is over: nobody came, or nobody noted what became of it; returns how many.

    The citizen may then choose a new slot, and it is not held against her. May be run by any worker. An inspection
    stays until its officer reports or says that it was missed: she may write her report later.
    """

    async def work(tx: Transaction) -> int:
        acting = UnitOfWork(env, tx, SYSTEM)
        missed = await kept.missed_visits(tx, acting.today, SWEEP)
        for visit in missed:
            state = rules.advance(visit.state, VisitMove.MISS)
            await _fail_visit(acting, replace(visit, state=state), VisitFailure.AGENT_UNABLE)
        return len(missed)

    closed = 0
    while done := await env.store.carry_out(work):
        closed += done
    return closed


async def announce_deliveries(env: Environment) -> int:
    """Tell the citizens to whom an agent brings a paper tomorrow; how many there are. Told twice, they hear it once."""

    async def work(tx: Transaction) -> int:
        acting = UnitOfWork(env, tx, SYSTEM)
        visits = await kept.deliveries_on(tx, acting.today + timedelta(days=1))
        for visit in visits:
            await tell_of_visit(acting, visit, NoticeKind.DELIVERY_COMING, await number_of(acting, visit))
        return len(visits)

    return await env.store.carry_out(work)


async def _fail_visit(acting: UnitOfWork, visit: Visit, reason: VisitFailure) -> Visit:
    over = replace(_without_otp(visit), failure=reason, closed_at=acting.now)
    saved = await _save_visit(acting, over, "visit.fail", reason=reason.value)
    await tell_of_visit(acting, saved, NoticeKind.VISIT_FAILED, await number_of(acting, saved))
    return saved


async def _deliver(acting: UnitOfWork, visit: Visit) -> None:
    application = require_there(await applications.get(acting.tx, visit.application_id), "the application")
    await apply_transition(acting, application, Step(Move.DELIVER, changes={"delivered_at": acting.now}))


async def _signed_paper_proof(acting: UnitOfWork, request: HandOver, visit: Visit) -> Handover:
    """The photograph or scan of the signed paper, which the agent uploaded, and the name of the witness."""
    witness = moderate_text(request.witness, "input", "witness", required=False)
    if request.paper_sha256 is None:
        raise Problems(Problem(ErrorCode.PROOF_MISSING, _PAPER, texts=_PROOF))
    paper = await require_upload(acting.env, acting.tx, acting.subject, request.paper_sha256, path=_PAPER)
    if witness is None or len(witness) > LONGEST_WITNESS:
        raise Problems(Problem(ErrorCode.PROOF_MISSING, ("input", "witness"), Remedy.CORRECT_INPUT, texts=_PROOF))
    await use(acting, paper, of_visit(visit))
    return Handover(HandOverProof.SIGNED_PAPER, request.paper_sha256, witness)


def _without_otp(visit: Visit) -> Visit:
    """The code is forgotten as soon as the visit is over."""
    return replace(visit, otp=None, otp_hash=None)


async def _save_visit(
    acting: UnitOfWork, visit: Visit, action: str, purpose: Purpose = Purpose.DELIVER, **detail: Any
) -> Visit:
    saved = await kept.save(acting.tx, visit, visit.version)
    await note(acting, action, of_visit(saved), purpose, state=saved.state.value, **detail)
    return saved
