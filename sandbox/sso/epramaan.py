"""The sandbox of e-Pramaan (docs/contracts/sso.md section 5), written from the contract alone.

INFERRED: that a refusal at the login page comes back as `error=access_denied`, and the sentences of refusals.
Own faults: `foreign` on the token call seals the answer under another nonce, `signature` signs it with another key.
"""

import base64
import hashlib
import hmac
import json
import secrets
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from joserfc import jwe, jws
from joserfc.jwe import JWERegistry
from joserfc.jwk import OctKey, RSAKey
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from sandbox.city.kit import SandboxHome
from sandbox.sso import pages
from sandbox.sso.people import random_uuid

CALLBACK = "/sign-in/callback/e-pramaan"
_AUTHORIZE = "/openid/jwt/processJwtAuthGrantRequest.do"
_LOGIN = "/openid/jwt/login"
_TOKEN = "/openid/jwt/processJwtTokenRequest.do"
_SIGN_OUT = "/openid/jwt/processOIDCSLORequest.do"
_TITLE = "e-Pramaan"
_MINUTES = 10
_SECONDS = 86_400
_ONE_VALUE = ("code", "grant_type", "scope", "redirect_uri", "request_uri", "code_verifier", "client_id")
_ALGORITHMS = JWERegistry(algorithms=["A256KW", "A256GCM"])


class EPramaanSandbox:
    """The provider with its client, its key and its sessions."""

    def __init__(self, home: SandboxHome) -> None:
        self._home = home
        self._people = {str(row["key"]): row for row in home.demo.get("people", [])}
        self._client = home.state.get_or_create("client", "epramaan", _new_client)
        self._own = home.state.get_or_create("key", "epramaan", _new_certificate)

    def onboarding(self) -> dict[str, str]:
        """What e-Pramaan hands over."""
        return {
            "epramaan_url": self._home.public_url,
            "epramaan_client_id": self._client["client_id"],
            "epramaan_aes_key": self._client["aes_key"],
            "epramaan_certificate": self._own["certificate"],
        }

    def routes(self) -> list[Route]:
        """The provider's addresses."""
        return [
            Route(_AUTHORIZE, self.authorize, methods=["GET"]),
            Route(_LOGIN, self.login, methods=["POST"]),
            Route(_TOKEN, self.token, methods=["POST"]),
            Route(_SIGN_OUT, self.sign_out, methods=["POST"]),
        ]

    async def authorize(self, request: Request) -> Response:
        """The login page, for a request whose HMAC holds."""
        query = request.query_params
        known = query.get("client_id") == self._client["client_id"] and query.get("redirect_uri") == self._redirect_uri
        if not known or query.get("request_uri") != self._home.public_url + _AUTHORIZE:
            return pages.error_page(_TITLE, "Unknown service or address")
        text = "".join(
            (
                self._client["client_id"],
                self._client["aes_key"],
                *(query.get(name, "") for name in ("state", "nonce", "redirect_uri", "scope", "code_challenge")),
            )
        )
        if not hmac.compare_digest(_mac(self._client["aes_key"], text), query.get("apiHmac", "")):
            return pages.error_page(_TITLE, "HMAC mismatch")
        shape = (query.get("response_type"), query.get("scope"), query.get("code_challenge_method"))
        if shape != ("code", "openid", "S256") or not query.get("nonce") or not query.get("state"):
            return pages.error_page(_TITLE, "Invalid request")
        asked = secrets.token_urlsafe(24)
        kept = {name: query[name] for name in ("state", "nonce", "code_challenge")} | {"until": self._expires_at()}
        self._home.state.put("request:epramaan", asked, kept)
        request.state.ledger_effect = "login page shown"
        shown = [(key, str(row["name_en"]), f"e-Pramaan user {key}") for key, row in self._people.items()]
        return pages.login_page(_TITLE, asked, shown)

    async def login(self, request: Request) -> Response:
        """The person allowed or denied."""
        form = await request.form()
        asked = self._home.state.take("request:epramaan", str(form.get("request", "")))
        if asked is None or asked["until"] < self._home.clock.now().timestamp():
            return pages.error_page(_TITLE, "This login is over; please begin again")
        if form.get("decision") != "allow":
            request.state.ledger_effect = "denied"
            return self._redirect(error="access_denied", state=asked["state"])
        person = str(form.get("person", ""))
        if person not in self._people:
            return pages.error_page(_TITLE, "Choose a person")
        code = secrets.token_urlsafe(24)
        self._home.state.put("code:epramaan", code, {**asked, "person": person, "until": self._expires_at()})
        request.state.ledger_effect = "code issued"
        return self._redirect(code=code, state=asked["state"])

    async def token(self, request: Request) -> Response:
        """A JWE for a code; a sentence with status 200 for everything that is wrong."""
        try:
            body = json.loads(await request.body())
        except ValueError:
            return _sentence("Invalid request")
        values = {name: body[name] for name in _ONE_VALUE if name in body} if isinstance(body, dict) else {}
        if set(values) != set(_ONE_VALUE) or any(not isinstance(one, list) or len(one) != 1 for one in values.values()):
            return _sentence("Invalid request: every member is an array with one value")
        asked = {name: str(one[0]) for name, one in values.items()}
        fixed = {
            "grant_type": "authorization_code",
            "scope": "openid",
            "redirect_uri": self._redirect_uri,
            "request_uri": self._home.public_url + _TOKEN,
            "client_id": self._client["client_id"],
        }
        if any(asked[name] != value for name, value in fixed.items()):
            return _sentence("Invalid service")
        kept = self._home.state.take("code:epramaan", asked["code"])
        if kept is None or kept["until"] < self._home.clock.now().timestamp():
            return _sentence("Invalid authorization code")
        digest = hashlib.sha256(asked["code_verifier"].encode()).digest()
        if base64.urlsafe_b64encode(digest).decode().rstrip("=") != kept["code_challenge"]:
            return _sentence("Invalid code verifier")
        request.state.ledger_effect = "token issued"
        return PlainTextResponse(self._token_for(self._person(kept["person"]), kept["nonce"]))

    async def sign_out(self, request: Request) -> Response:
        """End a session by the browser's form, and send the browser back."""
        try:
            data = json.loads(str((await request.form()).get("data", "")))
        except ValueError:
            return pages.error_page(_TITLE, "Invalid request")
        names = ("clientId", "sessionId", "hmac", "iss", "logoutRequestId", "sub", "redirectUrl", "customParameter")
        if not isinstance(data, dict) or set(data) != set(names) or data["iss"] != "ePramaan":
            return pages.error_page(_TITLE, "Invalid request")
        text = "".join(data[name] for name in ("clientId", "sessionId", "iss", "logoutRequestId", "sub", "redirectUrl"))
        if not hmac.compare_digest(_mac(data["logoutRequestId"], text), data["hmac"]):
            return pages.error_page(_TITLE, "HMAC mismatch")
        ended = self._home.state.take("session:epramaan", data["sessionId"]) is not None
        request.state.ledger_effect = "session ended" if ended else "no session"
        told = base64.b64encode(json.dumps({"logoutStatus": ended}).encode()).decode()
        return RedirectResponse(f"{data['redirectUrl']}?{urlencode({'LogoutResponse': told})}", 302)

    def _person(self, key: str) -> dict[str, Any]:
        row, now, session = self._people[key], int(self._home.clock.now().timestamp()), random_uuid()
        subject = str(uuid.uuid5(uuid.NAMESPACE_URL, f"epramaan:{key}"))
        self._home.state.put("session:epramaan", session, {"person": key, "until": now + _SECONDS})
        return {
            "sub": subject,
            "sso_id": subject,
            "unique_user_id": subject,
            "session_id": session,
            "jti": session,
            "name": row["name_en"],
            "username": key,
            "gender": row["gender"],
            "dob": datetime.fromisoformat(row["dob"]).strftime("%d/%m/%Y"),
            "mobile_number": row["mobile"],
            "email": row["email"],
            "digilocker_id": row["locker_id"],
            "loginMode": "CITIZEN",
            "pwd_auth_status": "true",
            "sotp_auth_status": "null" if key == [*self._people][-1] else "true",
            "iat": now,
            "exp": now + _SECONDS,
        }

    def _token_for(self, claims: Mapping[str, Any], nonce: str) -> str:
        route = _TOKEN
        foreign = self._home.faults.match("signature", route) is not None
        key = RSAKey.generate_key(2048, private=True) if foreign else RSAKey.import_key(self._own["key"])
        signed = jws.serialize_compact({"alg": "RS256"}, json.dumps(claims), key)
        if self._home.faults.match("foreign", route) is not None:
            nonce = secrets.token_urlsafe(16)
        content_key = OctKey.import_key(hashlib.sha256(nonce.encode()).digest())
        header = {"alg": "A256KW", "enc": "A256GCM"}
        return jwe.encrypt_compact(header, signed, content_key, registry=_ALGORITHMS)

    def _redirect(self, **query: str) -> RedirectResponse:
        address = f"{self._redirect_uri}?{urlencode(query)}"
        return RedirectResponse(address, 302, headers={"Cache-Control": "no-store"})

    @property
    def _redirect_uri(self) -> str:
        return self._home.gateway_url.rstrip("/") + CALLBACK

    def _expires_at(self) -> float:
        return (self._home.clock.now() + timedelta(minutes=_MINUTES)).timestamp()


def _mac(key: str, text: str) -> str:
    return base64.b64encode(hmac.new(key.encode(), text.encode(), hashlib.sha256).digest()).decode()


def _sentence(text: str) -> PlainTextResponse:
    return PlainTextResponse(text)


def _new_client() -> dict[str, str]:
    return {"client_id": f"10{secrets.randbelow(10**7):07d}", "aes_key": random_uuid()}


def _new_certificate() -> dict[str, str]:
    key = rsa.generate_private_key(65_537, 2048)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "e-Pramaan (sandbox)")])
    begins = datetime(2020, 1, 1, tzinfo=UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(begins + timedelta(days=36_500))
        .sign(key, hashes.SHA256())
    )
    encoding = serialization.Encoding.PEM
    private = key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return {"key": private.decode(), "certificate": made.public_bytes(encoding).decode()}
