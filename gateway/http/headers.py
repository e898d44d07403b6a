"""Parses request headers, and sets the headers that every response carries."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

from starlette.datastructures import Headers
from starlette.requests import HTTPConnection, Request

from domain.kernel import mask_aadhaar_in
from domain.kernel.secret_comparison import is_same_secret

GRAPHQL_JSON = "application/graphql-response+json"
PLAIN_JSON = "application/json"
HTML = "text/html"
SESSION_COOKIE = "apuni_session"
OWN_COOKIES = b"apuni_"
"""How the names of all cookies of ours begin."""

HOST_PREFIX = b"__Host-"
"""What stands before them where the public address is https (gateway/http/https_address.py)."""

ROUTER_HEADER = "x-router-secret"
OTHER_SITES = frozenset({"cross-site", "same-site"})
"""Values of Sec-Fetch-Site, which no page can set, for a page that is not of our origin."""

EVERY_ANSWER: Mapping[str, str] = {
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
}
VARY = "Accept, Accept-Encoding, Accept-Language, Authorization, Cookie, Origin"

_UUID = re.compile(r"[0-9A-Fa-f]{8}(?:-?[0-9A-Fa-f]{4}){3}-?[0-9A-Fa-f]{12}")
_PERSONAL = re.compile(r"(?<![0-9])[1-9](?:[._-]?[0-9]){8}|[A-Za-z]{5}[0-9]{4}[A-Za-z]|^ey[A-Za-z0-9]|\..*\.")
"""Numbers of people, accounts and phones, PANs, tokens."""

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
_BEARER = re.compile(r"(?i:Bearer) +(?P<token>[A-Za-z0-9._~+/=-]+)")


class IndexedHeaders(Headers):
    """Headers that are found by their name without a walk over all of them; of several of a name, the first."""

    @cached_property
    def _first(self) -> dict[str, str]:
        return {name.decode("latin-1"): value.decode("latin-1") for name, value in reversed(self.raw)}

    def __getitem__(self, key: str) -> str:
        return self._first[key.lower()]

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and key.lower() in self._first

    def get(self, key: str, default: Any = None) -> Any:
        return self._first.get(key.lower(), default)


class IndexedRequest(Request):
    """A request whose headers are asked for often."""

    @cached_property
    def headers(self) -> Headers:
        return IndexedHeaders(scope=self.scope)


def is_router(headers: Mapping[str, str], secret: str | None) -> bool:
    """Whether a router in front of us proves itself by the secret that was set (docs/federation.md)."""
    given = headers.get(ROUTER_HEADER)
    return bool(secret and given) and is_same_secret(given or "", secret or "")


@dataclass(frozen=True, slots=True)
class AnswerFormat:
    """The media type of the answer. `legacy` where the client itself asked for plain JSON first.

    Then a well-formed request whose document fails is answered with status 200, as clients from before
    `application/graphql-response+json` expect; all others get 400 (GraphQL over HTTP, sections 6.4.1 and 6.4.2).
    """

    media_type: str
    legacy: bool = False


@lru_cache(256)
def negotiate_media_type(header: str | None) -> AnswerFormat | None:
    """The answer's media type by an Accept header; None where the client takes neither of ours.

    Without a preference it is `application/json`, as the public audits ask (80D8, 47DE).
    """
    weights = weights_of(header or "*/*")
    modern, legacy = weights.get(GRAPHQL_JSON, 0.0), weights.get(PLAIN_JSON, 0.0)
    if modern > 0 and modern >= legacy:
        return AnswerFormat(GRAPHQL_JSON)
    if legacy > 0:
        return AnswerFormat(PLAIN_JSON, legacy=True)
    anything = max(weights.get("*/*", 0.0), weights.get("application/*", 0.0))
    return AnswerFormat(PLAIN_JSON) if anything > 0 else None


def prefers_html(header: str | None) -> bool:
    """Whether a browser's page is wanted rather than JSON."""
    weights = weights_of(header or "")
    html = weights.get(HTML, 0.0)
    return html > 0 and html >= max(weights.get(GRAPHQL_JSON, 0.0), weights.get(PLAIN_JSON, 0.0))


def weights_of(header: str) -> dict[str, float]:
    """The values of an Accept or Accept-Encoding header with their q-values (RFC 9110 section 12.5.1)."""
    weights: dict[str, float] = {}
    for part in header.split(",")[:50]:
        media_range, *parameters = (piece.strip().lower() for piece in part.split(";"))
        if media_range:
            weights[media_range] = _weight(parameters)
    return weights


def _weight(parameters: list[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                return min(max(float(value), 0.0), 1.0)
            except ValueError:
                return 0.0
    return 1.0


def request_id_of(request: Request) -> str | None:
    """The caller's own X-Request-Id, where it has a harmless form: it is logged, so it must not name a person."""
    given = request.headers.get("x-request-id", "")
    if _UUID.fullmatch(given):
        return given if mask_aadhaar_in(given) == given else None
    return given if _REQUEST_ID.fullmatch(given) and not _PERSONAL.search(given) else None


def deadline_of(request: Request, at_most: float) -> float:
    """Seconds that the caller gives us by `x-deadline-ms`, never more than `at_most`."""
    given = request.headers.get("x-deadline-ms", "")
    if not (given.isascii() and given.isdigit() and len(given) < 10):
        return at_most
    return min(max(int(given), 1) / 1000, at_most)


def token_of(request: Request, origins: Collection[str]) -> str | None:
    """The session token: of the Authorization header, else of the cookie where it may be used.

    A header that is there but holds no bearer token gives an empty token, which no session has.
    """
    header = request.headers.get("authorization")
    if header is not None:
        return bearer_token(header)
    cookie = request.cookies.get(SESSION_COOKIE)
    return cookie if cookie and cookie_may_be_used(request, origins) else None


def claimed_token(request: HTTPConnection) -> str | None:
    """The token that a request brings in any way. It says for whom to count the request, and allows nothing."""
    header = request.headers.get("authorization")
    if header is not None:
        return bearer_token(header)
    return request.cookies.get(HOST_PREFIX.decode() + SESSION_COOKIE) or request.cookies.get(SESSION_COOKIE)


def bearer_token(header: str) -> str:
    """The token of an Authorization header; empty where it holds none."""
    match = _BEARER.fullmatch(header.strip())
    return match["token"] if match else ""


def came_by_cookie(request: Request) -> bool:
    """Whether the request bears the session cookie and no header: a credential that the browser adds by itself."""
    return "authorization" not in request.headers and SESSION_COOKIE in request.cookies


def cookie_may_be_used(request: Request, origins: Collection[str]) -> bool:
    """Whether the browser vouches that a page of ours sent this: JSON, and the same origin.

    Against cross-site request forgery (ADR 0020). `Sec-Fetch-Site` cannot be set by a page;
    browsers without it send `Origin` on every POST.
    """
    return media_type_of(request) == PLAIN_JSON and is_own_page(request, origins)


def is_own_page(request: Request, origins: Collection[str]) -> bool:
    """Whether the browser says that a page of ours sent this request, which is no mere navigation."""
    site = request.headers.get("sec-fetch-site")
    return site == "same-origin" if site is not None else request.headers.get("origin") in origins


def is_foreign_page(headers: Mapping[str, str], origins: Collection[str]) -> bool:
    """Whether a browser says that a page of another origin asks. Apps name no origin, or ours."""
    origin = headers.get("origin")
    if origin is not None:
        return origin not in origins
    return headers.get("sec-fetch-site") in OTHER_SITES


def media_type_of(request: Request) -> str:
    """The media type of the request's body, lower-case, without parameters."""
    return _content_type(request.headers.get("content-type", ""))[0]


def charset_of(request: Request) -> str:
    """The charset that the content type names, lower-case; UTF-8 where it names none."""
    return _content_type(request.headers.get("content-type", ""))[1]


@lru_cache(256)
def _content_type(header: str) -> tuple[str, str]:
    media_type, *parameters = header.split(";")
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset":
            return media_type.strip().lower(), value.strip().strip('"').lower()
    return media_type.strip().lower(), "utf-8"
