"""The endpoint of the state's HR system: `POST /hr/staff-changes` (docs/contracts/hr.md)."""

from dataclasses import asdict

import structlog
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from domain.kernel import Clock, Problems
from integrations.calling.answers import read_model
from integrations.calling.caller_authentication import AuthenticatedCalls, CallerAuthentication, line_signature
from integrations.calling.errors import Unreadable
from integrations.calling.incoming_calls import CallRefused, json_answer
from integrations.calling.request_counters import LocalRequestCounters, RequestCounters
from integrations.hr.models import HrSettings, StaffChangesAnswer, StaffMessage, StaffRegister

PATH = "/hr/staff-changes"
BODY_LIMIT = 262_144
"""Bytes of a message."""
_log = structlog.get_logger(__name__)


def hr_routes(
    register: StaffRegister, settings: HrSettings, clock: Clock, tallies: RequestCounters | None = None
) -> list[Route]:
    """The route of the endpoint; `tallies` None counts calls in this process alone."""
    counters = tallies or LocalRequestCounters(clock)
    calls, failures = settings.calls_a_minute, settings.failures_a_minute
    callers = CallerAuthentication("hr", counters, calls=calls, failures=failures)
    door = AuthenticatedCalls("hr", callers, clock, BODY_LIMIT, signature=line_signature(settings.secrets))

    async def take(request: Request) -> Response:
        async def work() -> Response:
            try:
                message = read_model(StaffMessage, await door.let_in(request))
            except Unreadable as error:
                raise CallRefused(400, "BAD_FIELD", field=str(error)) from error
            try:
                taken = await register.take(message)
            except Problems as problems:
                raise CallRefused(409, problems.code.value) from None
            if taken.refused:
                raise CallRefused(422, "ROWS_REFUSED", rows=[asdict(one) for one in taken.refused])
            _log.info("hr_message", state=taken.state, rows=len(message.rows), repeated=taken.repeated)
            rows, left = len(message.rows), tuple(taken.left)
            told = StaffChangesAnswer(
                message_id=message.id, batch=taken.batch_id, state=taken.state, rows=rows, left=left
            )
            return json_answer(told)

        return await door.answer(work)

    return [Route(PATH, take, methods=["POST"])]
