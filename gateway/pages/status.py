"""The status page: the state of the gateway and of each outside system, for people and for programs."""

from collections.abc import Mapping
from datetime import datetime
from html import escape
from typing import Protocol, TypeAlias

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from domain.kernel import IST, Bilingual, Clock, Language, Source, SourceState
from domain.kernel.messages import Texts, label
from domain.platform.switches import Switchboard, SwitchState
from gateway.http.headers import prefers_html
from gateway.http.health import is_ready
from gateway.pages.frame import font_routes, respond, say, table
from gateway.pages.rendering import HEADERS, language_of
from gateway.settings.settings import Settings
from integrations.calling.monitor import SourceMonitor, SourceStatus

_TEXTS = Texts("page.status")

Switched: TypeAlias = Mapping[Source, SwitchState]

_COLUMNS = [_TEXTS[f"columns.{name}"] for name in ("system", "state", "last_answer", "last_failure")]
_LINKS = {
    "/graphql": _TEXTS["links.explore_in_graphiql"],
    "/sign-in": _TEXTS["links.sign_in"],
    "/health/ready": _TEXTS["links.readiness_check"],
}


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
        language, now = language_of(request), clock.now()
        switched = {status.source: switches.system(status.source, now) for status in monitor.statuses()}
        if not prefers_html(request.headers.get("accept")):
            return _as_json(request, monitor, switched, pulse.alarms)
        links = {path: text for path, text in _LINKS.items() if path != "/graphql" or settings.graphiql_open}
        said = _readiness_lines(is_ready(request), pulse.alarms, language)
        return respond(request, language, _TEXTS.title, said + _body(monitor, switched, language, links))

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


def _readiness_lines(ready: bool, alarms: int, language: Language) -> str:
    words, kind = (_TEXTS.ready, "good") if ready else (_TEXTS.not_ready, "bad")
    said = f'<p class="{kind}" role="status">{say(words, language)}</p>\n'
    if alarms:
        said += f'<p class="bad">{say(_TEXTS.alarms, language)} {alarms}</p>\n'
    return said


def _body(monitor: SourceMonitor, switched: Switched, language: Language, links: dict[str, Bilingual]) -> str:
    rows = [
        [
            escape(label(f"source.{status.source.value}", language)),
            _state(status, switched[status.source], language),
            _moment(status.last_success_at),
            _moment(status.last_failure_at),
        ]
        for status in monitor.statuses()
    ]
    items = "".join(f'<li><a href="{path}">{say(text, language)}</a></li>' for path, text in links.items())
    headings = [say(column, language) for column in _COLUMNS]
    return f"{table(rows, headings, caption=say(_TEXTS.systems, language))}\n<ul>{items}</ul>"


def _state(status: SourceStatus, switched: SwitchState, language: Language) -> str:
    if not status.configured:
        return f'<span class="plain">{say(_TEXTS.not_connected, language)}</span>'
    if switched is not SwitchState.ON:
        return f'<span class="plain">{escape(label(f"switch.{switched.value}", language))}</span>'
    if status.state is None:
        return f'<span class="plain">{say(_TEXTS.not_asked, language)}</span>'
    kind, words = ("good", _TEXTS.answers) if status.state is SourceState.LIVE else ("bad", _TEXTS.does_not)
    return f'<span class="{kind}">{say(words, language)}</span>'


def _moment(moment: datetime | None) -> str:
    if moment is None:
        return "–"
    shown = moment.astimezone(IST)
    return f'<time datetime="{shown.isoformat(timespec="seconds")}">{shown.strftime("%d-%m-%Y %H:%M:%S")}</time>'


def _iso(moment: datetime | None) -> str | None:
    return moment.astimezone(IST).isoformat(timespec="milliseconds") if moment else None
