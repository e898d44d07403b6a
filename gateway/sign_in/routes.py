"""The HTTP side of sign-in: pages, redirects, cookies, and the token door of native apps."""

import functools
from collections.abc import Awaitable, Callable
from importlib.resources import files

import structlog
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from actions.environment import Environment
from actions.sessions import sign_out, subject_for_token
from actions.sign_in import SignedIn, abandon_sign_in, begin_sign_in, exchange_app_code, finish_sign_in
from actions.sign_in_guards import AppRequest, app_request, hash_of, safe_return_to, with_query
from domain.errors import ErrorCode, NotSignedIn, Problem, Problems, Remedy
from domain.people import PersonKind, Provider
from domain.text import Language, language_from_header
from gateway.sign_in import cookies, pages
from gateway.sign_in.providers import callback_path, provider_of
from gateway.sign_in.settings import SignInSettings
from integrations.errors import Garbled, IntegrationError, IntegrityFailure, Refused, Unavailable
from store.errors import StoreError

EnvironmentOf = Callable[[Request], Environment]
View = Callable[[Request], Awaitable[Response]]

_PLAIN = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Content-Type-Options": "nosniff"}
_LARGEST_FORM = 8192
_log = structlog.get_logger()


def environment_of_app(request: Request) -> Environment:
    """The environment that the composition root put on the application."""
    environment: Environment = request.app.state.environment
    return environment


def routes(environment_of: EnvironmentOf = environment_of_app, settings: SignInSettings | None = None) -> list[Route]:
    """The routes of sign-in. `environment_of` finds the environment of a request."""
    doors = _Doors(environment_of, settings or SignInSettings())
    return [
        Route("/sign-in", _readable(doors.page), methods=["GET"]),
        Route("/sign-in/style.css", _style, methods=["GET"]),
        Route("/sign-in/start/{provider}", _readable(doors.start), methods=["GET"]),
        Route("/sign-in/callback/{provider}", _readable(doors.callback), methods=["GET"]),
        Route("/sign-in/token", doors.token, methods=["POST"]),
        Route("/sign-out", doors.leave, methods=["POST"]),
    ]


class _Doors:
    """The views, with what they need from the composition root."""

    def __init__(self, environment_of: EnvironmentOf, settings: SignInSettings) -> None:
        self._environment_of = environment_of
        self._settings = settings

    async def page(self, request: Request) -> Response:
        """Offer the providers."""
        env = self._environment_of(request)
        try:
            return_to = safe_return_to(request.query_params.get("return_to"))
        except Problems:
            return_to = safe_return_to(None)
        kind = await _signed_in(env, request)
        return pages.sign_in_page(_language(request), env.partners.identity.keys(), return_to, kind)

    async def start(self, request: Request) -> Response:
        """Open a transaction and send the browser to the provider."""
        env, provider = self._environment_of(request), _provider(request)
        secret = cookies.browser_secret(request) or env.ids.token()
        address = await begin_sign_in(
            env,
            provider,
            browser_hash=hash_of(secret),
            redirect_uri=env.public_url + callback_path(provider),
            return_to=request.query_params.get("return_to"),
            app=self._app(request),
            language=_language(request),
        )
        response = RedirectResponse(address, 302, headers=_PLAIN)
        cookies.bind_browser(response, env, secret)
        return response

    async def callback(self, request: Request) -> Response:
        """Take the browser back from the provider."""
        env, provider, query = self._environment_of(request), _provider(request), request.query_params
        state, browser = query.get("state", ""), cookies.browser_hash(request)
        if "error" in query:
            return await _abandoned(request, env, provider, browser)
        signed_in = await finish_sign_in(
            env,
            provider,
            code=query.get("code", ""),
            state=state,
            browser_hash=browser,
            session_seconds=self._settings.session_seconds,
        )
        return self._welcome(env, signed_in)

    def _welcome(self, env: Environment, signed_in: SignedIn) -> Response:
        response = RedirectResponse(signed_in.app_redirect or signed_in.return_to, 303, headers=_PLAIN)
        if signed_in.token is not None:
            cookies.open_session(response, env, signed_in.token, self._settings.session_seconds)
        return response

    async def token(self, request: Request) -> Response:
        """Trade an app's one-time code for its session token."""
        form = await _form(request)
        given = [form.get(name) for name in ("code", "code_verifier", "redirect_uri")]
        code, verifier, redirect_uri = (value if isinstance(value, str) else "" for value in given)
        if not (code and verifier and redirect_uri):
            return JSONResponse({"error": "invalid_request"}, 400, headers=_PLAIN)
        try:
            answer = await exchange_app_code(self._environment_of(request), code, verifier, redirect_uri)
        except Problems:
            return JSONResponse({"error": "invalid_grant"}, 400, headers=_PLAIN)
        except StoreError as error:
            _log.warning("app_code_store_failed", kind=type(error).__name__)
            return JSONResponse({"error": "temporarily_unavailable"}, 503, headers=_PLAIN)
        body = {"access_token": answer.access_token, "token_type": "Bearer", "expires_in": answer.expires_in}
        return JSONResponse(body, headers=_PLAIN)

    async def leave(self, request: Request) -> Response:
        """End the session of the browser or of the app that asks."""
        if request.headers.get("sec-fetch-site") in {"cross-site", "same-site"}:
            return Response(status_code=403, headers=_PLAIN)
        env = self._environment_of(request)
        by_app = "authorization" in request.headers
        token = cookies.token_of(request)
        if token is not None:
            try:
                await sign_out(env, await subject_for_token(env, token))
            except NotSignedIn:
                _log.info("sign_out_without_session")
        if by_app:
            return Response(status_code=204, headers=_PLAIN)
        response = RedirectResponse("/sign-in", 303, headers=_PLAIN)
        cookies.close_session(response, env)
        return response

    def _app(self, request: Request) -> AppRequest | None:
        query = request.query_params
        redirect = query.get("app_redirect")
        if redirect is None:
            return None
        return app_request(redirect, query.get("app_state"), query.get("code_challenge"), self._settings.app_links)


def _readable(view: View) -> View:
    """Turn every expected failure of a view into a page that a person can read."""

    @functools.wraps(view)
    async def guarded(request: Request) -> Response:
        try:
            return await view(request)
        except Problems as error:
            code, status, after = error.code, _STATUSES.get(error.code, 400), None
        except IntegrationError as error:
            code, status, after = *_outcome(error), error.retry_after
            _log.warning("sign_in_failed", source=error.source.value, code=error.code)
        except StoreError as error:
            code, status, after = ErrorCode.INTERNAL, 503, None
            _log.warning("sign_in_store_failed", kind=type(error).__name__)
        return pages.problem_page(_language(request), code, status=status, retry_after=int(after) if after else None)

    return guarded


_STATUSES = {ErrorCode.FORBIDDEN: 403, ErrorCode.NOT_FOUND: 404}


def _outcome(error: IntegrationError) -> tuple[ErrorCode, int]:
    match error:
        case Unavailable():
            return ErrorCode.SOURCE_UNAVAILABLE, 503
        case Refused():
            return ErrorCode.SOURCE_REFUSED, 403
        case IntegrityFailure():
            return ErrorCode.INTEGRITY, 502
        case Garbled():
            return ErrorCode.SOURCE_GARBLED, 502
        case _:
            return ErrorCode.INTERNAL, 502


async def _abandoned(request: Request, env: Environment, provider: Provider, browser: str) -> Response:
    error, state = request.query_params["error"], request.query_params.get("state", "")
    transaction = await abandon_sign_in(env, provider, state=state, browser_hash=browser, error=error)
    denied = error == "access_denied"
    if transaction.app_redirect is not None:
        told = "access_denied" if denied else "server_error"
        address = with_query(transaction.app_redirect, error=told, state=transaction.app_state)
        return RedirectResponse(address, 303, headers=_PLAIN)
    code = ErrorCode.CONSENT_REQUIRED if denied else ErrorCode.SOURCE_REFUSED
    return pages.problem_page(Language(transaction.language), code, status=403, return_to=transaction.return_to)


async def _signed_in(env: Environment, request: Request) -> PersonKind | None:
    token = cookies.token_of(request)
    if token is None:
        return None
    try:
        return (await subject_for_token(env, token)).kind
    except NotSignedIn:
        return None


async def _form(request: Request) -> FormData:
    length = request.headers.get("content-length", "")
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    fits = length.isascii() and length.isdigit() and int(length) <= _LARGEST_FORM
    if media_type != "application/x-www-form-urlencoded" or not fits:
        return FormData()
    try:
        return await request.form(max_files=0, max_fields=10)
    except HTTPException:
        return FormData()


async def _style(request: Request) -> Response:
    del request
    content = files("gateway.sign_in").joinpath("static/style.css").read_bytes()
    headers = {"Cache-Control": "public, max-age=3600", "X-Content-Type-Options": "nosniff"}
    return Response(content, media_type="text/css", headers=headers)


def _provider(request: Request) -> Provider:
    provider = provider_of(request.path_params["provider"])
    if provider is None:
        raise Problems(Problem(ErrorCode.NOT_FOUND, ("provider",), Remedy.NONE))
    return provider


def _language(request: Request) -> Language:
    asked = request.query_params.get("language")
    if asked in {Language.HI.value, Language.EN.value}:
        return Language(asked)
    return language_from_header(request.headers.get("accept-language"))
