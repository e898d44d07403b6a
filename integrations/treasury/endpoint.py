"""The endpoint of a browser's return from the treasury: `POST /hooks/treasury`.

What it brings is opened with the treasury's key, kept, and never believed: the order is asked about at the treasury
itself before anything is marked. The browser is redirected to a page with the status.
"""

from starlette.routing import Route

from integrations.browser_returns import Returns, return_route
from integrations.treasury.client import Treasury

HOOK = "/hooks/treasury"


def treasury_routes(treasury: Treasury, returns: Returns) -> list[Route]:
    """The route of the endpoint."""
    return [return_route(HOOK, "encdata", treasury.open_return, returns, log="treasury_return_declined")]
