"""The doors at which systems that joined by a file tell that a case changed: `POST /hooks/connector/<name>`.

What is told only makes us ask (docs/connectors.md section 2): of the body nothing but the event's id and the case's
number is read, and neither is believed.
"""

from typing import Protocol

import structlog
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from domain.kernel import Clock
from integrations.calling.answers import read_object
from integrations.calling.caller_authentication import AuthenticatedCalls, CallerAuthentication, body_signature
from integrations.calling.errors import Unreadable
from integrations.calling.incoming_calls import NO_STORE, CallRefused
from integrations.calling.request_counters import LocalRequestCounters, RequestCounters
from integrations.connectors.file import Hook
from integrations.connectors.paths import Path, compile_path

PATH = "/hooks/connector/{name}"
BODY_LIMIT = 64_000
"""Bytes of a notice."""
CALLS_A_MINUTE = 600
_LONGEST = 200
_log = structlog.get_logger(__name__)


class Notices(Protocol):
    """What the doors need of this installation."""

    async def hook(self, name: str) -> tuple[Hook, str] | None:
        """The hook of a system in force, and its secret; None where it has none."""

    async def take(self, name: str, event: str, number: str) -> bool:
        """Have the system asked about a case; False where the event was there before."""


def connector_routes(notices: Notices, clock: Clock, tallies: RequestCounters | None = None) -> list[Route]:
    """The route of all systems; each has a limit of its own. `tallies` None counts calls in this process alone."""
    counters = tallies or LocalRequestCounters(clock)

    async def take(request: Request) -> Response:
        name = request.path_params["name"]
        found = await notices.hook(name)
        if found is None:
            return JSONResponse({"code": "NOT_FOUND"}, 404, NO_STORE)
        hook, secret = found
        credential, signature = f"connector.{name}", body_signature(hook.header, (secret,), forms=("", "sha256="))
        callers = CallerAuthentication(credential, counters, calls=CALLS_A_MINUTE)
        door = AuthenticatedCalls(credential, callers, clock, BODY_LIMIT, signature=signature)

        async def work() -> Response:
            event, number = read_notice(hook, await door.let_in(request))
            fresh = await notices.take(name, event, number)
            _log.info("connector_notice", connector=name, repeated=not fresh)
            return JSONResponse({}, 200, NO_STORE)

        return await door.answer(work)

    return [Route(PATH, take, methods=["POST"])]


def read_notice(hook: Hook, body: bytes) -> tuple[str, str]:
    """The event's id and the case's number. Raises CallRefused with the name of the part that is missing."""
    try:
        content = read_object(body, "body")
    except Unreadable as error:
        raise CallRefused(400, "BAD_FIELD", field=str(error)) from error
    return _text(content, hook.event, "event"), _text(content, hook.number, "number")


def _text(content: object, path: Path, name: str) -> str:
    value = compile_path(path)(content)
    text = str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
    if not 0 < len(text) <= _LONGEST:
        raise CallRefused(400, "BAD_FIELD", field=name)
    return text
