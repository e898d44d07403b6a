"""The uvicorn HTTP protocol with its limits set and the size of request headers bounded.

uvicorn's fast parser takes a head of any length, for any time, so that four hundred connections that send a byte now
and then would keep everybody out. Here a head has so many headers, bytes and seconds; then the connection is closed.
"""

from asyncio import TimerHandle, Transport
from typing import Any

from uvicorn.protocols.http.flow_control import service_unavailable
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from domain.kernel import ErrorCode
from gateway.graphql.answers import code_response
from gateway.settings.limits import Server

_REFUSALS = {
    400: b"HTTP/1.1 400 Bad Request\r\n",
    408: b"HTTP/1.1 408 Request Timeout\r\n",
    431: b"HTTP/1.1 431 Request Header Fields Too Large\r\n",
}
_BODY = b'{"code":"BAD_INPUT"}'


class BoundedHttp(HttpToolsProtocol):
    """One connection. `bounds` are those of the server; subclasses made by `bounded_protocol` bear them."""

    bounds = Server()

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._in_head = True
        self._head_bytes = 0
        self._head_timer: TimerHandle | None = None
        self._body_timer: TimerHandle | None = None

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]
        """Begin to wait for the first head."""
        super().connection_made(transport)
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting."""
        self._head_is_there()
        self._body_is_there()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take in what came, as long as the head is within its bounds."""
        if self._in_head:
            self._await_head()
            self._head_bytes += len(data)
            # One chunk may hold a whole head and the beginning of a body; only an unfinished head is too long.
            if self._head_bytes > self.bounds.head_bytes and not _has_end(data):
                self._refuse(431)
                return
        super().data_received(data)

    def on_message_begin(self) -> None:
        """A head begins."""
        super().on_message_begin()
        self._in_head = True

    def on_headers_complete(self) -> None:
        """A head is there: look at its size before anything else does."""
        self._head_is_there()
        size = len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)
        if len(self.headers) > self.bounds.headers or size > self.bounds.head_bytes:
            self._refuse(431)
            raise HeadRefused
        self._body_is_there()
        self._body_timer = self.loop.call_later(self.bounds.body_seconds, self._body_is_late)
        super().on_headers_complete()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - uvicorn's shape
        """Answer what is no HTTP, once, with a code instead of uvicorn's words."""
        if not self.transport.is_closing():
            self._refuse(400)

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        super()._start_asgi_task(cycle, full_house if app is service_unavailable else app)

    def _await_head(self) -> None:
        if self._head_timer is None:
            self._head_timer = self.loop.call_later(self.bounds.head_seconds, self._head_is_late)

    def _head_is_there(self) -> None:
        self._in_head = False
        self._head_bytes = 0
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def on_message_complete(self) -> None:
        """A request is there; what comes next begins with a head."""
        self._body_is_there()
        super().on_message_complete()
        self._in_head = True

    def _head_is_late(self) -> None:
        self._head_timer = None
        if self._in_head and not self.transport.is_closing():
            self._refuse(408)

    def _body_is_there(self) -> None:
        if self._body_timer is not None:
            self._body_timer.cancel()
            self._body_timer = None

    def _body_is_late(self) -> None:
        self._body_timer = None
        if self.transport.is_closing():
            return
        if self.cycle is None or self.cycle.response_started:
            self.transport.close()
        else:
            self._refuse(408)

    def _refuse(self, status: int) -> None:
        length = b"content-length: %d\r\n" % len(_BODY)
        head = _REFUSALS[status] + b"content-type: application/json\r\nconnection: close\r\n" + length
        self.transport.write(head + b"x-content-type-options: nosniff\r\ncache-control: no-store\r\n\r\n" + _BODY)
        self.transport.close()


full_house: Any = code_response(ErrorCode.OVERLOADED, 503, {"Retry-After": "1"})
"""The answer where there are too many connections, with a code and a time; uvicorn's own has neither."""


class HeadRefused(Exception):
    """Ends the parsing of a head that was answered already."""


def bounded_protocol(server: Server) -> type[BoundedHttp]:
    """The protocol with the bounds of these settings."""
    return type("BoundedHttp", (BoundedHttp,), {"bounds": server})


def server_options(server: Server) -> dict[str, Any]:
    """Every option of uvicorn that these settings decide (docs/reliability.md sections 1 and 4)."""
    return {
        "http": bounded_protocol(server),
        "ws": "websockets-sansio",
        "access_log": False,
        "log_config": None,
        "server_header": False,
        "proxy_headers": bool(server.trusted_proxies),
        "forwarded_allow_ips": server.trusted_proxies,
        "limit_concurrency": server.concurrency,
        "backlog": server.backlog,
        "timeout_keep_alive": server.keep_alive_seconds,
        "timeout_graceful_shutdown": server.drain_seconds,
        "ws_max_size": server.websocket_bytes,
        "ws_max_queue": 8,
        "ws_ping_interval": 20.0,
        "ws_ping_timeout": 20.0,
        "ws_per_message_deflate": False,
    }


def _has_end(data: bytes) -> bool:
    return b"\r\n\r\n" in data or b"\n\n" in data
