"""Opens the client of UMANG."""

from integrations.calling.opening import Clients, Opening
from integrations.umang.client import Umang
from integrations.umang.models import UmangSettings


async def open_clients(opening: Opening) -> Clients:
    """The client of the national gateway; API Setu's host, which some services are at, is named by the onboarding."""
    remote, setu = await opening.remote(), await opening.remote_of("setu_url")
    settings = opening.read_onboarding(UmangSettings.from_onboarding)
    return {"umang": Umang(remote, settings, opening.clock, opening.ids, setu)}
