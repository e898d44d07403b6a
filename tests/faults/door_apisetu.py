"""The door at which consumers on API Setu ask for our certificates with their holders' consent."""

import gzip
import hashlib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from starlette.applications import Starlette

from domain.kernel import ErrorCode, Problem, Problems, SystemClock, TemporarilyUnavailable
from integrations.apisetu import (
    PublishedDocument,
    PublishedService,
    PublishedSettings,
    published_routes,
)
from tests.faults.door import Case, Door, Heard, served
from tests.faults.site import Site, open_site
from tests.support.published import INCOME, INCOME_SERVICE
from tests.support.running import free_port

PATH, OLDER = "/apisetu/certificate/v3/apunisarkar/incer", "/apisetu/apunisarkar/v3/incer/certificate"
FILE = b"%PDF-1.7 of a certificate that only its holder may give away"


@dataclass
class Shelf:
    """What stands behind the door: one certificate; away where a test says so. A consent is good for one question."""

    away: bool = False
    used: Any = None

    async def documents(self) -> tuple[PublishedDocument, ...]:
        """What is published."""
        return (PublishedDocument("INCER", INCOME, ("ES09",)),)

    async def services(self) -> tuple[PublishedService, ...]:
        """The catalogue."""
        return (INCOME_SERVICE,)

    async def find(self, call: Any) -> bytes | None:
        """The certificate of number 1."""
        if self.away:
            raise TemporarilyUnavailable
        if self.used is not None:
            consent, transaction = self.used
            if (call.consent_id, call.transaction_id) != (consent, transaction) and call.consent_id == consent:
                raise Problems(Problem(ErrorCode.CONSENT_REQUIRED))
        return FILE if call.number == "1" else None


class PublishedDoor(Door):
    """A portal of another state reads a certificate of ours."""

    name, system, unsaid = "apisetu.published", "apisetu", b"%PDF"

    def __init__(self, site: Site, url: str, shelf: Shelf, heard: Heard) -> None:
        super().__init__(site, url)
        self._shelf = shelf
        self._heard = heard
        [(self._consumer, known)] = site.onboarding["published"]["consumers"].items()
        self._keys = {"X-APISETU-CLIENTID": self._consumer, "X-APISETU-APIKEY": known["api_keys"][0]}

    @classmethod
    @asynccontextmanager
    async def opened(cls, home: Path) -> AsyncIterator["PublishedDoor"]:
        port, shelf = free_port(), Shelf()
        url = f"http://127.0.0.1:{port}"
        async with open_site(home, cls.system, gateway_url=url) as site:
            settings = PublishedSettings.from_onboarding(site.onboarding)
            heard = Heard(Starlette(routes=published_routes(shelf, settings, SystemClock(), url)), b"txnId")
            async with served(heard, port):
                yield cls(site, url, shelf, heard)

    async def honest(self) -> None:
        for style in ("newer", "older"):
            view = await self._call(style=style)
            assert (view["status"], view["media_type"]) == (200, "application/pdf"), view
            assert view["sha256"] == hashlib.sha256(FILE).hexdigest()

    def question(self) -> tuple[str, bytes, dict[str, str]]:
        return PATH, self._heard.body, self._json(self._keys)

    def cases(self) -> Mapping[str, Case]:
        known = self._json(self._keys)
        packed = gzip.compress(b"0" * 50_000_000)
        return {
            **self.broken_lines(),
            "no keys": self.sent(PATH, b"{}", self._json({}), 401),
            "another consumer's key": self.sent(PATH, b"{}", self._json({**self._keys, "X-APISETU-APIKEY": "a"}), 401),
            "another publisher's path": self.sent(PATH.replace("apunisarkar", "cbse"), b"{}", known, 404),
            "a document that is not published": self.sent(OLDER.replace("incer", "dlcer"), b"{}", known, 404),
            "malformed JSON": self.sent(PATH, b"{", known, 400),
            "mistyped JSON": self.sent(PATH, b'{"txnId": [1]}', known, 400),
            "JSON 20,000 levels deep": self.sent(PATH, b"[" * 20_000, known, 400),
            "HTML login page as a question": self.sent(PATH, b"<html>Session expired</html>", known, 400),
            "50 MB body": self.sent(PATH, b"a" * 50_000_000, known, 400),
            "gzip bomb": self.sent(PATH, packed, known | {"Content-Encoding": "gzip"}, 400),
            "a consent that nobody signed": self._declined("invalid_parameter", unsigned=True),
            "a consent that has ended": self._declined("invalid_parameter", minutes=-0.5),
            "a consent that was used up": self._used_up,
            "another citizen's certificate": self._declined(
                "record_not_found", parameters={"CertificateNumber": "2", "FullName": "A"}
            ),
            "the same question twenty times at once": self._storm,
            "our store away": self._store_away,
        }

    def code_in(self, answer: httpx.Response) -> str:
        return str(answer.json()["error"])

    def _json(self, keys: Mapping[str, str]) -> dict[str, str]:
        return {"Content-Type": "application/json", **keys}

    async def _call(self, **changes: Any) -> dict[str, Any]:
        asked = {"doctype": "INCER", "parameters": {"CertificateNumber": "1", "FullName": "A"}, "mobile": "9800000000"}
        return await self.act("call_published", {**asked, **changes})

    def _declined(self, code: str, **changes: Any) -> Case:
        async def case() -> str:
            view = await self._call(**changes)
            assert view["error"] == code, view
            assert "sha256" not in view
            return f"REFUSED {code}"

        return case

    async def _used_up(self) -> str:
        first = await self._call()
        self._shelf.used = (first["consent_id"], first["txn"])
        again = await self._call(consent_id=first["consent_id"])
        assert again["error"] == "invalid_parameter", again
        return "REFUSED invalid_parameter"

    async def _storm(self) -> str:
        await self.honest()  # which is then the question
        assert await self.at_once() == FILE
        return "LIVE, one file"

    async def _store_away(self) -> str:
        self._shelf.away = True
        try:
            view = await self._call()
        finally:
            self._shelf.away = False
        assert (view["status"], view["error"]) == (503, "service_unavailable"), view
        return "UNAVAILABLE 503"
