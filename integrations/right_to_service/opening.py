"""Opens the client of the Commission's system."""

from integrations.calling.opening import Clients, Opening
from integrations.right_to_service.client import RightToService
from integrations.right_to_service.models import RightToServiceSettings


async def open_clients(opening: Opening) -> Clients:
    """The Commission."""
    remote = await opening.remote()
    settings = opening.read_onboarding(RightToServiceSettings.from_onboarding)
    return {"commission": RightToService(remote, settings, opening.clock)}
