"""The adapters by which a person signs in and out, and by which a text goes to her."""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from domain.kernel import Language, Provider, Source
from integrations import csc, sms, sso
from integrations.csc import CscConnect, CscConnectSettings
from integrations.sms import Sms, SmsGateway, SmsSettings
from integrations.sso import (
    EPramaan,
    EPramaanSettings,
    MeriPehchaan,
    MeriPehchaanSettings,
    Parichay,
    ParichayProxy,
    ParichayProxySettings,
    ParichaySettings,
)
from states.message_texts import message_texts
from states.packages import state_folder
from tests.faults.base import (
    BROWSER,
    NEEDS,
    ONE_RECORD,
    POOL,
    UNSIGNED_RECORD,
    VERIFIER,
    Adapter,
    asked_for,
    callback_of,
)
from tests.faults.site import Line, Site, ids
from tests.support.sign_in import choose, query_of


class Login(Adapter):
    """Where a login page is asked for, for which no socket is needed."""

    def without_socket(self, address: str) -> str:
        """The address of a page at the sandbox, whether it was handed over whole or not."""
        return address.replace(str(self.site.onboarding.get("base_url")), BROWSER, 1)


class SignIn(Login):
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
    code_in: ClassVar[str] = "code"

    async def prepare(self) -> None:
        pool = self.site.pools.setdefault(self.name, [])
        async with self.line() as line:
            url = self.without_socket(await self.client(line).authorize_url(**asked_for(self.slug)))
        while len(pool) < POOL:
            pool.append(query_of(await choose(self.site.app, url, self.person))[self.code_in])

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


class SignOut(Login):
    """What the end of a sign-in at any provider shares: a token is revoked once."""

    tells = frozenset()
    why_not: ClassVar[Mapping[str, str]] = dict.fromkeys(NEEDS, "nothing of a good answer is read") | {
        "token": "a token that is refused is dead, which is what was asked for"
    }
    person: ClassVar[str]
    slug: ClassVar[str]
    code_in: ClassVar[str] = "code"

    async def prepare(self) -> None:
        pool = self.site.pools.setdefault(self.name, [])
        async with self.line() as line:
            client = self.client(line)
            url = self.without_socket(await client.authorize_url(**asked_for(self.slug)))
            while len(pool) < POOL:
                code = query_of(await choose(self.site.app, url, self.person))[self.code_in]
                identity = await client.exchange(
                    code=code, code_verifier=VERIFIER, redirect_uri=callback_of(self.slug), nonce="n-1"
                )
                pool.append(identity.session_token)

    async def ask(self, client: Any, number: int) -> Any:
        await client.revoke(self.site.pools[self.name].pop())
        return "revoked"


class MeriPehchaanRevoke(SignOut):
    name, system, source = "meri_pehchaan.revoke", "digilocker", Source.SSO
    policies = (sso.meri_pehchaan.REVOKE_POLICY,)
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


class ParichayRevoke(SignOut):
    name, system, source = "parichay.revoke", "sso", Source.SSO
    policies = (sso.parichay.REVOKE_POLICY,)
    person, slug = "officer-dehradun-sadar", "parichay"

    def client(self, line: Line) -> Parichay:
        return Parichay(ParichaySettings.from_onboarding(Provider.PARICHAY, BROWSER, self.site.onboarding), line.remote)


class JanParichayExchange(ParichayExchange):
    name = "jan_parichay.exchange"
    person, slug = "asha-negi", "jan-parichay"
    who = Provider.JAN_PARICHAY


class EPramaanExchange(SignIn):
    name, system, source = "epramaan.exchange", "sso", Source.SSO
    policies = (sso.EPRAMAAN_TOKEN,)
    tells = frozenset({"body", "signature"})
    why_not: ClassVar[Mapping[str, str]] = {
        "token": "a code is all that is sent: a refused one is a refusal of the sign-in",
        "owner": "the key of the answer follows from the nonce of this very sign-in",
        "parts": ONE_RECORD,
        "pages": ONE_RECORD,
    }
    person, slug = "asha-negi", "e-pramaan"

    def client(self, line: Line) -> EPramaan:
        return EPramaan(EPramaanSettings.from_onboarding(self.site.onboarding), line.remote, line.clock, ids())


class HandshakeExchange(SignIn):
    name, system, source = "parichay.handshake", "sso", Source.SSO
    policies = (sso.HANDSHAKE_POLICY,)
    tells = frozenset()
    why_not: ClassVar[Mapping[str, str]] = dict.fromkeys(NEEDS, "a sealed text that only the proxy opens")
    person, slug = "officer-dehradun-sadar", "parichay"
    code_in = "string"

    def client(self, line: Line) -> ParichayProxy:
        return handshake_client(self.site, line)


class HandshakeLogin(Adapter):
    name, system, source = "parichay.login", "sso", Source.SSO
    policies = (sso.SEAL_POLICY,)
    tells = frozenset({"body"})
    why_not: ClassVar[Mapping[str, str]] = {
        **UNSIGNED_RECORD,
        "owner": "the answer is the seal of the text that was sent",
        "token": "the proxy is on our own machine and asks for no token",
    }

    def client(self, line: Line) -> ParichayProxy:
        return handshake_client(self.site, line)

    async def ask(self, client: ParichayProxy, number: int) -> Any:
        address = await client.authorize_url(**asked_for("parichay"))
        return "sealed" if "&cs=" in address else address


class HandshakeValid(SignOut):
    name, system, source = "parichay.session", "sso", Source.SSO
    policies = (sso.VALID_POLICY,)
    tells = frozenset({"body"})
    why_not: ClassVar[Mapping[str, str]] = {
        need: "one word about the session that is named, and no token" for need in NEEDS if need != "body"
    }
    person, slug = "officer-dehradun-sadar", "parichay"
    code_in = "string"

    def client(self, line: Line) -> ParichayProxy:
        return handshake_client(self.site, line)

    async def ask(self, client: ParichayProxy, number: int) -> Any:
        return await client.session_holds(self.site.pools[self.name][number % POOL])


class HandshakeEnd(SignOut):
    name, system, source = "parichay.end", "sso", Source.SSO
    policies = (sso.END_POLICY,)
    person, slug = "officer-dehradun-sadar", "parichay"
    code_in = "string"

    def client(self, line: Line) -> ParichayProxy:
        return handshake_client(self.site, line)


def handshake_client(site: Site, line: Line) -> ParichayProxy:
    """Parichay by handshake, of which the onboarding file has the members apart."""
    given = site.onboarding["handshake"]["parichay"]
    return ParichayProxy(ParichayProxySettings.from_onboarding(Provider.PARICHAY, BROWSER, given), line.remote)


def a_text() -> Sms:
    """A registered text to a number of which the platform never reports."""
    registered = message_texts(state_folder())["APPROVED"].texts[Language.EN]
    return Sms("9000000003", registered.fill({"number": "UKAS 12345 67890"}), registered.template)


class SmsCall(Adapter):
    """A call to the providers of SMS, whose answers are a line of text about one message."""

    system, source = "sms", Source.SMS
    tells: ClassVar[frozenset[str]] = frozenset({"body"})
    why_not: ClassVar[Mapping[str, str]] = {
        **UNSIGNED_RECORD,
        "owner": "the answer is about the message that was given",
    }
    provider = "msdp"

    def client(self, line: Line) -> SmsGateway:
        return SmsGateway(SmsSettings.from_onboarding(self.site.onboarding), line.remote, line.remote)

    async def ask(self, client: SmsGateway, number: int) -> Any:
        await client.send_by(self.provider, a_text())
        return "sent"


class SmsByMsdp(SmsCall):
    name = "sms.msdp"
    policies = (sms.client.MSDP_SEND, sms.client.MSDP_CODE)


class SmsByNic(SmsCall):
    name = "sms.nic"
    policies = (sms.client.NIC_SEND, sms.client.NIC_CODE)
    provider = "nic"


class SmsReport(SmsCall):
    name = "sms.report"
    policies = (sms.client.MSDP_REPORT,)

    async def prepare(self) -> None:
        """A message whose state is asked."""
        async with self.line() as line:
            self.site.pools[self.name] = [await self.client(line).send(a_text())]

    async def ask(self, client: SmsGateway, number: int) -> Any:
        return f"state {await client.state_of(self.site.pools[self.name][0])}"


class CscExchange(SignIn):
    name, system, source = "csc.exchange", "csc", Source.CSC
    policies = csc.POLICIES
    person, slug = "operator-1", "csc-connect"

    def client(self, line: Line) -> CscConnect:
        return CscConnect(CscConnectSettings.from_onboarding(BROWSER, self.site.onboarding), line.remote, ids())
