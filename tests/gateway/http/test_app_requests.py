"""The log of an app's requests: those that bore its key, without anything of the person, for seven days."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from actions.platform.registered_apps import RegisterApp, register_app
from domain.kernel import PersonKind, Role, Subject
from domain.platform.registered_apps import RegisteredApp
from gateway.graphql.app_requests import MOST_WAITING, AppRequestLog
from gateway.http.edge import Edge
from store.database import StoreUnavailable
from store.platform import registered_apps
from tests.support.databases import NOW
from tests.support.graph import Down, environment

DEVELOPER = Subject(frozenset({Role.DEVELOPER}), PersonKind.OFFICER, "dev")
ASKED = {"query": "query Greeting { hello }"}


@pytest.fixture
def env(sqlite_store, store_keyrings, store_clock, tmp_path):
    made = environment(sqlite_store, store_keyrings, store_clock, tmp_path / "objects", Down())
    return replace(made, rules=replace(made.rules, takes_sandboxes=True))


@pytest.fixture
async def app(env) -> RegisteredApp:
    request = RegisterApp("my_app", "My app", ("https://app.example/in",), "key")
    return (await register_app(env, DEVELOPER, request))[0]


@pytest.fixture
def log(env) -> AppRequestLog:
    return AppRequestLog(env)


@pytest.fixture
def client(
    make_edge: Callable[..., Edge], application_of: Callable[[Edge], httpx.AsyncClient], log: AppRequestLog
) -> httpx.AsyncClient:
    return application_of(make_edge(app_requests=log))


async def kept(env: Any, app: RegisteredApp, request_id: str | None = None) -> list[Any]:
    return await env.store.read(lambda tx: registered_apps.requests_of(tx, app.id, request_id, 100))


async def test_a_request_with_the_key_is_found_by_the_id_that_its_answer_bore(env, app, log, client):
    answer = await client.post("/graphql", json=ASKED, headers={"X-App-Key": app.key, "X-Client-Version": "1.2.0"})
    await log.flush()

    (found,) = await kept(env, app, answer.headers["x-request-id"])
    assert (found.operation, found.version, found.status, found.codes) == ("Greeting", "1.2.0", 200, ())


async def test_the_codes_of_its_errors_stand_with_it(env, app, log, client):
    await client.post("/graphql", json={"query": "{ nothing }"}, headers={"X-App-Key": app.key})
    await log.flush()

    (found,) = await kept(env, app)
    assert (found.status, found.codes) == (400, ("BAD_INPUT",))


@pytest.mark.parametrize("headers", [{}, {"X-App-Key": "guessed"}, {"X-App-Key": "x" * 65}])
async def test_a_request_without_the_key_of_an_app_is_not_kept(env, app, log, client, headers):
    answer = await client.post("/graphql", json=ASKED, headers=headers)
    await log.flush()

    assert answer.json()["data"]
    assert await env.store.read(lambda tx: tx.connection.scalar(sa.select(sa.func.count(registered_apps._R.id)))) == 0


async def test_nothing_that_a_person_typed_is_kept(env, app, log, client):
    query = "query ($name: String!) { hello(name: $name) }"
    sent = {"query": query, "variables": {"name": "Asha Negi"}}
    headers = {"X-App-Key": app.key, "X-Request-Id": "asha@example.in", "X-Client-Version": "Asha Negi"}
    await client.post("/graphql", json=sent, headers=headers)
    await log.flush()

    assert "asha" not in repr(await kept(env, app)).lower()


async def test_what_could_not_be_kept_is_kept_the_next_time(env, app, log, client, monkeypatch):
    await client.post("/graphql", json=ASKED, headers={"X-App-Key": app.key})

    async def away(_: object) -> None:
        raise StoreUnavailable

    with monkeypatch.context() as patched:
        patched.setattr(type(env.store), "carry_out", lambda *_, **__: away(None))
        with pytest.raises(StoreUnavailable):
            await log.flush()
    await log.flush()

    assert len(await kept(env, app)) == 1


async def test_while_the_store_is_away_the_oldest_requests_give_way(env, app, log, client):
    for number in range(MOST_WAITING + 1):
        await client.post("/graphql", json=ASKED, headers={"X-App-Key": app.key, "X-Request-Id": f"request-{number}"})
    await log.flush()

    assert await kept(env, app, "request-0") == []
    assert len(await kept(env, app, f"request-{MOST_WAITING}")) == 1


async def test_a_request_is_forgotten_after_its_time(env, app, log, client):
    await client.post("/graphql", json=ASKED, headers={"X-App-Key": app.key})
    await log.flush()

    await env.store.carry_out(lambda tx: registered_apps.forget_before(tx, NOW))
    assert len(await kept(env, app)) == 1
    await env.store.carry_out(lambda tx: registered_apps.forget_before(tx, NOW + timedelta(seconds=1)))
    assert await kept(env, app) == []
