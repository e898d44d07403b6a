"""Liveness and readiness of the process, determined without asking an outside system."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from gateway.http.headers import EVERY_ANSWER


def health_routes() -> list[Route]:
    """`/health/live` and `/health/ready`; the second reads `app.state.ready` and `app.state.store_answers`."""
    return [Route("/health/live", _live, methods=["GET"]), Route("/health/ready", _ready, methods=["GET"])]


async def _live(request: Request) -> Response:  # noqa: ARG001 - Starlette's shape
    return JSONResponse({"status": "live"}, headers=EVERY_ANSWER)


async def _ready(request: Request) -> Response:
    if is_ready(request):
        return JSONResponse({"status": "ready"}, headers=EVERY_ANSWER)
    return JSONResponse({"status": "not ready"}, 503, {**EVERY_ANSWER, "Retry-After": "1"})


def is_ready(request: Request) -> bool:
    """Whether start-up is done, the drain has not begun, and the store has not been away for ten seconds."""
    state = request.app.state
    return bool(getattr(state, "ready", False) and getattr(state, "store_answers", lambda: True)())
