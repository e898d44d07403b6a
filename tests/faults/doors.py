"""The one list of doors that partners ask us at. A partner that calls us joins the fault matrix by a line in DOORS.

Here we are the system that is asked, so the faults are the caller's: wrong credentials, spoiled or endless
requests, a line that breaks, the same question many times at once, and our own store away. Pass: every
question is answered in time by a status that its contract knows, a stranger learns no figure, and the next
honest question is answered as if nothing had been.
"""

import asyncio
import gzip
import json
import time
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import urlencode

import httpx
import uvicorn
from starlette.applications import Starlette

from domain.clock import SystemClock, ist_date
from integrations.etaal import CountsUnavailable, EtaalSettings, ServiceCount, etaal_routes
from tests.faults.cells import Row
from tests.faults.site import Site, open_site
from tests.support.running import free_port

ANSWER_SECONDS = 2.0
"""A question is answered within this (RELIABILITY.md 5.8)."""

RIGHT = {"UK0517|53": 342, "UK0517|54": 118}
Case = Callable[[], Awaitable[str]]


class Door(ABC):
    """One door, served on a port of its own, with the partner's sandbox that asks at it."""

    name: ClassVar[str]
    system: ClassVar[str]

    @classmethod
    @abstractmethod
    def opened(cls, home: Path) -> "Any":
        """Serve the door, as a context that gives the Door."""

    @abstractmethod
    def cases(self) -> Mapping[str, Case]:
        """What can go wrong, by name. A case gives what was answered; raises AssertionError where it was wrong."""

    @abstractmethod
    async def honest(self) -> None:
        """Ask as the partner does; raises AssertionError where the answer is not right."""


async def run_door(door: Door) -> list[Row]:
    """One row for each case."""
    rows = []
    await door.honest()
    for kind, case in door.cases().items():
        row = Row(door.name, kind, calls=1, breaker="asks us")
        started = time.monotonic()
        try:
            async with asyncio.timeout(2 * ANSWER_SECONDS):
                row.cold = await case()
        except (AssertionError, TimeoutError, httpx.HTTPError) as error:
            row.must(False, f"{type(error).__name__} {str(error)[:80]}")
        row.seconds = time.monotonic() - started
        row.must(row.seconds <= ANSWER_SECONDS, f"took {row.seconds:.2f} s")
        try:
            await door.honest()
        except (AssertionError, httpx.HTTPError):
            row.must(False, "the next honest question was not answered")
        rows.append(row)
    return rows


@dataclass
class Figures:
    """What the door counts; away where a test says so."""

    away: bool = False
    reads: int = 0
    rows: list[ServiceCount] = field(
        default_factory=lambda: [
            ServiceCount("UK0517", "53", "A", "SELF", 300),
            ServiceCount("UK0517", "53", "A", "ASSISTED", 42),
            ServiceCount("UK0517", "54", "A", "SELF", 118),
        ]
    )

    async def counts_on(self, day: date) -> list[ServiceCount]:
        """The rows, whatever the day."""
        del day
        self.reads += 1
        return list(self.rows)

    async def revision(self, day: date) -> int:
        """Always the first."""
        del day
        if self.away:
            raise CountsUnavailable
        return 1


class EtaalDoor(Door):
    """e-Taal pulls our counts. That we push them does not exist yet (issue 8), so there is no client of ours."""

    name, system = "etaal.pull", "etaal"

    def __init__(self, site: Site, url: str, figures: Figures) -> None:
        self._site = site
        self._url = url
        self._figures = figures
        self._day = ist_date(SystemClock().now())

    @classmethod
    @asynccontextmanager
    async def opened(cls, home: Path) -> AsyncIterator["EtaalDoor"]:
        port, figures = free_port(), Figures()
        url = f"http://127.0.0.1:{port}"
        async with open_site(home, cls.system, gateway_url=url) as site:
            settings = EtaalSettings.from_onboarding(site.onboarding, public_url=url, times=1000)
            app = Starlette(routes=etaal_routes(figures, settings, SystemClock()))
            server = uvicorn.Server(uvicorn.Config(app, port=port, log_config=None, lifespan="off"))
            serving = asyncio.create_task(server.serve())
            while not server.started:
                await asyncio.sleep(0.01)
            try:
                yield cls(site, url, figures)
            finally:
                server.should_exit = True
                await serving

    async def honest(self) -> None:
        for transport in ("xml", "soap", "json"):
            view = await self._act("pull_counts", {"transport": transport})
            assert view["status"] == 200, view["status"]
            shown = {f"{row['serviceCode']}|{row['locationCode']}": row["count"] for row in view["rows"]}
            assert shown == RIGHT, "figures"
            assert view["flags"] == [], view["flags"]

    def cases(self) -> Mapping[str, Case]:
        xml = {"Content-Type": "text/xml", "SOAPAction": '"http://tempuri.org/eTransactionCount"'}
        form, plain = {"Content-Type": "application/x-www-form-urlencoded"}, {"Content-Type": "application/json"}
        bearer = plain | {"Authorization": f"Bearer {self._site.onboarding['bearer']}"}
        bomb = '<!DOCTYPE a [<!ENTITY b "{}">]><a>&b;</a>'.format("x" * 1000)
        packed = gzip.compress(b"0" * 50_000_000)
        soap, url, counts = "/etaal/service.asmx", "/etaal/eTransactionCount", "/etaal/v1/counts"
        return {
            "every wrong call of the contract": self._every_wrong_call,
            "answer lost, asked again": self._lost,
            "line reset while asking": self._reset,
            "headers then silence": self._silent,
            "body one octet at a time, then gone": self._drip,
            "malformed XML": self._sent(soap, b"<soap:Envelope", xml, 400),
            "entity bomb": self._sent(soap, bomb.encode(), xml, 400),
            "malformed JSON": self._sent(counts, b"{", bearer, 400),
            "mistyped JSON": self._sent(counts, b'{"transactionDate": [1]}', bearer, 400),
            "HTML login page as a question": self._sent(url, b"<html>Session expired</html>", form, 200),
            "50 MB body": self._sent(url, b"a" * 50_000_000, form, 413),
            "gzip bomb": self._sent(counts, packed, bearer | {"Content-Encoding": "gzip"}, 413),
            "clock 10 minutes ahead of midnight": self._tomorrow,
            "the same question twenty times at once": self._storm,
            "another project's credentials": self._stranger,
            "our store away": self._store_away,
        }

    async def _act(self, action: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        answer = await self._site.control.post(
            "/_control/etaal/act", json={"action": action, "arguments": dict(arguments)}
        )
        assert answer.status_code == 200, answer.text
        view: dict[str, Any] = answer.json()
        return view

    async def _every_wrong_call(self) -> str:
        view = await self._act("pull_bad", {})
        assert view["ok"], [call["name"] for call in view["calls"] if not call["ok"]]
        return f"REFUSED, {len(view['calls'])} ways"

    def _sent(self, path: str, body: bytes, headers: Mapping[str, str], status: int) -> Case:
        async def case() -> str:
            async with httpx.AsyncClient(base_url=self._url, trust_env=False, timeout=10) as client:
                try:
                    answer = await client.post(path, content=body, headers=dict(headers))
                except (httpx.WriteError, httpx.ReadError):  # it was refused before it was sent to its end
                    assert status == 413
                    return "REFUSED, cut off"
            assert answer.status_code == status, answer.status_code
            assert b"342" not in answer.content
            return f"REFUSED {_code_in(answer)}".strip()

        return case

    async def _asked(self, *, finish: bool) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        account = self._site.onboarding
        body = urlencode({"TransactionDate": _slashed(self._day), "UserName": account["username"]})
        body += "&" + urlencode({"Password": account["password"]})
        reader, writer = await asyncio.open_connection("127.0.0.1", int(self._url.rsplit(":", 1)[1]))
        head = f"POST /etaal/eTransactionCount HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n"
        head += "Content-Type: application/x-www-form-urlencoded\r\n\r\n"
        writer.write((head + body).encode() if finish else (head + body[:5]).encode())
        await writer.drain()
        return reader, writer

    async def _lost(self) -> str:
        _, writer = await self._asked(finish=True)
        writer.transport.abort()
        await self.honest()
        return "LIVE, same figures"

    async def _reset(self) -> str:
        _, writer = await self._asked(finish=False)
        writer.transport.abort()
        return "dropped"

    async def _silent(self) -> str:
        _, writer = await self._asked(finish=False)
        await self.honest()  # while the other one says nothing
        writer.close()
        return "others LIVE meanwhile"

    async def _drip(self) -> str:
        _, writer = await self._asked(finish=False)
        for octet in b"UserN":
            writer.write(bytes([octet]))
            await writer.drain()
            await asyncio.sleep(0.02)
        writer.transport.abort()
        return "dropped"

    async def _tomorrow(self) -> str:
        day = date.fromordinal(self._day.toordinal() + 1)
        view = await self._act("pull_counts", {"date": day.isoformat()})
        assert (view["status"], view["errorCode"], view["rows"]) == (200, None, [])
        return "LIVE, empty"

    async def _storm(self) -> str:
        before = self._figures.reads
        views = await asyncio.gather(*(self._act("pull_counts", {}) for _ in range(20)))
        assert {json.dumps(view["rows"]) for view in views} == {json.dumps(views[0]["rows"])}
        assert self._figures.reads - before <= 2, self._figures.reads - before
        return f"LIVE, {self._figures.reads - before} reads"

    async def _stranger(self) -> str:
        fields = {"TransactionDate": _slashed(self._day), "UserName": "UKOTHER", "Password": "guess"}
        return await self._sent(
            "/etaal/eTransactionCount",
            urlencode(fields).encode(),
            {"Content-Type": "application/x-www-form-urlencoded"},
            200,
        )()

    async def _store_away(self) -> str:
        self._figures.away = True
        try:
            view = await self._act("pull_counts", {"transport": "json"})
        finally:
            self._figures.away = False
        assert (view["status"], view["rows"]) == (503, [])
        return "UNAVAILABLE 503"


DOORS: tuple[type[Door], ...] = (EtaalDoor,)
"""Every door with a caller in the city. DigiLocker's pull has its cases in tests/integrations/digilocker."""


def _slashed(day: date) -> str:
    return f"{day.day:02d}/{day.month:02d}/{day.year:04d}"


def _code_in(answer: httpx.Response) -> str:
    text = answer.text
    start = text.find("<ErrorCode")
    if start < 0:
        return str(answer.status_code)
    inner = text[text.find(">", start) + 1 :]
    return inner[: inner.find("<")]
