"""The status page: the state of the gateway and of each outside system, its last months and incidents, and their feed.

It asks this process and no operation of the graph, so that it is there also where the graph takes nobody in.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Protocol, TypeAlias

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from actions.platform.incidents import StatusHistory
from domain.kernel import IST, Clock, Language, Source, ist_date
from domain.kernel.messages import Texts, label
from domain.platform.incidents import SHOWN_DAYS, Incident, SourceDay
from domain.platform.switches import Switchboard, SwitchState
from gateway.http.headers import prefers_html
from gateway.http.health import is_ready
from gateway.pages.fonts import font_routes
from gateway.pages.plots import Writer, day_strip
from gateway.pages.rendering import HEADERS, language_of, pages_of
from gateway.pages.status_feed import MEDIA_TYPE, as_atom
from gateway.settings.settings import Settings
from integrations.calling.monitor import SourceMonitor, SourceStatus

Switched: TypeAlias = Mapping[Source, SwitchState]
FEED = "/status/feed"
_TEXTS = Texts("page.status")


class Pulse(Protocol):
    """What the process knows beside the systems that it asks (gateway.runtime.heartbeat.Heartbeat)."""

    history: StatusHistory

    @property
    def alarms(self) -> int:
        """How many alarms hold."""


@dataclass(frozen=True, slots=True)
class Strip:
    """The last months of a system: drawing, share in words, and the days on which it did not always answer."""

    source: Source
    drawing: Markup
    words: str
    failures: Sequence[tuple[date, str]]


def status_routes(
    settings: Settings, monitor: SourceMonitor, *, switches: Switchboard, clock: Clock, pulse: Pulse
) -> list[Route]:
    """`/status`: a page in Hindi or English, or JSON where that is preferred; its feed; the font of public pages."""

    async def show(request: Request) -> Response:
        now = clock.now()
        switched = {status.source: switches.system(status.source, now) for status in monitor.statuses()}
        if not prefers_html(request.headers.get("accept")):
            return _as_json(request, monitor, switched, pulse)
        language = language_of(request).catalogue
        connected = [status for status in monitor.statuses() if status.configured]
        values = {
            "ready": is_ready(request),
            "alarms": pulse.alarms,
            "systems": [(status, switched[status.source].value) for status in monitor.statuses()],
            "incidents": [_incident(one, language) for one in pulse.history.incidents],
            "strips": _strips(connected, pulse.history, ist_date(now), language),
            "feed": f"{FEED}?language={language.value}",
            "graphiql": settings.graphiql_open,
        }
        return pages_of(request).draw(request, "public/status.html", values)

    async def feed(request: Request) -> Response:
        written = as_atom(pulse.history.incidents, language_of(request).catalogue, settings.url, clock.now())
        return Response(written, headers=HEADERS, media_type=MEDIA_TYPE)

    return [Route("/status", show, methods=["GET"]), Route(FEED, feed, methods=["GET"]), *font_routes()]


def _incident(one: Incident, language: Language) -> dict[str, object]:
    return {
        "id": one.id,
        "source": one.source.value if one.source else None,
        "title": one.title.in_language(language),
        "text": one.text.in_language(language),
        "meanwhile": one.meanwhile.in_language(language),
        "began_at": one.began_at,
        "ended_at": one.ended_at,
    }


def _strips(connected: Sequence[SourceStatus], history: StatusHistory, today: date, language: Language) -> list[Strip]:
    """One for each system that is connected or was found within the days shown."""
    kept = history.days or {}
    shown = {status.source for status in connected} | {Source(one) for one in kept if one in Source.__members__}
    return [_strip(one, kept.get(one.value, ()), today, language) for one in Source if one in shown and kept]


def _strip(source: Source, kept: Sequence[SourceDay], today: date, language: Language) -> Strip:
    by_day, write = {one.on_day: one for one in kept}, Writer(hundredths=True)
    days = [by_day.get(today - timedelta(days=back)) for back in reversed(range(SHOWN_DAYS))]
    whole = SourceDay(today, sum(one.good for one in days if one), sum(one.bad for one in days if one))
    words = _TEXTS.no_looks.in_language(language)
    if whole.hundredths is not None:
        words = f"{_TEXTS.share.in_language(language)} {write(whole.hundredths)}"
    failed = [(one.on_day, write(one.hundredths)) for one in days if one is not None and one.bad]
    shares = [one.hundredths if one else None for one in days]
    name = label(f"source.{source.value}", language)
    drawing = day_strip(f"days-{source.value.lower()}", name, words, shares)
    return Strip(source, Markup(drawing), words, failed[::-1])  # noqa: S704 - day_strip escapes what it is given


def _as_json(request: Request, monitor: SourceMonitor, switched: Switched, pulse: Pulse) -> JSONResponse:
    days = pulse.history.days or {}
    sources = [
        {
            "name": status.source.value,
            "configured": status.configured,
            "state": status.state.value if status.state else None,
            "switched": switched[status.source].value,
            "lastSuccessAt": _iso(status.last_success_at),
            "lastFailureAt": _iso(status.last_failure_at),
            "days": [
                {"on": one.on_day.isoformat(), "answered": one.good, "failed": one.bad}
                for one in days.get(status.source.value, ())
            ],
        }
        for status in monitor.statuses()
    ]
    incidents = [
        {
            "id": one.id,
            "source": one.source.value if one.source else None,
            "beganAt": _iso(one.began_at),
            "endedAt": _iso(one.ended_at),
            **{
                name: {"hi": text.hi, "en": text.en}
                for name, text in (("title", one.title), ("text", one.text), ("meanwhile", one.meanwhile))
            },
        }
        for one in pulse.history.incidents
    ]
    body = {"ready": is_ready(request), "alarms": pulse.alarms, "sources": sources, "incidents": incidents}
    return JSONResponse(body, headers=HEADERS)


def _iso(moment: datetime | None) -> str | None:
    return moment.astimezone(IST).isoformat(timespec="milliseconds") if moment else None
