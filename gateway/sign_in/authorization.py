"""The authorization server of apps (RFC 6749, 7636, 8252), with its metadata (RFC 8414).

Apps are public clients: they have no secret, so that PKCE is compulsory, and a redirect address belongs to one client
alone. Tokens have no scopes of their own: what a person may do follows from her roles (docs/federation.md).
"""

from collections.abc import Mapping
from dataclasses import dataclass

import structlog
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from actions.certificates.wallet_grants import LIFE, WalletRefusal
from actions.identity.sign_in import AppToken, exchange_app_code, refresh_session
from actions.identity.sign_in_guards import LONGEST_STATE, is_challenge, is_loopback, with_query
from actions.identity.wallet_offers import PRE_AUTHORIZED, redeem_offer
from actions.kernel import Environment
from actions.platform.registered_apps import registered_client
from domain.kernel import ErrorCode, Problem, Problems, spoken_languages
from gateway.graphql.answers import retry_headers
from gateway.http.headers import EVERY_ANSWER
from gateway.pages.rendering import language_of
from gateway.settings.settings import Settings
from gateway.sign_in import pages
from gateway.sign_in.providers import SLUGS, offered_providers, provider_of
from gateway.sign_in.requests import EnvironmentOf, form_of, readable, redirect, text_in
from schema.kernel.errors import problem_of
from store.database import StoreError

METADATA = "/.well-known/oauth-authorization-server"
AUTHORIZE, TOKEN = "/sign-in/authorize", "/sign-in/token"

_AUTHORIZATION_CODE, _REFRESH_TOKEN = "authorization_code", "refresh_token"
_OF_A_CODE = ("client_id", "code", "code_verifier", "redirect_uri")
_log = structlog.get_logger()


def authorization_routes(environment_of: EnvironmentOf, settings: Settings) -> list[Route]:
    """The metadata, the authorization endpoint and the token endpoint."""
    handlers = _AuthorizationHandlers(environment_of, settings)
    return [
        Route(METADATA, handlers.metadata, methods=["GET"]),
        Route(AUTHORIZE, readable(handlers.authorize), methods=["GET"]),
        Route(TOKEN, handlers.token, methods=["POST"]),
    ]


@dataclass(frozen=True, slots=True)
class _AuthorizationHandlers:
    environment_of: EnvironmentOf
    settings: Settings

    async def metadata(self, request: Request) -> Response:
        """Tell apps where they sign people in (RFC 8414 section 3.2)."""
        issuer = self.environment_of(request).public_url
        body = {
            "issuer": issuer,
            "authorization_endpoint": issuer + AUTHORIZE,
            "token_endpoint": issuer + TOKEN,
            "response_types_supported": ["code"],
            "response_modes_supported": ["query"],
            "grant_types_supported": [_AUTHORIZATION_CODE, _REFRESH_TOKEN, PRE_AUTHORIZED],
            "pre-authorized_grant_anonymous_access_supported": True,
            "code_challenge_methods_supported": ["S256"],
            "token_endpoint_auth_methods_supported": ["none"],
            "ui_locales_supported": [one.value for one in spoken_languages()],
        }
        return JSONResponse(body, headers={**EVERY_ANSWER, "Cache-Control": "public, max-age=300"})

    async def authorize(self, request: Request) -> Response:
        """Offer the providers to a person whom an app wants to sign in (RFC 6749 section 4.1.1).

        A client or a redirect address that is not known is told to the person; every other fault is sent to the app
        (RFC 6749 section 4.1.2.1). `provider` names one provider and leaves the page out.
        """
        query = request.query_params
        address = query.get("redirect_uri", "")
        if len(query.getlist("redirect_uri")) != 1 or not await self._is_clients(
            request, query.get("client_id"), address
        ):
            raise Problems(Problem(ErrorCode.BAD_INPUT, ("redirectUri",)))
        state = query.get("state")
        fault = _fault_of(request)
        if fault is not None:
            error, description = fault
            kept = state if len(state or "") <= LONGEST_STATE else None
            return redirect(with_query(address, error=error, error_description=description, state=kept))
        asks = {"app_redirect": address, "code_challenge": query["code_challenge"]}
        if state is not None:
            asks["app_state"] = state
        provider = provider_of(query.get("provider", ""))
        if provider is not None:
            language = language_of(request).value
            return redirect(with_query(f"/sign-in/start/{SLUGS[provider]}", **asks, language=language))
        groups = pages.provider_groups(offered_providers(self.environment_of(request)))
        return pages.draw(request, "choice", None, groups=groups, asks=asks, here=None, told=None)

    async def token(self, request: Request) -> Response:
        """Trade an app's one-time code, or its refresh token, for its session token (RFC 6749 sections 4.1.3 and 6)."""
        form = await form_of(request)
        try:
            env, wallet = self.environment_of(request), text_in(form, "grant_type") == PRE_AUTHORIZED
            return await (_redeem(env, form) if wallet else self._grant(request, form))
        except Problems:
            return _refusal("invalid_grant", "It is used up, over, or was not given to this client")
        except StoreError as error:
            _log.warning("app_code_store_failed", kind=type(error).__name__)
            return _refusal("temporarily_unavailable", None, 503, retry_headers(problem_of(error)))

    async def _grant(self, request: Request, form: FormData) -> Response:
        env = self.environment_of(request)
        if any(len(form.getlist(name)) > 1 for name in form):
            return _refusal("invalid_request", "A parameter is there more than once")
        match text_in(form, "grant_type"):
            case "refresh_token":
                token = text_in(form, "refresh_token")
                if not token:
                    return _refusal("invalid_request", "refresh_token is needed")
                client = text_in(form, "client_id")
                return _tokens(await refresh_session(env, token, self.settings.session_life, client_id=client))
            case "authorization_code":
                client, code, verifier, address = (text_in(form, name) for name in _OF_A_CODE)
                if not (client and code and verifier and address):
                    return _refusal("invalid_request", f"{', '.join(_OF_A_CODE)} are needed")
                if not await self._is_clients(request, client, address):
                    return _refusal("invalid_grant", "The redirect address is not this client's")
                return _tokens(await exchange_app_code(env, code, verifier, address, client_id=client))
            case "":
                return _refusal("invalid_request", "grant_type is needed, in a form of at most 8,192 bytes")
            case _:
                return _refusal("unsupported_grant_type", "authorization_code or refresh_token")

    async def _is_clients(self, request: Request, client: str | None, address: str) -> bool:
        """Whether a client may be answered at an address: its own, or where loopback is allowed nobody's."""
        if address in self.settings.clients:
            return client == self.settings.clients[address]
        registered = await registered_client(self.environment_of(request), address)
        if registered is not None and registered == client:
            return True
        return self.settings.demo and bool(client) and is_loopback(address)


def _fault_of(request: Request) -> tuple[str, str] | None:
    """What is wrong with a request of a known client, as RFC 6749 section 4.1.2.1 and RFC 7636 section 4.4.1 say it."""
    query = request.query_params
    if any(len(query.getlist(name)) > 1 for name in query):
        return "invalid_request", "A parameter is there more than once"
    if not query.get("response_type"):
        return "invalid_request", "response_type is needed"
    if query["response_type"] != "code":
        return "unsupported_response_type", "response_type must be code"
    if query.get("scope"):
        return "invalid_scope", "Tokens have no scopes: leave scope out"
    if query.get("code_challenge_method") != "S256" or not is_challenge(query.get("code_challenge")):
        return "invalid_request", "A code_challenge of method S256 is needed"
    if len(query.get("state", "")) > LONGEST_STATE:
        return "invalid_request", "state is too long"
    return None


async def _redeem(env: Environment, form: FormData) -> Response:
    """The token for a credential that a citizen was offered (OpenID4VCI 1.0); no session comes of it."""
    if any(len(form.getlist(name)) > 1 for name in form):
        return _refusal("invalid_request", "A parameter is there more than once")
    code, tx_code = text_in(form, "pre-authorized_code"), text_in(form, "tx_code")
    if not (code and tx_code):
        return _refusal("invalid_request", "pre-authorized_code and tx_code are needed")
    try:
        token = await redeem_offer(env, code, tx_code)
    except WalletRefusal as refusal:
        return _refusal(refusal.error, refusal.description)
    body = {"access_token": token, "token_type": "Bearer", "expires_in": int(LIFE.total_seconds())}
    return JSONResponse(body, headers=EVERY_ANSWER)


def _tokens(answer: AppToken) -> JSONResponse:
    body: dict[str, str | int] = {
        "access_token": answer.access_token,
        "token_type": "Bearer",
        "expires_in": answer.expires_in,
    }
    if answer.refresh_token is not None:
        body |= {"refresh_token": answer.refresh_token, "refresh_token_expires_in": answer.refresh_expires_in}
    return JSONResponse(body, headers=EVERY_ANSWER)


def _refusal(
    error: str, description: str | None, status: int = 400, headers: Mapping[str, str] | None = None
) -> JSONResponse:
    """A refusal of the token endpoint (RFC 6749 section 5.2)."""
    body = {"error": error} | ({"error_description": description} if description else {})
    return JSONResponse(body, status, headers={**EVERY_ANSWER, **(headers or {})})
