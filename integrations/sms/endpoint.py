"""The endpoint at which Mobile Seva passes on what citizens send: `GET` or `POST /sms/<secret>`.

Source: docs/contracts/messages.md section 5. The platform signs nothing: its networks and the secret of the address say
that it is the platform.
"""

import ipaddress
from collections.abc import Mapping
from datetime import datetime, timedelta
from urllib.parse import parse_qsl

from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from domain.kernel import IST, Clock
from domain.kernel.mobiles import mobile_digits
from integrations.calling.incoming_calls import (
    NO_STORE,
    CallerLimits,
    CallRefused,
    SignedCalls,
    TooLarge,
    is_listed,
    is_same_secret,
    read_body,
)
from integrations.calling.request_counters import LocalRequestCounters, RequestCounters
from integrations.sms.models import InboundSettings, IncomingSms, SmsInbox

BODY_LIMIT = 4_096
LONGEST_TEXT = 640
"""Characters of a message: the platform passes on 160, several parts of Hindi are a few hundred."""
OLDEST, AHEAD = timedelta(days=1), timedelta(minutes=10)
"""A message of another time is not one that the platform passes on now."""


def sms_routes(
    inbox: SmsInbox, settings: InboundSettings, clock: Clock, tallies: RequestCounters | None = None
) -> list[Route]:
    """The route of the endpoint; `tallies` None counts calls in this process alone."""
    counters = tallies or LocalRequestCounters(clock)
    limits = CallerLimits("sms", counters, calls=settings.calls_a_minute, failures=settings.failures_a_minute)
    networks = tuple(map(ipaddress.ip_network, settings.networks))

    door = SignedCalls("sms", (), clock, limits, BODY_LIMIT)

    async def let_in(request: Request) -> None:
        address = request.client.host if request.client else ""
        wait = await limits.wait_seconds(address)
        if wait is not None:
            raise CallRefused(429, "TOO_MANY_REQUESTS", wait=wait)
        known = is_listed(address, networks) & is_same_secret(request.path_params["secret"], settings.secret)
        if not await limits.count(address, right=known):
            raise CallRefused(404, "NOT_FOUND")

    async def take(request: Request) -> Response:
        async def work() -> Response:
            await let_in(request)
            message = read_message(await _fields(request), clock.now())
            return PlainTextResponse(await inbox.answer(message), headers=NO_STORE)

        return await door.answer(work)

    return [Route("/sms/{secret}", take, methods=["GET", "POST"])]


async def _fields(request: Request) -> Mapping[str, str]:
    if request.method == "GET":
        return request.query_params
    try:
        body = await read_body(request, BODY_LIMIT)
    except TooLarge:
        raise CallRefused(413, "TOO_LARGE") from None
    except ClientDisconnect:
        raise CallRefused(400, "BAD_FIELD", field="body") from None
    try:
        return dict(parse_qsl(body.decode(), max_num_fields=20))
    except ValueError:
        raise CallRefused(400, "BAD_FIELD", field="body") from None


def read_message(fields: Mapping[str, str], now: datetime) -> IncomingSms:
    """A message by its fields. Raises CallRefused with the name of the field that is wrong or of another time."""
    mobile, text = mobile_digits(fields.get("mobileNumber", "")), fields.get("message", "").strip()
    at = _time_of(fields.get("timeStamp", ""))
    timely = at is not None and now - OLDEST <= at <= now + AHEAD
    if mobile is None or at is None or not timely or not 0 < len(text) <= LONGEST_TEXT:
        wrong = "mobileNumber" if mobile is None else "message" if timely else "timeStamp"
        raise CallRefused(400, "BAD_FIELD", field=wrong)
    return IncomingSms(mobile, text, at)


def _time_of(text: str) -> datetime | None:
    try:
        return datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=IST)
    except ValueError:
        return None
