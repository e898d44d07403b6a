"""Errors: one shape, no inner texts, no echo of what the caller sent."""

import pytest
from graphql import GraphQLError, GraphQLSyntaxError, parse
from structlog.testing import capture_logs

from domain.kernel import (
    ANONYMOUS,
    ErrorCode,
    Language,
    MalformedGlobalId,
    MistypedNumber,
    NotSignedIn,
    Problem,
    Problems,
    Retry,
    Source,
    not_found,
)
from integrations.calling.errors import Garbled, IntegrityFailure, Refused, Unavailable
from schema.kernel.errors import MOST_ERRORS, extensions_of, problem_of, replace_errors, text_of
from store.database import InProgress, KeyReused, ObjectDamaged, StoreError, StoreUnavailable, TryAgain, VersionConflict
from tests.support.graph import CITIZEN

CODES = [
    (Problems(Problem(ErrorCode.SERVICE_CLOSED)), "SERVICE_CLOSED", False),
    (not_found("id"), "NOT_FOUND", False),
    (NotSignedIn(), "UNAUTHENTICATED", False),
    (MistypedNumber(), "NUMBER_MISTYPED", False),
    (MalformedGlobalId(), "BAD_INPUT", False),
    (Unavailable(Source.UMANG, "timeout"), "SOURCE_UNAVAILABLE", True),
    (Refused(Source.UMANG, "no"), "SOURCE_REFUSED", False),
    (Refused(Source.DIGILOCKER, "consent_needed"), "CONSENT_REQUIRED", False),
    (Garbled(Source.UMANG, "html"), "SOURCE_GARBLED", True),
    (IntegrityFailure(Source.UMANG, "hmac"), "INTEGRITY", False),
    (ObjectDamaged(), "INTEGRITY", False),
    (VersionConflict(3, "APPROVED"), "CONFLICT", False),
    (KeyReused(), "IDEMPOTENCY_KEY_REUSED", False),
    (InProgress(), "IN_PROGRESS", True),
    (TryAgain(), "OVERLOADED", True),
    (StoreUnavailable(), "OVERLOADED", True),
    (TimeoutError(), "DEADLINE_EXCEEDED", True),
    (ZeroDivisionError("1234 secret"), "INTERNAL", False),
]


@pytest.mark.parametrize(("error", "code", "retryable"), CODES, ids=lambda value: str(value)[:30])
def test_every_exception_has_a_code(error, code, retryable):
    problem = problem_of(error)

    assert (problem.code, problem.retryable) == (code, retryable)
    assert text_of(problem, Language.HI)
    assert set(extensions_of(problem, "r")) <= {
        "code", "type", "detail", "source", "retryable", "retryAfterSeconds", "action", "requestId"
    }  # fmt: skip


@pytest.mark.parametrize("code", ErrorCode)
def test_what_cannot_be_done_may_be_sent_again_where_the_table_of_codes_says_so(code):
    assert problem_of(Problems(Problem(code))).retryable is (code.retry is Retry.LATER)


def test_what_is_not_known_is_neutral_and_its_text_is_not_logged():
    errors = [GraphQLError("1234 secret", original_error=ZeroDivisionError("1234 secret"))]

    with capture_logs() as logs:
        replace_errors(errors, Language.EN, "r")

    assert errors[0].message == "Something went wrong on our side. Please try again later."
    assert errors[0].extensions["code"] == "INTERNAL"
    assert logs[0]["exception"] == "ZeroDivisionError"
    assert "secret" not in str(logs)


def test_a_syntax_error_tells_the_place_and_not_the_words():
    with pytest.raises(GraphQLSyntaxError) as caught:
        parse('{ viewer(mobile: "9800000001" }')
    errors = [caught.value]

    replace_errors(errors, Language.EN, None)

    assert errors[0].message.endswith(" [Syntax error at line 1, column 31.]")
    assert errors[0].extensions["code"] == "BAD_INPUT"
    assert errors[0].extensions["detail"] == "SYNTAX"


async def test_names_of_the_graph_are_told_and_values_are_not(world):
    name = await world.ask("{ viewer { nosuch } }", CITIZEN)
    literal = await world.ask('{ services(first: "9999 2341 2346") { totalCount } }', CITIZEN)
    variable = await world.run(
        "query ($first: Int) { services(first: $first) { totalCount } }", world.context(CITIZEN), {"first": "99992341"}
    )

    assert "nosuch" in name["errors"][0]["message"]
    assert "9999" not in str(literal["errors"])
    assert variable["errors"][0]["message"].endswith(" [Variable $first: A value of the type Int is expected.]")
    for answer in (name, literal, variable):
        assert answer["data"] is None
        assert answer["errors"][0]["extensions"]["code"] == "BAD_INPUT"
        assert answer["errors"][0]["extensions"]["requestId"] == "request-1"


async def test_a_document_with_many_errors_is_answered_with_five(world):
    fields = " ".join(f"nosuch{number}" for number in range(60))

    answer = await world.ask(f"{{ viewer {{ ... on Citizen {{ {fields} }} }} }}", CITIZEN)

    assert len(answer["errors"]) == MOST_ERRORS
    assert all(len(error["message"]) <= 300 for error in answer["errors"])


async def test_a_field_that_needs_a_session_says_so(world):
    answer = await world.ask('{ application(by: {number: "12611971338148"}) { id } viewer { __typename } }', ANONYMOUS)

    assert answer["data"] == {"application": None, "viewer": None}
    assert answer["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    assert answer["errors"][0]["extensions"]["action"] == "SIGN_IN_AGAIN"


async def test_errors_are_logged_by_code_and_field_without_the_document(world):
    with capture_logs() as logs:
        await world.ask('{ secretalias: application(by: {number: "9800000001"}) { id } }', CITIZEN)

    (line,) = [log for log in logs if log["event"] == "graph_error"]
    assert (line["code"], line["field"]) == ("NUMBER_MISTYPED", "application")
    assert "9800000001" not in str(logs)
    assert "secretalias" not in str(logs)


def test_what_the_database_refused_is_logged_by_its_code_since_nobody_outside_is_told():
    error = GraphQLError("x", original_error=StoreError("the database refused (42P05)"))

    with capture_logs() as logs:
        replace_errors([error], Language.EN, "request-1")

    assert [(log["event"], log["exception"]) for log in logs] == [("graph_fault", "the database refused (42P05)")]
