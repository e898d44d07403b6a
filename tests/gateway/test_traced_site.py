"""A whole site is traced, from the query to the outside call: in answer, log and metrics; nothing is of a person."""

import json
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from domain.kernel import TypeCode, to_global_id
from tests.pii.canaries import CANARIES, found_in
from tests.support.eventually import eventually
from tests.support.otlp import Receiver, otlp_receiver
from tests.support.site import Site, a_site

pytestmark = [pytest.mark.integration, pytest.mark.long]

CERTIFICATES = "query Held { viewer { ... on Citizen { certificates { complete } } } }"
WITHDRAW = (
    "mutation ($id: ID!, $why: String!) { withdrawApplication(input: {applicationId: $id, reason: $why}) "
    "{ userErrors { code } } }"
)

PULL = "/digilocker/pulluri"
DOORS = (PULL, "/etaal/eTransactionCount", "/etaal/v1/counts", "/hooks/whatsapp", "/hooks/connector/", "/umang/ws1/")
THEIRS = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
ABSENT = to_global_id(TypeCode.APPLICATION, "019986e6-1cf4-70ee-9b4f-be9aa95a0eba")


@pytest.fixture(scope="module")
def receiver():
    with otlp_receiver() as running:
        yield running


@pytest.fixture(scope="module")
def site(receiver: Receiver):
    with a_site(APUNI_TRACING__ENDPOINT=receiver.url, APUNI_TRACING__SHARE="1") as running:
        yield running


def asked(site: Site, query: str, **variables: Any) -> httpx.Response:
    """The answer to the citizen."""
    headers = {"Authorization": f"Bearer {site.citizen}", "Idempotency-Key": "traced-1"}
    return httpx.post(f"{site.url}/graphql", json={"query": query, "variables": variables}, headers=headers, timeout=30)


def trace_of(answer: httpx.Response) -> str:
    return answer.headers["traceresponse"].split("-")[1]


def spans_of(receiver: Receiver, answer: httpx.Response, begin: str) -> list[Any]:
    """The spans of an answer's trace whose names begin so, once its first span, which ends last, has come."""

    def of_trace(names: str) -> list[Any]:
        return [one for one in receiver.named(names) if one.trace_id.hex() == trace_of(answer)]

    eventually(lambda: of_trace("graphql"), bool)
    return of_trace(begin)


def test_an_outside_call_stands_below_its_field_and_its_query(site, receiver):
    answer = asked(site, CERTIFICATES)

    attempts = spans_of(receiver, answer, "attempt")
    assert receiver.ancestors(attempts[0])[1].startswith(f"call {attempts[0].name.split()[1]} ")
    assert receiver.ancestors(attempts[0])[2:] == [
        "action certificates_of",
        "field Citizen.certificates",
        "graphql",
    ]


def test_a_statement_is_named_by_verb_and_table(site, receiver):
    answer = asked(site, CERTIFICATES)

    statements = spans_of(receiver, answer, "statement")
    assert {one.name.split()[1] for one in statements} <= {"SELECT", "INSERT", "UPDATE", "DELETE", "WITH"}
    assert all(len(one.name.split()) <= 3 for one in statements)


def test_a_mutation_is_named_by_its_action(site, receiver):
    answer = asked(site, WITHDRAW, id=ABSENT, why="999941057058")

    [action] = spans_of(receiver, answer, "action")
    assert action.name == "action withdraw_application"


def test_a_partners_door_is_a_trace_of_its_own_named_by_its_pattern_and_its_answer_names_the_trace(site, receiver):
    answer = httpx.post(f"{site.url}{PULL}", content=b"<PullURIRequest/>", headers={"traceparent": THEIRS}, timeout=30)

    eventually(lambda: receiver.named("door"), bool)
    [door] = receiver.named("door")
    assert (door.name, door.trace_id.hex()) == (f"door {PULL}", trace_of(answer))
    assert [link.trace_id.hex() for link in door.links] == [THEIRS.split("-")[1]]
    assert {one.key: one.value.int_value for one in door.attributes} == {"apuni.status": answer.status_code}


def test_each_line_of_the_log_and_the_exemplar_of_the_histogram_name_the_trace(site, receiver):
    trace = trace_of(asked(site, "{ __typename }"))

    lines = [json.loads(line) for line in site.log.read_text().splitlines() if trace in line]
    shown = httpx.get(f"{site.url}/metrics", headers={"Accept": "application/openmetrics-text; version=1.0.0"}).text
    assert [line["event"] for line in lines] == ["graphql"]
    assert f'# {{trace_id="{trace}"}}' in shown
    assert shown.endswith("# EOF\n")


def test_a_reader_of_metrics_who_knows_no_openmetrics_gets_no_exemplar(site):
    asked(site, "{ __typename }")

    assert "trace_id" not in httpx.get(f"{site.url}/metrics").text


def test_no_canary_comes_up_in_any_span(site, receiver):
    for canary in CANARIES:
        word = "_" + "".join(letter if letter.isascii() and letter.isalnum() else "_" for letter in canary.value)
        asked(site, WITHDRAW, id=canary.value, why=canary.value)
        asked(site, WITHDRAW, id=ABSENT, why=canary.value)
        number = json.dumps(canary.value)
        asked(site, f"query {word} {{ {word}: verifyCertificate(number: {number}) {{ __typename }} }}")
        asked(site, f"{{ {word} }} # {canary.value}")
        for door in DOORS:
            given = {"params": {"q": canary.value}, "content": canary.value.encode(), "timeout": 30}
            httpx.post(
                f"{site.url}{door}{quote(canary.value) * door.endswith('/')}",
                headers={"Content-Type": "application/json"},
                **given,
            )
        last = asked(site, CERTIFICATES)

    spans_of(receiver, last, "graphql")
    assert found_in(b"".join(receiver.posts)) == []
    assert site.citizen.encode() not in b"".join(receiver.posts)
