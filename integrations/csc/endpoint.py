"""The endpoint of an operator's return from the wallet: `POST /hooks/csc`.

The message is opened with our key and CSC's signature checked, kept, and never believed: the payment is asked about at
CSC itself before anything is marked.
"""

from starlette.routing import Route

from integrations.browser_returns import Returns, return_route
from integrations.csc.bridge import CscBridge

HOOK = "/hooks/csc"


def wallet_routes(bridge: CscBridge, returns: Returns) -> list[Route]:
    """The route of the endpoint."""
    return [return_route(HOOK, "bridgeResponseMessage", bridge.open_return, returns, log="wallet_return_declined")]
