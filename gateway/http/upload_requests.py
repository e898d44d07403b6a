"""Shared by the upload endpoints: the sender, the response for a stored file, and the error responses."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

from starlette.datastructures import FormData, Headers
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from actions.documents.file_links import signed_link
from actions.identity.sessions import subject_for_token
from actions.kernel import Environment
from actions.uploads.uploads import too_large
from domain.kernel import (
    ANONYMOUS,
    IST,
    ErrorCode,
    Language,
    NotSignedIn,
    Problem,
    Problems,
    Subject,
    language_from_header,
)
from domain.uploads.files import UploadedFile
from gateway.graphql.answers import json_answer, problem_response
from gateway.http.headers import SESSION_COOKIE, is_own_page, request_id_of, token_of
from schema.kernel.errors import OURS, problem_of

MULTIPART = "multipart/form-data"
_UNSAID = frozenset({"", "application/octet-stream", "application/x-www-form-urlencoded"})
"""Content types by which a client says nothing about the file; the last one is what curl sends by itself."""

BODY_SECONDS = 120.0
"""How long a caller may take to send a file, or a piece of one: 2 MB at 140 kbit/s."""

FAULTS = (*OURS, ClientDisconnect)
"""The exceptions for which an upload endpoint makes its own error response."""

STATUSES: Mapping[ErrorCode, int] = {
    ErrorCode.UNAUTHENTICATED: 401,
    ErrorCode.NOT_FOUND: 404,
    ErrorCode.CONFLICT: 409,
    ErrorCode.UPLOAD_UNKNOWN: 410,
    ErrorCode.FILE_TOO_LARGE: 413,
    ErrorCode.FILE_TYPE_NOT_ALLOWED: 415,
    ErrorCode.FILE_DISGUISED: 415,
    ErrorCode.FILE_INFECTED: 422,
    ErrorCode.FILE_LOCKED: 422,
    ErrorCode.FILE_NOT_PLAIN: 422,
    ErrorCode.RATE_LIMITED: 429,
    ErrorCode.INTEGRITY: 500,
    ErrorCode.OVERLOADED: 503,
    ErrorCode.INTERNAL: 500,
    ErrorCode.DEADLINE_EXCEEDED: 408,
}
"""The HTTP status of a refusal; 400 where it is not here."""


class _InMemory(MultiPartParser):
    """Keeps files in memory: their size is bounded, and nothing of them may be on a disk unencrypted."""

    spool_max_size = 64 * 1024 * 1024


@asynccontextmanager
async def parsed_multipart(headers: Headers, body: bytes, *, files: int, fields: int) -> AsyncIterator[FormData]:
    """The parts of a body, of which so many may be files and fields. Raises Problems BAD_INPUT."""

    async def stream() -> AsyncGenerator[bytes, None]:
        yield body

    try:
        form = await _InMemory(headers, stream(), max_files=files, max_fields=fields).parse()
    except (MultiPartException, KeyError, ValueError):
        raise Problems(Problem(ErrorCode.BAD_INPUT, ("file",))) from None
    try:
        yield form
    finally:
        await form.close()


def claimed_type(media_type: str) -> str | None:
    """The media type that a sender named for a file, by its header; None where it says nothing about it."""
    media_type = media_type.partition(";")[0].strip().lower()
    return None if media_type in _UNSAID else media_type


async def subject_of(env: Environment, request: Request, origins: Collection[str]) -> Subject:
    """Who sends: the holder of the token, or of the session cookie where a page of ours sends it (ADR 0020).

    Raises Problems(SOURCE_UNAVAILABLE) for who may only look.
    """
    token = token_of(request, origins)
    if token is None and is_own_page(request, origins):
        token = request.cookies.get(SESSION_COOKIE)
    subject = ANONYMOUS if token is None else await subject_for_token(env, token)
    subject.require_may_change()
    return subject


async def read_body(request: Request, bound: int, *, most: int | None = None) -> bytes:
    """The body, of `bound` bytes at most, of which `most` are the file. Raises FILE_TOO_LARGE, TimeoutError."""
    content = bytearray()
    async with asyncio.timeout(BODY_SECONDS):
        async for chunk in request.stream():
            content += chunk
            if len(content) > bound:
                raise too_large(most or bound)
    return bytes(content)


def language_of(request: Request) -> Language:
    """The asked language."""
    return language_from_header(request.headers.get("accept-language"))


def file_json(env: Environment, kept: UploadedFile, *, sent_sha256: str | None) -> dict[str, Any]:
    """A kept file as JSON, with a link to read it.

    `sentSha256` is the hash of what was sent, by which the sender knows that it came whole: of a picture another one is
    kept. Null for a file of which an older release took the last piece.
    """
    link = signed_link(env, kept)
    return {
        "reference": kept.reference,
        "sha256": kept.sha256,
        "sentSha256": sent_sha256,
        "mediaType": kept.media_type.value,
        "bytes": kept.size,
        "createdAt": kept.created_at.astimezone(IST).isoformat(timespec="milliseconds"),
        "url": link.url,
        "urlExpiresAt": link.expires_at.astimezone(IST).isoformat(timespec="milliseconds"),
    }


def json_response(env: Environment, request: Request, body: Mapping[str, Any], status: int) -> Response:
    """An answer in JSON."""
    request_id = request_id_of(request) or env.ids.key()
    return json_answer(body, status, request_id=request_id, language=language_of(request))


def refusal_response(
    env: Environment, request: Request, error: BaseException, *, sentence: str | None = None
) -> Response:
    """The answer to what cannot be done, in the asked language; its `detail` names what of the request is wrong.

    `sentence` is the key of a text that says it better than that of the code.
    """
    if isinstance(error, ClientDisconnect):
        error = Problems(Problem(ErrorCode.BAD_INPUT, ("file",)))
    problem = problem_of(error)
    if isinstance(error, Problems) and problem.detail is None:
        problem = replace(problem, detail=".".join(error.problems[0].path) or None)
    if sentence is not None:
        problem = replace(problem, sentence=sentence)
    request_id = request_id_of(request) or env.ids.key()
    response = problem_response(
        problem, STATUSES.get(problem.code, 400), request_id=request_id, language=language_of(request)
    )
    if isinstance(error, NotSignedIn):
        response.headers["WWW-Authenticate"] = "Bearer"
    return response
