"""The endpoint of the state's HR system: `POST /hr/staff-changes` (docs/contracts/hr.md)."""

import re
from dataclasses import asdict

import structlog
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from domain.kernel import Clock, Problems
from domain.kernel.text import is_plain_line
from integrations.calling.answers import read_object
from integrations.calling.errors import Unreadable
from integrations.calling.incoming_calls import NO_STORE, CallerLimits, CallRefused, SignedCalls
from integrations.calling.request_counters import LocalRequestCounters, RequestCounters
from integrations.hr.models import MOST_ROWS, HrSettings, StaffMessage, StaffRegister

PATH = "/hr/staff-changes"
BODY_LIMIT = 262_144
"""Bytes of a message."""
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,99}")
_log = structlog.get_logger(__name__)


def hr_routes(
    register: StaffRegister, settings: HrSettings, clock: Clock, tallies: RequestCounters | None = None
) -> list[Route]:
    """The route of the endpoint; `tallies` None counts calls in this process alone."""
    counters = tallies or LocalRequestCounters(clock)
    limits = CallerLimits("hr", counters, calls=settings.calls_a_minute, failures=settings.failures_a_minute)
    door = SignedCalls("hr", settings.secrets, clock, limits, body_limit=BODY_LIMIT)

    async def take(request: Request) -> Response:
        async def work() -> Response:
            try:
                message = read_message(await door.let_in(request))
            except Unreadable as error:
                raise CallRefused(400, "BAD_FIELD", field=str(error)) from error
            try:
                taken = await register.take(message)
            except Problems as problems:
                raise CallRefused(409, problems.code.value) from None
            if taken.refused:
                raise CallRefused(422, "ROWS_REFUSED", rows=[asdict(one) for one in taken.refused])
            _log.info("hr_message", state=taken.state, rows=len(message.rows), repeated=taken.repeated)
            left = {"left": [asdict(one) for one in taken.left]} if taken.left else {}
            told = {"messageId": message.id, "batch": taken.batch_id, "state": taken.state, "rows": len(message.rows)}
            return JSONResponse({**told, **left}, 200, NO_STORE)

        return await door.answer(work)

    return [Route(PATH, take, methods=["POST"])]


def read_message(content: bytes) -> StaffMessage:
    """A message by docs/contracts/hr.md section 3. Raises Unreadable with the name of the field that is wrong."""
    given = read_object(content, "body")
    number, rows = given.get("messageId"), given.get("rows")
    if not isinstance(number, str) or not _ID.fullmatch(number):
        raise Unreadable("messageId")
    if not isinstance(rows, list) or not 0 < len(rows) <= MOST_ROWS:
        raise Unreadable("rows")
    for line, row in enumerate(rows, 1):
        if not isinstance(row, dict) or not all(
            isinstance(text, str) and is_plain_line(text) for text in (*row, *row.values())
        ):
            raise Unreadable(f"rows.{line}")
    return StaffMessage(number, [{"change": "", **row} for row in rows])
