"""Benefits: a sanction, its instalments and where each payment stands."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum


class PaymentStatus(StrEnum):
    """Where one instalment stands (contracts/dbt_finance.md section 7)."""

    SANCTIONED = "SANCTIONED"
    BENEFICIARY_PENDING = "BENEFICIARY_PENDING"
    BENEFICIARY_REJECTED = "BENEFICIARY_REJECTED"
    INSTRUCTED = "INSTRUCTED"
    AT_BANK = "AT_BANK"
    CREDITED = "CREDITED"
    RETURNED = "RETURNED"
    REISSUED = "REISSUED"


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
