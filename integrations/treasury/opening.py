"""Opens the client of the treasury's e-Challan."""

from integrations.calling.opening import Clients, Opening
from integrations.treasury.client import Treasury
from integrations.treasury.models import TreasurySettings


async def open_clients(opening: Opening) -> Clients:
    """The treasury, to which a citizen's browser is sent too."""
    remote = await opening.remote()
    settings = opening.read_onboarding(lambda given: TreasurySettings.from_onboarding(opening.browser_url, given))
    return {"treasury": Treasury(remote, settings)}
