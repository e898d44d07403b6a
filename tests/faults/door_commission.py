"""The door at which the Commission tells of its cases, and fetches the case files."""

import gzip
import hashlib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from starlette.applications import Starlette

from domain.appeals.commission import MessageState
from domain.kernel import Source, SystemClock, TemporarilyUnavailable
from integrations.right_to_service import (
    MessageReceipt,
    OtherMessage,
    ReceivedMessage,
    RightToService,
    RightToServiceSettings,
    UnknownCase,
    commission_routes,
)
from tests.faults.commission import filing
from tests.faults.door import Case, Door, Heard, served
from tests.faults.site import Site, a_line, open_site
from tests.support.running import free_port

HOOK, REFERENCE = "/hooks/rts", "UK-26000000000001-L3-TL"
FILE = b"PK a case file that only the Commission may read"
JSON = {"Content-Type": "application/json"}


@dataclass
class Docket:
    """What stands behind the door: one case; away where a test says so."""

    number: str
    away: bool = False
    taken: dict[str, ReceivedMessage] = field(default_factory=dict)

    async def take(self, word: ReceivedMessage) -> MessageReceipt:
        """Take a message once."""
        if self.away:
            raise TemporarilyUnavailable
        if word.number != self.number:
            raise UnknownCase
        kept = self.taken.setdefault(word.id, word)
        if kept.digest != word.digest:
            raise OtherMessage
        return MessageReceipt(word.id, MessageState.APPLIED, repeated=kept is not word)

    async def case_file(self, sha256: str) -> bytes | None:
        """The one case file."""
        return FILE if sha256 == hashlib.sha256(FILE).hexdigest() else None


class CommissionDoor(Door):
    """The Commission tells us."""

    name, system, unsaid = "right_to_service.hook", "right_to_service", b"APPLIED"

    def __init__(self, site: Site, url: str, docket: Docket, heard: Heard) -> None:
        super().__init__(site, url)
        self._docket = docket
        self._heard = heard

    @classmethod
    @asynccontextmanager
    async def opened(cls, home: Path) -> AsyncIterator["CommissionDoor"]:
        port = free_port()
        url = f"http://127.0.0.1:{port}"
        async with open_site(home, cls.system, gateway_url=url) as site:
            settings = RightToServiceSettings.from_onboarding(site.onboarding, times=1000)
            async with a_line(site, Source.RIGHT_TO_SERVICE) as line:
                receipt = await RightToService(line.remote, settings, line.clock).file_appeal(filing(REFERENCE))
            docket = Docket(receipt.number)
            heard = Heard(Starlette(routes=commission_routes(docket, settings, SystemClock())), b"eventId")
            async with served(heard, port):
                yield cls(site, url, docket, heard)

    async def honest(self) -> None:
        view = await self._tell()
        assert (view["status"], view["answer"]["state"]) == (200, "APPLIED"), view
        again = await self.act("redeliver", {"event_id": view["event_id"]})
        assert again["answer"] == view["answer"], again

    def question(self) -> tuple[str, bytes, dict[str, str]]:
        return HOOK, self._heard.body, self._heard_headers()

    def cases(self) -> Mapping[str, Case]:
        packed = gzip.compress(b"0" * 50_000_000)
        return {
            **self.broken_lines(),
            "every wrong knock of the contract": self._every_wrong_knock,
            "no signature": self.sent(HOOK, b"{}", JSON, 401),
            "HTML login page as a question": self.sent(HOOK, b"<html>Session expired</html>", JSON, 401),
            "50 MB body": self.sent(HOOK, b"a" * 50_000_000, self._heard_headers(), 413),
            "gzip bomb": self.sent(HOOK, packed, self._heard_headers() | {"Content-Encoding": "gzip"}, 415),
            "a case that we do not have": self._unknown,
            "the id of another message": self._reused,
            "the same message twenty times at once": self._storm,
            "our store away": self._store_away,
        }

    def code_in(self, answer: httpx.Response) -> str:
        return str(answer.json()["code"])

    async def _tell(self, **changes: Any) -> dict[str, Any]:
        given = {"case": self._docket.number, "type": "TRANSFERRED", "payload": {"bench": "FULL"}}
        return await self.act("tell", {**given, **changes})

    def _heard_headers(self) -> dict[str, str]:
        names = ("authorization", "x-request-id", "x-timestamp", "x-signature")
        return {**JSON, **{name: self._heard.headers[name] for name in names if name in self._heard.headers}}

    async def _every_wrong_knock(self) -> str:
        view = await self.act("call_bad", {})
        assert view["ok"], [call for call in view["calls"] if not call["ok"]]
        return f"REFUSED, {len(view['calls'])} ways"

    async def _unknown(self) -> str:
        number, self._docket.number = self._docket.number, "URTSC-2026-99999999"
        try:
            view = await self._tell(case=number)
        finally:
            self._docket.number = number
        assert (view["status"], view["answer"]) == (404, {"code": "NOT_FOUND"}), view
        return "REFUSED NOT_FOUND"

    async def _reused(self) -> str:
        await self._tell(event_id="E-1")
        view = await self._tell(event_id="E-1", payload={"bench": "SINGLE"})
        assert (view["status"], view["answer"]) == (409, {"code": "EVENT_ID_REUSED"}), view
        return "REFUSED EVENT_ID_REUSED"

    async def _storm(self) -> str:
        before = len(self._docket.taken)
        await self.honest()  # which is then the question
        assert b"APPLIED" in await self.at_once()
        assert len(self._docket.taken) == before + 1
        return "LIVE, taken once"

    async def _store_away(self) -> str:
        self._docket.away = True
        try:
            view = await self._tell()
        finally:
            self._docket.away = False
        assert (view["status"], view["answer"]) == (503, {"code": "UNAVAILABLE"}), view
        return "UNAVAILABLE 503"
