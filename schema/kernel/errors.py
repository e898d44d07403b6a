"""Errors of the graph: one shape, one list of codes, a localised message, no internal details.

Extensions are exactly `code type detail source retryable retryAfterSeconds action requestId`, each absent
where it does not apply (ADR 0025). `detail` is a short code, never free text.
"""

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import structlog
from graphql import GraphQLError, GraphQLSyntaxError

from actions.documents.locker import CONSENT_NEEDED
from domain.consents.consents import PURPOSE_OF, PURPOSE_PARAM
from domain.kernel import (
    USUAL,
    Bilingual,
    ErrorCode,
    Language,
    MalformedGlobalId,
    MistypedNumber,
    NotSignedIn,
    Problem,
    Problems,
    Remedy,
    Retry,
    Source,
    remedy_for,
    sentence_for,
)
from domain.kernel.messages import label, message
from domain.platform.switches import MutationOff
from integrations.calling.errors import Garbled, IntegrityFailure, Refused, RemoteError, Unavailable
from schema.documents.document_errors import document_message
from store.database import (
    InProgress,
    KeyReused,
    ObjectDamaged,
    StoreError,
    StoreUnavailable,
    TryAgain,
    VersionConflict,
    WritesStopped,
)

LARGEST_MESSAGE = 300
"""Characters of one message (docs/reliability.md section 4)."""

MOST_ERRORS = 5
"""Errors in one response (docs/reliability.md section 4). Which sources are missing where is in
`extensions.sources`."""

MOST_REFERENCES = 100
"""Errors in a router's response about the references of one request."""

IN_PROGRESS_SECONDS = 1.0
"""When a twin of a request that is still at work may be sent again."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Fault:
    """What went wrong, as codes; each interface turns it into text. `retry_after` is in seconds."""

    code: ErrorCode
    action: Remedy = USUAL
    detail: str | None = None
    source: Source | None = None
    retryable: bool = USUAL
    retry_after: float | None = None
    params: Mapping[str, str] = field(default_factory=dict)
    texts: Mapping[str, Bilingual] = field(default_factory=dict)
    sentence: str | None = None
    """The key of a text that says it better than that of the code."""

    def __post_init__(self) -> None:
        if self.action is USUAL:
            object.__setattr__(self, "action", self.code.remedy)
        if self.retryable is USUAL:
            object.__setattr__(self, "retryable", self.code.retry is Retry.LATER)

    def message(self, language: Language) -> str:
        """The text for a person."""
        if self.sentence is not None:
            return label(self.sentence, language)[:LARGEST_MESSAGE]
        named = {"source": self.source.value} if self.source else {}
        return message(self.code, language, {**self.params, **named}, self.texts)[:LARGEST_MESSAGE]

    def extensions(self, request_id: str | None) -> dict[str, Any]:
        """The error's extensions, without those that do not apply."""
        shown = {
            "code": self.code.value,
            "type": self.code.type.value,
            "detail": self.detail,
            "source": self.source.value if self.source else None,
            "retryable": self.retryable,
            "retryAfterSeconds": math.ceil(self.retry_after) if self.retry_after is not None else None,
            "action": self.action.value,
            "requestId": request_id,
        }
        return {name: value for name, value in shown.items() if value is not None}


def fault_of(error: BaseException) -> Fault:
    """The fault that an exception maps to; an unknown one is INTERNAL."""
    return next((make(error) for kind, make in _FAULTS if isinstance(error, kind)), _INTERNAL)


def _of_problems(error: Any) -> Fault:
    problem = error.problems[0]
    wait = problem.params.get("retryAfterSeconds")
    return Fault(
        problem.code,
        problem.action,
        _detail(problem),
        retryable=wait is not None,
        retry_after=None if wait is None else float(wait),
        params=problem.params,
        texts=problem.texts,
    )


def _detail(problem: Problem) -> str | None:
    """Which consent is missing, or which argument is wrong: a query has no `userErrors` that would name it."""
    if problem.code is ErrorCode.CONSENT_REQUIRED:
        return problem.params.get(PURPOSE_PARAM)
    return ".".join(problem.path) or None if problem.code is ErrorCode.BAD_INPUT else None


def _of_source(code: ErrorCode) -> Callable[[Any], Fault]:
    def make(error: Any) -> Fault:
        return Fault(
            code,
            detail=error.code,
            source=error.source,
            retryable=error.retryable,
            retry_after=error.retry_after,
        )

    return make


def _of_refusal(error: Any) -> Fault:
    """A source that lacks the citizen's consent is the citizen's to mend; any other refusal is reported as it is."""
    if error.code == CONSENT_NEEDED:
        purpose = PURPOSE_OF.get(error.source)
        named = {} if purpose is None else {PURPOSE_PARAM: purpose.value}
        remedy = Remedy.LINK_ACCOUNT if error.source is Source.DIGILOCKER else Remedy.GIVE_CONSENT
        detail = named.get(PURPOSE_PARAM)
        return Fault(ErrorCode.CONSENT_REQUIRED, remedy, detail=detail, source=error.source, params=named)
    return Fault(
        ErrorCode.SOURCE_REFUSED,
        remedy_for(error.source, error.code),
        detail=error.code,
        source=error.source,
        sentence=sentence_for(error.source, error.code),
    )


def _of_switch(error: Any) -> Fault:
    return Fault(ErrorCode.SWITCHED_OFF, retry_after=error.retry_after)


def _always(fault: Fault) -> Callable[[Any], Fault]:
    return lambda _: fault


def _of_conflict(error: Any) -> Fault:
    return Fault(ErrorCode.CONFLICT, params={"status": error.present_status})


_INTERNAL = Fault(ErrorCode.INTERNAL)
_STOPPED = Fault(ErrorCode.WRITES_STOPPED, retry_after=60.0)
_BUSY = Fault(ErrorCode.OVERLOADED, retry_after=IN_PROGRESS_SECONDS)

_FAULTS: tuple[tuple[type[BaseException], Callable[[Any], Fault]], ...] = (
    (Problems, _of_problems),
    (NotSignedIn, _always(Fault(ErrorCode.UNAUTHENTICATED))),
    (MutationOff, _of_switch),
    (MistypedNumber, _always(Fault(ErrorCode.NUMBER_MISTYPED))),
    (MalformedGlobalId, _always(Fault(ErrorCode.BAD_INPUT, detail="MALFORMED_ID"))),
    (Unavailable, _of_source(ErrorCode.SOURCE_UNAVAILABLE)),
    (Refused, _of_refusal),
    (IntegrityFailure, _of_source(ErrorCode.INTEGRITY)),
    (Garbled, _of_source(ErrorCode.SOURCE_GARBLED)),
    (VersionConflict, _of_conflict),
    (KeyReused, _always(Fault(ErrorCode.IDEMPOTENCY_KEY_REUSED))),
    (InProgress, _always(Fault(ErrorCode.IN_PROGRESS, retry_after=IN_PROGRESS_SECONDS))),
    (ObjectDamaged, _always(Fault(ErrorCode.INTEGRITY, source=Source.STORE))),
    (TryAgain, _always(_BUSY)),
    (StoreUnavailable, _always(_BUSY)),
    (WritesStopped, _always(_STOPPED)),
    (TimeoutError, _always(Fault(ErrorCode.DEADLINE_EXCEEDED))),
)
"""In this order; the first kind that fits is taken."""

EXPECTED_IN_MUTATIONS = (Problems, MistypedNumber, MalformedGlobalId, VersionConflict, KeyReused, InProgress)
"""Refusals that a mutation tells as `userErrors`; everything else is a top-level error."""

OURS = (
    Problems,
    NotSignedIn,
    MutationOff,
    MistypedNumber,
    MalformedGlobalId,
    RemoteError,
    StoreError,
    TimeoutError,
)
"""Exceptions that are part of the job and need no stack trace."""


def shown_error(error: GraphQLError, language: Language, request_id: str | None) -> GraphQLError:
    """The error as the client may see it, at the same place of the document and the answer."""
    if error.extensions and "code" in error.extensions:
        return error
    fault, text = _read(error, language)
    return GraphQLError(
        text[:LARGEST_MESSAGE],
        nodes=error.nodes,
        source=error.source,
        positions=error.positions,
        path=error.path,
        original_error=error.original_error,
        extensions=fault.extensions(request_id),
    )


def _read(error: GraphQLError, language: Language) -> tuple[Fault, str]:
    cause = root_cause(error)
    if cause is not None:
        fault = fault_of(cause)
        return fault, fault.message(language)
    detail = "SYNTAX" if isinstance(error, GraphQLSyntaxError) else "DOCUMENT"
    if error.path is not None:
        detail = "ARGUMENT"
    return Fault(ErrorCode.BAD_INPUT, detail=detail), document_message(error, language)


def root_cause(error: GraphQLError) -> BaseException | None:
    """The exception that is not GraphQL's own, or None for an error in the document or its values."""
    cause: BaseException | None = error.original_error
    while isinstance(cause, GraphQLError):
        cause = cause.original_error
    return cause


def replace_errors(errors: list[GraphQLError], language: Language, request_id: str | None) -> None:
    """Log the errors by code and field, then put what the client may see in their place."""
    shown = [shown_error(error, language, request_id) for error in errors]
    kinds = Counter(map(_kind, shown))
    for kind, error in {_kind(error): error for error in reversed(shown)}.items():
        _log_error(error, kinds[kind], request_id)
    errors[:] = most_telling(shown)


def most_telling(errors: Sequence[GraphQLError]) -> list[GraphQLError]:
    """As many errors as are reported, in their order: one of each code and field first, then the others.

    A router gets an error for every reference that it asked for: it must know which of them are missing.
    """
    if errors and all(error.path and error.path[0] == "_entities" for error in errors):
        return list(errors[:MOST_REFERENCES])
    firsts = {_kind(error): place for place, error in reversed(list(enumerate(errors)))}
    chosen = sorted(firsts.values())[:MOST_ERRORS]
    others = [place for place in range(len(errors)) if place not in chosen]
    return [errors[place] for place in sorted(chosen + others[: MOST_ERRORS - len(chosen)])]


def _kind(error: GraphQLError) -> tuple[Any, ...]:
    """What makes two errors alike: the code, and the place in the answer but for the numbers of lists."""
    return (error.extensions or {}).get("code"), *(step for step in error.path or () if isinstance(step, str))


def _log_error(error: GraphQLError, times: int, request_id: str | None) -> None:
    """One line for all errors alike. The field is named only where it was run: else it is a word of the client's."""
    code = (error.extensions or {}).get("code")
    name = getattr(error.nodes[0], "name", None) if error.nodes and error.path else None
    cause = root_cause(error)
    facts = {"code": code, "field": getattr(name, "value", None), "times": times, "request_id": request_id}
    if cause is None or isinstance(cause, OURS):
        _log.info("graph_error", **facts)
    else:
        # The type says what broke; the text could hold what the caller sent, so it stays out of the log.
        _log.error("graph_fault", exception=type(cause).__name__, where=_code_location(cause), **facts)


def _code_location(cause: BaseException) -> str | None:
    traceback, place = cause.__traceback__, None
    while traceback is not None:
        code = traceback.tb_frame.f_code
        place = f"{code.co_filename.rsplit('/', 1)[-1]}:{traceback.tb_lineno} {code.co_name}"
        traceback = traceback.tb_next
    return place
