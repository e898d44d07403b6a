"""The cookies of sign-in: one binds a transaction to a browser, one holds the session, one refreshes it.

All have Path=/, which the prefix `__Host-` needs (gateway/http/https_address.py).
"""

import re

from starlette.requests import Request
from starlette.responses import Response

from actions.identity.sign_in_guards import hash_of
from actions.kernel import Environment
from gateway.http.headers import SESSION_COOKIE

BROWSER_COOKIE = "apuni_browser"
BROWSER_SECONDS = 3600
REFRESH_COOKIE = "apuni_refresh"

_SECRET = re.compile(r"[A-Za-z0-9_-]{43,128}")


def browser_secret(request: Request) -> str | None:
    """The secret that only this browser holds, where it was given one."""
    value = request.cookies.get(BROWSER_COOKIE, "")
    return value if _SECRET.fullmatch(value) else None


def browser_hash(request: Request) -> str:
    """The hash of the browser's secret; of an empty text, which fits no transaction, where it has none."""
    return hash_of(browser_secret(request) or "")


def bind_browser(response: Response, env: Environment, secret: str) -> None:
    """Give the browser its secret. Lax, because the way back from the provider is a top-level GET."""
    response.set_cookie(
        BROWSER_COOKIE, secret, max_age=BROWSER_SECONDS, path="/", secure=_https(env), httponly=True, samesite="lax"
    )


def open_session(response: Response, env: Environment, token: str, seconds: int) -> None:
    """Put the session into a host-only cookie that scripts cannot read."""
    response.set_cookie(
        SESSION_COOKIE, token, max_age=seconds, path="/", secure=_https(env), httponly=True, samesite="lax"
    )


def keep_refresh(response: Response, env: Environment, token: str, seconds: int) -> None:
    """Put the refresh token into a cookie that no other site's page makes a browser send."""
    response.set_cookie(
        REFRESH_COOKIE, token, max_age=seconds, path="/", secure=_https(env), httponly=True, samesite="strict"
    )


def refresh_token_of(request: Request) -> str | None:
    """The refresh token of a browser."""
    return request.cookies.get(REFRESH_COOKIE) or None


def close_session(response: Response, env: Environment) -> None:
    """Take the cookies of the session away."""
    response.delete_cookie(SESSION_COOKIE, path="/", secure=_https(env), httponly=True, samesite="lax")
    response.delete_cookie(REFRESH_COOKIE, path="/", secure=_https(env), httponly=True, samesite="strict")


def token_of(request: Request) -> str | None:
    """The session token of a request: the Authorization header of an app, else the browser's cookie."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and token.strip():
        return token.strip()
    return request.cookies.get(SESSION_COOKIE)


def _https(env: Environment) -> bool:
    return env.public_url.startswith("https://")
