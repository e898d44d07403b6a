"""Authenticates the reader of a page or a download by bearer token, else by session cookie."""

from starlette.requests import Request

from actions.identity.sessions import subject_for_token
from actions.kernel import Environment
from domain.kernel import ANONYMOUS, NotSignedIn, Subject
from gateway.http.headers import SESSION_COOKIE, is_foreign_page, token_of


async def reader_of(env: Environment, request: Request) -> Subject:
    """The subject of a GET request. The cookie counts unless the browser says that another site's page asks.

    Raises NotSignedIn for a bearer token that no session has; a cookie without a session is nobody.
    """
    token = token_of(request, ()) if "authorization" in request.headers else None
    if token is not None:
        return await subject_for_token(env, token)
    cookie = request.cookies.get(SESSION_COOKIE)
    if cookie is None or is_foreign_page(request.headers, (env.public_url,)):
        return ANONYMOUS
    try:
        return await subject_for_token(env, cookie)
    except NotSignedIn:
        return ANONYMOUS
