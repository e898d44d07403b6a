"""The codes and the tree of everything that can be refused or go wrong.

ApuniError
  Problems          the request cannot be done; one Problem for each cause
  NotSignedIn       a session is needed and no token was sent, or it does not hold
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from domain.text import Bilingual


class ErrorCode(StrEnum):
    """Stable codes, shared by `errors[].extensions.code` and `userErrors[].code`."""

    UNAUTHENTICATED = "UNAUTHENTICATED"
    FORBIDDEN = "FORBIDDEN"
    NOT_FOUND = "NOT_FOUND"
    BAD_INPUT = "BAD_INPUT"
    CONFLICT = "CONFLICT"
    IDEMPOTENCY_KEY_REUSED = "IDEMPOTENCY_KEY_REUSED"
    IN_PROGRESS = "IN_PROGRESS"
    CONSENT_REQUIRED = "CONSENT_REQUIRED"
    SWITCHED_OFF = "SWITCHED_OFF"
    WRITES_STOPPED = "WRITES_STOPPED"
    RATE_LIMITED = "RATE_LIMITED"
    TOO_COMPLEX = "TOO_COMPLEX"
    OVERLOADED = "OVERLOADED"
    DEADLINE_EXCEEDED = "DEADLINE_EXCEEDED"
    SOURCE_UNAVAILABLE = "SOURCE_UNAVAILABLE"
    SOURCE_REFUSED = "SOURCE_REFUSED"
    SOURCE_GARBLED = "SOURCE_GARBLED"
    RESYNC = "RESYNC"
    STREAM_NEEDED = "STREAM_NEEDED"
    READER_TOO_SLOW = "READER_TOO_SLOW"
    INTEGRITY = "INTEGRITY"
    INTERNAL = "INTERNAL"
    PERSISTED_DOCUMENT_NOT_FOUND = "PERSISTED_DOCUMENT_NOT_FOUND"
    # Business rules.
    SERVICE_UNKNOWN = "SERVICE_UNKNOWN"
    SERVICE_CLOSED = "SERVICE_CLOSED"
    DOCUMENT_MISSING = "DOCUMENT_MISSING"
    DOCUMENT_UNKNOWN = "DOCUMENT_UNKNOWN"
    PLACE_UNKNOWN = "PLACE_UNKNOWN"
    NUMBER_MISTYPED = "NUMBER_MISTYPED"
    ALREADY_APPLIED = "ALREADY_APPLIED"
    TRANSITION_NOT_ALLOWED = "TRANSITION_NOT_ALLOWED"
    REASON_REQUIRED = "REASON_REQUIRED"
    FEE_MISMATCH = "FEE_MISMATCH"
    FEE_NOT_DUE = "FEE_NOT_DUE"
    FEE_PAYMENT_OPEN = "FEE_PAYMENT_OPEN"
    PAYMENT_NOT_OFFERED = "PAYMENT_NOT_OFFERED"
    ERASURE_BLOCKED = "ERASURE_BLOCKED"
    CONSENT_STEP_NOT_ALLOWED = "CONSENT_STEP_NOT_ALLOWED"
    DOCUMENT_NOT_NOTIFIED = "DOCUMENT_NOT_NOTIFIED"
    PAUSE_LIMIT_REACHED = "PAUSE_LIMIT_REACHED"
    CLEARANCE_PENDING = "CLEARANCE_PENDING"
    DEPARTMENT_UNKNOWN = "DEPARTMENT_UNKNOWN"
    ALREADY_APPEALED = "ALREADY_APPEALED"
    NOT_APPEALABLE = "NOT_APPEALABLE"
    APPEAL_TOO_LATE = "APPEAL_TOO_LATE"
    HEARING_REQUIRED = "HEARING_REQUIRED"
    PENALTY_NOT_ALLOWED = "PENALTY_NOT_ALLOWED"
    DATE_NOT_ALLOWED = "DATE_NOT_ALLOWED"
    CALENDAR_REFUSED = "CALENDAR_REFUSED"
    CASE_CLAIMED = "CASE_CLAIMED"
    PROPOSAL_WAITS = "PROPOSAL_WAITS"
    PROPOSAL_MISSING = "PROPOSAL_MISSING"
    SECOND_OFFICER_NEEDED = "SECOND_OFFICER_NEEDED"
    OFFICER_UNSUITABLE = "OFFICER_UNSUITABLE"
    OFFICER_INVOLVED = "OFFICER_INVOLVED"
    LEAVE_OVERLAPS = "LEAVE_OVERLAPS"
    PURPOSE_REQUIRED = "PURPOSE_REQUIRED"
    PACK_REFUSED = "PACK_REFUSED"
    PACK_EXPIRED = "PACK_EXPIRED"
    FEE_NOT_PAID = "FEE_NOT_PAID"
    STEP_NOT_ALLOWED = "STEP_NOT_ALLOWED"
    FEEDBACK_TOO_EARLY = "FEEDBACK_TOO_EARLY"
    FEEDBACK_CLOSED = "FEEDBACK_CLOSED"
    GRIEVANCE_OPEN = "GRIEVANCE_OPEN"
    VISIT_NOT_POSSIBLE = "VISIT_NOT_POSSIBLE"
    VISITS_EXHAUSTED = "VISITS_EXHAUSTED"
    SLOT_NOT_OFFERED = "SLOT_NOT_OFFERED"
    AGENT_UNKNOWN = "AGENT_UNKNOWN"
    OTP_WRONG = "OTP_WRONG"
    OTP_EXPIRED = "OTP_EXPIRED"
    PROOF_MISSING = "PROOF_MISSING"
    FILE_TOO_LARGE = "FILE_TOO_LARGE"
    FILE_TYPE_NOT_ALLOWED = "FILE_TYPE_NOT_ALLOWED"
    FILE_DISGUISED = "FILE_DISGUISED"
    FILE_DAMAGED = "FILE_DAMAGED"
    FILE_INFECTED = "FILE_INFECTED"
    IMAGE_TOO_LARGE = "IMAGE_TOO_LARGE"
    FILE_LOCKED = "FILE_LOCKED"
    FILE_NOT_PLAIN = "FILE_NOT_PLAIN"
    NAME_TAKEN = "NAME_TAKEN"
    UPLOAD_UNKNOWN = "UPLOAD_UNKNOWN"
    STRENGTH_TOO_LOW = "STRENGTH_TOO_LOW"
    ACCOUNT_TAKEN = "ACCOUNT_TAKEN"
    LAST_ACCOUNT = "LAST_ACCOUNT"
    RECORD_IN_USE = "RECORD_IN_USE"
    AADHAAR_DIFFERS = "AADHAAR_DIFFERS"
    MOBILE_MISSING = "MOBILE_MISSING"
    CENTRES_REFUSED = "CENTRES_REFUSED"
    ROW_INVALID = "ROW_INVALID"
    ROW_TWICE = "ROW_TWICE"
    ROSTER_FULL = "ROSTER_FULL"
    CAMP_CLOSED = "CAMP_CLOSED"
    FORM_QUESTION_UNKNOWN = "FORM_QUESTION_UNKNOWN"
    FORM_QUESTION_NOT_ASKED = "FORM_QUESTION_NOT_ASKED"
    FORM_ANSWER_MISSING = "FORM_ANSWER_MISSING"
    FORM_VALUE_INVALID = "FORM_VALUE_INVALID"
    FORM_VALUE_NOT_LISTED = "FORM_VALUE_NOT_LISTED"
    FORM_VALUE_OUT_OF_RANGE = "FORM_VALUE_OUT_OF_RANGE"
    FORM_VALUE_TOO_LONG = "FORM_VALUE_TOO_LONG"
    FORM_ANSWERS_DISAGREE = "FORM_ANSWERS_DISAGREE"
    FORM_QUESTION_TWICE = "FORM_QUESTION_TWICE"
    FORM_AADHAAR_NOT_HERE = "FORM_AADHAAR_NOT_HERE"
    FORM_CHANGED = "FORM_CHANGED"


class Remedy(StrEnum):
    """What the person can do about it; `action` in the graph."""

    RETRY_LATER = "RETRY_LATER"
    SIGN_IN_AGAIN = "SIGN_IN_AGAIN"
    LINK_ACCOUNT = "LINK_ACCOUNT"
    GIVE_CONSENT = "GIVE_CONSENT"
    CORRECT_INPUT = "CORRECT_INPUT"
    ATTACH_DOCUMENT = "ATTACH_DOCUMENT"
    CHOOSE_SERVICE = "CHOOSE_SERVICE"
    REFRESH = "REFRESH"
    USE_NEW_KEY = "USE_NEW_KEY"
    SEE_APPLICATION = "SEE_APPLICATION"
    VISIT_CSC = "VISIT_CSC"
    CALL_HELPLINE = "CALL_HELPLINE"
    TAKE_OVER = "TAKE_OVER"
    STATE_PURPOSE = "STATE_PURPOSE"
    CHOOSE_OFFICER = "CHOOSE_OFFICER"
    UPDATE_APP = "UPDATE_APP"
    NONE = "NONE"


@dataclass(frozen=True, slots=True)
class Problem:
    """One cause of a refusal.

    `path` names the input field; `params` fill the message of `code` in the asked language and
    must never hold personal data or text that the caller sent. `texts` do the same with words in both languages.
    """

    code: ErrorCode
    path: tuple[str, ...] = ()
    action: Remedy = Remedy.CORRECT_INPUT
    params: Mapping[str, str] = field(default_factory=dict)
    texts: Mapping[str, Bilingual] = field(default_factory=dict)


class ApuniError(Exception):
    """The root of our own errors."""


class Problems(ApuniError):
    """A request that cannot be done, with every cause found."""

    def __init__(self, *problems: Problem) -> None:
        if not problems:
            raise ValueError("at least one problem is needed")
        super().__init__(", ".join(problem.code.value for problem in problems))
        self.problems = problems

    @property
    def code(self) -> ErrorCode:
        """The code of the first cause."""
        return self.problems[0].code


class NotSignedIn(ApuniError):
    """A session is needed. Raised only where no token, or one that does not hold, was sent."""


def not_found(*path: str) -> Problems:
    """Absent and denied look alike: the same code by the same path."""
    return Problems(Problem(ErrorCode.NOT_FOUND, path))
