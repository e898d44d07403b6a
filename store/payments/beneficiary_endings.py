"""Beneficiaries to be deleted at PFMS or registered again, found and marked in pages by the worker's rounds."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, and_, exists, func, literal, not_, or_, select, tuple_, update

from domain.benefits.benefits import RETURN_WINDOW, Hold, PaymentStatus, Rail
from domain.benefits.sanction_course import ApprovalKind
from domain.payments.files import AWAITED_REGISTRATIONS, LEAVING_STATES, UNTOLD, LineState, RegistrationState
from store.benefits.benefits import instalments_table, sanctions_table
from store.benefits.sanction_course import payment_approvals_table
from store.database import AnyRow, Transaction, first_row, rows_of
from store.payments.payment_tables import NOT_RELEASED, beneficiaries_table, lines_table, registration_lines_table

Place = tuple[date, str]
"""How far the look at sanctions came: the last day and the id."""

_B, _R, _L = beneficiaries_table.c, registration_lines_table.c, lines_table.c
_I, _P, _S = instalments_table.c, payment_approvals_table.c, sanctions_table.c
_MAY_LEAVE = frozenset({RegistrationState.VALIDATED, RegistrationState.REJECTED, RegistrationState.WAITING})
_OVER = (LineState.CREDITED.value, LineState.RETURNED.value, LineState.REJECTED.value)
_ON_ITS_WAY = (PaymentStatus.INSTRUCTED.value, PaymentStatus.AT_BANK.value)
_OTHER = sanctions_table.alias("other_sanctions")


@dataclass(frozen=True, slots=True)
class Looked:
    """What a step found: who was marked, and the sanction to go on behind; None at the end."""

    marked: Sequence[str]
    place: Place | None


async def mark_leaving(tx: Transaction, today: date, now: datetime, after: Place | None, limit: int) -> Looked:
    """Look at the next so many sanctions that are over, and mark the beneficiaries who are to be deleted at PFMS.

    Sanctions for which PFMS knows nobody any more, or never did, are noted and not looked at again.

    PFMS gave a code, the last sanction of the scheme is over, and nothing more comes: no period is still to be
    made, no payment is unsent, on its way or may lawfully come back, no line is set aside, no reissue waits for its
    approval, and no answer of PFMS is awaited.
    """
    ended = select(_S.id, _S.ended_on).where(_S.payee_gone_at.is_(None), _S.ended_on < today)
    if after is not None:
        behind = tuple_(literal(after[0], _S.ended_on.type), literal(after[1]))
        ended = ended.where(_S.ended_on >= after[0], tuple_(_S.ended_on, _S.id) > behind)
    rows = (await tx.connection.execute(ended.order_by(_S.payee_gone_at, _S.ended_on, _S.id).limit(limit))).all()
    place = (rows[-1].ended_on, rows[-1].id) if len(rows) == limit else None
    known = select(_B.id, _B.sanction_id, _B.state, _B.cpsms_id)
    payees = await rows_of(tx, known, _B.sanction_id, [row.id for row in rows])
    there = {row.sanction_id for row in payees if row.cpsms_id is not None or row.state in AWAITED_REGISTRATIONS}
    await _note_gone(tx, [row.id for row in rows if row.id not in there], now)
    those = [row.id for row in payees if _may_leave(row)]
    nothing_comes = (
        or_(_S.next_due_on.is_(None), _S.next_due_on > _S.ended_on),
        not_(_other_sanction(today)),
        not_(_open_payment(now)),
        not_(_open_line()),
        not_(_has_awaited_line()),
        not_(_waiting_reissue()),
    )
    free = select(_B.id, _B.state, _B.cpsms_id).join(sanctions_table, _S.id == _B.sanction_id).where(*nothing_comes)
    locked = await rows_of(tx, free.with_for_update(of=beneficiaries_table), _B.id, those)
    found = sorted(row.id for row in locked if _may_leave(row))
    await _mark(tx, found, RegistrationState.LEAVING)
    return Looked(found, place)


async def mark_returning(tx: Transaction, limit: int) -> Sequence[str]:
    """Mark those who left, or are to, and have something to be paid after all: they are registered before it is."""
    comes = exists().where(_I.sanction_id == _B.sanction_id, _I.rail == Rail.PFMS.value, _unsent())
    states = [state.value for state in LEAVING_STATES]
    statement = select(_B.id).where(_B.state.in_(states), comes).limit(limit)
    found = [row.id for row in (await tx.connection.execute(statement.with_for_update())).all()]
    await _mark(tx, found, RegistrationState.WAITING)
    return found


async def is_being_deleted(tx: Transaction, beneficiary_id: str) -> bool:
    """Whether a line that deletes the beneficiary is at PFMS, unanswered."""
    states = [state.value for state in AWAITED_REGISTRATIONS]
    line = (_R.beneficiary_id == beneficiary_id, _R.purpose == "D", _R.state.in_(states))
    return await first_row(tx, select(_R.position).where(*line).limit(1)) is not None


async def try_again(tx: Transaction, beneficiary_id: str) -> bool:
    """Retry a deletion that PFMS refused; False where the beneficiary is not in that state."""
    declined = (_B.id == beneficiary_id, _B.state == RegistrationState.NOT_DELETED.value)
    values = {"state": RegistrationState.LEAVING.value, "state_at": tx.clock.now(), "codes": None}
    changing = update(beneficiaries_table).where(*declined).values(values).returning(_B.id)
    return (await tx.connection.execute(changing)).first() is not None


async def deletions(tx: Transaction, batch_ids: Collection[str]) -> dict[str, int]:
    """How many lines of each batch delete a beneficiary; batches without one are left out."""
    statement = select(_R.batch_id, func.count().label("many")).where(_R.purpose == "D").group_by(_R.batch_id)
    return {row.batch_id: row.many for row in await rows_of(tx, statement, _R.batch_id, batch_ids)}


async def look_again(tx: Transaction, batch_id: str) -> None:
    """Have the sanctions looked at again whose beneficiaries a batch names, as PFMS will know them after all."""
    theirs = select(_B.sanction_id).join(registration_lines_table, _R.beneficiary_id == _B.id)
    theirs = theirs.where(_R.batch_id == batch_id)
    gone = update(sanctions_table).where(_S.id.in_(theirs), _S.payee_gone_at.is_not(None))
    await tx.connection.execute(gone.values(payee_gone_at=None))


async def _note_gone(tx: Transaction, sanction_ids: Sequence[str], now: datetime) -> None:
    if sanction_ids:
        gone = update(sanctions_table).where(_S.id.in_(sanction_ids))
        await tx.connection.execute(gone.values(payee_gone_at=now))


async def _mark(tx: Transaction, ids: Sequence[str], state: RegistrationState) -> None:
    if ids:
        values = {"state": state.value, "state_at": tx.clock.now(), "codes": None}
        await tx.connection.execute(update(beneficiaries_table).where(_B.id.in_(ids)).values(values))


def _may_leave(row: AnyRow) -> bool:
    return row.cpsms_id is not None and row.state in _MAY_LEAVE


def _other_sanction(today: date) -> ColumnElement[bool]:
    """Another sanction of the beneficiary under the same scheme, which is not over."""
    other = _OTHER.c
    same = (other.citizen_id == _B.citizen_id, other.scheme_code == _B.scheme_code, other.id != _B.sanction_id)
    return exists().where(*same, or_(other.ended_on.is_(None), other.ended_on >= today))


def _open_payment(now: datetime) -> ColumnElement[bool]:
    recent = and_(_I.status == PaymentStatus.CREDITED.value, _I.status_at > now - RETURN_WINDOW)
    mine = (_I.sanction_id == _B.sanction_id, _I.rail == Rail.PFMS.value)
    return exists().where(*mine, or_(_unsent(), _I.status.in_(_ON_ITS_WAY), recent))


def _unsent() -> ColumnElement[bool]:
    """Payments that are still to be sent to a partner: it is not held back for a sanction that stopped."""
    held = and_(_I.hold.is_not(None), _I.hold == Hold.STOPPED.value)
    return and_(_I.status.in_([status.value for status in UNTOLD]), _I.amount_paise > 0, not_(held))


def _open_line() -> ColumnElement[bool]:
    """A line that PFMS has or that is set aside. The second condition leads to the small index of such lines."""
    mine = (_I.sanction_id == _B.sanction_id, _L.instalment_id == _I.id)
    return exists().where(*mine, NOT_RELEASED, _L.state.not_in(_OVER))


def _has_awaited_line() -> ColumnElement[bool]:
    states = [state.value for state in AWAITED_REGISTRATIONS]
    return exists().where(_R.beneficiary_id == _B.id, _R.state.in_(states))


def _waiting_reissue() -> ColumnElement[bool]:
    kind = _P.kind == ApprovalKind.REISSUE.value
    return exists().where(_P.sanction_id == _B.sanction_id, kind, _P.decided_at.is_(None))
