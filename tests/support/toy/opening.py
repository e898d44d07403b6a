"""Opens the client of the toy."""

from integrations.calling.opening import Clients, Opening
from tests.support.toy.client import Toy


async def open_clients(opening: Opening) -> Clients:
    """The toy, at the address of its settings."""
    remote = await opening.remote()
    return {"toy": Toy(remote, opening.read_onboarding(lambda given: str(given["key"])))}
