"""DigiLocker's sandbox in a folder, two citizens, and the client over it."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest

from domain.kernel import ManualClock, Source
from integrations.digilocker import DigiLocker, DigiLockerSettings, LockerGrant
from sandbox.city import Sandbox, SandboxClock, SandboxHome
from sandbox.digilocker.server import create_sandbox
from tests.support.remotes import remote_over

GATEWAY = "http://gateway.test"
CALLBACK = f"{GATEWAY}/sign-in/callback/meri-pehchaan"
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
SCOPE = "openid files.issueddocs userdetails"
WIDE = f"{SCOPE} files.uploadeddocs"


def document(doctype: str, doc_id: str, *media_types: str) -> dict[str, Any]:
    return {
        "doctype": doctype,
        "name": f"Document {doctype}",
        "issuer": "Board, Uttarakhand",
        "issuer_id": "in.gov.uk.board",
        "doc_id": doc_id,
        "issued_on": "2014-02-08",
        "media_types": list(media_types),
    }


def person(key: str, locker_id: str, name: str, *documents: dict[str, Any]) -> dict[str, Any]:
    return {
        "key": key,
        "locker_id": locker_id,
        "user_sso_id": f"DL-{locker_id}",
        "name_en": name,
        "name_hi": "आशा नेगी",
        "dob": "1984-03-14",
        "gender": "F",
        "mobile": "9800000001",
        "email": f"{key}@citizen.example",
        "aadhaar_last4": "1234",
        "locker_documents": list(documents),
    }


INCOME = {
    "publisher": "edistrictuk",
    "doctype": "INCER",
    "name_en": "Income Certificate",
    "parameters": {"ApplicationNo": "UK1", "CertificateID": "INCER07"},
}
PEOPLE = [
    person(
        "asha-negi",
        "69a505ce-9548-5124-90b1-6282e2c95f5e",
        "Asha Negi",
        document("SSCER", "AB12", "application/pdf", "application/xml"),
        document("ROR1B", "CD34", "application/pdf"),
    )
    | {"department_documents": [INCOME]},
    person(
        "ravi-rawat",
        "0a1b2c3d-9548-5124-90b1-6282e2c95f5e",
        "Ravi Rawat",
        document("PANCR", "ZZ99", "application/pdf", "application/xml"),
    ),
]


@dataclass
class Locker:
    """The sandbox and what a test needs around it."""

    sandbox: Sandbox
    home: SandboxHome
    clock: ManualClock
    onboarding: dict[str, Any] = field(default_factory=dict)

    def query(self, **changes: str | None) -> str:
        asked = {
            "response_type": "code",
            "client_id": self.onboarding["client_id"],
            "redirect_uri": CALLBACK,
            "state": "s-1",
            "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
            "code_challenge_method": "S256",
            "purpose": "Citizen services",
            "service_name": "Apuni Sarkar",
            "scope": SCOPE,
            "nonce": "n-1",
            **changes,
        }
        return urlencode({name: value for name, value in asked.items() if value is not None})

    def browser(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(transport=httpx.ASGITransport(app=self.sandbox.app), base_url="http://locker.test")

    async def authorize(self, key: str = "asha-negi", decision: str = "allow", **changes: str | None) -> dict[str, str]:
        async with self.browser() as browser:
            page = await browser.get(f"/public/oauth2/1/authorize?{self.query(**changes)}")
            assert page.status_code == 200, page.text
            request_id = page.text.partition('name="request" value="')[2].partition('"')[0]
            form = {"request": request_id, "person": key, "decision": decision}
            answer = await browser.post("/public/oauth2/1/authorize", data=form)
        assert answer.status_code == 302
        assert answer.headers["location"].startswith(CALLBACK)
        return {name: values[0] for name, values in parse_qs(urlsplit(answer.headers["location"]).query).items()}

    async def token(self, code: str, path: str = "/public/oauth2/2/token", **changes: str) -> httpx.Response:
        form = {
            "code": code,
            "grant_type": "authorization_code",
            "redirect_uri": CALLBACK,
            "code_verifier": VERIFIER,
            "client_id": self.onboarding["client_id"],
            "client_secret": self.onboarding["client_secret"],
            **changes,
        }
        async with self.browser() as browser:
            return await browser.post(path, data=form)

    async def tokens(self, key: str = "asha-negi", **changes: str | None) -> dict[str, Any]:
        answer = await self.token((await self.authorize(key, **changes))["code"])
        assert answer.status_code == 200, answer.text
        body: dict[str, Any] = answer.json()
        return body

    async def grant(self, key: str = "asha-negi", **changes: str | None) -> LockerGrant:
        tokens = await self.tokens(key, **changes)
        locker_id = next(row["locker_id"] for row in PEOPLE if row["key"] == key)
        return LockerGrant(f"citizen-{key}", tokens["access_token"], locker_id)

    def client(self) -> DigiLocker:
        remote = remote_over(self.sandbox.app, Source.DIGILOCKER, clock=self.clock)
        return DigiLocker(remote, DigiLockerSettings.from_onboarding(self.onboarding))

    def fault(self, kind: str, route: str = "*", **params: Any) -> None:
        self.sandbox.faults.set([{"kind": kind, "route": route, "params": params}])


def locker_at(folder: Path, gateway_url: str = GATEWAY, transport: httpx.AsyncBaseTransport | None = None) -> Locker:
    """A sandbox in a folder; close it."""
    clock = ManualClock(datetime(2026, 4, 1, 5, 0, tzinfo=UTC))
    onboarding = folder / "onboarding" / "digilocker.json"
    home = SandboxHome(
        system="digilocker",
        folder=folder / "sandbox",
        onboarding=onboarding,
        clock=SandboxClock(base=clock),
        demo={"people": PEOPLE},
        gateway_url=gateway_url,
        public_url="http://locker.test",
    )
    return Locker(create_sandbox(home, transport), home, clock, json.loads(onboarding.read_text()))


@pytest.fixture(scope="module")
def shared_locker(tmp_path_factory) -> Iterator[Locker]:
    """One sandbox for the tests of a module: its keys take time to make. What a test sets, it must take back."""
    shared = locker_at(tmp_path_factory.mktemp("locker"))
    yield shared
    shared.sandbox.close()


@pytest.fixture
def open_locker(tmp_path) -> Callable[..., Locker]:
    def open_it(gateway_url: str = GATEWAY, transport: httpx.AsyncBaseTransport | None = None) -> Locker:
        locker = locker_at(tmp_path, gateway_url, transport)
        opened.append(locker.sandbox)
        return locker

    opened: list[Sandbox] = []
    yield open_it
    for sandbox in opened:
        sandbox.close()


@pytest.fixture
def locker(open_locker) -> Locker:
    return open_locker()
