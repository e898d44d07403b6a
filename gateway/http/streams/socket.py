"""graphql-transport-ws over an ASGI websocket: queries, mutations and subscriptions, within bounds.

Own and not Strawberry's: its handler parses, validates and executes by itself, past our guard, our errors and our
limits, keeps one context for a whole subscription, and knows neither slow readers nor the end of a session.
"""

import structlog
from starlette.datastructures import Headers
from starlette.requests import HTTPConnection
from starlette.types import Receive, Scope, Send

from gateway.http.headers import SESSION_COOKIE
from gateway.http.streams.connection import Connection
from gateway.http.streams.messages import SUBPROTOCOL, CloseCode, Handshake
from gateway.http.streams.streaming import Streaming

log = structlog.get_logger(__name__)


class SocketEndpoint:
    """An ASGI application for a WebSocketRoute."""

    def __init__(self, streaming: Streaming) -> None:
        self._streaming = streaming

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one socket until it is closed."""
        await receive()  # websocket.connect
        request = HTTPConnection(scope)
        if self._is_strange(request.headers):
            await send(_close(CloseCode.FORBIDDEN, ""))  # before the handshake is done, so it is answered with 403
            return
        if self._streaming.full:
            await send({"type": "websocket.accept", "subprotocol": _offered(scope)})
            await send(_close(CloseCode.TRY_AGAIN_LATER, "Try again later"))
            return
        if _offered(scope) is None:
            await send({"type": "websocket.accept"})
            await send(_close(CloseCode.SUBPROTOCOL, "Subprotocol not acceptable"))
            return
        with self._streaming.counted():
            await send({"type": "websocket.accept", "subprotocol": SUBPROTOCOL})
            connection = Connection(self._streaming, receive, send, _handshake(request))
            closing = await connection.serve()
        log.info("socket", code=closing.code if closing else None, messages=connection.messages)

    def _is_strange(self, headers: Headers) -> bool:
        """Whether a page of another origin asks. Browsers name the origin of their page, apps none or ours."""
        origin = headers.get("origin")
        return origin is not None and origin not in self._streaming.edge.origins


def _offered(scope: Scope) -> str | None:
    return SUBPROTOCOL if SUBPROTOCOL in scope.get("subprotocols", ()) else None


def _handshake(request: HTTPConnection) -> Handshake:
    """What the handshake says; without an Origin nobody vouches for the cookie."""
    by_page = request.headers.get("origin") is not None
    return Handshake(
        request.headers,
        request.cookies.get(SESSION_COOKIE) if by_page else None,
        request.headers.get("accept-language"),
        request.client.host if request.client else None,
    )


def _close(code: CloseCode, reason: str) -> dict[str, object]:
    return {"type": "websocket.close", "code": code.value, "reason": reason}
