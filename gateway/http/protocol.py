"""The uvicorn HTTP protocol with its limits set: heads are bounded, their Host is checked, refusals are readable.

uvicorn's fast parser takes a head of any length, for any time, so that four hundred connections that send a byte now
and then would keep everybody out. Here a head has so many headers, bytes and seconds; then the connection is closed.
"""

import re
from asyncio import TimerHandle, Transport
from functools import lru_cache
from typing import Any

from starlette.responses import Response
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from domain.kernel import ErrorCode, language_from_header
from gateway.graphql.answers import code_response, encode_json, problem_body
from gateway.http.admission import overload_refusal
from gateway.http.callers import Caller
from gateway.http.connections import NAME_THE_CALLER, Connections, Headers
from gateway.http.headers import EVERY_ANSWER, PLAIN_JSON, VARY, AnswerFormat, negotiate_media_type
from gateway.settings.limits import Server

_REFUSALS = {
    503: b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\n",
    400: b"HTTP/1.1 400 Bad Request\r\n",
    421: b"HTTP/1.1 421 Misdirected Request\r\n",
    408: b"HTTP/1.1 408 Request Timeout\r\n",
    431: b"HTTP/1.1 431 Request Header Fields Too Large\r\n",
}
_BODY = b'{"code":"%s"}'
_HOST = re.compile(rb"(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{0,5})?")
_GRAPH = b"/graphql"
_PROBES = frozenset({b"/health/live", b"/health/ready", b"/metrics"})
"""What is asked by probes, which name an address and no host of ours, and are answered in a full process too."""

LINGER_SECONDS = 1.0
LINGER_BYTES = 10_000_000
"""How much a client may still send after a refusal. A connection that is closed while something comes is reset, and
the client never reads the answer (RFC 9112 section 9.6)."""


class BoundedHttp(HttpToolsProtocol):
    """One connection. `bounds` are those of the server; subclasses made by `server_options` bear them.

    `hosts` are those by which the gateway may be called, in lower case; None is any. `waiting` has those that wait for
    a whole request.
    """

    bounds = Server()
    waiting = Connections()
    hosts: frozenset[str] | None = None

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._in_head = True
        self._head_bytes = 0
        self._head_timer: TimerHandle | None = None
        self._body_timer: TimerHandle | None = None
        self._in_body = False
        self._lingers: int | None = None
        self._is_refused = False
        self._refusal: tuple[TimerHandle, bytes, bool] | None = None
        """When the refusal of a request is sent, its octets, and whether the connection is kept after it."""
        self._asked_by: tuple[Headers, Caller] | None = None

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]
        """Begin to wait for the first head. In a full process another one that waits gives way."""
        super().connection_made(transport)
        self._await_head()
        self.waiting.wait_for_head(self, self._address)
        if self._is_full():
            self.waiting.make_room(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting."""
        self._head_is_there()
        self._body_is_there()
        if self._refusal is not None:
            self._refusal[0].cancel()
        self.waiting.forget(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take in what came, as long as the head is within its bounds."""
        if self._lingers is not None:
            self._lingers += len(data)
            if self._lingers > LINGER_BYTES:
                self.transport.abort()
            return
        if self._in_head:
            self._head_bytes += len(data)
            # One chunk may hold a whole head and the beginning of a body; only an unfinished head is too long.
            if self._head_bytes > self.bounds.head_bytes and not (b"\r\n\r\n" in data or b"\n\n" in data):
                self._refuse(431)
                return
        super().data_received(data)
        # Nearly every request comes in one piece, and no timer is made for it.
        if self._in_head and self._head_bytes:
            self._await_head()
        elif self._in_body and self._body_timer is None:
            self._body_timer = self.loop.call_later(self.bounds.body_seconds, self._body_is_late)
            self.waiting.wait_for_body(self, self._address, self.headers)

    def on_message_begin(self) -> None:
        """A head begins; what was refused before it is answered first."""
        self._send_refusal()
        self._unset_keepalive_if_required()
        self._is_refused = False
        super().on_message_begin()
        self._in_head, self._head_bytes = True, max(1, self._head_bytes)

    def on_headers_complete(self) -> None:
        """A head is there: look at its size before anything else does."""
        self._head_is_there()
        size = len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)
        if len(self.headers) > self.bounds.headers or size > self.bounds.head_bytes:
            self._refuse(431)
            raise HeadRefused
        wrong = self._refused_host()
        if wrong is not None:
            self._refuse(wrong)
            raise HeadRefused
        self._body_is_there()
        self._in_body = True
        if self._is_operation() and (self.cycle is None or self.cycle.response_complete):
            pause = self.waiting.refuses(self._caller)
            if pause is not None:
                self._refuse_soon(pause)
                return
        super().on_headers_complete()
        if self.cycle is not None:
            self.cycle.transport = _AnswerTransport(self, self.cycle)  # type: ignore[assignment]

    def close_gently(self) -> None:
        """Close; where a body is still coming drop it for a while first, so that the answer can be read."""
        if self._in_body:
            self._linger()
        else:
            self.transport.close()

    def _linger(self) -> None:
        self._head_is_there()
        self._body_is_there()
        if self._lingers is None and not self.transport.is_closing():
            self._lingers = 0
            if self.transport.can_write_eof():
                self.transport.write_eof()
            self.loop.call_later(LINGER_SECONDS, self.transport.close)

    def _refused_host(self) -> int | None:
        """The status for a request that does not name exactly one host, or not one of ours (RFC 9112 section 3.2)."""
        named = [value for name, value in self.headers if name == b"host"]
        host = named[0].lower() if named else b""
        if len(named) != 1 and not (not named and self.parser.get_http_version() == "1.0"):
            return 400
        path = self.url.partition(b"?")[0]
        absolute = b"" if path.startswith((b"/", b"*")) else path.partition(b"://")[2].partition(b"/")[0].lower()
        if (named and not _HOST.fullmatch(host)) or absolute not in (b"", host):
            return 400
        return None if self.hosts is None or path in _PROBES or host.decode() in self.hosts else 421

    def on_body(self, body: bytes) -> None:
        """Take in a part of the body; that of a refused request is dropped."""
        if not self._is_refused:
            super().on_body(body)

    def _is_operation(self) -> bool:
        """Whether the head is that of an operation of the graph that needs no other answer first."""
        return self.url.partition(b"?")[0] == _GRAPH and not (self.expect_100_continue or self.parser.should_upgrade())

    def _caller(self) -> Caller:
        """Who asks; requests of one connection that say the same of it are of one caller."""
        said = [each for each in self.headers if each[0] in NAME_THE_CALLER]
        if self._asked_by is None or self._asked_by[0] != said:
            self._asked_by = said, self.waiting.caller_of(self._address, said)
        return self._asked_by[1]

    def _refuse_soon(self, pause: float) -> None:
        """Answer this request by its head alone, a moment later."""
        named = dict(self.headers)
        said = (named.get(name, b"")[:200].decode("latin-1") for name in (b"accept", b"accept-language"))
        head, body = _overload_answer(*said)
        keeps = self.parser.get_http_version() != "1.0" and self.parser.should_keep_alive()
        own = b"".join(b"%s: %s\r\n" % each for each in self.server_state.default_headers)
        end = b"\r\n" if keeps else b"connection: close\r\n\r\n"
        answer = head + own + end + (b"" if self.parser.get_method() == b"HEAD" else body)
        self._is_refused, self._refusal = True, (self.loop.call_later(pause, self._send_refusal), answer, keeps)

    def _send_refusal(self) -> None:
        """Send the refusal now, and wait for the next request."""
        if self._refusal is None:
            return
        (timer, answer, keeps), self._refusal = self._refusal, None
        timer.cancel()
        if self.flow.write_paused:  # a client that asks on and reads nothing
            self.transport.abort()
        elif not self.transport.is_closing():
            self.transport.write(answer)
            if not keeps:
                self.close_gently()
            elif not self._in_body:
                self._await_request()

    def _await_request(self) -> None:
        self.server_state.total_requests += 1
        self._unset_keepalive_if_required()
        self.timeout_keep_alive_task = self.loop.call_later(self.timeout_keep_alive, self.timeout_keep_alive_handler)
        self.waiting.wait_for_head(self, self._address)

    def shutdown(self) -> None:
        """Close as soon as what was asked is answered."""
        self._send_refusal()
        super().shutdown()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - uvicorn's shape
        """Answer what is no HTTP, once, with a code instead of uvicorn's words."""
        if self._lingers is None and not self.transport.is_closing():
            self._refuse(400)

    def on_response_complete(self) -> None:
        """Wait for the next request."""
        super().on_response_complete()
        if self.cycle.response_complete and not self._in_body and not self.transport.is_closing():
            self.waiting.wait_for_head(self, self._address)

    def handle_websocket_upgrade(self) -> None:
        """Leave the connection to the protocol of sockets."""
        self.waiting.forget(self)
        super().handle_websocket_upgrade()

    def give_way(self) -> None:
        """Close, with a code where a request had begun."""
        self.connections.discard(self)
        if self.transport.is_closing():
            return
        if (self._head_bytes or self._in_body) and not self._has_answered():
            self._refuse(503)
        self.transport.close()

    def _has_answered(self) -> bool:
        if self._is_refused:
            return self._refusal is None
        return self._in_body and self.cycle is not None and self.cycle.response_started

    @property
    def _address(self) -> str | None:
        return self.client[0] if self.client else None

    def _is_full(self) -> bool:
        """Whether there are more connections than allowed; those that a proxy keeps for later do not count."""
        most = self.bounds.concurrency
        return len(self.connections) > most and len(self.connections) - self.waiting.idle_proxies > most

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        """Begin to answer. In a full process a stranger's stream gives way to somebody who is signed in."""
        if self._is_full() and cycle.scope["raw_path"] not in _PROBES and not self.waiting.make_room(self):
            caller = self.waiting.caller_of(self._address, list(cycle.scope["headers"]))
            if not (caller.signed_in and self.waiting.end_stranger()):
                app = full_house
        super()._start_asgi_task(cycle, app)

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
        self.waiting.forget(self)
        if not self._is_refused:
            super().on_message_complete()
        elif self._refusal is None:
            self._await_request()
        self._in_head = True

    def _head_is_late(self) -> None:
        self._head_timer = None
        if self._in_head and not self.transport.is_closing():
            self._refuse(408)

    def _body_is_there(self) -> None:
        self._in_body = False
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
        body = _BODY % (b"OVERLOADED" if status == 503 else b"BAD_INPUT")
        length = b"content-length: %d\r\n" % len(body)
        own = b"".join(b"%s: %s\r\n" % each for each in self.config.encoded_headers)
        head = _REFUSALS[status] + own + b"content-type: application/json\r\nconnection: close\r\n" + length
        self.transport.write(head + b"x-content-type-options: nosniff\r\ncache-control: no-store\r\n\r\n" + body)
        if status in (408, 503):  # nothing is coming, or there is no room to wait for it
            self.transport.close()
        else:
            self._linger()


full_house: Any = code_response(ErrorCode.OVERLOADED, 503, {"Retry-After": "1"})
"""The answer where there are too many connections, with a code and a time; uvicorn's own has neither."""


@lru_cache(256)
def _overload_answer(accept: str, languages: str) -> tuple[bytes, bytes]:
    """Head and body of the refusal of an operation, in the form and language asked for."""
    refusal, language = overload_refusal(), language_from_header(languages)
    media_type = (negotiate_media_type(accept) or AnswerFormat(PLAIN_JSON)).media_type
    headers = {**EVERY_ANSWER, **refusal.headers, "Vary": VARY, "Content-Language": language.value}
    body = encode_json(problem_body(refusal.problem, request_id=None, language=language))
    told = Response(body, refusal.status, headers, media_type=f"{media_type}; charset=utf-8")
    return b"HTTP/1.1 503 Service Unavailable\r\n" + b"".join(b"%s: %s\r\n" % each for each in told.raw_headers), body


class HeadRefused(Exception):
    """Ends the parsing of a head that was answered already."""


class _AnswerTransport:
    """The transport as one response sees it: its head goes out with what follows at once, and its end is gentle."""

    __slots__ = ("_connection", "_cycle", "_head", "_is_past_head", "_write", "is_closing")

    def __init__(self, connection: BoundedHttp, cycle: RequestResponseCycle) -> None:
        self._connection, self._cycle = connection, cycle
        self._write, self.is_closing = connection.transport.write, connection.transport.is_closing
        self._head: bytes | None = None
        self._is_past_head = False

    def write(self, data: bytes) -> None:
        """Send octets; the head waits for the turn of the event loop to end, for a stream's first part may be late."""
        if self._head is not None:
            data, self._head = self._head + data, None
        elif self._cycle.response_started and not self._is_past_head:
            self._head, self._is_past_head = data, True
            self._connection.loop.call_soon(self._send_head)
            return
        self._write(data)

    def close(self) -> None:
        """End the response."""
        self._send_head()
        self._connection.close_gently()

    def _send_head(self) -> None:
        if self._head is not None and not self.is_closing():
            self._write(self._head)
        self._head = None


def server_options(
    server: Server, hosts: frozenset[str] | None = None, waiting: Connections | None = None
) -> dict[str, Any]:
    """Every option of uvicorn that these settings decide (docs/reliability.md sections 1 and 4)."""
    waiting = waiting or Connections(server.trusted_proxies)
    return {
        "http": type("BoundedHttp", (BoundedHttp,), {"bounds": server, "hosts": hosts, "waiting": waiting}),
        "ws": "websockets-sansio",
        "access_log": False,
        "log_config": None,
        "server_header": False,
        "proxy_headers": bool(server.trusted_proxies),
        "forwarded_allow_ips": server.trusted_proxies,
        "backlog": server.backlog,
        "timeout_keep_alive": server.keep_alive_seconds,
        "timeout_graceful_shutdown": server.drain_seconds,
        "ws_max_size": server.websocket_bytes,
        "ws_max_queue": 8,
        "ws_ping_interval": 20.0,
        "ws_ping_timeout": 20.0,
        "ws_per_message_deflate": False,
    }
