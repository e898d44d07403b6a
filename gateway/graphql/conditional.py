"""Conditional GET for trusted documents: ETag, Cache-Control and 304 responses."""

import hashlib
from collections.abc import Mapping, Sequence
from copy import deepcopy
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from domain.kernel import ErrorCode
from gateway.graphql.answers import encode_json

_CONSENT = ErrorCode.CONSENT_REQUIRED.value
KEPT_PRIVATELY = "private, no-cache"
"""Kept by the one who asked, and asked for again each time: what is personal must not be shown after signing out."""

_OF_THE_BODY = ("content-length", "content-type", "content-encoding")


def may_be_kept(body: Mapping[str, Any]) -> bool:
    """Whether an answer holds until something changes: it lacks nothing but what the citizen has not consented to."""
    return all(error.get("extensions", {}).get("code") == _CONSENT for error in body.get("errors", ()))


def content_of(body: Mapping[str, Any], ages: Sequence[Sequence[str | int]] = ()) -> bytes:
    """What of an answer makes it another one: all but extensions and the places that tell only how fresh it is.

    The same content that was read again is the same answer, so that a phone which asks each minute gets 304. Its copy
    tells an earlier instant than it might, never a later one.
    """
    content = {"data": deepcopy(body["data"]) if ages else body["data"]}
    for *way, name in ages:
        place: Any = content["data"]
        for step in way:
            place = place[step]
        place.pop(name, None)
    if "errors" in body:
        content["errors"] = [{name: error.get(name) for name in ("message", "path")} for error in body["errors"]]
    return encode_json(content)


def conditional(response: Response, request: Request, data: bytes) -> Response:
    """The answer with an ETag of its data, or 304 without a body where the caller has the same.

    `extensions` differ from answer to answer and are left out of the tag, which is therefore a weak one
    (RFC 9110 section 8.8.1). Language and media type are part of it.
    """
    tag = _tag(data, response)
    response.headers["ETag"] = tag
    response.headers["Cache-Control"] = KEPT_PRIVATELY
    if not is_named(request.headers.get("if-none-match", ""), tag):
        return response
    headers = {name: value for name, value in response.headers.items() if name not in _OF_THE_BODY}
    return Response(status_code=304, headers=headers)


def _tag(data: bytes, response: Response) -> str:
    digest = hashlib.sha256(data)
    for name in ("content-type", "content-language"):
        digest.update(b"\0" + response.headers.get(name, "").encode("latin-1", "replace"))
    return f'W/"{digest.hexdigest()[:32]}"'


def is_named(header: str, tag: str) -> bool:
    """Whether an If-None-Match header names the tag; weak and strong are compared alike (RFC 9110 section 13.1.2)."""
    opaque = tag.removeprefix("W/")
    given = [part.strip().removeprefix("W/") for part in header.split(",")[:50]]
    return "*" in given or opaque in given
