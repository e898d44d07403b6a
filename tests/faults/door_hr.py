"""The door at which the state's HR system tells of changes of officers."""

import gzip
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from starlette.applications import Starlette

from domain.kernel import ErrorCode, Problem, Problems, SystemClock, TemporarilyUnavailable
from integrations.hr import HrSettings, RefusedRow, StaffMessage, TakenMessage, hr_routes
from tests.faults.door import Case, Door, Heard, served
from tests.faults.site import Site, open_site
from tests.support.running import free_port

DOOR = "/hr/staff-changes"
ROW = {"change": "RETIRE", "email": "anita@uk.gov.example"}
JSON = {"Content-Type": "application/json"}


@dataclass
class Register:
    """What stands behind the door; away where a test says so."""

    away: bool = False
    taken: dict[str, StaffMessage] = field(default_factory=dict)

    async def take(self, message: StaffMessage) -> TakenMessage:
        """Take a message once; a row without an address is refused."""
        if self.away:
            raise TemporarilyUnavailable
        if "email" not in message.rows[0]:
            return TakenMessage(refused=[RefusedRow(1, "email", "MISSING", "खाली", "empty")])
        kept = self.taken.setdefault(message.id, message)
        if kept != message:
            raise Problems(Problem(ErrorCode.IDEMPOTENCY_KEY_REUSED, ()))
        return TakenMessage(f"batch-{message.id}", "WAITING", repeated=kept is not message)


class HrDoor(Door):
    """The HR system tells us."""

    name, system, unsaid = "hr.staff_changes", "hr", b"WAITING"

    def __init__(self, site: Site, url: str, register: Register, heard: Heard) -> None:
        super().__init__(site, url)
        self._register = register
        self._heard = heard

    @classmethod
    @asynccontextmanager
    async def opened(cls, home: Path) -> AsyncIterator["HrDoor"]:
        port = free_port()
        url = f"http://127.0.0.1:{port}"
        async with open_site(home, cls.system, gateway_url=url) as site:
            register, settings = Register(), HrSettings.from_onboarding(site.onboarding, times=1000)
            heard = Heard(Starlette(routes=hr_routes(register, settings, SystemClock())), b"messageId")
            async with served(heard, port):
                yield cls(site, url, register, heard)

    async def honest(self) -> None:
        view = await self._send()
        assert (view["status"], view["answer"]["state"]) == (200, "WAITING"), view
        again = await self.act("redeliver", {"message_id": view["message_id"]})
        assert again["answer"] == view["answer"], again

    def question(self) -> tuple[str, bytes, dict[str, str]]:
        return DOOR, self._heard.body, self._heard_headers()

    def cases(self) -> Mapping[str, Case]:
        packed = gzip.compress(b"0" * 50_000_000)
        return {
            **self.broken_lines(),
            "every wrong knock of the contract": self._every_wrong_knock,
            "no signature": self.sent(DOOR, b"{}", JSON, 401),
            "HTML login page as a question": self.sent(DOOR, b"<html>Session expired</html>", JSON, 401),
            "50 MB body": self.sent(DOOR, b"a" * 50_000_000, self._heard_headers(), 413),
            "gzip bomb": self.sent(DOOR, packed, self._heard_headers() | {"Content-Encoding": "gzip"}, 415),
            "a row that breaks a rule": self._wrong_row,
            "the id of another message": self._reused,
            "the same message twenty times at once": self._storm,
            "our store away": self._store_away,
        }

    def code_in(self, answer: httpx.Response) -> str:
        return str(answer.json()["code"])

    async def _send(self, row: Mapping[str, str] = ROW, **more: Any) -> dict[str, Any]:
        return await self.act("send", {"rows": [dict(row)], **more})

    def _heard_headers(self) -> dict[str, str]:
        names = ("x-timestamp", "x-signature")
        return {**JSON, **{name: self._heard.headers[name] for name in names if name in self._heard.headers}}

    async def _every_wrong_knock(self) -> str:
        view = await self.act("call_bad", {})
        assert view["ok"], [call for call in view["calls"] if not call["ok"]]
        return f"REFUSED, {len(view['calls'])} ways"

    async def _wrong_row(self) -> str:
        view = await self._send({"change": "RETIRE"})
        assert (view["status"], view["answer"]["code"], view["answer"]["rows"][0]["row"]) == (422, "ROWS_REFUSED", 1)
        return "REFUSED ROWS_REFUSED"

    async def _reused(self) -> str:
        await self._send(message_id="HR-1")
        view = await self._send({**ROW, "email": "bina@uk.gov.example"}, message_id="HR-1")
        assert (view["status"], view["answer"]) == (409, {"code": "IDEMPOTENCY_KEY_REUSED"}), view
        return "REFUSED IDEMPOTENCY_KEY_REUSED"

    async def _storm(self) -> str:
        before = len(self._register.taken)
        await self.honest()  # which is then the question
        assert b"WAITING" in await self.at_once()
        assert len(self._register.taken) == before + 1
        return "LIVE, taken once"

    async def _store_away(self) -> str:
        self._register.away = True
        try:
            view = await self._send()
        finally:
            self._register.away = False
        assert (view["status"], view["answer"]) == (503, {"code": "UNAVAILABLE"}), view
        return "UNAVAILABLE 503"
