"""Models of DBT finance's messages. Amounts are whole paise; accounts never show in a repr."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from functools import cached_property
from typing import Any, Self

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key

from domain.benefits.benefits import PaymentStatus
from domain.kernel.state import installed_state
from integrations.calling.onboarding import read_settings

_KNOWN = {
    "oaep_hash": {"SHA1", "SHA256"},
    "failures_by": {"voucher", "bill"},
    "accounts_compared": {"whole", "last_four", "none"},
}


def _own_name() -> str:
    return installed_state().publisher.upper()


@dataclass(frozen=True)
class DbtFinanceSettings:
    """What onboarding hands over, and what the public code leaves open (docs/contracts/dbt_finance.md section 5.7).

    `public_key` is the treasury's RSA key, Base64 of its DER form. The codes name our treasury office, agency and head
    of account; `ddo_code` and `head_of_account` are used where an instruction does not carry its own.
    """

    client_id: str
    client_secret: str = field(repr=False)
    public_key: str = field(repr=False)
    ssu_ia_id: str
    ddo_code: str
    grantee_code: str
    head_of_account: str
    application_name: str = field(default_factory=_own_name)
    """`extAppName`, and `jitCorBillDeptCode` of a correction."""
    authenticate_path: str = "/webservices/jitfs/v1.0/authenticate"
    data_path: str = "/webservices/jitfs/v1.0/get-jit-service-data"
    id_header: str = "clientId"
    secret_header: str = "clientSecret"  # noqa: S105 - the name of a header
    token_header: str = "authToken"  # noqa: S105 - the name of a header
    oaep_hash: str = "SHA1"
    """SHA1 or SHA256, for the covered application key."""
    session_seconds: int = 1_800
    service_field: str = "serviceId"
    """Or `serviceID`, as some samples have it; answers are read with both."""
    corrections_field: str = "beneficiaryDetails"
    """Or `beneficiaryDtls`, as the public code writes it."""
    pan_field: str = "panNo"
    """Or `pranNo`, as the samples have it."""
    failures_by: str = "voucher"
    """How FD is asked: by `voucher` date, or by `bill` as before."""
    accounts_compared: str = "last_four"
    """How much of an account in an answer is compared with that of the order: `whole`, `last_four` or `none` of it."""

    @classmethod
    def from_onboarding(cls, given: Mapping[str, Any]) -> Self:
        """Read the onboarding file; raises KeyError where a needed part is missing, ValueError for a spoilt one."""
        settings = read_settings(cls, given)
        for name, known in _KNOWN.items():
            if getattr(settings, name) not in known:
                raise ValueError("a setting is none of those that are known")
        settings.treasury_key.key_size  # noqa: B018 - read now, so that a spoilt key refuses the start
        return settings

    @cached_property
    def treasury_key(self) -> RSAPublicKey:
        """The treasury's key. Raises ValueError where it is none."""
        key = load_der_public_key(base64.b64decode(self.public_key, validate=True))
        if not isinstance(key, RSAPublicKey):
            raise ValueError("an RSA key is needed")  # noqa: TRY004 - spoilt onboarding, not a defect
        return key


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
    account_type: str = "Saving"


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
    """How one payment is asked for: its bill and its own end-to-end id.

    `corrects` is the first order, where this one is a correction of it: then it is asked for by FTPS and FTFPS.
    """

    bill_number: str
    bill_date: date
    end_to_end_id: str
    corrects: "BillReference | None" = None
    reached: Mapping[str, str] = field(default_factory=dict, compare=False)
    """What the last enquiry gave of it (`BillEnquiry.reached`), so that nothing is asked anew."""
    account: "BankAccount | None" = field(default=None, compare=False)
    """The account that it was sent with, which the answers have to name too; None where that is not known."""
    amount_paise: int | None = field(default=None, compare=False)

    @property
    def beneficiary_id(self) -> str:
        """The treasury's `benefId`: our end-to-end id of the first order, which its corrections keep."""
        return self.corrects.end_to_end_id if self.corrects else self.end_to_end_id


@dataclass(frozen=True, slots=True)
class BankAccount:
    """Where money goes: an account and its branch."""

    number: str = field(repr=False)
    ifsc: str


@dataclass(frozen=True, slots=True)
class Allotment:
    """What an order is charged to: the allotment of a head of account to our office, as VA told of it."""

    distribution_id: str
    allotment_id: str
    serial: str
    scheme_code: str
    available_paise: int


@dataclass(frozen=True, slots=True)
class Correction:
    """A payment that failed, ordered again to a corrected account (COR) under a bill of its own, minted once.

    `first` is the order that failed first and `failed` the one that failed last: the same where no correction went
    before, and a correction of `first` otherwise. The treasury compares their accounts with its own, and pays what the
    first had.
    """

    bill_number: str
    bill_date: date
    end_to_end_id: str
    amount_paise: int
    first: BillReference
    first_account: BankAccount
    failed: BillReference
    failed_account: BankAccount
    corrected: BankAccount

    @property
    def bill(self) -> BillReference:
        """How it is asked for."""
        return BillReference(self.bill_number, self.bill_date, self.end_to_end_id, corrects=self.first)


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
    """It told nothing: the bill waits for the spending unit's officer, for days or weeks, or has never arrived."""
    APPROVED = "APPROVED"
    REJECTED = "REJECTED"


@dataclass(frozen=True, slots=True)
class InstructionStatus:
    """What the treasury says of one bill. The numbers are None until it is approved.

    `instructed_on` is the time of the approval as the treasury wrote it, for PAG wants it back so.
    """

    stage: InstructionStage
    instruction_id: str | None = None
    instructed_on: str | None = None
    instructed_at: datetime | None = None
    net_paise: int | None = None
    payee_count: int | None = None


@dataclass(frozen=True, slots=True)
class PaymentState:
    """The status of one payment, its time, and why it was returned (`return_code`, see return_codes)."""

    status: PaymentStatus
    at: datetime
    utr_last4: str | None = None
    return_code: str | None = None
    awaits_approval: bool = False
    """Whether the treasury has not told yet that the spending unit's officer approved it."""


@dataclass(frozen=True, slots=True)
class BillEnquiry:
    """What the treasury says of one bill when it is asked anew.

    `net_paise` is its own figure, None until it approved the bill. `reference` is that of one payment alone: the
    treasury's end-to-end id with its `benfId`, for the scroll's `utrNo` is the same for all payees of a bill.
    `strangers` are ids of payees that it paid under this bill and that are not ours. `other_payee` says that it names
    another account, branch or amount for ours than was sent: then nothing of its state may be believed.
    """

    state: PaymentState
    net_paise: int | None = None
    reference: str | None = field(default=None, repr=False)
    strangers: tuple[str, ...] = ()
    other_payee: bool = False
    reached: Mapping[str, str] = field(default_factory=dict)
    """What the treasury has said of the bill and asks back in its later calls, to be given with the next question."""


@dataclass(frozen=True, slots=True)
class HeadBalance:
    """What the treasury says is left of the budget of a head of account, as of an instant."""

    head_of_account: str
    available_paise: int
    as_of: datetime
