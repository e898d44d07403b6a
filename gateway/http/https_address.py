"""What an address with https adds to every request and answer: cookies bound to the host, and HSTS."""

from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.http.headers import HOST_PREFIX, OWN_COOKIES

STRICT_TRANSPORT = "max-age=31536000"
"""A year (RFC 6797 section 6.1.1). Not for hosts below ours: those are other people's."""


class HttpsGateway(Starlette):
    """An application whose every answer goes through `HttpsAddress`, also that to an exception nobody caught."""

    def build_middleware_stack(self) -> ASGIApp:
        """See Starlette, whose own answer to such an exception comes from outside of all middleware."""
        return HttpsAddress(super().build_middleware_stack())


class HttpsAddress:
    """Gives our cookies the prefix `__Host-`, and reads none of ours without it.

    A browser takes such a name from this very host alone, with Secure and Path=/ (draft-ietf-httpbis-rfc6265bis): a
    sibling host cannot put its own session or transaction into a browser. Handlers use the plain names.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in ("http", "websocket"):
            headers = [
                (name, _plain_cookies(value) if name == b"cookie" else value) for name, value in scope["headers"]
            ]
            scope = {**scope, "headers": headers}

        async def send_secure(message: Message) -> None:
            if message["type"] == "http.response.start":
                told = [
                    (name, _host_cookie(value) if name == b"set-cookie" else value)
                    for name, value in message["headers"]
                ]
                message = {**message, "headers": told}
                MutableHeaders(scope=message)["Strict-Transport-Security"] = STRICT_TRANSPORT
            await send(message)

        await self._app(scope, receive, send_secure)


def _plain_cookies(value: bytes) -> bytes:
    """A Cookie header by the plain names, without those of ours that any host may have set."""
    parts = (part.strip() for part in value.split(b";"))
    return b"; ".join(part.removeprefix(HOST_PREFIX) for part in parts if not part.startswith(OWN_COOKIES))


def _host_cookie(value: bytes) -> bytes:
    return HOST_PREFIX + value if value.startswith(OWN_COOKIES) else value
