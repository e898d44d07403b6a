"""The doors that we publish: each row of the error table, and the OpenAPI document against the door itself."""

import copy
import json
from dataclasses import replace
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import (
    content_type_conformance,
    not_a_server_error,
    response_schema_conformance,
    status_code_conformance,
)
from schemathesis.core.failures import FailureGroup
from starlette.applications import Starlette

from domain.kernel import Bilingual, ErrorCode, ManualClock, Problem, Problems, TemporarilyUnavailable
from integrations.apisetu import (
    PublishedDocument,
    PublishedSettings,
    published_routes,
)
from tests.support.published import INCOME, INCOME_SERVICE
from tests.support.setu import ERROR_ROWS, NOW, market_of

PATH = "/apisetu/certificate/v3/apunisarkar/incer"
ROWS = {row["error"]: (row["status"], row["errorDescription"]) for row in ERROR_ROWS}

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
BOUNDS = settings(
    max_examples=8,
    deadline=None,
    database=None,
    derandomize=True,
    phases=(Phase.generate,),
    suppress_health_check=list(HealthCheck),
)


class Shelf:
    """A publisher that gives what it is told to give."""

    outcome: bytes | Exception | None = b"%PDF-1.7"

    async def documents(self):
        return (
            PublishedDocument("INCER", INCOME, ("ES09",)),
            PublishedDocument("ZZZZZ", Bilingual(None, "Unsubscribed"), ("X",)),
        )

    async def services(self):
        return (INCOME_SERVICE,)

    async def verify(self, client_id, text, nonce):
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return None if self.outcome is None else f"{client_id}:{text}:{nonce}"

    async def find(self, call):
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return self.outcome


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    folder = tmp_path_factory.mktemp("consumer")
    with market_of(folder, {"people": []}):
        pass
    return folder


@pytest.fixture
def sent():
    return []


@pytest.fixture
def shelf():
    return Shelf()


@pytest.fixture
def app():
    return Starlette()


@pytest.fixture
def market(tmp_path, keys, shelf, app, sent):
    class Noting(httpx.ASGITransport):
        async def handle_async_request(self, request):
            sent.append(request)
            return await super().handle_async_request(request)

    with market_of(tmp_path, {"people": []}, Noting(app=app), keys=keys) as opened:
        known = PublishedSettings.from_onboarding(opened.onboarding)
        app.router.routes.extend(published_routes(shelf, known, ManualClock(NOW), "http://gateway.test"))
        yield opened


@pytest.fixture
async def good(market, sent):
    """Headers and body of a call that is answered."""
    arguments = {"doctype": "INCER", "parameters": {"CertificateNumber": "1", "FullName": "A"}, "mobile": "9800000000"}
    assert (await market.sandbox.act("call_published", arguments))["status"] == 200
    headers = {name: sent[-1].headers[name] for name in ("x-apisetu-clientid", "x-apisetu-apikey")}
    return headers, json.loads(sent[-1].content)


async def post(app, body, headers, path=PATH):
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://gateway.test") as http:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return await http.post(path, content=content, headers=headers)


def without(body, *path):
    body = copy.deepcopy(body)
    part = body
    for name in path[:-1]:
        part = part[name]
    del part[path[-1]]
    return body


def changed(body, value, *path):
    body = copy.deepcopy(body)
    part = body
    for name in path[:-1]:
        part = part[name]
    part[path[-1]] = value
    return body


CONSENT = ("consentArtifact", "consent")
CASES = [
    (lambda body: without(body, "txnId"), "missing_parameter"),
    (lambda body: without(body, "format"), "missing_parameter"),
    (lambda body: without(body, "certificateParameters"), "missing_parameter"),
    (lambda body: without(body, "certificateParameters", "FullName"), "missing_parameter"),
    (lambda body: without(body, "consentArtifact"), "missing_parameter"),
    (lambda body: without(body, *CONSENT, "purpose"), "missing_parameter"),
    (lambda body: without(body, "consentArtifact", "signature"), "missing_parameter"),
    (lambda body: changed(body, "1", "txnId"), "invalid_txnid"),
    (lambda body: changed(body, "docx", "format"), "invalid_format"),
    (lambda body: changed(body, "1", *CONSENT, "consentId"), "invalid_consentid"),
    (lambda body: changed(body, 7, "certificateParameters"), "invalid_parameter"),
    (lambda body: changed(body, {"CertificateNumber": 1}, "certificateParameters"), "invalid_parameter"),
    (lambda body: changed(body, "Asha \u202eNegi", "certificateParameters", "FullName"), "invalid_parameter"),
    (lambda body: changed(body, [], "consentArtifact"), "invalid_parameter"),
    (lambda body: changed(body, "bm8=", "consentArtifact", "signature", "signature"), "invalid_parameter"),
    (lambda body: changed(body, "Another purpose", *CONSENT, "purpose", "description"), "invalid_parameter"),
    (lambda body: b"{" + json.dumps(body).encode(), "invalid_parameter"),
    (lambda body: b"[" * 20_000, "invalid_parameter"),
    (lambda body: b'"' + b"x" * 70_000 + b'"', "invalid_parameter"),
]


@pytest.mark.parametrize(("spoil", "code"), CASES)
async def test_a_call_that_is_not_well_formed_gets_its_row(app, good, spoil, code):
    headers, body = good

    answer = await post(app, spoil(body), headers)

    assert (answer.status_code, answer.json()) == (
        ROWS[code][0],
        {"error": code, "errorDescription": ROWS[code][1]},
    )


@pytest.mark.parametrize(
    ("headers", "path", "code"),
    [
        ({}, PATH, "invalid_authentication"),
        ({"x-apisetu-apikey": "wrong"}, PATH, "invalid_authentication"),
        ({"x-apisetu-clientid": "nobody"}, PATH, "invalid_authentication"),
        (None, "/apisetu/certificate/v3/apunisarkar/zzzzz", "invalid_authorization"),
        (None, "/apisetu/certificate/v3/apunisarkar/nosuc", "url_not_found"),
        (None, "/apisetu/certificate/v3/apunisarkar/INCER", "url_not_found"),
        (None, "/apisetu/another/v3/incer/certificate", "url_not_found"),
        (None, "/apisetu/nothing", "url_not_found"),
    ],
)
async def test_keys_subscription_and_path(app, good, headers, path, code):
    known, body = good
    given = known if headers is None else {**known, **headers} if headers else {}

    answer = await post(app, body, given, path)

    assert (answer.status_code, answer.json()["error"]) == (ROWS[code][0], code)


@pytest.mark.parametrize(
    ("outcome", "code"),
    [
        (None, "record_not_found"),
        (TemporarilyUnavailable(), "service_unavailable"),
        (Problems(Problem(ErrorCode.IDEMPOTENCY_KEY_REUSED)), "invalid_txnid"),
        (Problems(Problem(ErrorCode.CONSENT_REQUIRED)), "invalid_parameter"),
    ],
)
async def test_what_the_publisher_says_becomes_a_row(app, good, shelf, outcome, code):
    headers, body = good
    shelf.outcome = outcome

    answer = await post(app, body, headers)

    assert (answer.status_code, answer.json()["error"]) == (ROWS[code][0], code)
    assert ("retry-after" in answer.headers) is (code == "service_unavailable")


@pytest.mark.parametrize("minutes", [-5, 0])
async def test_a_consent_that_has_run_out_is_refused(market, minutes):
    market.clock.set(NOW)
    arguments = {"doctype": "INCER", "parameters": {"CertificateNumber": "1", "FullName": "A"}, "mobile": "1"}

    answer = await market.sandbox.act("call_published", {**arguments, "minutes": minutes - 0.5})

    assert answer["error"] == "invalid_parameter"


async def test_a_name_with_a_joiner_of_hindi_is_looked_up(app, good):
    headers, body = good
    answer = await post(app, changed(body, "लक्ष्\u200dमी", "certificateParameters", "FullName"), headers)

    assert answer.status_code == 200


async def test_a_consent_for_another_consumer_is_refused_though_it_is_well_signed(app, market, shelf, good):
    _, body = good
    known = PublishedSettings.from_onboarding(market.onboarding)
    first = next(iter(known.consumers.values()))
    other = replace(first, client_id="another")
    fresh = Starlette(
        routes=published_routes(
            shelf, replace(known, consumers={"another": other}), ManualClock(NOW), "http://gateway.test"
        )
    )

    answer = await post(fresh, body, {"x-apisetu-clientid": "another", "x-apisetu-apikey": other.api_keys[0]})

    assert answer.json()["error"] == "invalid_parameter"


@pytest.mark.parametrize("lacks", ["api_keys", "consent_keys", "documents"])
def test_a_consumer_that_could_not_be_checked_stops_the_start(lacks):
    consumer = {"api_keys": ["k"], "consent_keys": ["p"], "documents": []}
    del consumer[lacks]

    with pytest.raises(KeyError):
        PublishedSettings.from_onboarding({"published": {"consumers": {"c": consumer}}})


def try_all(operation: Any, headers: dict[str, str], found: list[str]) -> None:
    """Call one operation of the document with what its schema allows."""

    def tried(case: Any) -> None:
        try:
            case.call_and_validate(headers=headers, checks=CHECKS)
        except FailureGroup as failures:
            found.extend(f"{operation.label}: {failure}" for failure in failures.exceptions)

    BOUNDS(given(case=operation.as_strategy())(tried))()


@pytest.mark.filterwarnings("ignore")  # hypothesis and schemathesis tell of themselves
def test_the_document_is_valid_openapi_3_in_both_languages_and_the_door_answers_as_it_says(app, good):
    headers, _ = good
    described = schemathesis.openapi.from_asgi("/apisetu/openapi.json", app)
    described.validate()
    raw = described.raw_schema
    found: list[str] = []
    asked: list[str] = []

    for result in described.get_all_operations():
        operation = result.ok()

        asked.append(operation.label)
        try_all(operation, headers, found)

    assert len(asked) == 6
    assert found == []
    assert raw["openapi"].startswith("3.0")
    income = raw["paths"]["/certificate/v3/apunisarkar/incer"]["post"]
    assert income["security"] == [{"apiKey": [], "clientId": []}]
    assert income["x-name"] == {"en": "Income Certificate", "hi": "आय प्रमाण पत्र"}
    assert raw["x-services"][0]["name"]["hi"] == "आय प्रमाण पत्र"
    assert {"/services", "/apunisarkar/v3/incer/certificate"} <= set(raw["paths"])


async def test_the_catalogue_is_for_subscribers(app, good):
    headers, _ = good
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://gateway.test") as http:
        given_to = await http.get("/apisetu/services", headers=headers)
        nobody = await http.get("/apisetu/services")

    assert given_to.json()["services"][0]["code"] == "ES09"
    assert nobody.json()["error"] == "invalid_authentication"
