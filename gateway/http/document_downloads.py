"""`GET /documents/<sealed address>`: streams one of a citizen's documents from its source.

The address is made by the graph (`HeldDocument.download`). The length is sent where the source gives it, so that who
reads sees at once when a body ends too soon: the last piece goes out only after the whole was checked.
"""

import asyncio
from collections.abc import AsyncIterator

import structlog
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from actions.documents.document_links import EndedCopy, OpenedDocument, open_document
from actions.kernel import Environment
from domain.kernel import ErrorCode, ist_date, language_from_header
from gateway.documents.cover import cover_data
from gateway.graphql.answers import problem_response
from gateway.http.headers import EVERY_ANSWER, request_id_of
from gateway.pages.downloads.review_pdf import laid_out
from gateway.pages.refusals import link_over, refusal_page
from integrations.calling.errors import RemoteError
from integrations.calling.streams import WHOLE_SECONDS
from schema.kernel.errors import OURS, problem_of

HEADERS = {
    **EVERY_ANSWER,
    "Cache-Control": "private, no-store",
    "Content-Security-Policy": "default-src 'none'; sandbox; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-site",
    "Referrer-Policy": "no-referrer",
}
_ENDINGS = {"application/pdf": "pdf", "application/xml": "xml", "text/xml": "xml", "application/json": "json"}
_PICTURES = {"image/jpeg": "jpg", "image/jpg": "jpg", "image/png": "png"}
_STATUSES = {
    ErrorCode.UNAUTHENTICATED: 401,
    ErrorCode.CONSENT_REQUIRED: 403,
    ErrorCode.NOT_FOUND: 404,
    ErrorCode.DOCUMENT_UNKNOWN: 404,
    ErrorCode.CERTIFICATE_ENDED: 410,
    ErrorCode.SOURCE_REFUSED: 404,
    ErrorCode.SOURCE_GARBLED: 502,
    ErrorCode.INTEGRITY: 502,
    ErrorCode.SOURCE_UNAVAILABLE: 503,
    ErrorCode.SWITCHED_OFF: 503,
    ErrorCode.OVERLOADED: 503,
    ErrorCode.DEADLINE_EXCEEDED: 504,
    ErrorCode.INTERNAL: 500,
}
_log = structlog.get_logger(__name__)


class StreamInterrupted(Exception):
    """The body ended before its last piece; the connection is closed without it."""


def document_routes(environment: Environment) -> list[Route]:
    """The route."""
    turn = asyncio.Semaphore(1)

    async def read(request: Request) -> Response:
        if request.method != "GET":  # a look at the head would ask the source for the whole
            return Response(status_code=405, headers={**HEADERS, "Allow": "GET"})
        try:
            found = await open_document(environment, request.path_params["address"])
        except OURS as error:
            problem = problem_of(error)
            language = language_from_header(request.headers.get("accept-language"))
            request_id, status = request_id_of(request) or environment.ids.key(), _STATUSES.get(problem.code, 400)
            page = refusal_page(request, problem, status)
            return page or problem_response(problem, status, request_id=request_id, language=language)
        if found is None:
            return link_over(request, HEADERS)
        if found.ended is not None:
            async with turn:
                return await _copy_under_cover(environment, found, found.ended)
        return _DocumentResponse(found)

    return [Route("/documents/{address}", read, methods=["GET"])]


async def _copy_under_cover(env: Environment, document: OpenedDocument, ended: EndedCopy) -> Response:
    """The document under a cover that says that it holds no longer, laid out by a process of its own."""
    content = b"".join([piece async for piece in document.pieces])
    verify_url = f"{env.public_url}/verify/{ended.certificate.number}"
    data = cover_data(ended, content, verify_url=verify_url, today=ist_date(env.clock.now()))
    headers = {**HEADERS, "Content-Disposition": f'inline; filename="{document.name}-ended.pdf"'}
    return Response(await laid_out(data), 200, headers, document.media_type)


class _DocumentResponse(StreamingResponse):
    """The pieces as they come, within the time that one body may take; whatever happens, the source is let go of."""

    def __init__(self, document: OpenedDocument) -> None:
        ending = {**_ENDINGS, **_PICTURES}.get(document.media_type, "bin")
        headers = {**HEADERS, "Content-Disposition": f'inline; filename="{document.name}.{ending}"'}
        if document.length is not None:
            headers["Content-Length"] = str(document.length)
        super().__init__(_stream_pieces(document), 200, headers, media_type=document.media_type)
        self._document = document

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it; raises StreamInterrupted where it could not be sent whole, so that the connection is closed."""
        try:
            async with asyncio.timeout(WHOLE_SECONDS):
                await super().__call__(scope, receive, send)
        except TimeoutError as error:
            raise StreamInterrupted("too slow") from error
        finally:
            await self._document.close()


async def _stream_pieces(document: OpenedDocument) -> AsyncIterator[bytes]:
    try:
        async for piece in document.pieces:
            yield piece
    except RemoteError as error:
        _log.warning("document_cut_short", source=error.source.value, code=error.code)
        raise StreamInterrupted(error.code) from None
