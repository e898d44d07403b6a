"""The door at which WhatsApp tells of messages."""

import gzip
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from starlette.applications import Starlette

from domain.kernel import SystemClock, TemporarilyUnavailable
from integrations.whatsapp import Incoming, Receipt, WhatsAppSettings, whatsapp_routes
from tests.faults.door import Case, Door, Heard, served
from tests.faults.site import Site, open_site
from tests.support.running import free_port

HOOK = "/hooks/whatsapp"
JSON = {"Content-Type": "application/json"}


@dataclass
class Kept:
    """What stands behind the door; away where a test says so."""

    away: bool = False
    told: dict[str, Incoming | Receipt] = field(default_factory=dict)

    async def keep(self, told: Sequence[Incoming | Receipt]) -> int:
        """Keep what is new."""
        if self.away:
            raise TemporarilyUnavailable
        before = len(self.told)
        self.told |= {one.key: one for one in told}
        return len(self.told) - before


class WhatsAppDoor(Door):
    """WhatsApp tells us."""

    name, system, unsaid = "whatsapp.webhook", "whatsapp", b"wamid"

    def __init__(self, site: Site, url: str, kept: Kept, heard: Heard) -> None:
        super().__init__(site, url)
        self._kept = kept
        self._heard = heard

    @classmethod
    @asynccontextmanager
    async def opened(cls, home: Path) -> AsyncIterator["WhatsAppDoor"]:
        port = free_port()
        url = f"http://127.0.0.1:{port}"
        async with open_site(home, cls.system, gateway_url=url) as site:
            kept, settings = Kept(), WhatsAppSettings.from_onboarding(site.onboarding, times=1000)
            heard = Heard(Starlette(routes=whatsapp_routes(kept, settings, SystemClock())), b"wamid")
            async with served(heard, port):
                yield cls(site, url, kept, heard)

    async def honest(self) -> None:
        view = await self.act("say", {"mobile": "9800000001", "text": "STATUS"})
        assert view["id"] in self._kept.told, view
        kept = len(self._kept.told)
        assert await self.act("repeat", {"id": view["id"]}) == {"status": 200}
        assert len(self._kept.told) == kept

    def question(self) -> tuple[str, bytes, dict[str, str]]:
        return HOOK, self._heard.body, self._heard_headers()

    def cases(self) -> Mapping[str, Case]:
        packed = gzip.compress(b"0" * 50_000_000)
        return {
            **self.broken_lines(),
            "every wrong, foreign and stale knock": self._every_wrong_knock,
            "no signature": self.sent(HOOK, b"{}", JSON, 401),
            "HTML login page as a question": self.sent(HOOK, b"<html>Session expired</html>", JSON, 401),
            "50 MB body": self.sent(HOOK, b"a" * 50_000_000, self._heard_headers(), 413),
            "gzip bomb": self.sent(HOOK, packed, self._heard_headers() | {"Content-Encoding": "gzip"}, 415),
            "the same notice twenty times at once": self._storm,
            "our store away": self._store_away,
        }

    def code_in(self, answer: Any) -> str:
        return str(answer.json()["code"])

    def _heard_headers(self) -> dict[str, str]:
        name = "x-hub-signature-256"
        return {**JSON, **({name: self._heard.headers[name]} if name in self._heard.headers else {})}

    async def _every_wrong_knock(self) -> str:
        before = len(self._kept.told)
        view = await self.act("call_bad", {})
        assert view["ok"], [call for call in view["calls"] if not call["ok"]]
        assert len(self._kept.told) == before
        return f"REFUSED, {len(view['calls'])} ways"

    async def _storm(self) -> str:
        await self.honest()  # which is then the question
        before = len(self._kept.told)
        assert await self.at_once()
        assert len(self._kept.told) == before
        return "LIVE, kept once"

    async def _store_away(self) -> str:
        self._kept.away = True
        try:
            view = await self.act("say", {"mobile": "9800000001", "text": "STATUS"})
        finally:
            self._kept.away = False
        assert view["id"] not in self._kept.told, view
        return "UNAVAILABLE 503"
