"""APNs over HTTP/2 and TLS, served by hypercorn (docs/contracts/messages.md section 6.2).

Faults go by the routes of its ASGI application as everywhere. `refuse` and `tls` end the handshake, `blackhole` takes
the connection and says nothing.
"""

import asyncio
import contextlib
import json
import socket
import ssl
import uuid
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, cast

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypercorn.asyncio.tcp_server import TCPServer
from hypercorn.asyncio.worker_context import WorkerContext
from hypercorn.config import Config
from hypercorn.utils import wrap_app
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from sandbox.city.connected import ConnectionSet
from sandbox.city.faults import Faults
from sandbox.city.kit import Fault, SandboxHome
from sandbox.city.magic import SpoilAnswer
from sandbox.push.installations import Installations

TOPIC, TEAM, KEY_ID = "in.gov.uk.apunisarkar", "TEAM123456", "ABC123DEFG"
LARGEST, LONGEST_COLLAPSE_ID = 4096, 64
OLDEST, RENEWED_AFTER, SKEW = timedelta(hours=1), timedelta(minutes=20), timedelta(minutes=5)


class Refused(Exception):
    """A request that APNs answers by a reason; `since` is when a device was gone."""

    def __init__(self, status: int, reason: str, since: datetime | None = None, wait: int | None = None) -> None:
        super().__init__(reason)
        self.status, self.reason, self.since, self.wait = status, reason, since, wait

    def answer(self, request: Request, name: str) -> Response:
        """The reason in Apple's form."""
        request.state.ledger_effect = f"refused {self.reason}"
        told: dict[str, Any] = {"reason": self.reason}
        told |= {} if self.since is None else {"timestamp": int(self.since.timestamp() * 1000)}
        headers = {"apns-id": name} | ({} if self.wait is None else {"Retry-After": str(self.wait)})
        return JSONResponse(told, self.status, headers)


class ApnsServer:
    """One app and the key of its team."""

    def __init__(self, home: SandboxHome, installations: Installations) -> None:
        self._home, self._state, self._installed = home, home.state, installations
        self._account = self._state.get_or_create("account", "apns", _new_account)
        self._key = ECKey.import_key(self._account["private_key"])
        self._shown: dict[str, tuple[str, datetime]] = {}

    @property
    def handed_over(self) -> dict[str, str]:
        """What Apple gives for the key."""
        return {**self._account, "team_id": TEAM, "key_id": KEY_ID, "topic": TOPIC}

    def routes(self) -> list[Route]:
        """Its one endpoint."""
        return [Route("/3/device/{token}", self.send, methods=["POST"])]

    async def send(self, request: Request) -> Response:
        """One notification to one device."""
        name = request.headers.get("apns-id") or str(uuid.UUID(int=uuid.getnode()))
        try:
            self._refuse_version(request)
            self._admit(request.headers.get("authorization", ""), str(request.client))
            body = _payload_of(await request.body())
            _check_headers(request.headers)
            known = self._device(str(request.path_params["token"]))
        except Refused as refused:
            return refused.answer(request, name)
        told = {**body, "headers": {each: value for each, value in request.headers.items() if each.startswith("apns-")}}
        self._installed.take(name, str(request.path_params["token"]), body["aps"]["alert"], told)
        request.state.ledger_key, request.state.ledger_effect = name, "push taken"
        if known["fate"] == "answer_lost":
            raise SpoilAnswer(Fault("silence"))
        return Response(None, 200, {"apns-id": name})

    def _refuse_version(self, request: Request) -> None:
        if request.scope["http_version"] != "2":
            raise Refused(400, "HTTP2Required")

    def _admit(self, authorization: str, line: str) -> None:
        """Refuse a provider token that is not of our key, is too old, or changes too often on one connection."""
        scheme, _, given = authorization.partition(" ")
        if scheme.lower() != "bearer" or not given:
            raise Refused(403, "MissingProviderToken")
        try:
            found = jwt.decode(given, self._key, algorithms=["ES256"])
        except (JoseError, ValueError):
            raise Refused(403, "InvalidProviderToken") from None
        issued, now = found.claims.get("iat"), self._home.clock.now()
        if found.header.get("kid") != KEY_ID or found.claims.get("iss") != TEAM or not isinstance(issued, int):
            raise Refused(403, "InvalidProviderToken")
        age = now.timestamp() - issued
        if age > OLDEST.total_seconds():
            raise Refused(403, "ExpiredProviderToken")
        if age < -SKEW.total_seconds():
            raise Refused(403, "InvalidProviderToken")
        shown, since = self._shown.get(line, (given, now))
        if shown != given and now - since < RENEWED_AFTER:
            raise Refused(429, "TooManyProviderTokenUpdates")
        self._shown[line] = (given, since if shown == given else now)

    def _device(self, token: str) -> dict[str, Any]:
        """The device, if it takes messages."""
        known = self._installed.find(token, "IOS")
        if known is None:
            raise Refused(400, "BadDeviceToken")
        match known["fate"]:
            case "uninstalled":
                raise Refused(410, "Unregistered", datetime.fromisoformat(known["gone_at"]))
            case "busy":
                raise Refused(429, "TooManyRequests", wait=30)
            case "down":
                raise Refused(503, "ServiceUnavailable")
            case "another_project":
                raise Refused(400, "DeviceTokenNotForTopic")
        return known


class _Gone(Exception):
    """The caller hung up."""


class _Connection(TCPServer):
    """One connection. The library would keep one that is gone until it had been idle for long or all was sent."""

    async def _read_data(self) -> None:
        await super()._read_data()
        await self.idle_task.stop()
        raise _Gone


class ApnsService:
    """Listens with HTTP/2 over TLS on a socket that is bound already."""

    def __init__(
        self, app: ASGIApp, faults: Faults, place: socket.socket, contexts: Mapping[str, ssl.SSLContext]
    ) -> None:
        self._app, self._faults, self._place, self._contexts = app, faults, place, contexts
        self._config = Config()
        self._config.errorlog = None
        self._config.accesslog = None
        self._config.keep_alive_timeout = 60
        self._server: asyncio.Server | None = None
        self.connections = ConnectionSet(self._serve)
        for each in contexts.values():
            each.set_alpn_protocols(["h2"])
        contexts["good"].sni_callback = self._choose_context

    async def start(self) -> None:
        """Take connections."""
        take = self.connections.accept_connection
        self._server = await asyncio.start_server(take, sock=self._place, ssl=self._contexts["good"])

    async def stop(self) -> None:
        """Cut every connection and close the port."""
        if self._server is not None:
            self._server.close()
        await self.connections.end()
        self._place.close()

    def _choose_context(self, line: ssl.SSLObject, _name: str | None, _context: ssl.SSLContext) -> int | None:
        """The certificate that a fault asks for; an alert where there is to be no connection."""
        if self._faults.match("refuse", "*"):
            return ssl.ALERT_DESCRIPTION_INTERNAL_ERROR
        fault = self._faults.match("tls", "*")
        trouble = str(fault.params.get("trouble", "expired")) if fault else "good"
        if trouble not in self._contexts:
            return ssl.ALERT_DESCRIPTION_INTERNAL_ERROR
        line.context = self._contexts[trouble]
        return None

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._faults.match("blackhole", "*"):
            await reader.read(-1)
            return
        loop, app = asyncio.get_running_loop(), wrap_app(cast("Any", self._app), LARGEST, None)
        serving = loop.create_task(_Connection(app, loop, self._config, WorkerContext(None), {}, reader, writer).run())
        try:
            await asyncio.wait([serving])
        except asyncio.CancelledError:  # the library ends a connection well only by itself, once it is cut
            writer.transport.abort()
            await asyncio.wait([serving])
        with contextlib.suppress(ExceptionGroup):
            serving.result()


def _new_account() -> dict[str, str]:
    key, form = ec.generate_private_key(ec.SECP256R1()), serialization.PrivateFormat.PKCS8
    pem = key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode()
    return {"private_key": pem}


def _payload_of(body: bytes) -> dict[str, Any]:
    if len(body) > LARGEST:
        raise Refused(413, "PayloadTooLarge")
    try:
        payload = json.loads(body)
        alert = payload["aps"]["alert"]
    except (ValueError, KeyError, TypeError):
        raise Refused(400, "PayloadEmpty") from None
    if not isinstance(alert, dict) or not alert.get("title") or not alert.get("body"):
        raise Refused(400, "PayloadEmpty")
    return dict(payload)


def _check_headers(headers: Mapping[str, str]) -> None:
    """Refuse another app, and what is no way to deliver."""
    try:
        uuid.UUID(headers.get("apns-id", str(uuid.NAMESPACE_URL)))
    except ValueError:
        raise Refused(400, "BadMessageId") from None
    rules = {
        "MissingTopic": bool(headers.get("apns-topic")),
        "TopicDisallowed": headers.get("apns-topic") == TOPIC,
        "InvalidPushType": headers.get("apns-push-type") == "alert",
        "BadPriority": headers.get("apns-priority") in {"5", "10"},
        "BadExpirationDate": headers.get("apns-expiration", "0").isdigit(),
        "BadCollapseId": len(headers.get("apns-collapse-id", "").encode()) <= LONGEST_COLLAPSE_ID,
    }
    wrong = next((reason for reason, fits in rules.items() if not fits), None)
    if wrong is not None:
        raise Refused(400, wrong)
