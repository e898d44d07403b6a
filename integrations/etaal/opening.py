"""Opens the push to e-Taal."""

from integrations.calling.opening import Clients, Opening
from integrations.etaal.client import EtaalPush
from integrations.etaal.push_models import EtaalPushSettings


async def open_clients(opening: Opening) -> Clients:
    """The way to send counts; None where e-Taal was enrolled for the pull alone."""
    settings = opening.read_onboarding(EtaalPushSettings.from_onboarding)
    return {"etaal": settings and EtaalPush(await opening.remote(), settings)}
