"""Builds the client of every outside system from the settings."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, Literal, TypeVar

from actions.environment import Partners
from domain.ids import Ids
from domain.people import Provider
from domain.sign_on import SignOnRules
from domain.sources import Source
from gateway.partner_settings import Partner
from gateway.runfiles import NotUp
from gateway.settings import SYSTEMS, Settings, SettingsRefused
from integrations.apisetu import ApiSetu, ApiSetuSettings
from integrations.csc import CscConnect, CscConnectSettings
from integrations.dbt_finance import DbtFinance, DbtFinanceSettings
from integrations.digilocker import DigiLocker, DigiLockerSettings
from integrations.etaal import EtaalPush, EtaalPushSettings
from integrations.remote import Remote, Resilience
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
from integrations.transport import Lines
from integrations.umang import Umang, UmangSettings

CONFIGURED = (
    Source.DIGILOCKER,
    Source.API_SETU,
    Source.UMANG,
    Source.E_TAAL,
    Source.SSO,
    Source.DBT_FINANCE,
    Source.CSC,
    Source.RIGHT_TO_SERVICE,
)
"""The systems that this gateway has adapters for."""

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


class _Opening:
    """Opens one HTTP client for each system and closes them together."""

    def __init__(self, settings: Settings, resilience: Resilience, stack: AsyncExitStack) -> None:
        self._settings = settings
        self._resilience = resilience
        self._stack = stack
        self._lines = Lines(resilience.clock, kind=settings.http_transport, demo=settings.demo)

    def handed_over(self, system: str, read: Callable[[dict[str, Any]], T]) -> T:
        return handed_over(self._settings, system, read)

    async def remote(self, system: str, source: Source) -> tuple[Partner, Remote]:
        partner = self._settings.partner(system)
        client = await self._stack.enter_async_context(self._lines.to([partner.base_url]))
        return partner, Remote(source, partner.base_url, client=client, shared=self._resilience)

    async def other_host(self, partner: Partner, system: str, source: Source, name: str) -> Remote | None:
        """A second host of a system, at the address that its onboarding names, or at a path of the first one."""
        given = self.handed_over(system, lambda known: str(known.get(name) or ""))
        if not given:
            return None
        address = partner.base_url.rstrip("/") + given if given.startswith("/") else given
        client = await self._stack.enter_async_context(self._lines.to([address]))
        return Remote(source, address, client=client, shared=self._resilience)


def addresses(settings: Settings) -> dict[Source, list[str]]:
    """Where the systems are that this gateway cannot do without; e-Taal, which calls us, is not among them."""
    systems = {
        Source.DIGILOCKER: ("digilocker",),
        Source.API_SETU: ("apisetu",),
        Source.UMANG: ("umang",),
        Source.DBT_FINANCE: ("dbt_finance",),
        Source.SSO: ("meri_pehchaan", "sso"),
        Source.CSC: ("csc",),
        Source.RIGHT_TO_SERVICE: ("right_to_service",) if has_commission(settings) else (),
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
            identity=await _identity_providers(opening, resilience, ids, settings.sign_on.rules()),
            texts=await _texts(opening, settings),
            etaal=await _etaal(opening),
            commission=await _commission(opening, settings, resilience),
            forget_citizen=resilience.kept.forget_citizen,
        )


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


async def _commission(opening: _Opening, settings: Settings, resilience: Resilience) -> RightToService | None:
    """The Commission's system; None where the state has none yet, and cases are recorded by hand alone."""
    if not has_commission(settings):
        return None
    _, remote = await opening.remote("right_to_service", Source.RIGHT_TO_SERVICE)
    own = opening.handed_over("right_to_service", RightToServiceSettings.from_onboarding)
    return RightToService(remote, own, resilience.clock)


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
