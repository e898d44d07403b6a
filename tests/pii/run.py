"""`make pii`: canaries go in by every channel while everything is logged; none comes up.

Source: docs/reliability.md section 5.10. Channels: the query string, headers, the body, literals, names, aliases,
comments and variables of documents, what forms and partners send, websocket frames, and an application that is really
stored. Searched: the log at the level DEBUG, the metrics, the answers to others, the cache, the files of the home, and
temporary files.
"""

import json
from typing import Any

import httpx
import pytest

from tests.pii.canaries import CANARIES, Canary, found_below, found_in
from tests.support.site import Site, a_site

pytestmark = pytest.mark.integration
NODE = "query ($id: ID!) { node(id: $id) { id } }"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, valkey_server):
    """Everything logged, a shared cache, and a folder of temporary files of its own."""
    temporary = tmp_path_factory.mktemp("tmp")
    cache = valkey_server.url()
    with a_site(
        APUNI_LOG_LEVEL="debug", PYTHONASYNCIODEBUG="1", TMPDIR=str(temporary), APUNI_CACHE_URL=cache
    ) as running:
        running.temporary, running.cache = temporary, cache  # type: ignore[attr-defined]
        yield running


def documents(value: str) -> list[dict[str, Any]]:
    """GraphQL requests that hold a value in every place."""
    word = "_" + "".join(letter if letter.isascii() and letter.isalnum() else "_" for letter in value)
    text = json.dumps(value)
    return [
        {"query": f"{{ node(id: {text}) {{ id }} }}"},
        {"query": f"{{ {word} }}"},
        {"query": f"{{ {word}: __typename }}"},
        {"query": f"query {word} {{ nothing }}", "operationName": word},
        {"query": "query A { __typename } query B { __typename }", "operationName": value},
        {"query": f"# {value}\n{{ nothing }}"},
        {"query": f"{{ __typename {value}"},
        {"query": value},
        {"query": f"{{ services(first: {word}) {{ nodes {{ code }} }} }}"},
        {"query": f"{{ __typename @{word} }}"},
        {"query": f"{{ ...{word} }}"},
        {"query": f"query (${word}: {word}) {{ __typename }}"},
        {"query": NODE, "variables": {"id": value}},
        {"query": NODE, "variables": {"id": {value: value}}},
        {"query": "query ($n: Int!) { services(first: $n) { nodes { code } } }", "variables": {"n": value}},
        {"query": "{ __typename }", "variables": {value: value}, "extensions": {value: value}},
        {"query": f"{{ application(by: {{number: {text}}}) {{ id }} }}"},
        {"query": f"{{ verifyCertificate(number: {text}) {{ __typename }} }}"},
        {"query": f"{{ services(first: 5, filter: {{search: {text}}}) {{ nodes {{ code }} }} }}"},
        {"query": f"{{ services(first: 5, after: {text}) {{ nodes {{ code }} }} }}"},
        {
            "query": f"mutation {{ withdrawApplication(input: {{applicationId: {text}, reason: {text}, "
            f"idempotencyKey: {text}}}) {{ userErrors {{ code }} }} }}"
        },
        {"documentId": value},
        {value: value},
    ]


def send_everywhere(site: Site, canary: Canary) -> None:
    """Send one canary by every channel, in the citizen's name and in nobody's."""
    value = canary.value
    raw = value.encode()
    with httpx.Client(base_url=site.url, timeout=30) as client:
        for body in documents(value):
            for token in (site.citizen, None, value if value.isascii() else "x"):
                headers = {"Authorization": f"Bearer {token}"} if token else {}
                client.post("/graphql", json=body, headers=headers)
            if "query" in body:
                client.get("/graphql", params={"query": body["query"], "variables": json.dumps({value: value})})
        names = (
            "X-Request-Id",
            "Idempotency-Key",
            "Accept",
            "Accept-Language",
            "Cookie",
            "Referer",
            "User-Agent",
            "X-Forwarded-For",
            "If-None-Match",
            "X-Deadline-Ms",
            "Apollographql-Client-Version",
            "Origin",
        )
        for name in names:
            client.post("/graphql", json={"query": "{ nothing }"}, headers={name: raw})
        client.post("/graphql", content=raw, headers={"Content-Type": "application/json"})
        client.post("/graphql", content=raw, headers={"Content-Type": b"text/" + raw.replace(b" ", b"")})
        client.post("/track", data={"by.number": value, "by.secondFactor.mobileLast4": value})
        for path in ("/verify/", "/files/", "/sign-in/callback/", "/", "/uploads/"):
            client.get(path + httpx.QueryParams({"x": value}).get("x", "").replace("/", ""), params={value: value})
        client.get("/sign-in", params={"provider": value, "return_to": value, "state": value, "code": value})
        client.get("/etaal/eTransactionCount", params={"UserName": value, "Password": value, "TransactionDate": value})
        client.post("/etaal/v1/counts", json={"transactionDate": value}, headers={"Authorization": b"Bearer " + raw})
        client.post("/etaal/service.asmx", content=f"<a>{value}</a>".encode(), headers={"SOAPAction": raw})
        client.post("/umang/ws1/getServices", content=raw, headers={"x-api-key": raw, "x-umang-user": raw})
        client.get("/umang/handoff", params={"token": value, "target": value})
        client.get("/sign-in/umang", params={"ticket": value})
        client.post("/digilocker/pulluri", content=f"<a b='{value}'/>".encode(), headers={"X-Digilocker-Hmac": raw})
        client.post("/uploads", content=raw, headers={"Authorization": f"Bearer {site.citizen}"})
        client.request("PUT", "/graphql", content=raw)


def test_no_canary_comes_up_in_log_metrics_cache_or_files(site: Site):
    for canary in CANARIES:
        send_everywhere(site, canary)
    with httpx.Client(base_url=site.url, timeout=30) as client:
        metrics = client.get("/metrics").content
        status = client.get("/status").content
        others = client.post("/graphql", json={"query": "{ sources { name } __typename }"}).content

    log = site.log.read_bytes()
    assert log.count(b"\n") > 500, "nothing was logged"
    seen = {"log": log, "metrics": metrics, "status": status, "answers to others": others}
    assert {place: found_in(content) for place, content in seen.items()} == {place: [] for place in seen}
    assert b"{ nothing }" not in log
    assert b"__typename" not in log
    assert b"query=" not in log
    assert found_below(site.temporary) == []  # type: ignore[attr-defined]
    assert found_below(site.home, but=("sandbox", "onboarding")) == []
    assert found_in(_cache(site)) == []


def test_the_search_finds_a_canary_in_every_form():
    for canary in CANARIES:
        for form in canary.forms():
            assert canary.name in found_in(b"before " + form + b" after")


def _cache(site: Site) -> bytes:
    """Every key of the shared cache with its value."""
    import redis

    with redis.Redis.from_url(site.cache) as cache:  # type: ignore[attr-defined]
        keys = list(cache.scan_iter())
        return b"\n".join([*keys, *(cache.dump(key) or b"" for key in keys)])
