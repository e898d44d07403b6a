"""The sandbox of Parichay (`/pnv1`) and Jan Parichay (`/v1`), variant A (docs/contracts/sso.md section 3).

Variant B (proxy.py) and e-Pramaan (epramaan.py) are on the same host.

Written from the contract alone. Statuses of refusals and the prefix `/v1` are INFERRED.
Own faults: `foreign` on `/…/login` alters the state on the way back; `partial` on `/…/userdetails`
leaves the key fields out.
"""

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from joserfc import jwt
from joserfc.jwk import OctKey
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from sandbox.city.kit import Sandbox, SandboxHome, sandbox_app
from sandbox.city.magic import magic_code
from sandbox.sso import pages, people
from sandbox.sso.epramaan import EPramaanSandbox
from sandbox.sso.proxy import HandshakeSandbox

CODE_MINUTES = 10
ACCESS_HOURS = 24
REFRESH_HOURS = 168
ODD_EXPIRES_IN = 604_800_000
"""As in the published sample: no unit makes it the token's life."""

SCOPES = frozenset({"user_details", "USER_DETAILS"})


@dataclass(frozen=True, slots=True)
class ParichayVariant:
    """One of the two providers. `slug` is the end of our registered redirect address."""

    name: str
    title: str
    prefix: str
    slug: str
    people: Mapping[str, people.Person]


def create_sandbox(home: SandboxHome) -> Sandbox:
    """Parichay and Jan Parichay on one host."""
    houses = (
        ParichayVariant("parichay", "Parichay", "/pnv1", "parichay", people.officials(home.demo)),
        ParichayVariant("jan_parichay", "Jan Parichay", "/v1", "jan-parichay", people.citizens(home.demo)),
    )
    services = [_Service(home, house) for house in houses]
    handed: dict[str, Any] = {"sandbox": True, "base_url": home.public_url}
    for service in services:
        handed.update(service.onboarding())
    epramaan = EPramaanSandbox(home)
    handshake = HandshakeSandbox(
        home, {house.name: house.people for house in houses}, {house.name: house.slug for house in houses}
    )
    home.hand_over({**handed, **epramaan.onboarding(), "handshake": handshake.onboarding()})
    by_name = {service.house.name: service for service in services}

    def end_sessions(arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        """Log a person out everywhere, as she can do on the provider's own page."""
        name, person = arguments["provider"], arguments["person"]
        return {"ended": by_name[name].end_sessions(person) + handshake.end_sessions(name, person)}

    routes = [
        *(route for service in services for route in service.routes()),
        *epramaan.routes(),
        *handshake.routes(),
    ]
    return sandbox_app(home, routes, actions={"end_sessions": end_sessions})


class _Service:
    """One provider: its client, its codes and its tokens."""

    def __init__(self, home: SandboxHome, house: ParichayVariant) -> None:
        self.house = house
        self._home = home
        self._client = home.state.get_or_create("client", house.name, lambda: _new_client(house.name))
        secret = home.state.get_or_create("key", house.name, lambda: {"k": secrets.token_urlsafe(32)})
        self._key = OctKey.import_key({"kty": "oct", "k": secret["k"]})
        self._redirect_uri = f"{home.gateway_url.rstrip('/')}/sign-in/callback/{house.slug}"
        self._drop_expired()

    def onboarding(self) -> dict[str, str]:
        """What NIC hands over for this provider."""
        name = self.house.name
        return {
            f"{name}_prefix": self.house.prefix,
            f"{name}_client_id": self._client["client_id"],
            f"{name}_client_secret": self._client["client_secret"],
        }

    def routes(self) -> list[Route]:
        """The provider's addresses below the host."""
        prefix = self.house.prefix
        return [
            Route(f"{prefix}/oauth2/authorize", self.authorize, methods=["GET"]),
            Route(f"{prefix}/oauth2/login", self.login, methods=["POST"]),
            Route(f"{prefix}/salt/api/oauth2/token", self.token, methods=["POST"]),
            Route(f"{prefix}/salt/api/oauth2/userdetails", self.userdetails, methods=["GET"]),
            Route(f"{prefix}/salt/api/oauth2/revoke", self.revoke, methods=["GET"]),
            Route(f"{prefix}/logout", self.logout, methods=["GET"]),
        ]

    def end_sessions(self, person: str) -> int:
        """Make every token of a person worthless; says how many there were."""
        tokens = self._home.state.values_of(f"token:{self.house.name}")
        mine = [key for key, token in tokens.items() if token["person"] == person]
        for key in mine:
            self._home.state.take(f"token:{self.house.name}", key)
        return len(mine)

    async def authorize(self, request: Request) -> Response:
        """The login page."""
        query = request.query_params
        if query.get("client_id") != self._client["client_id"]:
            return pages.error_page(self.house.title, "Unknown client")
        if query.get("redirect_uri") != self._redirect_uri:
            return pages.error_page(self.house.title, "The redirect address is not registered")
        wrong = (
            query.get("response_type") != "code"
            or query.get("scope") not in SCOPES
            or query.get("code_challenge_method") != "S256"
            or len(query.get("code_challenge", "")) != 43
        )
        if wrong:
            return self._redirect_back(query.get("state"), error="invalid_request")
        asked = secrets.token_urlsafe(24)
        kept = {
            "challenge": query["code_challenge"],
            "state": query.get("state"),
            "until": self._expires_at(minutes=30),
        }
        self._home.state.put(f"request:{self.house.name}", asked, kept)
        request.state.ledger_effect = "login page shown"
        shown = [(person.key, person.name, person.detail) for person in self.house.people.values()]
        return pages.login_page(self.house.title, asked, shown)

    async def login(self, request: Request) -> Response:
        """The person allowed or denied."""
        form = await request.form()
        asked = self._home.state.take(f"request:{self.house.name}", str(form.get("request", "")))
        if asked is None or asked["until"] < self._timestamp():
            return pages.error_page(self.house.title, "This login is over; please begin again")
        state = asked["state"]
        if self._home.faults.match("foreign", f"{self.house.prefix}/oauth2/login"):
            state = secrets.token_urlsafe(24)
        person = str(form.get("person", ""))
        if form.get("decision") != "allow":
            request.state.ledger_effect = "denied"
            return self._redirect_back(state, error="access_denied", error_description="The user denied access")
        if person not in self.house.people:
            return pages.error_page(self.house.title, "Choose a person")
        code = magic_code(form.get("fault")) + secrets.token_urlsafe(24)
        kept = {"person": person, "challenge": asked["challenge"], "until": self._expires_at(minutes=CODE_MINUTES)}
        self._home.state.put(f"code:{self.house.name}", code, kept)
        request.state.ledger_effect = "code issued"
        return self._redirect_back(state, code=code)

    async def token(self, request: Request) -> Response:
        """Code or refresh token to tokens. The body is JSON; the refresh token comes in the bare header."""
        try:
            body = json.loads(await request.body())
        except ValueError:
            body = None
        media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if media_type != "application/json" or not isinstance(body, dict):
            return _refuse(400, "The body must be JSON")
        if body.get("grant_type") == "refresh_token":
            return self._refresh_tokens(request)
        if body.get("grant_type") != "authorization_code":
            return _refuse(400, "Unsupported grant type")
        known = _is_same_secret(body.get("client_id"), self._client["client_id"]) and _is_same_secret(
            body.get("client_secret"), self._client["client_secret"]
        )
        if not known:
            return _refuse(401, "Invalid client")
        kept = self._home.state.take(f"code:{self.house.name}", str(body.get("code", "")))
        if kept is None or kept["until"] < self._timestamp() or body.get("redirect_uri") != self._redirect_uri:
            return _refuse(400, "Invalid code")
        if not _is_same_secret(_s256(str(body.get("code_verifier", ""))), kept["challenge"]):
            return _refuse(400, "Invalid code verifier")
        request.state.ledger_effect = "tokens issued"
        return self._issue(kept["person"])

    async def userdetails(self, request: Request) -> Response:
        """The person of an access token."""
        token = self._bearer(request, "access")
        if token is None:
            return _refuse(401, "Invalid token")
        details = dict(self.house.people[token["person"]].details)
        if self._home.faults.match("partial", f"{self.house.prefix}/salt/api/oauth2/userdetails"):
            del details["Email"], details["MobileNo"]
        return JSONResponse(details)

    async def revoke(self, request: Request) -> Response:
        """End the session of an access token."""
        token = self._bearer(request, "access")
        if token is None:
            return _refuse(401, "Invalid token")
        self.end_sessions(token["person"])
        request.state.ledger_effect = "revoked"
        return JSONResponse({"message": "Logged out"})

    async def logout(self, request: Request) -> Response:
        """The browser's way out; the sandbox keeps no browser session."""
        del request
        return pages.plain_page(self.house.title, "You are logged out.")

    def _refresh_tokens(self, request: Request) -> Response:
        token = self._bearer(request, "refresh", take=True)
        if token is None:
            return _refuse(401, "Invalid refresh token")
        request.state.ledger_effect = "tokens issued"
        return self._issue(token["person"])

    def _issue(self, person: str) -> JSONResponse:
        ids = {"accessToken": people.random_uuid(), "refreshToken": people.random_uuid()}
        answer = {
            "access_token": self._create_token(person, "access", ids, ACCESS_HOURS),
            "refresh_token": self._create_token(person, "refresh", ids, REFRESH_HOURS),
            "id_token": "",
            "created_at": "",
            "token_type": "bearer",
            "expires_in": ODD_EXPIRES_IN,
        }
        return JSONResponse(answer)

    def _create_token(self, person: str, use: str, ids: Mapping[str, str], hours: int) -> str:
        expires = self._home.clock.now() + timedelta(hours=hours)
        claims: dict[str, Any] = {
            "clientId": self._client["client_id"],
            "id_token": "",
            "bearer": use,
            **ids,
            "iss": "JanParichay",
            "exp": int(expires.timestamp()),
        }
        token = jwt.encode({"alg": "HS256"}, claims, self._key, default_type=None)
        kept = {"person": person, "use": use, "until": expires.timestamp()}
        self._home.state.put(f"token:{self.house.name}", _sha(token), kept)
        return token

    def _bearer(self, request: Request, use: str, *, take: bool = False) -> dict[str, Any] | None:
        """The token of the bare header; a `Bearer ` in front is refused, as the strict host does."""
        presented = _sha(request.headers.get("authorization", ""))
        kind = f"token:{self.house.name}"
        token = self._home.state.get(kind, presented)
        if token is None or token["use"] != use or token["until"] < self._timestamp():
            return None
        return self._home.state.take(kind, presented) if take else token

    def _redirect_back(self, state: str | None, **values: str) -> RedirectResponse:
        query = urlencode({**values, **({"state": state} if state else {})})
        return RedirectResponse(f"{self._redirect_uri}?{query}", 302, headers={"Cache-Control": "no-store"})

    def _drop_expired(self) -> None:
        for kind in (f"request:{self.house.name}", f"code:{self.house.name}", f"token:{self.house.name}"):
            for key, value in self._home.state.values_of(kind).items():
                if value["until"] < self._timestamp():
                    self._home.state.take(kind, key)

    def _timestamp(self) -> float:
        return self._home.clock.now().timestamp()

    def _expires_at(self, minutes: int) -> float:
        return self._timestamp() + minutes * 60


def _new_client(name: str) -> dict[str, str]:
    secret = f"sandbox-{secrets.token_urlsafe(24)}"
    return {"client_id": f"sandbox-{name}-{secrets.token_hex(4)}", "client_secret": secret}


def _refuse(status: int, message: str) -> JSONResponse:
    return JSONResponse({"message": message}, status)


def _s256(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")


def _sha(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _is_same_secret(left: object, right: str) -> bool:
    return isinstance(left, str) and hmac.compare_digest(left.encode(), right.encode())
