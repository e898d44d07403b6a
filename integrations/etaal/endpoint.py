"""The endpoint that e-Taal pulls, a function as URL, SOAP with its WSDL, and JSON, with authentication and limits."""

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from importlib.resources import files
from urllib.parse import parse_qsl
from xml.sax.saxutils import quoteattr

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from domain.etaal.counting import closes_at
from domain.kernel import Clock, TemporarilyUnavailable, ist_date
from domain.kernel.secret_comparison import is_same_secret
from integrations.calling.caller_authentication import CallerAuthentication, bearer_token
from integrations.calling.incoming_calls import TooLarge, json_answer, read_body
from integrations.calling.request_counters import LocalRequestCounters, RequestCounters
from integrations.etaal import wire
from integrations.etaal.models import Counts, CountsAnswer, DayCounts, EtaalSettings, ServiceCount

SOAP_PATH = "/etaal/service.asmx"

BODY_LIMIT = 16_384
"""Bytes of a request; a count is asked for in far fewer."""

_KEPT_SECONDS = 60.0
_KEPT_DAYS = 8
_XML = "text/xml; charset=utf-8"
_RETRY_SECONDS = 30


def etaal_routes(
    counts: Counts, settings: EtaalSettings, clock: Clock, tallies: RequestCounters | None = None
) -> list[Route]:
    """The routes of the endpoint. They need no session: e-Taal has credentials of its own.

    `tallies` None counts calls in this process alone.
    """
    door = _Endpoint(_Figures(counts, clock), settings, tallies or LocalRequestCounters(clock))
    return [
        Route("/etaal/eTransactionCount", door.url_form, methods=["GET", "POST"]),
        Route(SOAP_PATH, door.soap_form, methods=["POST"]),
        Route(SOAP_PATH, door.description, methods=["GET"]),
        Route("/etaal/v1/counts", door.json_form, methods=["POST"]),
    ]


class _Figures:
    """The counts of a day with the revision they belong to; a storm of polls for one day reads once."""

    def __init__(self, counts: Counts, clock: Clock) -> None:
        self._counts = counts
        self._clock = clock
        self._kept: OrderedDict[tuple[date, int], tuple[float, Sequence[ServiceCount]]] = OrderedDict()

    async def figures_on(self, day: date) -> tuple[int, Sequence[ServiceCount]]:
        """Revision and rows. Rows that were read while the revision changed are read again."""
        if day > ist_date(self._clock.now()):
            return 0, ()
        for _ in range(3):
            revision = await self._counts.revision(day)
            kept = self._kept.get((day, revision))
            if kept is not None and self._clock.monotonic() - kept[0] < _KEPT_SECONDS:
                return revision, kept[1]
            rows = await self._counts.counts_on(day)
            if await self._counts.revision(day) == revision:
                self._keep((day, revision), rows)
                return revision, rows
        raise TemporarilyUnavailable

    def _keep(self, key: tuple[date, int], rows: Sequence[ServiceCount]) -> None:
        self._kept[key] = (self._clock.monotonic(), rows)
        self._kept.move_to_end(key)
        if len(self._kept) > _KEPT_DAYS:
            self._kept.popitem(last=False)


@dataclass(frozen=True)
class _Form:
    """How one of the two XML forms writes its answers."""

    counts: Callable[[Sequence[ServiceCount]], bytes]
    error: Callable[[int], bytes]
    refusal: Callable[[str], bytes]

    def refusal_response(self, code: str, status: int, retry_seconds: int | None = None) -> Response:
        """An answer for what the published codes do not name."""
        return Response(self.refusal(code), status, media_type=_XML, headers=_refusal_headers(retry_seconds))


@dataclass(frozen=True)
class _Json:
    """How the JSON form refuses."""

    def refusal_response(self, code: str, status: int, retry_seconds: int | None = None) -> Response:
        return JSONResponse({"code": code}, status, _refusal_headers(retry_seconds))


_URL = _Form(wire.counts_xml, wire.error_xml, wire.refusal_xml)
_SOAP = _Form(wire.counts_soap, wire.error_soap, wire.refusal_soap)
_JSON = _Json()
TOO_LARGE, NOT_LISTED, RATE_LIMITED, UNAVAILABLE = "TOO_LARGE", "NOT_LISTED", "RATE_LIMITED", "UNAVAILABLE"
"""Codes of ours, for what the guideline says nothing of; they never come with status 200."""


def _refusal_headers(retry_seconds: int | None) -> dict[str, str]:
    waits = {} if retry_seconds is None else {"Retry-After": str(retry_seconds)}
    return {"Cache-Control": "no-store", **waits}


class _Endpoint:
    """The handlers of the three forms."""

    def __init__(self, figures: _Figures, settings: EtaalSettings, counters: RequestCounters) -> None:
        calls, failures = settings.calls_a_minute, settings.failures_a_minute
        self._figures = figures
        self._settings = settings
        self._callers = CallerAuthentication(
            "etaal", counters, calls=calls, failures=failures, networks=settings.networks
        )
        self._brings_token = bearer_token(settings.bearer)

    async def url_form(self, request: Request) -> Response:
        """`eTransactionCount` by URL: query for GET, form for POST; the answer is XML."""
        closed = await self._admission_refusal(request, _URL, 503)
        if closed is not None:
            return closed
        fields = list(request.query_params.multi_items())
        if request.method == "POST":
            body = await _body(request)
            if body is None:
                return _URL.refusal_response(TOO_LARGE, 413)
            fields = parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True) or fields
        return await self._answer_counts(request, wire.read_fields(fields), _URL)

    async def soap_form(self, request: Request) -> Response:
        """`eTransactionCount` by SOAP 1.1; the answer is a dataset."""
        closed = await self._admission_refusal(request, _SOAP, 503)
        if closed is not None:
            return closed
        body = await _body(request)
        if body is None:
            return _SOAP.refusal_response(TOO_LARGE, 413)
        try:
            call = wire.read_soap(body, request.headers.get("soapaction"))
        except wire.NotUnderstood as error:
            # WS-I Basic Profile 1.1, R1125: a problem with the format of a request is a 4xx. It is no fault of ours.
            return Response(wire.fault_soap("Client", str(error)), 400, media_type=_XML)
        return await self._answer_counts(request, call, _SOAP)

    async def description(self, request: Request) -> Response:
        """The WSDL, at `?WSDL` in any case."""
        if "wsdl" not in {name.lower() for name in request.query_params}:
            return Response(status_code=404)
        return Response(wsdl(self._settings.public_url.rstrip("/") + SOAP_PATH), media_type=_XML)

    async def json_form(self, request: Request) -> Response:
        """Our own JSON form: a day or up to 31 days, with bearer token."""
        closed = await self._admission_refusal(request, _JSON, 429)
        if closed is not None:
            return closed
        if not await self._callers.count(request, right=self._brings_token(request)):
            return JSONResponse({"code": "UNAUTHENTICATED"}, 401, {"WWW-Authenticate": "Bearer"})
        body = await _body(request)
        if body is None:
            return _JSON.refusal_response(TOO_LARGE, 413)
        try:
            first, last = wire.read_range(body)
        except wire.NotUnderstood as error:
            return _JSON.refusal_response(str(error), 400)
        return await _or_later(self._days(first, last), _JSON)

    async def _days(self, first: date, last: date) -> Response:
        days = []
        for offset in range((last - first).days + 1):
            day = first + timedelta(days=offset)
            revision, counts = await self._figures.figures_on(day)
            total = sum(count.count for count in counts)
            days.append(
                DayCounts(day=day, revision=revision, closes_at=closes_at(day), total=total, rows=tuple(counts))
            )
        return json_answer(CountsAnswer(days=tuple(days)))

    async def _answer_counts(self, request: Request, call: wire.CountRequest, form: _Form) -> Response:
        """The one function behind both XML forms. Credentials come first, so that a stranger learns nothing."""
        own = self._settings
        right = is_same_secret(call.username, own.username) & is_same_secret(call.password, own.password)
        if not await self._callers.count(request, right=right):
            return _xml(form.error(wire.WRONG_CREDENTIALS))
        day = wire.read_day(call.day)
        if day is None:
            return _xml(form.error(wire.DATE_MISSING))

        async def answer() -> Response:
            return _xml(form.counts((await self._figures.figures_on(day))[1]))

        return await _or_later(answer(), form)

    async def _admission_refusal(self, request: Request, form: _Form | _Json, status: int) -> Response | None:
        """An answer for who may not ask now; `status` is that of a full minute."""
        if not self._callers.admits(request):
            return form.refusal_response(NOT_LISTED, 403)
        wait = await self._callers.wait_seconds(request)
        return None if wait is None else form.refusal_response(RATE_LIMITED, status, wait)


async def _or_later(answer: Awaitable[Response], form: _Form | _Json) -> Response:
    try:
        return await answer
    except TemporarilyUnavailable:
        return form.refusal_response(UNAVAILABLE, 503, _RETRY_SECONDS)


def _xml(content: bytes) -> Response:
    return Response(content, media_type=_XML, headers={"Cache-Control": "no-store"})


async def _body(request: Request) -> bytes | None:
    """The body, or None where it is too large, or where the caller disconnected before its end."""
    try:
        return await read_body(request, BODY_LIMIT)
    except (TooLarge, ClientDisconnect):
        return None


def wsdl(address: str) -> bytes:
    """The description (integrations/etaal/service.wsdl), with the address at which the service is reached."""
    return _template().format(address=quoteattr(address)).encode()


@cache
def _template() -> str:
    return files("integrations.etaal").joinpath("service.wsdl").read_text(encoding="utf-8")
