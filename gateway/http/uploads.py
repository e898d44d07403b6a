"""`POST /uploads` accepts a file from a signed-in person; `GET /files/<sha256>` serves one by a signed link.

The body is the file itself, or `multipart/form-data` with one file; gateway/http/resumable_uploads.py takes files in
pieces. `?document=` names the paper that the file is to be, `Content-Digest` the SHA-256 of the body. Neither the
file's name nor anything of its content is kept or logged.
"""

import asyncio
import base64
import binascii
import re
from collections.abc import Collection

import structlog
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from actions.documents.file_links import OpenedFile, open_file
from actions.kernel import Environment
from actions.uploads.uploads import refuse_strangers, sha256_of, take_in, too_large
from domain.kernel import ErrorCode, Problem, Problems
from domain.uploads.files import ENDINGS
from gateway.http.headers import EVERY_ANSWER, media_type_of
from gateway.http.resumable_uploads import Resumable, speaks_tus
from gateway.http.upload_requests import (
    FAULTS,
    MULTIPART,
    claimed_type,
    file_json,
    json_response,
    parsed_multipart,
    read_body,
    refusal_response,
    subject_of,
)
from gateway.pages.refusals import link_over
from store.database import StoreError

_SHA_256 = re.compile(r"(?:^|[,\s])sha-256=:([A-Za-z0-9+/=]+):")
_KEY = re.compile(r"[a-z0-9][a-z0-9-]{0,99}", re.ASCII)

_ENVELOPE = 8192
"""What boundaries and headers of a multipart body may take besides the file."""

_LINK_HEADERS = {
    **EVERY_ANSWER,
    "Cache-Control": "private, no-store",
    "Content-Security-Policy": "default-src 'none'; sandbox; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-site",
}
_log = structlog.get_logger(__name__)


def upload_routes(environment: Environment, *, origins: Collection[str]) -> list[Route]:
    """Both routes. `origins` are those whose pages may use the session cookie."""

    async def upload(request: Request) -> Response:
        try:
            subject = await subject_of(environment, request, origins)
            refuse_strangers(subject)
            document_key, expected = _document_key(request), _digest(request)
            content, claimed = await _file(request, environment.rules.files.largest_of(document_key))
            kept = await take_in(environment, subject, content, claimed, document_key=document_key, expected=expected)
            sent = await asyncio.to_thread(sha256_of, content)
        except FAULTS as error:
            return refusal_response(environment, request, error)
        _log.info("upload", media_type=kept.media_type.value, bytes=kept.size)
        return json_response(environment, request, file_json(environment, kept, sent_sha256=sent), 201)

    async def read(request: Request) -> Response:
        given = request.query_params
        try:
            found = await open_file(
                environment,
                request.path_params["sha256"],
                upload_id=given.get("upload", ""),
                until=given.get("until", ""),
                signature=given.get("signature", ""),
            )
        except StoreError as error:
            return refusal_response(environment, request, error)
        return _content(found) if found else link_over(request, _LINK_HEADERS)

    resumable = Resumable(environment, origins)

    async def upload_or_begin(request: Request) -> Response:
        return await (resumable.begin(request) if speaks_tus(request) else upload(request))

    return [
        Route("/uploads", upload_or_begin, methods=["POST"]),
        *resumable.routes(),
        Route("/files/{sha256}", read, methods=["GET"]),
    ]


def _document_key(request: Request) -> str | None:
    """Which paper the file is to be, by `?document=`; raises BAD_INPUT for what is no key of a paper."""
    key = request.query_params.get("document")
    if key is not None and not _KEY.fullmatch(key):
        raise Problems(Problem(ErrorCode.BAD_INPUT, ("document",)))
    return key


def _digest(request: Request) -> str | None:
    """The SHA-256 of the body in hexadecimal where the sender named it: `Content-Digest: sha-256=:...:` (RFC 9530)."""
    named = _SHA_256.search(request.headers.get("content-digest", ""))
    if named is None:
        return None
    try:
        return base64.b64decode(named[1], validate=True).hex()
    except binascii.Error:
        raise Problems(Problem(ErrorCode.BAD_INPUT, ("file", "sha256"))) from None


async def _file(request: Request, most: int) -> tuple[bytes, str | None]:
    """The file of a request and the media type that the sender named for it.

    Raises Problems FILE_TOO_LARGE and BAD_INPUT, TimeoutError.
    """
    in_envelope = media_type_of(request) == MULTIPART
    bound = most + _ENVELOPE if in_envelope else most
    length = request.headers.get("content-length", "")
    if length.isascii() and length.isdigit() and (len(length) > 12 or int(length) > bound):
        raise too_large(most)
    content = await read_body(request, bound, most=most)
    if in_envelope:
        async with parsed_multipart(request.headers, content, files=1, fields=0) as form:
            parts = [part for _, part in form.multi_items() if isinstance(part, UploadFile)]
            if len(parts) != 1:
                raise Problems(Problem(ErrorCode.BAD_INPUT, ("file",)))
            return await parts[0].read(most + 1), claimed_type(parts[0].content_type or "")
    return content, claimed_type(media_type_of(request))


def _content(found: OpenedFile) -> Response:
    name = f"{found.upload.sha256[:16]}.{ENDINGS[found.upload.media_type]}"
    headers = {**_LINK_HEADERS, "Content-Disposition": f'inline; filename="{name}"'}
    return Response(found.content, 200, headers, media_type=found.upload.media_type.value)
