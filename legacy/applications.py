"""Old applications: the contents of a former system's row, and the application history that follows from it.

The rules are those of docs/import.md. Nothing here counts, tells or files anything: a life is laid out as it was.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from types import MappingProxyType

from domain.applications.applications import Channel, Decision, DeliveryMode, RejectionGround
from domain.applications.deadline import (
    DayUnit,
    Pause,
    TimeLimit,
    WorkCalendar,
    breaches_at,
    days_left,
    due_if_answered,
    due_on,
    end_of_day,
)
from domain.applications.lifecycle import FINAL, ON_THE_CLOCK, OPEN, REFUSED, TRANSITIONS, Move, Status
from domain.catalogue.catalogue import Outcome, Service
from domain.kernel import Bilingual, Role, ist_date


class Fault(StrEnum):
    """Why a row is left out; docs/import.md says what to do about each."""

    ROW_NOT_READABLE = "ROW_NOT_READABLE"
    ROW_TOO_LONG = "ROW_TOO_LONG"
    FIELD_UNKNOWN = "FIELD_UNKNOWN"
    FIELD_MISSING = "FIELD_MISSING"
    FIELD_TOO_LONG = "FIELD_TOO_LONG"
    NOT_TEXT = "NOT_TEXT"
    HIDDEN_CHARACTER = "HIDDEN_CHARACTER"
    NOT_A_DAY = "NOT_A_DAY"
    NOT_AN_INSTANT = "NOT_AN_INSTANT"
    NOT_A_NUMBER = "NOT_A_NUMBER"
    IN_THE_FUTURE = "IN_THE_FUTURE"
    OUT_OF_ORDER = "OUT_OF_ORDER"
    SERVICE_UNKNOWN = "SERVICE_UNKNOWN"
    PLACE_UNKNOWN = "PLACE_UNKNOWN"
    WORD_UNKNOWN = "WORD_UNKNOWN"
    NUMBER_NOT_USABLE = "NUMBER_NOT_USABLE"
    NUMBER_IS_OURS = "NUMBER_IS_OURS"
    NUMBER_TAKEN = "NUMBER_TAKEN"
    OTHER_CONTENT = "OTHER_CONTENT"
    MOBILE_NOT_VALID = "MOBILE_NOT_VALID"
    AADHAAR_NOT_VALID = "AADHAAR_NOT_VALID"
    AADHAAR_IN_TEXT = "AADHAAR_IN_TEXT"
    STEP_NOT_LAWFUL = "STEP_NOT_LAWFUL"
    OUTCOME_DIFFERS = "OUTCOME_DIFFERS"
    GROUND_MISSING = "GROUND_MISSING"
    PAYMENT_UNDER_WAY = "PAYMENT_UNDER_WAY"
    NO_CERTIFICATE_HERE = "NO_CERTIFICATE_HERE"
    CERTIFICATE_MISSING = "CERTIFICATE_MISSING"
    PERSON_DIFFERS = "PERSON_DIFFERS"
    FILE_MISSING = "FILE_MISSING"
    FILE_TOO_LARGE = "FILE_TOO_LARGE"
    FILE_NOT_PDF = "FILE_NOT_PDF"
    FILE_INFECTED = "FILE_INFECTED"
    FILE_DIFFERS = "FILE_DIFFERS"


MEANINGS: Mapping[Fault, str] = MappingProxyType(
    {
        Fault.ROW_NOT_READABLE: "the row is not JSON or CSV, or has another number of columns than the head",
        Fault.ROW_TOO_LONG: "the row is longer than is read",
        Fault.FIELD_UNKNOWN: "there is no such column",
        Fault.FIELD_MISSING: "the column must not be empty here",
        Fault.FIELD_TOO_LONG: "the text is too long",
        Fault.NOT_TEXT: "the value is of another kind than asked for",
        Fault.HIDDEN_CHARACTER: "the value has a character of direction or zero width, which nobody sees",
        Fault.NOT_A_DAY: "a day is written as 2019-03-31",
        Fault.NOT_AN_INSTANT: "a time is written as 2019-03-31T10:00:00+05:30",
        Fault.NOT_A_NUMBER: "a whole number is asked for",
        Fault.IN_THE_FUTURE: "the day or time has not come yet",
        Fault.OUT_OF_ORDER: "the time lies before the one that must come before it",
        Fault.SERVICE_UNKNOWN: "the catalogue has no service with this code or slug",
        Fault.PLACE_UNKNOWN: "there is no such district, or no such tehsil in it",
        Fault.WORD_UNKNOWN: "the word is not one of those that are allowed",
        Fault.NUMBER_NOT_USABLE: "an old number has 4 to 40 letters, digits and slashes, and a digit among them",
        Fault.NUMBER_IS_OURS: "the old number has the form of a number of this gateway",
        Fault.NUMBER_TAKEN: "the old number names another application or certificate already",
        Fault.OTHER_CONTENT: "the application with this number was taken over already with other content",
        Fault.MOBILE_NOT_VALID: "the mobile number is not one of ten digits",
        Fault.AADHAAR_NOT_VALID: "the Aadhaar number is not valid by its check digit",
        Fault.AADHAAR_IN_TEXT: "an Aadhaar number stands where none may be kept",
        Fault.STEP_NOT_LAWFUL: "the step does not follow from the state before it, or is none that may be taken over",
        Fault.OUTCOME_DIFFERS: "the history does not end as the outcome says",
        Fault.GROUND_MISSING: "REJECTED and RETURNED need a coded ground (with a history: in its last step), one of "
        + ", ".join(RejectionGround),
        Fault.PAYMENT_UNDER_WAY: "it is approved and not delivered; end it in the former system first",
        Fault.NO_CERTIFICATE_HERE: "the service ends in no certificate, or the application has not come so far",
        Fault.CERTIFICATE_MISSING: "number, day of issue and file of a certificate go together",
        Fault.PERSON_DIFFERS: "the same person was taken over with another date of birth",
        Fault.FILE_MISSING: "there is no such file among the certificates",
        Fault.FILE_TOO_LARGE: "the file is larger than is taken",
        Fault.FILE_NOT_PDF: "the file is no whole PDF",
        Fault.FILE_INFECTED: "the scanner found something in the file",
        Fault.FILE_DIFFERS: "the file has another SHA-256 than the row says",
    }
)


@dataclass(frozen=True, slots=True)
class Reject:
    """Why one row is left out. `number` is its old number in its normal form, None where it has none to show."""

    row: int
    number: str | None
    field: str
    fault: Fault


class LegacyOutcome(StrEnum):
    """How an old application ended."""

    DELIVERED = "DELIVERED"
    REJECTED = "REJECTED"
    RETURNED = "RETURNED"
    WITHDRAWN = "WITHDRAWN"
    PENDING = "PENDING"


OUTCOME_OF: Mapping[Status, LegacyOutcome] = MappingProxyType(
    {
        **dict.fromkeys(OPEN, LegacyOutcome.PENDING),
        Status.DELIVERED: LegacyOutcome.DELIVERED,
        Status.REJECTED: LegacyOutcome.REJECTED,
        Status.RETURNED_AS_INCOMPLETE: LegacyOutcome.RETURNED,
        Status.WITHDRAWN: LegacyOutcome.WITHDRAWN,
    }
)

MOVES = frozenset(Move) - {
    Move.SAVE_DRAFT,
    Move.REOPEN,
    Move.ASK_CLEARANCE,
    Move.ANSWER_CLEARANCE,
    Move.CORRECT_CERTIFICATE,
    Move.REVOKE_CERTIFICATE,
}
"""The steps that may be taken over: the others have records of their own, which the old data do not bring."""

_TAKEN_BY: Mapping[Move, Role] = MappingProxyType(
    {Move.SUBMIT: Role.CITIZEN, Move.ANSWER_QUERY: Role.CITIZEN, Move.WITHDRAW: Role.CITIZEN}
)
_NEEDS_SCRUTINY = frozenset({Move.RAISE_QUERY, Move.SEND_FOR_VERIFICATION, Move.APPROVE, Move.REJECT})


@dataclass(frozen=True, slots=True)
class LegacyStep:
    """One step of an old history; `by` is the designation of who took it."""

    move: Move
    at: datetime
    by: str | None = None
    ground: RejectionGround | None = None
    note: str | None = None

    @property
    def role(self) -> Role:
        """In which role it was taken, as timelines name it; who it was is not known here."""
        return _TAKEN_BY.get(self.move, Role.OFFICER)

    @property
    def words(self) -> str | None:
        """What the timeline says: the designation, and the note behind it."""
        return ": ".join(text for text in (self.by, self.note) if text) or None


@dataclass(frozen=True, slots=True)
class LegacyPerson:
    """The applicant. `old_id` is the former system's own id of her; `aadhaar` goes to the vault and nowhere else."""

    name: Bilingual = field(repr=False)
    born_on: date | None = field(repr=False)
    gender: str | None = field(repr=False)
    mobile: str | None = field(repr=False)
    email: str | None = field(repr=False)
    old_id: str | None = field(repr=False)
    aadhaar: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class LegacyCertificate:
    """The certificate that was issued: `file` names its PDF, `sha256` is what the row says of it.

    `number` is in its normal form, `printed` as it stands on the paper.
    """

    number: str
    printed: str
    issued_on: date
    valid_until: date | None
    file: str
    sha256: str | None


@dataclass(frozen=True, slots=True)
class LegacyRow:
    """One row, read and found good. `number` is in its normal form, `content` what a rerun compares."""

    row: int
    number: str
    content: str = field(repr=False)
    person: LegacyPerson
    service: Service
    district: str
    tehsil: str | None
    channel: Channel
    delivery: DeliveryMode
    form: Mapping[str, str] = field(repr=False)
    fee_paise: int | None
    reason: str | None
    due_on: date | None
    steps: tuple[LegacyStep, ...]
    certificate: LegacyCertificate | None


@dataclass(frozen=True, slots=True)
class Life:
    """Where the steps lead. `statuses` has the state after each step."""

    statuses: tuple[Status, ...]
    limit: TimeLimit | None
    clock_started_at: datetime | None
    paused_since: datetime | None
    paused_left: int | None
    paused_days: int
    due_at: datetime | None
    decision: Decision | None
    delivered_at: datetime | None
    clock_ended_at: datetime | None

    @property
    def status(self) -> Status:
        """The state of the application."""
        return self.statuses[-1]


class NotLawful(ValueError):
    """A step that does not follow; `place` counts from 0."""

    def __init__(self, place: int, fault: Fault) -> None:
        super().__init__(fault.value)
        self.place, self.fault = place, fault


def derive_steps(
    service: Service, outcome: LegacyOutcome, submitted_at: datetime, decided_at: datetime | None, step: LegacyStep
) -> tuple[LegacyStep, ...]:
    """The shortest history that fits, for a row that brings none; `step` is what ended it, or the submission.

    Only `step` says who and why: of the others nothing is known but that they were taken.
    """
    steps = [LegacyStep(Move.SUBMIT, submitted_at), LegacyStep(Move.BEGIN_SCRUTINY, submitted_at)]
    match outcome:
        case LegacyOutcome.RETURNED | LegacyOutcome.WITHDRAWN | LegacyOutcome.REJECTED:
            steps.append(step)
        case LegacyOutcome.DELIVERED:
            between = {Outcome.CERTIFICATE: Move.ISSUE_CERTIFICATE, Outcome.BENEFIT: Move.SANCTION_BENEFIT}
            moves = [Move.APPROVE, *([between[service.outcome]] if service.outcome in between else [])]
            steps += [LegacyStep(move, decided_at or step.at) for move in moves]
            steps.append(step)
        case LegacyOutcome.PENDING:
            pass
    return tuple(steps)


def with_scrutiny(steps: Sequence[LegacyStep]) -> tuple[LegacyStep, ...]:
    """The same steps, with the beginning of scrutiny where a former system did not write it down."""
    whole: list[LegacyStep] = []
    status: Status | None = None
    for step in steps:
        if status is Status.SUBMITTED and step.move in _NEEDS_SCRUTINY:
            whole.append(LegacyStep(Move.BEGIN_SCRUTINY, step.at))
            status = Status.IN_SCRUTINY
        whole.append(step)
        status = Status.SUBMITTED if status is None else TRANSITIONS.get((status, step.move), status)
    return tuple(whole)


def statuses_of(steps: Sequence[LegacyStep], service: Service) -> tuple[Status, ...]:
    """The state after each step. Raises NotLawful."""
    found: list[Status] = []
    for place, step in enumerate(steps):
        if step.move not in MOVES or not _fits(step.move, service.outcome):
            raise NotLawful(place, Fault.STEP_NOT_LAWFUL)
        before = found[-1] if found else None
        after = TRANSITIONS.get((before, step.move)) if before else _first_status(step.move)
        if after is None:
            raise NotLawful(place, Fault.STEP_NOT_LAWFUL)
        if place and step.at < steps[place - 1].at:
            raise NotLawful(place, Fault.OUT_OF_ORDER)
        found.append(after)
    return tuple(found)


def _first_status(move: Move) -> Status | None:
    return Status.SUBMITTED if move is Move.SUBMIT else None


def _fits(move: Move, outcome: Outcome) -> bool:
    needed = {Move.ISSUE_CERTIFICATE: Outcome.CERTIFICATE, Move.SANCTION_BENEFIT: Outcome.BENEFIT}
    return needed.get(move, outcome) is outcome


def life_of(row: LegacyRow, statuses: Sequence[Status], calendar: WorkCalendar) -> Life:
    """The clock and the decision that the steps lead to (docs/import.md, The legal clock).

    The limit is that of the catalogue, counted from the beginning of scrutiny, with each query's days added; where
    the row says a due day, that one stands.
    """
    clock = _Clock(row, calendar)
    decision: Decision | None = None
    for step, status in zip(row.steps, statuses, strict=True):
        clock.pass_by(step, status)
        decision = _decision_of(step, status, row.reason) or decision
    ended = statuses[-1] in FINAL | REFUSED
    delivered = row.steps[-1].at if statuses[-1] is Status.DELIVERED else None
    return Life(
        statuses=tuple(statuses),
        limit=clock.limit,
        clock_started_at=clock.started_at,
        paused_since=None if ended else clock.paused_since,
        paused_left=None if ended else clock.paused_left,
        paused_days=clock.paused_days,
        due_at=clock.due_at,
        decision=decision,
        delivered_at=delivered,
        clock_ended_at=clock.ended_at,
    )


def _decision_of(step: LegacyStep, status: Status, reason: str | None) -> Decision | None:
    if step.move is Move.APPROVE:
        return Decision(True, None, None, None, step.at)
    if status in REFUSED:
        return Decision(False, step.ground, reason or step.note, None, step.at)
    return None


_BEFORE_THE_END = ON_THE_CLOCK | {Status.DRAFT, Status.SUBMITTED, Status.FEE_PENDING}
"""The legal clock runs, or is still to start."""


class _Clock:
    """The legal clock on its way through the steps, by the rules of actions/kernel/legal_clock.py."""

    def __init__(self, row: LegacyRow, calendar: WorkCalendar) -> None:
        self._row, self._calendar = row, calendar
        self.limit: TimeLimit | None = None
        self.started_at: datetime | None = None
        self.paused_since: datetime | None = None
        self.paused_left: int | None = None
        self.paused_days = 0
        self.due_at: datetime | None = None
        self.ended_at: datetime | None = None

    def pass_by(self, step: LegacyStep, status: Status) -> None:
        if status in _BEFORE_THE_END:
            self.ended_at = None
        elif self.ended_at is None:
            self.ended_at = step.at
        if self.started_at is None and status is Status.IN_SCRUTINY:
            self._start(step.at)
        if step.move is Move.RAISE_QUERY and (self.due_at is None or step.at < breaches_at(self.due_at)):
            self.paused_since, self.paused_left = step.at, self._left_on(ist_date(step.at))
        elif step.move is Move.ANSWER_QUERY and self.paused_since is not None:
            self._resume(step.at)

    def _start(self, at: datetime) -> None:
        service, row = self._row.service, self._row
        self.started_at = at
        days, unit = service.limit_days, service.limit_unit
        if days is None and row.due_on is not None:
            days, unit = max((row.due_on - ist_date(at)).days, 0), DayUnit.CALENDAR_DAYS
        self.limit = TimeLimit(days, unit, self._calendar.version)
        due = row.due_on or due_on(ist_date(at), self.limit, self._calendar, district=row.district)
        self.due_at = None if due is None else end_of_day(due)

    def _left_on(self, day: date) -> int | None:
        if self.due_at is None or self.limit is None:
            return None
        due, district = ist_date(self.due_at), self._row.district
        return days_left(due, day, self.limit.unit, self._calendar, district=district)

    def _resume(self, at: datetime) -> None:
        if self.paused_since is None:
            return
        pause = Pause(self.paused_since, self.paused_left)
        self.paused_days += max((ist_date(at) - ist_date(pause.since)).days, 0)
        self.paused_since = self.paused_left = None
        if self.due_at is not None and self.limit is not None and self._row.due_on is None:
            due, calendar, district = ist_date(self.due_at), self._calendar, self._row.district
            self.due_at = end_of_day(
                due_if_answered(due, ist_date(at), pause, self.limit.unit, calendar, district=district)
            )
