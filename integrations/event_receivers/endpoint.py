"""The endpoint at which a receiver asks for its events by a cursor (docs/partners/events/README.md section 5)."""

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from domain.kernel import Clock
from integrations.calling.incoming_calls import NO_STORE, CallerLimits, CallRefused, SignedCalls, is_fresh
from integrations.calling.request_counters import LocalRequestCounters, RequestCounters
from integrations.event_receivers import wire
from integrations.event_receivers.models import MOST_PULLED, AskedEvents, CursorGone

PATH = "/events/{receiver}"
CALLS_A_MINUTE, FAILURES_A_MINUTE = 120, 10
LONGEST_CURSOR = 200


@dataclass(frozen=True)
class _Reads(SignedCalls):
    """Requests signed like a message, over path and query where that has its body."""

    async def signed_body(self, request: Request) -> bytes:
        """Path and query, where the receiver signed them just now; raises CallRefused."""
        if not is_fresh(request.headers.get("webhook-timestamp", ""), self.clock.now()):
            raise CallRefused(401, "STALE_TIMESTAMP")
        query = request.scope["query_string"]
        target = request.url.path.encode() + (b"?" + query if query else b"")
        if not wire.is_signed(self.secrets, request.headers, target):
            raise CallRefused(401, "BAD_SIGNATURE")
        return target


def events_routes(
    asked: AskedEvents, clock: Clock, tallies: RequestCounters | None = None, *, times: int = 1
) -> list[Route]:
    """The route; `tallies` None counts calls in this process alone, `times` as many are let in."""
    counters = tallies or LocalRequestCounters(clock)

    async def give(request: Request) -> Response:
        receiver_id = request.path_params["receiver"]
        found = await asked.find(receiver_id)
        limits = CallerLimits(
            f"events:{found.id if found else 'unknown'}",
            counters,
            calls=CALLS_A_MINUTE * times,
            failures=FAILURES_A_MINUTE * times,
        )
        door = _Reads("events", found.secrets if found else (), clock, limits, body_limit=0)

        async def work() -> Response:
            await door.let_in(request)
            cursor, first = _asked_part(request)
            try:
                pulled = await asked.pull(receiver_id, cursor, first)
            except CursorGone:
                raise CallRefused(410, "RESYNC") from None
            events = [{"id": one.id, **one.body} for one in pulled.events]
            told = {"events": events, "nextCursor": pulled.next_cursor, "complete": pulled.complete}
            return JSONResponse(told, 200, NO_STORE)

        return await door.answer(work)

    return [Route(PATH, give, methods=["GET"])]


def _asked_part(request: Request) -> tuple[str | None, int]:
    cursor, first = request.query_params.get("cursor"), request.query_params.get("first", str(MOST_PULLED))
    if cursor is not None and not 0 < len(cursor) <= LONGEST_CURSOR:
        raise CallRefused(400, "BAD_FIELD", field="cursor")
    if not (first.isascii() and first.isdigit() and len(first) < 4 and 0 < int(first) <= MOST_PULLED):
        raise CallRefused(400, "BAD_FIELD", field="first")
    return cursor, int(first)
