"""The door by which a browser comes back from the treasury: `POST /hooks/treasury`.

What it brings is opened with the treasury's key, kept, and never believed: the order is asked about at the treasury
itself before anything is marked. The browser is sent on to a page that says how it stands.
"""

import structlog
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from integrations.browser_returns import Returns, declined, returned_field, sent_on
from integrations.errors import Garbled
from integrations.treasury.client import Treasury

HOOK = "/hooks/treasury"
_log = structlog.get_logger(__name__)


def treasury_routes(treasury: Treasury, returns: Returns) -> list[Route]:
    """The route of the door. It needs no session: the browser comes from another site, without our cookie."""

    async def come_back(request: Request) -> Response:
        encdata = await returned_field(request, "encdata")
        try:
            reference = treasury.open_return(encdata or "")
        except Garbled as error:
            _log.info("treasury_return_declined", code=error.code)
            return declined(400, "BAD_MESSAGE")
        return await sent_on(returns, reference, encdata or "")

    return [Route(HOOK, come_back, methods=["POST"])]
