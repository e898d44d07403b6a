"""The client of the Commission's system: sends appeals, events and reports, fetches cases."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from functools import partial
from typing import Any
from urllib.parse import quote

from domain.kernel import Clock, Source
from integrations.calling.answers import refuse_status
from integrations.calling.errors import Foreign
from integrations.calling.opening import Clients, Opening
from integrations.calling.policies import Bulkhead, CallPolicy
from integrations.calling.remote import Answer, Parts, Remote, never_arrived
from integrations.right_to_service import wire
from integrations.right_to_service.models import (
    AppealFiling,
    CaseAtCommission,
    CaseEvent,
    FilingReceipt,
    NotifiedService,
    RightToServiceSettings,
)

_WRITES, _READS = "write", "read"
"""Breaker groups: a failing write endpoint of theirs does not block reads of cases."""

_LANE = Bulkhead("commission", places=4, per_second=10.0, burst=5)
"""Ten requests a second (docs/contracts/right_to_service.md section 8)."""

FILE_APPEAL = CallPolicy(
    "right_to_service.appeal", Source.RIGHT_TO_SERVICE, body_limit=64_000, keyed=True, breaker=_WRITES, lane=_LANE
)
"""Repeatable because `appealRef` keys it: a second one is answered 409 with the number of the first."""
SEND_EVENT = replace(FILE_APPEAL, name="right_to_service.event")
READ_CASE = CallPolicy("right_to_service.case", Source.RIGHT_TO_SERVICE, breaker=_READS, lane=_LANE)
PUT_SERVICE = replace(FILE_APPEAL, name="right_to_service.service")
SEND_SUMMARY = replace(FILE_APPEAL, name="right_to_service.daily_summary")
PUT_REVIEW = replace(FILE_APPEAL, name="right_to_service.delay_review")
POLICIES = (FILE_APPEAL, SEND_EVENT, READ_CASE, PUT_SERVICE, SEND_SUMMARY, PUT_REVIEW)

CODES: Mapping[str, str] = {
    "BAD_FIELD": "Refused",
    "SERVICE_NOT_NOTIFIED": "Refused",
    "NOT_FOUND": "Refused",
    "ALREADY_APPEALED": "taken as filed, under the number that it names",
    "APPLICATION_DELIVERED": "Refused",
    "TOO_LATE": "Refused",
    "OTHER_CONTENT": "Refused",
    "a status 401 or 403": "Refused, and somebody must look",
    "a status 429 or from 500": "Unavailable",
}
"""What the codes of docs/contracts/right_to_service.md section 6.3 mean to us."""


class RightToService:
    """The portal's side of docs/contracts/right_to_service.md section 6.1."""

    def __init__(self, remote: Remote, settings: RightToServiceSettings, clock: Clock) -> None:
        self._remote = remote
        self._settings = settings
        self._clock = clock

    async def file_appeal(self, given: AppealFiling) -> FilingReceipt:
        """File an appeal. Safe to repeat with the same reference: it is enquired before it is sent again.

        Raises Refused with a code of CODES; Unavailable means that it is not known whether it arrived.
        """
        found: list[FilingReceipt] = []

        async def has_arrived() -> bool:
            case = await self.case(given.reference)
            if case is not None:
                found.append(FilingReceipt(case.number, case.received_at, case.decide_by, known=True))
            return case is not None

        def read(answer: Answer) -> FilingReceipt:
            known = answer.status == 409 and wire.read_code(answer.content) == "ALREADY_APPEALED"
            if not known:
                _refuse(answer, good=(200, 201))
            return wire.read_receipt(answer.content, known=known)

        parts = self._parts("POST", wire.APPEALS, wire.filing(given), given.reference)
        receipt = await self._remote.ask_once(FILE_APPEAL, "POST", wire.APPEALS, read, confirm=has_arrived, **parts)
        return receipt or found[-1]

    async def send_event(self, number: str, given: CaseEvent) -> None:
        """Tell of a case once: the event's id is the key. Raises Refused, Unavailable."""

        async def has_arrived() -> bool:
            case = await self.case(number)
            return case is not None and given.id in case.has

        path = f"{wire.APPEALS}/{quote(number, safe='')}/events"
        parts = self._parts("POST", path, wire.event(given), given.id)
        parts["judge"] = partial(_refuse, good=(200, 202))
        await self._remote.send_once(SEND_EVENT, "POST", path, confirm=has_arrived, **parts)

    async def case(self, number: str) -> CaseAtCommission | None:
        """A case by the Commission's number, or by our reference; None where there is none.

        Raises Garbled for what cannot be read, IntegrityFailure for another case.
        """
        path = f"{wire.APPEALS}/{quote(number, safe='')}"

        def read(answer: Answer) -> CaseAtCommission | None:
            if answer.status == 404 and wire.read_code(answer.content) == "NOT_FOUND":
                return None
            _refuse(answer)
            case = wire.read_case(answer.content)
            if number not in (case.number, case.reference):
                raise Foreign("another_case")
            return case

        return await self._remote.ask(READ_CASE, "GET", path, read, **self._parts("GET", path, None, number))

    async def put_service(self, given: NotifiedService) -> None:
        """Send a notified service and its limit. The same version may be sent again. Raises Refused, Unavailable."""
        path, content = f"{wire.SERVICES}/{quote(given.code, safe='')}", wire.service(given)
        await self._put(PUT_SERVICE, "PUT", path, content, f"{given.code}:{given.version}")

    async def send_summary(self, day: date, content: Mapping[str, Any]) -> None:
        """Send the summary of a day. The same day may be sent again. Raises Refused, Unavailable."""
        await self._put(SEND_SUMMARY, "POST", wire.SUMMARY, content, f"summary:{day.isoformat()}")

    async def put_review(self, month: date, content: Mapping[str, Any]) -> None:
        """Send the review of a month, which is taken once.

        Raises Refused(OTHER_CONTENT) where another review of the month is there, Unavailable.
        """
        name = f"{month:%Y-%m}"
        await self._put(PUT_REVIEW, "PUT", f"{wire.REVIEWS}/{name}", content, f"review:{name}")

    async def _put(self, policy: CallPolicy, method: str, path: str, content: Mapping[str, Any], key: str) -> None:
        """A write that changes nothing when it comes a second time, so that repeating it is its own enquiry."""
        parts = self._parts(method, path, content, key)
        parts["judge"] = partial(_refuse, good=(200, 201, 204))
        await self._remote.send_once(policy, method, path, confirm=never_arrived, **parts)

    def _parts(self, method: str, path: str, content: Mapping[str, Any] | None, key: str) -> Parts:
        body = b"" if content is None else wire.encode_json(content)
        own, now = self._settings, self._clock.now()
        signed = wire.request_headers(own.token, own.secret, method=method, path=path, body=body, key=key, at=now)
        headers = {**signed, "Accept": "application/json"}
        if content is None:
            return {"headers": headers}
        return {"headers": {**headers, "Content-Type": "application/json"}, "content": body}


def _refuse(answer: Answer, good: tuple[int, ...] = (200,)) -> None:
    """Raise what a status that is not good means; a service that is not notified is no fault of our credentials."""
    code = wire.read_code(answer.content)
    ours = (401,) if code == "SERVICE_NOT_NOTIFIED" else (401, 403)
    refuse_status(Source.RIGHT_TO_SERVICE, answer, good=good, ours=ours, code=code)


async def open_clients(opening: Opening) -> Clients:
    """The Commission."""
    remote = await opening.remote()
    settings = opening.read_onboarding(RightToServiceSettings.from_onboarding)
    return {"commission": RightToService(remote, settings, opening.clock)}
