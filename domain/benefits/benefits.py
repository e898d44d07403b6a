"""Types for benefits: sanctions, instalments and the status of each payment."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

ACCOUNT_FIELD, IFSC_FIELD = "bank_account_number", "bank_ifsc"
"""Where the form holds the account that a benefit is paid to."""


class PaymentStatus(StrEnum):
    """The state of one instalment (docs/contracts/dbt_finance.md section 7)."""

    SANCTIONED = "SANCTIONED"
    BENEFICIARY_PENDING = "BENEFICIARY_PENDING"
    BENEFICIARY_REJECTED = "BENEFICIARY_REJECTED"
    INSTRUCTED = "INSTRUCTED"
    AT_BANK = "AT_BANK"
    CREDITED = "CREDITED"
    RETURNED = "RETURNED"
    REISSUED = "REISSUED"


UNSENT = frozenset({PaymentStatus.SANCTIONED, PaymentStatus.BENEFICIARY_PENDING, PaymentStatus.BENEFICIARY_REJECTED})
"""As far as we have heard, the partner has nothing of these: a file, or an answer, may still be under way."""

ON_ITS_WAY = frozenset({PaymentStatus.INSTRUCTED, PaymentStatus.AT_BANK, PaymentStatus.CREDITED})
"""The partner has taken the money out of its own balance: it is on its way, or has arrived."""


class Rail(StrEnum):
    """The way that money goes: files to PFMS, or payment instructions to the state treasury."""

    IFMS = "IFMS"
    PFMS = "PFMS"


class SanctionState(StrEnum):
    """Whether a sanction pays, and what holds it back where it does not."""

    ACTIVE = "ACTIVE"
    AWAITING_APPROVAL = "AWAITING_APPROVAL"
    """Above the amount from which another officer must approve it."""
    BUDGET_WAIT = "BUDGET_WAIT"
    """The head of account holds too little; it is asked again."""
    LIFE_CERTIFICATE_DUE = "LIFE_CERTIFICATE_DUE"
    REVIEW_DUE = "REVIEW_DUE"
    SUSPENDED = "SUSPENDED"
    ENDED = "ENDED"
    """Ceased: by death, or by an officer's order."""


class BudgetState(StrEnum):
    """What was heard of the budget of a sanction when it was made, or when its money was set aside since."""

    NOT_CHECKED = "NOT_CHECKED"
    """The treasury did not answer; it is asked again before anything leaves."""
    ENOUGH = "ENOUGH"
    """There was enough for the payment that was to be made first."""
    TOO_LITTLE = "TOO_LITTLE"
    """The head of account held too little; it is asked again by the worker's upkeep."""


BUDGET_UNSETTLED = frozenset({BudgetState.NOT_CHECKED, BudgetState.TOO_LITTLE})
"""What changes once money is set aside."""


class Hold(StrEnum):
    """Why an instalment that was made must not be sent yet."""

    BUDGET = "BUDGET"
    """The money for it is not set aside yet at the treasury's head of account."""
    STOPPED = "STOPPED"
    """The sanction was stopped before it was sent."""


class InstalmentKind(StrEnum):
    """The purpose of an instalment."""

    REGULAR = "REGULAR"
    ARREARS = "ARREARS"
    """A period that was over when it could be paid."""
    REISSUE = "REISSUE"
    """The money of another instalment that finally came back."""


RETURN_WINDOW = timedelta(days=10)
"""How long after a credit the bank usually still sends the money back (docs/contracts/dbt_finance.md section 7,
INFERRED)."""

_COURSE: Mapping[PaymentStatus, int] = {
    PaymentStatus.SANCTIONED: 0,
    PaymentStatus.BENEFICIARY_PENDING: 1,
    PaymentStatus.BENEFICIARY_REJECTED: 2,
    PaymentStatus.INSTRUCTED: 3,
    PaymentStatus.AT_BANK: 4,
    PaymentStatus.CREDITED: 5,
    PaymentStatus.RETURNED: 6,
    PaymentStatus.REISSUED: 7,
}


def may_follow(
    before: PaymentStatus, after: PaymentStatus, *, since: datetime, at: datetime, rail: Rail = Rail.PFMS
) -> bool:
    """Whether a payment in state `before` since then may change to `after`, as of `at`.

    Only forward. A credit may come back for ten days, and by the state treasury, which tells of no limit, at any later
    time (docs/contracts/dbt_finance.md section 7); only what came back is reissued, and then no more is
    heard of the first order. A rejected beneficiary may be put forward again with a corrected account.
    """
    match before:
        case PaymentStatus.REISSUED:
            return False
        case PaymentStatus.RETURNED:
            return after is PaymentStatus.REISSUED
        case PaymentStatus.CREDITED:
            return after is PaymentStatus.RETURNED and (rail is Rail.IFMS or at - since <= RETURN_WINDOW)
        case PaymentStatus.BENEFICIARY_REJECTED if after is PaymentStatus.BENEFICIARY_PENDING:
            return True
        case _:
            return after is not PaymentStatus.REISSUED and _COURSE[after] > _COURSE[before]


@dataclass(frozen=True, slots=True)
class PaymentNews:
    """What a partner, or we ourselves, say of one payment.

    `at` is when it happened, `source_ref` the file, batch or call that reported it, `utr_last4` the end of the bank's
    reference and `return_code` why it came back (integrations/dbt_finance/jit/return_codes.py). `source_ref` never
    holds personal data.
    """

    status: PaymentStatus
    at: datetime
    source_ref: str | None = None
    utr_last4: str | None = None
    return_code: str | None = None
    rail: Rail = Rail.IFMS


@dataclass(frozen=True, slots=True)
class PaymentEvent:
    """One step of a payment as it was heard: `at` is when it happened, `heard_at` when we learned of it."""

    instalment_id: str
    status: PaymentStatus
    at: datetime
    heard_at: datetime | None
    return_code: str | None = None
    utr_last4: str | None = None
    rail: Rail | None = None
    source_ref: str | None = None


@dataclass(frozen=True, slots=True)
class Sanction:
    """The order by which a citizen is granted a benefit. Amounts are paise an instalment."""

    id: str
    number: str
    application_id: str | None
    citizen_id: str
    scheme_code: str
    department: str | None
    district: str
    amount_paise: int | None
    period: str | None
    bank_account_last4: str | None
    sanctioned_at: datetime
    next_due_on: date | None = None
    """The first day of the period whose instalment comes next; None for one-time benefits."""
    ended_on: date | None = None
    """The last day that the sanction covers, where it was stopped."""
    state: SanctionState = SanctionState.ACTIVE
    anchor_on: date | None = None
    """The first day of its first period, from which all periods are counted; None until the first is made."""
    terms: int | None = None
    """Into how many payments the amount of a period is divided; None or 1 for one."""
    certified_on: date | None = None
    """When the last life certificate of the citizen was accepted."""
    reviewed_on: date | None = None
    """When the department last reviewed it."""
    reminded_on: date | None = None
    """When the citizen was last reminded of the life certificate."""
    granted_by: str | None = None
    """Who decided it, where a member of staff did."""
    budget: BudgetState | None = None
    """What was heard of its budget; None where nobody asked when it was made, as by an older release."""
    budget_at: datetime | None = None
    """As of when the treasury said so; None where it did not answer."""


@dataclass(frozen=True, slots=True)
class Instalment:
    """One payment under a sanction. `bill_number` is the key that DBT finance knows it by, minted once.

    `end_to_end_id` is unique for ever; `status` is the last that our own store recorded.
    """

    id: str
    sanction_id: str
    citizen_id: str
    sequence: int
    period_from: date
    period_to: date
    amount_paise: int
    bill_number: str
    end_to_end_id: str
    status: PaymentStatus
    status_at: datetime
    rail: Rail = Rail.IFMS
    """The way that it goes, kept for ever."""
    kind: InstalmentKind = InstalmentKind.REGULAR
    reissue_of: str | None = None
    """The instalment whose money came back, where this one pays it again."""
    hold: Hold | None = None
    deducted_paise: int = 0
    """What was kept back from it for a recovery; `amount_paise` is what is paid."""
