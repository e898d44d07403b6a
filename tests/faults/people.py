"""The adapters by which a person signs in or opens her locker."""

from collections.abc import Mapping
from hashlib import sha256
from typing import Any, ClassVar, Literal

from domain.people import Provider
from domain.sources import Source
from integrations import csc, digilocker, sso
from integrations.csc import CscConnect, CscConnectSettings
from integrations.digilocker import DigiLocker, DigiLockerSettings, LockerGrant
from integrations.sso import MeriPehchaan, MeriPehchaanSettings, Parichay, ParichaySettings
from tests.faults.base import (
    BROWSER,
    CLIENT_CREDENTIALS,
    NEEDS,
    NOT_SIGNED,
    ONE_RECORD,
    POOL,
    VERIFIER,
    Adapter,
    asked_for,
    callback_of,
)
from tests.faults.site import Line, ids
from tests.support.sign_in import choose, query_of


class Locker(Adapter):
    """What the calls of DigiLocker share: a citizen's consent."""

    system, source = "digilocker", Source.DIGILOCKER

    def client(self, line: Line) -> DigiLocker:
        return DigiLocker(line.remote, DigiLockerSettings.from_onboarding(self.site.onboarding))

    async def tokens(self) -> dict[str, Any]:
        """Tokens of a new consent of Asha Negi."""
        settings = MeriPehchaanSettings.from_onboarding(BROWSER, self.site.onboarding)
        async with self.line() as line:
            url = MeriPehchaan(settings, line.remote, line.clock).authorize_url(**asked_for("meri-pehchaan"))
        code = query_of(await choose(self.site.app, url, "asha-negi"))["code"]
        form = {"grant_type": "authorization_code", "code": code, "code_verifier": VERIFIER}
        form |= {"redirect_uri": callback_of("meri-pehchaan"), "client_id": settings.client_id}
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
    why_not: ClassVar[Mapping[str, str]] = {"signature": NOT_SIGNED}

    async def prepare(self) -> None:
        await self.grant(0)

    async def ask(self, client: DigiLocker, number: int) -> Any:
        return await client.issued_documents(await self.grant(number))


class LockerFileCall(Locker):
    name = "digilocker.file"
    policies = (digilocker.client.FETCH_FILE,)
    tells = frozenset({"body", "signature", "token", "parts"})
    why_not: ClassVar[Mapping[str, str]] = {
        "pages": ONE_RECORD,
        "owner": "the bytes are the issuer's own; the HMAC covers them, and nothing in them names a locker",
    }
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
    why_not: ClassVar[Mapping[str, str]] = {
        "signature": NOT_SIGNED,
        "token": CLIENT_CREDENTIALS,
        "parts": ONE_RECORD,
        "pages": ONE_RECORD,
    }
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
    why_not: ClassVar[Mapping[str, str]] = dict.fromkeys(NEEDS, "a good answer has no body") | {
        "token": CLIENT_CREDENTIALS
    }

    async def ask(self, client: DigiLocker, number: int) -> Any:
        await client.revoke(self.site.pools[self.name].pop()["access_token"])
        return "revoked"


class SignIn(Adapter):
    """What sign-in by any provider shares: a code that is good once."""

    tells = frozenset({"body", "token"})
    why_not: ClassVar[Mapping[str, str]] = {
        "signature": "there is no id_token; the answer comes over TLS from the provider itself",
        "owner": "nothing but this answer says who signed in",
        "parts": ONE_RECORD,
        "pages": ONE_RECORD,
    }
    person: ClassVar[str]
    slug: ClassVar[str]

    async def prepare(self) -> None:
        pool = self.site.pools.setdefault(self.name, [])
        async with self.line() as line:
            url = self.client(line).authorize_url(**asked_for(self.slug))
        while len(pool) < POOL:
            pool.append(query_of(await choose(self.site.app, url, self.person))["code"])

    async def ask(self, client: Any, number: int) -> Any:
        code = self.site.pools[self.name].pop()
        identity = await client.exchange(
            code=code, code_verifier=VERIFIER, redirect_uri=callback_of(self.slug), nonce="n-1"
        )
        return identity.subject, identity.name


class MeriPehchaanExchange(SignIn):
    name, system, source = "meri_pehchaan.exchange", "digilocker", Source.SSO
    policies = (sso.MERI_PEHCHAAN_TOKEN, sso.MERI_PEHCHAAN_USER)
    tells = frozenset({"body", "signature", "owner"})
    why_not: ClassVar[Mapping[str, str]] = {
        "token": "the signed id_token is enough to sign in, so the profile's refusal is a refusal of sign-in",
        "parts": ONE_RECORD,
        "pages": ONE_RECORD,
    }
    person, slug = "asha-negi", "meri-pehchaan"

    def client(self, line: Line) -> MeriPehchaan:
        return MeriPehchaan(
            MeriPehchaanSettings.from_onboarding(BROWSER, self.site.onboarding), line.remote, line.clock
        )


class ParichayExchange(SignIn):
    name, system, source = "parichay.exchange", "sso", Source.SSO
    policies = (sso.PARICHAY_TOKEN, sso.PARICHAY_USER)
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
