"""What stands before doors and graph: partners' doors are let in by their share, developers are told from others."""

import asyncio
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from domain.kernel import PersonKind, Role, SystemClock, SystemIds
from gateway.http.admission import Admission, Share
from gateway.http.callers import Callers
from gateway.http.edge import Edge
from gateway.http.rates import RateClass, RateLimits
from gateway.runtime.edge_wiring import admission_wrapper, bound_requests, is_developer
from gateway.settings.limits import Limits, Load, Rates


async def door(request: Request) -> Response:
    return PlainTextResponse("open")


def edge_of(gate: Admission | None = None, **options: Any) -> Edge:
    clock = SystemClock()
    return Edge(clock, SystemIds(clock), admission=gate, **options)


async def asked(gate: Admission) -> httpx.Response:
    routes = admission_wrapper(edge_of(gate), Share.PARTNERS)([Route("/door", door, methods=["POST"])])
    async with client_of(routes) as client:
        return await client.post("/door")


def client_of(routes: list[Route], address: str = "127.0.0.1") -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app=Starlette(routes=routes), client=(address, 1))
    return httpx.AsyncClient(transport=transport, base_url="http://gateway.test")


async def test_a_partner_s_door_takes_room_of_the_partners_and_gives_it_back():
    gate = Admission(Load(), SystemClock())

    assert (await asked(gate)).text == "open"
    assert gate.under_way == 0


async def test_a_partner_is_told_to_come_back_where_there_is_no_room():
    gate = Admission(Load(start=4, wait_seconds=0.001), SystemClock())
    citizen, partner = Share.CITIZENS, Share.PARTNERS
    async with gate.slot(citizen), gate.slot(citizen), gate.slot(citizen), gate.slot(partner):
        answer = await asked(gate)

    assert (answer.status_code, answer.json()) == (503, {"code": "OVERLOADED"})
    assert answer.headers["retry-after"] == "1"


async def test_a_partner_s_body_that_does_not_come_takes_no_room_and_ends_at_its_time():
    gate, told = Admission(Load(), SystemClock()), []
    edge = edge_of(gate, limits=Limits(body_seconds=0.05))
    [route] = admission_wrapper(edge, Share.PARTNERS)([Route("/door", door, methods=["POST"])])
    parts = iter([{"type": "http.request", "body": b"a", "more_body": True}])

    async def receive() -> Any:
        under_way.append(gate.under_way)
        return next(parts, None) or await asyncio.Event().wait()

    async def send(message: Any) -> None:
        told.append(message.get("status"))

    under_way: list[int] = []
    scope = {"type": "http", "method": "POST", "path": "/door", "headers": [], "query_string": b""}
    async with asyncio.timeout(10):
        await route.app(scope, receive, send)

    assert (under_way, told[0]) == ([0, 0], 408)


async def test_a_partner_s_body_is_whole_for_its_door():
    async def echo(request: Request) -> Response:
        return Response(await request.body())

    edge = edge_of(Admission(Load(), SystemClock()))
    async with client_of(admission_wrapper(edge, Share.PARTNERS)([Route("/door", echo, methods=["POST"])])) as client:
        answers = [(await client.post("/door", content=b"x" * size)).content for size in (0, 5, 3_000_000)]

    assert [len(one) for one in answers] == [0, 5, 3_000_000]


def bounded(path: str = "/page", counted: RateClass = RateClass.REQUESTS, **rates: int) -> list[Route]:
    clock = SystemClock()
    callers = Callers(clock.monotonic, lambda token: (PersonKind.CITIZEN, token) if token.startswith("hers") else None)
    edge = edge_of(callers=callers, rates=RateLimits(Rates(**rates), clock))
    return bound_requests([Route(path, door, methods=["GET"])], edge, counted)


async def test_pages_are_counted_by_address_and_for_a_person_by_person():
    routes = bounded(requests_per_minute=1)
    hers, her_cookie = {"authorization": "Bearer hers"}, {"cookie": "apuni_session=hers"}
    async with client_of(routes, "2001:db8::1") as one, client_of(routes, "2001:db8::2") as neighbour:
        told = [await one.get("/page"), await neighbour.get("/page")]
        told += [await neighbour.get("/page", headers=hers), await one.get("/page", headers=her_cookie)]

    assert [answer.status_code for answer in told] == [200, 429, 200, 429]
    assert (told[1].json(), int(told[1].headers["retry-after"]) > 0) == ({"code": "RATE_LIMITED"}, True)


@pytest.mark.parametrize("path", ["/sign-in/start/sso", "/sign-in/accounts/link"])
async def test_the_beginning_of_a_sign_in_has_a_bound_of_its_own(path: str):
    async with client_of(bounded(path, sign_ins_per_minute=1)) as client:
        told = [(await client.get(path)).status_code for _ in range(2)]

    assert told == [200, 429]


async def test_metrics_are_not_counted():
    async with client_of(bounded("/metrics", requests_per_minute=1)) as client:
        assert [(await client.get("/metrics")).status_code for _ in range(2)] == [200, 200]


@pytest.mark.parametrize(
    ("roles", "developer"), [({Role.DEVELOPER}, True), ({Role.CITIZEN}, False), ({Role.ADMIN}, False), (None, False)]
)
def test_a_developer_is_told_by_her_role(roles: set[Role] | None, developer: bool):
    context = SimpleNamespace(language=None, subject=SimpleNamespace(roles=roles) if roles else None)

    assert is_developer(context) is developer
