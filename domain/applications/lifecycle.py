"""The life cycle of an application as a pure state machine (ADR 0027)."""

from collections.abc import Mapping
from enum import StrEnum

from domain.kernel import ErrorCode, Problem, Problems


class Status(StrEnum):
    """The state of an application."""

    DRAFT = "DRAFT"
    SUBMITTED = "SUBMITTED"
    FEE_PENDING = "FEE_PENDING"
    IN_SCRUTINY = "IN_SCRUTINY"
    QUERY_RAISED = "QUERY_RAISED"
    IN_VERIFICATION = "IN_VERIFICATION"
    APPROVED = "APPROVED"
    CERTIFICATE_ISSUED = "CERTIFICATE_ISSUED"
    BENEFIT_SANCTIONED = "BENEFIT_SANCTIONED"
    DELIVERED = "DELIVERED"
    REJECTED = "REJECTED"
    WITHDRAWN = "WITHDRAWN"
    RETURNED_AS_INCOMPLETE = "RETURNED_AS_INCOMPLETE"


class Move(StrEnum):
    """A transition of an application; also the kind of its timeline entry."""

    SAVE_DRAFT = "SAVE_DRAFT"
    SUBMIT = "SUBMIT"
    ASK_FEE = "ASK_FEE"
    RECEIVE_FEE = "RECEIVE_FEE"
    BEGIN_SCRUTINY = "BEGIN_SCRUTINY"
    RAISE_QUERY = "RAISE_QUERY"
    ANSWER_QUERY = "ANSWER_QUERY"
    SEND_FOR_VERIFICATION = "SEND_FOR_VERIFICATION"
    REPORT_VERIFICATION = "REPORT_VERIFICATION"
    APPROVE = "APPROVE"
    REJECT = "REJECT"
    RETURN_AS_INCOMPLETE = "RETURN_AS_INCOMPLETE"
    WITHDRAW = "WITHDRAW"
    ISSUE_CERTIFICATE = "ISSUE_CERTIFICATE"
    SANCTION_BENEFIT = "SANCTION_BENEFIT"
    DELIVER = "DELIVER"
    REOPEN = "REOPEN"
    ASK_CLEARANCE = "ASK_CLEARANCE"
    ANSWER_CLEARANCE = "ANSWER_CLEARANCE"
    REASSIGN = "REASSIGN"
    FORWARD = "FORWARD"
    CORRECT_CERTIFICATE = "CORRECT_CERTIFICATE"
    REVOKE_CERTIFICATE = "REVOKE_CERTIFICATE"
    RECEIVE_FINAL_FEE = "RECEIVE_FINAL_FEE"
    """The fee that fell due with the approval (docs/definitions.md)."""


_S = Status
EXAMINED = (_S.IN_SCRUTINY, _S.IN_VERIFICATION)
"""An officer examines it."""
UNDECIDED = (_S.SUBMITTED, _S.FEE_PENDING, _S.QUERY_RAISED, *EXAMINED)
"""An officer may claim it, or forward it to another one."""

TRANSITIONS: Mapping[tuple[Status, Move], Status] = {
    (_S.DRAFT, Move.SAVE_DRAFT): _S.DRAFT,
    (_S.DRAFT, Move.SUBMIT): _S.SUBMITTED,
    (_S.SUBMITTED, Move.ASK_FEE): _S.FEE_PENDING,
    (_S.SUBMITTED, Move.BEGIN_SCRUTINY): _S.IN_SCRUTINY,
    (_S.FEE_PENDING, Move.RECEIVE_FEE): _S.IN_SCRUTINY,
    (_S.APPROVED, Move.ASK_FEE): _S.FEE_PENDING,
    (_S.FEE_PENDING, Move.RECEIVE_FINAL_FEE): _S.APPROVED,
    (_S.IN_SCRUTINY, Move.SEND_FOR_VERIFICATION): _S.IN_VERIFICATION,
    (_S.IN_VERIFICATION, Move.REPORT_VERIFICATION): _S.IN_SCRUTINY,
    (_S.QUERY_RAISED, Move.ANSWER_QUERY): _S.IN_SCRUTINY,
    (_S.APPROVED, Move.ISSUE_CERTIFICATE): _S.CERTIFICATE_ISSUED,
    (_S.APPROVED, Move.SANCTION_BENEFIT): _S.BENEFIT_SANCTIONED,
    **{(state, Move.REOPEN): _S.IN_SCRUTINY for state in (_S.REJECTED, _S.RETURNED_AS_INCOMPLETE)},
    **{(state, Move.ASK_CLEARANCE): _S.IN_VERIFICATION for state in EXAMINED},
    **{(state, Move.ANSWER_CLEARANCE): state for state in (_S.QUERY_RAISED, *EXAMINED)},
    **{(state, Move.REASSIGN): state for state in UNDECIDED},
    **{(state, Move.FORWARD): state for state in UNDECIDED},
    **{
        (state, move): state
        for state in (_S.CERTIFICATE_ISSUED, _S.DELIVERED)
        for move in (Move.CORRECT_CERTIFICATE, Move.REVOKE_CERTIFICATE)
    },
    **{(state, Move.RAISE_QUERY): _S.QUERY_RAISED for state in EXAMINED},
    **{(state, Move.APPROVE): _S.APPROVED for state in EXAMINED},
    **{(state, Move.REJECT): _S.REJECTED for state in EXAMINED},
    **{(state, Move.RETURN_AS_INCOMPLETE): _S.RETURNED_AS_INCOMPLETE for state in (_S.SUBMITTED, _S.IN_SCRUTINY)},
    **{(state, Move.DELIVER): _S.DELIVERED for state in (_S.APPROVED, _S.CERTIFICATE_ISSUED, _S.BENEFIT_SANCTIONED)},
    **{
        (state, Move.WITHDRAW): _S.WITHDRAWN
        for state in (_S.DRAFT, _S.SUBMITTED, _S.FEE_PENDING, _S.QUERY_RAISED, *EXAMINED)
    },
}
"""Every lawful step; what is not here is refused."""

FINAL = frozenset({_S.DELIVERED, _S.WITHDRAWN})
"""No step leads out of these."""

REFUSED = frozenset({_S.REJECTED, _S.RETURNED_AS_INCOMPLETE})
"""Decided against the citizen; only an order on appeal leads out of these."""

OPEN = frozenset(_S) - FINAL - REFUSED - {_S.DRAFT}
"""An officer, the citizen or the gateway has something to do."""

WITH_OFFICER = frozenset({_S.SUBMITTED, *EXAMINED})
"""In the designated officer's queue."""

ON_THE_CLOCK = frozenset({*EXAMINED, _S.QUERY_RAISED, _S.APPROVED, _S.FEE_PENDING})
"""The time limit runs, unless it is paused: it ends when the certificate or order is made available, or with a
reasoned refusal (docs/contracts/right_to_service.md section 3.1). Before a fee that comes first there is none."""


def advance(status: Status, move: Move) -> Status:
    """The state after a step; raises Problems(TRANSITION_NOT_ALLOWED) that names both."""
    after = TRANSITIONS.get((status, move))
    if after is None:
        raise Problems(
            Problem(
                ErrorCode.TRANSITION_NOT_ALLOWED,
                ("input", "applicationId"),
                params={"status": status.value, "move": move.value},
            )
        )
    return after


def moves_from(status: Status) -> frozenset[Move]:
    """The steps that the law allows from here."""
    return frozenset(move for state, move in TRANSITIONS if state is status)
