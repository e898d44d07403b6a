"""Authorities and tokens in a process of their own: `python -m benchmarks.signing.partner FOLDER`; says when ready."""

import asyncio
import socket
import sys
from pathlib import Path

import uvicorn
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from benchmarks.messages.filled import clock_of
from sandbox.city.kit import SandboxHome
from sandbox.trust_services.server import create_sandbox
from tests.support.sign_in import GATEWAY

SYSTEM = "trust_services"


async def serve(folder: Path) -> None:
    """Answer until the process is ended; `/_act` takes the sandbox's actions, as the control of a city does."""
    listening = socket.create_server(("127.0.0.1", 0), backlog=1_000)
    url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    onboarding = folder / "onboarding" / f"{SYSTEM}.json"
    sandbox = create_sandbox(SandboxHome(SYSTEM, folder / SYSTEM, onboarding, clock_of(folder), {}, GATEWAY, url))

    async def act(request: Request) -> Response:
        asked = await request.json()
        return JSONResponse(sandbox.actions[asked["action"]](asked["arguments"]))

    sandbox.app.router.routes.insert(0, Route("/_act", act, methods=["POST"]))
    server = uvicorn.Server(uvicorn.Config(sandbox.app, lifespan="off", log_level="critical"))
    print("ready", flush=True)
    await server.serve([listening])


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1])))
