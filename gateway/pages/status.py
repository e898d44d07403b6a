"""The status page: the state of the gateway and of each outside system, for people and for programs.

It asks this process and no operation of the graph, so that it is there also where the graph takes nobody in.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol, TypeAlias

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from domain.kernel import IST, Clock, Source
from domain.platform.switches import Switchboard, SwitchState
from gateway.http.headers import prefers_html
from gateway.http.health import is_ready
from gateway.pages.fonts import font_routes
from gateway.pages.rendering import HEADERS, pages_of
from gateway.settings.settings import Settings
from integrations.calling.monitor import SourceMonitor

Switched: TypeAlias = Mapping[Source, SwitchState]


class CountsAlarms(Protocol):
    """Source of the number of raised alarms (gateway.runtime.heartbeat.Heartbeat)."""

    @property
    def alarms(self) -> int:
        """How many alarms hold."""


def status_routes(
    settings: Settings, monitor: SourceMonitor, *, switches: Switchboard, clock: Clock, pulse: CountsAlarms
) -> list[Route]:
    """`/status`: a page in Hindi or English, or JSON where that is preferred; and the font of the public pages."""

    async def show(request: Request) -> Response:
        now = clock.now()
        switched = {status.source: switches.system(status.source, now) for status in monitor.statuses()}
        if not prefers_html(request.headers.get("accept")):
            return _as_json(request, monitor, switched, pulse.alarms)
        values = {
            "ready": is_ready(request),
            "alarms": pulse.alarms,
            "systems": [(status, switched[status.source].value) for status in monitor.statuses()],
            "graphiql": settings.graphiql_open,
        }
        return pages_of(request).draw(request, "public/status.html", values)

    return [Route("/status", show, methods=["GET"]), *font_routes()]


def _as_json(request: Request, monitor: SourceMonitor, switched: Switched, alarms: int) -> Response:
    sources = [
        {
            "name": status.source.value,
            "configured": status.configured,
            "state": status.state.value if status.state else None,
            "switched": switched[status.source].value,
            "lastSuccessAt": _iso(status.last_success_at),
            "lastFailureAt": _iso(status.last_failure_at),
        }
        for status in monitor.statuses()
    ]
    return JSONResponse({"ready": is_ready(request), "alarms": alarms, "sources": sources}, headers=HEADERS)


def _iso(moment: datetime | None) -> str | None:
    return moment.astimezone(IST).isoformat(timespec="milliseconds") if moment else None
