"""The table of error codes, and the exceptions that carry what a caller did or may mend (docs/architecture.md, Errors).

CallerError               `problems` holds every cause, each a Problem with its code
  Problems                the request cannot be done: a mutation reports the causes as `userErrors`
  MistypedNumber          a number of ours that its check digit proves wrong
  MalformedGlobalId       an opaque identifier that is none
  NotSignedIn             a session is needed and no token was sent, or it does not hold
  MutationOff             an administrator has switched the mutation off
  RequestProblem          the request itself, before the graph is executed (gateway/http/problems.py)
  TemporarilyUnavailable  we cannot answer now

CommandFailed stands beside it: whoever runs a command is told in words.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum, unique
from typing import Any, ClassVar, Self, TypeVar

from domain.kernel.sources import Source
from domain.kernel.text import Bilingual

T = TypeVar("T")


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


class ErrorType(StrEnum):
    """The broad kind of an error, in the words of the DGS specification; `type` in the graph."""

    UNAUTHENTICATED = "UNAUTHENTICATED"
    PERMISSION_DENIED = "PERMISSION_DENIED"
    NOT_FOUND = "NOT_FOUND"
    FAILED_PRECONDITION = "FAILED_PRECONDITION"
    BAD_REQUEST = "BAD_REQUEST"
    RESOURCE_EXHAUSTED = "RESOURCE_EXHAUSTED"
    UNAVAILABLE = "UNAVAILABLE"
    INTERNAL = "INTERNAL"


class Retry(StrEnum):
    """Whether a client may send the same request again, as docs/errors.md says it."""

    NO = "no"
    LATER = "yes, later"
    CHANGED = "yes, changed"


_T, _R = ErrorType, Remedy


@unique
class ErrorCode(StrEnum):
    """Stable codes, shared by `errors[].extensions.code` and `userErrors[].code`: one row for each.

    A row holds the code, its type, whether to retry, the usual remedy, and the result code of UMANG's API
    (docs/contracts/umang.md section 5; APSK0422 is a rule that says no). A single error may carry another remedy that
    fits better. A new code is a row here and the text `error.<CODE>` in both catalogues of domain/kernel/locale.
    A code that came as text is looked up by its name: `ErrorCode[text]`.
    """

    type: ErrorType
    retry: Retry
    remedy: Remedy
    umang: str

    def __new__(cls, code: str, type: ErrorType, retry: Retry, remedy: Remedy, umang: str) -> Self:  # noqa: A002
        member = str.__new__(cls, code)
        member._value_ = code
        member.type, member.retry, member.remedy, member.umang = type, retry, remedy, umang
        return member

    UNAUTHENTICATED = "UNAUTHENTICATED", _T.UNAUTHENTICATED, Retry.CHANGED, _R.SIGN_IN_AGAIN, "APSK1001"
    FORBIDDEN = "FORBIDDEN", _T.PERMISSION_DENIED, Retry.NO, _R.CALL_HELPLINE, "APSK0404"
    NOT_FOUND = "NOT_FOUND", _T.NOT_FOUND, Retry.CHANGED, _R.CORRECT_INPUT, "APSK0404"
    BAD_INPUT = "BAD_INPUT", _T.BAD_REQUEST, Retry.CHANGED, _R.CORRECT_INPUT, "APSK0400"
    CHANNEL_NOT_CONNECTED = "CHANNEL_NOT_CONNECTED", _T.BAD_REQUEST, Retry.CHANGED, _R.CORRECT_INPUT, "APSK0400"
    QUIET_HOURS_TOO_LONG = "QUIET_HOURS_TOO_LONG", _T.BAD_REQUEST, Retry.CHANGED, _R.CORRECT_INPUT, "APSK0400"
    LANGUAGE_NOT_SPOKEN = "LANGUAGE_NOT_SPOKEN", _T.BAD_REQUEST, Retry.CHANGED, _R.CORRECT_INPUT, "APSK0400"
    ANSWER_TOO_LATE = "ANSWER_TOO_LATE", _T.FAILED_PRECONDITION, Retry.NO, _R.NONE, "APSK0422"
    CONFLICT = "CONFLICT", _T.FAILED_PRECONDITION, Retry.CHANGED, _R.REFRESH, "APSK0422"
    IDEMPOTENCY_KEY_REUSED = "IDEMPOTENCY_KEY_REUSED", _T.BAD_REQUEST, Retry.CHANGED, _R.USE_NEW_KEY, "APSK0409"
    IDEMPOTENCY_KEY_MISSING = "IDEMPOTENCY_KEY_MISSING", _T.BAD_REQUEST, Retry.CHANGED, _R.USE_NEW_KEY, "APSK0400"
    IN_PROGRESS = "IN_PROGRESS", _T.FAILED_PRECONDITION, Retry.LATER, _R.RETRY_LATER, "APSK0503"
    CONSENT_REQUIRED = "CONSENT_REQUIRED", _T.PERMISSION_DENIED, Retry.CHANGED, _R.GIVE_CONSENT, "APSK0422"
    SWITCHED_OFF = "SWITCHED_OFF", _T.UNAVAILABLE, Retry.LATER, _R.RETRY_LATER, "APSK0503"
    WRITES_STOPPED = "WRITES_STOPPED", _T.UNAVAILABLE, Retry.LATER, _R.RETRY_LATER, "APSK0503"
    RATE_LIMITED = "RATE_LIMITED", _T.RESOURCE_EXHAUSTED, Retry.LATER, _R.RETRY_LATER, "APSK0429"
    TOO_COMPLEX = "TOO_COMPLEX", _T.RESOURCE_EXHAUSTED, Retry.CHANGED, _R.CORRECT_INPUT, "APSK0400"
    OVERLOADED = "OVERLOADED", _T.UNAVAILABLE, Retry.LATER, _R.RETRY_LATER, "APSK0503"
    DEADLINE_EXCEEDED = "DEADLINE_EXCEEDED", _T.UNAVAILABLE, Retry.LATER, _R.RETRY_LATER, "APSK0503"
    SOURCE_UNAVAILABLE = "SOURCE_UNAVAILABLE", _T.UNAVAILABLE, Retry.LATER, _R.RETRY_LATER, "APSK0503"
    SOURCE_REFUSED = "SOURCE_REFUSED", _T.UNAVAILABLE, Retry.NO, _R.CALL_HELPLINE, "APSK0503"
    SOURCE_GARBLED = "SOURCE_GARBLED", _T.UNAVAILABLE, Retry.LATER, _R.RETRY_LATER, "APSK0503"
    RESYNC = "RESYNC", _T.FAILED_PRECONDITION, Retry.NO, _R.REFRESH, "APSK0422"
    STREAM_NEEDED = "STREAM_NEEDED", _T.BAD_REQUEST, Retry.NO, _R.CORRECT_INPUT, "APSK0422"
    READER_TOO_SLOW = "READER_TOO_SLOW", _T.RESOURCE_EXHAUSTED, Retry.LATER, _R.RETRY_LATER, "APSK0422"
    INTEGRITY = "INTEGRITY", _T.INTERNAL, Retry.NO, _R.CALL_HELPLINE, "APSK0500"
    INTERNAL = "INTERNAL", _T.INTERNAL, Retry.NO, _R.CALL_HELPLINE, "APSK0500"
    PERSISTED_DOCUMENT_NOT_FOUND = "PERSISTED_DOCUMENT_NOT_FOUND", _T.NOT_FOUND, Retry.NO, _R.UPDATE_APP, "APSK0500"
    # Business rules.
    SERVICE_UNKNOWN = "SERVICE_UNKNOWN", _T.NOT_FOUND, Retry.CHANGED, _R.CHOOSE_SERVICE, "APSK0404"
    SERVICE_CLOSED = "SERVICE_CLOSED", _T.FAILED_PRECONDITION, Retry.CHANGED, _R.CHOOSE_SERVICE, "APSK0422"
    APPLY_ELSEWHERE = "APPLY_ELSEWHERE", _T.FAILED_PRECONDITION, Retry.NO, _R.CHOOSE_SERVICE, "APSK0422"
    DOCUMENT_MISSING = "DOCUMENT_MISSING", _T.BAD_REQUEST, Retry.CHANGED, _R.ATTACH_DOCUMENT, "APSK0422"
    DOCUMENT_UNKNOWN = "DOCUMENT_UNKNOWN", _T.BAD_REQUEST, Retry.CHANGED, _R.CORRECT_INPUT, "APSK0422"
    PLACE_UNKNOWN = "PLACE_UNKNOWN", _T.BAD_REQUEST, Retry.CHANGED, _R.CORRECT_INPUT, "APSK0400"
    NUMBER_MISTYPED = "NUMBER_MISTYPED", _T.BAD_REQUEST, Retry.CHANGED, _R.CORRECT_INPUT, "APSK0404"
    ALREADY_APPLIED = "ALREADY_APPLIED", _T.FAILED_PRECONDITION, Retry.NO, _R.SEE_APPLICATION, "APSK0422"
    RENEWAL_NOT_OPEN = "RENEWAL_NOT_OPEN", _T.FAILED_PRECONDITION, Retry.NO, _R.SEE_APPLICATION, "APSK0422"
    DRAFTS_FULL = "DRAFTS_FULL", _T.FAILED_PRECONDITION, Retry.NO, _R.SEE_APPLICATION, "APSK0422"
    TRANSITION_NOT_ALLOWED = "TRANSITION_NOT_ALLOWED", _T.FAILED_PRECONDITION, Retry.NO, _R.REFRESH, "APSK0422"
    REASON_REQUIRED = "REASON_REQUIRED", _T.BAD_REQUEST, Retry.CHANGED, _R.CORRECT_INPUT, "APSK0400"
    FEE_MISMATCH = "FEE_MISMATCH", _T.BAD_REQUEST, Retry.CHANGED, _R.CORRECT_INPUT, "APSK0422"
    FEE_NOT_DUE = "FEE_NOT_DUE", _T.BAD_REQUEST, Retry.NO, _R.SEE_APPLICATION, "APSK0422"
    FEE_PAYMENT_OPEN = "FEE_PAYMENT_OPEN", _T.BAD_REQUEST, Retry.LATER, _R.RETRY_LATER, "APSK0422"
    PAYMENT_NOT_OFFERED = "PAYMENT_NOT_OFFERED", _T.BAD_REQUEST, Retry.NO, _R.VISIT_CSC, "APSK0422"
    ERASURE_BLOCKED = "ERASURE_BLOCKED", _T.FAILED_PRECONDITION, Retry.NO, _R.SEE_APPLICATION, "APSK0422"
    CONSENT_STEP_NOT_ALLOWED = "CONSENT_STEP_NOT_ALLOWED", _T.FAILED_PRECONDITION, Retry.NO, _R.REFRESH, "APSK0422"
    QR_NOT_GENUINE = "QR_NOT_GENUINE", _T.BAD_REQUEST, Retry.CHANGED, _R.CORRECT_INPUT, "APSK0400"
    TOKEN_UNFIT = "TOKEN_UNFIT", _T.BAD_REQUEST, Retry.CHANGED, _R.CORRECT_INPUT, "APSK0422"
    TOKEN_ENROLLED = "TOKEN_ENROLLED", _T.FAILED_PRECONDITION, Retry.NO, _R.NONE, "APSK0422"
    TOKEN_NOT_ENROLLED = "TOKEN_NOT_ENROLLED", _T.FAILED_PRECONDITION, Retry.NO, _R.NONE, "APSK0422"
    OFFICE_NOT_HELD = "OFFICE_NOT_HELD", _T.FAILED_PRECONDITION, Retry.NO, _R.CHOOSE_OFFICER, "APSK0422"
    SIGNER_DIFFERS = "SIGNER_DIFFERS", _T.FAILED_PRECONDITION, Retry.NO, _R.CHOOSE_OFFICER, "APSK0422"
    SIGNATURE_NOT_AWAITED = "SIGNATURE_NOT_AWAITED", _T.FAILED_PRECONDITION, Retry.NO, _R.REFRESH, "APSK0422"
    REVOCATION_UNKNOWN = "REVOCATION_UNKNOWN", _T.UNAVAILABLE, Retry.LATER, _R.RETRY_LATER, "APSK0503"
    SIGNING_NOT_CONNECTED = "SIGNING_NOT_CONNECTED", _T.FAILED_PRECONDITION, Retry.NO, _R.CALL_HELPLINE, "APSK0422"
    CERTIFICATE_ENDED = "CERTIFICATE_ENDED", _T.FAILED_PRECONDITION, Retry.NO, _R.SEE_APPLICATION, "APSK0422"
    DOCUMENT_NOT_NOTIFIED = "DOCUMENT_NOT_NOTIFIED", _T.BAD_REQUEST, Retry.CHANGED, _R.CORRECT_INPUT, "APSK0422"
    PAUSE_LIMIT_REACHED = "PAUSE_LIMIT_REACHED", _T.FAILED_PRECONDITION, Retry.NO, _R.NONE, "APSK0422"
    CLEARANCE_PENDING = "CLEARANCE_PENDING", _T.FAILED_PRECONDITION, Retry.LATER, _R.RETRY_LATER, "APSK0422"
    DEFINITION_REFUSED = "DEFINITION_REFUSED", _T.BAD_REQUEST, Retry.CHANGED, _R.CORRECT_INPUT, "APSK0422"
    STEP_NEEDED_FIRST = "STEP_NEEDED_FIRST", _T.FAILED_PRECONDITION, Retry.LATER, _R.RETRY_LATER, "APSK0422"
    DEPARTMENT_UNKNOWN = "DEPARTMENT_UNKNOWN", _T.BAD_REQUEST, Retry.CHANGED, _R.CORRECT_INPUT, "APSK0422"
    ALREADY_APPEALED = "ALREADY_APPEALED", _T.FAILED_PRECONDITION, Retry.NO, _R.SEE_APPLICATION, "APSK0422"
    NOT_APPEALABLE = "NOT_APPEALABLE", _T.FAILED_PRECONDITION, Retry.NO, _R.SEE_APPLICATION, "APSK0422"
    APPEAL_TOO_LATE = "APPEAL_TOO_LATE", _T.BAD_REQUEST, Retry.CHANGED, _R.CORRECT_INPUT, "APSK0422"
    HEARING_REQUIRED = "HEARING_REQUIRED", _T.FAILED_PRECONDITION, Retry.CHANGED, _R.CORRECT_INPUT, "APSK0422"
    PENALTY_NOT_ALLOWED = "PENALTY_NOT_ALLOWED", _T.BAD_REQUEST, Retry.NO, _R.NONE, "APSK0422"
    DATE_NOT_ALLOWED = "DATE_NOT_ALLOWED", _T.BAD_REQUEST, Retry.CHANGED, _R.CORRECT_INPUT, "APSK0422"
    CALENDAR_REFUSED = "CALENDAR_REFUSED", _T.BAD_REQUEST, Retry.CHANGED, _R.CORRECT_INPUT, "APSK0422"
    CASE_CLAIMED = "CASE_CLAIMED", _T.FAILED_PRECONDITION, Retry.CHANGED, _R.TAKE_OVER, "APSK0422"
    PROPOSAL_WAITS = "PROPOSAL_WAITS", _T.FAILED_PRECONDITION, Retry.NO, _R.REFRESH, "APSK0422"
    PROPOSAL_MISSING = "PROPOSAL_MISSING", _T.FAILED_PRECONDITION, Retry.NO, _R.REFRESH, "APSK0422"
    SECOND_OFFICER_NEEDED = "SECOND_OFFICER_NEEDED", _T.FAILED_PRECONDITION, Retry.NO, _R.CHOOSE_OFFICER, "APSK0422"
    OFFICER_UNSUITABLE = "OFFICER_UNSUITABLE", _T.BAD_REQUEST, Retry.CHANGED, _R.CHOOSE_OFFICER, "APSK0422"
    POSTS_INCOMPATIBLE = "POSTS_INCOMPATIBLE", _T.BAD_REQUEST, Retry.CHANGED, _R.CHOOSE_OFFICER, "APSK0422"
    SECOND_ADMINISTRATOR_NEEDED = ("SECOND_ADMINISTRATOR_NEEDED", _T.FAILED_PRECONDITION, Retry.NO, _R.NONE, "APSK0422")
    INVITATION_OVER = "INVITATION_OVER", _T.FAILED_PRECONDITION, Retry.NO, _R.CALL_HELPLINE, "APSK0422"
    OFFICER_INVOLVED = "OFFICER_INVOLVED", _T.BAD_REQUEST, Retry.NO, _R.NONE, "APSK0422"
    LEAVE_OVERLAPS = "LEAVE_OVERLAPS", _T.BAD_REQUEST, Retry.CHANGED, _R.CORRECT_INPUT, "APSK0422"
    PURPOSE_REQUIRED = "PURPOSE_REQUIRED", _T.FAILED_PRECONDITION, Retry.CHANGED, _R.STATE_PURPOSE, "APSK0422"
    PACK_REFUSED = "PACK_REFUSED", _T.BAD_REQUEST, Retry.NO, _R.REFRESH, "APSK0422"
    PACK_EXPIRED = "PACK_EXPIRED", _T.FAILED_PRECONDITION, Retry.NO, _R.REFRESH, "APSK0422"
    FEE_NOT_PAID = "FEE_NOT_PAID", _T.FAILED_PRECONDITION, Retry.CHANGED, _R.CORRECT_INPUT, "APSK0422"
    STEP_NOT_ALLOWED = "STEP_NOT_ALLOWED", _T.FAILED_PRECONDITION, Retry.NO, _R.REFRESH, "APSK0422"
    FEEDBACK_TOO_EARLY = "FEEDBACK_TOO_EARLY", _T.FAILED_PRECONDITION, Retry.CHANGED, _R.SEE_APPLICATION, "APSK0422"
    FEEDBACK_CLOSED = "FEEDBACK_CLOSED", _T.FAILED_PRECONDITION, Retry.NO, _R.NONE, "APSK0422"
    GRIEVANCE_OPEN = "GRIEVANCE_OPEN", _T.FAILED_PRECONDITION, Retry.NO, _R.SEE_APPLICATION, "APSK0422"
    VISIT_NOT_POSSIBLE = "VISIT_NOT_POSSIBLE", _T.FAILED_PRECONDITION, Retry.NO, _R.SEE_APPLICATION, "APSK0422"
    VISITS_EXHAUSTED = "VISITS_EXHAUSTED", _T.FAILED_PRECONDITION, Retry.NO, _R.VISIT_CSC, "APSK0422"
    SLOT_NOT_OFFERED = "SLOT_NOT_OFFERED", _T.BAD_REQUEST, Retry.CHANGED, _R.CORRECT_INPUT, "APSK0422"
    AGENT_UNKNOWN = "AGENT_UNKNOWN", _T.BAD_REQUEST, Retry.CHANGED, _R.VISIT_CSC, "APSK0422"
    OTP_WRONG = "OTP_WRONG", _T.BAD_REQUEST, Retry.CHANGED, _R.CORRECT_INPUT, "APSK0422"
    OTP_EXPIRED = "OTP_EXPIRED", _T.FAILED_PRECONDITION, Retry.NO, _R.NONE, "APSK0422"
    PROOF_MISSING = "PROOF_MISSING", _T.BAD_REQUEST, Retry.CHANGED, _R.ATTACH_DOCUMENT, "APSK0422"
    FILE_TOO_LARGE = "FILE_TOO_LARGE", _T.BAD_REQUEST, Retry.CHANGED, _R.ATTACH_DOCUMENT, "APSK0422"
    FILE_TYPE_NOT_ALLOWED = "FILE_TYPE_NOT_ALLOWED", _T.BAD_REQUEST, Retry.CHANGED, _R.ATTACH_DOCUMENT, "APSK0422"
    FILE_DISGUISED = "FILE_DISGUISED", _T.BAD_REQUEST, Retry.CHANGED, _R.ATTACH_DOCUMENT, "APSK0422"
    FILE_DAMAGED = "FILE_DAMAGED", _T.BAD_REQUEST, Retry.CHANGED, _R.ATTACH_DOCUMENT, "APSK0422"
    FILE_INFECTED = "FILE_INFECTED", _T.BAD_REQUEST, Retry.CHANGED, _R.ATTACH_DOCUMENT, "APSK0422"
    IMAGE_TOO_LARGE = "IMAGE_TOO_LARGE", _T.BAD_REQUEST, Retry.CHANGED, _R.ATTACH_DOCUMENT, "APSK0422"
    FILE_LOCKED = "FILE_LOCKED", _T.BAD_REQUEST, Retry.CHANGED, _R.ATTACH_DOCUMENT, "APSK0422"
    FILE_NOT_PLAIN = "FILE_NOT_PLAIN", _T.BAD_REQUEST, Retry.CHANGED, _R.ATTACH_DOCUMENT, "APSK0422"
    NAME_TAKEN = "NAME_TAKEN", _T.BAD_REQUEST, Retry.CHANGED, _R.CORRECT_INPUT, "APSK0422"
    UPLOAD_UNKNOWN = "UPLOAD_UNKNOWN", _T.BAD_REQUEST, Retry.CHANGED, _R.ATTACH_DOCUMENT, "APSK0422"
    STRENGTH_TOO_LOW = "STRENGTH_TOO_LOW", _T.BAD_REQUEST, Retry.CHANGED, _R.LINK_ACCOUNT, "APSK0422"
    TELEPHONE_ON_FILE = "TELEPHONE_ON_FILE", _T.BAD_REQUEST, Retry.CHANGED, _R.CORRECT_INPUT, "APSK0422"
    ACCOUNT_TAKEN = "ACCOUNT_TAKEN", _T.BAD_REQUEST, Retry.NO, _R.CALL_HELPLINE, "APSK0422"
    LAST_ACCOUNT = "LAST_ACCOUNT", _T.BAD_REQUEST, Retry.CHANGED, _R.LINK_ACCOUNT, "APSK0422"
    RECORD_IN_USE = "RECORD_IN_USE", _T.BAD_REQUEST, Retry.NO, _R.CALL_HELPLINE, "APSK0422"
    AADHAAR_DIFFERS = "AADHAAR_DIFFERS", _T.BAD_REQUEST, Retry.NO, _R.CALL_HELPLINE, "APSK0422"
    MOBILE_MISSING = "MOBILE_MISSING", _T.BAD_REQUEST, Retry.NO, _R.VISIT_CSC, "APSK0422"
    CENTRES_REFUSED = "CENTRES_REFUSED", _T.BAD_REQUEST, Retry.CHANGED, _R.CORRECT_INPUT, "APSK0422"
    ROW_INVALID = "ROW_INVALID", _T.BAD_REQUEST, Retry.CHANGED, _R.CORRECT_INPUT, "APSK0422"
    ROW_TWICE = "ROW_TWICE", _T.BAD_REQUEST, Retry.CHANGED, _R.CORRECT_INPUT, "APSK0422"
    ROSTER_FULL = "ROSTER_FULL", _T.BAD_REQUEST, Retry.CHANGED, _R.CORRECT_INPUT, "APSK0422"
    CAMP_CLOSED = "CAMP_CLOSED", _T.BAD_REQUEST, Retry.NO, _R.CALL_HELPLINE, "APSK0422"
    TEXT_HIDDEN_CHARACTER = "TEXT_HIDDEN_CHARACTER", _T.BAD_REQUEST, Retry.CHANGED, _R.CORRECT_INPUT, "APSK0400"
    FORM_QUESTION_UNKNOWN = "FORM_QUESTION_UNKNOWN", _T.BAD_REQUEST, Retry.CHANGED, _R.CORRECT_INPUT, "APSK0400"
    FORM_QUESTION_NOT_ASKED = "FORM_QUESTION_NOT_ASKED", _T.BAD_REQUEST, Retry.CHANGED, _R.CORRECT_INPUT, "APSK0400"
    FORM_ANSWER_MISSING = "FORM_ANSWER_MISSING", _T.BAD_REQUEST, Retry.CHANGED, _R.CORRECT_INPUT, "APSK0400"
    FORM_VALUE_INVALID = "FORM_VALUE_INVALID", _T.BAD_REQUEST, Retry.CHANGED, _R.CORRECT_INPUT, "APSK0400"
    FORM_VALUE_NOT_LISTED = "FORM_VALUE_NOT_LISTED", _T.BAD_REQUEST, Retry.CHANGED, _R.CORRECT_INPUT, "APSK0400"
    FORM_VALUE_OUT_OF_RANGE = "FORM_VALUE_OUT_OF_RANGE", _T.BAD_REQUEST, Retry.CHANGED, _R.CORRECT_INPUT, "APSK0400"
    FORM_VALUE_TOO_LONG = "FORM_VALUE_TOO_LONG", _T.BAD_REQUEST, Retry.CHANGED, _R.CORRECT_INPUT, "APSK0400"
    FORM_ANSWERS_DISAGREE = "FORM_ANSWERS_DISAGREE", _T.BAD_REQUEST, Retry.CHANGED, _R.CORRECT_INPUT, "APSK0400"
    FORM_QUESTION_TWICE = "FORM_QUESTION_TWICE", _T.BAD_REQUEST, Retry.CHANGED, _R.CORRECT_INPUT, "APSK0400"
    FORM_AADHAAR_NOT_HERE = "FORM_AADHAAR_NOT_HERE", _T.BAD_REQUEST, Retry.CHANGED, _R.CORRECT_INPUT, "APSK0400"
    FORM_CHANGED = "FORM_CHANGED", _T.BAD_REQUEST, Retry.CHANGED, _R.REFRESH, "APSK0422"
    NO_TRAINING = "NO_TRAINING", _T.FAILED_PRECONDITION, Retry.NO, _R.NONE, "APSK0422"


RETRY_SECONDS = 1.0
"""When a request that cannot be done at the moment may be sent again."""

USUAL: Any = None
"""In place of a remedy or of whether to retry: what the row of the code says."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that went wrong, as codes; each interface turns it into text.

    `path` names the input field. `action` is the remedy of the code, unless another fits better. `params` fill the
    message of `code` in the asked language and must never hold personal data or text that the caller sent. `texts` do
    the same with words in both languages. `detail` is a short code, never free text; `retry_after` is in seconds;
    OVERLOADED always has one.
    """

    code: ErrorCode
    path: tuple[str, ...] = ()
    action: Remedy = USUAL
    params: Mapping[str, str] = field(default_factory=dict)
    texts: Mapping[str, Bilingual] = field(default_factory=dict)
    detail: str | None = None
    source: Source | None = None
    retryable: bool = USUAL
    retry_after: float | None = None
    sentence: str | None = None
    """The key of a text that says it better than that of the code."""

    def __post_init__(self) -> None:
        if self.action is USUAL:
            object.__setattr__(self, "action", self.code.remedy)
        if self.retryable is USUAL:
            object.__setattr__(self, "retryable", self.code.retry is Retry.LATER)
        if self.retry_after is None and self.code is ErrorCode.OVERLOADED:
            object.__setattr__(self, "retry_after", RETRY_SECONDS)


class CallerError(Exception):
    """The root of what the caller did or may mend, with every cause found. `reason` is a text for the trace alone."""

    standard: ClassVar[tuple[Problem, ...]] = ()
    """The causes where none are given."""

    def __init__(self, *problems: Problem, reason: str = "") -> None:
        self.problems = problems or self.standard
        if not self.problems:
            raise ValueError("at least one problem is needed")
        super().__init__(reason or ", ".join(problem.code.value for problem in self.problems))

    @property
    def problem(self) -> Problem:
        """The first cause."""
        return self.problems[0]

    @property
    def code(self) -> ErrorCode:
        """The code of the first cause."""
        return self.problem.code


class Problems(CallerError):
    """A request that cannot be done."""


class NotSignedIn(CallerError):
    """A session is needed. Raised only where no token, or one that does not hold, was sent."""

    standard = (Problem(ErrorCode.UNAUTHENTICATED),)


class LanguageNotSpoken(CallerError):
    """The state that is installed does not speak the language that was asked for."""

    standard = (Problem(ErrorCode.LANGUAGE_NOT_SPOKEN, ("language",)),)


class MistypedNumber(CallerError):
    """The text cannot be a reference number: a typing error, not an unknown number."""

    standard = (Problem(ErrorCode.NUMBER_MISTYPED, ("input",)),)


class MalformedGlobalId(CallerError):
    """The text is not one of our global identifiers."""

    standard = (Problem(ErrorCode.BAD_INPUT, ("input",), detail="MALFORMED_ID"),)


class TemporarilyUnavailable(CallerError):
    """We cannot answer now, mostly because the store does not; the same request may be sent again.

    An endpoint for a system that calls us answers it by the code of its contract.
    """

    standard = (Problem(ErrorCode.OVERLOADED, retry_after=RETRY_SECONDS),)

    def __init__(self, reason: str = "") -> None:
        super().__init__(reason=reason or type(self).__name__)


class CommandFailed(Exception):
    """A command cannot do what it was asked to. Each reason is one line for a person at the terminal."""

    def __init__(self, *reasons: str) -> None:
        super().__init__("; ".join(reasons))
        self.reasons = list(reasons)


def camel_case(name: str) -> str:
    """The name of a field of ours in JSON and in the path of a problem."""
    head, *rest = name.split("_")
    return head + "".join(part.title() for part in rest)


def not_found(*path: str) -> Problems:
    """Absent and denied look alike: the same code by the same path."""
    return Problems(Problem(ErrorCode.NOT_FOUND, path))


def require_found(found: T | None, *path: str) -> T:
    """What was found; raises NOT_FOUND at the path where that is nothing."""
    if found is None:
        raise not_found(*path)
    return found


def rate_limited(seconds: float, *path: str) -> Problems:
    """Asked too often; again in so many seconds."""
    return Problems(Problem(ErrorCode.RATE_LIMITED, path, retry_after=seconds))
