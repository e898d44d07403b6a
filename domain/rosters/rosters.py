"""Rosters of schools and camps: the people on them, their consents, and the state of each row."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

from domain.applications.applications import Channel
from domain.catalogue.centres import Centre, CentreKind
from domain.catalogue.form_rules import years_between
from domain.doorstep import HandOverProof
from domain.kernel import Assurance, Bilingual, ErrorCode, Problem, Problems, Remedy, Role

MOST_ROWS = 500
"""Rows of one roster: more children than a school has in classes 11 and 12; more than one camp takes in a day."""

MOST_AT_ONCE = 50
"""Rows that one mutation adds, each of which may attach papers; an uploaded file is split into such batches."""

MOST_OPEN = 50
"""Rosters of one school or camp that are not filed yet."""

FILED_AT_ONCE = 20
"""Rows that one message of the outbox files: less than a lease lasts, also on a slow machine."""

DAYS_AFTER_CAMP = 7
"""For how many days after a camp its papers may still be entered and filed (LOCAL: many camps have no network)."""

DRAFT_DAYS = 90
"""How long a row is kept that nobody filed: who is on it did not become an applicant (LOCAL)."""

CONSENT_DAYS = 180
"""How long a guardian's consent holds: until the paper is handed over, with time for appeals (LOCAL)."""

OF_AGE = 18
"""Below this age a guardian consents (DPDP Act 2023, sections 2(f) and 9)."""

LONGEST_NAME, LONGEST_REFERENCE = 120, 40

CHANNELS: Mapping[CentreKind, Channel] = {CentreKind.SCHOOL: Channel.SCHOOL, CentreKind.CAMP: Channel.CAMP}
"""The channel that an application of a roster bears."""

KEEPERS: Mapping[CentreKind, Role] = {CentreKind.SCHOOL: Role.PRINCIPAL, CentreKind.CAMP: Role.CAMP_OFFICER}
"""Who keeps the rosters of such a place."""


class RosterState(StrEnum):
    """The state of a roster."""

    DRAFT = "DRAFT"
    FILING = "FILING"
    """A worker files its rows one by one."""
    FILED = "FILED"
    """Every row was tried; those that were refused can be corrected and filed again."""


class RowState(StrEnum):
    """The state of a row."""

    CONSENT_MISSING = "CONSENT_MISSING"
    READY = "READY"
    FILED = "FILED"
    REFUSED = "REFUSED"
    """It was tried and refused; its problems say why."""


OPEN_ROWS = (RowState.CONSENT_MISSING, RowState.READY, RowState.REFUSED)
"""Rows that may still be changed or taken off."""


class GuardianRelation(StrEnum):
    """The relation of the guardian to the person of a row."""

    FATHER = "FATHER"
    MOTHER = "MOTHER"
    GUARDIAN = "GUARDIAN"
    SELF = "SELF"
    """The person is of age and consents alone."""


class ConsentWay(StrEnum):
    """How the consent of a row was recorded."""

    OTP = "OTP"
    """A one-time code to the guardian's telephone."""
    SIGNED_PAPER = "SIGNED_PAPER"
    """A paper that the guardian signed, or put a thumb to, and that was scanned."""


STRENGTH: Mapping[ConsentWay, Assurance] = {
    ConsentWay.OTP: Assurance.SUBSTANTIAL,
    ConsentWay.SIGNED_PAPER: Assurance.LOW,
}
"""How sure each way is, as at a centre (domain/identity/assisting.py)."""


class Recipient(StrEnum):
    """To whom a paper was handed over."""

    SELF = "SELF"
    GUARDIAN = "GUARDIAN"


class RowOutcome(StrEnum):
    """The outcome of a submitted row."""

    ADDED = "ADDED"
    CHANGED = "CHANGED"
    UNCHANGED = "UNCHANGED"
    """The same row was there already."""
    REFUSED = "REFUSED"


@dataclass(frozen=True, slots=True)
class RowPerson:
    """The person of a row. `reference` is unique within the roster: an admission number, a token of the camp.

    `mobile` is the guardian's, or the person's own where of age; ten digits. `documents` are references of
    uploads by the keys of the service's papers.
    """

    reference: str
    name: str = field(repr=False)
    born_on: date = field(repr=False)
    guardian: str = field(repr=False)
    relation: GuardianRelation
    mobile: str | None = field(default=None, repr=False)
    name_hi: str | None = field(default=None, repr=False)
    answers: Mapping[str, str] = field(default_factory=dict, repr=False)
    documents: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RowConsent:
    """The guardian's word. `paper_sha256` is the scan of a signed paper."""

    way: ConsentWay
    at: datetime
    paper_sha256: str | None = None


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """The receipt of a hand-over: to whom, when, how proven. `paper_sha256` is the scan of a signed receipt."""

    recipient: Recipient
    proof: HandOverProof
    at: datetime
    operator_id: str
    paper_sha256: str | None = None


@dataclass(frozen=True, slots=True)
class Roster:
    """One list of persons who apply for one service through one school or camp."""

    id: str
    number: str
    centre_code: str
    kind: CentreKind
    service_code: str
    department: str | None
    district: str
    tehsil: str | None
    operator_id: str
    state: RosterState
    version: int
    rounds: int
    """How often it was given to the worker: each round is a message of its own."""
    created_at: datetime
    filed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class RosterRow:
    """One row. `problems` say why it was refused when it was filed last."""

    id: str
    roster_id: str
    reference: str
    person: RowPerson
    state: RowState
    added_at: datetime
    added_by: str
    """The operator who added the row and files its application: the papers are this operator's uploads."""
    consent: RowConsent | None = None
    citizen_id: str | None = None
    application_id: str | None = None
    problems: tuple[Problem, ...] = ()
    acknowledgement: Acknowledgement | None = None
    version: int = 1


@dataclass(frozen=True, slots=True)
class RosterProgress:
    """The numbers of rows by state."""

    by_state: Mapping[RowState, int]
    waiting: int
    """Papers that are made and not handed over yet."""
    handed_over: int

    @property
    def total(self) -> int:
        return sum(self.by_state.values())


def problem_values(problem: Problem) -> dict[str, Any]:
    """A problem as JSON, to be rendered later in the requested language."""
    return {
        "code": problem.code.value,
        "path": list(problem.path),
        "action": problem.action.value,
        "params": dict(problem.params),
        "texts": {name: [text.hi, text.en] for name, text in problem.texts.items()},
    }


def problem_of(held: Mapping[str, Any]) -> Problem:
    """The problem that `problem_values` wrote."""
    texts = {name: Bilingual(hi, en) for name, (hi, en) in held["texts"].items()}
    return Problem(ErrorCode[held["code"]], tuple(held["path"]), Remedy(held["action"]), held["params"], texts)


def refuse_closed(centre: Centre, today: date) -> None:
    """Raise CAMP_CLOSED for a school or camp that takes no rows today; a camp does on its days and some after."""
    begun = centre.opens_on is None or centre.opens_on <= today
    over = centre.closes_on is not None and today > centre.closes_on + timedelta(days=DAYS_AFTER_CAMP)
    if not centre.open or not begun or over:
        raise Problems(Problem(ErrorCode.CAMP_CLOSED, ("input",), params={"days": str(DAYS_AFTER_CAMP)}))


def of_age(born_on: date, today: date) -> bool:
    """Whether somebody is eighteen or older on a day."""
    return years_between(born_on, today) >= OF_AGE


def state_after(consent: RowConsent | None) -> RowState:
    """The state of an added or changed row."""
    return RowState.READY if consent is not None else RowState.CONSENT_MISSING
