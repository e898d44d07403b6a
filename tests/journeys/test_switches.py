"""An administrator throws switches while the demo runs, and everything obeys within two seconds."""

import os
import subprocess
from datetime import timedelta

import httpx
import pytest

from domain.kernel import SystemClock
from tests.journeys.test_write_path import approve, case, submit
from tests.support.eventually import eventually
from tests.support.forked import apuni_forked
from tests.support.forms import answers_of

CITIZEN = "savitri-saini"
RATION = "{ viewer { ... on Citizen { rationCard { scheme } } } }"
WITHDRAW = """mutation { withdrawApplication(input: {applicationId: "bm8=", idempotencyKey: "switch-journey"}) {
  userErrors { code } } }"""
SET = "mutation ($input: SetSwitchInput!) { setSwitch(input: $input) { switch { state } userErrors { code path } } }"
OBEYED_SECONDS = 15.0
"""Two on a machine that has nothing else to do."""


def apuni(running, *words: str) -> subprocess.CompletedProcess[str]:
    place = {
        "APUNI_HOME": str(running.home),
        "APUNI_PORT": running.url.rsplit(":", 1)[1],
        "APUNI_CLOCK": "sandbox",  # by another clock the reports of the running processes are too old, or not yet there
    }
    return apuni_forked(words, {**os.environ, **place}, seconds=60)


def switch(running, *words: str) -> subprocess.CompletedProcess[str]:
    return apuni(running, "switch", *words)


def held_back(running) -> str:
    return apuni(running, "outbox", "list", "--error", "SWITCHED_OFF").stdout


def is_held_by_both(told: str) -> bool:
    """Whether gateway and worker obey, not one alone."""
    return "holds in 2 " in told


@pytest.fixture
def cleared(running):
    yield
    admin = running.token("admin")
    for row in running.data("{ switches { kind name state } }", token=admin)["switches"]:
        if row["state"] != "ON":
            given = {"kind": row["kind"], "name": row["name"], "state": "ON", "reason": "the test is over"}
            key = f"clear-{row['name']}-{SystemClock().now()}"
            done = running.data(SET, {"input": {**given, "idempotencyKey": key}}, token=admin)["setSwitch"]
            assert done["userErrors"] == []
    eventually(lambda: set(switched(running).values()), lambda states: states == {"ON"}, seconds=OBEYED_SECONDS)


def switched(running) -> dict[str, str]:
    sources = httpx.get(f"{running.url}/status", headers={"Accept": "application/json"}, timeout=10).json()["sources"]
    return {source["name"]: source["switched"] for source in sources}


def code_of(answer: dict) -> str | None:
    return answer["errors"][0]["extensions"]["code"] if "errors" in answer else None


def test_a_system_is_switched_off_and_on_again_by_the_command_line(running, cleared):
    token = running.token("citizen", CITIZEN)
    assert running.data(RATION, token=token)["viewer"]["rationCard"]

    set_off = switch(running, "set", "UMANG", "OFF", "--reason", "UMANG moves to another data centre")
    eventually(lambda: switched(running)["UMANG"], lambda state: state == "OFF", seconds=OBEYED_SECONDS)
    held = running.graphql(RATION, token=token)
    calls = len(running.ledger("umang"))
    running.graphql(RATION, token=token)
    calls_while_off = len(running.ledger("umang")) - calls
    listed = switch(running, "list")
    assert switch(running, "clear", "UMANG", "--reason", "moved").returncode == 0
    healed = eventually(lambda: running.graphql(RATION, token=token), lambda seen: "errors" not in seen)

    assert set_off.returncode == 0
    extensions = held["errors"][0]["extensions"]
    assert (extensions["code"], extensions["detail"], extensions["retryable"]) == (
        "SOURCE_UNAVAILABLE",
        "switched_off",
        True,
    )
    assert calls_while_off == 0
    assert "UMANG moves to another data centre" in listed.stdout
    assert healed["data"]["viewer"]["rationCard"]


def test_a_mutation_is_switched_off_in_the_graph_and_comes_back_by_itself(running, cleared):
    admin, citizen = running.token("admin"), running.token("citizen")
    assert code_of(running.graphql(WITHDRAW, token=citizen)) is None

    until = (running.now() + timedelta(seconds=20)).isoformat()
    given = {"kind": "MUTATION", "name": "withdrawApplication", "state": "OFF", "reason": "drill", "until": until}
    done = running.data(SET, {"input": {**given, "idempotencyKey": f"drill-{until}"}}, token=admin)["setSwitch"]
    held = eventually(
        lambda: running.graphql(WITHDRAW, token=citizen),
        lambda seen: code_of(seen) == "SWITCHED_OFF",
        seconds=OBEYED_SECONDS,
    )
    running.let_pass(seconds=20)
    back = eventually(lambda: running.graphql(WITHDRAW, token=citizen), lambda seen: code_of(seen) is None)

    assert done == {"switch": {"state": "OFF"}, "userErrors": []}
    assert 0 < held["errors"][0]["extensions"]["retryAfterSeconds"] <= 20
    assert back["data"]["withdrawApplication"]["userErrors"]


def test_sign_in_through_a_switched_off_provider_is_a_page_that_people_can_read(running, cleared):
    start = f"{running.url}/sign-in/start/parichay"
    assert httpx.get(start, timeout=10).status_code in {302, 303}

    assert switch(running, "set", "SSO", "OFF", "--reason", "drill").returncode == 0
    eventually(lambda: switched(running)["SSO"], lambda state: state == "OFF", seconds=OBEYED_SECONDS)
    page = httpx.get(start, headers={"Accept-Language": "en"}, timeout=10)

    assert page.status_code == 503
    assert "SOURCE_UNAVAILABLE" in page.text
    assert "<html" in page.text


def test_payments_wait_in_the_outbox_while_the_treasury_is_read_only_and_go_once_afterwards(running, cleared):
    citizen, officer = running.token("citizen", CITIZEN), running.token("officer", "dpo-dehradun")
    found = running.data('{ services(first: 5, filter: {search: "nanda"}) { nodes { code } } }')["services"]["nodes"]
    request = {
        "serviceCode": found[0]["code"],
        "district": "49",
        "tehsil": "303",
        "form": answers_of(
            "nanda-gaura-scheme-application", bank_account_number="50100012345611", bank_ifsc="SBIN0000630"
        ),
        "idempotencyKey": "switch-benefit-1",
    }
    read_only = ("set", "DBT_FINANCE", "READ_ONLY", "--reason", "the books are closed")
    # The worker sends payments, and of it /status of the gateway says nothing. After the clock went on it is not
    # counted among those that run until it tells of itself again.
    eventually(lambda: switch(running, *read_only).stdout, is_held_by_both)
    before = len(running.ledger("dbt_finance"))

    application = submit(running, citizen, request)
    approve(running, officer, application["id"], "switch-approve-1")
    waiting = eventually(lambda: held_back(running), lambda told: "dbt.instruct" in told)
    held = [entry["route"] for entry in running.ledger("dbt_finance")[before:]]
    assert switch(running, "clear", "DBT_FINANCE", "--reason", "open again").returncode == 0
    done = eventually(lambda: case(running, citizen, application["id"]), lambda seen: seen["status"] == "DELIVERED")

    assert "PENDING" in waiting
    assert not [route for route in held if route.endswith("/PI")]
    assert done["benefit"]["status"] == "INSTRUCTED"
    sent = [entry for entry in running.ledger("dbt_finance")[before:] if entry["route"].endswith("/PI")]
    assert len(sent) == 1


def test_a_demo_in_good_health_tells_of_it_and_has_no_critical_alarm(running):
    admin = running.token("admin")
    shown = running.data("{ alarms { code about severity } switches { name } }", token=admin)["alarms"]
    metrics = httpx.get(f"{running.url}/metrics", timeout=10).text

    assert 'apuni_alarm{code="AUDIT_UNSEALED"} 0.0' in metrics
    critical = [row for row in shown if row["severity"] == "CRITICAL" and row["code"] != "INTEGRITY_FAILURE"]
    assert critical == []
