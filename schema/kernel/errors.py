"""Errors of the graph: one shape, one list of codes, a localised message, no internal details.

Extensions are exactly `code type detail source retryable retryAfterSeconds action requestId`, each absent
where it does not apply (ADR 0025). `detail` is a short code, never free text.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import structlog
from graphql import GraphQLError, GraphQLSyntaxError

from actions.documents.locker import CONSENT_NEEDED
from domain.consents.consents import PURPOSE_OF, PURPOSE_PARAM
from domain.kernel import (
    USUAL,
    CallerError,
    ErrorCode,
    Language,
    MalformedGlobalId,
    MistypedNumber,
    Problem,
    Problems,
    Remedy,
    Source,
    remedy_for,
    sentence_for,
)
from domain.kernel.errors import RETRY_SECONDS
from domain.kernel.messages import problem_text
from integrations.calling.errors import Refused, RemoteError, is_corrected_by_citizen
from schema.kernel.document_errors import document_message, wrong_input
from store.database import InProgress, KeyReused, ObjectDamaged, StoreError, VersionConflict

LARGEST_MESSAGE = 300
"""Characters of one message (docs/reliability.md section 4)."""

MOST_ERRORS = 5
"""Errors in one response (docs/reliability.md section 4). Which sources are missing where is in
`extensions.sources`."""

MOST_REFERENCES = 100
"""Errors in a router's response about the references of one request."""

_log = structlog.get_logger(__name__)


def text_of(problem: Problem, language: Language) -> str:
    """What a problem says to a person."""
    told, named = problem_text(problem, language), problem.sentence is not None
    wrong = wrong_input(problem, language) if problem.code is ErrorCode.BAD_INPUT and not named else None
    return (f"{told} [{wrong}]" if wrong else told)[:LARGEST_MESSAGE]


def extensions_of(problem: Problem, request_id: str | None) -> dict[str, Any]:
    """The extensions of a problem as an error, without those that do not apply."""
    shown = {
        "code": problem.code.value,
        "type": problem.code.type.value,
        "detail": problem.detail,
        "source": problem.source.value if problem.source else None,
        "retryable": problem.retryable,
        "retryAfterSeconds": math.ceil(problem.retry_after) if problem.retry_after is not None else None,
        "action": problem.action.value,
        "requestId": request_id,
    }
    return {name: value for name, value in shown.items() if value is not None}


def problem_of(error: BaseException) -> Problem:
    """The problem that an exception is for whoever asked; an unknown one is INTERNAL."""
    match error:
        case Problems(problem=problem):
            return replace(problem, detail=_detail(problem))
        case CallerError():
            return error.problem
        case RemoteError():
            return _of_remote(error)
        case VersionConflict():
            return Problem(ErrorCode.CONFLICT, ("input",), params={"status": error.present_status})
    return next((problem for kind, problem in _PROBLEMS.items() if isinstance(error, kind)), _INTERNAL)


def _detail(problem: Problem) -> str | None:
    """Which consent is missing, or which argument is wrong: a query has no `userErrors` that would name it."""
    if problem.code is ErrorCode.CONSENT_REQUIRED:
        return problem.params.get(PURPOSE_PARAM)
    return ".".join(problem.path) or None if problem.code is ErrorCode.BAD_INPUT else None


def _of_remote(error: RemoteError) -> Problem:
    """The problem of an outside system; what the citizen can mend herself is none of an outage.

    That is a consent which is missing, and what she named at a department under a number that it does not know.
    """
    if isinstance(error, Refused) and error.code == CONSENT_NEEDED:
        purpose = PURPOSE_OF.get(error.source)
        named = {} if purpose is None else {PURPOSE_PARAM: purpose.value}
        remedy = Remedy.LINK_ACCOUNT if error.source is Source.DIGILOCKER else Remedy.GIVE_CONSENT
        detail = named.get(PURPOSE_PARAM)
        return Problem(ErrorCode.CONSENT_REQUIRED, action=remedy, detail=detail, source=error.source, params=named)
    refused = isinstance(error, Refused)
    by_citizen = error.source in _KNOWN_BY_NUMBER and is_corrected_by_citizen(error)
    return Problem(
        ErrorCode.DOCUMENT_UNKNOWN if by_citizen else error.error_code,
        action=remedy_for(error.source, error.code) if refused else USUAL,
        detail=error.code,
        source=error.source,
        retryable=error.retryable,
        retry_after=None if refused else error.retry_after,
        sentence=sentence_for(error.source, error.code) if refused else None,
    )


_KNOWN_BY_NUMBER = (Source.API_SETU, Source.UMANG)
"""Where a citizen names what she wants by a number, which may be a wrong one."""

_INTERNAL = Problem(ErrorCode.INTERNAL)

_PROBLEMS: Mapping[type[BaseException], Problem] = {
    KeyReused: Problem(ErrorCode.IDEMPOTENCY_KEY_REUSED, ("input",)),
    InProgress: Problem(ErrorCode.IN_PROGRESS, ("input",), retry_after=RETRY_SECONDS),
    ObjectDamaged: Problem(ErrorCode.INTEGRITY, source=Source.STORE),
    TimeoutError: Problem(ErrorCode.DEADLINE_EXCEEDED),
}
"""What other errors are for whoever asked."""

EXPECTED_IN_MUTATIONS = (Problems, MistypedNumber, MalformedGlobalId, VersionConflict, KeyReused, InProgress)
"""Refusals that a mutation tells as `userErrors`; everything else is a top-level error."""

OURS = (CallerError, RemoteError, StoreError, TimeoutError)
"""Exceptions that are part of the job and need no stack trace."""


def shown_error(error: GraphQLError, language: Language, request_id: str | None) -> GraphQLError:
    """The error as the client may see it, at the same place of the document and the answer."""
    if error.extensions and "code" in error.extensions:
        return error
    problem, text = _read(error, language)
    return GraphQLError(
        text[:LARGEST_MESSAGE],
        nodes=error.nodes,
        source=error.source,
        positions=error.positions,
        path=error.path,
        original_error=error.original_error,
        extensions=extensions_of(problem, request_id),
    )


def _read(error: GraphQLError, language: Language) -> tuple[Problem, str]:
    cause = root_cause(error)
    if cause is not None:
        problem = problem_of(cause)
        return problem, text_of(problem, language)
    detail = "SYNTAX" if isinstance(error, GraphQLSyntaxError) else "DOCUMENT"
    if error.path is not None:
        detail = "ARGUMENT"
    return Problem(ErrorCode.BAD_INPUT, detail=detail), document_message(error, language)


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
    if cause is None or (isinstance(cause, OURS) and code != ErrorCode.INTERNAL):
        _log.info("graph_error", **facts)
    elif isinstance(cause, StoreError):  # whose text is ours and holds neither SQL nor values
        _log.error("graph_fault", exception=str(cause), where=_code_location(cause), **facts)
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
