"""A real process with the profile of production, asked over real sockets: what strangers, people and a router get."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from graphql import get_introspection_query
from websockets.sync.client import connect
from websockets.typing import Subprotocol

from domain.kernel import TypeCode
from schema.kernel import node_id
from tests.support.eventually import eventually
from tests.support.production import ROUTER_SECRET, Production, production

pytestmark = [pytest.mark.integration]

MODERN = {"Accept": "application/graphql-response+json", "Accept-Language": "en"}
FREE = "{ services(first: 1) { totalCount } }"
DISTRICT = node_id(TypeCode.DISTRICT, "01930000-0000-7000-8000-0000000000e1")
ENTITIES = "query ($refs: [_Any!]!) { _entities(representations: $refs) { ... on District { code } } }"
INSIDES = ("Traceback", "asyncpg", "sqlalchemy", "SELECT", "services_away", "SQLSTATE")


@pytest.fixture(scope="module")
def gateway(postgres_server: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Production]:
    with production(postgres_server, tmp_path_factory.mktemp("production") / "home") as started:
        yield started


def ask(line: httpx.Client, query: str, variables: dict[str, Any] | None = None, **headers: str) -> httpx.Response:
    return line.post("/graphql", json={"query": query, "variables": variables or {}}, headers=MODERN | headers)


def code(answer: httpx.Response) -> tuple[int, str, str | None]:
    """Status, code and detail of the first error."""
    told = answer.json()["errors"][0]["extensions"]
    return answer.status_code, told["code"], told.get("detail")


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def published(
    gateway: Production, line: httpx.Client, name: str, headers: dict[str, str] | None = None, **variables: Any
) -> httpx.Response:
    wanted = {"documentId": f"sha256:{gateway.ids[name]}", "variables": json.dumps(variables)}
    return line.get("/graphql", params=wanted, headers=MODERN | (headers or {}))


def test_published_operations_answer_and_documents_of_strangers_do_not(gateway: Production):
    with gateway.client(1) as line:
        told = published(gateway, line, "Services", first=2, openOnly=False)
        assert told.json()["data"]["services"]["totalCount"] == 4
        assert "errors" not in told.json()
        assert code(ask(line, FREE)) == (400, "FORBIDDEN", "FREE_DOCUMENT")
        assert code(ask(line, FREE, **bearer(gateway.citizen))) == (400, "FORBIDDEN", "FREE_DOCUMENT")
        unknown = line.get("/graphql", params={"documentId": "0" * 64}, headers=MODERN)
        assert code(unknown)[:2] == (400, "PERSISTED_DOCUMENT_NOT_FOUND")
        mine = ask(line, FREE, **bearer(gateway.developer))
        assert mine.json()["data"]["services"]["totalCount"] == 4


def test_published_operations_were_prepared_before_the_doors_opened(gateway: Production):
    def prepared() -> list[dict[str, Any]]:
        lines = gateway.log.read_text("utf-8").splitlines()
        return [json.loads(line) for line in lines if '"trusted_documents"' in line]

    first = prepared()[0]  # told before it was ready, which the fixture waited for
    assert first["operations"] == len(gateway.ids)
    assert first["warmed"] > 0
    told = eventually(prepared, lambda found: sum(each["warmed"] for each in found) == len(gateway.ids))
    assert {each["operations"] for each in told} == {len(gateway.ids)}


def test_the_graph_is_shown_to_developers_only(gateway: Production):
    with gateway.client(2) as line:
        for who in ({}, bearer(gateway.citizen)):
            assert code(ask(line, get_introspection_query(), **who))[:2] == (400, "FORBIDDEN")
            answer = ask(line, "{ servces { totalCount } }", **who)
            assert answer.status_code == 400
            assert "services" not in answer.text
            assert "Did you mean" not in answer.text
        assert ask(line, get_introspection_query(), **bearer(gateway.developer)).json()["data"]["__schema"]
        assert "Did you mean" in ask(line, "{ servces { totalCount } }", **bearer(gateway.developer)).text


@pytest.mark.parametrize(
    ("host", "status"), [("apuni.uk.gov.in", 400), ("APUNI.uk.gov.in:443", 400), ("apuni.uk.gov.in:8000", 421)]
)
def test_it_is_called_by_its_public_host_only(gateway: Production, host: str, status: int):
    with gateway.client(11) as line:
        assert line.get("/graphql", headers=MODERN | {"Host": host}).status_code == status
        assert line.get("/health/live", headers={"Host": host}).status_code == 200


def test_what_is_of_the_demo_is_not_there(gateway: Production):
    with gateway.client(3) as line:
        for path in ("/graphiql", "/playground", "/_control/clock", "/_control/umang/faults", "/docs", "/metrics"):
            answer = line.get(path, headers={"Accept": "text/html"})
            assert answer.status_code == 404, path
        page = line.get("/graphql", headers={"Accept": "text/html"})
        assert page.status_code in (400, 406)
        assert "graphiql" not in page.text.lower()
    numbers = httpx.get(f"http://127.0.0.1:{gateway.metrics_port}/metrics", timeout=20)
    assert "apuni_graphql_operations_total" in numbers.text
    apart = f"http://127.0.0.1:{gateway.metrics_port}/graphql"
    assert httpx.get(apart, headers={"Host": "apuni.uk.gov.in"}, timeout=20).status_code == 404


def test_federation_is_for_the_router_that_proves_itself(gateway: Production):
    secret = {"x-router-secret": ROUTER_SECRET}
    given = {"refs": [{"__typename": "District", "id": DISTRICT}]}
    with gateway.client(4) as line:
        for who in ({}, {"x-router-secret": "x" * 40}, bearer(gateway.citizen)):
            assert code(ask(line, ENTITIES, given, **who))[1] == "FORBIDDEN"
            assert code(ask(line, "{ _service { sdl } }", **who))[1] == "FORBIDDEN"
        developer = ask(line, "{ _service { sdl } }", **bearer(gateway.developer))
        assert code(developer)[1] == "FORBIDDEN"
        assert ask(line, ENTITIES, given, **secret).json()["data"] == {"_entities": [{"code": "49"}]}
        assert "type Citizen" in ask(line, "{ _service { sdl } }", **secret).json()["data"]["_service"]["sdl"]
        named = ask(line, "{ viewer { __typename } }", **secret, **bearer(gateway.citizen))
        assert named.json()["data"]["viewer"]["__typename"] == "Citizen"


@pytest.mark.parametrize(("secret", "served"), [(ROUTER_SECRET, True), ("x" * 40, False)])
def test_a_router_streams_documents_of_its_own_by_events_and_by_socket(gateway: Production, secret: str, served: bool):
    proof = {"x-router-secret": secret}
    with gateway.client(10) as line:
        answer = line.post("/graphql", json={"query": FREE}, headers={"Accept": "text/event-stream"} | proof)
        assert ('"totalCount":4' in answer.text) is served
        assert ("FREE_DOCUMENT" in answer.text) is not served
    address = str(answer.url).replace("http", "ws")
    protocols = [Subprotocol("graphql-transport-ws")]
    with connect(address, subprotocols=protocols, additional_headers=proof, open_timeout=20) as socket:
        socket.send(json.dumps({"type": "connection_init"}))
        assert json.loads(socket.recv(timeout=20))["type"] == "connection_ack"
        socket.send(json.dumps({"id": "1", "type": "subscribe", "payload": {"query": FREE}}))
        told = json.loads(socket.recv(timeout=20))
    assert told["type"] == ("next" if served else "error")
    assert ("FREE_DOCUMENT" in json.dumps(told)) is not served


def test_after_sixty_operations_of_a_minute_the_next_one_waits(gateway: Production):
    """A minute that began during them forgets one for each second of its own, so that a few more are answered."""
    answers: list[httpx.Response] = []
    with gateway.client(5) as line:
        while len(answers) < 120 and (not answers or answers[-1].status_code == 200):
            answers.append(published(gateway, line, "ClientPolicy", platform="ANDROID", version="1.0.0"))
    assert len(answers) > 60
    assert code(answers[-1])[:2] == (429, "RATE_LIMITED")
    assert 1 <= int(answers[-1].headers["retry-after"]) <= 60
    with gateway.client(6) as other:
        assert published(gateway, other, "ClientPolicy", platform="ANDROID", version="1.0.0").status_code == 200


@pytest.mark.parametrize(("name", "root"), [("SyncApplications", "changes"), ("MyApplications", "viewer")])
def test_what_did_not_change_costs_a_head_and_no_body(gateway: Production, name: str, root: str):
    """A copy on a telephone, and the list of applications: a second look is a 304 of less than a kilobyte."""
    with gateway.client(9) as line:
        first = published(gateway, line, name, bearer(gateway.citizen))
        assert first.json()["data"][root], first.text
        kept = {**bearer(gateway.citizen), "If-None-Match": first.headers["etag"]}
        again = published(gateway, line, name, kept)
        stranger = published(gateway, line, name, {"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.num_bytes_downloaded, again.content) == (304, 0, b"")
    assert again.headers["etag"] == first.headers["etag"]
    assert sum(len(key) + len(value) + 4 for key, value in again.headers.raw) < 1024
    assert stranger.status_code == 200
    assert not (stranger.json().get("data") or {}).get(root)


def test_every_answer_has_the_headers_that_keep_it_safe(gateway: Production):
    with gateway.client(7) as line:
        answers = [
            published(gateway, line, "Services", first=1),
            ask(line, FREE),
            line.post("/graphql", content=b"{", headers={"Content-Type": "application/json"}),
            line.get("/nowhere"),
            line.get("/health/ready"),
        ]
    for answer in answers:
        assert answer.headers["x-content-type-options"] == "nosniff", answer.url
        assert answer.headers["referrer-policy"] == "no-referrer", answer.url
        assert "server" not in answer.headers
    assert answers[1].headers["cache-control"] == "no-store"
    assert answers[0].headers["cache-control"] == "private, no-cache"


def test_a_fault_of_ours_tells_a_code_and_nothing_of_our_insides(gateway: Production, postgres_server: Any):
    def tell(statement: str) -> None:
        postgres_server.run("psql", "-d", gateway.database, "-q", "-c", statement)

    tell("ALTER TABLE certificates RENAME TO certificates_away")
    try:
        with gateway.client(8) as line:
            answer = published(gateway, line, "VerifyCertificate", number="22612345678902")
    finally:
        tell("ALTER TABLE certificates_away RENAME TO certificates")
    (error, *_) = answer.json()["errors"]
    assert error["extensions"]["code"] in ("INTERNAL", "STORE_UNAVAILABLE")
    assert error["extensions"]["requestId"] == answer.headers["x-request-id"]
    for text in (answer.text, gateway.log.read_text("utf-8")):
        assert [word for word in INSIDES if word in text] == []
