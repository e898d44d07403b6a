"""Sandbox of the toy: greets whoever has its key."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.city.kit import Sandbox, SandboxHome, sandbox_app

KEY = "key-of-the-toy"


def create_sandbox(home: SandboxHome) -> Sandbox:
    """The toy."""
    home.hand_over({"sandbox": True, "key": KEY})

    async def greeting(request: Request) -> Response:
        if request.headers.get("x-key") != KEY:
            return JSONResponse({}, 401)
        return JSONResponse({"greeting": "namaste"})

    return sandbox_app(home, [Route("/greeting", greeting, methods=["GET"])], actions={})
