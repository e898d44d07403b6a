"""Doors that a switch shuts, and doors whose failures are counted."""

from datetime import UTC, datetime, timedelta

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from domain.kernel import ManualClock, Source
from domain.platform.switches import STATES, Switch, Switchboard, SwitchKind, SwitchState
from gateway.http.kill_switches import count_failures, refuse_when_off

NOW = datetime(2026, 11, 24, 6, 30, tzinfo=UTC)


async def answer(request: Request) -> Response:
    return PlainTextResponse("counts", int(request.query_params.get("status", "200")))


def client_of(routes: list[Route]) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=Starlette(routes=routes)), base_url="http://g.test")


@pytest.mark.parametrize("state", STATES[SwitchKind.SYSTEM])
async def test_a_partner_finds_its_door_shut_only_where_its_system_is_off(state):
    board = Switchboard([Switch(SwitchKind.SYSTEM, "E_TAAL", state, "r", "CLI:root", NOW, NOW + timedelta(minutes=1))])
    routes = refuse_when_off([Route("/etaal", answer)], Source.E_TAAL, board, ManualClock(NOW))

    async with client_of(routes) as client:
        response = await client.get("/etaal")

    shut = state is SwitchState.OFF
    assert response.status_code == (503 if shut else 200)
    assert response.headers.get("retry-after") == ("60" if shut else None)


async def test_errors_are_counted_and_what_is_not_found_is_not():
    failures: list[None] = []
    routes = count_failures([Route("/sign-in", answer)], lambda: failures.append(None))

    async with client_of(routes) as client:
        for status in (200, 303, 400, 404, 503):
            await client.get("/sign-in", params={"status": status})

    assert len(failures) == 2
