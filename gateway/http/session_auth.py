"""Authenticates the reader of a page or a download by bearer token, else by session cookie."""

from collections.abc import Collection

from starlette.requests import Request

from actions.identity.sessions import subject_for_token
from actions.kernel import Environment
from domain.kernel import ANONYMOUS, NotSignedIn, Subject
from gateway.http.headers import SESSION_COOKIE, is_foreign_page, token_of


async def reader_of(env: Environment, request: Request) -> Subject:
    """The subject of a GET request.

    Raises NotSignedIn for a bearer token that no session has; a cookie without a session is nobody.
    """
    token = token_of(request, ()) if "authorization" in request.headers else None
    if token is not None:
        return await subject_for_token(env, token)
    cookie = cookie_to_read(request, (env.public_url,))
    if cookie is None:
        return ANONYMOUS
    try:
        return await subject_for_token(env, cookie)
    except NotSignedIn:
        return ANONYMOUS


def cookie_to_read(request: Request, origins: Collection[str]) -> str | None:
    """The session cookie, where the reader herself goes to the page: no page of others can read what it opens so.

    So she is who she is after a link on another site, and after the way back from a provider. A frame, an image or a
    script of another site's page gets what nobody gets.
    """
    opened = request.headers.get("sec-fetch-dest") == "document" and "origin" not in request.headers
    if not opened and is_foreign_page(request.headers, origins):
        return None
    return request.cookies.get(SESSION_COOKIE)
