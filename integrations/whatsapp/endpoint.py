"""The webhook of WhatsApp: the handshake, and what is told of messages (docs/contracts/whatsapp.md section 5)."""

import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from domain.kernel import Clock
from integrations.calling.errors import Unreadable
from integrations.calling.incoming_calls import (
    NO_STORE,
    CallerLimits,
    CallRefused,
    SignedCalls,
    is_same_secret,
    plain_body,
)
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


@dataclass(frozen=True)
class _MetaCalls(SignedCalls):
    """Calls signed over their raw bytes alone; there is no timestamp."""

    async def signed_body(self, request: Request) -> bytes:
        """The body, where the signature is of one of the secrets; raises CallRefused."""
        body = await plain_body(request, self.body_limit)
        given = request.headers.get("x-hub-signature-256", "").encode("utf-8", "surrogateescape")
        expected = [wire.signature(secret, body).encode() for secret in self.secrets]
        if not any([hmac.compare_digest(one, given) for one in expected]):  # noqa: C419 - all are compared
            raise CallRefused(401, "BAD_SIGNATURE")
        return body


def whatsapp_routes(
    inbox: Inbox, settings: WhatsAppSettings, clock: Clock, tallies: RequestCounters | None = None
) -> list[Route]:
    """The routes of the webhook; `tallies` None counts calls in this process alone."""
    counters = tallies or LocalRequestCounters(clock)
    limits = CallerLimits("whatsapp", counters, calls=settings.calls_a_minute, failures=settings.failures_a_minute)
    door = _MetaCalls("whatsapp", settings.app_secrets, clock, limits, body_limit=BODY_LIMIT)

    async def shake_hands(request: Request) -> Response:
        query = request.query_params
        right = is_same_secret(query.get("hub.verify_token", ""), settings.verify_token)
        challenge = query.get("hub.challenge", "")
        address = request.client.host if request.client else ""
        if await limits.wait_seconds(address) is not None:
            return JSONResponse({"code": "TOO_MANY_REQUESTS"}, 429, NO_STORE)
        if not (right and query.get("hub.mode") == "subscribe" and 0 < len(challenge) <= _LONGEST_CHALLENGE):
            await limits.count(address, right=False)
            return JSONResponse({"code": "BAD_TOKEN"}, 403, NO_STORE)
        return PlainTextResponse(challenge, headers=NO_STORE)

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
