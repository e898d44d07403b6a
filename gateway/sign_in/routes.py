"""HTTP routes of sign-in: pages, redirects and cookies."""

from urllib.parse import urlsplit

import structlog
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from actions.identity.invitations import PARAMETER
from actions.identity.provider_sign_out import SIGNED_OUT, address_of, form_out, way_out
from actions.identity.sessions import sign_out, subject_who_leaves
from actions.identity.sign_in import (
    LinkProven,
    SignedIn,
    SignInIntent,
    abandon_sign_in,
    begin_sign_in,
    finish_sign_in,
    refresh_session,
)
from actions.identity.sign_in_guards import (
    LANDING,
    AppRequest,
    app_consent,
    app_request,
    hash_of,
    safe_return_to,
    with_query,
)
from actions.kernel import Environment
from actions.platform.registered_apps import registered_client
from domain.kernel import Assurance, ErrorCode, NotSignedIn, Problem, Problems, Provider, Remedy
from domain.kernel.secret_comparison import is_same_secret
from gateway.graphql.answers import retry_headers
from gateway.http.headers import EVERY_ANSWER, OTHER_SITES
from gateway.pages.rendering import language_of, remember_language
from gateway.settings.settings import Settings
from gateway.sign_in import cookies, pages
from gateway.sign_in.account_routes import CODE_PATH, account_routes
from gateway.sign_in.authorization import authorization_routes
from gateway.sign_in.providers import callback_path, offered_providers, provider_of
from gateway.sign_in.requests import (
    EnvironmentOf,
    environment_of_app,
    from_elsewhere,
    platform_of,
    readable,
    redirect,
    signed_in_subject,
)
from integrations.calling.errors import Unavailable
from integrations.sso import HandshakeProvider
from schema.kernel.errors import problem_of
from store.database import StoreError

TOLD = {"user_loggedout": "signed_out_there", "signed_out": "signed_out", "session_over": "session_over"}
"""The text for each `?error=` of somebody who is signed out. The first is MeriPehchaan's (docs/contracts/sso.md
section 2)."""

_log = structlog.get_logger()


def routes(settings: Settings, environment_of: EnvironmentOf = environment_of_app) -> list[Route]:
    """The routes of sign-in. `environment_of` finds the environment of a request."""
    doors = _SignInHandlers(environment_of, settings)
    return [
        Route("/sign-in", readable(doors.page), methods=["GET"]),
        Route("/sign-in/start/{provider}", readable(doors.start), methods=["GET"]),
        Route("/sign-in/callback/{provider}", readable(doors.callback), methods=["GET"]),
        *authorization_routes(environment_of, settings),
        Route("/sign-in/refresh", doors.refresh, methods=["POST"]),
        Route("/sign-out", doors.leave, methods=["POST"]),
        *account_routes(environment_of, settings),
    ]


class _SignInHandlers:
    """The views, with what they need from the composition root."""

    def __init__(self, environment_of: EnvironmentOf, settings: Settings) -> None:
        self._environment_of = environment_of
        self._settings = settings

    async def page(self, request: Request) -> Response:
        """Offer the providers."""
        env = self._environment_of(request)
        try:
            return_to = safe_return_to(request.query_params.get("return_to"))
        except Problems:
            return redirect("/sign-in")
        subject, query = await signed_in_subject(env, request), request.query_params
        kind = subject.kind if subject else None
        return pages.draw(
            request,
            "choice",
            kind,
            groups=pages.provider_groups(offered_providers(env)),
            asks={"return_to": return_to},
            told=TOLD.get(query.get("error", "")) if kind is None else None,
            end_there=_end_there(env, query.get("provider", "")),
            here=None if return_to == LANDING else return_to,
        )

    async def start(self, request: Request) -> Response:
        """Open a transaction and send the browser to the provider; for an app that nobody registered, ask before."""
        env, provider = self._environment_of(request), _provider(request)
        secret, app = cookies.browser_secret(request) or env.ids.token(), await self._app(request)
        if isinstance(env.partners.identity.get(provider), HandshakeProvider) and _is_sent_by_others(request):
            return _provider_page(request, provider)
        if app is not None and app.redirect not in self._settings.clients:
            consent = app_consent(secret, app)
            if not is_same_secret(request.query_params.get("app_allowed", ""), consent):
                asked = request.url.include_query_params(app_allowed=consent).query
                page = pages.draw(
                    request,
                    "app",
                    **pages.NOT_AGAIN,
                    address=urlsplit(app.redirect).netloc,
                    allow=f"{request.url.path}?{asked}",
                    refuse=with_query(app.redirect, error="access_denied", state=app.state),
                )
                cookies.bind_browser(page, env, secret)
                return page
        try:
            address = await begin_sign_in(
                env,
                provider,
                browser_hash=hash_of(secret),
                redirect_uri=env.public_url + callback_path(provider),
                return_to=request.query_params.get("return_to"),
                app=app,
                language=language_of(request),
                wish=_wish(request),
            )
        except Unavailable as away:
            _log.warning("sign_in_not_begun", provider=provider.value, code=away.code)
            if app is not None:
                return redirect(with_query(app.redirect, error="temporarily_unavailable", state=app.state))
            return pages.problem_page(
                request,
                ErrorCode.SOURCE_UNAVAILABLE,
                status=503,
                return_to=safe_return_to(request.query_params.get("return_to")),
                retry_after=away.retry_after,
                provider=provider.value,
                again=f"{request.url.path}?{request.url.query}",
                groups=pages.provider_groups(offered_providers(env) - {provider}),
            )
        response = redirect(address, 302)
        cookies.bind_browser(response, env, secret)
        remember_language(response, request)
        return response

    async def callback(self, request: Request) -> Response:
        """Take the browser back from the provider."""
        env, provider, query = self._environment_of(request), _provider(request), request.query_params
        state, browser = query.get("state", ""), cookies.browser_hash(request)
        if "error" in query:
            return await _provider_error_response(request, env, provider, browser)
        signed_in = await finish_sign_in(
            env,
            provider,
            code=query.get("code") or query.get("string", ""),  # `string` by a handshake (docs/contracts/sso.md 4.2)
            state=state,
            browser_hash=browser,
            session_seconds=self._settings.session_life,
            platform=platform_of(request),
        )
        if isinstance(signed_in, LinkProven):
            asked = f"{CODE_PATH}?link={signed_in.link_id}&language={signed_in.language.value}"
            return redirect(asked)
        return self._welcome(env, signed_in)

    def _welcome(self, env: Environment, signed_in: SignedIn) -> Response:
        response = redirect(signed_in.app_redirect or signed_in.return_to)
        if signed_in.token is not None:
            cookies.open_session(response, env, signed_in.token, self._settings.session_life)
        if signed_in.refresh_token is not None:
            cookies.keep_refresh(
                response, env, signed_in.refresh_token, env.rules.sign_on.refresh_seconds(signed_in.kind)
            )
        return response

    async def refresh(self, request: Request) -> Response:
        """Refresh a browser's session by its cookie: 204 with new cookies, or 401 and none."""
        env, token = self._environment_of(request), cookies.refresh_token_of(request)
        if from_elsewhere(request, env):
            return Response(status_code=403, headers=EVERY_ANSWER)
        try:
            answer = await refresh_session(env, token or "", self._settings.session_life)
        except Problems:
            response = Response(status_code=401, headers=EVERY_ANSWER)
            cookies.close_session(response, env)
            return response
        except StoreError as error:
            _log.warning("refresh_store_failed", kind=type(error).__name__)
            return Response(status_code=503, headers={**EVERY_ANSWER, **retry_headers(problem_of(error))})
        response = Response(status_code=204, headers=EVERY_ANSWER)
        cookies.open_session(response, env, answer.access_token, self._settings.session_life)
        if answer.refresh_token is not None:
            cookies.keep_refresh(response, env, answer.refresh_token, answer.refresh_expires_in)
        return response

    async def leave(self, request: Request) -> Response:
        """End the session of the browser or of the app that asks."""
        env = self._environment_of(request)
        if from_elsewhere(request, env):
            return Response(status_code=403, headers=EVERY_ANSWER)
        by_app = "authorization" in request.headers
        token = cookies.token_of(request)
        further, form = SIGNED_OUT, None
        if token is not None:
            try:
                subject = await subject_who_leaves(env, token)
                further, form = await way_out(env, subject.session_id), await form_out(env, subject.session_id)
                await sign_out(env, subject)
            except NotSignedIn:
                _log.info("sign_out_without_session")
        if by_app:
            return Response(status_code=204, headers=EVERY_ANSWER)
        response = redirect(further) if form is None else pages.end_there(request, form)
        cookies.close_session(response, env)
        return response

    async def _app(self, request: Request) -> AppRequest | None:
        query = request.query_params
        redirect = query.get("app_redirect")
        if redirect is None:
            return None
        state, challenge = query.get("app_state"), query.get("code_challenge")
        links = set(self._settings.clients)
        if await registered_client(self._environment_of(request), redirect):
            links.add(redirect)
        return app_request(redirect, state, challenge, links, loopback=self._settings.demo)


def _end_there(env: Environment, name: str) -> dict[str, str] | None:
    """The page at which a provider ends its own session, where it sends nobody back."""
    provider = next((one for one, known in env.partners.identity.items() if one.value == name), None)
    address = address_of(env, provider) if provider is not None else None
    return {"provider": name, "address": address} if address else None


def _is_sent_by_others(request: Request) -> bool:
    """Whether a page of another site sent the browser here, as far as the browser says (Fetch Metadata)."""
    return request.headers.get("sec-fetch-site") in OTHER_SITES


def _provider_page(request: Request, provider: Provider) -> Response:
    """The page on which she begins by herself what another site's page began.

    Without `state` another site could else begin a sign-in and finish it with a handshake of somebody else.
    """
    asks = {name: value for name, value in request.query_params.items() if name != "language"}
    groups = pages.provider_groups({provider})
    return pages.draw(request, "choice", None, **pages.NOT_AGAIN, groups=groups, asks=asks, told=None)


def _wish(request: Request) -> SignInIntent | None:
    """A strength that the address asks for, or the officer's one-time link that it is."""
    asked, invitation = request.query_params.get("strength"), request.query_params.get(PARAMETER)
    strength = Assurance(asked) if asked in {one.value for one in Assurance} else None
    return SignInIntent(strength, invitation=invitation) if strength or invitation else None


async def _provider_error_response(request: Request, env: Environment, provider: Provider, browser: str) -> Response:
    error, state = request.query_params["error"], request.query_params.get("state", "")
    transaction = await abandon_sign_in(env, provider, state=state, browser_hash=browser, error=error)
    denied = error == "access_denied"
    if transaction.app_redirect is not None:
        told = "access_denied" if denied else "server_error"
        address = with_query(transaction.app_redirect, error=told, state=transaction.app_state)
        return redirect(address)
    code = ErrorCode.CONSENT_REQUIRED if denied else ErrorCode.SOURCE_REFUSED
    return pages.problem_page(request, code, status=403, return_to=transaction.return_to)


def _provider(request: Request) -> Provider:
    provider = provider_of(request.path_params["provider"])
    if provider is None:
        raise Problems(Problem(ErrorCode.NOT_FOUND, ("provider",), Remedy.NONE))
    return provider
