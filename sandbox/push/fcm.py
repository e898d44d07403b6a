"""FCM HTTP v1 and the token endpoint of Google's accounts (docs/contracts/messages.md section 6.1)."""

import json
import re
import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.city.kit import Fault, SandboxHome
from sandbox.city.magic import SpoilAnswer
from sandbox.push.installations import Installations

SCOPE = "https://www.googleapis.com/auth/firebase.messaging"
GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
LARGEST, LONGEST_TTL, TOKEN_SECONDS = 4096, 4 * 7 * 24 * 3600, 3599
A_MINUTE, DEVICE_A_MINUTE = timedelta(minutes=1), 240
STATUSES = {400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 404: "NOT_FOUND"}
STATUSES |= {429: "RESOURCE_EXHAUSTED", 500: "INTERNAL", 503: "UNAVAILABLE"}
_RESERVED = re.compile(r"from|message_type|google\..*|gcm\..*")
_TTL = re.compile(r"(\d{1,9})(?:\.\d{1,9})?s")
_REGISTRATION = re.compile(r"[\w-]{20,30}:APA91b[\w-]{100,200}")


class Refused(Exception):
    """A request that FCM answers by an error: its status, its code of FCM where it has one, the field that is wrong."""

    def __init__(self, status: int, code: str | None = None, field: str | None = None, wait: int | None = None) -> None:
        super().__init__(code or status)
        self.status, self.code, self.field, self.wait = status, code, field, wait

    def answer(self, request: Request) -> Response:
        """The error in Google's form."""
        request.state.ledger_effect = f"refused {self.code or self.status}"
        details: list[dict[str, Any]] = []
        if self.code:
            details.append({"@type": "type.googleapis.com/google.firebase.fcm.v1.FcmError", "errorCode": self.code})
        if self.field:
            violation = {"field": self.field, "description": "Invalid value"}
            details.append({"@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": [violation]})
        error = {"code": self.status, "message": "Refused.", "status": STATUSES[self.status], "details": details}
        headers = None if self.wait is None else {"Retry-After": str(self.wait)}
        return JSONResponse({"error": error}, self.status, headers)


class FcmServer:
    """One project and its service account."""

    def __init__(self, home: SandboxHome, installations: Installations) -> None:
        self._home, self._state, self._installed = home, home.state, installations
        self._account = self._state.get_or_create("account", "fcm", _new_account)
        self._key = RSAKey.import_key(self._account["private_key"])
        self._sent: dict[str, list[datetime]] = {}

    @property
    def handed_over(self) -> dict[str, str]:
        """The file of keys that Google gives for the account."""
        return {**self._account, "type": "service_account", "token_uri": self._token_uri}

    def routes(self) -> list[Route]:
        """Both endpoints."""
        return [
            Route("/token", self.token, methods=["POST"]),
            Route("/v1/projects/{project}/messages:send", self.send, methods=["POST"]),
        ]

    async def token(self, request: Request) -> Response:
        """An access token for an assertion that the account signed."""
        form = await request.form(max_files=0, max_fields=5)
        wrong = self._wrong_assertion(str(form.get("grant_type")), str(form.get("assertion")))
        if wrong is not None:
            request.state.ledger_effect = f"refused {wrong}"
            return JSONResponse({"error": "invalid_grant", "error_description": wrong}, 400)
        given = f"ya29.sandbox-{secrets.token_urlsafe(40)}"
        until = self._home.clock.now() + timedelta(seconds=TOKEN_SECONDS)
        self._state.put("token", given, {"until": until.isoformat()})
        request.state.ledger_effect = "token issued"
        return JSONResponse({"access_token": given, "expires_in": TOKEN_SECONDS, "token_type": "Bearer"})

    async def send(self, request: Request) -> Response:
        """One message to one device."""
        try:
            return await self._send(request)
        except Refused as refused:
            return refused.answer(request)

    async def _send(self, request: Request) -> Response:
        self._admit(request)
        body = await request.body()
        message = _message_of(body)
        kind, token = _target_of(message)
        _check_content(message)
        known = self._installed.find(token, "ANDROID")
        if known is None:
            well_formed = kind == "fid" or _REGISTRATION.fullmatch(token)
            raise Refused(404, "UNREGISTERED") if well_formed else Refused(400, "INVALID_ARGUMENT", f"message.{kind}")
        self._refuse_by_fate(known["fate"])
        self._refuse_rate(token)
        key = (message.get("android") or {}).get("collapse_key")
        if key is not None and not self._installed.note_collapse_key(token, str(key)):
            raise Refused(400, "INVALID_ARGUMENT", "message.android.collapse_key")
        name = f"projects/{self._account['project_id']}/messages/0:{secrets.token_hex(12)}"
        shown = {**message.get("notification", {}), **(message.get("android") or {}).get("notification", {})}
        self._installed.take(name, token, shown, message)
        request.state.ledger_key, request.state.ledger_effect = name, "push taken"
        if known["fate"] == "answer_lost":
            raise SpoilAnswer(Fault("silence"))
        return JSONResponse({"name": name})

    @property
    def _token_uri(self) -> str:
        return f"{self._home.public_url}/token"

    def _wrong_assertion(self, grant: str, assertion: str) -> str | None:
        """Why an assertion is not taken; None for a good one."""
        if grant != GRANT:
            return "unsupported grant"
        try:
            found = jwt.decode(assertion, self._key, algorithms=["RS256"])
        except (JoseError, ValueError):
            return "Invalid JWT Signature."
        claims, now = found.claims, self._home.clock.now().timestamp()
        rules = {
            "kid": found.header.get("kid") == self._account["private_key_id"],
            "iss": claims.get("iss") == self._account["client_email"],
            "scope": claims.get("scope") == SCOPE,
            "aud": claims.get("aud") == self._token_uri,
            "times": _fits_times(claims.get("iat"), claims.get("exp"), now),
        }
        return next((f"Invalid JWT: {name}" for name, fits in rules.items() if not fits), None)

    def _admit(self, request: Request) -> None:
        """Refuse who has no token of ours that holds, or asks for another project."""
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        known = self._state.get("token", given) if scheme == "Bearer" else None
        if known is None or datetime.fromisoformat(known["until"]) <= self._home.clock.now():
            raise Refused(401)
        if request.path_params["project"] != self._account["project_id"]:
            raise Refused(403)

    def _refuse_by_fate(self, fate: str) -> None:
        match fate:
            case "uninstalled":
                raise Refused(404, "UNREGISTERED")
            case "busy":
                raise Refused(429, "QUOTA_EXCEEDED", wait=30)
            case "down":
                raise Refused(503, "UNAVAILABLE", wait=20)
            case "another_project":
                raise Refused(403, "SENDER_ID_MISMATCH")

    def _refuse_rate(self, token: str) -> None:
        now = self._home.clock.now()
        sent = [at for at in self._sent.get(token, ()) if now - at < A_MINUTE]
        if len(sent) >= DEVICE_A_MINUTE:
            raise Refused(429, "QUOTA_EXCEEDED", wait=60)
        self._sent[token] = [*sent, now]


def _new_account() -> dict[str, str]:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    form = serialization.PrivateFormat.PKCS8
    pem = key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode()
    return {
        "project_id": "apuni-sarkar-sandbox",
        "private_key_id": secrets.token_hex(20),
        "private_key": pem,
        "client_email": "messages@apuni-sarkar-sandbox.iam.example",
    }


def _fits_times(begins: object, ends: object, now: float) -> bool:
    if not isinstance(begins, int) or not isinstance(ends, int):
        return False
    return begins <= now + 300 and now < ends and ends - begins <= 3600


def _message_of(body: bytes) -> dict[str, Any]:
    try:
        message = json.loads(body)["message"]
    except (ValueError, KeyError, TypeError):
        raise Refused(400, "INVALID_ARGUMENT", "message") from None
    if not isinstance(message, dict):
        raise Refused(400, "INVALID_ARGUMENT", "message")
    return message


def _target_of(message: Mapping[str, Any]) -> tuple[str, str]:
    """The kind of target and its value; a topic or condition reaches nobody here."""
    named = [each for each in ("token", "fid", "topic", "condition") if message.get(each)]
    if len(named) != 1 or named[0] not in {"token", "fid"} or not isinstance(message[named[0]], str):
        raise Refused(400, "INVALID_ARGUMENT", "message.target")
    return named[0], message[named[0]]


def _check_content(message: Mapping[str, Any]) -> None:
    """Refuse data that are no texts or have reserved names, what is too large, and a life that is too long."""
    data, notification, android = (message.get(each) or {} for each in ("data", "notification", "android"))
    if not all(isinstance(each, dict) for each in (data, notification, android)):
        raise Refused(400, "INVALID_ARGUMENT", "message")
    if any(not isinstance(value, str) or _RESERVED.fullmatch(name) for name, value in data.items()):
        raise Refused(400, "INVALID_ARGUMENT", "message.data")
    if len(json.dumps([data, notification], ensure_ascii=False).encode()) > LARGEST:
        raise Refused(400, "INVALID_ARGUMENT", "message.size")
    if str(android.get("priority", "NORMAL")).upper() not in {"NORMAL", "HIGH"}:
        raise Refused(400, "INVALID_ARGUMENT", "message.android.priority")
    life = _TTL.fullmatch(str(android.get("ttl", "0s")))
    if life is None or int(life[1]) > LONGEST_TTL:
        raise Refused(400, "INVALID_ARGUMENT", "message.android.ttl")
