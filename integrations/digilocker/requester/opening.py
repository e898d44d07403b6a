"""Opens the client of DigiLocker."""

from integrations.calling.opening import Clients, Opening
from integrations.digilocker.requester.client import DigiLocker
from integrations.digilocker.requester.models import DigiLockerSettings


async def open_clients(opening: Opening) -> Clients:
    """The client of the wallet."""
    remote = await opening.remote()
    return {"digilocker": DigiLocker(remote, opening.read_onboarding(DigiLockerSettings.from_onboarding))}
