"""The endpoint at which a receiver asks for its events by a cursor, and its system looks after its receivers.

Requests are signed as messages are (docs/partners/events/README.md sections 5 and 6).
"""

import re
from collections.abc import Awaitable, Callable, Sequence
from functools import partial

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from domain.kernel import Clock, ErrorCode, Problems
from integrations.calling.answers import M, read_model
from integrations.calling.caller_authentication import AuthenticatedCalls, CallerAuthentication, Signature
from integrations.calling.errors import Unreadable
from integrations.calling.incoming_calls import CallRefused, json_answer
from integrations.calling.request_counters import LocalRequestCounters, RequestCounters
from integrations.event_receivers import wire
from integrations.event_receivers.models import (
    MOST_PULLED,
    AskedEvents,
    AskedReceiver,
    AskedStep,
    CursorGone,
    KeptReceivers,
    ReceiversAnswer,
)

PATH = "/events/{receiver}"
CALLS_A_MINUTE, FAILURES_A_MINUTE = 120, 10
LONGEST_CURSOR, LONGEST_ID = 200, 100
BODY_LIMIT = 4_096
"""Bytes of a request."""
_KEY = re.compile(r"[A-Za-z0-9_-]{1,64}")
"""The id of a receiver, or the name of a partner."""
_STATUSES = {ErrorCode.NOT_FOUND: 404, ErrorCode.STEP_NOT_ALLOWED: 409, ErrorCode.IDEMPOTENCY_KEY_REUSED: 409,
             ErrorCode.IN_PROGRESS: 409, ErrorCode.CONFLICT: 409}  # fmt: skip

Handler = Callable[[Request, bytes], Awaitable[Response]]


def _is_signed(secrets: Sequence[str], request: Request, body: bytes) -> bool:
    """Whether it is signed like a message: over path and query, and with a body over a full stop and the body too."""
    query = request.scope["query_string"]
    target = request.url.path.encode() + (b"?" + query if query else b"")
    return wire.is_signed(secrets, request.headers, target + (b"." + body if body else b""))


def events_routes(
    asked: AskedEvents, clock: Clock, tallies: RequestCounters | None = None, *, times: int = 1
) -> list[Route]:
    """The route by which a receiver reads; `tallies` None counts calls in this process alone, `times` as many may."""

    async def give(request: Request, _: bytes) -> Response:
        cursor, first = _asked_part(request)
        try:
            return json_answer(await asked.pull(request.path_params["receiver"], cursor, first))
        except CursorGone:
            raise CallRefused(410, "RESYNC") from None

    guard = _guard_of(asked, clock, tallies, times)
    return [Route(PATH, guard(give), methods=["GET"])]


def receivers_routes(
    kept: KeptReceivers, clock: Clock, tallies: RequestCounters | None = None, *, times: int = 1
) -> list[Route]:
    """The routes by which a system looks after its own receivers; the rest is as in `events_routes`."""

    async def list_own(request: Request, _: bytes) -> Response:
        own = await kept.list_own(request.path_params["receiver"])
        return json_answer(ReceiversAnswer(receivers=tuple(own)))

    async def ask_for(request: Request, body: bytes) -> Response:
        made = await kept.ask_for(request.path_params["receiver"], _model(AskedReceiver, body), _message_id(request))
        return json_answer(made, 201)

    async def show(request: Request, _: bytes) -> Response:
        return json_answer(await kept.show(request.path_params["receiver"], _own_id(request)))

    async def change(request: Request, body: bytes) -> Response:
        key, own, step = request.path_params["receiver"], _own_id(request), _model(AskedStep, body)
        return json_answer(await kept.change(key, own, step, _message_id(request)))

    guard = _guard_of(kept, clock, tallies, times)
    own, one = f"{PATH}/receivers", f"{PATH}/receivers/{{own}}"
    return [
        Route(own, guard(list_own), methods=["GET"]),
        Route(own, guard(ask_for), methods=["POST"]),
        Route(one, guard(show), methods=["GET"]),
        Route(one, guard(change), methods=["POST"]),
    ]


def _guard_of(
    known: AskedEvents | KeptReceivers, clock: Clock, tallies: RequestCounters | None, times: int
) -> Callable[[Handler], Callable[[Request], Awaitable[Response]]]:
    """What lets a handler be asked by requests that are signed by a secret of whom the path names."""
    counters = tallies or LocalRequestCounters(clock)

    def guard(handler: Handler) -> Callable[[Request], Awaitable[Response]]:
        async def take(request: Request) -> Response:
            key = request.path_params["receiver"]
            found = await known.find(key) if _KEY.fullmatch(key) else None
            callers = CallerAuthentication(
                f"events:{found.id if found else 'unknown'}",
                counters,
                calls=CALLS_A_MINUTE * times,
                failures=FAILURES_A_MINUTE * times,
            )
            signature = Signature(partial(_is_signed, found.secrets if found else ()), "webhook-timestamp")
            door = AuthenticatedCalls("events", callers, clock, BODY_LIMIT, signature=signature)

            async def work() -> Response:
                try:
                    return await handler(request, await door.let_in(request))
                except Problems as refused:
                    raise _refusal_of(refused) from None

            return await door.answer(work)

        return take

    return guard


def _refusal_of(refused: Problems) -> CallRefused:
    problem = refused.problem
    if problem.code is ErrorCode.BAD_INPUT:
        return CallRefused(400, "BAD_FIELD", field=problem.path[-1])
    return CallRefused(_STATUSES.get(problem.code, 400), problem.code.value)


def _own_id(request: Request) -> str:
    receiver_id: str = request.path_params["own"]
    if not _KEY.fullmatch(receiver_id):
        raise CallRefused(404, ErrorCode.NOT_FOUND.value)
    return receiver_id


def _message_id(request: Request) -> str:
    number: str = request.headers["webhook-id"]
    if len(number) > LONGEST_ID:
        raise CallRefused(400, "BAD_FIELD", field="webhook-id")
    return number


def _model(model: type[M], body: bytes) -> M:
    try:
        return read_model(model, body)
    except Unreadable as error:
        raise CallRefused(400, "BAD_FIELD", field=str(error).partition(".")[0]) from None


def _asked_part(request: Request) -> tuple[str | None, int]:
    cursor, first = request.query_params.get("cursor"), request.query_params.get("first", str(MOST_PULLED))
    if cursor is not None and not 0 < len(cursor) <= LONGEST_CURSOR:
        raise CallRefused(400, "BAD_FIELD", field="cursor")
    if not (first.isascii() and first.isdigit() and len(first) < 4 and 0 < int(first) <= MOST_PULLED):
        raise CallRefused(400, "BAD_FIELD", field="first")
    return cursor, int(first)
