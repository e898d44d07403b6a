"""Opens the client of API Setu."""

from integrations.apisetu.client import ApiSetu
from integrations.apisetu.models import ApiSetuSettings
from integrations.calling.opening import Clients, Opening


async def open_clients(opening: Opening) -> Clients:
    """The client of the marketplace."""
    remote = await opening.remote()
    return {"apisetu": ApiSetu(remote, opening.read_onboarding(ApiSetuSettings.from_onboarding), opening.clock)}
