"""`make fuzz`: schemathesis on every root field of the graph and on every door of a partner.

Source: docs/reliability.md section 5.11. The requests are made from the published schema and from `/openapi.json`, and
are the same at each run (`SEED` changes them). They go to a running gateway in a citizen's and an officer's name.
"""

import hashlib
import hmac
import json
import os
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from schemathesis.checks import (
    content_type_conformance,
    not_a_server_error,
    response_schema_conformance,
    status_code_conformance,
)
from schemathesis.core.failures import FailureGroup
from schemathesis.graphql import nodes

from gateway.runtime import runfiles
from tests.support.bounds import rounds
from tests.support.site import CITIZEN, Site, a_site

pytestmark = [
    pytest.mark.integration,
    pytest.mark.filterwarnings("ignore"),  # hypothesis and schemathesis tell of themselves
]

SEED = int(os.environ.get("SEED", "1"))
EXAMPLES = rounds(2, ci=2, full=40)
DOOR_EXAMPLES = rounds(10, ci=15, full=300)


@pytest.fixture(scope="module")
def site():
    with a_site() as running:
        yield running


def tried(operation: Any, ask: Callable[[Any], None], examples: int) -> None:
    """Ask with so many cases of one operation, the same for the same seed."""
    try_with(operation.as_strategy(), ask, examples)


def try_with(cases: st.SearchStrategy[Any], ask: Callable[[Any], None], examples: int = DOOR_EXAMPLES) -> None:
    """Ask with so many of these cases, the same for the same seed."""
    bounds = settings(
        max_examples=examples,
        deadline=None,
        database=None,
        phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
    )

    def one(case: Any) -> None:
        ask(case)

    seed(SEED)(bounds(given(case=cases)(one)))()


def test_every_root_field_of_the_graph_answers_whatever_it_is_asked(site: Site):
    found: list[str] = []
    asked: set[str] = set()
    graph = schemathesis.graphql.from_url(f"{site.url}/graphql")
    with httpx.Client(timeout=30) as client:
        for result in graph.get_all_operations():
            operation = result.ok()
            name = f"{operation.definition.type_.name}.{operation.definition.field_name}"
            if name.rpartition(".")[2] in LEFT_OUT:
                continue

            def ask(case: Any, name: str = name) -> None:
                for token in (site.citizen, site.officer):
                    found.extend(f"{name}: {problem}" for problem in problems(client, site, case.body, token))

            asked.add(name)
            tried(operation, ask, EXAMPLES)

    assert sorted(set(found)) == []
    assert len(asked) > 60


_whole = st.integers(-(2**53), 2**53).map(nodes.Int)
for _name, _values in {
    "Paise": _whole,
    "Long": _whole,
    "Date": (st.dates().map(str) | st.text(max_size=12)).map(nodes.String),
    "DateTime": (st.datetimes().map(lambda moment: f"{moment.isoformat()}Z") | st.text(max_size=30)).map(nodes.String),
    "_Any": st.sampled_from(["Citizen", "Application", "Nothing", ""]).map(nodes.String),
}.items():
    schemathesis.graphql.scalar(_name, _values)

LEFT_OUT = {"requestErasure", "signOutDevices"}
"""They would erase or sign out the citizen in whose name the others are asked."""


def problems(client: httpx.Client, site: Site, query: Any, token: str) -> list[str]:
    """What is wrong with the answer to one document."""
    text = query if isinstance(query, str) else query["query"]
    headers = {"Authorization": f"Bearer {token}", "Accept": "application/graphql-response+json"}
    try:
        content = httpx.Request("POST", "http://x", json={"query": text}).content
    except UnicodeEncodeError:  # half a surrogate pair, which is no text
        return []
    response = client.post(
        f"{site.url}/graphql", content=content, headers=headers | {"Content-Type": "application/json"}
    )
    if response.status_code >= 500:
        return [f"status {response.status_code} {response.text[:200]}"]
    answer = response.json()
    codes = [error.get("extensions", {}).get("code") for error in answer.get("errors", ())]
    wrong = []
    if any(code in (None, "INTERNAL") for code in codes):
        wrong.append(f"codes {codes} for {text[:300]}")
    if response.status_code == 200 and "data" not in answer:
        wrong.append("200 without data")
    if response.status_code == 400 and not codes:
        wrong.append("400 without a code")
    return wrong


def test_every_door_of_a_partner_answers_as_its_description_says(site: Site):
    found: list[str] = []
    asked: set[str] = set()
    given_to = httpx.get(f"{site.url}/openapi.json", timeout=30)
    assert given_to.json()["openapi"] == "3.1.0"
    doors = schemathesis.openapi.from_url(f"{site.url}/openapi.json")
    for result in doors.get_all_operations():
        operation = result.ok()

        def ask(case: Any, label: str = operation.label) -> None:
            try:
                case.call_and_validate(base_url=site.url, checks=CHECKS)
            except FailureGroup as failures:
                found.extend(f"{label}: {failure}" for failure in failures.exceptions)

        asked.add(operation.label)
        tried(operation, ask, DOOR_EXAMPLES)

    assert sorted(set(found)) == []
    assert len(asked) == sum(map(len, given_to.json()["paths"].values())) > 0


def test_every_operation_of_umang_answers_as_its_description_says(site: Site):
    found: list[str] = []
    asked: set[str] = set()
    city = f"http://127.0.0.1:{runfiles.ports(site.home)['sandbox']}"
    doors = schemathesis.openapi.from_url(f"{site.url}/umang/openapi.json")
    with httpx.Client(timeout=30) as client:
        link_with_umang(client, city, site)
        for result in doors.get_all_operations():
            operation = result.ok()
            name = operation.path.rpartition("/")[2]

            def ask(case: Any, name: str = name) -> None:
                body = json.dumps(case.body) if isinstance(case.body, dict | list) else str(case.body)
                given = case.body.get("apitrkr") if isinstance(case.body, dict) else None
                # A header takes fewer signs than a text of JSON: such a tracker is refused as one that differs.
                tracker = given.strip() if isinstance(given, str) and given.isascii() and given.isprintable() else ""
                arguments = {"operation": name, "person": CITIZEN, "body": body, "tracker": tracker or "z1"}
                made = act(client, city, "sign", arguments)
                answer = client.post(site.url + made["path"], headers=made["headers"], content=made["body"].encode())
                try:
                    case.validate_response(answer, checks=CHECKS)
                except FailureGroup as failures:
                    found.extend(f"{name}: {failure}" for failure in failures.exceptions)

            asked.add(name)
            tried(operation, ask, DOOR_EXAMPLES)

    assert sorted(set(found)) == []
    assert len(asked) == 12


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=3),
    max_leaves=8,
)


def notices(account: str, number: str) -> st.SearchStrategy[dict[str, Any]]:
    """Notices of our account and number, of which each part is anything; without a time nothing of it counts."""
    part = st.lists(st.fixed_dictionaries({}, optional=dict.fromkeys(("id", "from", "type", "status", "text"), _JSON)))
    about = st.fixed_dictionaries({"phone_number_id": st.just(number) | _JSON})
    value = st.fixed_dictionaries({"metadata": about}, optional=dict.fromkeys(("messages", "statuses"), part | _JSON))
    change = st.fixed_dictionaries({"field": st.just("messages") | _JSON, "value": value | _JSON})
    entry = st.fixed_dictionaries({"id": st.just(account) | _JSON, "changes": st.lists(change, max_size=2) | _JSON})
    whole = {"object": st.just("whatsapp_business_account"), "entry": st.lists(entry, max_size=2) | _JSON}
    return st.fixed_dictionaries(whole)


def test_what_whatsapp_signed_is_answered_twice_alike_and_what_it_did_not_is_refused_and_nothing_is_kept(site: Site):
    handed = json.loads((site.home / "onboarding" / "whatsapp.json").read_text("utf-8"))
    kept, secret = site.told_by_strangers(), str(handed["app_secrets"][0]).encode()

    def ask(value: Any) -> None:
        body = json.dumps(value).encode()
        signed = {"X-Hub-Signature-256": f"sha256={hmac.new(secret, body, hashlib.sha256).hexdigest()}"}
        answers = [client.post(f"{site.url}/hooks/whatsapp", content=body, headers=signed) for _ in range(2)]
        assert [(each.status_code, each.json()) for each in answers] == [(200, {})] * 2
        refused = client.post(f"{site.url}/hooks/whatsapp", content=body)
        assert (refused.status_code, refused.json()) == (401, {"code": "BAD_SIGNATURE"})

    with httpx.Client(timeout=30) as client:
        try_with(notices(handed["account_id"], handed["phone_number_id"]) | _JSON, ask)

    assert site.told_by_strangers() == kept


def test_a_link_that_stops_mails_and_that_nobody_made_is_refused_with_a_code_and_stops_nothing(site: Site):
    kept = site.told_by_strangers()
    names = st.text(min_size=1, max_size=60) | st.from_regex(r"[0-9]{1,20}\.[0-9a-f]{32}", fullmatch=True)
    forms = st.just({"List-Unsubscribe": "One-Click"}) | st.dictionaries(st.text(max_size=20), st.text(max_size=20))

    def ask(asked: tuple[str, dict[str, str]]) -> None:
        name, form = asked
        link = f"{site.url}/u/{quote(name, safe='')}"
        for answer in (client.get(link), client.post(link, data=form), client.post(link, data=form)):
            told = re.findall(r'<code id="code">([A-Z_]+)</code>|"code":\s*"([A-Z_]+)"', answer.text)
            assert (answer.status_code in (400, 404, 405), len(told)) == (True, 1), answer.text

    with httpx.Client(timeout=30) as client:
        try_with(st.tuples(names, forms), ask)

    assert site.told_by_strangers() == kept


def act(client: httpx.Client, city: str, action: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """Let UMANG's stand-in do something; its view."""
    answer = client.post(f"{city}/_control/umang/act", json={"action": action, "arguments": arguments})
    view: dict[str, Any] = answer.json()
    return view


def link_with_umang(client: httpx.Client, city: str, site: Site) -> None:
    """Link the citizen's account, so that what is asked gets as far as the graph."""
    told = act(client, city, "call", {"operation": "getMyApplications", "person": CITIZEN})
    if told["rc"] == "APSK1001":
        ticket = told["pd"]["linkUrl"].partition("ticket=")[2]
        digits = act(client, city, "who", {"person": CITIZEN})["mobile"][-4:]
        cookies = {"Cookie": f"apuni_session={site.citizen}", "Origin": site.url}
        done = client.post(f"{site.url}/sign-in/umang", data={"ticket": ticket, "digits": digits}, headers=cookies)
        assert done.status_code == 200, done.text


CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
