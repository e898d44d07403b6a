"""Rules by which a citizen lets an operator act on their behalf: proof, scope and duration."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum

from domain.kernel import Assurance, ErrorCode, Problem, Problems, Remedy


class AssistanceWay(StrEnum):
    """By whose word an operator acts."""

    OTP = "OTP"
    """A one-time code that was sent to the citizen's own telephone."""
    RELATIVE = "RELATIVE"
    """A one-time code that was sent to a relative whom the citizen had registered before."""
    SIGNED_PAPER = "SIGNED_PAPER"
    """A paper with the citizen's signature or thumbprint, scanned."""


STRENGTH: Mapping[AssistanceWay, Assurance] = {
    AssistanceWay.OTP: Assurance.SUBSTANTIAL,
    AssistanceWay.RELATIVE: Assurance.LOW,
    AssistanceWay.SIGNED_PAPER: Assurance.LOW,
}
"""How sure each way is. LOW is never enough for a change of bank account."""


class AssistanceState(StrEnum):
    """The state of an operator's request; ENDED by citizen, operator, expiry, or another operator's request."""

    ASKED = "ASKED"
    GIVEN = "GIVEN"
    ENDED = "ENDED"
    FAILED = "FAILED"
    """The code was wrong too often."""


DEFAULT_MINUTES, LONGEST_MINUTES = 30, 120
"""How long an operator may act for a citizen on one consent (INFERRED: docs/contracts/other_systems.md section 2 says
only that the consent binds a session to one application)."""

CODE_DIGITS, CODE_TRIES = 6, 3
CODE_LIFE = timedelta(minutes=10)


class CodeKind(StrEnum):
    """What a code is for; its text is CODE_<kind> among the state's messages, where it goes by SMS."""

    ASSISTANCE = "ASSISTANCE"
    RELATIVE = "RELATIVE"
    LINK_ACCOUNT = "LINK_ACCOUNT"
    CLAIM_RECORD = "CLAIM_RECORD"
    ROSTER_CONSENT = "ROSTER_CONSENT"
    ROSTER_HAND_OVER = "ROSTER_HAND_OVER"
    WALLET = "WALLET"
    CONFIRM_EMAIL = "CONFIRM_EMAIL"
    """It goes by mail, to the address that it confirms."""


LONGEST_NAME = 120

BANK_FIELDS = ("bank_account_number", "bank_ifsc")
"""Fields of a form that say where money goes."""


@dataclass(frozen=True, slots=True)
class Applicant:
    """The citizen that the operator names. An unknown citizen is registered by name after consenting."""

    name: str | None = None
    mobile: str | None = None
    born_on: date | None = None


@dataclass(frozen=True, slots=True)
class Assistance:
    """One request of an operator, and what became of it. `citizen_id` is None while nobody is known or entered."""

    id: str
    operator_id: str
    session_id: str
    centre_code: str
    citizen_id: str | None
    way: AssistanceWay
    strength: Assurance
    service_code: str | None
    minutes: int
    applicant: Applicant
    relative_id: str | None
    paper_sha256: str | None
    state: AssistanceState
    asked_at: datetime
    given_at: datetime | None = None
    until: datetime | None = None
    ended_at: datetime | None = None

    def stands(self, now: datetime) -> bool:
        """Whether the operator may act on it now."""
        return self.state is AssistanceState.GIVEN and self.until is not None and now < self.until


class PaperFinding(StrEnum):
    """What the district saw in the scan of a signed paper; all but GENUINE doubt it."""

    GENUINE = "GENUINE"
    UNSIGNED = "UNSIGNED"
    ANOTHER_PERSON = "ANOTHER_PERSON"
    ANOTHER_MATTER = "ANOTHER_MATTER"
    ILLEGIBLE = "ILLEGIBLE"


@dataclass(frozen=True, slots=True)
class PaperCheck:
    """A signed paper that was drawn for the district to look at; `id` is that of its assistance.

    `seen_at` is when it was last opened for that, by `officer_id`, who alone may say then what it is.
    """

    id: str
    drawn_at: datetime
    officer_id: str | None = None
    seen_at: datetime | None = None
    finding: PaperFinding | None = None
    answered_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Relative:
    """Somebody who may speak for a citizen at a centre, as the citizen registered. `mobile` is ten digits."""

    id: str
    citizen_id: str
    name: str = field(repr=False)
    relation: str
    mobile: str = field(repr=False)
    registered_at: datetime


def check_minutes(minutes: int | None) -> int:
    """The minutes of a consent; raises BAD_INPUT for none or too many."""
    given = DEFAULT_MINUTES if minutes is None else minutes
    if not 1 <= given <= LONGEST_MINUTES:
        raise Problems(Problem(ErrorCode.BAD_INPUT, ("input", "minutes"), params={"most": str(LONGEST_MINUTES)}))
    return given


def strength_problem(have: Assurance, need: Assurance, *path: str) -> Problem:
    """The problem where the identity assurance is too low, with the way to raise it."""
    way = Remedy.LINK_ACCOUNT if need is Assurance.SUBSTANTIAL else Remedy.SIGN_IN_AGAIN
    return Problem(ErrorCode.STRENGTH_TOO_LOW, path, way, {"assurance": have.value, "assurance_needed": need.value})
