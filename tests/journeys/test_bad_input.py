"""What is wrong is told by code, path, message and remedy, in the language asked for; nothing is half-written."""

import httpx
import pytest

from tests.support.forms import answers_of
from tests.support.papers import DECIDE, SUBMIT, income_application

COUNT = "{ viewer { ... on Citizen { applications(first: 1) { totalCount } } } }"
PERSON = "sunil-rawat"


def refused(running, request: dict, *, language: str = "en", person: str = PERSON) -> list[dict]:
    token = running.token("citizen", person)
    before = running.data(COUNT, token=token)
    payload = running.data(SUBMIT, {"input": request}, token=token, language=language)["submitApplication"]
    assert payload["application"] is None
    assert running.data(COUNT, token=token) == before
    return payload["userErrors"]


def a_service_not_applied_for(running, token: str) -> dict:
    """A service that is open, free, asks for no papers, and that the citizen has never applied for; with its form."""
    query = """{
      services(first: 100, filter: {openOnly: true}) { nodes { code fee documents { key } form { name } } }
      viewer { ... on Citizen { applications(first: 100) { nodes { service { code } } } } } }"""
    data = running.data(query, token=token)
    taken = {node["service"]["code"] for node in data["viewer"]["applications"]["nodes"]}
    return next(
        node
        for node in data["services"]["nodes"]
        if not node["fee"] and not node["documents"] and node["code"] not in taken
    )


def test_an_unknown_service_is_named(running):
    error = refused(running, income_application("x", "bad-1", serviceCode="NOPE", documents=[]))[0]

    assert (error["code"], error["path"]) == ("SERVICE_UNKNOWN", ["input", "serviceCode"])
    assert error["action"] == "CHOOSE_SERVICE"


def test_every_missing_document_is_told_at_once(running):
    errors = refused(running, income_application("x", "bad-2", documents=[]))

    assert [error["code"] for error in errors] == ["DOCUMENT_MISSING"] * 5


def test_a_service_of_another_portal_is_refused_with_its_address(running):
    error = refused(running, income_application("x", "bad-3", serviceCode="PP02", documents=[]))[0]

    assert error["code"] == "APPLY_ELSEWHERE"
    assert "passportindia.gov.in" in error["message"]


def test_a_place_outside_the_state_is_unknown(running):
    errors = refused(running, income_application("x", "bad-4", district="999", documents=[]))

    assert "PLACE_UNKNOWN" in {error["code"] for error in errors}


def test_a_document_that_is_not_in_her_locker_is_refused(running):
    errors = refused(running, income_application("in.gov.pan-PANCR-SOMEBODYELSE", "bad-5"))

    assert {error["code"] for error in errors} == {"DOCUMENT_UNKNOWN"}


def test_the_message_comes_in_hindi_or_english_as_asked(running):
    request = income_application("x", "bad-6", serviceCode="NOPE", documents=[])

    english = refused(running, request, language="en")[0]["message"]
    hindi = refused(running, request, language="hi")[0]["message"]

    assert english.isascii()
    assert any("\u0900" <= letter <= "\u097f" for letter in hindi)


def test_the_same_key_gives_the_same_answer_and_another_key_is_a_double_submit(running):
    token = running.token("citizen", "imran-ansari")
    service = a_service_not_applied_for(running, token)
    request = {
        "serviceCode": service["code"],
        "form": answers_of(service["form"]["name"]),
        "district": "50",
        "tehsil": "353",
        "idempotencyKey": "twice-1",
    }

    first, again = (running.data(SUBMIT, {"input": request}, token=token)["submitApplication"] for _ in range(2))
    other = running.data(SUBMIT, {"input": {**request, "idempotencyKey": "twice-2"}}, token=token)
    changed = running.data(SUBMIT, {"input": {**request, "tehsil": "354"}}, token=token)

    assert again["application"]["number"] == first["application"]["number"]
    assert other["submitApplication"]["userErrors"][0]["code"] == "ALREADY_APPLIED"
    assert changed["submitApplication"]["userErrors"][0]["code"] == "IDEMPOTENCY_KEY_REUSED"


def test_a_mistyped_number_is_told_from_an_unknown_one(running):
    query = "query($number: String!) { application(by: {number: $number}) { number } }"
    mine = running.data(
        "{ viewer { ... on Citizen { applications(first: 1) { nodes { number } } } } }", token=running.token()
    )["viewer"]["applications"]["nodes"][0]["number"]
    typo = mine[:-1] + str((int(mine[-1]) + 1) % 10)

    answer = running.graphql(query, {"number": typo}, token=running.token())
    foreign = running.graphql(query, {"number": mine}, token=running.token("citizen", PERSON))

    assert answer["errors"][0]["extensions"]["code"] == "NUMBER_MISTYPED"
    assert foreign["data"] == {"application": None}
    assert "errors" not in foreign


def test_an_officer_of_another_tehsil_cannot_decide(running):
    mine = running.data(
        "{ viewer { ... on Citizen { applications(first: 1) { nodes { id } } } } }", token=running.token()
    )["viewer"]["applications"]["nodes"][0]["id"]
    request = {"applicationId": mine, "verdict": "APPROVE", "idempotencyKey": "foreign-1"}

    payload = running.data(DECIDE, {"input": request}, token=running.token("officer", "officer-almora-sadar"))

    assert payload["decideApplication"]["userErrors"][0]["code"] == "NOT_FOUND"


def test_without_a_token_the_viewer_is_nobody(running):
    assert running.data("{ viewer { __typename } }") == {"viewer": None}


@pytest.mark.parametrize("token", ["nonsense", "e30.e30.e30"])
def test_a_token_that_does_not_hold_is_told(running, token):
    answer = httpx.post(
        f"{running.url}/graphql", json={"query": "{ __typename }"}, headers={"Authorization": f"Bearer {token}"}
    )

    assert answer.status_code == 401
    assert answer.json()["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


@pytest.mark.parametrize(
    ("body", "media_type"),
    [
        (b"", "application/json"),
        (b"null", "application/json"),
        (b"1", "application/json"),
        (b'"x"', "application/json"),
        (b"[1]", "application/json"),
        (b"{", "application/json"),
        (b"\xff\xfe{}", "application/json"),
        (b'{"query": 5}', "application/json"),
        (b'{"query": "{"}', "application/json"),
        (b'{"query": "{ nothing }"}', "application/json"),
        (b'{"query": "{ __typename }", "variables": 3}', "application/json"),
        (b"[" * 5000, "application/json"),
        (b'{"query": "' + b"x" * 120_000 + b'"}', "application/json"),
        (b"query={__typename}", "application/x-www-form-urlencoded"),
        (b"\x1f\x8b\x08\x00", "application/json"),
    ],
)
def test_malformed_requests_get_a_code_and_never_a_500(running, body, media_type):
    headers = {"Content-Type": media_type, "Accept": "application/graphql-response+json"}

    answer = httpx.post(f"{running.url}/graphql", content=body, headers=headers)

    assert 400 <= answer.status_code < 500
    assert answer.json()["errors"][0]["extensions"]["code"]
    assert "Traceback" not in answer.text
