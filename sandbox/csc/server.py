"""The sandbox of CSC Connect, written from the contract alone, with the wallet's routes.

Source: docs/contracts/other_systems.md section 2. INFERRED: the statuses of `invalid_client` and `invalid_grant`, and
that a refusal by the operator comes back as `access_denied`. The token of the resource call is read in the query, as
every public client sends it, or where `read_token_in` says. Own fault: `foreign` on `/account/login` alters the state
on the way back.
"""

import hmac
import re
import secrets
import uuid
from collections.abc import Mapping
from html import escape
from typing import Any
from urllib.parse import urlencode

from cryptography.hazmat.primitives import padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from sandbox.city.kit import Sandbox, SandboxHome, sandbox_app
from sandbox.city.magic import magic_code
from sandbox.csc.bridge import Bridge

CODE_SECONDS = 300
TOKEN_SECONDS = 3600

INACTIVE = "operator-inactive"
OTHER_STATE = "operator-other-state"

_SECRET = re.compile(r"[1-9]\d:(.*)@[1-9]\d", re.DOTALL)


def create_sandbox(home: SandboxHome) -> Sandbox:
    """CSC Connect as the operators' login, and their wallet."""
    service, bridge = _Service(home), Bridge(home)
    home.hand_over({**service.onboarding(), "bridge": bridge.onboarding()})
    routes = [
        Route("/account/authorize", service.authorize, methods=["GET"]),
        Route("/account/login", service.login, methods=["POST"]),
        Route("/account/token", service.token, methods=["POST"]),
        Route("/account/resource", service.resource, methods=["GET", "POST"]),
        *bridge.routes(),
    ]
    return sandbox_app(home, routes, actions={**bridge.actions(), "read_token_in": service.read_token_in})


class _Service:
    """The login of operators, its codes and its tokens."""

    def __init__(self, home: SandboxHome) -> None:
        self._home = home
        self._client = home.state.get_or_create("client", "csc", _new_client)
        self._redirect_uri = f"{home.gateway_url.rstrip('/')}/sign-in/callback/csc-connect"
        self._users = {user["key"]: user for user in _users(home.demo)}
        self._drop_expired()

    def onboarding(self) -> dict[str, Any]:
        """What the CSC merchant centre hands over."""
        return {"sandbox": True, "base_url": self._home.public_url, **self._client}

    async def authorize(self, request: Request) -> Response:
        """The login page."""
        query = request.query_params
        if query.get("client_id") != self._client["client_id"] or query.get("response_type") != "code":
            return _page("Digital Seva Connect", "<p role='alert'>Unknown application</p>", 400)
        if query.get("redirect_uri") != self._redirect_uri:
            return _page("Digital Seva Connect", "<p role='alert'>The redirect address is not registered</p>", 400)
        asked = secrets.token_urlsafe(24)
        self._home.state.put("request", asked, {"state": query.get("state"), "until": self._timestamp() + CODE_SECONDS})
        request.state.ledger_effect = "login page shown"
        return _page("Digital Seva Connect", self._form(asked))

    async def login(self, request: Request) -> Response:
        """The operator allowed or denied."""
        form = await request.form()
        asked = self._home.state.take("request", str(form.get("request", "")))
        if asked is None or asked["until"] < self._timestamp():
            return _page("Digital Seva Connect", "<p role='alert'>This login is over; please begin again</p>", 400)
        state = asked["state"]
        if self._home.faults.match("foreign", "/account/login"):
            state = secrets.token_urlsafe(24)
        person = str(form.get("person", ""))
        if form.get("decision") != "allow":
            request.state.ledger_effect = "denied"
            return self._redirect_back(state, error="access_denied")
        if person not in self._users:
            return _page("Digital Seva Connect", "<p role='alert'>Choose an operator</p>", 400)
        code = magic_code(form.get("fault")) + secrets.token_hex(16)
        self._home.state.put("code", code, {"person": person, "until": self._timestamp() + CODE_SECONDS})
        request.state.ledger_effect = "code issued"
        return self._redirect_back(state, code=code)

    async def token(self, request: Request) -> Response:
        """Code to access token; the secret comes encrypted."""
        form = await request.form()
        if form.get("client_id") != self._client["client_id"] or not self._knows(str(form.get("client_secret", ""))):
            return JSONResponse({"error": "invalid_client"}, 401)
        kept = self._home.state.take("code", str(form.get("code", "")))
        good = form.get("grant_type") == "authorization_code" and form.get("redirect_uri") == self._redirect_uri
        if kept is None or kept["until"] < self._timestamp() or not good:
            return JSONResponse({"error": "invalid_grant"}, 400)
        access_token = secrets.token_hex(20)
        self._home.state.put("token", access_token, {**kept, "until": self._timestamp() + TOKEN_SECONDS})
        request.state.ledger_effect = "token issued"
        return JSONResponse({"access_token": access_token, "token_type": "bearer", "expires_in": TOKEN_SECONDS})

    async def resource(self, request: Request) -> Response:
        """The operator of a token, which is read in one place; an error comes with status 200."""
        place = (self._home.state.get("resource", "token_in") or {"place": "query"})["place"]
        _, _, in_header = request.headers.get("authorization", "").partition("Bearer ")
        presented = in_header if place == "header" else request.query_params.get("access_token", "")
        token = self._home.state.get("token", presented)
        if token is None or token["until"] < self._timestamp():
            return JSONResponse({"error_message": "Invalid access token"})
        user = self._users[token["person"]]
        last_active = self._home.clock.now().strftime("%Y-%m-%d %H:%M:%S")
        shown = {name: value for name, value in user.items() if name != "key"}
        return JSONResponse({"User": {**shown, "last_active": last_active}})

    def read_token_in(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Read the token of the resource call in the `query` or in the `header`, and nowhere else, from now on."""
        self._home.state.put("resource", "token_in", {"place": str(arguments["place"])})
        return {"place": str(arguments["place"])}

    def _form(self, asked: str) -> str:
        choices = "".join(
            f'<p><label><input type="radio" name="person" value="{escape(user["key"])}" required> '
            f"{escape(user['fullname'])} <small>{escape(user['csc_id'])}</small></label></p>"
            for user in self._users.values()
        )
        return (
            "<p>This is a demonstration: choose a sample operator.</p>"
            '<form method="post" action="login">'
            f'<input type="hidden" name="request" value="{escape(asked)}">'
            f"<fieldset><legend>Operator</legend>{choices}</fieldset>"
            '<p><button name="decision" value="allow">Allow</button> '
            '<button name="decision" value="deny" formnovalidate>Deny</button></p></form>'
        )

    def _knows(self, encrypted: str) -> bool:
        text = _decrypt_secret(self._client["client_token"], encrypted)
        found = _SECRET.fullmatch(text) if text is not None else None
        return found is not None and hmac.compare_digest(found[1].encode(), self._client["client_secret"].encode())

    def _redirect_back(self, state: str | None, **values: str) -> RedirectResponse:
        query = urlencode({**values, **({"state": state} if state else {})})
        return RedirectResponse(f"{self._redirect_uri}?{query}", 302, headers={"Cache-Control": "no-store"})

    def _drop_expired(self) -> None:
        for kind in ("request", "code", "token"):
            for key, value in self._home.state.values_of(kind).items():
                if value["until"] < self._timestamp():
                    self._home.state.take(kind, key)

    def _timestamp(self) -> float:
        return self._home.clock.now().timestamp()


def _users(demo: Mapping[str, Any]) -> list[dict[str, Any]]:
    known = [
        _user(str(row["key"]), str(row["name_en"]), str(row["csc_id"]), str(row["email"]), str(row["mobile"]))
        for row in demo.get("operators", [])
        if row.get("kind") != "E_DISTRICT"  # those are of e-District and come by Parichay
    ]
    inactive = _user(INACTIVE, "Inactive Operator", "500100019901", "inactive@csc.example", "9800209901")
    foreign = _user(OTHER_STATE, "Operator of Delhi", "500100019902", "other-state@csc.example", "9800209902")
    return [*known, inactive | {"active_status": 0}, foreign | {"state_code": "DL"}]


def _user(key: str, name: str, csc_id: str, email: str, mobile: str) -> dict[str, Any]:
    return {
        "key": key,
        "username": csc_id,
        "user_id": csc_id,
        "email": email,
        "csc_id": csc_id,
        "fullname": name,
        "mobileno": mobile,
        "state_code": "UK",
        "active_status": 1,
        "user_type": "03",
    }


def _new_client() -> dict[str, str]:
    return {
        "client_id": str(uuid.UUID(bytes=secrets.token_bytes(16), version=4)),
        "client_secret": f"sandbox-{secrets.token_urlsafe(18)}",
        "client_token": f"sandbox-{secrets.token_hex(4)}",
    }


def _decrypt_secret(token: str, encrypted: str) -> str | None:
    try:
        decryptor = Cipher(algorithms.AES128(token.encode("ascii")), modes.CBC(b"0000000000000000")).decryptor()
        padded = decryptor.update(bytes.fromhex(encrypted)) + decryptor.finalize()
        unpadder = padding.PKCS7(128).unpadder()
        return (unpadder.update(padded) + unpadder.finalize()).decode()
    except ValueError:
        return None


def _page(title: str, body: str, status: int = 200) -> HTMLResponse:
    return HTMLResponse(
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{title}</title></head><body><main><h1>{title}</h1>{body}</main></body></html>",
        status,
        headers={"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"},
    )
