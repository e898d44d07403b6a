"""Payment files: beneficiaries, batches and lines as PFMS knows them, and when files may be sent.

Names and identifiers are those of docs/contracts/dbt_finance.md section 2.1, the days those of its
section 8.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from enum import StrEnum

from domain.applications.deadline import WorkCalendar
from domain.benefits.benefits import PaymentStatus
from domain.kernel import IST, ist_date
from domain.kernel.state import installed_state
from domain.payments.budgets import year_of

NOW = "NOW"
"""How the place of a run begins that an operator asked for."""

_SATURDAY, _SUNDAY = 5, 6
_FROZEN = (("03-28", "03-31"),)


class BatchKind(StrEnum):
    """The kind of request of a batch to PFMS."""

    BENEFICIARY = "BENEFICIARY"
    PAYMENT = "PAYMENT"


class PaymentMethod(StrEnum):
    """By what the money finds its account."""

    ACCOUNT = "A"
    AADHAAR = "U"


class BatchState(StrEnum):
    """The state of a batch."""

    BUILT = "BUILT"
    SEALED = "SEALED"
    """Its file is made and signed; whether it has gone is not known until it is SENT."""
    SENT = "SENT"
    IN_DOUBT = "IN_DOUBT"
    """PFMS holds other bytes under this name: only an answer can show what was accepted."""
    ACCEPTED = "ACCEPTED"
    REJECTED = "REJECTED"
    """PFMS took none of it."""
    CLOSED = "CLOSED"
    """The status of every line is final."""
    ABANDONED = "ABANDONED"
    """It certainly never went, as its day was over or its signer was declined; its lines went to another."""


class Transport(StrEnum):
    """By which way files go to PFMS and come back."""

    SFTP = "SFTP"
    REST = "REST"

    @property
    def scheme(self) -> str:
        """What the address of PFMS begins with outside the demo."""
        return "sftp" if self is Transport.SFTP else "https"

    @property
    def other(self) -> "Transport":
        """The way that is not this one."""
        return Transport.REST if self is Transport.SFTP else Transport.SFTP


class AnswersSigned(StrEnum):
    """Whether the XML files of PFMS and the banks must be signed (docs/contracts/dbt_finance.md section 2.5)."""

    REQUIRED = "required"
    IF_PRESENT = "if_present"
    """A signature that is there must be good; a file without one counts too."""
    NONE = "none"
    """No signature is looked at."""


class LineState(StrEnum):
    """The state of one payment of a batch."""

    BUILT = "BUILT"
    ACCEPTED = "ACCEPTED"
    DEBITED = "DEBITED"
    CREDITED = "CREDITED"
    RETURNED = "RETURNED"
    REJECTED = "REJECTED"
    """PFMS took the batch and later declined this one payment."""
    SET_ASIDE = "SET_ASIDE"
    """PFMS rejected the batch for it; it waits for the citizen, or for an officer."""
    RELEASED = "RELEASED"
    """PFMS never had it: its payment may go in another batch, under the same end-to-end id."""


class RegistrationState(StrEnum):
    """The state at PFMS of a beneficiary, or of a line that registers one."""

    WAITING = "WAITING"
    SENT = "SENT"
    CHECKED = "CHECKED"
    """PFMS took it and gave its code; the bank has not confirmed the account."""
    VALIDATED = "VALIDATED"
    REJECTED = "REJECTED"
    RELEASED = "RELEASED"
    """The line of a batch that PFMS rejected for another one."""
    LEAVING = "LEAVING"
    """Nothing more is paid to the beneficiary: the next batch has PFMS delete the record."""
    DELETED = "DELETED"
    """PFMS deleted the beneficiary, who must be registered again before another payment."""
    NOT_DELETED = "NOT_DELETED"
    """PFMS refused the deletion: an officer reviews it. Nothing is paid."""


class EnrolmentState(StrEnum):
    """The last answer of PFMS about a signing certificate."""

    UNHEARD = "UNHEARD"
    """Nothing yet: files go, and PFMS says later."""
    ACCEPTED = "ACCEPTED"
    REJECTED = "REJECTED"
    """Nothing more is signed with it."""


class FileState(StrEnum):
    """The outcome of a file."""

    SEALED = "SEALED"
    SENT = "SENT"
    TAKEN = "TAKEN"
    """PFMS was seen to have taken our file by the day on which its payments are to be carried out."""
    DESTROYED = "DESTROYED"
    """Our own file is gone, as every line of it has its final status; name, size and hash stay."""
    RECEIVED = "RECEIVED"
    APPLIED = "APPLIED"
    REFUSED = "REFUSED"
    REUSED = "REUSED"
    """It bore the name of a file that was applied, with other content."""


class Direction(StrEnum):
    """Which way a file went."""

    OUT = "OUT"
    IN = "IN"


LIVING_LINES = frozenset({LineState.BUILT, LineState.ACCEPTED, LineState.DEBITED})
"""States of a line whose money is on its way."""

UNTOLD = (PaymentStatus.SANCTIONED, PaymentStatus.BENEFICIARY_PENDING, PaymentStatus.BENEFICIARY_REJECTED)
"""States of an instalment that was sent to no partner."""

OF_THE_FILE = frozenset(f"{interface}{number:04d}" for interface in ("DBE", "TBE") for number in (2, 3, 4))
"""Codes about the whole file: a line that bears nothing else is not wrong itself
(docs/contracts/dbt_finance.md section 2.6)."""

TWICE = frozenset({"DBE0004", "DBE0018", "TBE0004", "TBE0018"})
"""Codes by which PFMS says that it has it already: nothing is sent again, what it has is looked for
(docs/contracts/dbt_finance.md section 10)."""

AWAITED_REGISTRATIONS = frozenset({RegistrationState.SENT, RegistrationState.CHECKED})

LEAVING_STATES = frozenset({RegistrationState.LEAVING, RegistrationState.DELETED, RegistrationState.NOT_DELETED})
"""States of a beneficiary to whom nothing more is to be paid."""

DELETE = "D"
"""The purpose of a line by which PFMS deletes a beneficiary (docs/contracts/dbt_finance.md section 2.2)."""

ALREADY_GONE = frozenset({"DBE0007", "TBE0007"})
"""Codes by which PFMS says that it knows no such beneficiary: the deletion is done
(docs/contracts/dbt_finance.md section 2.6)."""

_COURSE: Mapping[LineState, int] = {
    LineState.BUILT: 0,
    LineState.ACCEPTED: 1,
    LineState.DEBITED: 2,
    LineState.CREDITED: 3,
    LineState.REJECTED: 4,
    LineState.RETURNED: 4,
}

_SAID: Mapping[str, LineState] = {
    "ACCP": LineState.ACCEPTED,
    "PDNG": LineState.ACCEPTED,
    "ACSP": LineState.DEBITED,
    "ACSC": LineState.CREDITED,
    "RTND": LineState.RETURNED,
    "RJCT": LineState.REJECTED,
}


def line_after(before: LineState, said: str) -> LineState | None:
    """What a line comes to by a status of PFMS or the bank; None where that says nothing new.

    Answers come late, twice and out of order: a line only goes forward, and only a credit may still come back.
    Raises ValueError for a status that the contract does not know (docs/contracts/dbt_finance.md section 2.5).
    """
    after = _SAID.get(said)
    if after is None:
        raise ValueError("a status that is not known")
    if before not in _COURSE or before in {LineState.RETURNED, LineState.REJECTED}:
        return None
    if before is LineState.CREDITED:
        return after if after is LineState.RETURNED else None
    return after if _COURSE[after] > _COURSE[before] else None


@dataclass(frozen=True, slots=True)
class PaymentRules:
    """When batches are made, and how large they are. `times` are those of India; `frozen` are days as MM-DD."""

    times: tuple[time, ...] = (time(10, 30), time(13, 30), time(16, 30))
    lines_per_file: int = 2_000
    frozen: tuple[tuple[str, str], ...] = _FROZEN
    answer_days: int = 90
    """Days that the bytes of an answer are kept after it was applied; its name and hash stay for ever."""
    files_at_once: int = 20
    """Answers that one round takes."""
    enquiries_an_hour: int = 120_000
    """Payments at the state treasury that are asked for in an hour at most."""
    enquiries_at_once: int = 8
    """Bills that are asked for at the same time, each by one call after the other."""
    approval_days: int = 7
    """Working days that an order to the state treasury may be under way, its approval included, before it is a case."""
    correction_days: int = 90
    """Days after an order of the treasury in which a failed payment of it can be corrected (`may_be_corrected`)."""

    def is_bank_day(self, day: date, calendar: WorkCalendar) -> bool:
        """Whether banks and treasuries work: no Sunday, second or fourth Saturday or holiday of all, and no closing.

        Holidays of six-day offices and of a district are none of theirs; the list of the Negotiable Instruments Act is
        not known in full, so all others are taken for one (docs/contracts/right_to_service.md section 3.3).
        """
        if day.weekday() == _SUNDAY or (day.weekday() == _SATURDAY and (day.day - 1) // 7 in (1, 3)):
            return False
        if calendar.is_holiday_of_all(day):
            return False
        return not any(begins <= f"{day:%m-%d}" <= ends for begins, ends in self.frozen)

    def may_be_corrected(self, ordered_on: date, today: date) -> bool:
        """Whether the treasury still takes a correction of an order (docs/contracts/dbt_finance.md section 5.4).

        Over the turn of the financial year until 30 April.
        """
        first, last = year_of(ordered_on)
        if today <= last:
            return (today - ordered_on).days <= self.correction_days
        return today <= date(first.year + 1, 4, 30)

    def slot(self, now: datetime, calendar: WorkCalendar) -> str | None:
        """The batch time of today that has come last, as HH:MM; None before the first and on days without banks."""
        local = now.astimezone(IST)
        if not self.is_bank_day(ist_date(now), calendar):
            return None
        come = [each for each in self.times if each <= local.time()]
        return f"{max(come):%H:%M}" if come else None


def beneficiary_id(sanction_number: str) -> str:
    """The id by which PFMS knows the beneficiary of a sanction: one for ever, whatever the account."""
    return f"{installed_state().letters}N{sanction_number}"


@dataclass(frozen=True, slots=True)
class PayeeDetails:
    """A beneficiary in a file, at one version of the account. `aadhaar_reference` refers to the vault only."""

    name: str = field(repr=False)
    name_regional: str = field(repr=False)
    account_number: str = field(repr=False)
    ifsc: str = field(repr=False)
    bank_name: str = field(repr=False)
    district: str
    aadhaar_reference: str | None = field(repr=False, default=None)


@dataclass(frozen=True, slots=True)
class Group:
    """What goes in one batch: one scheme, one agency, one method; the district stands for the agency."""

    scheme_code: str
    agency: str
    method: PaymentMethod = PaymentMethod.ACCOUNT


@dataclass(frozen=True, slots=True)
class Beneficiary:
    """The beneficiary of a sanction at PFMS; `cpsms_id` is the code that PFMS gave, and `codes` why it declined."""

    id: str
    citizen_id: str
    sanction_id: str
    group: Group
    version: int
    account_id: str
    state: RegistrationState
    state_at: datetime
    cpsms_id: str | None = None
    codes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PaymentFileBatch:
    """A batch with its names, its sum in paise, and its state."""

    id: str
    kind: BatchKind
    message_id: str
    batch_id: str
    file_name: str
    group: Group
    pfms_scheme: str
    """The scheme's code at PFMS, as it was when the batch was made."""
    agency_name: str
    lines: int
    total_paise: int
    state: BatchState
    created_at: datetime
    executes_on: date
    digest: str | None = None
    size: int | None = None
    started_at: datetime | None = None
    """When it was first tried to send; None while that was certainly not done."""
    sent_at: datetime | None = None
    answered_at: datetime | None = None
    closed_at: datetime | None = None
    signed_by: str | None = None
    """The fingerprint of the certificate that its file bears; None until it is signed, and in those of old releases."""
    way: Transport | None = None
    """By which way it was first tried to send; None until then, and in those that an old release tried."""


@dataclass(frozen=True, slots=True)
class SignerEnrolment:
    """The state of a certificate at PFMS. `codes` say why it was declined, `source` names the file that reported it."""

    fingerprint: str
    state: EnrolmentState
    heard_at: datetime | None = None
    codes: tuple[str, ...] = ()
    source: str | None = None


@dataclass(frozen=True, slots=True)
class BatchLine:
    """One payment of a batch: references only."""

    batch_id: str
    position: int
    instalment_id: str
    end_to_end_id: str
    beneficiary_id: str
    account_id: str
    amount_paise: int
    state: LineState
    state_at: datetime
    codes: tuple[str, ...] = ()
    utr_last4: str | None = None
    value_on: date | None = None


@dataclass(frozen=True, slots=True)
class LedgerFile:
    """A file that came or went: its name, hash and size, and what became of it."""

    id: str
    direction: Direction
    kind: str
    name: str
    digest: str
    size: int
    state: FileState
    seen_at: datetime
    batch_id: str | None = None
    rows: int = 0
    applied: int = 0
    unknown: int = 0
    reason: str | None = None
    detail: str | None = None
    settled_at: datetime | None = None
