"""The door at which DigiLocker pulls a certificate of ours into its holder's locker."""

import base64
import gzip
import hmac
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import httpx
from starlette.applications import Starlette

from domain.kernel import SystemClock, TemporarilyUnavailable
from integrations.digilocker import IssuedCopy, IssuerSettings, issuer_routes
from sandbox.city.papers import Paper, new_signer, signed_certificate, small_pdf
from tests.faults.door import Case, Door, Heard, served
from tests.faults.site import Site, open_site
from tests.support.running import free_port

PULL_URI, PULL_DOC = "/digilocker/pulluri", "/digilocker/pulldoc"
URI = "in.gov.uk.apunisarkar-INCER-AB12CD34EF"
ASKED = {"doctype": "INCER", "person": "asha-negi", "certificate_number": "22600000000012", "format": "both"}
HOLDER = "Asha Negi"


@dataclass
class Shelf:
    """What stands behind the door: one certificate of one holder; away where a test says so."""

    copy: IssuedCopy
    away: bool = False

    async def find(self, request: Any) -> IssuedCopy | None:
        """The certificate, for its holder."""
        if self.away:
            raise TemporarilyUnavailable
        return self.copy if request.name == HOLDER else None

    async def fetch(self, request: Any) -> IssuedCopy | None:
        """The same by its URI."""
        found = await self.find(request)
        return found if request.uri == self.copy.uri else None


class PullDoor(Door):
    """DigiLocker pulls by Pull URI and by the older Pull Doc."""

    name, system, unsaid = "digilocker.issuer", "digilocker", b"DocContent>"

    def __init__(self, site: Site, url: str, shelf: Shelf, heard: Heard) -> None:
        super().__init__(site, url)
        self._shelf = shelf
        self._heard = heard
        self._key = str(site.onboarding["issuer_contract"]["api_key"])

    @classmethod
    @asynccontextmanager
    async def opened(cls, home: Path) -> AsyncIterator["PullDoor"]:
        port, shelf = free_port(), Shelf(_certificate())
        url = f"http://127.0.0.1:{port}"
        async with open_site(home, cls.system, gateway_url=url) as site:
            settings = IssuerSettings.from_onboarding(site.onboarding)
            heard = Heard(Starlette(routes=issuer_routes(shelf, settings, SystemClock())), b"PullURIRequest")
            async with served(heard, port):
                yield cls(site, url, shelf, heard)

    async def honest(self) -> None:
        again = await self.act("pull_doc", {"person": ASKED["person"], "uri": URI, "format": "both"})
        assert (again["http_status"], again["status"]) == (200, "1"), again
        view = await self.act("pull_uri", ASKED)
        assert view["accepted"], view
        assert view["media_types"] == ["application/pdf", "application/xml"], view

    def question(self) -> tuple[str, bytes, dict[str, str]]:
        return PULL_URI, self._heard.body, _xml(self._heard.headers["x-digilocker-hmac"])

    def cases(self) -> Mapping[str, Case]:
        bomb = '<!DOCTYPE a [<!ENTITY b "{}">]><a>&b;</a>'.format("x" * 1000).encode()
        packed = gzip.compress(b"0" * 50_000_000)
        return {
            **self.broken_lines(),
            "wrong HMAC": self._declined(401, None, variant="bad_hmac"),
            "wrong keyhash": self._declined(401, None, variant="bad_keyhash"),
            "another organisation": self._declined(401, None, variant="wrong_org"),
            "an hour too old": self._declined(200, "0", variant="stale_ts"),
            "external entity": self._declined(400, "0", variant="xxe"),
            "asked and answered before": self._replayed,
            "malformed XML": self._signed(b"<PullURIRequest", 400),
            "entity bomb": self._signed(bomb, 400),
            "elements 20,000 deep": self._signed(b"<a>" * 20_000, 400),
            "HTML login page as a question": self._signed(b"<html>Session expired</html>", 400),
            "Pull Doc at the door of Pull URI": self._signed(b"<PullDocRequest/>", 400),
            "50 MB body": self._signed(b"a" * 50_000_000, 413),
            "gzip bomb": self.sent(PULL_URI, packed, _xml(self._mark(packed)) | {"Content-Encoding": "gzip"}, 400),
            "another citizen's certificate": self._declined(200, "0", full_name="Ravi Rawat"),
            "the same question twenty times at once": self._storm,
            "our store away": self._store_away,
        }

    def _mark(self, body: bytes) -> str:
        return base64.b64encode(hmac.digest(self._key.encode(), body, "sha256")).decode()

    def _signed(self, body: bytes, status: int) -> Case:
        """A body under its right HMAC, so that what is wrong with it is found."""
        return self.sent(PULL_URI, body, _xml(self._mark(body)), status)

    def _declined(self, http_status: int, status: str | None, **changes: str) -> Case:
        async def case() -> str:
            view = await self.act("pull_uri", {**ASKED, **changes})
            assert (view["http_status"], view["status"], view["accepted"]) == (http_status, status, False), view
            return f"REFUSED {http_status} {status or ''}".strip()

        return case

    async def _replayed(self) -> str:
        view = await self.act("pull_uri", {**ASKED, "variant": "replay"})
        assert view["accepted"], view
        assert view["same_answer"], view
        return "LIVE, same answer"

    async def _storm(self) -> str:
        await self.honest()  # which is then the question
        assert b"DocContent>" in await self.at_once()
        return "LIVE, one answer"

    async def _store_away(self) -> str:
        self._shelf.away = True
        try:
            view = await self.act("pull_uri", ASKED)
        finally:
            self._shelf.away = False
        assert (view["http_status"], view["accepted"]) == (503, False), view
        return "UNAVAILABLE 503"

    def code_in(self, answer: httpx.Response) -> str:
        return str(answer.status_code)


def _certificate() -> IssuedCopy:
    paper = Paper("Income Certificate", "INCER", "1", "Revenue Department", "01-04-2026", HOLDER, "14-03-1984", "F")
    xml = signed_certificate(paper, new_signer("State", SystemClock().now()))
    return IssuedCopy(URI, HOLDER, date(1984, 3, 14), "F", small_pdf(["Income Certificate"]), xml)


def _xml(mark: str) -> dict[str, str]:
    return {"Content-Type": "application/xml", "x-digilocker-hmac": mark}
