"""Models of the files to and from PFMS. Amounts are whole paise; nothing personal shows in a repr."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Self

from domain.payments.files import AnswersSigned
from domain.payments.refusals import RefusalCodes
from integrations.dbt_finance.pfms.scheme_terms import FileForms, SchemeTerms


class FileKind(StrEnum):
    """The kinds of files, each with a folder of its own: what we write in `out`, what we read from `in`."""

    BENEFICIARIES = "beneficiary-request"
    PAYMENTS = "payment-request"
    BENEFICIARY_ANSWERS = "beneficiary-response"
    ACKNOWLEDGEMENTS = "payment-ack"
    BANK_STATUSES = "bank-status"
    APBS_RETURNS = "apbs-return"
    ENROLMENTS = "dsc-enrolment"
    STATEMENTS = "daily-statement"


OUTGOING = (FileKind.BENEFICIARIES, FileKind.PAYMENTS)
INCOMING = tuple(kind for kind in FileKind if kind not in OUTGOING)
SELDOM = frozenset({FileKind.ENROLMENTS, FileKind.STATEMENTS})
"""What PFMS may have made no folder for: where these lie is INFERRED (docs/contracts/dbt_finance.md section 2.5), and
no answer waits for them."""


class BeneficiaryPurpose(StrEnum):
    """What is asked for a beneficiary (`Purp/Cd`)."""

    ADD = "A"
    UPDATE = "U"
    DELETE = "D"


class PaymentMethod(StrEnum):
    """How a batch is paid (`PmtMtd`): to account numbers, or by Aadhaar through APBS."""

    ACCOUNT = "A"
    AADHAAR = "U"


class LineStatus(StrEnum):
    """What PFMS or the bank says of one line (`CstmrSts`, `TxSts`); RJCT is public, the others are INFERRED."""

    ACCEPTED = "ACCP"
    REJECTED = "RJCT"
    PENDING = "PDNG"
    DEBITED = "ACSP"
    CREDITED = "ACSC"
    RETURNED = "RTND"
    UNKNOWN = "UNKNOWN"
    """A word of a payment that no list has: it changes nothing (docs/contracts/dbt_finance.md section 2.5)."""


@dataclass(frozen=True, slots=True)
class Agency:
    """Who owns a batch: its name and its unique code in PFMS, such as a district's social welfare office."""

    code: str
    name: str


@dataclass(frozen=True, slots=True)
class BeneficiaryLine:
    """One beneficiary to register, change or delete. `id` is ours, `cpsms_id` theirs: empty on ADD, else needed.

    `bank_name` as the bank master of PFMS spells it. `account_number` or `aadhaar` or both are given.
    """

    id: str
    purpose: BeneficiaryPurpose
    cpsms_id: str | None
    name: str = field(repr=False)
    name_regional: str = field(repr=False, default="")
    ifsc: str = ""
    bank_name: str = ""
    account_number: str | None = field(repr=False, default=None)
    aadhaar: str | None = field(repr=False, default=None)
    district_lgd: str = ""
    benefit_type: str = "Cash"
    title: str = ""
    address: tuple[str, ...] = field(repr=False, default=())
    """At most three lines."""
    village_lgd: str = ""
    block_lgd: str = ""
    subdistrict_lgd: str = ""
    pin_code: str = field(repr=False, default="")
    gender: str = field(repr=False, default="")
    born_on: date | None = field(repr=False, default=None)
    mobile: str = field(repr=False, default="")


@dataclass(frozen=True, slots=True)
class PaymentLine:
    """One payment. `end_to_end_id` is unique for ever; the beneficiary must hold a `cpsms_id` already."""

    end_to_end_id: str
    beneficiary_id: str
    cpsms_id: str
    name: str = field(repr=False)
    amount_paise: int
    ifsc: str = ""
    account_number: str | None = field(repr=False, default=None)
    aadhaar: str | None = field(repr=False, default=None)
    period_from: date | None = None
    period_to: date | None = None
    district_lgd: str = ""
    bank_name: str = ""


@dataclass(frozen=True, slots=True)
class BeneficiaryBatch:
    """One beneficiary file. Both ids are minted once (pfms_names) and stored before the file is written."""

    message_id: str
    batch_id: str
    created_at: datetime
    scheme_code: str
    agency: Agency
    lines: tuple[BeneficiaryLine, ...]


@dataclass(frozen=True, slots=True)
class PaymentBatch:
    """One payment file: one scheme, one agency, one method."""

    message_id: str
    batch_id: str
    created_at: datetime
    scheme_code: str
    agency: Agency
    method: PaymentMethod
    executed_on: date
    lines: tuple[PaymentLine, ...]
    terms: SchemeTerms

    @property
    def total_paise(self) -> int:
        """The sum of all lines (`CtrlSum`)."""
        return sum(line.amount_paise for line in self.lines)


@dataclass(frozen=True, slots=True)
class PfmsIdentity:
    """Who we are at PFMS: the source system id, our agencies, the codes of our schemes, and the state's LGD code.

    `agency` owns what no agency of a district does; `agencies` are by the district's LGD code, `scheme_codes`
    (`SchmeCd`) and `terms` by our code of a scheme.
    """

    source_id: str
    agency: Agency
    agencies: Mapping[str, Agency] = field(default_factory=dict)
    scheme_codes: Mapping[str, str] = field(default_factory=dict)
    terms: Mapping[str, SchemeTerms] = field(default_factory=dict)
    forms: FileForms = field(default_factory=FileForms)
    state_lgd: str = "5"
    refusal_codes: RefusalCodes = field(default_factory=RefusalCodes)
    district_codes: Mapping[str, str] = field(default_factory=dict)
    """PFMS's code of a district by its LGD code, where PFMS has another table."""
    bank_names: Mapping[str, str] = field(default_factory=dict)
    """How the bank master of PFMS spells a bank, by our name of it."""

    @classmethod
    def from_onboarding(cls, given: Mapping[str, Any]) -> Self:
        """Read the onboarding file; raises KeyError where a needed part is missing."""
        return cls(
            source_id=str(given["source_id"]),
            agency=_agency(given["agency"]),
            agencies={str(lgd): _agency(each) for lgd, each in given.get("agencies", {}).items()},
            scheme_codes={str(ours): str(theirs) for ours, theirs in given["scheme_codes"].items()},
            terms={str(ours): SchemeTerms.from_onboarding(each) for ours, each in given.get("schemes", {}).items()},
            forms=FileForms.from_onboarding(given.get("forms", {})),
            state_lgd=str(given.get("state_lgd", "5")),
            refusal_codes=RefusalCodes(_texts(given, "date_past_codes"), _texts(given, "line_codes")),
            district_codes=dict(given.get("district_codes", {})),
            bank_names=dict(given.get("bank_names", {})),
        )

    def agency_of(self, district_lgd: str) -> Agency:
        """The agency that owns the batches of a district."""
        return self.agencies.get(district_lgd, self.agency)

    def scheme_code(self, ours: str) -> str | None:
        """PFMS's code of a scheme; None for one without code or terms there, which cannot be paid by this rail."""
        return self.scheme_codes.get(ours) if ours in self.terms else None


def _texts(given: Mapping[str, Any], name: str) -> frozenset[str]:
    return frozenset(str(each) for each in given.get(name, ()))


def _agency(given: Mapping[str, Any]) -> Agency:
    return Agency(str(given["code"]), str(given["name"]))


@dataclass(frozen=True, slots=True)
class BeneficiaryRow:
    """What became of one beneficiary. PENDING is the first wave: PFMS has no objection, the bank is asked.

    `cpsms_id` is there only where ACCEPTED, as is `name_at_bank`, which may be spelled otherwise than ours.
    """

    id: str
    status: LineStatus
    cpsms_id: str | None = None
    codes: tuple[str, ...] = ()
    name_at_bank: str | None = field(repr=False, default=None)


@dataclass(frozen=True, slots=True)
class BeneficiaryAnswer:
    """An answer to a beneficiary file; it may cover a part of the batch, and a later one the same lines again."""

    batch_id: str
    created_at: datetime
    rows: tuple[BeneficiaryRow, ...]
    unknown_namespace: str | None = None
    """The namespace of the file where nobody has seen it before: it was read all the same, and is told."""


@dataclass(frozen=True, slots=True)
class PaymentRow:
    """What is said of one payment. `codes` are reject codes of PFMS, or the APBS code of a return.

    `utr` is the bank's whole reference; only its last four digits may be shown. `amount_paise` where it is given.
    `word` is what was said where the status is UNKNOWN.
    """

    end_to_end_id: str
    status: LineStatus
    codes: tuple[str, ...] = ()
    utr: str | None = field(repr=False, default=None)
    value_date: date | None = None
    amount_paise: int | None = None
    word: str = ""


@dataclass(frozen=True, slots=True)
class BatchAcknowledgement:
    """PFMS took a batch, or rejected the whole of it (`accepted` False); `codes` are those of the batch alone.

    A file that could not be read is rejected by its `message_id` alone. `rows` say which lines were wrong; a rejected
    one in a batch that was taken is rejected for itself.
    """

    message_id: str | None
    batch_id: str | None
    created_at: datetime
    accepted: bool
    codes: tuple[str, ...]
    rows: tuple[PaymentRow, ...]
    unknown_namespace: str | None = None


@dataclass(frozen=True, slots=True)
class BankStatus:
    """What the bank did with payments: debited (DEBITED), then CREDITED, RETURNED or REJECTED.

    `batch_id` is None for a file of APBS returns, which names payments only.
    """

    batch_id: str | None
    created_at: datetime
    rows: tuple[PaymentRow, ...]
    unknown_namespace: str | None = None


@dataclass(frozen=True, slots=True)
class EnrolmentAnswer:
    """What PFMS says of one certificate that we sign with, by its fingerprint: SHA-256 in small hex digits."""

    fingerprint: str
    created_at: datetime
    accepted: bool
    codes: tuple[str, ...]
    unknown_namespace: str | None = None


@dataclass(frozen=True, slots=True)
class StatementRow:
    """One payment in the statement of a day: where it stood at the end of it."""

    end_to_end_id: str
    batch_id: str
    amount_paise: int
    status: LineStatus
    codes: tuple[str, ...] = ()
    utr: str | None = field(repr=False, default=None)
    value_date: date | None = None


@dataclass(frozen=True, slots=True)
class DailyStatement:
    """Every payment that moved on a day, or a part of them, with count and sum, which were checked against the rows."""

    day: date
    created_at: datetime
    rows: tuple[StatementRow, ...]
    total_paise: int
    part: int = 1
    parts: int = 1


@dataclass(frozen=True, slots=True)
class Trust:
    """Whose signatures count at an instant (PEM certificates of PFMS and of the sponsor banks), and what needs one.

    The file of APBS has its own signature in its last line, which it always needs.
    """

    pfms: tuple[str, ...]
    banks: tuple[str, ...]
    at: datetime
    answers_signed: AnswersSigned = AnswersSigned.IF_PRESENT
    apbs_credits_final: bool = False
    """Whether a record of APBS that was credited is the credit, with its own reference."""


class FileRefusal(StrEnum):
    """Why a file was refused whole."""

    TOO_LARGE = "TOO_LARGE"
    ENCODING = "ENCODING"
    DOCUMENT_TYPE = "DOCUMENT_TYPE"
    MALFORMED = "MALFORMED"
    UNKNOWN_ROOT = "UNKNOWN_ROOT"
    UNSIGNED = "UNSIGNED"
    FOREIGN_SIGNATURE = "FOREIGN_SIGNATURE"
    BROKEN_SIGNATURE = "BROKEN_SIGNATURE"
    MISSING_ELEMENT = "MISSING_ELEMENT"
    MALFORMED_VALUE = "MALFORMED_VALUE"
    WRONG_COUNT = "WRONG_COUNT"
    WRONG_TOTAL = "WRONG_TOTAL"
    ROW_TWICE = "ROW_TWICE"
    NAME = "NAME"


class FileRefused(ValueError):
    """A file that was refused whole, before anything of it is used.

    `detail` is the name of an element or a number of a line, never a value of the file.
    """

    def __init__(self, reason: FileRefusal, detail: str = "") -> None:
        super().__init__(f"{reason.value}: {detail}" if detail else reason.value)
        self.reason = reason
        self.detail = detail


class BadLine(ValueError):
    """A line that must not be sent, since one bad line has the whole batch rejected. Names fields, never values."""

    def __init__(self, number: int, fields: tuple[str, ...]) -> None:
        super().__init__(f"line {number}: {', '.join(fields)}")
        self.number = number
        self.fields = fields
