"""Fees paid online: amounts due, the states of a payment order, the times of enquiries, and refunds."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from domain.applications.lifecycle import Move
from domain.kernel.state import installed_state


class FeeRoute(StrEnum):
    """By which way a fee is paid online."""

    TREASURY = "TREASURY"
    """The state treasury's e-Challan: net-banking, UPI, card, or a challan paid at a bank's counter."""
    CSC_WALLET = "CSC_WALLET"
    """The wallet of the centre operator who assists the citizen."""


class FeeState(StrEnum):
    """The state of an order to pay a fee (docs/contracts/other_systems.md section 4)."""

    CREATED = "CREATED"
    REDIRECTED = "REDIRECTED"
    PENDING = "PENDING"
    SUCCESS = "SUCCESS"
    FAILED = "FAILED"
    EXPIRED = "EXPIRED"
    REFUND_REQUESTED = "REFUND_REQUESTED"
    REFUNDED = "REFUNDED"


class ReportedState(StrEnum):
    """What the one who takes the money says of an order when it is asked."""

    SUCCESS = "SUCCESS"
    PENDING = "PENDING"
    FAILED = "FAILED"
    EXPIRED = "EXPIRED"
    REFUNDED = "REFUNDED"
    UNKNOWN = "UNKNOWN"
    """It never heard of the order: the citizen has not come there yet."""


class FeeProblem(StrEnum):
    """What somebody should look at: `FeeOrder.problem`."""

    AMOUNT_MISMATCH = "AMOUNT_MISMATCH"
    """The source holds another amount than the order's."""
    RECEIPT_TWICE = "RECEIPT_TWICE"
    """The source names a receipt that another order was paid with."""
    STATUS_DIFFERS = "STATUS_DIFFERS"
    REPLACED = "REPLACED"
    """Nobody came to pay it, and another way was begun in its place."""
    REVERSAL_UNANSWERED = "REVERSAL_UNANSWERED"
    """The wallet is asked to reverse the payment, and has not answered yet."""
    REFUND_UNANSWERED = "REFUND_UNANSWERED"
    """The wallet is asked for a refund, and has not answered yet."""
    REFUND_DECLINED = "REFUND_DECLINED"
    REFUND_UNCLEAR = "REFUND_UNCLEAR"
    """The wallet may have given the money back or not: somebody must look there."""
    REFUND_OVERDUE = "REFUND_OVERDUE"
    """The wallet accepted to give the money back, and did not within ten working days."""


class RefundCause(StrEnum):
    """Why a fee goes back."""

    SECOND_PAYMENT = "SECOND_PAYMENT"
    """The fee of the application was paid already."""
    NOT_DUE = "NOT_DUE"
    """The application was closed before the payment was known."""
    WITHDRAWN = "WITHDRAWN"
    REJECTED = "REJECTED"
    RETURNED_AS_INCOMPLETE = "RETURNED_AS_INCOMPLETE"
    OTHER_AMOUNT = "OTHER_AMOUNT"
    """Another amount came than was due, and a finance officer ordered it back as a whole."""


_S = FeeState

OPEN = (_S.CREATED, _S.REDIRECTED, _S.PENDING)
"""Nobody knows yet whether it was paid. An application has at most one order in these."""

PAID = (_S.SUCCESS, _S.REFUND_REQUESTED, _S.REFUNDED)
"""The money was taken, whatever became of it."""

STEPS: Mapping[FeeState, frozenset[FeeState]] = {
    _S.CREATED: frozenset({_S.REDIRECTED, _S.PENDING, _S.SUCCESS, _S.FAILED, _S.EXPIRED, _S.REFUND_REQUESTED}),
    _S.REDIRECTED: frozenset({_S.PENDING, _S.SUCCESS, _S.FAILED, _S.EXPIRED, _S.REFUND_REQUESTED}),
    _S.PENDING: frozenset({_S.SUCCESS, _S.FAILED, _S.EXPIRED, _S.REFUND_REQUESTED}),
    # The bank or the counter may say so late; the treasury's word is the truth, whatever we thought before.
    _S.FAILED: frozenset({_S.SUCCESS, _S.REFUND_REQUESTED}),
    _S.EXPIRED: frozenset({_S.SUCCESS, _S.REFUND_REQUESTED}),
    _S.SUCCESS: frozenset({_S.REFUND_REQUESTED}),
    _S.REFUND_REQUESTED: frozenset({_S.REFUNDED}),
    _S.REFUNDED: frozenset(),
}
"""Every lawful step of an order."""

CAUSES: Mapping[Move, RefundCause] = {
    Move.WITHDRAW: RefundCause.WITHDRAWN,
    Move.REJECT: RefundCause.REJECTED,
    Move.RETURN_AS_INCOMPLETE: RefundCause.RETURNED_AS_INCOMPLETE,
}
"""The steps of an application after which a rule may give its fee back."""

FOLLOWED = timedelta(days=7)
"""How long an order that is not settled is asked about (docs/contracts/other_systems.md section 8)."""

ENQUIRIES = (
    timedelta(minutes=2),
    timedelta(minutes=5),
    timedelta(minutes=15),
    timedelta(minutes=60),
    *(timedelta(hours=1 + 6 * round_) for round_ in range(1, 28)),
    FOLLOWED,
)
"""When it is asked about, counted from its beginning: 2, 5, 15, 60 minutes, then every six hours up to seven days."""

BETWEEN = timedelta(seconds=10)
"""The treasury answers one enquiry about an order in ten seconds (docs/contracts/other_systems.md section 7)."""

LATE_ENQUIRIES = timedelta(hours=6)
"""How often an order is asked about after its days, and a refund sent again that the wallet did not take."""

REFUND_ENQUIRIES = UNPAID_ENQUIRIES = timedelta(days=1)
"""How often the wallet is asked about a refund that it accepted, and about an order that ended unpaid."""

REFUND_WORKING_DAYS = 10
"""Within how many working days the wallet pays a refund (docs/contracts/other_systems.md section 3.4)."""


@dataclass(frozen=True, slots=True)
class FeeRules:
    """What the state settled about fees paid online; `charge_source` names the order that sets the portal's charge."""

    charge_paise: int = 0
    charge_source: str | None = None
    refund_after: frozenset[Move] = frozenset()
    """After which steps of its application a paid fee goes back; empty where no rule gives it back."""
    refund_source: str | None = None


@dataclass(frozen=True, slots=True)
class FeeDue:
    """What is to be paid for an application, in paise: the service's fee and the portal's charge."""

    fee_paise: int
    charge_paise: int
    charge_source: str | None = None

    @property
    def total_paise(self) -> int:
        """Both together, as the order says it."""
        return self.fee_paise + self.charge_paise


@dataclass(frozen=True, slots=True)
class FeeReceipt:
    """What shows that money was taken: government reference number, challan, CIN, and the bank's own."""

    grn: str
    challan_no: str | None
    cin: str | None
    bank_reference: str | None
    mode: str | None
    paid_at: datetime
    paid_at_heard: bool = False
    """Whether `paid_at` is when it was first heard of, since the source told no time."""


@dataclass(frozen=True, slots=True)
class FeeNews:
    """What was heard of one order, by a server-side enquiry and nothing else."""

    state: ReportedState
    amount_paise: int | None = None
    receipt: FeeReceipt | None = None


@dataclass(frozen=True, slots=True)
class FeeOrder:
    """One order to pay the fee of an application. Amounts and heads were fixed by us when it was made.

    `problem` is a short code of what somebody should look at, a `FeeProblem`; `confirmed_at` is when the one who takes
    the money last answered about it, `asked_at` when it was last asked. `taken_paise` is what the source holds where
    that is another amount than the order's; `receipt` then shows that it was taken, and nothing is paid with it.
    """

    id: str
    number: str
    reference: str
    application_id: str
    citizen_id: str
    operator_id: str | None
    service_code: str
    department: str | None
    district: str
    tehsil: str | None
    route: FeeRoute
    state: FeeState
    fee_paise: int
    charge_paise: int
    head: str
    charge_head: str | None
    created_at: datetime
    due_at: datetime | None
    asked_at: datetime | None = None
    confirmed_at: datetime | None = None
    receipt: FeeReceipt | None = None
    taken_paise: int | None = None
    problem: str | None = None
    settled_at: datetime | None = None
    scrolled_on: date | None = None
    refund_cause: RefundCause | None = None
    refund_reference: str | None = None
    refund_requested_at: datetime | None = None
    refunded_at: datetime | None = None
    version: int = 1
    updated_at: datetime | None = None

    @property
    def total_paise(self) -> int:
        """What is to be paid, in paise."""
        return self.fee_paise + self.charge_paise

    @property
    def held_paise(self) -> int:
        """What the source holds, or held, of an order that money was taken for, in paise."""
        return self.total_paise if self.taken_paise is None else self.taken_paise

    @property
    def open(self) -> bool:
        """Whether it is not known yet if it was paid."""
        return self.state in OPEN

    @property
    def holds_other_amount(self) -> bool:
        """Whether the source holds another amount for it, of which nobody has said yet that it goes back."""
        return self.taken_paise is not None and self.state not in PAID


@dataclass(frozen=True, slots=True)
class ScrollLine:
    """One line of the treasury's daily scroll: what a challan paid to one head, in paise."""

    grn: str
    cin: str
    reference: str
    head: str
    amount_paise: int
    scrolled_on: date
    status: str


def fee_due(fee_paise: int | None, rules: FeeRules) -> FeeDue | None:
    """What is to be paid online for a fee; None where the service has none, so that all of this is skipped."""
    if not fee_paise:
        return None
    return FeeDue(fee_paise, rules.charge_paise, rules.charge_source)


def may_become(before: FeeState, after: FeeState) -> bool:
    """Whether an order may take that step."""
    return after in STEPS[before]


def next_enquiry(created_at: datetime, now: datetime) -> datetime:
    """When an order that is not settled is asked about next.

    After seven days it is every six hours still, until somebody answers: a time-out never ends an order.
    """
    return next((created_at + after for after in ENQUIRIES if created_at + after > now), now + LATE_ENQUIRIES)


def next_unpaid_enquiry(order: "FeeOrder", now: datetime) -> datetime | None:
    """When an order that ended unpaid is asked about next; None where nobody asks any more.

    The wallet is asked once a day for seven days, since it may be paid in an old tab, and no scroll would tell of it
    (docs/contracts/other_systems.md section 3.5). The treasury has its scroll.
    """
    ended = order.settled_at or now
    wallet = order.route is FeeRoute.CSC_WALLET
    return now + UNPAID_ENQUIRIES if wallet and now - ended < FOLLOWED else None


def is_over(created_at: datetime, now: datetime) -> bool:
    """Whether the days of an order are over, so that an answer of not paid ends it."""
    return now - created_at >= FOLLOWED


def may_be_asked(asked_at: datetime | None, now: datetime) -> bool:
    """Whether an order may be asked about now, by the treasury's limit."""
    return asked_at is None or now - asked_at >= BETWEEN


def reference_of(number: str) -> str:
    """Our reference of an order at the one who takes the money: at most 20 characters, and never used again."""
    return f"{installed_state().letters}AS{number}"
