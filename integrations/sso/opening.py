"""Opens the sign-in providers."""

from typing import Any, Literal

from domain.kernel import Provider
from integrations.calling.opening import Clients, Opening
from integrations.sso.meri_pehchaan import MeriPehchaan, MeriPehchaanSettings
from integrations.sso.parichay import Parichay, ParichaySettings


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
    """Jan Parichay for citizens and Parichay for officials, at one host."""
    remote = await opening.remote()

    def parichay(provider: Literal[Provider.PARICHAY, Provider.JAN_PARICHAY]) -> Parichay:
        url = opening.browser_url
        return Parichay(
            opening.read_onboarding(lambda given: ParichaySettings.from_onboarding(provider, url, given)), remote
        )

    return {
        "identity": {
            Provider.JAN_PARICHAY: parichay(Provider.JAN_PARICHAY),
            Provider.PARICHAY: parichay(Provider.PARICHAY),
        }
    }
