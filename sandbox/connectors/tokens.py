"""A token endpoint for client credentials (RFC 6749 section 4.4) and the check of its tokens (RFC 6750)."""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import unquote_plus

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sandbox.city.kit import SandboxHome

TOKEN = timedelta(minutes=30)
CHALLENGE = {"WWW-Authenticate": 'Bearer error="invalid_token"'}


def new_secret() -> str:
    """A secret that is seen to be a sandbox's."""
    return f"sandbox-{secrets.token_urlsafe(24)}"


def is_same_secret(left: object, right: str) -> bool:
    """Compared in a time that says nothing of where they differ."""
    return isinstance(left, str) and hmac.compare_digest(left.encode(), right.encode())


class TokenEndpoint:
    """Tokens of one client; they are kept by their digests and survive a restart."""

    def __init__(self, home: SandboxHome, client: Mapping[str, str]) -> None:
        self._home, self._state = home, home.state
        self._client = client

    async def issue(self, request: Request) -> Response:
        """`POST`: the client comes by HTTP Basic or in the form."""
        form = await request.form(max_files=0, max_fields=10)
        client_id, secret = form.get("client_id"), form.get("client_secret")
        scheme, _, pair = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "basic":
            client_id, secret = basic_pair(pair)
        known = is_same_secret(client_id, self._client["client_id"])
        if not (is_same_secret(secret, self._client["client_secret"]) and known):
            request.state.ledger_effect = "client refused"
            return JSONResponse({"error": "invalid_client"}, 401, {"WWW-Authenticate": "Basic"})
        if form.get("grant_type") != "client_credentials":
            return JSONResponse({"error": "unsupported_grant_type"}, 400)
        token = secrets.token_urlsafe(32)
        self._state.put("token", _digest(token), {"ends": (self._home.clock.now() + TOKEN).isoformat()})
        request.state.ledger_effect = "token issued"
        told = {"access_token": token, "token_type": "Bearer", "expires_in": int(TOKEN.total_seconds())}
        return JSONResponse(told, headers={"Cache-Control": "no-store"})

    def holds(self, request: Request) -> bool:
        """Whether the request brings a token that holds; says so in the ledger where it does not."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        held = self._state.get("token", _digest(token)) if scheme.lower() == "bearer" else None
        if held is not None and datetime.fromisoformat(held["ends"]) > self._home.clock.now():
            return True
        request.state.ledger_effect = "no token"
        return False

    def end_tokens(self, _arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Let no token hold any more, as after thirty minutes."""
        tokens = self._state.values_of("token")
        for token in tokens:
            self._state.take("token", token)
        return {"ended": len(tokens)}


def basic_pair(pair: str) -> tuple[str, str]:
    """User and password of HTTP Basic; empty where it cannot be read. A client's are form-encoded."""
    try:
        user, _, password = base64.b64decode(pair, validate=True).decode().partition(":")
    except ValueError:
        return "", ""
    return unquote_plus(user), unquote_plus(password)


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
