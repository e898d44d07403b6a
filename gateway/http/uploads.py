"""`POST /uploads` takes a file of somebody who is signed in; `GET /files/<sha256>` gives one by a signed link.

The body is the file itself, or `multipart/form-data` with one file. Neither the file's name nor anything of its
content is kept or logged.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Collection
from typing import Any

import structlog
from starlette.datastructures import Headers, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from actions.environment import Environment
from actions.file_links import OpenedFile, opened, signed_link
from actions.sessions import subject_for_token
from actions.uploads import refuse_strangers, take_in, too_large
from domain.clock import IST
from domain.errors import ErrorCode, NotSignedIn, Problem, Problems
from domain.files import ENDINGS, UploadedFile
from domain.people import ANONYMOUS, Subject
from domain.text import Language, language_from_header
from gateway.http.answers import fault_body, json_answer, retry_headers
from gateway.http.headers import EVERY_ANSWER, SESSION_COOKIE, media_type_of, request_id_of, token_of
from schema.errors import OURS, fault_of
from store.errors import StoreError

BODY_SECONDS = 120.0
"""How long a caller may take to send a file: 2 MB at 140 kbit/s."""

_MULTIPART = "multipart/form-data"
_UNSAID = frozenset({"", "application/octet-stream", "application/x-www-form-urlencoded"})
"""Content types by which a client says nothing about the file; the last one is what curl sends by itself."""

_ENVELOPE = 8192
"""What boundaries and headers of a multipart body may take beside the file."""

_LINK_HEADERS = {
    **EVERY_ANSWER,
    "Cache-Control": "private, no-store",
    "Content-Security-Policy": "default-src 'none'; sandbox; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-site",
}
_STATUSES = {
    ErrorCode.UNAUTHENTICATED: 401,
    ErrorCode.NOT_FOUND: 404,
    ErrorCode.FILE_TOO_LARGE: 413,
    ErrorCode.FILE_TYPE_NOT_ALLOWED: 415,
    ErrorCode.FILE_DISGUISED: 415,
    ErrorCode.RATE_LIMITED: 429,
    ErrorCode.INTEGRITY: 500,
    ErrorCode.OVERLOADED: 503,
    ErrorCode.INTERNAL: 500,
    ErrorCode.DEADLINE_EXCEEDED: 408,
}
_log = structlog.get_logger(__name__)


class _OneFile(MultiPartParser):
    """Keeps the file in memory: its size is bounded, and nothing of it may lie on a disk unencrypted."""

    spool_max_size = 64 * 1024 * 1024


def upload_routes(environment: Environment, *, origins: Collection[str]) -> list[Route]:
    """Both doors. `origins` are those whose pages may use the session cookie."""

    async def upload(request: Request) -> Response:
        language = language_from_header(request.headers.get("accept-language"))
        try:
            subject = await _subject(environment, request, origins)
            refuse_strangers(subject)
            content, claimed = await _file(request, environment.files.largest_bytes)
            kept = await take_in(environment, subject, content, claimed)
        except (*OURS, ClientDisconnect) as error:
            return _refused(environment, request, language, error)
        _log.info("upload", media_type=kept.media_type.value, bytes=kept.size)
        return _answer(environment, request, language, _shown(environment, kept), 201)

    async def read(request: Request) -> Response:
        given = request.query_params
        try:
            found = await opened(
                environment,
                request.path_params["sha256"],
                upload_id=given.get("upload", ""),
                until=given.get("until", ""),
                signature=given.get("signature", ""),
            )
        except StoreError as error:
            language = language_from_header(request.headers.get("accept-language"))
            return _refused(environment, request, language, error)
        return _content(found) if found else Response("not found", 404, _LINK_HEADERS, media_type="text/plain")

    return [
        Route("/uploads", upload, methods=["POST"]),
        Route("/files/{sha256}", read, methods=["GET"]),
    ]


async def _subject(env: Environment, request: Request, origins: Collection[str]) -> Subject:
    token = token_of(request, origins)
    if token is None and _from_our_page(request, origins):
        token = request.cookies.get(SESSION_COOKIE)
    return ANONYMOUS if token is None else await subject_for_token(env, token)


def _from_our_page(request: Request, origins: Collection[str]) -> bool:
    """A form of another site can send a file too, so the browser must vouch for the page (DECISIONS.md, The graph)."""
    site = request.headers.get("sec-fetch-site")
    return site == "same-origin" if site is not None else request.headers.get("origin") in origins


async def _file(request: Request, most: int) -> tuple[bytes, str | None]:
    """The file of a request and the media type that the sender named for it.

    Raises Problems FILE_TOO_LARGE and BAD_INPUT, TimeoutError.
    """
    in_envelope = media_type_of(request) == _MULTIPART
    bound = most + _ENVELOPE if in_envelope else most
    length = request.headers.get("content-length", "")
    if length.isascii() and length.isdigit() and (len(length) > 12 or int(length) > bound):
        raise too_large(most)
    async with asyncio.timeout(BODY_SECONDS):
        content = b"".join([chunk async for chunk in _bounded(request, bound, most)])
    if in_envelope:
        return await _part(request.headers, content, most)
    return content, _claim(media_type_of(request))


async def _bounded(request: Request, bound: int, most: int) -> AsyncIterator[bytes]:
    seen = 0
    async for chunk in request.stream():
        seen += len(chunk)
        if seen > bound:
            raise too_large(most)
        yield chunk


async def _part(headers: Headers, body: bytes, most: int) -> tuple[bytes, str | None]:
    async def stream() -> AsyncGenerator[bytes, None]:
        yield body

    try:
        form = await _OneFile(headers, stream(), max_files=1, max_fields=0).parse()
    except (MultiPartException, KeyError, ValueError):
        raise Problems(Problem(ErrorCode.BAD_INPUT, ("file",))) from None
    parts = [part for _, part in form.multi_items() if isinstance(part, UploadFile)]
    if len(parts) != 1:
        raise Problems(Problem(ErrorCode.BAD_INPUT, ("file",)))
    try:
        content = await parts[0].read(most + 1)
    finally:
        await form.close()
    return content, _claim((parts[0].content_type or "").partition(";")[0].strip().lower())


def _claim(media_type: str) -> str | None:
    return None if media_type in _UNSAID else media_type


def _shown(env: Environment, kept: UploadedFile) -> dict[str, Any]:
    link = signed_link(env, kept)
    return {
        "reference": kept.reference,
        "sha256": kept.sha256,
        "mediaType": kept.media_type.value,
        "bytes": kept.size,
        "createdAt": kept.created_at.astimezone(IST).isoformat(timespec="milliseconds"),
        "url": link.url,
        "urlExpiresAt": link.expires_at.astimezone(IST).isoformat(timespec="milliseconds"),
    }


def _content(found: OpenedFile) -> Response:
    name = f"{found.upload.sha256[:16]}.{ENDINGS[found.upload.media_type]}"
    headers = {**_LINK_HEADERS, "Content-Disposition": f'inline; filename="{name}"'}
    return Response(found.content, 200, headers, media_type=found.upload.media_type.value)


def _answer(env: Environment, request: Request, language: Language, body: dict[str, Any], status: int) -> Response:
    return json_answer(body, status, request_id=request_id_of(request) or env.ids.key(), language=language)


def _refused(env: Environment, request: Request, language: Language, error: BaseException) -> Response:
    if isinstance(error, ClientDisconnect):
        error = Problems(Problem(ErrorCode.BAD_INPUT, ("file",)))
    fault = fault_of(error)
    request_id = request_id_of(request) or env.ids.key()
    body = fault_body(fault, request_id=request_id, language=language)
    response = json_answer(body, _STATUSES.get(fault.code, 400), request_id=request_id, language=language)
    response.headers.update(retry_headers(fault))
    if isinstance(error, NotSignedIn):
        response.headers["WWW-Authenticate"] = "Bearer"
    return response
