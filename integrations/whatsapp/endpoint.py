"""The webhook of WhatsApp: the handshake, and what is told of messages (docs/contracts/whatsapp.md section 5)."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from domain.kernel import Clock
from domain.kernel.secret_comparison import is_same_secret
from integrations.calling.caller_authentication import AuthenticatedCalls, CallerAuthentication, body_signature
from integrations.calling.errors import Unreadable
from integrations.calling.incoming_calls import NO_STORE
from integrations.calling.request_counters import LocalRequestCounters, RequestCounters
from integrations.whatsapp import wire
from integrations.whatsapp.models import Inbox, Told, WhatsAppSettings

PATH = "/hooks/whatsapp"
BODY_LIMIT = 4_000_000
"""Bytes; WhatsApp sends up to 3 MB at once (docs/contracts/whatsapp.md section 9)."""
TOLD_WITHIN, SKEW = timedelta(days=8), timedelta(minutes=5)
"""What is older is a replay: WhatsApp repeats for seven days (docs/contracts/whatsapp.md section 5.1)."""
_LONGEST_CHALLENGE = 200
_log = structlog.get_logger(__name__)


def whatsapp_routes(
    inbox: Inbox, settings: WhatsAppSettings, clock: Clock, tallies: RequestCounters | None = None
) -> list[Route]:
    """The routes of the webhook; `tallies` None counts calls in this process alone."""
    counters = tallies or LocalRequestCounters(clock)
    calls, failures = settings.calls_a_minute, settings.failures_a_minute
    callers = CallerAuthentication("whatsapp", counters, calls=calls, failures=failures)

    def is_handshake(request: Request) -> bool:
        query = request.query_params
        right = is_same_secret(query.get("hub.verify_token", ""), settings.verify_token)
        whole = query.get("hub.mode") == "subscribe" and 0 < len(query.get("hub.challenge", "")) <= _LONGEST_CHALLENGE
        return right and whole

    signature = body_signature("x-hub-signature-256", settings.app_secrets)
    handshake = AuthenticatedCalls("whatsapp", callers, clock, credential=is_handshake, refusal=(403, "BAD_TOKEN"))
    door = AuthenticatedCalls("whatsapp", callers, clock, BODY_LIMIT, signature=signature)

    async def shake_hands(request: Request) -> Response:
        async def work() -> Response:
            await handshake.let_in(request)
            return PlainTextResponse(request.query_params["hub.challenge"], headers=NO_STORE)

        return await handshake.answer(work)

    async def take(request: Request) -> Response:
        async def work() -> Response:
            body = await door.let_in(request)
            try:
                told = wire.read_told(body, settings.account_id, settings.phone_number_id)
            except Unreadable as error:  # signed, so WhatsApp would repeat for a week what we answer by an error
                _log.warning("whatsapp_notice_unreadable", field=str(error))
                told = []
            fresh = _told_now(told, clock.now())
            kept = await inbox.keep(fresh) if fresh else 0
            _log.info("whatsapp_notice", told=len(told), kept=kept)
            return JSONResponse({}, 200, NO_STORE)

        return await door.answer(work)

    return [Route(PATH, shake_hands, methods=["GET"]), Route(PATH, take, methods=["POST"])]


def _told_now(told: Sequence[Told], now: datetime) -> list[Told]:
    return [one for one in told if now - TOLD_WITHIN <= one.at <= now + SKEW]
