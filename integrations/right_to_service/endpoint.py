"""The Commission's endpoints: `POST /hooks/rts` for messages, `GET /hooks/rts/case-files/<sha256>` for case files.

Each request is signed as ours are (docs/contracts/right_to_service.md section 6).
"""

import structlog
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from domain.kernel import Clock
from integrations.calling.caller_authentication import (
    SKEW_SECONDS,
    AuthenticatedCalls,
    CallerAuthentication,
    bearer_token,
    line_signature,
)
from integrations.calling.errors import Unreadable
from integrations.calling.incoming_calls import NO_STORE, CallRefused, json_answer
from integrations.calling.request_counters import LocalRequestCounters, RequestCounters
from integrations.right_to_service import wire
from integrations.right_to_service.models import (
    CommissionMessageAnswer,
    Hearings,
    OtherMessage,
    RightToServiceSettings,
    UnknownCase,
)

_log = structlog.get_logger(__name__)
HOOK = "/hooks/rts"
BODY_LIMIT = 65_536
"""Bytes of a message; its texts are at most 4 000 characters."""


def commission_routes(
    hearings: Hearings, settings: RightToServiceSettings, clock: Clock, tallies: RequestCounters | None = None
) -> list[Route]:
    """The routes of the endpoint. They need no session: the Commission has credentials of its own.

    `tallies` None counts calls in this process alone.
    """
    counters = tallies or LocalRequestCounters(clock)
    calls, failures = settings.calls_a_minute, settings.failures_a_minute
    callers = CallerAuthentication("commission", counters, calls=calls, failures=failures)
    token, signature = bearer_token(settings.hook_token), line_signature((settings.hook_secret,))
    door = AuthenticatedCalls("commission", callers, clock, BODY_LIMIT, credential=token, signature=signature)
    endpoint = _Endpoint(hearings, clock, door)
    return [
        Route(HOOK, endpoint.message, methods=["POST"]),
        Route(f"{HOOK}/case-files/{{sha256}}", endpoint.case_file, methods=["GET"]),
    ]


class _Endpoint:
    def __init__(self, hearings: Hearings, clock: Clock, door: AuthenticatedCalls) -> None:
        self._hearings = hearings
        self._clock = clock
        self._door = door

    async def message(self, request: Request) -> Response:
        """One message; a second delivery of it gets the first answer."""

        async def work() -> Response:
            body = await self._door.let_in(request)
            try:
                word = wire.read_word(body)
            except Unreadable as error:
                raise CallRefused(400, "BAD_FIELD", field=str(error)) from error
            if (word.at - self._clock.now()).total_seconds() > SKEW_SECONDS:
                raise CallRefused(400, "BAD_FIELD", field="at")  # no later word could ever mend it
            try:
                told = await self._hearings.take(word)
            except UnknownCase:
                raise CallRefused(404, "NOT_FOUND") from None
            except OtherMessage:
                raise CallRefused(409, "EVENT_ID_REUSED") from None
            _log.info("commission_message", word=word.word.value, state=told.state.value, repeated=told.repeated)
            return json_answer(CommissionMessageAnswer(event_id=told.id, state=told.state, code=told.code))

        return await self._door.answer(work)

    async def case_file(self, request: Request) -> Response:
        """The signed case file that an event of ours named."""

        async def work() -> Response:
            await self._door.let_in(request)
            content = await self._hearings.case_file(request.path_params["sha256"])
            if content is None:
                raise CallRefused(404, "NOT_FOUND")
            name = {"Content-Disposition": 'attachment; filename="case-file.zip"'}
            return Response(content, 200, {**NO_STORE, **name}, "application/zip")

        return await self._door.answer(work)
