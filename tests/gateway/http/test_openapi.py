"""The description of partners' doors, and the answers where there is no door."""

from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Route

from domain.kernel import SystemClock
from gateway.http.fallback import HANDLERS
from gateway.http.openapi import document, openapi_routes
from integrations.digilocker import IssuerSettings, issuer_routes
from integrations.etaal import EtaalSettings, etaal_routes
from integrations.event_receivers import events_routes, receivers_routes
from integrations.hr import HrSettings, hr_routes
from integrations.right_to_service import RightToServiceSettings, commission_routes
from tools.reference.partner_doors import DOORS

URL = "https://apuni.test"


def routes_of_partners() -> set[tuple[str, str]]:
    """Method and path of every door that a partner calls."""
    clock = SystemClock()
    locker = IssuerSettings.from_onboarding({"issuer_contract": {"api_key": "k", "org_id": "o"}})
    given = {"project_code": "P", "username": "u", "password": "p", "bearer": "b"}
    etaal = EtaalSettings.from_onboarding(given, public_url=URL)
    secrets = dict.fromkeys(("token", "secret", "hook_token", "hook_secret"), "s" * 16)
    commission = RightToServiceSettings.from_onboarding(secrets)
    nothing: Any = None
    routes = [*issuer_routes(nothing, locker, clock), *etaal_routes(nothing, etaal, clock)]
    routes += commission_routes(nothing, commission, clock)
    routes += hr_routes(nothing, HrSettings(("s" * 40,)), clock)
    routes += [*events_routes(nothing, clock), *receivers_routes(nothing, clock)]
    return {(method.lower(), route.path) for route in routes for method in route.methods or () if method != "HEAD"}


def test_every_door_of_a_partner_is_described_and_nothing_else():
    assert {(door.method, door.path) for door in DOORS} == routes_of_partners()


def test_the_document_is_openapi_3_1_and_names_where_it_holds():
    made = document(URL)

    assert made["openapi"] == "3.1.0"
    assert made["servers"] == [{"url": URL}]
    names = [operation["operationId"] for path in made["paths"].values() for operation in path.values()]
    assert len(names) == len(set(names)) == len(DOORS)


async def boom(request):
    raise RuntimeError("the password is swordfish")


@pytest.fixture
async def client():
    app = Starlette(routes=[*openapi_routes(URL), Route("/boom", boom)], exception_handlers=dict(HANDLERS))
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url=URL) as opened:
        yield opened


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nothing", 404, "NOT_FOUND"),
        ("POST", "/openapi.json", 405, "BAD_INPUT"),
        ("GET", "/boom", 503, "INTERNAL"),
    ],
)
async def test_where_no_door_answers_there_is_a_code_and_no_word(
    client: httpx.AsyncClient, method: str, path: str, status: int, code: str
):
    answer = await client.request(method, path)

    assert (answer.status_code, answer.json()) == (status, {"code": code})
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_the_document_is_served(client: httpx.AsyncClient):
    answer = await client.get("/openapi.json")

    assert answer.json() == document(URL)
    assert answer.headers["content-type"] == "application/json"
