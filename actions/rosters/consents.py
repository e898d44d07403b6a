"""A guardian's consent for a row of a roster: by one-time code, or by a signed paper."""

from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum

from actions.consents.consent_ledger import recorded_consents, write
from actions.identity.code_sending import Addressee, make_code, try_code
from actions.kernel import Environment, UnitOfWork, note, of_row, run_once, run_request
from actions.rosters.rosters import ROW, require_open, row_taken_up
from actions.uploads.uploads import require_upload, use
from domain.applications.lifecycle import Status
from domain.consents.consents import ConsentPurpose, ConsentStatus, ConsentStep, consent_required, present_of
from domain.identity.assisting import CodeKind
from domain.identity.policy import Purpose
from domain.kernel import ErrorCode, Problem, Problems, Remedy, Subject, require_found, state_language
from domain.kernel.messages import bilingual
from domain.rosters.rosters import (
    CONSENT_DAYS,
    OPEN_ROWS,
    STRENGTH,
    ConsentWay,
    Roster,
    RosterRow,
    RowConsent,
    RowState,
)
from store.applications import applications
from store.database import FieldCipher, Transaction, locks
from store.rosters import roster_rows

_CODE = ("input", "code")

PROOF = {"expected": bilingual("expected.code_or_signed_paper")}
"""What proves the guardian's word, as a message says it."""


class CodeUse(StrEnum):
    """What a code to a guardian's telephone is for."""

    CONSENT = "CONSENT"
    HAND_OVER = "HAND_OVER"


KINDS = {CodeUse.CONSENT: CodeKind.ROSTER_CONSENT, CodeUse.HAND_OVER: CodeKind.ROSTER_HAND_OVER}


@dataclass(frozen=True, slots=True)
class RecordConsent:
    """The guardian's word for a row: the code that she was sent, or the scan of what she signed."""

    row_id: str
    idempotency_key: str
    code: str | None = None
    paper: str | None = None


async def ask_row_code(
    env: Environment, subject: Subject, row_id: str, use_: CodeUse, key: str
) -> tuple[RosterRow, bool]:
    """Send a code to the telephone of a row.

    Raises Problems: NOT_FOUND, MOBILE_MISSING, STEP_NOT_ALLOWED where the row is not that far, CAMP_CLOSED,
    RATE_LIMITED where there were enough for that number.
    """

    async def step(acting: UnitOfWork) -> RosterRow:
        purpose = Purpose.APPLY if use_ is CodeUse.CONSENT else Purpose.DELIVER
        roster, row = await row_taken_up(acting, row_id, purpose)
        await (_refuse_settled(acting, roster, row) if use_ is CodeUse.CONSENT else refuse_not_made(acting, row))
        if row.person.mobile is None:
            raise Problems(Problem(ErrorCode.MOBILE_MISSING, ROW, Remedy.CORRECT_INPUT))
        to = Addressee(row.person.mobile, state_language(), row.citizen_id)
        await make_code(acting, KINDS[use_], row.id, to, path=ROW)
        await note(acting, "roster.ask_code", of_row(roster, row), purpose, use=use_.value)
        return row

    body = {"row": row_id, "use": use_.value}
    return await run_once(env, subject, "askRosterCode", step, key=key, body=body, read=present_row)


async def record_consent(env: Environment, subject: Subject, request: RecordConsent) -> tuple[RosterRow, bool]:
    """Keep the guardian's word; a wrong code is counted though it is refused.

    Raises Problems: NOT_FOUND, STEP_NOT_ALLOWED, CAMP_CLOSED, PROOF_MISSING, OTP_WRONG, OTP_EXPIRED,
    RATE_LIMITED, UPLOAD_UNKNOWN.
    """
    body = {"row": request.row_id, "code": hashed_code(env, request.code), "paper": request.paper}
    return await run_request(env, subject, "recordRosterConsent", request, _record_consent, body=body, read=present_row)


async def enter_in_ledger(acting: UnitOfWork, roster: Roster, row: RosterRow, citizen_id: str) -> None:
    """Write the word of a row's guardian into the ledger of the citizen, in the transaction that files for her."""
    if row.consent is None:
        raise ValueError("a row is filed by a consent")
    await locks.lock_exclusive(acting.tx, "consents", citizen_id)
    evidence = {
        "roster": roster.number,
        "way": row.consent.way.value,
        "strength": STRENGTH[row.consent.way].value,
        "at": row.consent.at.isoformat(),
        "guardian": row.person.guardian,
        "relation": row.person.relation.value,
    }
    await write(
        acting,
        citizen_id,
        ConsentStep.GRANT,
        ConsentPurpose.ROSTER,
        same=None,
        scope=(f"centre/{roster.centre_code}", f"service/{roster.service_code}"),
        until=acting.now + timedelta(days=CONSENT_DAYS),
        artefact=evidence | ({"paper": row.consent.paper_sha256} if row.consent.paper_sha256 else {}),
    )


async def require_held(acting: UnitOfWork, citizen_id: str) -> None:
    """Raise CONSENT_REQUIRED where the consent by which she was filed for was taken back, or has run out."""
    present = present_of(await recorded_consents(acting.tx, citizen_id), ConsentPurpose.ROSTER)
    if present is None or present.status(acting.now) is not ConsentStatus.GIVEN:
        raise Problems(consent_required(ConsentPurpose.ROSTER, *ROW))


async def refuse_not_made(acting: UnitOfWork, row: RosterRow) -> None:
    """Raise STEP_NOT_ALLOWED where there is nothing to hand over: no paper yet, or it was handed over."""
    application = await applications.get(acting.tx, row.application_id) if row.application_id else None
    made = application is not None and application.status in (Status.CERTIFICATE_ISSUED, Status.BENEFIT_SANCTIONED)
    if not made or row.acknowledgement is not None:
        state = application.status.value if application is not None else row.state.value
        raise Problems(Problem(ErrorCode.STEP_NOT_ALLOWED, ROW, params={"state": state}))


async def present_row(tx: Transaction, row_id: str) -> RosterRow:
    """The row as it now is; raises NOT_FOUND where it was taken off since."""
    return require_found(await roster_rows.get(tx, row_id), *ROW)


def hashed_code(env: Environment, code: str | None) -> str | None:
    """A code as it goes into the hash of a request: six digits would be found by trying."""
    return FieldCipher(env.keyrings).blind_index("roster_code", code) if code else None


async def _record_consent(acting: UnitOfWork, request: RecordConsent) -> RosterRow | int:
    roster, row = await row_taken_up(acting, request.row_id, Purpose.APPLY)
    await _refuse_settled(acting, roster, row)
    if request.code is not None:
        left = await try_code(acting, CodeKind.ROSTER_CONSENT, row.id, request.code, path=_CODE)
        if left is not None:
            await note(acting, "roster.wrong_code", of_row(roster, row), Purpose.APPLY)
            return left
        consent = RowConsent(ConsentWay.OTP, acting.now)
    else:
        path = ("input", "paper")
        if request.paper is None:
            raise Problems(Problem(ErrorCode.PROOF_MISSING, path, texts=PROOF))
        paper = await require_upload(acting.env, acting.tx, acting.subject, request.paper, path=path)
        await use(acting, paper, of_row(roster, row))
        consent = RowConsent(ConsentWay.SIGNED_PAPER, acting.now, request.paper)
    saved = await roster_rows.save(acting.tx, replace(row, consent=consent, state=RowState.READY, problems=()))
    await note(acting, "roster.consent", of_row(roster, saved), Purpose.APPLY, way=consent.way.value)
    return saved


async def _refuse_settled(acting: UnitOfWork, roster: Roster, row: RosterRow) -> None:
    await require_open(acting, roster)
    if row.state not in OPEN_ROWS:
        raise Problems(Problem(ErrorCode.STEP_NOT_ALLOWED, ROW, params={"state": row.state.value}))
