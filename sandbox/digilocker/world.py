"""The state of the DigiLocker sandbox: its client, its citizens, their consents and tokens.

Written from docs/contracts/digilocker.md and docs/contracts/sso.md, apart from the client that is tested against it.
"""

import base64
import hashlib
import hmac
import secrets
import uuid
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse

from sandbox.city import SandboxHome

CALLBACK = "/sign-in/callback/meri-pehchaan"
"""Path of the gateway's registered redirect URI; its origin follows the gateway."""

ACCESS_SECONDS = 3600
OLDEST_SECONDS, EARLIEST_SECONDS = 30 * 60, 60
CONSENT_SECONDS = 365 * 86400
SCOPES = frozenset({"openid", "userdetails", "files.issueddocs", "files.uploadeddocs"})


class World:
    """Shared by the modules of this sandbox."""

    def __init__(self, home: SandboxHome) -> None:
        self.home = home
        self.state = home.state
        self.client = self.state.get_or_create("client", "gateway", _new_client)
        self._drop_expired(("request", "code", "access"))

    @property
    def redirect_uri(self) -> str:
        """The one registered redirect URI."""
        return self.home.gateway_url.rstrip("/") + CALLBACK

    @property
    def people(self) -> list[Mapping[str, Any]]:
        """The demo citizens who have a locker."""
        rows = self.home.demo.get("people") or []
        return list(rows["people"] if isinstance(rows, Mapping) else rows)

    def person(self, key: str) -> Mapping[str, Any] | None:
        """A citizen by the key of the demo data."""
        return next((row for row in self.people if row["key"] == key), None)

    def owner(self, locker_id: str) -> Mapping[str, Any]:
        """The citizen of a locker; KeyError where there is none."""
        return {row["locker_id"]: row for row in self.people}[locker_id]

    def stranger(self, locker_id: str) -> Mapping[str, Any]:
        """Another citizen, for the fault `foreign`."""
        return next(row for row in self.people if row["locker_id"] != locker_id)

    def skewed_time(self, route: str) -> datetime:
        """The sandbox's time, off by `seconds` under the fault `skew`."""
        fault = self.home.faults.match("skew", route)
        off = float(fault.params.get("seconds", 600)) if fault else 0.0
        return self.home.clock.now() + timedelta(seconds=off)

    def is_recent(self, route: str, ts: str) -> bool:
        """Whether a `ts` is of the last half hour, and of the next minute at most.

        Source: docs/contracts/digilocker.md sections 4.3 and 5.
        """
        age = self.skewed_time(route).timestamp() - int(ts) if ts.isdigit() else OLDEST_SECONDS + 1
        return -EARLIEST_SECONDS <= age <= OLDEST_SECONDS

    def issue_tokens(self, grant_id: str, *, with_refresh: bool) -> dict[str, str]:
        """New tokens of a consent: forty hexadecimal digits each."""
        access = secrets.token_hex(20)
        expires = self._seconds() + ACCESS_SECONDS
        self.state.put("access", access, {"grant": grant_id, "expires_at": expires})
        tokens = {"access_token": access}
        if with_refresh:
            tokens["refresh_token"] = secrets.token_hex(20)
            self.state.put("refresh", tokens["refresh_token"], {"grant": grant_id})
        return tokens

    def live_grant(self, grant_id: str) -> dict[str, Any] | None:
        """A consent that is neither withdrawn nor past its end."""
        grant = self.state.get("grant", grant_id)
        if grant is None or grant["revoked"] or grant["consent_until"] <= self._seconds():
            return None
        return grant

    def grant_of(self, request: Request) -> dict[str, Any] | None:
        """The consent behind the bearer token of a request; None where the token does not hold."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        held = self.state.get("access", token.strip()) if scheme.lower() == "bearer" else None
        if held is None or held["expires_at"] <= self._seconds():
            return None
        return self.live_grant(held["grant"])

    def knows_client(self, request: Request, form: Mapping[str, Any]) -> bool:
        """Whether id and secret, in the form or by HTTP Basic, are the gateway's."""
        given = form.get("client_id"), form.get("client_secret")
        scheme, _, pair = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "basic":
            try:
                name, _, word = base64.b64decode(pair, validate=True).decode().partition(":")
            except ValueError:
                return False
            given = name, word
        expected = self.client["client_id"], self.client["client_secret"]
        return all(hmac.compare_digest(str(a).encode(), b.encode()) for a, b in zip(given, expected, strict=True))

    def _seconds(self) -> int:
        return int(self.home.clock.now().timestamp())

    def _drop_expired(self, kinds: Iterable[str]) -> None:
        now = self._seconds()
        for kind in kinds:
            for key, value in self.state.values_of(kind).items():
                if value["expires_at"] <= now:
                    self.state.take(kind, key)


def error(status: int, code: str, description: str) -> JSONResponse:
    """DigiLocker's error body."""
    return JSONResponse({"error": code, "error_description": description}, status)


def invalid_token() -> JSONResponse:
    """The answer to a token that does not hold."""
    return error(401, "invalid_token", "The access token is invalid")


def body_hmac(secret: str, body: bytes) -> str:
    """The `hmac` header: HMAC-SHA-256 of the body under the client secret, Base64.

    Source: docs/contracts/digilocker.md section 5.
    """
    return base64.b64encode(hmac.digest(secret.encode(), body, "sha256")).decode()


def s256(verifier: str) -> str:
    """The PKCE challenge of a verifier."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def random_uuid() -> str:
    """A random UUID (version 4)."""
    return str(uuid.UUID(bytes=secrets.token_bytes(16), version=4))


def _new_client() -> dict[str, str]:
    return {
        "client_id": secrets.token_hex(4).upper(),
        "client_secret": f"sandbox-{secrets.token_hex(20)}",
        "org_id": random_uuid(),
        "api_key": f"sandbox-{secrets.token_urlsafe(24)}",
    }
