"""Models of DBT finance's messages. Amounts are whole paise; accounts never show in a repr."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Self

from domain.benefits.benefits import PaymentStatus
from integrations.calling.onboarding import read_settings


@dataclass(frozen=True, slots=True)
class DbtFinanceSettings:
    """What onboarding hands over. `hmac_secret` signs requests and checks answers.

    The codes name our treasury office, agency, allotment and head of account; `ddo_code` is used where
    an instruction does not carry its own.
    """

    client_id: str
    hmac_secret: str = field(repr=False)
    ssu_ia_id: str
    ddo_code: str
    grantee_code: str
    allotment_id: str
    head_of_account: str
    application_name: str = "APUNISARKAR"

    @classmethod
    def from_onboarding(cls, given: Mapping[str, Any]) -> Self:
        """Read the onboarding file; raises KeyError where a needed part is missing."""
        return read_settings(cls, given)


@dataclass(frozen=True, slots=True)
class Payee:
    """One beneficiary of a bill. `end_to_end_id` is unique for ever and follows the payment everywhere.

    An Aadhaar number is never part of it: the field `adhaarNumber` of the partner is optional and left out.
    """

    end_to_end_id: str
    name: str = field(repr=False)
    account_number: str = field(repr=False)
    ifsc: str
    amount_paise: int
    mobile: str = field(repr=False, default="")
    address: str = field(repr=False, default="")
    account_type: str = "SAVINGS"


@dataclass(frozen=True, slots=True)
class PaymentInstruction:
    """An order to pay. `bill_number` is minted once and stored before the first send; it is the key of the call."""

    bill_number: str
    bill_date: date
    scheme_code: str
    purpose: str
    payees: tuple[Payee, ...]
    ddo_code: str | None = None
    head_of_account: str | None = None

    @property
    def net_paise(self) -> int:
        """The sum of all payees."""
        return sum(payee.amount_paise for payee in self.payees)


@dataclass(frozen=True, slots=True)
class BillReference:
    """How one payment is asked for: its bill and its own end-to-end id."""

    bill_number: str
    bill_date: date
    end_to_end_id: str


@dataclass(frozen=True, slots=True)
class BankAccount:
    """Where money goes: an account and its branch."""

    number: str = field(repr=False)
    ifsc: str


@dataclass(frozen=True, slots=True)
class Correction:
    """A payment that failed, ordered again to a corrected account (COR) under a bill of its own, minted once.

    `first` is the order that failed first and `failed` the one that failed last: the same where no correction went
    before. The treasury compares their accounts with its own. `amount_paise` is theirs too.
    """

    bill_number: str
    bill_date: date
    end_to_end_id: str
    amount_paise: int
    scheme_code: str
    first: BillReference
    first_account: BankAccount
    failed: BillReference
    failed_account: BankAccount
    corrected: BankAccount

    @property
    def net_paise(self) -> int:
        """What is paid."""
        return self.amount_paise


class InstructionOutcome(StrEnum):
    """What became of a pushed instruction."""

    ACCEPTED = "ACCEPTED"
    ALREADY_KNOWN = "ALREADY_KNOWN"


@dataclass(frozen=True, slots=True)
class InstructionReceipt:
    """DBT finance has the instruction: taken now, or found there by enquiry after a lost answer."""

    bill_number: str
    bill_date: date
    ssu_ia_id: str
    outcome: InstructionOutcome
    at: datetime


class InstructionStage(StrEnum):
    """The status of an instruction at the treasury."""

    PENDING = "PENDING"
    APPROVED = "APPROVED"
    REJECTED = "REJECTED"


@dataclass(frozen=True, slots=True)
class InstructionStatus:
    """What the treasury says of one bill. The numbers are None until it is approved."""

    stage: InstructionStage
    instruction_id: str | None = None
    instructed_at: datetime | None = None
    net_paise: int | None = None
    scheme_code: str | None = None
    payee_count: int | None = None


@dataclass(frozen=True, slots=True)
class PaymentState:
    """The status of one payment, its time, and why it was returned (`return_code`, see return_codes)."""

    status: PaymentStatus
    at: datetime
    utr_last4: str | None = None
    return_code: str | None = None


@dataclass(frozen=True, slots=True)
class BillEnquiry:
    """What the treasury says of one bill when it is asked anew.

    `state` is None where it does not know the bill. `net_paise` is its own figure, None until it approved the bill;
    `utr` the bank's whole reference; `strangers` are end-to-end ids that it paid under this bill and that are not ours.
    """

    state: PaymentState | None
    net_paise: int | None = None
    utr: str | None = field(default=None, repr=False)
    strangers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class HeadBalance:
    """What the treasury says is left of the budget of a head of account, as of an instant."""

    head_of_account: str
    available_paise: int
    as_of: datetime
