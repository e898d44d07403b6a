"""/graphql/departments of the whole gateway over HTTP: data of a system over a socket, who may ask, guards and cost."""

import json
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from domain.kernel import TypeCode, to_global_id
from gateway.app import create_app
from gateway.runtime.composition import open_runtime
from gateway.settings.partners import Partner
from sandbox.server import connector_factories
from tests.gateway.runtime.test_composition import settings as connected
from tests.support.connecting import ConnectedCity, a_city
from tests.support.connectors import put_in_force, shipped
from tests.support.gateway_process import a_token
from tests.support.graph import CITIZEN, NEIGHBOUR, seed

pytestmark = pytest.mark.integration

VACANCIES = '{ ncsVacancy(district: "56") { number title } }'
LICENCES = """query ($of: [_Any!]!) { _entities(representations: $of) {
  ... on Citizen { transportDrivingLicence { number } } } }"""


class Gateway:
    """The composed application, and its sandboxes."""

    def __init__(self, client: httpx.AsyncClient, environment: Any) -> None:
        self.client, self.environment = client, environment

    async def ask(self, query: str, subject: Any = None, **variables: Any) -> httpx.Response:
        """Post a document as somebody, or as nobody."""
        token = await a_token(self.environment, subject) if subject else None
        headers = {"authorization": f"Bearer {token}"} if token else {}
        body = {"query": query, "variables": variables}
        return await self.client.post("/graphql/departments", json=body, headers=headers)


@asynccontextmanager
async def composed(city: ConnectedCity, home: Path, store: Path) -> AsyncIterator[Gateway]:
    """The gateway over a store in which the systems of a city are in force."""
    home.mkdir()
    shutil.copy(store, home / "store.db")
    partners = {
        name: Partner(
            base_url=f"http://127.0.0.1:{city.city.ports['proxies'][name]}/{name}",
            given=json.loads((city.home / "onboarding" / f"{name}.json").read_text()),
        )
        for name in city.city.sandboxes
    }
    away = connected(home)
    settings = away.model_copy(update={"partners": {**away.partners, **partners}})
    async with open_runtime(settings) as house:
        await seed(house.environment)
        joined: Any = SimpleNamespace(env=house.environment)
        await put_in_force(joined, shipped("ncs"), shipped("transport"))
    app = create_app(settings)
    transport = httpx.ASGITransport(app=app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000") as client,
    ):
        yield Gateway(client, app.state.environment)


@pytest.fixture
async def gateway(tmp_path: Path, migrated_sqlite: Path) -> AsyncIterator[Gateway]:
    """The gateway as its command composes it, with two systems in force before it started."""
    factories = {name: one for name, one in connector_factories().items() if name in ("ncs", "transport")}
    city = await a_city(tmp_path / "city", factories)
    try:
        async with composed(city, tmp_path / "home", migrated_sqlite) as found:
            yield found
    finally:
        await city.stop()


def of(subject: Any) -> list[dict[str, str]]:
    """The citizen as a router names her."""
    return [{"__typename": "Citizen", "id": to_global_id(TypeCode.CITIZEN, subject.person_id)}]


def codes(answer: httpx.Response) -> list[str]:
    return [one["extensions"]["code"] for one in answer.json()["errors"]]


async def test_anybody_reads_vacancies_with_their_source_and_their_cost(gateway: Gateway):
    answer = (await gateway.ask(VACANCIES)).json()

    assert len(answer["data"]["ncsVacancy"]) > 0
    assert [(one["system"], one["state"]) for one in answer["extensions"]["sources"]] == [("ncs", "LIVE")]
    assert answer["extensions"]["cost"]["upstream"][0]["calls"] >= 1


async def test_records_of_a_citizen_are_for_herself_by_her_consent(gateway: Gateway):
    answers = [await gateway.ask(LICENCES, who, of=of(CITIZEN)) for who in (None, NEIGHBOUR, CITIZEN)]

    assert [codes(one) for one in answers] == [["UNAUTHENTICATED"], ["NOT_FOUND"], ["CONSENT_REQUIRED"]]


async def test_a_document_above_the_limit_of_cost_asks_no_system(gateway: Gateway):
    fields = " ".join(f'v{n}: ncsVacancy(district: "56") {{ number }}' for n in range(2000))

    answer = await gateway.ask(f"{{ {fields} }}")

    assert answer.status_code == 400
    assert not answer.json().get("data")


async def test_a_form_of_another_site_is_refused_before_it_is_read(gateway: Gateway):
    answer = await gateway.client.post(
        "/graphql/departments", content=json.dumps({"query": VACANCIES}), headers={"content-type": "text/plain"}
    )

    assert answer.status_code == 415
    assert "ncsVacancy" not in answer.text
