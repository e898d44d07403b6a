"""Builds the client of every outside system from the settings."""

import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, Literal, TypeVar
from urllib.parse import urlsplit

from actions.kernel.environment import Partners, Pfms
from domain.identity.sign_on import SignOnRules
from domain.kernel.clock import Clock
from domain.kernel.ids import Ids
from domain.kernel.people import Provider
from domain.kernel.sources import Source
from domain.payments.files import Transport
from gateway.runtime.runfiles import NotUp
from gateway.runtime.scanning import scanner_of
from gateway.settings.partners import Partner
from gateway.settings.settings import SYSTEMS, Settings, SettingsRefused, variable
from integrations.apisetu import ApiSetu, ApiSetuSettings
from integrations.calling.remote import Remote, Resilience
from integrations.calling.ssrf_guard import Guard
from integrations.calling.transport import Lines
from integrations.csc import BridgeSettings, CscBridge, CscConnect, CscConnectSettings
from integrations.dbt_finance import DbtBharat, DbtFinance, DbtFinanceSettings
from integrations.dbt_finance.pfms.exchange import FileExchange
from integrations.dbt_finance.pfms.models import PfmsIdentity
from integrations.dbt_finance.pfms.papers import PfmsPapers
from integrations.dbt_finance.pfms.rest import RestExchange
from integrations.dbt_finance.pfms.rest_tls import RestTls, Unfit
from integrations.dbt_finance.pfms.settings import RestSettings, SftpSettings
from integrations.dbt_finance.pfms.sftp_exchange import SftpExchange
from integrations.digilocker import DigiLocker, DigiLockerSettings
from integrations.etaal import EtaalPush, EtaalPushSettings
from integrations.right_to_service import RightToService, RightToServiceSettings
from integrations.sso import (
    IdentityProvider,
    MeriPehchaan,
    MeriPehchaanSettings,
    Parichay,
    ParichaySettings,
    TextSender,
    TextSettings,
)
from integrations.treasury import Treasury, TreasurySettings
from integrations.umang import Umang, UmangSettings

_ALWAYS = (
    Source.DIGILOCKER,
    Source.API_SETU,
    Source.UMANG,
    Source.E_TAAL,
    Source.SSO,
    Source.DBT_FINANCE,
    Source.CSC,
)
"""The systems that this gateway cannot do without."""

SSH_PORT = 22

T = TypeVar("T")


def handed_over(settings: Settings, system: str, read: Callable[[dict[str, Any]], T]) -> T:
    """What `read` makes of a system's onboarding; raises SettingsRefused where a part is missing or spoilt, NotUp."""
    try:
        return read(settings.partner(system).onboarding())
    except OSError as error:
        raise SettingsRefused([f"the onboarding file of {system} cannot be read ({error.strerror})"]) from None
    except KeyError as missing:
        raise SettingsRefused([f"the onboarding of {system} lacks {missing}"]) from None
    except (ValueError, TypeError, AttributeError):
        raise SettingsRefused([f"the onboarding of {system} is not as its contract says"]) from None


def lines_of(settings: Settings, clock: Clock) -> Lines:
    """How this process reaches outside systems. Raises SettingsRefused where what TLS needs cannot serve."""
    return Lines(clock, kind=settings.http_transport, demo=settings.demo, own_tls=_own_tls(settings, clock))


def pfms_tls(settings: Settings) -> RestTls:
    """The files for the TLS of PFMS over REST."""
    way = settings.pfms
    return RestTls(way.client_certificate_file, way.client_key_file, way.ca_file)


def _own_tls(settings: Settings, clock: Clock) -> dict[str, ssl.SSLContext]:
    """The TLS of PFMS over REST, by each address that it may have."""
    try:
        context = pfms_tls(settings).context(clock.now())
    except Unfit as error:
        raise SettingsRefused([f"the TLS of pfms: {error}"]) from None
    own = settings.partners.get("pfms")
    known = (own.base_url if own else None, settings.pfms.former_url)
    return {} if context is None else {url: context for url in known if url is not None}


class _Opening:
    """Opens one HTTP client for each system and closes them together."""

    def __init__(self, settings: Settings, resilience: Resilience, stack: AsyncExitStack) -> None:
        self._settings = settings
        self._resilience = resilience
        self._stack = stack
        self._lines = lines_of(settings, resilience.clock)

    def handed_over(self, system: str, read: Callable[[dict[str, Any]], T]) -> T:
        return handed_over(self._settings, system, read)

    def addresses_of(self, host: str, port: int) -> Callable[[str, int], Awaitable[Sequence[str]]]:
        """The guard's checked addresses of a host that is not called by HTTP; the guard knows hosts by a URL."""
        named = f"[{host}]" if ":" in host else host
        return Guard([f"https://{named}:{port}"], clock=self._resilience.clock, demo=self._settings.demo).addresses

    def closing(self, close: Callable[[], Awaitable[None]]) -> None:
        """Close something with the others."""
        self._stack.push_async_callback(close)

    async def remote(self, system: str, source: Source) -> tuple[Partner, Remote]:
        partner = self._settings.partner(system)
        client = await self._stack.enter_async_context(self._lines.to([partner.base_url]))
        return partner, Remote(source, partner.base_url, client=client, shared=self._resilience)

    async def at(self, address: str | None, system: str, source: Source) -> Remote:
        """A system at another address than its own, where one is named."""
        if address is None:
            return (await self.remote(system, source))[1]
        client = await self._stack.enter_async_context(self._lines.to([address]))
        return Remote(source, address, client=client, shared=self._resilience)

    async def other_host(self, partner: Partner, system: str, source: Source, name: str) -> Remote | None:
        """A second host of a system, at the address that its onboarding names, or at a path of the first one."""
        given = self.handed_over(system, lambda known: str(known.get(name) or ""))
        if not given:
            return None
        address = partner.base_url.rstrip("/") + given if given.startswith("/") else given
        client = await self._stack.enter_async_context(self._lines.to([address]))
        return Remote(source, address, client=client, shared=self._resilience)


def connected(settings: Settings) -> tuple[Source, ...]:
    """The systems that these settings connect this gateway with."""
    optional = {
        Source.PFMS: has_pfms(settings),
        Source.RIGHT_TO_SERVICE: has_commission(settings),
        Source.TREASURY: has_treasury(settings),
    }
    return (*_ALWAYS, *(source for source, there in optional.items() if there))


def addresses(settings: Settings) -> dict[Source, list[str]]:
    """Where systems are tried before they are asked. Not among them is e-Taal, which calls us, and PFMS over SFTP.

    A host of SFTP takes connections without a login for an attack, and would shut out who tries every ten seconds.
    """
    systems = {
        Source.DIGILOCKER: ("digilocker",),
        Source.API_SETU: ("apisetu",),
        Source.UMANG: ("umang",),
        Source.DBT_FINANCE: ("dbt_finance",),
        Source.SSO: ("meri_pehchaan", "sso"),
        Source.CSC: ("csc",),
        Source.RIGHT_TO_SERVICE: ("right_to_service",) if has_commission(settings) else (),
        Source.TREASURY: ("treasury",) if has_treasury(settings) else (),
        **({Source.PFMS: ("pfms",)} if has_pfms(settings) and settings.pfms.transport is Transport.REST else {}),
    }
    return {source: [settings.partner(name).base_url for name in names] for source, names in systems.items()}


@asynccontextmanager
async def open_partners(settings: Settings, resilience: Resilience, ids: Ids) -> AsyncIterator[Partners]:
    """The clients of all systems. Raises SettingsRefused or NotUp where a system's settings are missing."""
    clock = resilience.clock
    async with AsyncExitStack() as stack:
        opening = _Opening(settings, resilience, stack)
        _, locker = await opening.remote("digilocker", Source.DIGILOCKER)
        _, setu = await opening.remote("apisetu", Source.API_SETU)
        umang_partner, umang = await opening.remote("umang", Source.UMANG)
        setu_host = await opening.other_host(umang_partner, "umang", Source.UMANG, "setu_url")
        _, dbt = await opening.remote("dbt_finance", Source.DBT_FINANCE)
        yield Partners(
            digilocker=DigiLocker(locker, opening.handed_over("digilocker", DigiLockerSettings.from_onboarding)),
            apisetu=ApiSetu(setu, opening.handed_over("apisetu", ApiSetuSettings.from_onboarding), clock),
            umang=Umang(umang, opening.handed_over("umang", UmangSettings.from_onboarding), clock, ids, setu_host),
            dbt=DbtFinance(dbt, opening.handed_over("dbt_finance", DbtFinanceSettings.from_onboarding), clock),
            bharat=_bharat(opening, dbt, clock),
            identity=await _identity_providers(opening, resilience, ids, settings.sign_on.rules()),
            pfms=await _pfms(opening, settings, resilience),
            texts=await _texts(opening, settings),
            etaal=await _etaal(opening),
            commission=await _commission(opening, settings, resilience),
            treasury=await _treasury(opening, settings),
            wallet=await _wallet(opening),
            scanner=scanner_of(settings.scanner),
            forget_citizen=resilience.kept.forget_citizen,
        )


def _bharat(opening: _Opening, remote: Remote, clock: Clock) -> DbtBharat | None:
    """The reporting service, where the treasury's onboarding says that we report by it."""
    given = opening.handed_over("dbt_finance", dict)
    if not given.get("dbt_bharat"):
        return None
    return DbtBharat(remote, DbtFinanceSettings.from_onboarding(given), clock)


async def _identity_providers(
    opening: _Opening, resilience: Resilience, ids: Ids, chosen: SignOnRules
) -> dict[Provider, IdentityProvider]:
    meri, meri_remote = await opening.remote("meri_pehchaan", Source.SSO)
    sso, sso_remote = await opening.remote("sso", Source.SSO)
    csc, csc_remote = await opening.remote("csc", Source.CSC)

    def keys_again() -> dict[str, Any]:
        try:
            return opening.handed_over("meri_pehchaan", lambda given: dict(given["jwks"]))
        except (SettingsRefused, NotUp):
            return {"keys": []}  # the present keys stay

    def meri_pehchaan(given: dict[str, Any]) -> MeriPehchaan:
        own = MeriPehchaanSettings.from_onboarding(_browser_url(meri), given)
        return MeriPehchaan(own, meri_remote, resilience.clock, reload_keys=keys_again)

    def parichay(provider: Literal[Provider.PARICHAY, Provider.JAN_PARICHAY]) -> Parichay:
        own = opening.handed_over(
            "sso", lambda given: ParichaySettings.from_onboarding(provider, _browser_url(sso), given)
        )
        return Parichay(own, sso_remote)

    def csc_connect(given: dict[str, Any]) -> CscConnect:
        return CscConnect(CscConnectSettings.from_onboarding(_browser_url(csc), given), csc_remote, ids)

    built: dict[Provider, IdentityProvider] = {
        Provider.MERI_PEHCHAAN: opening.handed_over("meri_pehchaan", meri_pehchaan),
        Provider.JAN_PARICHAY: parichay(Provider.JAN_PARICHAY),
        Provider.PARICHAY: parichay(Provider.PARICHAY),
        Provider.CSC_CONNECT: opening.handed_over("csc", csc_connect),
    }
    return {provider: each for provider, each in built.items() if chosen.offers(provider)}


def has_commission(settings: Settings) -> bool:
    """Whether the Commission's system is to be reached: its settings are there, or the demo's city is used."""
    in_city = settings.demo and not settings.partners.keys() >= set(SYSTEMS)
    return in_city or "right_to_service" in settings.partners


def has_treasury(settings: Settings) -> bool:
    """Whether the treasury's e-Challan is to be reached: its settings are there, or the demo's city is used."""
    in_city = settings.demo and not settings.partners.keys() >= set(SYSTEMS)
    return in_city or "treasury" in settings.partners


async def _treasury(opening: _Opening, settings: Settings) -> Treasury | None:
    """The treasury's e-Challan; None where the state has not enrolled us, and fees are taken at counters."""
    if not has_treasury(settings):
        return None
    partner, remote = await opening.remote("treasury", Source.TREASURY)
    address = _browser_url(partner)
    own = opening.handed_over("treasury", lambda given: TreasurySettings.from_onboarding(address, given))
    return Treasury(remote, own)


async def _wallet(opening: _Opening) -> CscBridge | None:
    """The wallet of centre operators; None where the merchant centre enrolled us for the sign-in alone.

    Its calls go to `bridge_url` of the onboarding, where that is another host than the sign-in's.
    """
    own = opening.handed_over("csc", BridgeSettings.from_onboarding)
    if own is None:
        return None
    partner, remote = await opening.remote("csc", Source.CSC)
    return CscBridge(await opening.other_host(partner, "csc", Source.CSC, "bridge_url") or remote, own)


async def _commission(opening: _Opening, settings: Settings, resilience: Resilience) -> RightToService | None:
    """The Commission's system; None where the state has none yet, and cases are recorded by hand alone."""
    if not has_commission(settings):
        return None
    _, remote = await opening.remote("right_to_service", Source.RIGHT_TO_SERVICE)
    own = opening.handed_over("right_to_service", RightToServiceSettings.from_onboarding)
    return RightToService(remote, own, resilience.clock)


def has_pfms(settings: Settings) -> bool:
    """Whether files are exchanged with PFMS: its settings are there, or the demo's city is used."""
    in_city = settings.demo and not settings.partners.keys() >= set(SYSTEMS)
    return in_city or "pfms" in settings.partners


async def _pfms(opening: _Opening, settings: Settings, resilience: Resilience) -> Pfms | None:
    """The exchange of files with PFMS, who we are there, and our papers; None where it is not connected."""
    if not has_pfms(settings):
        return None
    way, partner = settings.pfms.transport, settings.partner("pfms")
    # The demo's city is there by both ways: its address by REST, its port of SFTP in what onboarding handed over.
    address = partner.base_url if "pfms" in settings.partners else None
    former = settings.pfms.former_url
    if address is not None and not _fits(address, way):
        wrong = "one of sftp" if way is Transport.REST else "not one of sftp"
        raise SettingsRefused([f"{variable('pfms', 'transport')} is {way.value}, but the address of pfms is {wrong}"])
    if former is not None and not _fits(former, way.other):
        raise SettingsRefused([f"{variable('pfms', 'former_url')} is no address of {way.other.value}"])
    return Pfms(
        exchange=await _by(opening, way, address, resilience),
        way=way,
        former=await _by(opening, way.other, former, resilience) if former else None,
        identity=opening.handed_over("pfms", PfmsIdentity.from_onboarding),
        papers=opening.handed_over("pfms", PfmsPapers.from_onboarding),
    )


async def _by(opening: _Opening, way: Transport, address: str | None, resilience: Resilience) -> FileExchange:
    """The exchange by a way at an address; where none is named, in the demo, at the city's."""
    if way is Transport.REST:
        rest = opening.handed_over("pfms", RestSettings.from_onboarding)
        return RestExchange(await opening.at(address, "pfms", Source.PFMS), rest)
    parts = urlsplit(address or "")
    given_address = {"host": parts.hostname, "port": parts.port or SSH_PORT} if address else {}
    own = opening.handed_over("pfms", lambda given: SftpSettings.from_onboarding({**given, **given_address}))
    exchange = SftpExchange(own, resilience, opening.addresses_of(own.host, own.port))
    opening.closing(exchange.aclose)
    return exchange


def _fits(address: str, way: Transport) -> bool:
    return address.startswith("sftp:") is (way is Transport.SFTP)


async def _texts(opening: _Opening, settings: Settings) -> TextSender | None:
    """The way to telephones: the SMS gateway that the settings name, in the demo the sandbox's; None without one."""
    system = "texts" if "texts" in settings.partners else "sso" if settings.demo else None
    if system is None:
        return None
    _, remote = await opening.remote(system, Source.SSO)
    return TextSender(opening.handed_over(system, TextSettings.from_onboarding), remote)


async def _etaal(opening: _Opening) -> EtaalPush | None:
    """The way to send counts; None where e-Taal was enrolled for the pull alone."""
    own = opening.handed_over("etaal", EtaalPushSettings.from_onboarding)
    if own is None:
        return None
    _, remote = await opening.remote("etaal", Source.E_TAAL)
    return EtaalPush(remote, own)


def _browser_url(partner: Partner) -> str:
    return partner.browser_url or partner.base_url
