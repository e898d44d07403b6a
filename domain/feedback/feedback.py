"""Types for feedback on decided cases and suggestions about services, and the moderation of their texts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from domain.kernel import ErrorCode, Problem, Problems, is_plain_line, refuse_hidden_character, written_text

LONGEST_TEXT = 2000
LOWEST, HIGHEST = 1, 5
"""The ratings, as stars."""


@dataclass(frozen=True, slots=True)
class CareRules:
    """The periods and bounds of citizen care; gateway/settings/settings.py describes each and names its section."""

    grievance_days: int = 30
    data_grievance_days: int = 30
    feedback_edit_days: int = 7
    tracking_window_minutes: int = 60
    tracking_tries_per_number: int = 10
    tracking_tries_per_client: int = 60
    texts_per_day: int = 20
    drafts_per_person: int = 20
    codes_per_number: int = 5
    doorstep_fee_paise: int | None = None
    doorstep_visits_per_slot: int = 4


@dataclass(frozen=True, slots=True)
class Feedback:
    """One citizen's word on one decided application; `rating` is 1 to 5, `officer_id` who decided it."""

    application_id: str
    citizen_id: str
    service_code: str
    department: str | None
    district: str
    tehsil: str | None
    officer_id: str | None
    rating: int
    text: str | None = field(repr=False)
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class ServiceLevel:
    """How citizens rated one service where one officer decided it. `average` is in hundredths: 425 is 4.25."""

    officer_id: str | None
    service_code: str
    department: str | None
    ratings: int
    average: int


class SuggestionState(StrEnum):
    """The state of a suggestion."""

    RECEIVED = "RECEIVED"
    UNDER_REVIEW = "UNDER_REVIEW"
    ACCEPTED = "ACCEPTED"
    DECLINED = "DECLINED"


SUGGESTION_STEPS: Mapping[SuggestionState, frozenset[SuggestionState]] = {
    SuggestionState.RECEIVED: frozenset(
        {SuggestionState.UNDER_REVIEW, SuggestionState.ACCEPTED, SuggestionState.DECLINED}
    ),
    SuggestionState.UNDER_REVIEW: frozenset({SuggestionState.ACCEPTED, SuggestionState.DECLINED}),
    SuggestionState.ACCEPTED: frozenset[SuggestionState](),
    SuggestionState.DECLINED: frozenset[SuggestionState](),
}
"""To which states a reply can bring a suggestion."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A proposal about a service, by a citizen or by an officer; exactly one of the two ids is set."""

    id: str
    citizen_id: str | None
    officer_id: str | None
    service_code: str
    department: str | None
    district: str | None
    text: str = field(repr=False)
    state: SuggestionState
    version: int
    created_at: datetime
    updated_at: datetime
    reply: str | None = field(default=None, repr=False)
    replied_by: str | None = None
    replied_at: datetime | None = None


def moderate_text(text: str | None, *path: str, required: bool = True) -> str | None:
    """The text as it is kept: no control characters, Aadhaar numbers masked, at most 2,000 characters.

    Raises Problems: REASON_REQUIRED for an empty text that is required, BAD_INPUT for one that is too long,
    TEXT_HIDDEN_CHARACTER.
    """
    refuse_hidden_character(text or "", *path)
    plain = "".join(letter for letter in text or "" if is_plain_line(letter) or letter in "\n\t")
    return written_text(plain, *path, longest=LONGEST_TEXT, required=required)


def check_rating(rating: int) -> None:
    """Raise BAD_INPUT for anything but one to five stars."""
    if not LOWEST <= rating <= HIGHEST:
        limits = {"least": str(LOWEST), "most": str(HIGHEST)}
        raise Problems(Problem(ErrorCode.BAD_INPUT, ("input", "rating"), params=limits))


def check_may_change(feedback: Feedback, now: datetime, days: int) -> None:
    """Raise FEEDBACK_CLOSED where the days in which feedback may be changed are over."""
    if now > feedback.created_at + timedelta(days=days):
        raise Problems(Problem(ErrorCode.FEEDBACK_CLOSED, ("input", "applicationId"), params={"days": str(days)}))


def replied_state(present: SuggestionState, after: SuggestionState) -> SuggestionState:
    """The state after a reply; raises STEP_NOT_ALLOWED where the present one does not lead there."""
    if after not in SUGGESTION_STEPS[present]:
        raise Problems(Problem(ErrorCode.STEP_NOT_ALLOWED, ("input", "state"), params={"state": present.value}))
    return after
