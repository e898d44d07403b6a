"""The degradation matrix: for each source that is away, exactly what of the graph is null, old or done later.

Its result is docs/degradation.md; APUNI_WRITE_DOCS=1 writes the file, else it must be as committed. It comes
after the other journeys in the alphabet, because it lets a quarter of an hour pass in the city.
"""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from demo.sign_in import DemoSignInFailed
from domain.kernel import ist_date
from tests.support.degradation import coded, losses
from tests.support.eventually import eventually
from tests.support.forms import answers_of
from tests.support.operations import operation
from tests.support.papers import DECIDE, SUBMIT, income_application
from tests.support.running import Running

ROOT = Path(__file__).parents[2]
DOCUMENT = ROOT / "docs" / "degradation.md"
HOME, DESK = operation("citizen_app/home"), operation("officer_app/desk")
PEOPLE = {person["key"]: person for person in json.loads((ROOT / "demo" / "people.json").read_text())}

READ = {
    "digilocker": ("DIGILOCKER", "pooja-arya"),
    "apisetu": ("API_SETU", "hema-tamta"),
    "umang": ("UMANG", "bhagwati-mehra"),
    "dbt_finance": ("DBT_FINANCE", "janki-karki"),
}
"""The systems that citizen_app/home reads, each with a citizen of whom nothing is kept yet."""

UNREAD = ("sso", "csc", "etaal", "right_to_service", "treasury", "pfms")
OF_ALL = "asha-negi"
CASE = """query($id: ID!) { node(id: $id) { ... on Application {
  status benefit { status } documents { source verifiedAt } } } }"""


@dataclass
class Matrix:
    """What was seen."""

    cold: dict[str, dict[str, str]] = field(default_factory=dict)
    errors: dict[str, list[str]] = field(default_factory=dict)
    desk: dict[str, dict[str, str]] = field(default_factory=dict)
    home: dict[str, dict[str, str]] = field(default_factory=dict)
    old: dict[str, str] = field(default_factory=dict)
    old_errors: list[str] = field(default_factory=list)
    old_states: dict[str, str] = field(default_factory=dict)


def states(answer: dict[str, Any]) -> dict[str, str]:
    return {entry["name"]: entry["state"] for entry in answer["extensions"]["sources"]}


def why(answer: dict[str, Any]) -> list[tuple[str, str]]:
    return [(error["extensions"]["source"], error["extensions"]["detail"]) for error in answer["errors"]]


def well(answer: dict[str, Any]) -> bool:
    return "errors" not in answer and set(states(answer).values()) <= {"LIVE", "CACHED"}


def healthy(running: Running, token: str) -> dict[str, Any]:
    return eventually(lambda: running.graphql(HOME, token=token, language="en"), well, seconds=90)


@pytest.fixture(scope="module", autouse=True)
def _left_well(running: Running) -> Iterator[None]:
    """Whatever comes after these tests finds every system answering again."""
    yield
    running.let_pass(minutes=2)  # no copy is fresh, so that each is asked
    healthy(running, running.token("citizen", OF_ALL))


@pytest.fixture(scope="module")
def matrix(running: Running) -> Matrix:
    eventually(lambda: "payments_asked" in running.events, bool)  # our store knows what DBT finance does
    seen, officer = Matrix(), running.token("officer")
    past = {"day": (ist_date(running.now()) - timedelta(days=7)).isoformat()}  # today's figures go on
    desk = running.data(DESK, past, token=officer, language="en")
    for system, (source, person) in READ.items():
        token = running.token("citizen", person)
        with running.without(system):
            down = running.graphql(HOME, token=token, language="en")
            seen.desk[source] = losses(desk, running.data(DESK, past, token=officer, language="en"))
        seen.cold[source] = losses(healthy(running, token)["data"], down["data"])
        seen.errors[source] = coded(down["errors"])
        assert {error["extensions"]["source"] for error in down["errors"]} == {source}, why(down)
    without_old_copies(running, seen)
    return seen


def without_old_copies(running: Running, seen: Matrix) -> None:
    """All four away at once, with copies of eleven minutes; and those that nothing of the home page needs."""
    token = running.token("citizen", OF_ALL)
    before = healthy(running, token)
    for system in UNREAD:
        with running.without(system):
            answer = running.graphql(HOME, token=token, language="en")
            seen.home[system] = losses(before["data"], answer["data"])
    running.let_pass(minutes=11)
    for system in READ:
        running.fault(system, "refuse")
    try:
        answer = eventually(
            lambda: running.graphql(HOME, token=token, language="en"),
            lambda answer: not set(states(answer).values()) & {"LIVE", "CACHED"},
        )
    finally:
        for system in READ:
            running.heal(system)
    seen.old = {path: how for path, how in losses(before["data"], answer["data"]).items() if how not in {"LIVE"}}
    seen.old_errors, seen.old_states = coded(answer["errors"]), states(answer)
    healthy(running, token)


def test_digilocker_away_costs_the_lockers_documents_only(matrix: Matrix):
    assert matrix.cold["DIGILOCKER"] == {
        "viewer.certificates.nodes": "shorter list",
        "viewer.certificates.complete": "false",
        "viewer.certificates.provenance[].state": "DOWN",
    }
    assert matrix.errors["DIGILOCKER"] == ["SOURCE_UNAVAILABLE DIGILOCKER at viewer.certificates"]


def test_api_setu_away_costs_the_departments_documents_only(matrix: Matrix):
    assert matrix.cold["API_SETU"] == {
        "viewer.certificates.nodes": "shorter list",
        "viewer.certificates.complete": "false",
        "viewer.certificates.provenance[].state": "DOWN",
    }
    assert matrix.errors["API_SETU"] == ["SOURCE_UNAVAILABLE API_SETU at viewer.certificates"]


def test_umang_away_costs_the_ration_card_only(matrix: Matrix):
    assert matrix.cold["UMANG"] == {"viewer.rationCard": "null"}
    assert matrix.errors["UMANG"] == ["SOURCE_UNAVAILABLE UMANG at viewer.rationCard"]


def test_dbt_finance_away_leaves_what_our_store_knows_of_benefits(matrix: Matrix):
    lost = dict(matrix.cold["DBT_FINANCE"])
    assert lost.pop("viewer.benefits.complete") == "false"
    assert lost.pop("viewer.benefits.provenance[].state") == "DOWN"
    assert set(lost) <= {"viewer.benefits.nodes[].status", "viewer.benefits.nodes[].reason"}
    assert matrix.errors["DBT_FINANCE"][0].startswith("SOURCE_UNAVAILABLE DBT_FINANCE at viewer.benefits")


def test_an_officers_desk_loses_nothing(matrix: Matrix):
    assert matrix.desk == {source: {} for source, _ in READ.values()}


def test_sign_in_centres_and_e_taal_cost_the_home_page_nothing(matrix: Matrix):
    assert matrix.home == {"sso": {}, "csc": {}, "etaal": {}, "right_to_service": {}, "treasury": {}, "pfms": {}}


def test_old_copies_serve_for_all_but_payments(matrix: Matrix):
    assert matrix.old_states == {
        "DIGILOCKER": "STALE",
        "API_SETU": "STALE",
        "UMANG": "STALE",
        "DBT_FINANCE": "DOWN",
    }
    assert not any(path.startswith(("viewer.certificates.nodes", "viewer.rationCard.scheme")) for path in matrix.old)


def sign_in_anew(running: Running, role: str) -> str:
    return Running(running.url, running.home, running.process, running.log).token(role)


def can_sign_in(running: Running, role: str) -> bool:
    """False for as long as the gateway holds that the provider takes no connection."""
    try:
        return bool(sign_in_anew(running, role))
    except DemoSignInFailed:
        return False


@pytest.mark.parametrize(("system", "role"), [("sso", "citizen"), ("sso", "officer"), ("csc", "operator")])
def test_without_the_provider_nobody_new_signs_in_until_it_is_back(running: Running, system: str, role: str):
    with running.without(system), pytest.raises(DemoSignInFailed):
        sign_in_anew(running, role)
    assert eventually(lambda: can_sign_in(running, role), bool)


def case(running: Running, token: str, application_id: str) -> dict[str, Any]:
    node: dict[str, Any] = running.data(CASE, {"id": application_id}, token=token)["node"]
    return node


def test_an_application_is_accepted_and_its_locker_document_fetched_later(running: Running):
    person = PEOPLE["sunita-chauhan"]
    token, held = running.token("citizen", person["key"]), person["locker_documents"][0]
    uri = f"{held['issuer_id']}-{held['doctype']}-{held['doc_id']}"
    request = income_application(uri, "without-locker-1", district=person["district"], tehsil=person["tehsil"])

    with running.without("digilocker"):
        payload = running.data(SUBMIT, {"input": request}, token=token)["submitApplication"]
    running.let_pass(minutes=2)
    again = eventually(
        lambda: running.data(SUBMIT, {"input": request}, token=token)["submitApplication"]["submission"],
        lambda seen: seen["state"] == "DELIVERED",
        seconds=60,
    )

    assert payload["submission"]["state"] == "QUEUED"
    assert payload["submission"]["expectedBy"]
    assert again == {**payload["submission"], "state": "DELIVERED", "replayed": True, "expectedBy": None}
    documents = case(running, token, payload["application"]["id"])["documents"]
    assert [bool(document["verifiedAt"]) for document in documents] == [True] * len(request["documents"])


def test_an_approved_benefit_is_ordered_when_dbt_finance_is_back_and_once(running: Running):
    person = PEOPLE["farida-begum"]
    token, officer = running.token("citizen", person["key"]), running.token("officer", "dpo-haridwar")
    found = running.data('{ services(first: 5, filter: {search: "nanda"}) { nodes { code } } }')["services"]["nodes"]
    request = {
        "serviceCode": found[0]["code"],
        "district": person["district"],
        "tehsil": person["tehsil"],
        "form": answers_of(
            "nanda-gaura-scheme-application", bank_account_number="50100012345600", bank_ifsc="SBIN0000630"
        ),
        "idempotencyKey": "without-dbt-1",
    }
    submitted = running.data(SUBMIT, {"input": request}, token=token)["submitApplication"]
    assert submitted["userErrors"] == []
    application_id = submitted["application"]["id"]
    before = len(running.ledger("dbt_finance"))

    with running.without("dbt_finance"):
        verdict = {"applicationId": application_id, "verdict": "APPROVE", "idempotencyKey": "without-dbt-2"}
        decided = running.data(DECIDE, {"input": verdict}, token=officer)["decideApplication"]
        queued = eventually(
            lambda: running.data(DECIDE, {"input": verdict}, token=officer)["decideApplication"]["submission"],
            lambda seen: seen["state"] == "QUEUED",
        )
        meanwhile = eventually(
            lambda: case(running, token, application_id), lambda seen: seen["status"] == "BENEFIT_SANCTIONED"
        )
    running.let_pass(minutes=2)
    later = eventually(lambda: case(running, token, application_id), lambda seen: seen["status"] == "DELIVERED")

    delivered = running.data(DECIDE, {"input": verdict}, token=officer)["decideApplication"]["submission"]
    assert decided["userErrors"] == []
    assert queued["expectedBy"]
    assert (delivered["state"], delivered["expectedBy"]) == ("DELIVERED", None)
    assert meanwhile["benefit"]["status"] == "SANCTIONED"
    assert later["benefit"]["status"] == "INSTRUCTED"
    ordered = [entry for entry in running.ledger("dbt_finance")[before:] if entry["effect"] == "instruction accepted"]
    assert len(ordered) == 1


def test_the_document_says_what_was_seen(matrix: Matrix):
    text = written(matrix)
    if os.environ.get("APUNI_WRITE_DOCS") == "1":
        DOCUMENT.write_text(text, encoding="utf-8")
    assert DOCUMENT.read_text(encoding="utf-8") == text


def written(matrix: Matrix) -> str:
    """docs/degradation.md."""
    lines = [_HEAD]
    for source in matrix.cold:
        lost = "<br>".join(f"`{path}`: {how}" for path, how in matrix.cold[source].items())
        lines.append(f"| {source} | {lost} | {'<br>'.join(matrix.errors[source])} | nothing |")
    lines += [_UNREAD, "| Source | Answer as |", "|---|---|"]
    lines += [f"| {source} | {state} |" for source, state in sorted(matrix.old_states.items())]
    lines += ["", "What differs then from the healthy answer:", ""]
    lines += [f"- `{path}`: {how}" for path, how in sorted(matrix.old.items())]
    lines += [f"- error {line}" for line in matrix.old_errors]
    return "\n".join([*lines, _LATER]) + every_field()


def every_field() -> str:
    """The last part of the file, which tests/schema/kernel/test_degradation_rows.py sees and writes."""
    _, mark, rows = DOCUMENT.read_text(encoding="utf-8").partition("\n## Every field that asks a system\n")
    return mark + rows


_HEAD = """# What a missing source costs

Seen on the running demo by `tests/journeys/test_without_a_source.py`, which compares this file with what it sees
(`APUNI_WRITE_DOCS=1` writes it). The operations are `citizen_app/home` and `officer_app/desk` of `operations/`.
A source is away when its port is closed. Paths that are not named answer as they always do.

## Nothing kept of the citizen

| Source | The citizen's home page loses | Errors | The officer's desk loses |
|---|---|---|---|"""

_UNREAD = """| SSO, CSC, E_TAAL, RIGHT_TO_SERVICE, TREASURY, PFMS | nothing | none | nothing |

Without SSO no citizen and no officer signs in anew, without CSC no operator; whoever is signed in goes on working.
Whoever begins to sign in at a provider that takes no connection, or whose calls its breaker holds back, stays here: a
page (503, `Retry-After`) says so, tries again and offers the other ways, and an app gets `temporarily_unavailable`.
e-Taal asks us: while it is away, nothing is lost, and the counts wait. What the Commission is to be told waits too.
A fee that was begun is asked about until the treasury, or CSC for its wallet, answers; the form to pay is made here.

## All four away, with a copy of eleven minutes ago
"""

_LATER = """
Payments are never shown from an old copy: the list says what our own store knows, and `complete` is false.

## Writes

| Source away | Operation | At once | When it is back |
|---|---|---|---|
| DIGILOCKER | `submitApplication` with locker documents | QUEUED; `verifiedAt` is null | `verifiedAt` is set |
| DBT_FINANCE | `decideApplication`, a benefit | BENEFIT_SANCTIONED, unpaid; QUEUED | INSTRUCTED by one order |
| TREASURY | paying a fee | REDIRECTED with `asOf`; still FEE_PENDING | asked by itself: SUCCESS or FAILED |
| CSC | a fee from the wallet; a refund | as the treasury; the refund waits in the outbox | SUCCESS; REFUNDED |
| PFMS | a batch of payments, by the worker | BUILT or SEALED; waits in the outbox | looked for there; SENT once |

The first two wait in the outbox, which asks again after 60 s, 5 min, 1 h, 6 h, a day and two days.
One that failed before and is stopped by an open breaker waits a minute, and no attempt counts.
`submission.expectedBy` says when. The same key tells `submission.state` anew where `replayed` is asked for too:
DELIVERED once it is there. From the first answer a verdict says QUEUED where the system is known to be
away, else once the worker has tried.
"""
