"""Wraps HTTP routes: refuses requests while a kill switch is off, and counts failures."""

import math
from collections.abc import Callable

from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from domain.kernel import Clock, Source
from domain.platform.switches import Switchboard, SwitchState
from gateway.http.headers import EVERY_ANSWER

WAIT_SECONDS = 60
"""The Retry-After for a partner where the switch has no end."""


def seconds_off(source: Source, switches: Switchboard, clock: Clock) -> int | None:
    """For how many seconds a system is switched off; None while it is on."""
    now = clock.now()
    if switches.system(source, now) is not SwitchState.OFF:
        return None
    return max(1, math.ceil(switches.seconds_left(source, now) or WAIT_SECONDS))


def refuse_when_off(routes: list[Route], source: Source, switches: Switchboard, clock: Clock) -> list[Route]:
    """The routes that a partner calls: 503 with Retry-After while its system is switched OFF."""

    def shut(app: ASGIApp) -> ASGIApp:
        async def door(scope: Scope, receive: Receive, send: Send) -> None:
            seconds = seconds_off(source, switches, clock)
            if seconds is None:
                await app(scope, receive, send)
                return
            headers = {**EVERY_ANSWER, "Retry-After": str(seconds)}
            await PlainTextResponse("switched off", 503, headers)(scope, receive, send)

        return door

    return wrap_routes(routes, shut)


def count_failures(routes: list[Route], failed: Callable[[], None]) -> list[Route]:
    """Tell `failed` of every answer that is an error of its caller's or of ours, but for what is not found."""

    def count_responses(app: ASGIApp) -> ASGIApp:
        async def door(scope: Scope, receive: Receive, send: Send) -> None:
            async def send_and_count(message: Message) -> None:
                if message["type"] == "http.response.start" and message["status"] >= 400 and message["status"] != 404:
                    failed()
                await send(message)

            await app(scope, receive, send_and_count)

        return door

    return wrap_routes(routes, count_responses)


def wrap_routes(routes: list[Route], wrap: Callable[[ASGIApp], ASGIApp]) -> list[Route]:
    """The routes with what stands before each handler."""
    for route in routes:
        route.app = wrap(route.app)
    return routes
