"""Shared by the sign-in endpoints: form parsing, language, and errors as a page."""

import functools
from collections.abc import Awaitable, Callable, Mapping

import structlog
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from actions.identity.sessions import subject_for_token
from actions.kernel import Environment
from domain.kernel import ErrorCode, NotSignedIn, Problems, Subject
from gateway.http.headers import EVERY_ANSWER, is_own_page, media_type_of
from gateway.pages.refusals import SessionOver, to_sign_in
from gateway.sign_in import cookies, pages
from integrations.calling.errors import Garbled, IntegrityFailure, Refused, RemoteError, Unavailable
from schema.kernel.errors import problem_of
from store.database import StoreError

EnvironmentOf = Callable[[Request], Environment]
View = Callable[[Request], Awaitable[Response]]

_LARGEST_FORM = 8192
_STATUSES: Mapping[ErrorCode, int] = {
    ErrorCode.FORBIDDEN: 403,
    ErrorCode.NOT_FOUND: 404,
    ErrorCode.ACCOUNT_TAKEN: 409,
    ErrorCode.RATE_LIMITED: 429,
    ErrorCode.SOURCE_UNAVAILABLE: 503,
}
_log = structlog.get_logger()


def environment_of_app(request: Request) -> Environment:
    """The environment that the composition root put on the application."""
    environment: Environment = request.app.state.environment
    return environment


def readable(view: View) -> View:
    """Turn every expected failure of a view into a page that a person can read."""

    @functools.wraps(view)
    async def run_view(request: Request) -> Response:
        try:
            return await view(request)
        except SessionOver as over:
            return to_sign_in(request, over.here)
        except Problems as error:
            code, status, after = error.code, _STATUSES.get(error.code, 400), error.problem.retry_after
        except RemoteError as error:
            code, status, after = *_outcome(error), error.retry_after
            _log.warning("sign_in_failed", source=error.source.value, code=error.code)
        except StoreError as error:
            problem = problem_of(error)
            code, status, after = problem.code, 503, problem.retry_after
            _log.warning("sign_in_store_failed", kind=type(error).__name__)
        return pages.problem_page(request, code, status=status, retry_after=after)

    return run_view


def _outcome(error: RemoteError) -> tuple[ErrorCode, int]:
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


def redirect(address: str, status: int = 303) -> RedirectResponse:
    """The way to another page, which nobody keeps."""
    return RedirectResponse(address, status, headers=EVERY_ANSWER)


async def signed_in_subject(env: Environment, request: Request) -> Subject | None:
    """Who is signed in in this browser or app; None for nobody, and for a token that no session has."""
    token = cookies.token_of(request)
    try:
        return None if token is None else await subject_for_token(env, token)
    except NotSignedIn:
        return None


async def form_of(request: Request) -> FormData:
    """The small form of a request; an empty one where it is of another type, too large, or of no stated length."""
    length = request.headers.get("content-length", "")
    fits = length.isascii() and length.isdigit() and int(length) <= _LARGEST_FORM
    if media_type_of(request) != "application/x-www-form-urlencoded" or not fits:
        return FormData()
    try:
        return await request.form(max_files=0, max_fields=10)
    except HTTPException:
        return FormData()


def text_in(form: FormData, name: str) -> str:
    """A field of a form as text; empty where it is missing."""
    value = form.get(name)
    return value if isinstance(value, str) else ""


def from_elsewhere(request: Request, env: Environment) -> bool:
    """Whether a form was not sent by a page of ours: by Sec-Fetch-Site, else by the Origin, which is then compulsory.

    A token in a header is no browser's: no page can make another one's browser add it (ADR 0020).
    """
    return "authorization" not in request.headers and not is_own_page(request, (env.public_url,))


PLATFORMS = (("android", "ANDROID"), ("iphone", "IOS"), ("ipad", "IOS"), ("windows", "WINDOWS"), ("mac os", "MAC"))


def platform_of(request: Request) -> str:
    """The kind of system that a browser runs on: no more of it is kept."""
    agent = request.headers.get("user-agent", "").lower()
    known = next((name for mark, name in PLATFORMS if mark in agent), None)
    return known or ("LINUX" if "linux" in agent else "OTHER")
