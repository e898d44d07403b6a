"""Opens the sign-in of centre operators, and their wallet."""

from domain.kernel import Provider
from integrations.calling.opening import Clients, Opening
from integrations.csc.bridge import CscBridge
from integrations.csc.bridge_models import BridgeSettings
from integrations.csc.connect import CscConnect, CscConnectSettings


async def open_clients(opening: Opening) -> Clients:
    """CSC Connect; and the wallet, None where the merchant centre enrolled us for the sign-in alone.

    The wallet's calls go to `bridge_url` of the onboarding, where that is another host than the sign-in's.
    """
    remote = await opening.remote()
    settings = opening.read_onboarding(lambda given: CscConnectSettings.from_onboarding(opening.browser_url, given))
    wallet = opening.read_onboarding(BridgeSettings.from_onboarding)
    return {
        "identity": {Provider.CSC_CONNECT: CscConnect(settings, remote, opening.ids)},
        "wallet": wallet and CscBridge(await opening.remote_of("bridge_url") or await opening.remote(), wallet),
    }
