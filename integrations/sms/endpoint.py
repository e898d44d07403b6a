"""The endpoint at which Mobile Seva passes on what citizens send: `GET` or `POST /sms/<secret>`.

Source: docs/contracts/messages.md section 5. The platform signs nothing: its networks and the secret of the address say
that it is the platform.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from domain.kernel import IST, Clock
from domain.kernel.mobiles import mobile_digits
from domain.kernel.secret_comparison import is_same_secret
from integrations.calling.caller_authentication import AuthenticatedCalls, CallerAuthentication
from integrations.calling.incoming_calls import NO_STORE, CallRefused, plain_body
from integrations.calling.request_counters import LocalRequestCounters, RequestCounters
from integrations.sms.models import InboundSettings, IncomingSms, SmsInbox

BODY_LIMIT = 8_192
"""Bytes: the longest text takes up to twelve for each of its characters in a form."""
LONGEST_TEXT = 640
"""Characters of a message: the platform passes on 160, several parts of Hindi are a few hundred."""
OLDEST, AHEAD = timedelta(days=1), timedelta(minutes=10)
"""A message of another time is not one that the platform passes on now."""


def sms_routes(
    inbox: SmsInbox, settings: InboundSettings, clock: Clock, tallies: RequestCounters | None = None
) -> list[Route]:
    """The route of the endpoint; `tallies` None counts calls in this process alone."""
    counters = tallies or LocalRequestCounters(clock)
    calls, failures = settings.calls_a_minute, settings.failures_a_minute
    callers = CallerAuthentication("sms", counters, calls=calls, failures=failures, networks=settings.networks)

    def is_platform(request: Request) -> bool:
        return callers.admits(request) & is_same_secret(request.path_params["secret"], settings.secret)

    door = AuthenticatedCalls("sms", callers, clock, credential=is_platform, refusal=(404, "NOT_FOUND"))

    async def take(request: Request) -> Response:
        async def work() -> Response:
            await door.let_in(request)
            fields = request.query_params if request.method == "GET" else await _fields(request)
            message = read_message(fields, clock.now())
            return PlainTextResponse(await inbox.answer(message), headers=NO_STORE)

        return await door.answer(work)

    return [Route("/sms/{secret}", take, methods=["GET", "POST"])]


async def _fields(request: Request) -> Mapping[str, str]:
    body = await plain_body(request, BODY_LIMIT)
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
