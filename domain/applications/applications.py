"""Types for applications, their attachments and their history."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from domain.applications.deadline import TimeLimit
from domain.applications.lifecycle import ON_THE_CLOCK, Move, Status
from domain.certificates.signatures import PaperJudgement, SignatureState
from domain.kernel import ist_date


class Channel(StrEnum):
    """The channel by which an application was filed."""

    WEB = "WEB"
    MOBILE = "MOBILE"
    CSC = "CSC"
    E_DISTRICT = "E_DISTRICT"
    UMANG = "UMANG"
    WHATSAPP = "WHATSAPP"
    SCHOOL = "SCHOOL"
    CAMP = "CAMP"
    DOORSTEP = "DOORSTEP"


ASSISTED = frozenset({Channel.CSC, Channel.E_DISTRICT, Channel.SCHOOL, Channel.CAMP, Channel.DOORSTEP})
"""Channels in which somebody files for the citizen."""

BY_ROSTER = frozenset({Channel.SCHOOL, Channel.CAMP})
"""Channels that only the roster of a school or camp comes in by."""


def filed_through(asked: Channel, *, assisted: bool, umang: bool = False, roster: bool = False) -> Channel:
    """The channel that is recorded at filing; `umang` for calls of UMANG's API, `roster` for a row of one.

    What an operator hands in never counts as the citizen's own doing, and what the citizen hands in never as that
    of a centre. What came in by UMANG's API is UMANG's and nothing else is, so that the two can be compared.
    """
    if umang:
        return Channel.UMANG
    if assisted:
        reached = asked in ASSISTED and (roster or asked not in BY_ROSTER)
        return asked if reached else Channel.CSC
    return Channel.WEB if asked in ASSISTED or asked is Channel.UMANG else asked


class DeliveryMode(StrEnum):
    """The citizen's choice of delivery of the result."""

    PORTAL = "PORTAL"
    COUNTER = "COUNTER"
    DOORSTEP = "DOORSTEP"


class RejectionGround(StrEnum):
    """Coded grounds of a rejection, return or query."""

    NOT_ELIGIBLE = "NOT_ELIGIBLE"
    DOCUMENT_NOT_VALID = "DOCUMENT_NOT_VALID"
    DOCUMENT_NOT_LEGIBLE = "DOCUMENT_NOT_LEGIBLE"
    FACTS_NOT_CONFIRMED = "FACTS_NOT_CONFIRMED"
    ALREADY_ISSUED = "ALREADY_ISSUED"
    OUTSIDE_JURISDICTION = "OUTSIDE_JURISDICTION"
    FORM_INCOMPLETE = "FORM_INCOMPLETE"


@dataclass(frozen=True, slots=True)
class AttachedDocument:
    """A paper attached to an application by reference. `key` is the required document it answers.

    `verified_at` is when it was seen at its source; None while the source was away when it was attached.
    A document of the locker is frozen soon after: `sha256` then names the bytes that we keep of it, and
    `signature` says what its issuer's signature was worth at that time. `judgement` is about the signatures in a PDF.
    """

    id: str
    key: str
    source: str
    uri: str
    name: str
    sha256: str | None
    attached_at: datetime
    verified_at: datetime | None = None
    signature: SignatureState | None = None
    judgement: PaperJudgement | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """How an application was decided, by whom and why."""

    approved: bool
    ground: RejectionGround | None
    reason: str | None
    officer_id: str | None
    decided_at: datetime
    signed_at: datetime | None = None
    """When it was signed on a device without a connection, where that instant ends the legal clock; else None.

    `decided_at` is then when it came in, with which the citizen's periods begin.
    """


@dataclass(frozen=True, slots=True)
class Application:
    """One citizen's application for one service.

    `version` grows by one with every change but that of dates by a newer list of holidays, which is no step.
    """

    id: str
    number: str
    citizen_id: str
    service_code: str
    department: str | None
    district: str
    tehsil: str | None
    channel: Channel
    delivery: DeliveryMode
    status: Status
    version: int
    form: Mapping[str, str] = field(repr=False)
    fee_paise: int | None
    created_at: datetime
    updated_at: datetime
    acknowledgement: str | None = None
    operator_id: str | None = None
    fee_receipt: str | None = None
    officer_id: str | None = None
    limit: TimeLimit | None = None
    clock_started_at: datetime | None = None
    paused_since: datetime | None = None
    paused_days: int = 0
    due_at: datetime | None = None
    decision: Decision | None = None
    submitted_at: datetime | None = None
    delivered_at: datetime | None = None
    paused_left: int | None = None
    """Days of the limit's unit that were left when the pause began; None where none runs, or by an earlier release."""
    clock_ended_at: datetime | None = None
    """When the legal clock ended: made available, refused or withdrawn; None also where an earlier release wrote it."""
    lawful_due_at: datetime | None = None
    """The last lawful second by the newest list of holidays, where that is later than `due_at`, which was promised."""
    service_version: int | None = None
    """The entry of the catalogue that it was filed under; None before entries were counted, which is the first."""
    renews: str | None = None
    """The number of the certificate that it renews."""

    @property
    def officer_due_at(self) -> datetime | None:
        """By what the officer's lateness is measured (docs/contracts/right_to_service.md section 3.3)."""
        return self.lawful_due_at or self.due_at


def clock_end_of(application: Application) -> datetime | None:
    """When the legal clock of an application ended; None while it runs, is paused or has not begun.

    It ends when the result is made available, not when it is collected (docs/contracts/right_to_service.md section
    3.1). What an earlier release ended says no such instant: then the delivery or the decision stands for it.
    """
    if application.clock_ended_at is not None:
        return application.clock_ended_at
    if application.paused_since is not None:
        return None
    if application.status in ON_THE_CLOCK or application.submitted_at is None or application.decision is None:
        withdrawn = application.status is Status.WITHDRAWN
        return application.delivered_at or (application.updated_at if withdrawn else None)
    return application.delivered_at or application.decision.decided_at


@dataclass(frozen=True, slots=True)
class TimelineEntry:
    """One step in the life of an application; `actor` is a role, `note` a text meant for the citizen."""

    id: str
    application_id: str
    sequence: int
    move: Move
    before: Status | None
    after: Status
    actor_role: str
    actor_id: str | None
    ground: RejectionGround | None
    note: str | None
    at: datetime
    documents: tuple[str, ...] = ()
    """The notified papers that a query or refusal is about, by their keys."""
    holder_id: str | None = None
    """The officer who has the application after the step; None where nobody has it."""


def heard_late_at(application: Application, steps: Sequence[TimelineEntry]) -> datetime | None:
    """When the payment was heard of with which the clock began or went on, where that was on a later day; else None.

    Before that no officer could have known of it (docs/contracts/right_to_service.md section 3.3).
    """
    heard = next((one for one in steps if one.move in (Move.RECEIVE_FEE, Move.RECEIVE_FINAL_FEE)), None)
    paid_at = application.clock_started_at
    if heard is not None and heard.move is Move.RECEIVE_FINAL_FEE:
        since, paid_at = pauses_of(application, steps)[-1]
        if application.due_at is None or application.due_at < since:
            return None  # a limit that was over did not stand
    return heard.at if paid_at is not None and heard is not None and ist_date(heard.at) > ist_date(paid_at) else None


def pauses_of(application: Application, steps: Iterable[TimelineEntry]) -> list[tuple[datetime, datetime]]:
    """The queries answered, and the fees after approval paid: when each pause began and ended, the oldest first.

    A fee ends it with its payment, whenever that was heard of: `paused_days` has the days of all pauses.
    """
    found: list[tuple[datetime, datetime]] = []
    since, days = None, application.paused_days
    for one in steps:
        if one.move is Move.RAISE_QUERY or (one.move is Move.ASK_FEE and one.before is Status.APPROVED):
            since = one.at
        elif one.move in (Move.ANSWER_QUERY, Move.RECEIVE_FINAL_FEE) and since is not None:
            until = one.at if one.move is Move.ANSWER_QUERY else min(one.at, since + timedelta(days=max(days, 0)))
            found.append((since, until))
            days -= (ist_date(until) - ist_date(since)).days
            since = None
    return found
