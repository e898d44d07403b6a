"""Records each document that a school or camp hands over: to whom, when, and with what proof."""

from dataclasses import dataclass, replace

from actions.applications.respond import RecordFee
from actions.applications.respond import record_fee as record_application_fee
from actions.identity.code_sending import try_code
from actions.kernel import (
    Environment,
    Step,
    UnitOfWork,
    apply_transition,
    note,
    of_application,
    of_row,
    require,
    run_request,
)
from actions.rosters.consents import PROOF, hashed_code, present_row, refuse_not_made, require_held
from actions.rosters.rosters import ROW, row_taken_up
from actions.uploads.uploads import require_upload, use
from domain.applications.lifecycle import Move
from domain.doorstep import HandOverProof
from domain.identity.assisting import CodeKind
from domain.identity.policy import Purpose
from domain.kernel import ErrorCode, Problem, Problems, Remedy, Subject, not_found
from domain.kernel.messages import bilingual
from domain.rosters.rosters import Acknowledgement, Recipient, Roster, RosterRow
from store.applications import applications
from store.database import Transaction
from store.rosters import roster_rows

_CODE, _PAPER = ("input", "code"), ("input", "paper")
_RECEIPT = {"expected": bilingual("expected.signed_receipt")}
"""The paper of the consent acknowledges nothing."""


@dataclass(frozen=True, slots=True)
class HandOverRow:
    """A hand-over, acknowledged by the code that the telephone of the row was sent, or by a signed receipt's scan."""

    row_id: str
    recipient: Recipient
    idempotency_key: str
    code: str | None = None
    paper: str | None = None


@dataclass(frozen=True, slots=True)
class RecordRowFee:
    """The fee of a row's application that was taken: receipt and amount in paise."""

    row_id: str
    receipt: str
    amount_paise: int
    idempotency_key: str


async def hand_over_row(env: Environment, subject: Subject, request: HandOverRow) -> tuple[RosterRow, bool]:
    """Hand a paper over and keep the acknowledgement; a wrong code is counted though it is refused.

    Raises Problems: NOT_FOUND, STEP_NOT_ALLOWED where there is no paper yet or it was handed over, CONSENT_REQUIRED
    where the guardian's consent was taken back, PROOF_MISSING (the paper of the consent is none), OTP_WRONG,
    OTP_EXPIRED, RATE_LIMITED, UPLOAD_UNKNOWN, CONFLICT.
    """
    body = {
        "row": request.row_id,
        "recipient": request.recipient.value,
        "code": hashed_code(env, request.code),
        "paper": request.paper,
    }
    return await run_request(env, subject, "handOverRosterRow", request, _hand_over_row, body=body, read=present_row)


async def record_row_fee(env: Environment, subject: Subject, request: RecordRowFee) -> tuple[RosterRow, bool]:
    """Enter the fee of a row's application, as an operator does at a centre.

    Raises Problems: NOT_FOUND, STEP_NOT_ALLOWED for a row that is not filed, and those of `record_fee`.
    """

    async def look(tx: Transaction) -> tuple[Subject, str]:
        roster, row = await row_taken_up(UnitOfWork(env, tx, subject), request.row_id, Purpose.APPLY)
        if row.citizen_id is None or row.application_id is None:
            raise Problems(Problem(ErrorCode.STEP_NOT_ALLOWED, ROW, Remedy.NONE, {"state": row.state.value}))
        return _for_her(subject, roster, row.citizen_id), row.application_id

    for_her, application_id = await env.store.carry_out(look)
    fee = RecordFee(application_id, request.receipt, request.amount_paise, request.idempotency_key)
    _, replayed = await record_application_fee(env, for_her, fee)
    async with env.store.read_transaction() as tx:
        return await present_row(tx, request.row_id), replayed


async def _hand_over_row(acting: UnitOfWork, request: HandOverRow) -> RosterRow | int:
    roster, row = await row_taken_up(acting, request.row_id, Purpose.DELIVER)
    await refuse_not_made(acting, row)
    application = await applications.get(acting.tx, row.application_id or "")
    if application is None or row.citizen_id is None:
        raise not_found(*ROW)
    await require_held(acting, row.citizen_id)
    hers = replace(acting, subject=_for_her(acting.subject, roster, row.citizen_id))
    await require(hers.env, hers.tx, hers.subject, of_application(application), Purpose.DELIVER, path=ROW)
    if request.code is not None:
        left = await try_code(acting, CodeKind.ROSTER_HAND_OVER, row.id, request.code, path=_CODE)
        if left is not None:
            await note(acting, "roster.wrong_code", of_row(roster, row), Purpose.DELIVER)
            return left
    proof = HandOverProof.OTP if request.code is not None else HandOverProof.SIGNED_PAPER
    paper = None if request.code is not None else await _signed_paper(acting, roster, row, request.paper)
    receipt = Acknowledgement(request.recipient, proof, acting.now, acting.subject.person_id or "", paper)
    await apply_transition(hers, application, Step(Move.DELIVER, changes={"delivered_at": acting.now}))
    saved = await roster_rows.save(acting.tx, replace(row, acknowledgement=receipt))
    detail = {"proof": proof.value, "recipient": request.recipient.value}
    await note(acting, "roster.hand_over", of_row(roster, saved), Purpose.DELIVER, **detail)
    return saved


async def _signed_paper(acting: UnitOfWork, roster: Roster, row: RosterRow, paper: str | None) -> str:
    if paper is None:
        raise Problems(Problem(ErrorCode.PROOF_MISSING, _PAPER, texts=PROOF))
    if row.consent is not None and paper == row.consent.paper_sha256:
        raise Problems(Problem(ErrorCode.PROOF_MISSING, _PAPER, texts=_RECEIPT))
    upload = await require_upload(acting.env, acting.tx, acting.subject, paper, path=_PAPER)
    await use(acting, upload, of_row(roster, row))
    return paper


def _for_her(subject: Subject, roster: Roster, citizen_id: str) -> Subject:
    """Who acts for the person of one row, for its service and no longer than this call."""
    return replace(subject, on_behalf_of=citizen_id, assisted_service=roster.service_code)
