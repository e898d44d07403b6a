"""Opens the sign-in providers."""

from typing import Any, Literal

from domain.kernel import Provider
from integrations.calling.opening import Clients, Opening
from integrations.identity import IdentityProvider
from integrations.sso.epramaan import EPramaan, EPramaanSettings
from integrations.sso.meri_pehchaan import MeriPehchaan, MeriPehchaanSettings
from integrations.sso.parichay import Parichay, ParichaySettings
from integrations.sso.parichay_proxy import ParichayProxy, ParichayProxySettings


async def open_meri_pehchaan(opening: Opening) -> Clients:
    """MeriPehchaan, whose keys are read again when it signs with a new one."""
    remote = await opening.remote()

    def read_keys() -> dict[str, Any]:
        keys = opening.read_onboarding_again(lambda given: dict(given["jwks"]))
        return {"keys": []} if keys is None else keys  # without new keys the present ones stay

    def provider(given: dict[str, Any]) -> MeriPehchaan:
        settings = MeriPehchaanSettings.from_onboarding(opening.browser_url, given)
        return MeriPehchaan(settings, remote, opening.clock, reload_keys=read_keys)

    return {"identity": {Provider.MERI_PEHCHAAN: opening.read_onboarding(provider)}}


async def open_parichay(opening: Opening) -> Clients:
    """Jan Parichay for citizens and Parichay for officials, at one host; and e-Pramaan where it was handed over.

    Each of the two is of variant B where the onboarding has the address of its proxy, `…_proxy_url`.
    """
    remote, url = await opening.remote(), opening.browser_url

    async def parichay(provider: Literal[Provider.PARICHAY, Provider.JAN_PARICHAY]) -> IdentityProvider:
        proxy = await opening.remote_of(f"{provider.value.lower()}_proxy_url")

        def read(given: dict[str, Any]) -> IdentityProvider:
            if proxy is None:
                return Parichay(ParichaySettings.from_onboarding(provider, url, given), remote)
            return ParichayProxy(ParichayProxySettings.from_onboarding(provider, url, given), proxy)

        return opening.read_onboarding(read)

    identity: dict[Provider, IdentityProvider] = {
        Provider.JAN_PARICHAY: await parichay(Provider.JAN_PARICHAY),
        Provider.PARICHAY: await parichay(Provider.PARICHAY),
    }
    epramaan = await opening.remote_of("epramaan_url")
    if epramaan is not None:
        settings = opening.read_onboarding(EPramaanSettings.from_onboarding)
        identity[Provider.E_PRAMAAN] = EPramaan(settings, epramaan, opening.clock, opening.ids)
    return {"identity": identity}
