"""The middleware of every sandbox: applies faults to responses and records each request in the ledger."""

import gzip
import json
from collections.abc import Awaitable, Callable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Match
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from domain.kernel import Clock
from sandbox.city.faults import ANSWER_KINDS, Arrival, Fault, Faults
from sandbox.city.magic import SpoilAnswer, magic_fault
from sandbox.city.records import Ledger

DOOR = "city.door"
"""Key of the ASGI scope under which the city puts the faults of the proxy that the request came through."""

BODY_LIMIT = 32_000_000
"""Bytes of a request body that a sandbox takes; more is answered 413."""

_LOGIN_PAGE = (
    "<!doctype html><html><head><title>Sign in</title></head><body><h1>Session expired</h1>"
    "<form method='post'><input name='user'><input name='password' type='password'></form></body></html>"
)


class FaultAnswers:
    """ASGI middleware around the routes of one sandbox."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        routes: tuple[BaseRoute, ...],
        faults: Faults,
        ledger: Ledger,
        clock: Clock,
        own_kinds: frozenset[str] = frozenset(),
    ) -> None:
        self._app = app
        self._routes = routes
        self._faults = faults
        self._ledger = ledger
        self._clock = clock
        self._kinds = ANSWER_KINDS - own_kinds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Record the request, then answer it, spoiled where a fault holds."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        body = await _body(receive)
        if body is None:
            await PlainTextResponse("body too large", 413)(scope, receive, send)
            return
        path, pattern = _names(scope, self._routes)
        scope["state"] = state = dict(scope.get("state") or {})
        seq = self._ledger.record(scope["method"], pattern, None, body, None)
        spoiled: list[str] = []
        door = scope.get(DOOR) or self._faults
        try:
            with self._faults.decide_for_request(door, (pattern, path), bearer=_has_bearer(scope)) as arrival:
                asked = magic_fault(scope.get("raw_path") or b"", scope.get("query_string", b""), body)
                if asked is not None and not any(arrival.decided.values()):
                    arrival.decided[asked] = True
                await self._in_pace(door, arrival, spoiled, scope, _replay_body(body, receive), send)
        finally:
            effect = "; ".join([*spoiled, *filter(None, [state.get("ledger_effect")])])
            self._ledger.finish(seq, state.get("ledger_key"), effect or None)

    async def _in_pace(
        self, door: Faults, arrival: Arrival, spoiled: list[str], scope: Scope, receive: Receive, send: Send
    ) -> None:
        """Answer as fast and as often as the system's profile says."""
        pace = door.pace
        if pace.refuses(self._clock):
            spoiled.append("over the rate limit")
            wait = {"Retry-After": str(pace.profile.retry_after)}
            await JSONResponse({"message": "Too Many Requests"}, 429, wait)(scope, receive, send)
            return
        if pace.profile.latency:
            await self._clock.sleep(pace.latency())
        try:
            await self._answer(arrival, spoiled, scope, receive, send)
        except SpoilAnswer as asked:
            spoiled.append(f"fault {asked.fault.kind}")
            await self._spoil(asked.fault, scope, receive, send)

    async def _spoil(self, fault: Fault, scope: Scope, receive: Receive, send: Send) -> None:
        """The answer of a fault that a handler found: the handler is not asked again."""

        async def send_empty_answer(scope: Scope, receive: Receive, send: Send) -> None:
            await JSONResponse({})(scope, receive, send)

        if fault.kind == "latency":
            await self._clock.sleep(float(fault.params.get("seconds", 1.0)))
            fault = Fault("status", params={"status": 504})
        await _SPOILERS[fault.kind](fault, send_empty_answer, scope, receive, send)

    async def _answer(self, arrival: Arrival, spoiled: list[str], scope: Scope, receive: Receive, send: Send) -> None:
        holding = [fault for fault, holds in arrival.decided.items() if holds and fault.kind in self._kinds]
        spoiled.extend(f"fault {fault.kind}" for fault in holding)
        for fault in holding:
            if fault.kind == "latency":
                await self._clock.sleep(float(fault.params.get("seconds", 1.0)))
        spoiler = next((fault for fault in holding if fault.kind != "latency"), None)
        if spoiler is None:
            await self._app(scope, receive, send)
        else:
            await _SPOILERS[spoiler.kind](spoiler, self._app, scope, receive, send)


_TOO_DEEP = 20_000
"""Brackets within each other: more than readers of JSON take, and fewer bytes than any answer may have."""

Spoiler = Callable[[Fault, ASGIApp, Scope, Receive, Send], Awaitable[None]]


async def _status(fault: Fault, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    """A status instead of the answer; with `after` the work is done first and only its answer is lost."""
    if fault.params.get("after"):
        await _collect_answer(app, scope, receive)
    headers = {"Retry-After": str(fault.params["retryAfter"])} if "retryAfter" in fault.params else None
    text = str(fault.params.get("body", "the sandbox was told to answer so"))
    await PlainTextResponse(text, int(fault.params.get("status", 500)), headers)(scope, receive, send)


async def _token_expired(fault: Fault, _app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    """401 as RFC 6750 section 3.1 words it."""
    words = {"error": "invalid_token", "error_description": "The access token expired"}
    challenge = {"WWW-Authenticate": 'Bearer error="invalid_token"'}
    await JSONResponse(words, int(fault.params.get("status", 401)), challenge)(scope, receive, send)


async def _html(_fault: Fault, _app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    """A login page with 200, as a proxy or an expired portal session gives."""
    await HTMLResponse(_LOGIN_PAGE)(scope, receive, send)


async def _answer_malformed(fault: Fault, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    """The true answer, then spoiled. `shape`: syntax (default), types, missing or deep."""
    status, headers, body = await _collect_answer(app, scope, receive)
    media_type = headers.get("content-type", "application/octet-stream")
    shape = str(fault.params.get("shape", "syntax"))
    await Response(_spoil(body, media_type, shape), status, media_type=media_type)(scope, receive, send)


async def _oversize(fault: Fault, _app: ASGIApp, _scope: Scope, _receive: Receive, send: Send) -> None:
    """50 MB without a declared length, or with `gzip` the same packed small."""
    size = int(fault.params.get("bytes", 50_000_000))
    headers = [(b"content-type", str(fault.params.get("mediaType", "application/json")).encode())]
    if fault.params.get("gzip"):
        packed = _gzip_padding(size)
        headers += [(b"content-encoding", b"gzip"), (b"content-length", str(len(packed)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": packed})
        return
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    for chunk in _padding_chunks(size):
        await send({"type": "http.response.body", "body": chunk, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


async def _silence(_fault: Fault, _app: ASGIApp, _scope: Scope, receive: Receive, send: Send) -> None:
    """The headers, and then nothing until the caller goes away."""
    headers = [(b"content-type", b"application/json"), (b"content-length", b"1000")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    while (await receive())["type"] != "http.disconnect":
        pass


_SPOILERS: Mapping[str, Spoiler] = {
    "status": _status,
    "token_expired": _token_expired,
    "html": _html,
    "malformed": _answer_malformed,
    "oversize": _oversize,
    "silence": _silence,
}


def _names(scope: Scope, routes: tuple[BaseRoute, ...]) -> tuple[str, str]:
    """The request's path below the system, and the pattern of the route that takes it.

    An unknown path is named `(unknown)`, so that what a caller typed never reaches the ledger.
    """
    path = str(scope["path"]).removeprefix(str(scope.get("root_path", "")))
    for route in routes:
        if route.matches(scope)[0] is not Match.NONE:
            return path, str(getattr(route, "path", "(unknown)"))
    return path, "(unknown)"


def _has_bearer(scope: Scope) -> bool:
    """Whether a token came in the header, also a bare one as Parichay takes it, or in the query (RFC 6750 section 2.3).

    An HTTP Basic pair is none.
    """
    given = [value for name, value in scope["headers"] if name == b"authorization"]
    in_query = b"access_token=" in scope.get("query_string", b"")
    return in_query or any(value and value[:6].lower() != b"basic " for value in given)


async def _body(receive: Receive) -> bytes | None:
    chunks: list[bytes] = []
    while True:
        message = await receive()
        chunks.append(message.get("body", b""))
        if sum(map(len, chunks)) > BODY_LIMIT:
            return None
        if not message.get("more_body", False):
            return b"".join(chunks)


def _replay_body(body: bytes, receive: Receive) -> Receive:
    waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replay() -> Message:
        return waiting.pop() if waiting else await receive()

    return replay


async def _collect_answer(app: ASGIApp, scope: Scope, receive: Receive) -> tuple[int, dict[str, str], bytes]:
    status, headers, chunks = 500, {}, []

    async def collect(message: Message) -> None:
        nonlocal status, headers
        if message["type"] == "http.response.start":
            status = message["status"]
            headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in message["headers"]}
        elif message["type"] == "http.response.body":
            chunks.append(message.get("body", b""))

    await app(scope, receive, collect)
    return status, headers, b"".join(chunks)


def _spoil(body: bytes, media_type: str, shape: str) -> bytes:
    """The body cut and broken, or nested deep; or of right syntax with wrong types, or with its fields missing."""
    if shape == "syntax":
        return body[: len(body) // 2] + b"\x00<{"
    if "json" not in media_type:
        return b"<unexpected/>"
    if shape == "deep":
        return b"[" * _TOO_DEEP
    return json.dumps(_change_types(json.loads(body)) if shape == "types" else {}).encode()


def _change_types(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _change_types(item) for name, item in value.items()}
    return [{"unexpected": True}]


@lru_cache(maxsize=2)
def _gzip_padding(size: int) -> bytes:
    return gzip.compress(b"".join(_padding_chunks(size)))


def _padding_chunks(size: int) -> Iterator[bytes]:
    yield b'{"padding": "'
    left = size - 15
    while left > 0:
        yield b"a" * min(left, 65_536)
        left -= 65_536
    yield b'"}'
