"""Finance cases: discrepancies in public money, their resolution and the required approvals.

A difference is never mended by itself: it opens one case, which says what we expected, what was found and
what the likely cause is (docs/contracts/dbt_finance.md section 10; docs/reliability.md section 3).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from domain.kernel import ErrorCode, Problem, Problems


class DifferenceKind(StrEnum):
    """The kind of discrepancy between our books and the partner's."""

    NOT_AT_PARTNER = "NOT_AT_PARTNER"
    NOT_WITH_US = "NOT_WITH_US"
    AMOUNT_DIFFERS = "AMOUNT_DIFFERS"
    STATUS_DIFFERS = "STATUS_DIFFERS"
    TOO_LONG_IN_FLIGHT = "TOO_LONG_IN_FLIGHT"
    RETURNED_TOO_LATE = "RETURNED_TOO_LATE"
    UTR_TWICE = "UTR_TWICE"
    FILE_NAME_REUSED = "FILE_NAME_REUSED"
    FILE_REFUSED = "FILE_REFUSED"
    FILE_MISSING = "FILE_MISSING"
    TOTAL_DIFFERS = "TOTAL_DIFFERS"
    SECOND_PAYMENT = "SECOND_PAYMENT"
    NOT_IN_SCROLL = "NOT_IN_SCROLL"
    UNKNOWN_IN_SCROLL = "UNKNOWN_IN_SCROLL"
    REFUND_DUE = "REFUND_DUE"
    SIGNER_DECLINED = "SIGNER_DECLINED"
    CORRECTION_REFUSED = "CORRECTION_REFUSED"
    BILL_DIFFERS = "BILL_DIFFERS"
    INSTRUCTION_DECLINED = "INSTRUCTION_DECLINED"
    STOPPED_AFTER_SENDING = "STOPPED_AFTER_SENDING"


class SuggestedCause(StrEnum):
    """The usual causes of a difference; an initial suggestion, never a finding."""

    ORDER_LOST_ON_THE_WAY = "ORDER_LOST_ON_THE_WAY"
    ORDER_NOT_OURS = "ORDER_NOT_OURS"
    PART_OF_THE_AMOUNT_PAID = "PART_OF_THE_AMOUNT_PAID"
    NEWS_NOT_YET_HEARD = "NEWS_NOT_YET_HEARD"
    BANK_SILENT = "BANK_SILENT"
    RETURNED_AFTER_THE_TIME = "RETURNED_AFTER_THE_TIME"
    BANK_REFERENCE_REPEATED = "BANK_REFERENCE_REPEATED"
    FILE_SENT_AGAIN_WITH_OTHER_CONTENT = "FILE_SENT_AGAIN_WITH_OTHER_CONTENT"
    FILE_DAMAGED_OR_FORGED = "FILE_DAMAGED_OR_FORGED"
    FILE_NOT_SENT = "FILE_NOT_SENT"
    ROWS_MISSING = "ROWS_MISSING"
    PAID_TWICE = "PAID_TWICE"
    SCROLL_INCOMPLETE = "SCROLL_INCOMPLETE"
    PAID_FOR_NOTHING = "PAID_FOR_NOTHING"
    CERTIFICATE_NOT_ENROLLED = "CERTIFICATE_NOT_ENROLLED"
    NOT_IN_THE_FIRST_ORDER = "NOT_IN_THE_FIRST_ORDER"
    DETAILS_NOT_ACCEPTED = "DETAILS_NOT_ACCEPTED"
    STOPPED_TOO_LATE = "STOPPED_TOO_LATE"


_K, _C = DifferenceKind, SuggestedCause

USUAL_CAUSE: Mapping[DifferenceKind, SuggestedCause] = {
    _K.NOT_AT_PARTNER: _C.ORDER_LOST_ON_THE_WAY,
    _K.NOT_WITH_US: _C.ORDER_NOT_OURS,
    _K.AMOUNT_DIFFERS: _C.PART_OF_THE_AMOUNT_PAID,
    _K.STATUS_DIFFERS: _C.NEWS_NOT_YET_HEARD,
    _K.TOO_LONG_IN_FLIGHT: _C.BANK_SILENT,
    _K.RETURNED_TOO_LATE: _C.RETURNED_AFTER_THE_TIME,
    _K.UTR_TWICE: _C.BANK_REFERENCE_REPEATED,
    _K.FILE_NAME_REUSED: _C.FILE_SENT_AGAIN_WITH_OTHER_CONTENT,
    _K.FILE_REFUSED: _C.FILE_DAMAGED_OR_FORGED,
    _K.FILE_MISSING: _C.FILE_NOT_SENT,
    _K.TOTAL_DIFFERS: _C.ROWS_MISSING,
    _K.SECOND_PAYMENT: _C.PAID_TWICE,
    _K.NOT_IN_SCROLL: _C.SCROLL_INCOMPLETE,
    _K.UNKNOWN_IN_SCROLL: _C.ORDER_NOT_OURS,
    _K.REFUND_DUE: _C.PAID_FOR_NOTHING,
    _K.SIGNER_DECLINED: _C.CERTIFICATE_NOT_ENROLLED,
    _K.CORRECTION_REFUSED: _C.NOT_IN_THE_FIRST_ORDER,
    _K.BILL_DIFFERS: _C.ORDER_NOT_OURS,
    _K.INSTRUCTION_DECLINED: _C.DETAILS_NOT_ACCEPTED,
    _K.STOPPED_AFTER_SENDING: _C.STOPPED_TOO_LATE,
}
"""The cause that is suggested where whoever found the difference knows no better."""

CRITICAL = frozenset(
    {
        _K.NOT_WITH_US,
        _K.AMOUNT_DIFFERS,
        _K.UTR_TWICE,
        _K.FILE_NAME_REUSED,
        _K.TOTAL_DIFFERS,
        _K.SECOND_PAYMENT,
        _K.UNKNOWN_IN_SCROLL,
        _K.SIGNER_DECLINED,
        _K.BILL_DIFFERS,
    }
)
"""Kinds behind which money may be gone, a file forged or every payment stopped: an open one raises an alarm."""

INSTALMENT, LONGEST_ABOUT, LONGEST_FACT = "instalment:", 200, 200
"""How `about` names an instalment, and the most characters of a reference and of a fact."""

UNPROVEN_CREDIT = "CREDITED without"
"""How `found` begins where a bank named a success and left out the reference or the date of the credit."""


@dataclass(frozen=True, slots=True)
class FinanceDifference:
    """Something that does not agree. `about` names it and holds no personal data: `instalment:<id>`, `file:<name>`.

    `expected` and `found` are short words, amounts in paise as digits. The rest is filled in from the store
    where `about` names an instalment.
    """

    kind: DifferenceKind
    about: str
    expected: str | None = None
    found: str | None = None
    suggested_cause: SuggestedCause | None = None
    scheme_code: str | None = None
    department: str | None = None
    district: str | None = None
    amount_paise: int | None = None
    instalment_id: str | None = None
    citizen_id: str | None = field(default=None, repr=False)

    @property
    def cause(self) -> SuggestedCause:
        """The suggested cause: the finder's, or the usual one for this kind."""
        return self.suggested_cause or USUAL_CAUSE[self.kind]


class CaseState(StrEnum):
    """The state of a finance case; PROPOSED waits for a second officer."""

    OPEN = "OPEN"
    TAKEN = "TAKEN"
    PROPOSED = "PROPOSED"
    SETTLED = "SETTLED"


class CaseStep(StrEnum):
    """A transition of a finance case."""

    OPEN = "OPEN"
    TAKE = "TAKE"
    NOTE = "NOTE"
    PROPOSE = "PROPOSE"
    SETTLE = "SETTLE"
    SEND_BACK = "SEND_BACK"


class CaseOutcome(StrEnum):
    """How a case was settled."""

    NO_DIFFERENCE = "NO_DIFFERENCE"
    NOT_RECEIVED = "NOT_RECEIVED"
    """The partner was asked by telephone or letter, and confirmed that it has, and will pay, none of it."""
    RECEIVED = "RECEIVED"
    """The partner was asked in the same way, and confirmed that it has it and pays it, whatever it said before."""
    CORRECTED_AT_PARTNER = "CORRECTED_AT_PARTNER"
    CORRECTED_WITH_US = "CORRECTED_WITH_US"
    PAID_AGAIN = "PAID_AGAIN"
    RECOVERED = "RECOVERED"
    REFUNDED = "REFUNDED"
    WRITTEN_OFF = "WRITTEN_OFF"


ACCEPTED_AS_IT_IS = frozenset(
    {CaseOutcome.NO_DIFFERENCE, CaseOutcome.RECOVERED, CaseOutcome.REFUNDED, CaseOutcome.WRITTEN_OFF}
)
"""After these the same facts, found again, are no news; after a correction they are."""

_S, _T = CaseState, CaseStep
_STEPS: Mapping[tuple[CaseState, CaseStep], CaseState] = {
    (_S.OPEN, _T.TAKE): _S.TAKEN,
    (_S.TAKEN, _T.TAKE): _S.TAKEN,
    (_S.OPEN, _T.NOTE): _S.OPEN,
    (_S.TAKEN, _T.NOTE): _S.TAKEN,
    (_S.PROPOSED, _T.NOTE): _S.PROPOSED,
    (_S.TAKEN, _T.PROPOSE): _S.PROPOSED,
    (_S.TAKEN, _T.SETTLE): _S.SETTLED,
    (_S.PROPOSED, _T.SETTLE): _S.SETTLED,
    (_S.PROPOSED, _T.SEND_BACK): _S.TAKEN,
}
"""Every lawful step: a case is taken by somebody before it is settled."""


@dataclass(frozen=True, slots=True)
class FinanceCase:
    """One difference from the day it was found to the day it was settled. Amounts are paise."""

    id: str
    kind: DifferenceKind
    about: str
    state: CaseState
    expected: str | None
    found: str | None
    suggested_cause: SuggestedCause
    critical: bool
    scheme_code: str | None
    department: str | None
    district: str | None
    amount_paise: int | None
    instalment_id: str | None
    citizen_id: str | None = field(repr=False)
    found_at: datetime
    last_found_at: datetime
    times_found: int
    taken_by: str | None
    outcome: CaseOutcome | None
    proposed_by: str | None
    settled_by: str | None
    settled_at: datetime | None
    version: int


@dataclass(frozen=True, slots=True)
class CaseEvent:
    """A line of a case's history; the note may say something of a person and is sealed at rest."""

    id: str
    case_id: str
    step: CaseStep
    by: str
    at: datetime
    outcome: CaseOutcome | None = None
    note: str | None = field(default=None, repr=False)


def after_step(case: FinanceCase, step: CaseStep) -> CaseState:
    """The state that a step leads to. Raises Problems: STEP_NOT_ALLOWED."""
    following = _STEPS.get((case.state, step))
    if following is None:
        raise Problems(Problem(ErrorCode.STEP_NOT_ALLOWED, ("input", "caseId"), params={"state": case.state.value}))
    return following


def needs_second_officer(case: FinanceCase, outcome: CaseOutcome, above_paise: int) -> bool:
    """Whether another officer must agree: money given up, sent anew or said to be paid, a high or unknown amount.

    `above_paise` is the law's `case_second_officer_paise`.
    """
    if outcome in {CaseOutcome.WRITTEN_OFF, CaseOutcome.NOT_RECEIVED, CaseOutcome.RECEIVED}:
        return True
    return case.critical if case.amount_paise is None else case.amount_paise > above_paise
