"""The treasury's sessions and encryption: opens requests before any route sees them, and closes their answers.

Written from docs/contracts/dbt_finance.md section 5.2; shares no code with our client. What the routes behind it see is
the inner message at `/jit/<service>`, so that faults and the ledger go by service.
"""

import base64
import json
import secrets
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import ECB
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sandbox.city.kit import SandboxHome
from sandbox.city.papers import new_signer, private_key
from sandbox.dbt_finance.bharat import Silence

AUTHENTICATE = "/webservices/jitfs/v1.0/authenticate"
DATA = "/webservices/jitfs/v1.0/get-jit-service-data"
NO_SESSION = "No valid session encryption key found, please authenticate."
HELD_FOR = timedelta(minutes=40)
"""How long a session is known; a client renews its own after 30 minutes."""
REFUSED = "jit.refused"
"""Key of the request's state: why it cannot be read."""


class Sealed(NamedTuple):
    """A request that was opened: its message, and the key for the answer."""

    service: str
    message: bytes
    answer_key: bytes


class Sessions:
    """Who has signed in, in memory: after a restart nobody has."""

    def __init__(self, home: SandboxHome, client: Callable[[], Mapping[str, str]]) -> None:
        self._home = home
        self._client = client
        self._keys = home.state.get_or_create("key", "jit", lambda: new_signer("treasury", home.clock.now()))
        self._open: dict[str, tuple[bytes, datetime]] = {}

    def public_key(self) -> str:
        """What onboarding hands over: Base64 of the DER form."""
        key = private_key(self._keys["key"]).public_key()
        form = serialization.PublicFormat.SubjectPublicKeyInfo
        return base64.b64encode(key.public_bytes(serialization.Encoding.DER, form)).decode()

    async def authenticate(self, request: Request) -> Response:
        """Give a token and a session key to who knows the client's secret."""
        if self._home.faults.match("silence", AUTHENTICATE):
            return Silence()
        client = self._client()
        given = request.headers.get("clientid", ""), request.headers.get("clientsecret", "")
        if given != (client["client_id"], client["client_secret"]):
            request.state.ledger_effect = "sign-in refused"
            return JSONResponse({"errorMsg": "Invalid client credentials."}, 401)
        try:
            asked = json.loads(await request.body())
            app_key = private_key(self._keys["key"]).decrypt(
                base64.b64decode(asked["appKey"], validate=True),
                padding.OAEP(padding.MGF1(hashes.SHA1()), hashes.SHA1(), None),  # noqa: S303 - the contract's own
            )
        except (ValueError, KeyError, TypeError):
            app_key = b""
        if len(app_key) != 32:
            request.state.ledger_effect = "sign-in refused"
            return JSONResponse({"errorMsg": "appKey is not valid."}, 400)
        token, session_key = secrets.token_urlsafe(24), secrets.token_bytes(32)
        self._open[token] = session_key, self._home.clock.now()
        request.state.ledger_effect = "session opened"
        return JSONResponse({"authToken": token, "sek": close(app_key, session_key)})

    def open_request(self, headers: Mapping[str, str], body: bytes) -> Sealed | str:
        """The message of a call, or why it cannot be read."""
        key, since = self._open.get(headers.get("authtoken", ""), (b"", self._home.clock.now()))
        if not key or abs(self._home.clock.now() - since) > HELD_FOR:
            return NO_SESSION
        if headers.get("content-type", "").partition(";")[0].strip() != "application/json":
            return "Content type is not JSON."
        try:
            sealed = json.loads(body)
            message, answer_key = open_text(key, sealed["params"]), open_text(key, sealed["rek"])
            inner = json.loads(message)
            service = inner.get("serviceId") or inner.get("serviceID")
        except (ValueError, KeyError, TypeError, AttributeError):
            return "Request is malformed."
        return Sealed(str(service), message, answer_key) if len(answer_key) == 32 else "Request key is not valid."

    def forget(self, _arguments: Mapping[str, Any]) -> dict[str, Any]:
        """End every session, as a restart of the treasury does."""
        ended = len(self._open)
        self._open.clear()
        return {"sessions": ended}


class Envelope:
    """ASGI middleware that opens calls and closes their answers; everything else passes as it is."""

    def __init__(self, app: ASGIApp, *, home: SandboxHome, sessions: Sessions) -> None:
        self._app = app
        self._home = home
        self._sessions = sessions

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Route a call by the service that its message names."""
        root = str(scope.get("root_path", ""))
        if scope["type"] != "http" or scope["path"] != root + DATA:
            inside = scope["type"] == "http" and scope["path"].startswith(f"{root}/jit/")
            await self._app({**scope, "path": f"{root}/unknown"} if inside else scope, receive, send)
            return
        body = await Request(scope, receive).body()
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        opened = self._sessions.open_request(headers, body)
        if isinstance(opened, str):
            await self._app({**scope, "state": {REFUSED: opened}}, _replay(body, receive), send)
            return
        path = f"{root}/jit/{opened.service}"
        inner = {**scope, "path": path, "raw_path": path.encode(), "state": {}}
        key = self._spoilt_key(f"/jit/{opened.service}") or opened.answer_key
        await self._app(inner, _replay(opened.message, receive), _close_answers(key, send))

    def _spoilt_key(self, route: str) -> bytes | None:
        """Another key than the request's, where a fault wants an answer that nobody can open."""
        return secrets.token_bytes(32) if self._home.faults.match("signature", route) else None


async def refuse_sealed(request: Request) -> Response:
    """The answer to a call that could not be opened: not closed, as no key for it is known."""
    reason = getattr(request.state, REFUSED, "Request is malformed.")
    request.state.ledger_effect = "session not known" if reason == NO_SESSION else "request not readable"
    return JSONResponse({"errorMsg": reason}, 500)


def close(key: bytes, content: bytes) -> str:
    """Base64 of AES-256-ECB with PKCS5 padding."""
    fill = 16 - len(content) % 16
    cipher = Cipher(AES(key), ECB()).encryptor()  # noqa: S305 - the contract's own
    return base64.b64encode(cipher.update(content + bytes([fill]) * fill) + cipher.finalize()).decode()


def open_text(key: bytes, text: str) -> bytes:
    """What was closed. Raises ValueError where it is not Base64 or does not unpad."""
    cipher = Cipher(AES(key), ECB()).decryptor()  # noqa: S305 - the contract's own
    content = cipher.update(base64.b64decode(text, validate=True)) + cipher.finalize()
    fill = content[-1] if content else 0
    if not 1 <= fill <= 16 or content[-fill:] != bytes([fill]) * fill:
        raise ValueError("does not unpad")
    return content[:-fill]


def _replay(body: bytes, receive: Receive) -> Receive:
    waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replay() -> Message:
        return waiting.pop() if waiting else await receive()

    return replay


def _close_answers(key: bytes, send: Send) -> Send:
    """A `send` that closes the answer of a service; what a fault made of it (a status, a page, a flood) stays open."""
    started: Message | None = None
    parts: list[bytes] = []

    async def send_closed(message: Message) -> None:
        nonlocal started
        if message["type"] == "http.response.start" and _is_message(message):
            started = message
        elif message["type"] == "http.response.body" and started is not None:
            parts.append(message.get("body", b""))
            if not message.get("more_body", False):
                sealed = close(key, b"".join(parts)).encode()
                headers = [(b"content-type", b"text/plain"), (b"content-length", str(len(sealed)).encode())]
                await send({"type": "http.response.start", "status": 200, "headers": headers})
                await send({"type": "http.response.body", "body": sealed})
        else:
            await send(message)

    return send_closed


def _is_message(start: Message) -> bool:
    headers = {name.lower(): value for name, value in start["headers"]}
    plain = b"content-encoding" not in headers and b"content-length" in headers
    return start["status"] == 200 and headers.get(b"content-type", b"").startswith(b"application/json") and plain
