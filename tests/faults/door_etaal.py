"""The doors at which e-Taal pulls our counts. That we push them is an adapter, where there is one."""

import gzip
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from urllib.parse import urlencode

import httpx
from starlette.applications import Starlette

from domain.kernel import SystemClock, TemporarilyUnavailable, ist_date
from integrations.etaal import EtaalSettings, ServiceCount, etaal_routes
from tests.faults.door import Case, Door, served
from tests.faults.site import Site, open_site
from tests.support.running import free_port

RIGHT = {"UK0517|53": 342, "UK0517|54": 118}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
URL = "/etaal/eTransactionCount"


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
            raise TemporarilyUnavailable
        return 1


class EtaalDoor(Door):
    """e-Taal pulls by XML, SOAP and JSON."""

    name, system, unsaid = "etaal.pull", "etaal", b"342"

    def __init__(self, site: Site, url: str, figures: Figures) -> None:
        super().__init__(site, url)
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
            async with served(app, port):
                yield cls(site, url, figures)

    async def honest(self) -> None:
        for transport in ("xml", "soap", "json"):
            view = await self.act("pull_counts", {"transport": transport})
            assert view["status"] == 200, view["status"]
            shown = {f"{row['serviceCode']}|{row['locationCode']}": row["count"] for row in view["rows"]}
            assert shown == RIGHT, "figures"
            assert view["flags"] == [], view["flags"]

    def question(self) -> tuple[str, bytes, dict[str, str]]:
        account = self.site.onboarding
        fields = {"TransactionDate": _slashed(self._day), "UserName": account["username"]}
        return URL, urlencode({**fields, "Password": account["password"]}).encode(), FORM

    def cases(self) -> Mapping[str, Case]:
        xml = {"Content-Type": "text/xml", "SOAPAction": '"http://tempuri.org/eTransactionCount"'}
        bearer = {"Content-Type": "application/json", "Authorization": f"Bearer {self.site.onboarding['bearer']}"}
        bomb = '<!DOCTYPE a [<!ENTITY b "{}">]><a>&b;</a>'.format("x" * 1000)
        packed = gzip.compress(b"0" * 50_000_000)
        soap, counts = "/etaal/service.asmx", "/etaal/v1/counts"
        stranger = {"TransactionDate": _slashed(self._day), "UserName": "UKOTHER", "Password": "guess"}
        return {
            "every wrong call of the contract": self._every_wrong_call,
            **self.broken_lines(),
            "malformed XML": self.sent(soap, b"<soap:Envelope", xml, 400),
            "entity bomb": self.sent(soap, bomb.encode(), xml, 400),
            "malformed JSON": self.sent(counts, b"{", bearer, 400),
            "mistyped JSON": self.sent(counts, b'{"transactionDate": [1]}', bearer, 400),
            "HTML login page as a question": self.sent(URL, b"<html>Session expired</html>", FORM, 200),
            "50 MB body": self.sent(URL, b"a" * 50_000_000, FORM, 413),
            "gzip bomb": self.sent(counts, packed, bearer | {"Content-Encoding": "gzip"}, 413),
            "clock 10 minutes ahead of midnight": self._tomorrow,
            "the same question twenty times at once": self._storm,
            "another project's credentials": self.sent(URL, urlencode(stranger).encode(), FORM, 200),
            "our store away": self._store_away,
        }

    def code_in(self, answer: httpx.Response) -> str:
        text = answer.text
        start = text.find("<ErrorCode")
        if start < 0:
            return super().code_in(answer)
        inner = text[text.find(">", start) + 1 :]
        return inner[: inner.find("<")]

    async def _every_wrong_call(self) -> str:
        view = await self.act("pull_bad", {})
        assert view["ok"], [call["name"] for call in view["calls"] if not call["ok"]]
        return f"REFUSED, {len(view['calls'])} ways"

    async def _tomorrow(self) -> str:
        day = date.fromordinal(self._day.toordinal() + 1)
        view = await self.act("pull_counts", {"date": day.isoformat()})
        assert (view["status"], view["errorCode"], view["rows"]) == (200, None, [])
        return "LIVE, empty"

    async def _storm(self) -> str:
        before = self._figures.reads
        assert self.unsaid in await self.at_once()
        assert self._figures.reads - before <= 2, self._figures.reads - before
        return f"LIVE, {self._figures.reads - before} reads"

    async def _store_away(self) -> str:
        self._figures.away = True
        try:
            view = await self.act("pull_counts", {"transport": "json"})
        finally:
            self._figures.away = False
        assert (view["status"], view["rows"]) == (503, [])
        return "UNAVAILABLE 503"


def _slashed(day: date) -> str:
    return f"{day.day:02d}/{day.month:02d}/{day.year:04d}"
