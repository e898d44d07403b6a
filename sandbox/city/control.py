"""The city as one application: every sandbox by path, and the control routes (ADR 0016)."""

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import httpx
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from sandbox.city.action_arguments import arguments_text
from sandbox.city.answers import DOOR
from sandbox.city.chaos import Chaos, parse_chaos
from sandbox.city.clock import SandboxClock
from sandbox.city.faults import TLS_KINDS, TRANSPORT_KINDS
from sandbox.city.kit import Sandbox
from sandbox.city.pace import NO_PACE, PROFILES, parse_profile
from sandbox.city.people import People
from sandbox.city.proxy import Doors


@dataclass(frozen=True)
class Controls:
    """What the control routes steer.

    `refresh` makes one system's proxy take up its changed transport faults; `keep_clock` remembers that
    the clock was moved.
    """

    sandboxes: Mapping[str, Sandbox]
    clock: SandboxClock
    refresh: Callable[[str], Awaitable[None]]
    keep_clock: Callable[[], None]
    people: People


def city_app(controls: Controls, doors: Doors, pages: Sequence[BaseRoute] = ()) -> Starlette:
    """All sandboxes at `/<system>`, the control routes at `/_control`, and pages of the city."""
    desk = _ControlHandlers(controls)
    control = Mount(
        "/_control",
        routes=[
            Route("/clock", desk.read_clock, methods=["GET"]),
            Route("/clock", desk.set_clock, methods=["PUT"]),
            Route("/chaos", desk.set_chaos, methods=["PUT"]),
            Route("/chaos", desk.read_chaos, methods=["GET"]),
            Route("/chaos", desk.end_chaos, methods=["DELETE"]),
            Route("/profile", desk.set_profiles, methods=["PUT"]),
            Route("/profile", desk.read_profiles, methods=["GET"]),
            Route("/people", desk.add_person, methods=["POST"]),
            Route("/{system}/profile", desk.set_profile, methods=["PUT"]),
            Route("/{system}/faults", desk.set_faults, methods=["PUT"]),
            Route("/{system}/faults", desk.read_faults, methods=["GET"]),
            Route("/{system}/faults", desk.clear_faults, methods=["DELETE"]),
            Route("/{system}/ledger", desk.ledger, methods=["GET"]),
            Route("/{system}/act", desk.act, methods=["POST"]),
        ],
    )
    mounts = [Mount(f"/{system}", app=sandbox.app) for system, sandbox in controls.sandboxes.items()]
    return Starlette(
        routes=[control, *pages, *mounts],
        middleware=[Middleware(_ProxyMiddleware, doors=doors, sandboxes=controls.sandboxes)],
        exception_handlers={HTTPException: _plain_reason},
    )


class _ProxyMiddleware:
    """Notes through which system's proxy a request came, so that the faults of that system hold for it."""

    def __init__(self, app: ASGIApp, *, doors: Doors, sandboxes: Mapping[str, Sandbox]) -> None:
        self._app = app
        self._doors = doors
        self._sandboxes = sandboxes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        client = scope.get("client")
        system = self._doors.get(client[1]) if client else None
        if system is not None:
            scope[DOOR] = self._sandboxes[system].faults
        await self._app(scope, receive, send)


class _ControlHandlers:
    """The handlers of the control routes."""

    def __init__(self, controls: Controls) -> None:
        self._controls = controls
        self._chaos: Chaos | None = None

    async def set_faults(self, request: Request) -> Response:
        """Replace the faults of one system."""
        sandbox = self._sandbox(request)
        given = await _json_object(request)
        faults = given.get("faults")
        if not isinstance(faults, list) or not all(isinstance(fault, dict) for fault in faults):
            raise HTTPException(400, "the body must be an object with a list of faults")
        before = sandbox.faults.active_faults(TRANSPORT_KINDS | TLS_KINDS)
        try:
            sandbox.faults.set(faults)
        except ValueError as error:
            raise HTTPException(400, str(error)) from error
        await self._refresh(sandbox, changed=bool(before))
        return Response(status_code=204)

    async def read_faults(self, request: Request) -> Response:
        """The faults that are set for one system, and how many calls each has seen."""
        shown = [
            {
                "kind": fault.kind,
                "route": fault.route,
                "calls": None if fault.calls is None else sorted(fault.calls),
                "params": dict(fault.params),
                "seen": fault.seen,
            }
            for fault in self._sandbox(request).faults.active_faults()
        ]
        return JSONResponse({"faults": shown})

    async def set_chaos(self, request: Request) -> Response:
        """Let a share of all calls fail by chance, repeatably; calls are counted anew."""
        try:
            chaos = parse_chaos(await _json_object(request), frozenset(self._controls.sandboxes))
        except ValueError as error:
            raise HTTPException(400, str(error)) from error
        await self._disturb(chaos)
        return JSONResponse(chaos.to_json())

    async def read_chaos(self, _request: Request) -> Response:
        """The chaos profile in force, or null."""
        return JSONResponse(self._chaos.to_json() if self._chaos else None)

    async def end_chaos(self, _request: Request) -> Response:
        """No more faults by chance."""
        await self._disturb(None)
        return Response(status_code=204)

    async def _disturb(self, chaos: Chaos | None) -> None:
        self._chaos = chaos
        for system, sandbox in self._controls.sandboxes.items():
            before = sandbox.faults.touches(TRANSPORT_KINDS)
            sandbox.faults.disturb(chaos.draws_for(system) if chaos else None)
            if before or sandbox.faults.touches(TRANSPORT_KINDS):
                await self._controls.refresh(system)

    async def set_profiles(self, request: Request) -> Response:
        """Give every system the latency and the limit of a named profile: `{"name"}`."""
        name = str((await _json_object(request)).get("name"))
        if name not in PROFILES:
            raise HTTPException(400, f"name must be one of {', '.join(PROFILES)}")
        for system, sandbox in self._controls.sandboxes.items():
            sandbox.faults.pace.set(PROFILES[name].get(system, NO_PACE))
        return await self.read_profiles(request)

    async def set_profile(self, request: Request) -> Response:
        """Give one system its own latency and limit."""
        sandbox = self._sandbox(request)
        try:
            sandbox.faults.pace.set(parse_profile(await _json_object(request)))
        except ValueError as error:
            raise HTTPException(400, str(error)) from error
        return JSONResponse(sandbox.faults.pace.profile.to_json())

    async def read_profiles(self, _request: Request) -> Response:
        """Latency and limit of every system."""
        sandboxes = self._controls.sandboxes
        return JSONResponse({system: each.faults.pace.profile.to_json() for system, each in sandboxes.items()})

    async def add_person(self, request: Request) -> Response:
        """Enter a person of one's own, who is in every system at once (sandbox/city/people.py)."""
        try:
            return JSONResponse(self._controls.people.add(await _json_object(request)), 201)
        except (ValueError, TypeError) as error:
            raise HTTPException(400, str(error)) from error

    async def clear_faults(self, request: Request) -> Response:
        """Remove the faults of one system."""
        sandbox = self._sandbox(request)
        before = sandbox.faults.active_faults(TRANSPORT_KINDS | TLS_KINDS)
        sandbox.faults.clear()
        await self._refresh(sandbox, changed=bool(before))
        return Response(status_code=204)

    async def ledger(self, request: Request) -> Response:
        """Everything that one system received after a sequence number."""
        after = request.query_params.get("after", "0")
        if not after.isdecimal():
            raise HTTPException(400, "after must be a sequence number")
        return JSONResponse({"entries": self._sandbox(request).ledger.entries(int(after))})

    async def act(self, request: Request) -> Response:
        """Start what the partner starts and give its view: `{"action", "arguments"}`."""
        sandbox = self._sandbox(request)
        given = await _json_object(request)
        action = given.pop("action", None)
        arguments = given.pop("arguments", given)
        if action not in sandbox.actions or not isinstance(arguments, dict):
            known = ", ".join(sorted(sandbox.actions)) or "none"
            raise HTTPException(400, f"action must be one of: {known}; arguments must be an object")
        try:
            return JSONResponse(await sandbox.act(action, arguments))
        except (KeyError, ValueError, TypeError) as error:
            taken = arguments_text(action, sandbox.actions[action])
            raise HTTPException(400, f"{type(error).__name__}: {error}; {taken}") from error
        except httpx.HTTPError as error:
            raise HTTPException(502, f"the gateway did not answer: {type(error).__name__}") from error

    async def read_clock(self, _request: Request) -> Response:
        """The city's clock."""
        return JSONResponse({"now": self._controls.clock.now().isoformat(timespec="milliseconds")})

    async def set_clock(self, request: Request) -> Response:
        """Move the city's clock; null gives the machine's time again."""
        now = (await _json_object(request)).get("now")
        try:
            self._controls.clock.set(None if now is None else datetime.fromisoformat(str(now)))
        except ValueError as error:
            raise HTTPException(400, "now must be null or an instant with its offset, in RFC 3339") from error
        self._controls.keep_clock()
        return await self.read_clock(request)

    def _sandbox(self, request: Request) -> Sandbox:
        try:
            return self._controls.sandboxes[request.path_params["system"]]
        except KeyError as error:
            raise HTTPException(404, "no such system") from error

    async def _refresh(self, sandbox: Sandbox, *, changed: bool) -> None:
        if changed or sandbox.faults.active_faults(TRANSPORT_KINDS | TLS_KINDS):
            await self._controls.refresh(sandbox.system)


async def _json_object(request: Request) -> dict[str, Any]:
    try:
        given = json.loads(await request.body())
    except ValueError as error:
        raise HTTPException(400, "the body must be JSON") from error
    if not isinstance(given, dict):
        raise HTTPException(400, "the body must be a JSON object")
    return given


async def _plain_reason(_request: Request, error: Exception) -> Response:
    status, reason = (error.status_code, error.detail) if isinstance(error, HTTPException) else (500, "")
    return JSONResponse({"error": reason}, status)
