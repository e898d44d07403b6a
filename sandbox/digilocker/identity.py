"""The MeriPehchaan sandbox: authorisation with PKCE, token rotation, revocation, profile, logout."""

import re
import secrets
from collections.abc import Mapping
from datetime import date
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from sandbox.city.magic import magic_code
from sandbox.digilocker import page
from sandbox.digilocker.errors import Errors
from sandbox.digilocker.id_token import IdTokens
from sandbox.digilocker.world import (
    ACCESS_SECONDS,
    CONSENT_SECONDS,
    SCOPES,
    World,
    error,
    invalid_token,
    random_uuid,
    s256,
)

AUTHORIZE = "/public/oauth2/1/authorize"
TOKEN, OIDC_TOKEN = "/public/oauth2/1/token", "/public/oauth2/2/token"
REVOKE, USER, LOGOUT = "/public/oauth2/1/revoke", "/public/oauth2/1/user", "/signin/logout/Y"

_CODE_SECONDS = 600
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
_WORDS = re.compile(r"[A-Za-z0-9_ ]{1,100}")
_DOCTYPES = re.compile(r"[A-Za-z0-9]{1,5}(,[A-Za-z0-9]{1,5})*")


class Identity:
    """The identity side of the host."""

    def __init__(self, world: World, id_tokens: IdTokens, errors: Errors | None = None) -> None:
        self._world = world
        self._errors = errors or Errors(world)
        self._id_tokens = id_tokens

    def routes(self) -> list[Route]:
        """Routes below the root of the system."""
        return [
            Route(AUTHORIZE, self.ask, methods=["GET"]),
            Route(AUTHORIZE, self.decide, methods=["POST"]),
            Route(TOKEN, self.token, methods=["POST"]),
            Route(OIDC_TOKEN, self.oidc_token, methods=["POST"]),
            Route(REVOKE, self.revoke, methods=["POST"]),
            Route(USER, self.user, methods=["GET"]),
            Route(LOGOUT, self.log_out, methods=["GET"]),
        ]

    async def ask(self, request: Request) -> Response:
        """Check an authorisation request and show the consent page."""
        asked = dict(request.query_params)
        world = self._world
        if asked.get("client_id") != world.client["client_id"]:
            return page.error_page("invalid_client", "यह सेवा पंजीकृत नहीं है।", "This service is not registered.")
        if asked.get("redirect_uri") != world.redirect_uri:
            return page.error_page(
                "redirect_uri_mismatch", "वापसी का पता पंजीकृत नहीं है।", "The return address is not registered."
            )
        fault = _fault_of(asked, int(world.home.clock.now().timestamp()))
        if fault is not None:
            return _redirect_back(asked, {"error": fault[0], "error_description": fault[1]})
        request_id = secrets.token_urlsafe(24)
        kept = {**asked, "expires_at": int(world.home.clock.now().timestamp()) + _CODE_SECONDS}
        kept.setdefault("scope", "files.issueddocs userdetails")
        world.state.put("request", request_id, kept)
        return page.consent_page(request_id, kept, world.people)

    async def decide(self, request: Request) -> Response:
        """What the citizen chose: back to the gateway with a code, or with `access_denied`."""
        form = await request.form(max_files=0, max_fields=10)
        world, now = self._world, int(self._world.home.clock.now().timestamp())
        request_id, person = str(form.get("request", "")), world.person(str(form.get("person", "")))
        asked = world.state.get("request", request_id)
        if asked is None or asked["expires_at"] <= now or (person is None and form.get("decision") == "allow"):
            return page.error_page("invalid_request", "यह अनुरोध अब मान्य नहीं है।", "This request is no longer valid.")
        if world.state.take("request", request_id) is None:
            return page.error_page("invalid_request", "यह अनुरोध हो चुका है।", "This request was answered already.")
        if form.get("decision") != "allow" or person is None:
            request.state.ledger_effect = "consent refused"
            return _redirect_back(asked, {"error": "access_denied", "error_description": "The user denied the request"})
        code = magic_code(form.get("fault")) + secrets.token_hex(20)
        until = int(asked.get("consent_valid_till") or now + CONSENT_SECONDS)
        kept = {"locker_id": person["locker_id"], "auth_time": now, "consent_until": until}
        world.state.put("code", code, {**asked, **kept, "expires_at": now + _CODE_SECONDS})
        request.state.ledger_effect = "code issued"
        return _redirect_back(asked, {"code": code})

    async def token(self, request: Request) -> Response:
        """`/1/token`: a code or a refresh token for tokens with the profile."""
        form = _texts(await request.form(max_files=0, max_fields=20))
        refused = self._errors.due("token")
        if refused is not None:
            return refused
        if form.get("grant_type") == "refresh_token":
            return self._refresh(request, form)
        return self._exchange(request, form, oidc=False)

    async def oidc_token(self, request: Request) -> Response:
        """`/2/token`: a code for tokens with an id_token."""
        return self._exchange(request, _texts(await request.form(max_files=0, max_fields=20)), oidc=True)

    async def revoke(self, request: Request) -> Response:
        """End the consent behind a token of either kind; related tokens die too."""
        form = _texts(await request.form(max_files=0, max_fields=20))
        if not self._world.knows_client(request, form):
            return error(400, "invalid_client", "The client credentials are invalid")
        state, token = self._world.state, form.get("token", "")
        held = state.get("access", token) or state.get("refresh", token)
        grant = state.get("grant", held["grant"]) if held else None
        if held is None or grant is None:
            return error(400, "invalid_token", "The token does not exist")
        state.put("grant", held["grant"], {**grant, "revoked": True})
        request.state.ledger_effect = "consent revoked"
        return Response(status_code=200)

    async def user(self, request: Request) -> Response:
        """The profile of the token's owner."""
        refused = self._errors.due("user")
        grant = self._world.grant_of(request)
        if refused is not None or grant is None:
            return refused or invalid_token()
        if not {"userdetails", "openid"} & set(grant["scope"].split()):
            return error(403, "insufficient_scope", "The request requires higher privileges")
        owner = self._world.owner(grant["locker_id"])
        if self._world.home.faults.match("foreign", USER):
            owner = self._world.stranger(grant["locker_id"])
        return JSONResponse({**_profile(owner), "picture": "", "email": owner.get("email") or ""})

    async def log_out(self, request: Request) -> Response:
        """End the browser session and go back to an address of the registered gateway."""
        back, origin = request.query_params.get("redirect_uri", ""), self._world.home.gateway_url.rstrip("/")
        known = request.query_params.get("client_id") == self._world.client["client_id"]
        if not known or not (back == origin or back.startswith(f"{origin}/")):
            return page.error_page("invalid_request", "यह पता पंजीकृत नहीं है।", "The address is not registered.")
        query = urlencode({"error": "user_loggedout", "error_description": "user"})
        return RedirectResponse(f"{back}?{query}", 302)

    def _exchange(self, request: Request, form: Mapping[str, str], *, oidc: bool) -> Response:
        if not self._world.knows_client(request, form):
            return error(400, "invalid_client", "The client credentials are invalid")
        if form.get("grant_type") != "authorization_code":
            return error(400, "invalid_grant_type", "The grant type is invalid")
        code = self._world.state.take("code", form.get("code", ""))
        if code is None or not self._fits(code, form):
            return error(400, "invalid_grant", "Authorization code doesn't exist or is invalid for the client")
        return JSONResponse(self._tokens_for(request, code, oidc=oidc), headers={"Cache-Control": "no-store"})

    def _fits(self, code: Mapping[str, Any], form: Mapping[str, str]) -> bool:
        now = int(self._world.home.clock.now().timestamp())
        verifier = form.get("code_verifier", "")
        return (
            code["expires_at"] > now
            and code["redirect_uri"] == form.get("redirect_uri")
            and 43 <= len(verifier) <= 128
            and secrets.compare_digest(code["code_challenge"].encode(), s256(verifier).encode())
        )

    def _tokens_for(self, request: Request, code: Mapping[str, Any], *, oidc: bool) -> dict[str, Any]:
        grant_id = random_uuid()
        grant = {name: code[name] for name in ("locker_id", "scope", "consent_until", "purpose")}
        grant |= {"doctypes": _doctypes(code), "revoked": False}
        self._world.state.put("grant", grant_id, grant)
        documents = any(scope.startswith(("files.", "partners.")) for scope in grant["scope"].split())
        answer = _token_answer(self._world.issue_tokens(grant_id, with_refresh=documents or not oidc), grant)
        owner = self._world.owner(grant["locker_id"])
        request.state.ledger_effect = "tokens issued"
        if not oidc:
            return {**answer, **_profile(owner), "new_account": "N", "purpose": grant["purpose"]}
        if "openid" in grant["scope"].split():
            answer["id_token"] = self._id_tokens.make(owner, code)
        return answer

    def _refresh(self, request: Request, form: Mapping[str, str]) -> Response:
        if not self._world.knows_client(request, form):
            return error(400, "invalid_client", "The client credentials are invalid")
        held = self._world.state.take("refresh", form.get("refresh_token", ""))
        grant = self._world.live_grant(held["grant"]) if held else None
        if held is None or grant is None:
            return error(400, "invalid_grant", "The refresh token is invalid or was used already")
        owner = self._world.owner(grant["locker_id"])
        if self._world.home.faults.match("foreign", TOKEN):
            owner = self._world.stranger(grant["locker_id"])
        tokens = self._world.issue_tokens(held["grant"], with_refresh=True)
        request.state.ledger_effect = "tokens rotated"
        answer = {**_token_answer(tokens, grant), **_profile(owner), "new_account": "N", "purpose": grant["purpose"]}
        return JSONResponse(answer, headers={"Cache-Control": "no-store"})


def _fault_of(asked: Mapping[str, str], now: int) -> tuple[str, str] | None:
    """What is wrong with an authorisation request, as error and description.

    Source: docs/contracts/digilocker.md section 3.1.
    """
    until = asked.get("consent_valid_till", "")
    checks = (
        (asked.get("response_type") == "code", "unsupported_response_type", "response_type must be code"),
        (bool(asked.get("state")), "invalid_request", "state is missing"),
        (asked.get("code_challenge_method") == "S256", "invalid_request", "code_challenge_method must be S256"),
        (bool(_CHALLENGE.fullmatch(asked.get("code_challenge", ""))), "invalid_request", "code_challenge is not valid"),
        (bool(_WORDS.fullmatch(asked.get("purpose", ""))), "invalid_request", "purpose is not valid"),
        (bool(_WORDS.fullmatch(asked.get("service_name", ""))), "invalid_request", "service_name is not valid"),
        (all(map(_known_scope, asked.get("scope", "").split())), "invalid_scope", "The scope is not valid"),
        (not until or (until.isdigit() and int(until) > now), "invalid_request", "consent_valid_till is not valid"),
        (
            "req_doctype" not in asked or bool(_DOCTYPES.fullmatch(asked["req_doctype"])),
            "invalid_request",
            "req_doctype is not valid",
        ),
    )
    return next(((code, text) for holds, code, text in checks if not holds), None)


def _known_scope(scope: str) -> bool:
    return scope in SCOPES or bool(re.fullmatch(r"partners\.[A-Z0-9]{1,5}", scope))


def _redirect_back(asked: Mapping[str, Any], answer: Mapping[str, str]) -> RedirectResponse:
    state = {"state": asked["state"]} if asked.get("state") else {}
    return RedirectResponse(f"{asked['redirect_uri']}?{urlencode({**answer, **state})}", 302)


def _texts(form: Mapping[str, Any]) -> dict[str, str]:
    return {name: value for name, value in form.items() if isinstance(value, str)}


def _doctypes(code: Mapping[str, Any]) -> list[str] | None:
    listed = code.get("req_doctype")
    return [part.upper() for part in str(listed).split(",")] if listed else None


def _token_answer(tokens: Mapping[str, str], grant: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **tokens,
        "expires_in": ACCESS_SECONDS,
        "token_type": "Bearer",
        "scope": grant["scope"],
        "consent_valid_till": grant["consent_until"],
    }


def _profile(owner: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "digilockerid": owner["locker_id"],
        "name": owner["name_en"],
        "dob": date.fromisoformat(owner["dob"]).strftime("%d%m%Y"),
        "gender": owner["gender"],
        "eaadhaar": "Y" if owner.get("aadhaar_linked", True) else "N",
        "reference_key": secrets.token_hex(20),
        "mobile": owner.get("mobile") or "",
    }
