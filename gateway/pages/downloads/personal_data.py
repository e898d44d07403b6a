"""`/my/data.json` gives a citizen everything that is kept of her, part by part, as one document in JSON."""

from collections.abc import AsyncIterator
from functools import partial

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from actions.kernel import Environment
from actions.privacy.personal_data import export_rows, parts
from domain.kernel import ErrorCode, PersonKind, Problem, Subject
from gateway.graphql.answers import encode_json
from gateway.http.session_auth import reader_of
from gateway.pages.downloads.spreadsheets import download_headers
from gateway.pages.refusals import problem_page
from gateway.pages.rendering import language_of, pages_of


def personal_data_routes(environment: Environment) -> list[Route]:
    """The download."""
    return [Route("/my/data.json", partial(_give, environment), methods=["GET"])]


async def _give(env: Environment, request: Request) -> Response:
    subject = await reader_of(env, request)
    if subject.kind is not PersonKind.CITIZEN:
        return problem_page(pages_of(request), request, Problem(ErrorCode.UNAUTHENTICATED), 401)
    headers = download_headers("my-data.json", language_of(request))
    return StreamingResponse(_document(env, subject), headers=headers, media_type="application/json")


async def _document(env: Environment, subject: Subject) -> AsyncIterator[bytes]:
    """Each part with its rows; an audit line for each says that it was handed out."""
    for place, part in enumerate(parts()):
        rows = await export_rows(env, subject, subject.person_id or "", part)
        yield b"%s%s:%s" % (b"," if place else b"{", encode_json(part), encode_json(rows))
    yield b"}"
