"""A small sandbox to test the kit on: it echoes, and it counts what it is told to count."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from domain.kernel import ManualClock
from sandbox.city.clock import SandboxClock
from sandbox.city.kit import Sandbox, SandboxHome, sandbox_app

NOON = datetime(2026, 11, 23, 6, 30, tzinfo=UTC)


def create_counting_sandbox(home: SandboxHome) -> Sandbox:
    secret = home.state.get_or_create("key", "secret", lambda: {"value": home.system + "-secret"})
    home.hand_over({"secret": secret["value"]})

    async def count(request: Request) -> Response:
        name = request.path_params["name"]
        home.state.put("count", name, {"n": (home.state.get("count", name) or {"n": 0})["n"] + 1})
        request.state.ledger_key = name
        request.state.ledger_effect = "counted"
        signed = home.faults.match("signature", "/count/{name}") is None
        return JSONResponse({"n": (home.state.get("count", name) or {})["n"], "signed": signed})

    async def large(_request: Request) -> Response:
        return Response(b"x" * 1000, media_type="application/octet-stream")

    async def call(arguments: object) -> dict[str, object]:
        return {"gateway": home.gateway_url, "arguments": arguments}

    def refuse(arguments: object) -> dict[str, object]:
        raise ValueError("no date given")

    routes = [Route("/count/{name}", count, methods=["GET", "POST"]), Route("/large", large)]
    return sandbox_app(home, routes, actions={"call": call, "refuse": refuse})


@pytest.fixture
def home_of(tmp_path: Path) -> Callable[[str], SandboxHome]:
    clock = SandboxClock(base=ManualClock(NOON))

    def make(system: str) -> SandboxHome:
        return SandboxHome(
            system=system,
            folder=tmp_path / "sandbox" / system,
            onboarding=tmp_path / "onboarding" / f"{system}.json",
            clock=clock,
            demo={},
            gateway_url="http://gateway.test",
            public_url=f"http://{system}.test/{system}",
        )

    return make


@pytest.fixture
def make_sandbox() -> Callable[[SandboxHome], Sandbox]:
    return create_counting_sandbox
