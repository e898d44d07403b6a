"""Resumable uploads by the tus protocol 1.0.0.

Extensions: creation, creation-with-upload, checksum (sha256), expiration, termination. `Upload-Metadata` may name
`filetype`, `document` (the key of the paper) and `sha256` (of the whole, in hexadecimal); a file's name is not read.
After the last piece `GET /uploads/<id>` returns what `POST /uploads` does for a whole file. What came of a piece before
the link dropped is kept, unless the piece has a checksum; HEAD and PATCH end a request whose link died unnoticed.
"""

import asyncio
import base64
import binascii
import hashlib
from collections.abc import Collection
from datetime import timedelta
from email.utils import format_datetime

import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from actions.kernel import Environment
from actions.uploads.partial_uploads import (
    LARGEST_PIECE,
    Announced,
    add_piece,
    begin_upload,
    drop_partial,
    finish_upload,
    own_partial,
)
from actions.uploads.uploads import too_large
from domain.kernel import ErrorCode, Problem, Problems, Subject, require_found
from domain.kernel.secret_comparison import is_same_secret
from domain.uploads.files import PartialUpload
from gateway.http.headers import EVERY_ANSWER, media_type_of
from gateway.http.upload_bodies import Body, Holders, TakenOver
from gateway.http.upload_requests import BODY_SECONDS, FAULTS, file_json, json_response, refusal_response, subject_of

VERSION = "1.0.0"
EXTENSIONS = "creation,creation-with-upload,checksum,expiration,termination"
PIECE = "application/offset+octet-stream"

_CHECKSUM_WRONG = 460
_LONGEST_METADATA = 4096
_log = structlog.get_logger(__name__)


class _EarlyAnswer(Exception):
    """The protocol's own refusals, which have a status and no body."""

    def __init__(self, status: int) -> None:
        super().__init__(str(status))
        self.status = status


def speaks_tus(request: Request) -> bool:
    """Whether the sender of a POST means the protocol, and not a whole file."""
    return "tus-resumable" in request.headers


class Resumable:
    """The routes of the protocol."""

    def __init__(self, env: Environment, origins: Collection[str]) -> None:
        self._env = env
        self._origins = origins
        self._holders = Holders()

    def routes(self) -> list[Route]:
        """Every route but POST at `/uploads`, which whole files share."""
        return [
            Route("/uploads", self.options, methods=["OPTIONS"]),
            Route("/uploads/{partial}", self.options, methods=["OPTIONS"]),
            Route("/uploads/{partial}", self.handle_partial, methods=["HEAD", "GET", "PATCH", "DELETE", "POST"]),
        ]

    async def options(self, request: Request) -> Response:
        """What this server can do."""
        del request
        told = {
            "Tus-Version": VERSION,
            "Tus-Extension": EXTENSIONS,
            "Tus-Max-Size": str(self._env.rules.files.largest_bytes),
            "Tus-Checksum-Algorithm": "sha256",
        }
        return self._answer(204, told)

    async def begin(self, request: Request) -> Response:
        """Note a file that is to come, and take its first piece where the body has one."""
        try:
            _refuse_other_version(request)
            subject = await subject_of(self._env, request, self._origins)
            partial = await begin_upload(self._env, subject, _parse_announcement(request))
            if media_type_of(request) == PIECE:
                partial = await self._take(request, subject, partial)
        except _EarlyAnswer as told:
            return self._answer(told.status, {"Tus-Version": VERSION})
        except FAULTS as error:
            return self._refusal_response(request, error)
        place = f"{self._env.public_url}/uploads/{partial.id}"
        return self._answer(201, {"Location": place, "Upload-Offset": str(partial.received), **self._expires(partial)})

    async def handle_partial(self, request: Request) -> Response:
        """A request about one file on its way."""
        method = request.headers.get("x-http-method-override", request.method).upper()
        try:
            if method != "GET":
                _refuse_other_version(request)
            subject = await subject_of(self._env, request, self._origins)
            partial = require_found(await own_partial(self._env, subject, request.path_params["partial"]), "file")
            return await self._dispatch_method(method, request, subject, partial)
        except _EarlyAnswer as told:
            return self._answer(told.status, {"Tus-Version": VERSION})
        except FAULTS as error:
            return self._refusal_response(request, error)

    async def _dispatch_method(
        self, method: str, request: Request, subject: Subject, partial: PartialUpload
    ) -> Response:
        match method:
            case "HEAD":
                partial = await self._as_written(subject, partial)
                length = {"Upload-Length": str(partial.length)}
                offset = {"Upload-Offset": str(partial.received)}
                return self._answer(200, length | offset | self._expires(partial))
            case "PATCH":
                partial = await self._append_piece(request, subject, partial)
                return self._answer(204, {"Upload-Offset": str(partial.received), **self._expires(partial)})
            case "DELETE":
                await self._holders.end(partial.id)
                await drop_partial(self._env, partial)
                return self._answer(204, {})
            case "GET":
                return await self._progress_response(request, subject, partial)
            case _:
                raise _EarlyAnswer(405)

    async def _progress_response(self, request: Request, subject: Subject, partial: PartialUpload) -> Response:
        """What a whole file became, or how far one has come."""
        if not partial.is_whole:
            state = {"offset": partial.received, "length": partial.length}
            return self._with_tus(json_response(self._env, request, state, 202))
        kept = await finish_upload(self._env, subject, partial)
        finished = await own_partial(self._env, subject, partial.id)
        told = file_json(self._env, kept, sent_sha256=finished.expected if finished else None)
        return self._with_tus(json_response(self._env, request, told, 200))

    async def _as_written(self, subject: Subject, partial: PartialUpload) -> PartialUpload:
        """How far a file has come, once nobody is writing it in this process."""
        await self._holders.end(partial.id)
        return require_found(await own_partial(self._env, subject, partial.id), "file")

    async def _append_piece(self, request: Request, subject: Subject, partial: PartialUpload) -> PartialUpload:
        if media_type_of(request) != PIECE:
            raise _EarlyAnswer(415)
        offset = request.headers.get("upload-offset", "")
        if not (offset.isascii() and offset.isdigit() and len(offset) <= 12):
            raise Problems(Problem(ErrorCode.BAD_INPUT, ("Upload-Offset",)))
        partial = await self._as_written(subject, partial)
        if int(offset) != partial.received:
            raise _EarlyAnswer(409)
        return await self._take(request, subject, partial)

    async def _take(self, request: Request, subject: Subject, partial: PartialUpload) -> PartialUpload:
        """Add the body of a request; the last piece makes the file whole, and it is checked and kept.

        A request that was taken over is told 409 as the one whose offset is old.
        """
        named = request.headers.get("upload-checksum")
        try:
            async with self._holders.hold(partial.id, request) as body:
                added = self._add(body, partial) if named is None else self._add_checked(body, partial, named)
                partial = await added
        except TakenOver:
            raise _EarlyAnswer(409) from None
        if partial.is_whole:
            kept = await finish_upload(self._env, subject, partial)
            _log.info("upload", media_type=kept.media_type.value, bytes=kept.size)
        return partial

    async def _add(self, body: Body, partial: PartialUpload) -> PartialUpload:
        """Write what comes in small pieces, also what came before a link dropped, fell silent or was taken over."""
        waiting = bytearray()
        try:
            async with asyncio.timeout(BODY_SECONDS):
                while (chunk := await body.read()) is not None:
                    waiting += chunk
                    _refuse_beyond(partial, len(waiting))
                    if len(waiting) >= LARGEST_PIECE or (waiting and not chunk):
                        partial = await add_piece(self._env, partial, bytes(waiting))
                        waiting.clear()
        except (ClientDisconnect, TakenOver, TimeoutError):
            if waiting:
                await add_piece(self._env, partial, bytes(waiting))
            raise
        return await add_piece(self._env, partial, bytes(waiting)) if waiting else partial

    async def _add_checked(self, body: Body, partial: PartialUpload, named: str) -> PartialUpload:
        """Write a piece whole, once it is what its checksum says; else nothing of it."""
        algorithm, _, value = named.partition(" ")
        if algorithm != "sha256":
            raise _EarlyAnswer(400)
        content = bytearray()
        async with asyncio.timeout(BODY_SECONDS):
            while (chunk := await body.read()) is not None:
                content += chunk
                _refuse_beyond(partial, len(content))
        digest = base64.b64encode(hashlib.sha256(content).digest()).decode()
        if not is_same_secret(value.strip(), digest):
            raise _EarlyAnswer(_CHECKSUM_WRONG)
        return await add_piece(self._env, partial, bytes(content)) if content else partial

    def _expires(self, partial: PartialUpload) -> dict[str, str]:
        ends = partial.touched_at + timedelta(hours=self._env.rules.files.partial_hours)
        return {"Upload-Expires": format_datetime(ends, usegmt=True)}

    def _answer(self, status: int, headers: dict[str, str]) -> Response:
        return Response(status_code=status, headers={**EVERY_ANSWER, "Tus-Resumable": VERSION, **headers})

    def _refusal_response(self, request: Request, error: BaseException) -> Response:
        return self._with_tus(refusal_response(self._env, request, error))

    def _with_tus(self, response: Response) -> Response:
        response.headers["Tus-Resumable"] = VERSION
        return response


def _refuse_other_version(request: Request) -> None:
    if request.headers.get("tus-resumable") != VERSION:
        raise _EarlyAnswer(412)


def _refuse_beyond(partial: PartialUpload, waiting: int) -> None:
    if partial.received + waiting > partial.length:
        raise too_large(partial.length)


def _parse_announcement(request: Request) -> Announced:
    """What the headers say of a file; raises BAD_INPUT."""
    length = request.headers.get("upload-length", "")
    if not (length.isascii() and length.isdigit() and len(length) <= 12):
        raise Problems(Problem(ErrorCode.BAD_INPUT, ("Upload-Length",)))
    said = _metadata(request.headers.get("upload-metadata", ""))
    return Announced(int(length), said.get("filetype"), said.get("document"), said.get("sha256"))


def _metadata(header: str) -> dict[str, str]:
    """Names with values in base64, between commas; only the names that are known are read."""
    wrong = Problems(Problem(ErrorCode.BAD_INPUT, ("Upload-Metadata",)))
    if len(header) > _LONGEST_METADATA:
        raise wrong
    said = {}
    for pair in filter(None, map(str.strip, header.split(","))):
        name, _, value = pair.partition(" ")
        if name not in ("filetype", "document", "sha256"):
            continue
        try:
            text = base64.b64decode(value.strip(), validate=True).decode("ascii")
        except (binascii.Error, UnicodeDecodeError):
            raise wrong from None
        if text:
            said[name] = text.lower()
    return said
