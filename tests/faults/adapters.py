"""The one list of adapters that the fault matrix asks. A new adapter joins by a line in ADAPTERS."""

import json
import secrets
from abc import ABC, abstractmethod
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from typing import Any, ClassVar, Literal

import httpx

from actions.sign_in_guards import challenge_of
from domain.clock import SystemClock
from domain.people import Provider
from domain.sources import Source, Sourced
from domain.text import Language
from integrations import apisetu, csc, dbt_finance, digilocker, sso, umang
from integrations.apisetu import ApiSetu, ApiSetuSettings, CertificateRequest
from integrations.csc import CscConnect, CscConnectSettings
from integrations.dbt_finance import BillReference, DbtFinance, DbtFinanceSettings, Payee, PaymentInstruction
from integrations.digilocker import DigiLocker, DigiLockerSettings, LockerGrant
from integrations.policies import CallPolicy
from integrations.sso import MeriPehchaan, MeriPehchaanSettings, Parichay, ParichaySettings
from integrations.umang import Umang, UmangSettings
from tests.faults.site import DEMO, GATEWAY, Line, Site, a_line, ids
from tests.support.sign_in import choose, query_of

VERIFIER = "v" * 64
BROWSER = "http://partner.test"
POOL = 20
"""Codes and tokens, good for one use each, that are got before a fault is set."""


class Adapter(ABC):
    """One call of one client. `policies` are those it runs under, the first decides what is kept.

    `tells` are the faults that can be seen at all in its answers: `body`, `signature`, `token`, `parts`,
    `pages`, `owner`. `why_not` says for the others why they are left out.
    """

    name: ClassVar[str]
    system: ClassVar[str]
    source: ClassVar[Source]
    policies: ClassVar[tuple[CallPolicy, ...]]
    tells: ClassVar[frozenset[str]]

    def __init__(self, site: Site) -> None:
        self.site = site

    async def prepare(self) -> None:  # noqa: B027 - most calls need nothing
        """Get ready for one cell, while the system is well."""

    @abstractmethod
    def client(self, line: Line) -> Any:
        """The gateway's client over a line."""

    @abstractmethod
    async def ask(self, client: Any, number: int) -> Any:
        """Ask as the citizen of that number; what comes is compared with what a healthy system says."""

    def line(self) -> AbstractAsyncContextManager[Line]:
        """A line to the healthy system, for what is prepared."""
        return a_line(self.site, self.source)

    @property
    def app(self) -> httpx.AsyncClient:
        """The sandbox, asked without a socket."""
        return httpx.AsyncClient(transport=httpx.ASGITransport(app=self.site.app), base_url=BROWSER)


class Locker(Adapter):
    """What the calls of DigiLocker share: a citizen's consent."""

    system, source = "digilocker", Source.DIGILOCKER

    def client(self, line: Line) -> DigiLocker:
        return DigiLocker(line.remote, DigiLockerSettings.from_onboarding(self.site.onboarding))

    async def tokens(self) -> dict[str, Any]:
        """Tokens of a new consent of Asha Negi."""
        settings = MeriPehchaanSettings.from_onboarding(BROWSER, self.site.onboarding)
        async with self.line() as line:
            url = MeriPehchaan(settings, line.remote, line.clock).authorize_url(**_asked("meri-pehchaan"))
        code = query_of(await choose(self.site.app, url, "asha-negi"))["code"]
        form = {"grant_type": "authorization_code", "code": code, "code_verifier": VERIFIER}
        form |= {"redirect_uri": _callback("meri-pehchaan"), "client_id": settings.client_id}
        async with self.app as app:
            answer = await app.post("/public/oauth2/1/token", data=form | {"client_secret": settings.client_secret})
        given: dict[str, Any] = answer.json()
        return given

    async def grant(self, number: int) -> LockerGrant:
        """A consent, seen as that of the citizen of this number."""
        kept = self.site.pools.setdefault("locker", [])
        if not kept:
            kept.append(await self.tokens())
        return LockerGrant(f"citizen-{number}", kept[0]["access_token"], kept[0]["digilockerid"])


class LockerList(Locker):
    name = "digilocker.issued_documents"
    policies = (digilocker.client.LIST_ISSUED, digilocker.client.WHO_OWNS)
    tells = frozenset({"body", "token", "parts", "pages", "owner"})

    async def prepare(self) -> None:
        await self.grant(0)

    async def ask(self, client: DigiLocker, number: int) -> Any:
        return await client.issued_documents(await self.grant(number))


class LockerFileCall(Locker):
    name = "digilocker.file"
    policies = (digilocker.client.FETCH_FILE,)
    tells = frozenset({"body", "signature", "token"})
    uri = "in.gov.pan-PANCR-6XUHA2E943"

    async def prepare(self) -> None:
        await self.grant(0)

    async def ask(self, client: DigiLocker, number: int) -> Any:
        file = await client.file(await self.grant(number), self.uri)
        return file.uri, file.media_type, sha256(file.content).hexdigest()


class LockerXml(LockerFileCall):
    name = "digilocker.certificate_xml"
    policies = (digilocker.client.FETCH_XML,)

    async def ask(self, client: DigiLocker, number: int) -> Any:
        file = await client.certificate_xml(await self.grant(number), self.uri)
        return file.uri, file.media_type


class LockerRefresh(Locker):
    name = "digilocker.refresh"
    policies = (digilocker.client.REFRESH,)
    tells = frozenset({"body", "owner"})
    pool = "refresh_token"

    async def prepare(self) -> None:
        pool = self.site.pools.setdefault(self.name, [])
        while len(pool) < POOL:
            pool.append(await self.tokens())

    async def ask(self, client: DigiLocker, number: int) -> Any:
        kept = self.site.pools[self.name].pop()
        answer = await client.refresh(kept["refresh_token"], kept["digilockerid"])
        return answer.locker_id, answer.scope


class LockerRevoke(LockerRefresh):
    name = "digilocker.revoke"
    policies = (digilocker.client.REVOKE,)
    tells = frozenset()

    async def ask(self, client: DigiLocker, number: int) -> Any:
        await client.revoke(self.site.pools[self.name].pop()["access_token"])
        return "revoked"


class SignIn(Adapter):
    """What sign-in by any provider shares: a code that is good once."""

    tells = frozenset({"body"})
    person: ClassVar[str]
    slug: ClassVar[str]

    async def prepare(self) -> None:
        pool = self.site.pools.setdefault(self.name, [])
        async with self.line() as line:
            url = self.client(line).authorize_url(**_asked(self.slug))
        while len(pool) < POOL:
            pool.append(query_of(await choose(self.site.app, url, self.person))["code"])

    async def ask(self, client: Any, number: int) -> Any:
        code = self.site.pools[self.name].pop()
        identity = await client.exchange(
            code=code, code_verifier=VERIFIER, redirect_uri=_callback(self.slug), nonce="n-1"
        )
        return identity.subject, identity.name


class MeriPehchaanExchange(SignIn):
    name, system, source = "meri_pehchaan.exchange", "digilocker", Source.SSO
    policies = (sso.MERI_PEHCHAAN_TOKEN, sso.MERI_PEHCHAAN_USER)
    tells = frozenset({"body", "signature", "owner"})
    person, slug = "asha-negi", "meri-pehchaan"

    def client(self, line: Line) -> MeriPehchaan:
        return MeriPehchaan(
            MeriPehchaanSettings.from_onboarding(BROWSER, self.site.onboarding), line.remote, line.clock
        )


class ParichayExchange(SignIn):
    name, system, source = "parichay.exchange", "sso", Source.SSO
    policies = (sso.PARICHAY_TOKEN, sso.PARICHAY_USER)
    tells = frozenset({"body", "token"})
    person, slug = "officer-dehradun-sadar", "parichay"
    who: ClassVar[Literal[Provider.PARICHAY, Provider.JAN_PARICHAY]] = Provider.PARICHAY

    def client(self, line: Line) -> Parichay:
        return Parichay(ParichaySettings.from_onboarding(self.who, BROWSER, self.site.onboarding), line.remote)


class JanParichayExchange(ParichayExchange):
    name = "jan_parichay.exchange"
    person, slug = "asha-negi", "jan-parichay"
    who = Provider.JAN_PARICHAY


class CscExchange(SignIn):
    name, system, source = "csc.exchange", "csc", Source.CSC
    policies = csc.POLICIES
    person, slug = "operator-1", "csc-connect"

    def client(self, line: Line) -> CscConnect:
        return CscConnect(CscConnectSettings.from_onboarding(BROWSER, self.site.onboarding), line.remote, ids())


class DepartmentCertificateCall(Adapter):
    name, system, source = "apisetu.certificate", "apisetu", Source.API_SETU
    policies = (apisetu.client.FETCH_KEPT,)
    tells = frozenset({"body", "signature", "owner"})
    access = "VIEWSTORE"

    def client(self, line: Line) -> ApiSetu:
        return ApiSetu(line.remote, ApiSetuSettings.from_onboarding(self.site.onboarding), line.clock)

    async def ask(self, client: ApiSetu, number: int) -> Any:
        person = _person("sunil-rawat")
        held = person["department_documents"][0]
        artefact = _artefact(held["publisher"], held["doctype"], self.access)
        return await client.certificate(
            CertificateRequest(
                citizen_id=f"citizen-{number}",
                publisher=held["publisher"],
                doctype=held["doctype"],
                parameters=held["parameters"],
                consent_artefact=artefact,
                transaction_id=ids().key(),
                holder_names=(person["name_en"],),
            )
        )


class DepartmentCertificateView(DepartmentCertificateCall):
    name = "apisetu.certificate_not_kept"
    policies = (apisetu.client.FETCH,)
    access = "VIEW"


class RationCardCall(Adapter):
    name, system, source = "umang.ration_card", "umang", Source.UMANG
    policies = umang.POLICIES
    tells = frozenset({"body", "signature", "parts", "owner"})

    async def prepare(self) -> None:
        self.site.city.sandboxes["umang"].actions["set_quota"]({"burst": 10_000, "per_second": 10_000})

    def client(self, line: Line) -> Umang:
        return Umang(line.remote, UmangSettings.from_onboarding(self.site.onboarding), line.clock, ids())

    async def ask(self, client: Umang, number: int) -> Any:
        card = _person("asha-negi")["ration_card"]["number"]
        return await client.ration_card(f"citizen-{number}", card, Language.EN)


class Treasury(Adapter):
    """What the calls of DBT finance share."""

    system, source = "dbt_finance", Source.DBT_FINANCE

    def client(self, line: Line) -> DbtFinance:
        return DbtFinance(line.remote, DbtFinanceSettings.from_onboarding(self.site.onboarding), line.clock)


class PaymentStatuses(Treasury):
    name = "dbt_finance.payment_statuses"
    policies = (
        dbt_finance.client.PAYMENT_STATUSES,
        dbt_finance.client.INSTRUCTION_STATUS,
        dbt_finance.client.ADVICE_STATUS,
        dbt_finance.client.DEBIT_SCROLL,
        dbt_finance.client.FAILED_PAYMENTS,
    )
    tells = frozenset({"body", "signature", "parts", "owner"})
    payments = ("42560023996205001", "42560023996205002", "42560023996205003")

    async def ask(self, client: DbtFinance, number: int) -> Any:
        asked = [BillReference(f"UKB{each}", date(2026, 6, 1), f"UKE{each}") for each in self.payments]
        return await client.payment_statuses(f"citizen-{number}", asked)


class Instruct(Treasury):
    name = "dbt_finance.instruct"
    policies = (dbt_finance.client.PUSH_INSTRUCTION, dbt_finance.client.INSTRUCTION_STATUS)
    tells = frozenset({"body", "signature", "owner"})

    async def ask(self, client: DbtFinance, number: int) -> Any:
        mark = secrets.token_hex(8)
        payee = Payee(f"E{mark}", "Kamla Bisht", "50100012345600", "SBIN0000630", 150_000)
        order = PaymentInstruction(f"B{mark}", date(2026, 11, 24), "uk-widow-pension", "Pension", (payee,))
        receipt = await client.instruct(order)
        assert receipt.bill_number == order.bill_number
        return "instructed"


ADAPTERS: tuple[type[Adapter], ...] = (
    LockerList,
    LockerFileCall,
    LockerXml,
    LockerRefresh,
    LockerRevoke,
    MeriPehchaanExchange,
    ParichayExchange,
    JanParichayExchange,
    CscExchange,
    DepartmentCertificateCall,
    DepartmentCertificateView,
    RationCardCall,
    PaymentStatuses,
    Instruct,
)
"""Every call of every adapter. e-Taal has none: it asks us."""

PUBLISHED = (
    *digilocker.POLICIES,
    *sso.POLICIES,
    *csc.POLICIES,
    *apisetu.POLICIES,
    *umang.POLICIES,
    *dbt_finance.POLICIES,
)
"""Every policy that an adapter declares."""


def comparable(shown: Any) -> Any:
    """An answer without what differs from call to call."""
    value = shown.value if isinstance(shown, Sourced) else shown
    if isinstance(value, Mapping):
        return {key: _settled(each) for key, each in value.items()}
    return _settled(value)


def _settled(value: Any) -> Any:
    return replace(value, content_sha256="") if isinstance(value, apisetu.DepartmentCertificate) else value


def _person(key: str) -> dict[str, Any]:
    people = json.loads((DEMO / "people.json").read_text())
    return next(person for person in people if person["key"] == key)


def _callback(slug: str) -> str:
    return f"{GATEWAY}/sign-in/callback/{slug}"


def _asked(slug: str) -> dict[str, str]:
    return {
        "state": "s-1",
        "nonce": "n-1",
        "code_challenge": challenge_of(VERIFIER),
        "redirect_uri": _callback(slug),
        "language": "en",
    }


def _artefact(publisher: str, doctype: str, access: str) -> dict[str, Any]:
    def instant(at: datetime) -> str:
        return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")

    now = SystemClock().now()
    consent = {
        "consentId": "01930000-0000-4000-8000-000000000001",
        "timestamp": instant(now),
        "dataConsumer": {"id": "in.gov.uk.apunisarkar"},
        "dataProvider": {"id": publisher},
        "purpose": {"description": "Certificates"},
        "user": {"idType": "MOBILE", "idNumber": "9800000002", "mobile": "9800000002", "email": ""},
        "data": {"id": doctype},
        "permission": {
            "access": access,
            "dateRange": {"from": instant(now), "to": instant(now + timedelta(days=30))},
            "frequency": {"unit": "DAY", "value": 1000, "repeats": 1000},
        },
    }
    return {"consent": consent, "signature": {"signature": "sandbox"}}
