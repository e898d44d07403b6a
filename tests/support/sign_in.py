"""What tests of sign-in share: demo people, a sandbox in a folder, and the browser's part at a login page."""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Unpack
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx

from actions.kernel import Environment, Partners, Rules
from actions.registry import REGISTRY
from domain.applications.deadline import ListState, WorkCalendar
from domain.catalogue.centres import Binding, Centre, CentreKind
from domain.kernel import (
    Bilingual,
    Clock,
    ManualClock,
    Officer,
    OfficerLevel,
    Operator,
    Posting,
    Provider,
    Role,
    Source,
    SystemIds,
)
from integrations.calling.errors import Refused
from integrations.identity import Authorization
from integrations.sso import Assurance, IdentityProvider, ProviderIdentity
from sandbox.city.kit import SandboxClock, SandboxHome
from store.catalogue import centres
from store.database import Keyrings, Store, Transaction
from store.identity import people
from tests.support.state import LAW, STATE

NOW = datetime(2026, 11, 24, 6, 0, tzinfo=UTC)
GATEWAY = "http://gateway.test"

DEMO: Mapping[str, Any] = {
    "people": [
        {
            "key": "asha-negi",
            "locker_id": "69a505ce-9548-5124-90b1-6282e2c95f5e",
            "user_sso_id": "DL-69a505ce-9548-5124-90b1-6282e2c95f5e",
            "name_en": "Asha Negi",
            "name_hi": "आशा नेगी",
            "dob": "1984-03-14",
            "gender": "F",
            "mobile": "9800000001",
            "email": "asha.negi@citizen.example",
            "district": "49",
            "tehsil": "304",
            "locker_documents": [],
            "ration_card": None,
            "department_documents": [],
        },
        {
            "key": "ravi-rawat",
            "locker_id": "70000000-9548-5124-90b1-6282e2c95f5e",
            "user_sso_id": "DL-70000000-9548-5124-90b1-6282e2c95f5e",
            "name_en": "Ravi Rawat",
            "name_hi": "रवि रावत",
            "dob": "1990-07-01",
            "gender": "M",
            "mobile": "9800000002",
            "email": "ravi.rawat@citizen.example",
            "district": "50",
            "tehsil": "353",
            "locker_documents": [],
            "ration_card": None,
            "department_documents": [],
        },
    ],
    "officers": [
        {
            "key": "officer-dehradun-sadar",
            "email": "Officer-Dehradun-Sadar@officer.example",
            "first_name": "Anita",
            "last_name": "Uniyal",
            "name_en": "Anita Uniyal",
            "name_hi": "अनीता उनियाल",
            "mobile": "9800100001",
            "designation_en": "Tehsildar, Dehradun",
            "designation_hi": "तहसीलदार, देहरादून",
            "postings": [],
        }
    ],
    "operators": [
        {
            "key": "operator-1",
            "csc_id": "500100010011",
            "name_en": "Vikram Rana",
            "name_hi": "विक्रम राणा",
            "email": "operator-1@csc.example",
            "mobile": "9800200001",
            "centre_en": "CSC Rajpur Road, Dehradun",
            "centre_hi": "सीएससी राजपुर रोड, देहरादून",
            "district": "49",
            "tehsil": "304",
        }
    ],
    "rosters": {
        "keepers": [
            {
                "key": "principal-1",
                "email": "principal-1@school.example",
                "first_name": "Meena",
                "last_name": "Joshi",
                "name_en": "Meena Joshi",
                "mobile": "9800220001",
                "designation_en": "Principal, Government Inter College, Raipur",
            }
        ]
    },
}


def sandbox_home(folder: Path, system: str, clock: ManualClock | None = None) -> SandboxHome:
    """A home for one sandbox, reached at http://<system>.test."""
    return SandboxHome(
        system=system,
        folder=folder / "sandbox" / system,
        onboarding=folder / "onboarding" / f"{system}.json",
        clock=SandboxClock(base=clock or ManualClock(NOW)),
        demo=DEMO,
        gateway_url=GATEWAY,
        public_url=f"http://{system}.test",
    )


async def choose(app: Any, authorize_url: str, person: str, decision: str = "allow") -> httpx.Response:
    """Open a login page and choose a person there; the answer is the redirect back, or the page shown instead."""
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app)) as browser:
        page = await browser.get(authorize_url)
        found = re.search(r'name="request" value="([^"]+)"', page.text)
        if page.status_code != 200 or found is None:
            return page
        action = re.search(r'<form method="post" action="([^"]+)"', page.text)
        assert action is not None
        form = {"request": found[1], "person": person, "decision": decision}
        return await browser.post(page.url.join(action[1]), data=form)


def query_of(answer: httpx.Response) -> Mapping[str, str]:
    """The query of a redirect."""
    return {name: values[0] for name, values in parse_qs(urlsplit(answer.headers["location"]).query).items()}


class FakeProvider:
    """A provider that vouches for whom the test says. `codes` are good once; anything else is refused."""

    def __init__(self, provider: Provider) -> None:
        self.provider = provider
        self.codes: dict[str, ProviderIdentity] = {}
        self.exchanged: list[dict[str, str]] = []
        self.error: Exception | None = None
        self.away: Exception | None = None
        self.revoked: list[str] = []

    async def admit_visitor(self) -> None:
        if self.away is not None:
            raise self.away

    async def authorize_url(self, **asked: Unpack[Authorization]) -> str:
        await self.admit_visitor()
        return f"http://provider.test/authorize?{urlencode(asked)}"

    async def revoke(self, token: str) -> None:
        if self.error is not None:
            raise self.error
        self.revoked.append(token)

    @property
    def returns_after_sign_out(self) -> bool:
        return self.provider is Provider.MERI_PEHCHAAN

    def sign_out_url(self, back: str) -> str | None:
        if self.provider is Provider.CSC_CONNECT:
            return None
        way_back = f"?{urlencode({'redirect_uri': back})}" if self.returns_after_sign_out else ""
        return f"http://provider.test/logout{way_back}"

    async def exchange(self, *, code: str, code_verifier: str, redirect_uri: str, nonce: str) -> ProviderIdentity:
        self.exchanged.append(
            {"code": code, "code_verifier": code_verifier, "redirect_uri": redirect_uri, "nonce": nonce}
        )
        if self.error is not None:
            raise self.error
        identity = self.codes.pop(code, None)
        if identity is None:
            source = Source.CSC if self.provider is Provider.CSC_CONNECT else Source.SSO
            raise Refused(source, "invalid_grant")
        return identity

    def vouch(self, subject: str, **known: Any) -> str:
        """A code for a person."""
        code = f"code-{len(self.codes)}-{len(self.exchanged)}"
        given = {"name": "Asha Negi", "born_on": None, "gender": None, "mobile": None, "email": None} | known
        given.setdefault("assurance", Assurance.SUBSTANTIAL)
        self.codes[code] = ProviderIdentity(provider=self.provider, subject=subject, **given)
        return code


def environment(
    store: Store, keyrings: Keyrings, clock: Clock, providers: Iterable[IdentityProvider], *, public_url: str = GATEWAY
) -> Environment:
    """An environment of which sign-in uses all but the vault, the files and the other partners."""
    absent: Any = None
    identity = {provider.provider: provider for provider in providers}
    return Environment(
        registry=REGISTRY,
        store=store,
        vault=absent,
        objects=absent,
        keyrings=keyrings,
        clock=clock,
        ids=SystemIds(clock),
        rules=Rules(
            law=LAW, issuer_id=STATE.issuer_id, calendar=WorkCalendar("test", lists={NOW.year: ListState.VERIFIED})
        ),
        partners=Partners(digilocker=absent, apisetu=absent, umang=absent, dbt=absent, identity=identity),
        public_url=public_url,
    )


def officer(officer_id: str, email: str, *postings: Posting) -> Officer:
    """An officer of the register, by default a tehsildar of Dehradun."""
    held = postings or (Posting(Role.OFFICER, "revenue-department", "49", "304", OfficerLevel.DESIGNATED),)
    return Officer(officer_id, Bilingual("अनीता", "Anita"), Bilingual("तहसीलदार", "Tehsildar"), email, held)


def operator(operator_id: str, csc_id: str) -> Operator:
    """An operator of the register."""
    return Operator(operator_id, Bilingual("विक्रम", "Vikram"), csc_id, Bilingual("केन्द्र", "Centre"), "49", "304")


async def enter_operator(tx: Transaction, operator_id: str, csc_id: str) -> None:
    """Put an operator on the register, who works in a CSC centre of his own."""
    entry = operator(operator_id, csc_id)
    await people.add_operator(tx, entry)
    await centres.save_centres(tx, [Centre(csc_id, CentreKind.CSC, entry.centre, "49", "304", open=True)])
    await centres.bind(tx, [Binding(operator_id, csc_id, None)])
