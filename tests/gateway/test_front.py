"""What stands before doors and graph: partners' doors are let in by their share, developers are told from others."""

from types import SimpleNamespace

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from domain.kernel import Role, SystemClock
from gateway.http.admission import Admission, Share
from gateway.runtime.edge_wiring import admission_wrapper, is_developer
from gateway.settings.limits import Load


async def door(request: Request) -> Response:
    return PlainTextResponse("open")


async def asked(gate: Admission) -> httpx.Response:
    routes = admission_wrapper(gate, Share.PARTNERS)([Route("/door", door, methods=["POST"])])
    transport = httpx.ASGITransport(app=Starlette(routes=routes))
    async with httpx.AsyncClient(transport=transport, base_url="http://gateway.test") as client:
        return await client.post("/door")


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


@pytest.mark.parametrize(
    ("roles", "developer"), [({Role.DEVELOPER}, True), ({Role.CITIZEN}, False), ({Role.ADMIN}, False), (None, False)]
)
def test_a_developer_is_told_by_her_role(roles: set[Role] | None, developer: bool):
    context = SimpleNamespace(language=None, subject=SimpleNamespace(roles=roles) if roles else None)

    assert is_developer(context) is developer
