"""The Commission's endpoints: `POST /hooks/rts` for messages, `GET /hooks/rts/case-files/<sha256>` for case files.

Order of the checks: rate, credentials, age, size, signature, form. What fails one of them is answered with
`{"code": …}` and changes nothing. Each request is signed as ours are (docs/contracts/right_to_service.md section 6).
"""

from collections.abc import Awaitable, Callable
from typing import Any

import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from domain.kernel import Clock, TemporarilyUnavailable
from integrations.calling.errors import Unreadable
from integrations.calling.incoming_calls import NO_STORE, CallerLimits, TooLarge, brings_bearer, read_body
from integrations.calling.request_counters import LocalRequestCounters, RequestCounters
from integrations.right_to_service import wire
from integrations.right_to_service.models import Hearings, OtherMessage, RightToServiceSettings, UnknownCase

_log = structlog.get_logger(__name__)
HOOK = "/hooks/rts"
BODY_LIMIT = 65_536
"""Bytes of a message; its texts are at most 4 000 characters."""

RETRY_SECONDS = 30


class MessageProblem(Exception):
    """A request that is not taken; `field` names the part that is wrong."""

    def __init__(self, status: int, code: str, *, field: str | None = None, wait: int | None = None) -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.field = field
        self.wait = wait


def commission_routes(
    hearings: Hearings, settings: RightToServiceSettings, clock: Clock, tallies: RequestCounters | None = None
) -> list[Route]:
    """The routes of the endpoint. They need no session: the Commission has credentials of its own.

    `tallies` None counts calls in this process alone.
    """
    counters = tallies or LocalRequestCounters(clock)
    calls, failures = settings.calls_a_minute, settings.failures_a_minute
    limits = CallerLimits("commission", counters, calls=calls, failures=failures)
    door = _Endpoint(hearings, settings, clock, limits)
    return [
        Route(HOOK, door.message, methods=["POST"]),
        Route(f"{HOOK}/case-files/{{sha256}}", door.case_file, methods=["GET"]),
    ]


class _Endpoint:
    def __init__(
        self, hearings: Hearings, settings: RightToServiceSettings, clock: Clock, limits: CallerLimits
    ) -> None:
        self._hearings = hearings
        self._settings = settings
        self._clock = clock
        self._limits = limits

    async def message(self, request: Request) -> Response:
        """One message; a second delivery of it gets the first answer."""

        async def work() -> Response:
            body = await self._let_in(request)
            try:
                word = wire.read_word(body)
            except Unreadable as error:
                raise MessageProblem(400, "BAD_FIELD", field=str(error)) from error
            if (word.at - self._clock.now()).total_seconds() > wire.SKEW_SECONDS:
                raise MessageProblem(400, "BAD_FIELD", field="at")  # no later word could ever mend it
            told = await self._hearings.take(word)
            _log.info("commission_message", word=word.word.value, state=told.state.value, repeated=told.repeated)
            answer = {"eventId": told.id, "state": told.state.value}
            return JSONResponse(answer | ({"code": told.code} if told.code else {}), 200, NO_STORE)

        return await _answer_or_problem(work)

    async def case_file(self, request: Request) -> Response:
        """The signed case file that an event of ours named."""

        async def work() -> Response:
            await self._let_in(request)
            content = await self._hearings.case_file(request.path_params["sha256"])
            if content is None:
                raise MessageProblem(404, "NOT_FOUND")
            name = {"Content-Disposition": 'attachment; filename="case-file.zip"'}
            return Response(content, 200, {**NO_STORE, **name}, "application/zip")

        return await _answer_or_problem(work)

    async def _let_in(self, request: Request) -> bytes:
        """The body of a request that the Commission made just now; raises MessageProblem for any other."""
        address = request.client.host if request.client else ""
        wait = await self._limits.wait_seconds(address)
        if wait is not None:
            raise MessageProblem(429, "TOO_MANY_REQUESTS", wait=wait)
        right = brings_bearer(request.headers.get("authorization"), self._settings.hook_token)
        if not await self._limits.count(address, right=right):
            raise MessageProblem(401, "UNAUTHENTICATED")
        stamp = request.headers.get("x-timestamp", "")
        if not wire.is_fresh(stamp, self._clock.now()):
            raise MessageProblem(401, "STALE_TIMESTAMP")
        body = await _body(request)
        path, given = request.url.path, request.headers.get("x-signature", "")
        if not wire.is_genuine(self._settings.hook_secret, stamp, request.method, path, body, given):
            await self._limits.count(address, right=False)
            raise MessageProblem(401, "BAD_SIGNATURE")
        return body


async def _answer_or_problem(work: Callable[[], Awaitable[Response]]) -> Response:
    try:
        return await work()
    except MessageProblem as problem:
        return _problem_response(problem)
    except UnknownCase:
        return _problem_response(MessageProblem(404, "NOT_FOUND"))
    except OtherMessage:
        return _problem_response(MessageProblem(409, "EVENT_ID_REUSED"))
    except TemporarilyUnavailable:
        return _problem_response(MessageProblem(503, "UNAVAILABLE", wait=RETRY_SECONDS))


def _problem_response(problem: MessageProblem) -> Response:
    _log.info("commission_message_declined", code=problem.code)
    body: dict[str, Any] = {"code": problem.code}
    if problem.field is not None:
        body["field"] = problem.field
    headers = dict(NO_STORE)
    if problem.wait is not None:
        headers["Retry-After"] = str(problem.wait)
    if problem.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return JSONResponse(body, problem.status, headers)


async def _body(request: Request) -> bytes:
    """The body; raises MessageProblem where it is too large, packed, or where the caller left before its end."""
    if request.headers.get("content-encoding", "identity").strip().lower() != "identity":
        raise MessageProblem(415, "BAD_ENCODING")
    try:
        return await read_body(request, BODY_LIMIT)
    except TooLarge:
        raise MessageProblem(413, "TOO_LARGE") from None
    except ClientDisconnect:
        raise MessageProblem(400, "BAD_FIELD", field="body") from None
