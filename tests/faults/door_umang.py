"""The door at which UMANG asks for its users; behind it a desk that a test can stop."""

import gzip
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from starlette.applications import Starlette

from domain.kernel import SystemClock, TemporarilyUnavailable
from integrations.umang import (
    UmangCall,
    UmangEndpointSettings,
    UmangReply,
    UserAssertion,
    endpoint_routes,
)
from tests.faults.door import Case, Door, Heard, served
from tests.faults.site import Site, open_site
from tests.support.running import free_port

PATH, NUMBER = "/umang/ws1/getApplicationStatus", "12600000000126"
_OF_THE_LINE = frozenset({"host", "content-length", "connection", "accept-encoding"})
SECRET = "UNDER_PROCESS of somebody"
"""What is said to nobody but who may know it."""


@dataclass
class Counter:
    """What stands behind the door: one application; away where a test says so."""

    away: bool = False
    used: set[str] = field(default_factory=set)
    answered: int = 0

    async def spend(self, user: UserAssertion) -> bool:
        """Each assertion once."""
        if self.away:
            raise TemporarilyUnavailable
        fresh = user.jti not in self.used
        self.used.add(user.jti)
        return fresh

    async def answer(self, call: UmangCall) -> UmangReply:
        """The status of the one application."""
        if self.away:
            raise TemporarilyUnavailable
        self.answered += 1
        if not isinstance(call.parameters.get("applicationId"), str):
            return UmangReply("APSK0400", "A parameter is not right")
        if call.parameters.get("applicationId") != NUMBER:
            return UmangReply("APSK0404", "Not found")
        return UmangReply("APSK0000", "Success", {"applicationId": NUMBER, "status": SECRET}, success=True)


class UmangDoor(Door):
    """UMANG asks for the state of an application."""

    name, system, unsaid = "umang.door", "umang", SECRET.encode()

    def __init__(self, site: Site, url: str, counter: Counter, heard: Heard) -> None:
        super().__init__(site, url)
        self._counter = counter
        self._heard = heard
        self._key = {"x-api-key": site.onboarding["door"]["api_keys"][0], "Content-Type": "application/json"}

    @classmethod
    @asynccontextmanager
    async def opened(cls, home: Path) -> AsyncIterator["UmangDoor"]:
        port, counter = free_port(), Counter()
        url = f"http://127.0.0.1:{port}"
        async with open_site(home, cls.system, gateway_url=url) as site:
            settings = UmangEndpointSettings.from_onboarding(site.onboarding, times=1000)
            heard = Heard(Starlette(routes=endpoint_routes(counter, settings, SystemClock())), b"apitrkr")
            async with served(heard, port):
                yield cls(site, url, counter, heard)

    async def honest(self) -> None:
        for placement, sealed in (("nested", False), ("flat", False), ("nested", True)):
            view = await self._call(placement=placement, sealed=sealed)
            assert (view["status"], view["rs"], view["rc"]) == (200, "S", "APSK0000"), view
            assert (view["pd"]["status"], view["sealed"]) == (SECRET, sealed)

    def question(self) -> tuple[str, bytes, dict[str, str]]:
        """The last question in clear: its assertion is used up, so that its answer says nothing."""
        own = {name: value for name, value in self._heard.headers.items() if name not in _OF_THE_LINE}
        return PATH, self._heard.body, own

    def cases(self) -> Mapping[str, Case]:
        packed = gzip.compress(b"0" * 50_000_000)
        return {
            "every wrong call of the contract": self._every_wrong_call,
            **self.broken_lines(),
            "no key": self.sent(PATH, b"{}", {"Content-Type": "application/json"}, 401),
            "unsigned": self.sent(PATH, b"{}", self._key, 401),
            "malformed JSON": self._signed(b"{"),
            "mistyped JSON": self._signed(b'{"apitrkr": [1]}'),
            "JSON 20,000 levels deep": self._signed(b"[" * 20_000),
            "HTML login page as a question": self._signed(b"<html>Session expired</html>"),
            "50 MB body": self.sent(PATH, b"a" * 50_000_000, self._key, 413),
            "gzip bomb": self.sent(PATH, packed, self._key | {"Content-Encoding": "gzip"}, 401),
            "clock ten minutes behind": self._declined("APSK0401", skew=-600),
            "the same signed call again": self._again,
            "the same signed call twenty times at once": self._storm,
            "another citizen's application": self._declined("APSK0404", parameters={"applicationId": "1"}),
            "our store away": self._store_away,
        }

    def code_in(self, answer: httpx.Response) -> str:
        return str(answer.json()["rc"])

    async def _call(self, **changes: Any) -> dict[str, Any]:
        asked = {"operation": "getApplicationStatus", "person": "asha-negi", "parameters": {"applicationId": NUMBER}}
        return await self.act("call", {**asked, **changes})

    def _declined(self, code: str, **changes: Any) -> Case:
        async def case() -> str:
            view = await self._call(**changes)
            assert (view["rs"], view["rc"], view["readable"]) == ("F", code, True), view
            return f"REFUSED {code}"

        return case

    def _signed(self, body: bytes) -> Case:
        async def case() -> str:
            asked = {"operation": "getApplicationStatus", "person": "asha-negi", "body": body.decode()}
            made = await self.act("sign", asked)
            return await self.sent(made["path"], body, made["headers"], 200)()

        return case

    async def _every_wrong_call(self) -> str:
        view = await self.act("call_bad", {"person": "asha-negi"})
        assert view["ok"], [call["name"] for call in view["calls"] if not call["ok"]]
        return f"REFUSED, {len(view['calls'])} ways"

    async def _again(self) -> str:
        view = await self._call(times=2)
        assert (view["rc"], view["again"][0]["rc"]) == ("APSK0000", "APSK0401"), view
        return "REFUSED APSK0401"

    async def _storm(self) -> str:
        before = self._counter.answered
        view = await self._call(times=20)
        codes = [one["rc"] for one in (view, *view["again"])]
        assert codes == ["APSK0000", *["APSK0401"] * 19], codes
        assert self._counter.answered == before + 1
        return "LIVE once"

    async def _store_away(self) -> str:
        self._counter.away = True
        try:
            view = await self._call()
        finally:
            self._counter.away = False
        assert (view["status"], view["rc"]) == (503, "APSK0503"), view
        return "UNAVAILABLE APSK0503"
