"""Messages to citizens as keys and parameters, so that they store no free text."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from domain.applications.applications import Application
from domain.applications.lifecycle import Move
from domain.kernel import IST, Language, show_number
from domain.kernel.messages import catalogue, label


class NoticeKind(StrEnum):
    """The event of a message; its text is `notice.<kind>` of the catalogues."""

    APPLICATION_RECEIVED = "APPLICATION_RECEIVED"
    """Somebody else filed it for the citizen."""
    APPLICATION_ACKNOWLEDGED = "APPLICATION_ACKNOWLEDGED"
    """The citizen filed it."""
    FEE_DUE = "FEE_DUE"
    FINAL_FEE_DUE = "FINAL_FEE_DUE"
    """The fee that fell due with the approval."""
    QUERY_RAISED = "QUERY_RAISED"
    QUERY_ANSWERED = "QUERY_ANSWERED"
    VERIFICATION_ORDERED = "VERIFICATION_ORDERED"
    """It is verified in the field; where a visit is fixed, another message says the day."""
    CLEARANCE_ASKED = "CLEARANCE_ASKED"
    CLEARANCE_ANSWERED = "CLEARANCE_ANSWERED"
    APPROVED = "APPROVED"
    CERTIFICATE_READY = "CERTIFICATE_READY"
    """It waits at the counter, or for a doorstep slot that the citizen chooses."""
    CERTIFICATE_CORRECTED = "CERTIFICATE_CORRECTED"
    CERTIFICATE_REVOKED = "CERTIFICATE_REVOKED"
    RENEWAL_DUE = "RENEWAL_DUE"
    """It ends soon, and may be renewed."""
    DELIVERED = "DELIVERED"
    DELIVERY_COMING = "DELIVERY_COMING"
    """The agent brings the paper on the next day."""
    REJECTED = "REJECTED"
    RETURNED_AS_INCOMPLETE = "RETURNED_AS_INCOMPLETE"
    WITHDRAWN = "WITHDRAWN"
    """Somebody else withdrew it for the citizen."""
    REOPENED = "REOPENED"
    DUE_DATE_PASSED = "DUE_DATE_PASSED"
    APPEAL_FILED = "APPEAL_FILED"
    """It was filed automatically, or by somebody else for the citizen."""
    APPEAL_LAPSED = "APPEAL_LAPSED"
    """It was not decided in time and does not go on by itself."""
    APPEAL_CLOSED = "APPEAL_CLOSED"
    HEARING_FIXED = "HEARING_FIXED"
    HEARING_MOVED = "HEARING_MOVED"
    HEARING_CANCELLED = "HEARING_CANCELLED"
    ORDER_TO_DELIVER = "ORDER_TO_DELIVER"
    ORDER_OBEYED = "ORDER_OBEYED"
    APPEAL_DISMISSED = "APPEAL_DISMISSED"
    DISMISSED_FINALLY = "DISMISSED_FINALLY"
    ORDER_IGNORED = "ORDER_IGNORED"
    """An order of the Commission: no level follows."""
    COMPENSATION_ORDERED = "COMPENSATION_ORDERED"
    COMPENSATION_PAID = "COMPENSATION_PAID"
    VISIT_BOOKED = "VISIT_BOOKED"
    INSPECTION_FIXED = "INSPECTION_FIXED"
    VISIT_CANCELLED = "VISIT_CANCELLED"
    VISIT_STARTED = "VISIT_STARTED"
    """The agent is on the way; the code itself is never in a message."""
    VISIT_FAILED = "VISIT_FAILED"
    PAPERS_FETCHED = "PAPERS_FETCHED"
    GRIEVANCE_REPLIED = "GRIEVANCE_REPLIED"
    GRIEVANCE_ESCALATED = "GRIEVANCE_ESCALATED"
    SUGGESTION_ANSWERED = "SUGGESTION_ANSWERED"
    CONSENT_ASKED = "CONSENT_ASKED"
    ASSISTANCE_GIVEN = "ASSISTANCE_GIVEN"
    """An operator acts for the citizen from now on: by a code, a relative's code, or a signed paper."""
    ACCOUNT_LINKED = "ACCOUNT_LINKED"
    NEW_DEVICE = "NEW_DEVICE"
    """Somebody signed in on a kind of device on which the account was never open."""
    RECORDS_TO_BE_JOINED = "RECORDS_TO_BE_JOINED"
    """An officer agreed that two records are the citizen's; until the merge the citizen may stop it."""
    RECORDS_JOINED = "RECORDS_JOINED"
    FEE_AMOUNT_DIFFERS = "FEE_AMOUNT_DIFFERS"
    """Money came that does not count as the fee; the payment shows where it is."""
    FEE_REFUND_REQUESTED = "FEE_REFUND_REQUESTED"
    FEE_REFUND_SENT = "FEE_REFUND_SENT"
    """The one who took the money has ordered it back; it is not there yet."""
    FEE_REFUNDED = "FEE_REFUNDED"
    PAYMENT_SENT = "PAYMENT_SENT"
    PAYMENT_CREDITED = "PAYMENT_CREDITED"
    PAYMENT_RETURNED = "PAYMENT_RETURNED"
    """The bank sent it back; the payment shows what to do."""
    PAYMENT_ACCOUNT_REJECTED = "PAYMENT_ACCOUNT_REJECTED"
    """The bank account was refused before anything was sent."""
    PAYMENT_ACCOUNT_CHANGED = "PAYMENT_ACCOUNT_CHANGED"
    PAYMENT_REISSUED = "PAYMENT_REISSUED"
    LIFE_CERTIFICATE_WANTED = "LIFE_CERTIFICATE_WANTED"
    BENEFIT_STOPPED = "BENEFIT_STOPPED"
    BENEFIT_RESUMED = "BENEFIT_RESUMED"
    RECOVERY_ORDERED = "RECOVERY_ORDERED"
    TEST_MESSAGE = "TEST_MESSAGE"
    """The citizen tries a channel; it goes by no other."""


NEEDS_HER = frozenset(
    {
        NoticeKind.FEE_DUE,
        NoticeKind.FINAL_FEE_DUE,
        NoticeKind.QUERY_RAISED,
        NoticeKind.CERTIFICATE_READY,
        NoticeKind.RENEWAL_DUE,
        NoticeKind.RETURNED_AS_INCOMPLETE,
        NoticeKind.REJECTED,
        NoticeKind.DUE_DATE_PASSED,
        NoticeKind.APPEAL_LAPSED,
        NoticeKind.HEARING_FIXED,
        NoticeKind.HEARING_MOVED,
        NoticeKind.APPEAL_DISMISSED,
        NoticeKind.VISIT_STARTED,
        NoticeKind.INSPECTION_FIXED,
        NoticeKind.VISIT_FAILED,
        NoticeKind.CONSENT_ASKED,
        NoticeKind.PAYMENT_RETURNED,
        NoticeKind.PAYMENT_ACCOUNT_REJECTED,
        NoticeKind.LIFE_CERTIFICATE_WANTED,
        NoticeKind.BENEFIT_STOPPED,
        NoticeKind.RECOVERY_ORDERED,
        NoticeKind.RECORDS_TO_BE_JOINED,
    }
)
"""Messages after which the citizen has something to do, or may do something before a date."""

WARNINGS = frozenset(
    {
        NoticeKind.PAYMENT_ACCOUNT_CHANGED,
        NoticeKind.ACCOUNT_LINKED,
        NoticeKind.NEW_DEVICE,
        NoticeKind.ASSISTANCE_GIVEN,
        NoticeKind.APPLICATION_RECEIVED,
        NoticeKind.WITHDRAWN,
        NoticeKind.ORDER_IGNORED,
    }
)
"""Messages that warn her. A push stands in for none: who has come into her account may have the only app."""

ALWAYS_BY_SMS = NEEDS_HER | WARNINGS
"""Messages that nobody can switch off: what needs her, and what warns her of acts in her name or against an order for
her, so that who has come into her account cannot hide it."""

NEWS = frozenset(
    {
        NoticeKind.QUERY_ANSWERED,
        NoticeKind.CLEARANCE_ASKED,
        NoticeKind.CLEARANCE_ANSWERED,
        NoticeKind.PAYMENT_SENT,
    }
)
"""Messages that only tell that a case goes on. An SMS costs the state money, so they come by SMS to those alone who
chose SMS; others read them in the portal and on channels that cost nothing or less."""

OF_MOVES: Mapping[Move, NoticeKind] = {
    Move.SUBMIT: NoticeKind.APPLICATION_RECEIVED,
    Move.ASK_FEE: NoticeKind.FEE_DUE,
    Move.RAISE_QUERY: NoticeKind.QUERY_RAISED,
    Move.ANSWER_QUERY: NoticeKind.QUERY_ANSWERED,
    Move.SEND_FOR_VERIFICATION: NoticeKind.VERIFICATION_ORDERED,
    Move.ASK_CLEARANCE: NoticeKind.CLEARANCE_ASKED,
    Move.ANSWER_CLEARANCE: NoticeKind.CLEARANCE_ANSWERED,
    Move.APPROVE: NoticeKind.APPROVED,
    Move.ISSUE_CERTIFICATE: NoticeKind.CERTIFICATE_READY,
    Move.DELIVER: NoticeKind.DELIVERED,
    Move.CORRECT_CERTIFICATE: NoticeKind.CERTIFICATE_CORRECTED,
    Move.REVOKE_CERTIFICATE: NoticeKind.CERTIFICATE_REVOKED,
    Move.REJECT: NoticeKind.REJECTED,
    Move.RETURN_AS_INCOMPLETE: NoticeKind.RETURNED_AS_INCOMPLETE,
    Move.WITHDRAW: NoticeKind.WITHDRAWN,
    Move.REOPEN: NoticeKind.REOPENED,
}
"""The message that a step of an application brings."""


def fee_due_kind(application: Application) -> NoticeKind:
    """What the citizen is told who has a fee to pay: before the time limit begins, or after the approval."""
    return NoticeKind.FINAL_FEE_DUE if application.decision else NoticeKind.FEE_DUE


MISSED = "missed"
"""The one part of a message that it may go without: what of the time of a stop is not paid."""


class Topic(StrEnum):
    """The kind of object that a message is about, besides its application."""

    APPLICATION = "APPLICATION"
    APPEAL = "APPEAL"
    VISIT = "VISIT"
    GRIEVANCE = "GRIEVANCE"
    SUGGESTION = "SUGGESTION"
    CONSENT = "CONSENT"
    ACCOUNT = "ACCOUNT"
    BENEFIT = "BENEFIT"


@dataclass(frozen=True, slots=True)
class Notice:
    """One message to one citizen. `params` are codes, numbers, days and instants; `read_at` None is unread.

    `event_key` names the event: it is unique, so that one event sends one message.
    """

    id: str
    citizen_id: str
    kind: NoticeKind
    topic: Topic
    topic_id: str
    application_id: str | None
    event_key: str
    created_at: datetime
    read_at: datetime | None = None
    params: Mapping[str, str] = field(default_factory=dict)


def notice_text(notice: Notice, language: Language) -> str:
    """The message in words. Numbers are shown 4-5-5, days and instants as people in India write them."""
    shown = notice_values(notice, language)
    return label(f"notice.{notice.kind.value}", language).format_map({MISSED: "", **shown}).rstrip()


def notice_values(notice: Notice, language: Language) -> dict[str, str]:
    """What fills the text of a message, in words and by name."""
    params = {"ground_title": "OTHER", **notice.params} if notice.kind is NoticeKind.REJECTED else notice.params
    return {name: _format_param(name, value, language) for name, value in params.items()}


def _format_param(name: str, value: str, language: Language) -> str:
    match name:
        case "number" | "appeal":
            return show_number(value)
        case "on":
            return date.fromisoformat(value).strftime("%d-%m-%Y")
        case "at":
            return datetime.fromisoformat(value).astimezone(IST).strftime("%d-%m-%Y %H:%M")
        case _:
            return catalogue(language).get(f"{name}.{value}", value)
