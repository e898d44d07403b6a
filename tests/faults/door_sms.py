"""The door at which Mobile Seva passes on what citizens send."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from starlette.applications import Starlette

from domain.kernel import SystemClock, TemporarilyUnavailable
from integrations.sms import IncomingSms, SmsSettings, sms_routes
from tests.faults.door import Case, Door, Heard, served
from tests.faults.site import Site, open_site
from tests.support.running import free_port

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
REPLY = "आवेदन"


@dataclass
class Inbox:
    """What stands behind the door; away where a test says so. A message is taken once."""

    away: bool = False
    taken: set[IncomingSms] = field(default_factory=set)

    async def answer(self, sms: IncomingSms) -> str:
        """The same reply to each."""
        if self.away:
            raise TemporarilyUnavailable
        self.taken.add(sms)
        return REPLY


class SmsDoor(Door):
    """Mobile Seva calls us."""

    name, system, unsaid = "sms.incoming", "sms", REPLY.encode()

    def __init__(self, site: Site, url: str, inbox: Inbox, heard: Heard) -> None:
        super().__init__(site, url)
        self._inbox, self._heard = inbox, heard
        self._path = f"/sms/{site.onboarding['inbound']['secret']}"

    @classmethod
    @asynccontextmanager
    async def opened(cls, home: Path) -> AsyncIterator["SmsDoor"]:
        port = free_port()
        url = f"http://127.0.0.1:{port}"
        async with open_site(home, cls.system, gateway_url=url) as site:
            settings = SmsSettings.from_onboarding(site.onboarding, times=1000).inbound
            assert settings is not None
            inbox = Inbox()
            heard = Heard(Starlette(routes=sms_routes(inbox, settings, SystemClock())), b"mobileNumber")
            async with served(heard, port):
                yield cls(site, url, inbox, heard)

    async def honest(self) -> None:
        view = await self._send()
        assert view["answers"] == [{"status": 200, "reply": REPLY}] * 2, view

    def question(self) -> tuple[str, bytes, dict[str, str]]:
        return self._path, self._heard.body, FORM

    def cases(self) -> Mapping[str, Case]:
        return {
            **self.broken_lines(),
            "every wrong knock of the contract": self._every_wrong_knock,
            "another secret": self.sent(f"/sms/{'x' * 40}", b"message=a", FORM, 404),
            "HTML login page as a question": self.sent(self._path, b"<html>Session expired</html>", FORM, 400),
            "50 MB body": self.sent(self._path, b"a" * 50_000_000, FORM, 413),
            "the same message twenty times at once": self._storm,
            "our store away": self._store_away,
        }

    async def _send(self, **more: Any) -> dict[str, Any]:
        return await self.act("receive", {"mobile": "9812345678", "text": "स्थिति", "times": 2, "form": True, **more})

    async def _every_wrong_knock(self) -> str:
        view = await self.act("call_bad", {})
        assert view["ok"], [call for call in view["calls"] if not call["ok"]]
        return f"REFUSED, {len(view['calls'])} ways"

    async def _storm(self) -> str:
        await self.honest()  # which is then the question
        before = len(self._inbox.taken)
        assert REPLY.encode() in await self.at_once()
        assert len(self._inbox.taken) == before
        return "LIVE, taken once"

    async def _store_away(self) -> str:
        self._inbox.away = True
        try:
            view = await self._send(times=1)
        finally:
            self._inbox.away = False
        assert view["answers"][0]["status"] == 503, view
        return "UNAVAILABLE 503"
