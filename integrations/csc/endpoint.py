"""The door by which an operator's browser comes back from the wallet: `POST /hooks/csc`.

The message is opened with our key and CSC's signature checked, kept, and never believed: the payment is asked about at
CSC itself before anything is marked.
"""

import structlog
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from integrations.browser_returns import Returns, declined, returned_field, sent_on
from integrations.csc.bridge import CscBridge
from integrations.errors import Garbled

HOOK = "/hooks/csc"
_log = structlog.get_logger(__name__)


def wallet_routes(bridge: CscBridge, returns: Returns) -> list[Route]:
    """The route of the door. It needs no session: the browser comes from another site, without our cookie."""

    async def come_back(request: Request) -> Response:
        message = await returned_field(request, "bridgeResponseMessage")
        try:
            reference = bridge.open_return(message or "")
        except Garbled as error:
            _log.info("wallet_return_declined", code=error.code)
            return declined(400, "BAD_MESSAGE")
        return await sent_on(returns, reference, message or "")

    return [Route(HOOK, come_back, methods=["POST"])]
